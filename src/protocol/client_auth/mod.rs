//! Client authentication at the token endpoint (RFC 6749 §2.3), once per request and before anything else.
//!
//! A client presents exactly one method, and it has to be one that it is registered for. Every failure reads the
//! same on the wire, and unknown client and wrong secret take the same steps; only whoever has the secret learns that
//! it came in the wrong way.

mod assertion;
mod credentials;
mod federated;
mod private_key_jwt;

use std::rc::Rc;

use futures_util::future::FutureExt as _;

use crate::protocol::config::registered_client::{Client, SecretCheck};
use crate::protocol::http::error::{Cause, Code, Failure, OAuthError};
use crate::protocol::http::form::Form;
use crate::protocol::model::client::AuthMethod;
use crate::protocol::model::secret::{CLIENT_SECRET_PREFIX, Secret, SecretHash};
use crate::protocol::model::time::Timestamp;
use crate::protocol::server::Server;
use crate::protocol::server::lookup::Found;
use crate::protocol::server::ports::Platform;
use crate::protocol::server::request::RequestContext;

pub use credentials::{Credentials, PresentedMethod, parse_basic};

/// A client that has authenticated, or a public one that has named itself. Only `authenticate` makes one.
#[derive(Debug, Clone)]
pub struct AuthenticatedClient(Rc<Client>);

impl std::ops::Deref for AuthenticatedClient {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.0
    }
}

/// Authenticates the client of a request.
///
/// # Errors
/// `invalid_request` for contradictory credentials, `invalid_client` for everything else.
pub(crate) async fn authenticate<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    form: &Form,
) -> Result<AuthenticatedClient, Failure> {
    let authorization = context.request.headers.authorization.as_ref();
    let credentials = match PresentedMethod::of(authorization, form)? {
        PresentedMethod::Credentials(credentials) => credentials,
        // Boxed: a request with a secret has no use for it, and a cold isolate would compile it.
        PresentedMethod::Assertion { token, client_id } => {
            return assertion::authenticate(server, context, &token, client_id).boxed_local().await;
        }
    };
    let found = server.client_named(&credentials.client_id, context).await?;
    let (client, verdict) = judge(found, &credentials, context.now);
    if let (Some(client), Ok(())) = (client.clone(), verdict) {
        context.note_client(&client.client_id);
        return Ok(AuthenticatedClient(client));
    }
    // What is known here may be a minute old: a secret made meanwhile must work at once. Only a secret with a valid
    // checksum is worth a look, and only as often as the budget allows.
    let (client, verdict) = if credentials.may_be_newer_than_cache(verdict) {
        match server.client_with_newer_secret(&credentials.client_id, context).await? {
            Found::Client(client) => judge(Found::Client(client), &credentials, context.now),
            Found::None(_) => (client, verdict),
        }
    } else {
        (client, verdict)
    };
    if let Some(client) = &client {
        context.note_client(&client.client_id);
    }
    match (client, verdict) {
        (Some(client), Ok(())) => Ok(AuthenticatedClient(client)),
        (client, Err(Cause::AuthMethodWrong)) => Err(misplaced(client.as_deref()).into()),
        (_, Err(cause)) => Err(failed(cause).into()),
        (None, Ok(())) => Err(failed(Cause::ClientUnknown).into()),
    }
}

/// Holds the credentials against what is known of the client. Takes the same steps whether or not it exists.
fn judge(found: Found, credentials: &Credentials, now: Timestamp) -> (Option<Rc<Client>>, Result<(), Cause>) {
    match found {
        Found::Client(client) => {
            let secret = credentials.secret.as_ref();
            let check = secret.map(|secret| client.check_secret(secret, now));
            let verdict = verdict(&client, credentials.method, check);
            (Some(client), verdict)
        }
        Found::None(cause) => {
            let _ = credentials.secret.as_ref().map(|secret| secret.hash() == SecretHash::of_nothing());
            (None, Err(cause))
        }
    }
}

fn verdict(client: &Client, method: AuthMethod, check: Option<SecretCheck>) -> Result<(), Cause> {
    match check {
        Some(_) if !client.has_secret() => return Err(Cause::AuthMethodNotRegistered),
        Some(SecretCheck::Expired) => return Err(Cause::SecretExpired),
        Some(SecretCheck::Wrong) => return Err(Cause::SecretWrong),
        None if client.has_secret() => return Err(Cause::SecretMissing),
        None if !client.accepts(method) => return Err(Cause::AuthMethodNotRegistered),
        Some(SecretCheck::Live) | None => {}
    }
    if !client.is_enabled() {
        return Err(Cause::ClientDisabled);
    }
    if client.accepts(method) { Ok(()) } else { Err(Cause::AuthMethodWrong) }
}

impl Credentials {
    /// A secret of ours has a checksum, so a mistyped one is no reason to ask; one brought along from elsewhere has none.
    /// The client may have got a secret, or the freedom to show it like this, a moment ago.
    fn may_be_newer_than_cache(&self, verdict: Result<(), Cause>) -> bool {
        let plausible =
            |secret: &Secret| secret.is_well_formed() || !secret.expose().starts_with(CLIENT_SECRET_PREFIX);
        let mendable = matches!(
            verdict,
            Err(Cause::SecretWrong | Cause::AuthMethodNotRegistered | Cause::AuthMethodWrong)
        );
        mendable && self.secret.as_ref().is_some_and(plausible)
    }
}

/// The secret is right and came in the other way than the registered one.
fn misplaced(client: Option<&Client>) -> OAuthError {
    let description = match client.and_then(|client| client.token_endpoint_auth_method) {
        Some(AuthMethod::ClientSecretBasic) => {
            "the secret is right, but the client is registered to send it as HTTP Basic (client_secret_basic)"
        }
        Some(AuthMethod::ClientSecretPost) => {
            "the secret is right, but the client is registered to send it in the body (client_secret_post)"
        }
        Some(AuthMethod::FederatedJwt | AuthMethod::PrivateKeyJwt | AuthMethod::None) | None => {
            "client authentication failed"
        }
    };
    OAuthError::new(Code::InvalidClient, Cause::AuthMethodWrong, description)
}

fn failed(cause: Cause) -> OAuthError {
    OAuthError::new(Code::InvalidClient, cause, "client authentication failed")
}
