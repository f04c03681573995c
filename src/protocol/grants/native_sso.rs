//! `OpenID Connect Native SSO` for mobile apps (draft 07): an app signs on with the login of another app of its vendor on the same
//! device. `authorization_code` hands device secrets out (§3), `token_exchange` takes them (§4).
//!
//! Who belongs together is in the registration (`native_sso`); nobody does unless it is written there. The second app gets what it
//! would get from `/authorize` without a page being shown: within its own scopes, and what the person has permitted it before,
//! unless it is `first_party`. What the first app was permitted says nothing about it.

use std::rc::Rc;

use futures_util::future::FutureExt as _;

use super::on_behalf::{granted, invalid_grant, made, redemption};
use super::{Decision, GrantRequest};
use crate::protocol::config::registered_client::Client;
use crate::protocol::federation::use_up;
use crate::protocol::http::error::{Cause, Code, Failure, OAuthError};
use crate::protocol::http::form::Form;
use crate::protocol::model::id::Id;
use crate::protocol::model::incarnation::Incarnation;
use crate::protocol::model::scope::{DEVICE_SSO, ScopeSet};
use crate::protocol::model::secret::Secret;
use crate::protocol::model::token_type::TokenType;
use crate::protocol::objects::subject::{Authentication, Device, DeviceOffer, Grant, SignOn, SubjectCommand};
use crate::protocol::server::lookup::Found;
use crate::protocol::server::ports::Platform;
use crate::protocol::tokens::authorization_code::AuthorizationCode;
use crate::protocol::tokens::device_secret::{DeviceSecret, is_bound};
use crate::protocol::tokens::subject_name::session_name;
use crate::protocol::tokens::target::{Target, requested_for_user};
use crate::protocol::tokens::verify::{Audience, Hint, Verified, verify_hint};

/// The `actor_token_type` of a device secret (§4.1).
pub(super) const DEVICE_SECRET_TYPE: &str = "urn:openid:params:token-type:device-secret";

/// The device secrets that an app may get for its code: the one it shows, if that is good, or else a new one (§3.4).
pub(super) struct DeviceSecrets {
    group: String,
    shown: Option<Secret>,
    new: Secret,
}

impl DeviceSecrets {
    /// The secrets for a code that `device_sso` was granted with. `None` if the client shares its logins with nobody.
    pub(super) async fn offered<P: Platform>(
        request: &GrantRequest<'_, P>,
        code: &AuthorizationCode,
    ) -> Result<Option<Self>, Failure> {
        let GrantRequest { server, context, client, form, .. } = request;
        let Some(group) = client.native_sso.clone() else { return Ok(None) };
        let device = DeviceSecret { owner: code.owner, sid: code.sid };
        let shown = form.value("device_secret").unwrap_or_default();
        let keyring = server.keyring_for(shown, context.now).await?;
        let guard = &keyring.derived.refresh;
        // One that isn't good here is as if it had not been shown (§3.3).
        let is_of_session = DeviceSecret::parse(guard, shown) == Some(device);
        let shown = is_of_session.then(|| Secret::received(shown));
        Ok(Some(Self { group, shown, new: device.generate(guard, &server.platform) }))
    }

    /// What the user's object chooses from.
    pub(super) fn offer(&self) -> DeviceOffer {
        let shown = self.shown.as_ref().map(Secret::hash);
        DeviceOffer { group: self.group.clone(), shown, new: self.new.hash() }
    }

    /// The secret that the object chose for the grant.
    pub(super) fn chosen(self, device: Option<&Device>) -> Option<Secret> {
        let chosen = |secret: &Secret| device.is_some_and(|device| device.sha256 == secret.hash());
        self.shown.into_iter().chain([self.new]).find(chosen)
    }
}

/// Decides what the ID token of another app and the secret of the device come to (§4). The parameters are `subject_token` with
/// `subject_token_type`, `actor_token`, `audience` (this server's issuer), `scope` and `resource`.
///
/// # Errors
/// `invalid_grant` for the two tokens, `unauthorized_client`, `invalid_target`, `invalid_scope`; `invalid_request` if a parameter is
/// missing or is another one than the profile has.
pub(super) async fn sign_on<P: Platform>(request: GrantRequest<'_, P>) -> Result<Decision, Failure> {
    let GrantRequest { server, context, client, form, snapshot } = &request;
    let Some(group) = client.native_sso.clone() else {
        let description = "the client shares its logins with no other app";
        return Err(refuse(Code::UnauthorizedClient, Cause::NativeSsoNotShared, description));
    };
    check(form, server.issuer.as_str())?;
    let shown = form.require("actor_token", "actor_token is missing")?;
    let keyring = server.keyring_for(shown, context.now).await?;
    let device = DeviceSecret::parse(&keyring.derived.refresh, shown);
    let device = device.ok_or_else(|| refused(Cause::DeviceSecretForged))?;
    let shown = Secret::received(shown);
    let (from, hint) = first_app(&request, device, &shown, &group).await?;
    let resources: Vec<&str> = form.values("resource").collect();
    let (scopes, resources) = requested_for_user(snapshot, client, form.value("scope"), &resources)?;
    let target = Target::of_grant(snapshot, client, server.issuer.as_str(), (&scopes, &resources), &[])?;
    let keeps_secret = scopes.contains(DEVICE_SSO);
    let device_of_grant = Device { sha256: shown.hash(), group };
    let grant = grant(&request, (scopes, resources), device.sid, &hint).await?.on_device(device_of_grant);
    let id = Id::generate(&server.platform);
    let command = SubjectCommand::SignOn(Box::new(SignOn {
        redemption: redemption(client, id, grant, Some(context.now)),
        from: from.0,
        incarnation: from.1,
        needs_consent: !client.first_party,
    }));
    use_up(server, context).await?;
    let state = made(server.subject(device.owner, &command, context.now).await?)?;
    context.semantics.set(Some("native_sso"));
    let mut decision = granted(&request, target, id, state, None).await?;
    if let Some(user) = decision.user.as_mut().filter(|_| keeps_secret) {
        user.device_secret = Some(shown);
    }
    Ok(Decision { issued: Some(TokenType::AccessToken), ..decision })
}

/// Checks the parameters that the profile gives one value to (§4.1).
fn check(form: &Form, issuer: &str) -> Result<(), Failure> {
    let malformed = |description| refuse(Code::InvalidRequest, Cause::ParameterMalformed, description);
    let kind = form.require("subject_token_type", "subject_token_type is missing")?;
    if TokenType::parse(kind) != Some(TokenType::IdToken) {
        return Err(malformed("with a device secret the subject token is an ID token"));
    }
    let wanted = form.value("requested_token_type").map(TokenType::parse);
    if !matches!(wanted, None | Some(Some(TokenType::AccessToken))) {
        return Err(malformed(
            "with a device secret an access token is issued, and what the scopes say besides",
        ));
    }
    if !form.values("audience").eq([issuer]) {
        let description = "with a device secret audience is the issuer of this server, and nothing else";
        return Err(refuse(Code::InvalidTarget, Cause::TargetMissing, description));
    }
    Ok(())
}

/// The app whose ID token it is, in its present incarnation, and the ID token. It has to be one of the same vendor's, and everything
/// in the ID token has to fit the device secret.
async fn first_app<P: Platform>(
    request: &GrantRequest<'_, P>,
    device: DeviceSecret,
    shown: &Secret,
    group: &str,
) -> Result<((String, Incarnation), Verified<Hint>), Failure> {
    let GrantRequest { server, context, form, snapshot, .. } = request;
    let token = form.require("subject_token", "subject_token is missing")?;
    let (issuer, now) = (server.issuer.as_str(), context.now);
    let hint = verify_hint(server, token, &snapshot.keys, issuer, now).await?;
    let hint = hint.ok_or_else(|| refused(Cause::IdTokenWrong))?;
    let Audience::One(client_id) = &hint.aud else { return Err(refused(Cause::IdTokenWrong)) };
    let from = match sharing(server.client(client_id, now).await?, group) {
        Ok(from) => from,
        // It may have been registered so a moment ago.
        Err(cause) => match server.reread_client(client_id, context.address(), now).boxed_local().await? {
            found @ Found::Client(_) => sharing(found, group).map_err(refused)?,
            Found::None(_) => return Err(refused(cause)),
        },
    };
    let keyring = server.any_keyring(now).await?;
    let is_of_person = hint.sub == device.owner.at(&from, &keyring.derived);
    let is_of_session = hint.sid == Some(session_name(device.sid, &from, &keyring.derived));
    let is_bound = hint.ds_hash.as_deref().is_some_and(|hash| is_bound(hash, shown));
    if !(is_of_person && is_of_session && is_bound) {
        return Err(refused(Cause::IdTokenWrong));
    }
    let incarnation = server.incarnation(&from, now).await?;
    Ok(((from.client_id.clone(), incarnation), hint))
}

/// The first app, if it shares its logins with the apps of `group`; else why it doesn't.
fn sharing(found: Found, group: &str) -> Result<Rc<Client>, Cause> {
    let from = match found {
        Found::Client(from) => from,
        Found::None(cause) => return Err(cause),
    };
    if !from.is_enabled() {
        return Err(Cause::ClientDisabled);
    }
    if from.native_sso.as_deref() != Some(group) {
        return Err(Cause::NativeSsoNotShared);
    }
    Ok(from)
}

/// The grant that the second app is to get. It is one like for a code: bound to the session, unless it is for offline access.
async fn grant<P: Platform>(
    request: &GrantRequest<'_, P>,
    what: (ScopeSet, Vec<String>),
    sid: Id,
    hint: &Hint,
) -> Result<Grant, Failure> {
    let GrantRequest { server, context, client, .. } = request;
    let client: &Client = client;
    let offline = what.0.contains("offline_access");
    let whom = (client.client_id.clone(), server.incarnation(client, context.now).await?);
    let auth = Authentication { auth_time: hint.auth_time, acr: hint.acr.clone(), amr: hint.amr.clone() };
    let grant = Grant::new(whom, what, auth, context.now, client.refresh.absolute);
    Ok(grant.in_session(Some(sid), !offline))
}

fn refuse(code: Code, cause: Cause, description: &'static str) -> Failure {
    OAuthError::new(code, cause, description).into()
}

fn refused(cause: Cause) -> Failure {
    invalid_grant(cause, "the ID token and the device secret are no login that this client can share")
}
