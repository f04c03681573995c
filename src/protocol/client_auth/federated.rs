//! `federated_jwt`: a client authenticates with a token of a trusted issuer, such as its platform's, instead of a secret
//! (RFC 7521 §4.2, RFC 7523 §2.2). Which client that is, a rule says: the token knows nothing of this server's names.
//!
//! Unlike `private_key_jwt`, `iss` and `sub` are the issuer's and the workload's and no client id.

use super::{AuthenticatedClient, failed};
use crate::protocol::config::federation::AssertionKind;
use crate::protocol::config::registered_client::Client;
use crate::protocol::federation::{Rejected, note, verify_assertion};
use crate::protocol::http::error::{Cause, Code, Failure};
use crate::protocol::model::client::AuthMethod;
use crate::protocol::model::secret::Secret;
use crate::protocol::rules::evaluate::{Purpose, evaluate};
use crate::protocol::server::Server;
use crate::protocol::server::lookup::Found;
use crate::protocol::server::ports::Platform;
use crate::protocol::server::request::RequestContext;

/// Authenticates the client that a rule names for `token`; `client_id` has to be the same, if the request has one.
///
/// # Errors
/// `invalid_client`, in the same words whatever it was.
pub(super) async fn authenticate<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    token: &Secret,
    client_id: Option<&str>,
) -> Result<AuthenticatedClient, Failure> {
    let snapshot = server.snapshot(context.now).await?;
    let assertion = verify_assertion(server, context, &snapshot, token.expose()).await.map_err(refused)?;
    // An identity assertion says who a person is, an access token what its bearer may do.
    if assertion.kind != AssertionKind::Jwt {
        return Err(failed(Cause::AssertionType).into());
    }
    let rule = evaluate(
        &snapshot.rules,
        assertion.issuer,
        assertion.kind,
        &assertion.claims,
        Purpose::ClientAuthentication,
    );
    let rule = rule.map_err(|none| failed(none.cause()))?;
    context.note_rule(&rule.id);
    let named = rule.authenticates.as_deref().ok_or(failed(Cause::RuleNone))?;
    if client_id.is_some_and(|client_id| client_id != named) {
        return Err(failed(Cause::ClientIdMismatch).into());
    }
    let client = match server.client(named, context.now).await? {
        Found::Client(client) => client,
        Found::None(cause) => return Err(failed(cause).into()),
    };
    context.note_client(&client.client_id);
    check(&client).map_err(failed)?;
    note(server, context, &assertion, Code::InvalidClient).await.map_err(refused)?;
    Ok(AuthenticatedClient(client))
}

fn check(client: &Client) -> Result<(), Cause> {
    if !client.accepts(AuthMethod::FederatedJwt) {
        return Err(Cause::AuthMethodNotRegistered);
    }
    if client.is_enabled() { Ok(()) } else { Err(Cause::ClientDisabled) }
}

/// Keys that can't be had now are no fault of the client, which would forget its registration on `invalid_client`.
fn refused(rejected: Rejected) -> Failure {
    match rejected {
        Rejected::Refused(cause) if cause != Cause::IssuerUnreachable => failed(cause).into(),
        other => other.on_wire(Code::InvalidClient),
    }
}
