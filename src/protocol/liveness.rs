//! Whether the grant that a token came from is still alive, asked in its person's object.

use super::directory::Found;
use super::error::ServerError;
use super::issue::GrantRef;
use super::objects::subject::{Command, Grant, GrantState, Reply};
use super::ports::Platform;
use super::server::Server;
use super::time::Timestamp;

impl<P: Platform> Server<P> {
    /// The grant, if tokens of it count now: neither it nor what it came from is revoked or expired, its person and its clients
    /// are enabled.
    pub(crate) async fn live_grant(
        &self,
        grant: &GrantRef,
        now: Timestamp,
    ) -> Result<Option<Box<GrantState>>, ServerError> {
        match self.subject(grant.owner, &Command::Grant { id: grant.grant }, now).await? {
            Reply::Grant(state) if state.live && self.clients_are_enabled(&state.grant, now).await? => {
                Ok(Some(state))
            }
            _ => Ok(None),
        }
    }

    /// Whether the grant's client, and those it was exchanged from, are there and switched on.
    pub(crate) async fn clients_are_enabled(
        &self,
        grant: &Grant,
        now: Timestamp,
    ) -> Result<bool, ServerError> {
        let earlier = grant.derived.iter().flat_map(|derived| &derived.clients);
        for client_id in earlier.chain([&grant.client_id]) {
            match self.client(client_id, now).await? {
                Found::Client(client) if client.is_enabled() => {}
                Found::Client(_) | Found::None(_) => return Ok(false),
            }
        }
        Ok(true)
    }
}
