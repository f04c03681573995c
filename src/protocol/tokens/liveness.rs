//! Whether a token that is shown still counts: its client exists, is enabled and is the same one as then, and its grant is alive.
//! Verifying signature and times comes before (`tokens::verify`). Introspection, `/userinfo`, token exchange and the admin API
//! call it.

use std::rc::Rc;

use futures_util::future::FutureExt as _;

use super::grant_ref::GrantRef;
use super::verify::VerifiedAccessToken;
use crate::protocol::config::registered_client::Client;
use crate::protocol::http::error::{Cause, ServerError};
use crate::protocol::model::incarnation::{Incarnation, Standing};
use crate::protocol::model::time::Timestamp;
use crate::protocol::objects::subject::{
    Derivation, Grant, GrantState, Overview, SubjectCommand, SubjectReply,
};
use crate::protocol::server::Server;
use crate::protocol::server::budget::Question;
use crate::protocol::server::lookup::Found;
use crate::protocol::server::ports::Platform;

impl<P: Platform> Server<P> {
    /// The client's incarnation as it was at most 60 s ago.
    pub(crate) async fn incarnation(
        &self,
        client: &Client,
        now: Timestamp,
    ) -> Result<Incarnation, ServerError> {
        let all = self.snapshot(now).await?.clients_epoch;
        Ok(Incarnation::new(client.epoch, all).with_keys(client.has_documented_keys()))
    }

    /// Whether a value that carries `carried` was given to the present incarnation of the client. If it was given to a later one
    /// than is known here, that is looked up within a budget: it may be a moment old.
    pub(crate) async fn is_current(
        &self,
        client: &Client,
        carried: Incarnation,
        now: Timestamp,
    ) -> Result<bool, ServerError> {
        // Where no document was read it isn't known how the client authenticates. That matters where it does, and not here.
        let standing = |known: Incarnation| carried.standing(known.with_keys_of(carried));
        match standing(self.incarnation(client, now).await?) {
            Standing::Current => Ok(true),
            Standing::Ended => Ok(false),
            Standing::Ahead => {
                let newer = self.catch_up(&client.client_id, now).boxed_local().await?;
                Ok(newer.is_some_and(|(_, known)| standing(known) == Standing::Current))
            }
        }
    }

    /// The client as the Control object knows it now.
    async fn catch_up(
        &self,
        client_id: &str,
        now: Timestamp,
    ) -> Result<Option<(Rc<Client>, Incarnation)>, ServerError> {
        let Found::Client(client) = self.reread_standing(client_id, now).await? else { return Ok(None) };
        let question = Question { sender: None, subject: Some(client_id) };
        self.reread_snapshot(question, now).await?;
        let known = self.incarnation(&client, now).await?;
        Ok(Some((client, known)))
    }

    /// The client that an access token of this server was issued to, if it still exists, is enabled, and is the same one as then.
    pub(crate) async fn issued_to(
        &self,
        token: &VerifiedAccessToken,
        now: Timestamp,
    ) -> Result<Result<Rc<Client>, Cause>, ServerError> {
        self.same_client(&token.client_id, (&token.jti, token.iat), now).await
    }

    /// The client called `client_id`, if it is enabled and the same one as when it got the token with this `jti` and `iat`.
    pub(crate) async fn same_client(
        &self,
        client_id: &str,
        (jti, iat): (&str, Timestamp),
        now: Timestamp,
    ) -> Result<Result<Rc<Client>, Cause>, ServerError> {
        let mut client = match self.client(client_id, now).await? {
            Found::Client(client) => client,
            Found::None(cause) => return Ok(Err(cause)),
        };
        let mut standing = self.incarnation(&client, now).await?.standing_of_token(jti, iat);
        if standing == Standing::Ahead
            && let Some((newer, known)) = self.catch_up(client_id, now).boxed_local().await?
        {
            (client, standing) = (newer, known.standing_of_token(jti, iat));
        }
        if standing != Standing::Current {
            return Ok(Err(Cause::ClientReplaced));
        }
        Ok(if client.is_enabled() { Ok(client) } else { Err(Cause::ClientDisabled) })
    }

    /// The grant, if its tokens count now. Neither it nor the grant it came from is revoked or expired, its user and its clients
    /// are enabled, and the clients are the ones that it was given to.
    pub(crate) async fn live_grant(
        &self,
        grant: &GrantRef,
        now: Timestamp,
    ) -> Result<Option<Box<GrantState>>, ServerError> {
        match self.subject(grant.owner, &SubjectCommand::Grant { id: grant.grant }, now).await? {
            SubjectReply::Grant(state)
                if state.live && self.clients_are_enabled(&state.grant, now).await? =>
            {
                Ok(Some(state))
            }
            _ => Ok(None),
        }
    }

    /// Whether the grant's client, and the clients that it was exchanged through, exist, are enabled, and are the same ones as
    /// then.
    pub(crate) async fn clients_are_enabled(
        &self,
        grant: &Grant,
        now: Timestamp,
    ) -> Result<bool, ServerError> {
        let earlier = grant.derived.iter().flat_map(Derivation::came_by);
        for (client_id, incarnation) in earlier.chain([(&grant.client_id, grant.incarnation)]) {
            match self.client(client_id, now).await? {
                Found::Client(client)
                    if client.is_enabled() && self.is_current(&client, incarnation, now).await? => {}
                Found::Client(_) | Found::None(_) => return Ok(false),
            }
        }
        Ok(true)
    }

    /// The overview that a user sees, without what was given to clients that have been replaced since.
    pub(crate) async fn current_of(
        &self,
        overview: Overview,
        now: Timestamp,
    ) -> Result<Overview, ServerError> {
        let mut current =
            Overview { grants: Vec::new(), consents: Vec::new(), asked: Vec::new(), ..overview };
        for (id, grant) in overview.grants {
            if self.may_be_current(&grant.client_id, grant.incarnation, now).await? {
                current.grants.push((id, grant));
            }
        }
        for (client_id, consent) in overview.consents {
            if self.may_be_current(&client_id, consent.incarnation, now).await? {
                current.consents.push((client_id, consent));
            }
        }
        for (id, asked) in overview.asked {
            if self.may_be_current(&asked.client_id, asked.incarnation, now).await? {
                current.asked.push((id, asked));
            }
        }
        Ok(current)
    }

    /// What belongs to a client that isn't found stays in the overview: the client may just not have been found in time.
    async fn may_be_current(
        &self,
        client_id: &str,
        carried: Incarnation,
        now: Timestamp,
    ) -> Result<bool, ServerError> {
        match self.client(client_id, now).await? {
            Found::Client(client) => self.is_current(&client, carried, now).await,
            Found::None(_) => Ok(true),
        }
    }
}
