//! Whom a client wants to ask (`CIBA` §7.1): by a login identifier or `sub` in `login_hint`, by an ID token in `id_token_hint`, or by
//! a token of a trusted issuer in `login_hint_token` (`hint_token`).
//!
//! A client that names an identifier which nobody has gets the same answer as for somebody who doesn't react, and is held up as
//! often: the request is noted in the object of a user who doesn't exist. Else every client could find out who has an account here.
//! Who shows an ID token knows already, and a client with `reveal_unknown_users` may know.

use futures_util::future::FutureExt as _;

use super::hint_token;
use crate::protocol::config::SubjectType;
use crate::protocol::config::registered_client::Client;
use crate::protocol::config::snapshot::Snapshot;
use crate::protocol::http::error::{Cause, Code, Failure, OAuthError};
use crate::protocol::http::form::Form;
use crate::protocol::model::user_id::UserId;
use crate::protocol::server::Server;
use crate::protocol::server::ports::Platform;
use crate::protocol::server::request::RequestContext;
use crate::protocol::tokens::verify::verify_hint;

/// The person to ask. Whether there is such a one, only their object knows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Person {
    pub(super) owner: UserId,
    /// Whether the client has shown that it knows the person.
    pub(super) is_proven: bool,
}

/// The refusal for a hint about nobody.
pub(super) fn unknown() -> OAuthError {
    OAuthError::new(Code::UnknownUserId, Cause::HintUnknown, "nobody here is who the hint names")
}

pub(super) fn refuse(cause: Cause, description: &'static str) -> Failure {
    OAuthError::new(Code::InvalidRequest, cause, description).into()
}

impl Person {
    /// Reads the one hint of a request.
    pub(super) async fn of<P: Platform>(
        server: &Server<P>,
        context: &RequestContext<'_>,
        (client, snapshot): (&Client, &Snapshot),
        form: &Form,
    ) -> Result<Self, Failure> {
        let hints = ["login_hint", "id_token_hint", "login_hint_token"].map(|name| form.value(name));
        match hints {
            [Some(hint), None, None] => Self::named(server, context, client, hint).await,
            [None, Some(hint), None] => Self::shown(server, context, (client, snapshot), hint).await,
            [None, None, Some(token)] => {
                let client = &client.client_id;
                hint_token::person(server, context, (client, snapshot), token).boxed_local().await
            }
            _ => Err(refuse(
                Cause::HintMissing,
                "one hint is needed: login_hint, id_token_hint or login_hint_token",
            )),
        }
    }

    async fn named<P: Platform>(
        server: &Server<P>,
        context: &RequestContext<'_>,
        client: &Client,
        hint: &str,
    ) -> Result<Self, Failure> {
        let by_sub = UserId::parse(hint).filter(|_| client.subject_type == SubjectType::Public);
        if let Some(owner) = by_sub {
            return Ok(Self { owner, is_proven: false });
        }
        // What can be nobody's identifier is no secret.
        let identifier = server.identifier(hint, context.now).await?.ok_or_else(unknown)?;
        let keyring = server.any_keyring(context.now).await?;
        let owner = server.holder_of(&identifier, context.now).await?;
        Ok(Self { owner: owner.unwrap_or_else(|| identifier.decoy(&keyring.derived)), is_proven: false })
    }

    /// The ID token may have expired. It has to be one of this very client; from a pairwise `sub` nobody can be found.
    async fn shown<P: Platform>(
        server: &Server<P>,
        context: &RequestContext<'_>,
        (client, snapshot): (&Client, &Snapshot),
        hint: &str,
    ) -> Result<Self, Failure> {
        if client.subject_type == SubjectType::Pairwise {
            let description = "a client that sees people under names of its own sends login_hint";
            return Err(refuse(Cause::IdTokenHint, description));
        }
        let issuer = server.issuer.as_str();
        let hint = verify_hint(server, hint, &snapshot.keys, issuer, context.now).await?;
        let hint = hint.filter(|hint| hint.aud.contains(&client.client_id)).ok_or_else(|| {
            refuse(Cause::IdTokenHint, "id_token_hint is not an ID token that this client got here")
        })?;
        let owner = UserId::parse(&hint.sub).ok_or_else(unknown)?;
        Ok(Self { owner, is_proven: true })
    }
}
