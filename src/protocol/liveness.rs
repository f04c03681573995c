//! Whether the grant that a token came from is still alive, asked in its person's object.

use super::error::ServerError;
use super::issue::GrantRef;
use super::objects::subject::{Command, GrantState, Reply};
use super::ports::Platform;
use super::server::Server;
use super::time::Timestamp;

impl<P: Platform> Server<P> {
    /// The grant, if tokens of it count now: neither it nor what it came from is revoked or expired, and its person is enabled.
    pub(crate) async fn live_grant(
        &self,
        grant: &GrantRef,
        now: Timestamp,
    ) -> Result<Option<Box<GrantState>>, ServerError> {
        match self.subject(grant.owner, &Command::Grant { id: grant.grant }, now).await? {
            Reply::Grant(state) if state.live => Ok(Some(state)),
            _ => Ok(None),
        }
    }
}
