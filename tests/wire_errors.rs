//! The wire errors as a table: code, status, and what has to come along.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

use mintedge::protocol::http::{error::Code, error::Failure, error::ServerError, error::error_response};

/// A code, its name on the wire, its status, and the values of `WWW-Authenticate` and `Retry-After`.
type Row = (Code, &'static str, u16, Option<&'static str>, Option<&'static str>);

const CLIENT: &str = "Basic realm=\"https://id.example.com\", charset=\"UTF-8\"";
const NO_TOKEN: &str = "Bearer realm=\"https://id.example.com\"";
const BAD_TOKEN: &str = "Bearer realm=\"https://id.example.com\", error=\"invalid_token\"";
const WEAK_TOKEN: &str = "Bearer realm=\"https://id.example.com\", error=\"insufficient_scope\"";

const TABLE: [Row; 36] = [
    (Code::InvalidRequest, "invalid_request", 400, None, None),
    (Code::InvalidClient, "invalid_client", 401, Some(CLIENT), None),
    (Code::UnauthorizedClient, "unauthorized_client", 400, None, None),
    (Code::UnsupportedGrantType, "unsupported_grant_type", 400, None, None),
    (Code::InvalidGrant, "invalid_grant", 400, None, None),
    (Code::InvalidScope, "invalid_scope", 400, None, None),
    (Code::InvalidTarget, "invalid_target", 400, None, None),
    (Code::AccessDenied, "access_denied", 403, None, None),
    (Code::UnsupportedResponseType, "unsupported_response_type", 400, None, None),
    (Code::LoginRequired, "login_required", 400, None, None),
    (Code::ConsentRequired, "consent_required", 400, None, None),
    (Code::RequestNotSupported, "request_not_supported", 400, None, None),
    (Code::RequestUriNotSupported, "request_uri_not_supported", 400, None, None),
    (Code::InvalidRedirectUri, "invalid_redirect_uri", 400, None, None),
    (Code::InvalidClientMetadata, "invalid_client_metadata", 400, None, None),
    (Code::InvalidRequestUri, "invalid_request_uri", 400, None, None),
    (Code::AuthorizationPending, "authorization_pending", 400, None, None),
    (Code::SlowDown, "slow_down", 400, None, None),
    (Code::ExpiredToken, "expired_token", 400, None, None),
    (Code::PersonDenied, "access_denied", 400, None, None),
    (Code::UnknownUserId, "unknown_user_id", 400, None, None),
    (Code::ExpiredLoginHintToken, "expired_login_hint_token", 400, None, None),
    (Code::MissingUserCode, "missing_user_code", 400, None, None),
    (Code::InvalidUserCode, "invalid_user_code", 400, None, None),
    (Code::InvalidBindingMessage, "invalid_binding_message", 400, None, None),
    (Code::UnsupportedTokenType, "unsupported_token_type", 400, None, None),
    (Code::Forbidden, "access_denied", 403, None, None),
    (Code::InvalidToken, "invalid_token", 401, Some(BAD_TOKEN), None),
    (Code::TokenMissing, "invalid_token", 401, Some(NO_TOKEN), None),
    (Code::InsufficientScope, "insufficient_scope", 403, Some(WEAK_TOKEN), None),
    (Code::NotFound, "not_found", 404, None, None),
    (Code::MethodNotAllowed, "invalid_request", 405, None, None),
    (Code::TooLarge, "invalid_request", 413, None, None),
    (Code::TooManyRequests, "temporarily_unavailable", 429, None, Some("60")),
    (Code::TemporarilyUnavailable, "temporarily_unavailable", 503, None, Some("1")),
    (Code::ServerError, "server_error", 500, None, None),
];

#[test]
fn the_table_has_every_code_once() {
    assert_eq!(TABLE.map(|(code, ..)| code).as_slice(), Code::ALL);
}

#[test]
fn every_code_has_its_rfc_name_status_and_headers() {
    for (code, name, status, challenge, retry_after) in TABLE {
        let response = error_response(code, "why", "https://id.example.com", "request-1");
        assert_eq!(response.status, status, "{code:?}");
        let expected = format!(r#"{{"error":"{name}","error_description":"why","request_id":"request-1"}}"#);
        assert_eq!(response.body, expected, "{code:?}");
        assert_eq!(response.header("www-authenticate"), challenge, "{code:?}");
        assert_eq!(response.header("cache-control"), Some("no-store"), "{code:?}");
        assert_eq!(response.header("x-request-id"), Some("request-1"), "{code:?}");
        assert_eq!(response.header("retry-after"), retry_after, "{code:?}");
    }
}

#[test]
fn a_failure_of_ours_never_says_why_on_the_wire() {
    let failures =
        [ServerError::internal("the KEK is wrong"), ServerError::unavailable("sqlite: disk I/O error")];
    for failure in failures {
        let response = Failure::from(failure).response("https://id.example.com", "request-1");
        assert!(response.status >= 500);
        assert!(!response.body.contains("KEK") && !response.body.contains("sqlite"), "{}", response.body);
    }
}
