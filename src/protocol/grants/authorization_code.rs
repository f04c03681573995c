//! `authorization_code` (RFC 6749 §4.1.3, RFC 7636 §4.5, RFC 9207).
//!
//! The code is sealed: everything is checked here, without I/O, before it is redeemed in the person's object, which is one
//! atomic step. A check that fails neither consumes the code nor revokes anything, so a code that fell into wrong hands
//! can't be used as a weapon.

use super::on_behalf::{check_incarnation, granted, invalid_grant, refused, requested_resources, unexpected};
use super::{Decision, GrantRequest};
use crate::protocol::config::registered_client::Client;
use crate::protocol::federation::use_up;
use crate::protocol::http::error::{Cause, Failure};
use crate::protocol::http::form::Form;
use crate::protocol::keys::sealed::{CODE_PREFIX, open};
use crate::protocol::objects::subject::CodeProof;
use crate::protocol::objects::subject::{Command, Grant, Redemption, Reply};
use crate::protocol::server::ports::Platform;
use crate::protocol::tokens::authorization_code::AuthorizationCode;
use crate::protocol::tokens::pkce;
use crate::protocol::tokens::target::Target;

/// Decides what a code comes to: `code`, `redirect_uri` (if it was sent before), `code_verifier`, and `resource`
/// (RFC 8707 §2.2) to choose among the granted ones.
///
/// # Errors
/// `invalid_grant`, `invalid_target`; `invalid_request` if a parameter is missing.
pub(super) async fn decide<P: Platform>(request: GrantRequest<'_, P>) -> Result<Decision, Failure> {
    let GrantRequest { server, context, client, form, snapshot } = &request;
    let sealed = form.require("code", "code is missing")?;
    let keyring = server.keyring_for(sealed, context.now).await?;
    let forged = || invalid_grant(Cause::CodeForged, "the code is not one of this server's");
    let mut code =
        open::<AuthorizationCode>(&keyring.derived.code, CODE_PREFIX, sealed).ok_or_else(forged)?;
    let proof = code.proof()?;
    // An earlier release proved nothing. Once the last code that it can have made is over, nobody gets by without a proof.
    let earlier = keyring.derived.code.unnamed_until().is_some_and(|until| code.expires_at <= until);
    if proof.is_none() && !earlier {
        return Err(forged());
    }
    if code.expires_at <= context.now {
        return Err(invalid_grant(Cause::CodeExpired, "the code has expired"));
    }
    check(&code, client, form)?;
    check_incarnation(code.incarnation, server.incarnation(client, context.now).await?)?;
    let resources = requested_resources(&request, snapshot, &code.resources)?;
    let issuer = server.issuer.as_str();
    let target = Target::of_grant(snapshot, client, issuer, (&code.scopes, &code.resources), &resources)?;
    let id = code.id;
    let owner = code.owner;
    let nonce = code.nonce.clone();
    use_up(server, context).await?;
    let command = Command::Redeem(Box::new(redemption(code, proof, client, context.now)));
    match server.subject(owner, &command, context.now).await? {
        Reply::Granted(state) => granted(&request, target, id, *state, nonce).await,
        Reply::Refused(refusal) => Err(refused(refusal)),
        _ => Err(unexpected()),
    }
}

fn check(code: &AuthorizationCode, client: &Client, form: &Form) -> Result<(), Failure> {
    if code.client_id != client.client_id {
        return Err(invalid_grant(Cause::OtherClient, "the code was issued to another client"));
    }
    match form.value("redirect_uri") {
        Some(uri) if uri != code.redirect_uri => {
            return Err(invalid_grant(Cause::RedirectUriDiffers, "redirect_uri is another one than before"));
        }
        None if code.redirect_uri_sent => {
            return Err(invalid_grant(Cause::RedirectUriDiffers, "redirect_uri has to be sent again"));
        }
        _ => {}
    }
    pkce::verify(code.code_challenge.as_deref(), form.value("code_verifier")).map_err(Failure::from)
}

/// The redemption: refresh tokens only for a client registered for them that, as an `OpenID Connect` client, either asked for
/// `offline_access` or stays within the session.
fn redemption(
    code: AuthorizationCode,
    proof: Option<CodeProof>,
    client: &Client,
    now: crate::protocol::model::time::Timestamp,
) -> Redemption {
    let offline = code.scopes.contains("offline_access");
    let refresh = client.may_use(crate::protocol::model::grant_type::GrantType::RefreshToken);
    let lifetime = client.refresh.absolute;
    Redemption {
        id: code.id,
        refresh,
        max_grants: client.refresh.max_grants,
        idle: Some(client.refresh.idle),
        removed_at: code.removed_at,
        password_epoch: code.password_epoch,
        proof,
        grant: Grant {
            client_id: code.client_id,
            incarnation: code.incarnation,
            sid: Some(code.sid),
            bound_to_session: !offline,
            scopes: code.scopes,
            resources: code.resources,
            auth: code.auth,
            claims: code.claims,
            binding: None,
            created_at: now,
            expires_at: now.plus(lifetime),
            family: None,
            revoked: None,
            derived: None,
        },
    }
}
