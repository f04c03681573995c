//! The parameters of a backchannel authentication request (`CIBA` §7.1), but for the hint.

use crate::protocol::config::DeliveryMode;
use crate::protocol::config::registered_client::Client;
use crate::protocol::http::error::{Cause, Code, OAuthError};
use crate::protocol::http::form::Form;
use crate::protocol::login::is_hidden;

/// The longest binding message, in characters: one that fits a small screen.
const MAX_MESSAGE: usize = 100;
/// The longest `client_notification_token`, in bytes (§7.1).
const MAX_TOKEN: usize = 1024;
/// The shortest time that a person has for an answer, in seconds.
const SHORTEST: u64 = 30;

/// What a request says of how somebody is asked.
pub(super) struct Terms<'a> {
    /// What client and person are to see alike.
    pub(super) binding_message: Option<String>,
    /// How long the person has, in seconds.
    pub(super) lifetime: u64,
    /// The token that this server shows when it notifies the client.
    pub(super) notification_token: Option<String>,
    /// The code of the person.
    pub(super) user_code: Option<&'a str>,
}

impl<'a> Terms<'a> {
    /// Reads them for what `client` is registered as.
    ///
    /// # Errors
    /// `invalid_request`, `invalid_binding_message`, `missing_user_code`.
    pub(super) fn of(form: &'a Form, client: &Client) -> Result<Self, OAuthError> {
        check_unsupported(form)?;
        Ok(Self {
            binding_message: binding_message(form)?,
            lifetime: lifetime(form, client.ciba.lifetime)?,
            notification_token: notification_token(form, client.backchannel_token_delivery_mode)?,
            user_code: user_code(form, client.backchannel_user_code_parameter)?,
        })
    }
}

/// Refuses what this server would have to obey and can't, so that nobody relies on it.
fn check_unsupported(form: &Form) -> Result<(), OAuthError> {
    if form.value("request").is_some() {
        let description = "signed authentication requests are not supported";
        return Err(OAuthError::new(Code::InvalidRequest, Cause::RequestObject, description));
    }
    Ok(())
}

/// Which scopes may be asked for: `openid` has to be among them.
pub(super) fn check_scopes(has_openid: bool, has_device_sso: bool) -> Result<(), OAuthError> {
    let refuse = |cause, description| Err(OAuthError::new(Code::InvalidScope, cause, description));
    if !has_openid {
        return refuse(Cause::ScopeNeedsOpenid, "scope has to contain openid");
    }
    if has_device_sso {
        return refuse(Cause::ScopeNeedsUser, "device_sso needs a session, and this grant has none");
    }
    Ok(())
}

/// The binding message (§7.1): short, and with nothing in it that can't be seen or turns the text around it.
fn binding_message(form: &Form) -> Result<Option<String>, OAuthError> {
    let Some(message) = form.value("binding_message").map(str::trim).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    if message.chars().count() > MAX_MESSAGE || message.chars().any(is_hidden) {
        let description = "binding_message has at most 100 characters, all of which can be seen";
        return Err(OAuthError::new(Code::InvalidBindingMessage, Cause::BindingMessage, description));
    }
    Ok(Some(message.to_owned()))
}

/// How long the person has, in seconds: what the client asks for, within its bounds (§7.1).
fn lifetime(form: &Form, most: u64) -> Result<u64, OAuthError> {
    let Some(text) = form.value("requested_expiry") else { return Ok(most) };
    let is_number = text.len() <= 9 && text.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = text.parse::<u64>().ok().filter(|seconds| is_number && *seconds > 0);
    let seconds = seconds.ok_or_else(|| {
        let description = "requested_expiry has to be a positive number of seconds";
        OAuthError::new(Code::InvalidRequest, Cause::ParameterMalformed, description)
    })?;
    Ok(seconds.clamp(SHORTEST.min(most), most))
}

/// The token that this server shows when it notifies the client (§7.1): a bearer token (RFC 6750 §2.1), in ping mode only.
fn notification_token(form: &Form, mode: DeliveryMode) -> Result<Option<String>, OAuthError> {
    if mode == DeliveryMode::Poll {
        return Ok(None);
    }
    let token = form.require("client_notification_token", "client_notification_token is missing")?;
    let body = token.trim_end_matches('=');
    let is_fit = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
    if body.is_empty() || token.len() > MAX_TOKEN || !body.bytes().all(is_fit) {
        let description = "client_notification_token has to be a bearer token of at most 1024 characters";
        return Err(OAuthError::new(Code::InvalidRequest, Cause::NotificationToken, description));
    }
    Ok(Some(token.to_owned()))
}

/// The code of the person (§7.1). A client that is registered for it has to send it, and nobody else may: whoever sends one that
/// isn't looked at would rely on it.
fn user_code(form: &Form, is_needed: bool) -> Result<Option<&str>, OAuthError> {
    match (form.value("user_code"), is_needed) {
        (Some(_), false) => {
            let description = "the client is not registered to send user_code";
            Err(OAuthError::new(Code::InvalidRequest, Cause::ParameterMalformed, description))
        }
        (None, true) => {
            let description = "the code that the person has set has to be sent as user_code";
            Err(OAuthError::new(Code::MissingUserCode, Cause::UserCodeMissing, description))
        }
        (code, _) => Ok(code),
    }
}
