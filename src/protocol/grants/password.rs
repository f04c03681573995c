//! `password` (RFC 6749 §4.3): for migrations only. RFC 9700 §2.4 says not to use it, so it exists only for confidential clients
//! that are registered for it, it is advertised only if there is one, and the log marks every use. The dispatch in `grants` calls
//! it.
//!
//! It is refused where a login in the browser would have needed more than the password: consent that was not given. Guesses are
//! damped as on the login page, but in budgets of their own: per client and address, per identifier with both, and per
//! identifier. The address is the one that the client connects from, unless `end_user_address` says where its user is.

use core::net::IpAddr;

use super::on_behalf::{granted, invalid_grant, redeem, redemption, unexpected};
use super::{Decision, GrantRequest};
use crate::protocol::http::error::{Cause, Code, Failure, OAuthError};
use crate::protocol::http::form::Form;
use crate::protocol::login;
use crate::protocol::login::{Door, Problem};
use crate::protocol::model::id::Id;
use crate::protocol::model::scope::DEVICE_SSO;
use crate::protocol::objects::subject::{Grant, Redemption, SubjectCommand, SubjectReply};
use crate::protocol::server::ports::Platform;
use crate::protocol::tokens::target::{Target, requested_for_user};

/// Decides what `username` and `password` come to, with `scope` and `resource` as at the authorization endpoint.
///
/// # Errors
/// `invalid_grant` for everything about the user; `invalid_scope`, `invalid_target`.
pub(super) async fn decide<P: Platform>(request: GrantRequest<'_, P>) -> Result<Decision, Failure> {
    let GrantRequest { server, context, client, form, snapshot } = &request;
    context.deprecated.set(true);
    let name = form.require("username", "username is missing")?;
    let password = form.require("password", "password is missing")?;
    if !snapshot.login.password {
        let description = "people can't log in here with a password";
        return Err(OAuthError::new(Code::UnauthorizedClient, Cause::PasswordLoginOff, description).into());
    }
    let resources: Vec<&str> = form.values("resource").collect();
    let (scopes, resources) = requested_for_user(snapshot, client, form.value("scope"), &resources)?;
    let target = Target::of_grant(snapshot, client, server.issuer.as_str(), (&scopes, &resources), &[])?;
    if scopes.contains(DEVICE_SSO) {
        let description = "device_sso needs a session, and this grant has none";
        return Err(OAuthError::new(Code::InvalidScope, Cause::ScopeNeedsUser, description).into());
    }
    let door = Door::Client { client_id: &client.client_id, address: end_user_address(form)? };
    let login = match login::with_password(server, context, door, name, password).await? {
        Ok(login) => login,
        Err(Problem::Wrong) => {
            return Err(invalid_grant(Cause::PasswordWrong, "the username or the password is wrong"));
        }
        Err(Problem::TooMany) => {
            return Err(invalid_grant(Cause::TooManyAttempts, "too many attempts; try again later"));
        }
        Err(Problem::Busy) => return Err(login::busy().into()),
    };
    if !client.first_party && !consented(&request, &login, &scopes).await? {
        return Err(invalid_grant(
            Cause::ConsentRequired,
            "the person has to log in with a browser once and consent",
        ));
    }
    let id = Id::generate(&server.platform);
    let whom = (client.client_id.clone(), server.incarnation(client, context.now).await?);
    let grant = Grant::new(whom, (scopes, resources), login.auth, context.now, client.refresh.absolute);
    // The grant is decided at this moment, so only a later removal of the client refuses it.
    let redemption = redemption(client, id, grant, Some(context.now));
    let redemption = Redemption { password_epoch: login.user.password_epoch, ..redemption };
    let state = redeem(&request, login.user.id, redemption).await?;
    granted(&request, target, id, state, None).await
}

/// The address at which the client says its user is, in `end_user_address`: an extension of this server. Clients that
/// authenticate are believed, because one that lies harms only the people who trust it with their passwords.
fn end_user_address(form: &Form) -> Result<Option<IpAddr>, OAuthError> {
    let malformed = |_| {
        let description = "end_user_address has to be an IPv4 or IPv6 address";
        OAuthError::new(Code::InvalidRequest, Cause::ParameterMalformed, description)
    };
    form.value("end_user_address").map(|text| text.parse().map_err(malformed)).transpose()
}

async fn consented<P: Platform>(
    request: &GrantRequest<'_, P>,
    login: &login::Login,
    scopes: &crate::protocol::model::scope::ScopeSet,
) -> Result<bool, Failure> {
    let GrantRequest { server, context, client, .. } = request;
    match server.subject(login.user.id, &SubjectCommand::Overview, context.now).await? {
        SubjectReply::Overview(overview) => {
            let consent = overview.consents.iter().find(|(client_id, _)| *client_id == client.client_id);
            let Some((_, consent)) = consent else { return Ok(false) };
            let is_current = server.is_current(client, consent.incarnation, context.now).await?;
            Ok(is_current && scopes.is_subset(&consent.scopes))
        }
        _ => Err(unexpected()),
    }
}
