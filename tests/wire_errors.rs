//! The wire errors as a table: code, status, and what has to come along.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

use mintedge::protocol::error::{Code, Failure, ServerError, error_response};

#[test]
fn every_code_has_its_rfc_name_status_and_headers() {
    let table = [
        (Code::InvalidRequest, "invalid_request", 400, None),
        (
            Code::InvalidClient,
            "invalid_client",
            401,
            Some("Basic realm=\"https://id.example.com\", charset=\"UTF-8\""),
        ),
        (Code::UnauthorizedClient, "unauthorized_client", 400, None),
        (Code::UnsupportedGrantType, "unsupported_grant_type", 400, None),
        (Code::InvalidScope, "invalid_scope", 400, None),
        (Code::InvalidTarget, "invalid_target", 400, None),
        (Code::TokenMissing, "invalid_token", 401, Some("Bearer realm=\"https://id.example.com\"")),
        (
            Code::InvalidToken,
            "invalid_token",
            401,
            Some("Bearer realm=\"https://id.example.com\", error=\"invalid_token\""),
        ),
        (
            Code::InsufficientScope,
            "insufficient_scope",
            403,
            Some("Bearer realm=\"https://id.example.com\", error=\"insufficient_scope\""),
        ),
        (Code::NotFound, "not_found", 404, None),
        (Code::MethodNotAllowed, "invalid_request", 405, None),
        (Code::TooLarge, "invalid_request", 413, None),
        (Code::TooManyRequests, "temporarily_unavailable", 429, None),
        (Code::TemporarilyUnavailable, "temporarily_unavailable", 503, None),
        (Code::ServerError, "server_error", 500, None),
    ];
    for (code, name, status, challenge) in table {
        let response = error_response(code, "why", "https://id.example.com", "request-1");
        assert_eq!(response.status, status, "{code:?}");
        let expected = format!(r#"{{"error":"{name}","error_description":"why","request_id":"request-1"}}"#);
        assert_eq!(response.body, expected, "{code:?}");
        assert_eq!(response.header("www-authenticate"), challenge, "{code:?}");
        assert_eq!(response.header("cache-control"), Some("no-store"), "{code:?}");
        assert_eq!(response.header("x-request-id"), Some("request-1"), "{code:?}");
        assert_eq!(response.header("retry-after").is_some(), [429, 503].contains(&status), "{code:?}");
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
