//! The members of `IdentityServer`'s clients: those that are imported, and those that can't be.

use serde_json::Value;

use super::read::Loose;
use super::remarks::Remarks;

/// Every member that means something to this import, or means nothing here.
pub(super) const MEMBERS: [&str; 64] = [
    "client_id",
    "client_name",
    "allowed_grant_types",
    "allowed_scopes",
    "client_secrets",
    "access_token_lifetime",
    "allowed_cors_origins",
    "enabled",
    "require_client_secret",
    "allow_offline_access",
    "claims",
    "client_claims_prefix",
    "always_send_client_claims",
    "redirect_uris",
    "post_logout_redirect_uris",
    "front_channel_logout_uri",
    "back_channel_logout_uri",
    "logo_uri",
    "client_uri",
    "require_pushed_authorization",
    "require_consent",
    "allow_remember_consent",
    "require_pkce",
    "allow_plain_text_pkce",
    "allowed_identity_token_signing_algorithms",
    "refresh_token_expiration",
    "absolute_refresh_token_lifetime",
    "sliding_refresh_token_lifetime",
    "refresh_token_usage",
    // What follows has the same effect here however it is set, or none.
    "front_channel_logout_session_required",
    "back_channel_logout_session_required",
    "update_access_token_claims_on_refresh",
    "include_jwt_id",
    "allow_access_tokens_via_browser",
    "always_include_user_claims_in_id_token",
    "created",
    "updated",
    "last_accessed",
    "non_editable",
    "id",
    "description",
    "properties",
    "consent_lifetime",
    "user_code_type",
    "device_code_lifetime",
    "polling_interval",
    "ciba_lifetime",
    "identity_token_lifetime",
    "authorization_code_lifetime",
    "pushed_authorization_lifetime",
    "initiate_login_uri",
    // See `MISSING`.
    "access_token_type",
    "require_request_object",
    "require_d_po_p",
    "d_po_p_validation_mode",
    "d_po_p_clock_skew",
    "enable_local_login",
    "identity_provider_restrictions",
    "user_sso_lifetime",
    "pair_wise_subject_salt",
    "protocol_type",
    "coordinate_lifetime_with_user_session",
    "allowed_user_code_types",
    "name",
];

/// A member that has no counterpart, the values that change nothing, and what it is for somebody to decide.
type Missing = (&'static str, &'static [&'static str], &'static str);

const MISSING: [Missing; 8] = [
    ("access_token_type", &["0", "jwt"], "it had reference tokens; here an access token is a JWT"),
    (
        "require_request_object",
        &["false"],
        "it had to sign its authorization requests; that is not there yet",
    ),
    ("require_d_po_p", &["false"], "its tokens were bound with DPoP; that is not there yet"),
    ("enable_local_login", &["true"], "its users logged in elsewhere only; here they have passwords"),
    ("identity_provider_restrictions", &[], "it had upstream providers of its own; those are not there yet"),
    (
        "user_sso_lifetime",
        &[],
        "it had people log in anew after `user_sso_lifetime`; it can ask with `max_age`",
    ),
    (
        "pair_wise_subject_salt",
        &[],
        "it saw people under names of its own; `subject_type = \"pairwise\"` makes other ones",
    ),
    ("protocol_type", &["oidc"], "it doesn't speak OpenID Connect"),
];

/// Says what a client had that isn't there.
pub(super) fn missing(object: &Loose<'_>, remarks: &mut Remarks) {
    for (name, harmless, words) in MISSING {
        let value = object.member(name).map(text).unwrap_or_default();
        if !value.is_empty() && !harmless.contains(&value.to_lowercase().as_str()) {
            remarks.decide(words);
        }
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(values) if values.is_empty() => String::new(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            value.to_string()
        }
    }
}
