//! `authorization_code` (RFC 6749 §4.1.3, RFC 7636 §4.5, RFC 9207).
//!
//! The code is sealed, so everything is checked here, without I/O, before it is redeemed in the user's object in one atomic step.
//! A check that fails neither consumes the code nor revokes anything, so a code that fell into wrong hands can't be used as a
//! weapon. The dispatch in `grants` calls it.

use futures_util::FutureExt as _;

use super::native_sso::DeviceSecrets;
use super::on_behalf::{check_incarnation, granted, invalid_grant, redeem, redemption, requested_resources};
use super::{Decision, GrantRequest};
use crate::protocol::config::registered_client::Client;
use crate::protocol::http::error::{Cause, Failure};
use crate::protocol::http::form::Form;
use crate::protocol::keys::sealed::{CODE_PREFIX, open};
use crate::protocol::model::incarnation::Incarnation;
use crate::protocol::model::scope::DEVICE_SSO;
use crate::protocol::model::time::Timestamp;
use crate::protocol::objects::subject::{CodeProof, Grant, Redemption};
use crate::protocol::server::ports::Platform;
use crate::protocol::tokens::authorization_code::AuthorizationCode;
use crate::protocol::tokens::pkce;
use crate::protocol::tokens::target::Target;

/// Decides what a code comes to. The parameters are `code`, `redirect_uri` (if the authorization request named it),
/// `code_verifier`, `resource` (RFC 8707 §2.2) to choose among the granted ones, and `device_secret` (`Native SSO` §3.3) to keep one.
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
    // Codes of an earlier release have no proof. Once the last code that it can have made has expired, every code needs one.
    let earlier = keyring.derived.code.unnamed_until().is_some_and(|until| code.expires_at <= until);
    if proof.is_none() && !earlier {
        return Err(forged());
    }
    if code.expires_at <= context.now {
        return Err(invalid_grant(Cause::CodeExpired, "the code has expired"));
    }
    check(&code, client, form)?;
    let incarnation = server.incarnation(client, context.now).await?;
    check_incarnation(code.incarnation, incarnation)?;
    let resources = requested_resources(&request, snapshot, &code.resources)?;
    let issuer = server.issuer.as_str();
    let scopes = server.within_role(code.owner, &code.scopes, context.now).await?;
    let target = Target::of_grant(snapshot, client, issuer, (&scopes, &code.resources), &resources)?;
    let id = code.id;
    let owner = code.owner;
    let nonce = code.nonce.clone();
    let shares = code.scopes.contains(DEVICE_SSO);
    let secrets = if shares { DeviceSecrets::offered(&request, &code).boxed_local().await? } else { None };
    let device = secrets.as_ref().map(DeviceSecrets::offer);
    let redemption = Redemption { device, ..redemption_of(code, proof, (client, incarnation), context.now) };
    let state = redeem(&request, owner, redemption).await?;
    let device_secret = secrets.and_then(|secrets| secrets.chosen(state.grant.device.as_ref()));
    let mut decision = granted(&request, target, id, state, nonce).await?;
    if let Some(user) = &mut decision.user {
        user.device_secret = device_secret;
    }
    Ok(decision)
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

/// Builds the redemption of a code. A client gets refresh tokens only if it is registered for them. Those of an `OpenID Connect`
/// client that wasn't granted `offline_access` end with the session.
fn redemption_of(
    code: AuthorizationCode,
    proof: Option<CodeProof>,
    (client, incarnation): (&Client, Incarnation),
    now: Timestamp,
) -> Redemption {
    let offline = code.scopes.contains("offline_access");
    // It counts how the client has authenticated now.
    let whom = (code.client_id, code.incarnation.with_keys_of(incarnation));
    let grant = Grant::new(whom, (code.scopes, code.resources), code.auth, now, client.refresh.absolute)
        .in_session(Some(code.sid), !offline)
        .with_claims(code.claims);
    let redemption = redemption(client, code.id, grant, code.removed_at);
    Redemption { password_epoch: code.password_epoch, proof, ..redemption }
}
