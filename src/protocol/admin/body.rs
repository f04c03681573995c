//! JSON bodies of the admin API: reads a request's (unknown and doubled members are refused), writes a response's.
//!
//! Every operation of `admin` uses it.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::AdminFailure;
use crate::protocol::codec::json;
use crate::protocol::http::error::{Cause, Code, OAuthError};
use crate::protocol::http::json::to_json;
use crate::protocol::http::{Body, Request, Response};

/// Reads the body of an operation that replaces or makes something: one that got lost must not count as an empty one.
pub(super) fn read_required<T: DeserializeOwned>(request: &Request) -> Result<T, AdminFailure> {
    if matches!(&request.body, Body::Bytes(bytes) if bytes.is_empty()) {
        return Err(AdminFailure::refused(400, "invalid_request", "the JSON body is missing"));
    }
    read(request)
}

/// Reads a JSON body; an empty one counts as `{}`.
pub(super) fn read<T: DeserializeOwned>(request: &Request) -> Result<T, AdminFailure> {
    let bytes = match &request.body {
        Body::TooLarge => {
            return Err(OAuthError::new(
                Code::TooLarge,
                Cause::BodyTooLarge,
                "the request body is too large",
            )
            .into());
        }
        Body::Bytes(bytes) if bytes.is_empty() => b"{}".as_slice(),
        Body::Bytes(bytes) => bytes.as_slice(),
    };
    let content_type = request.headers.content_type.as_deref().unwrap_or("application/json");
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        let description = "the content type has to be application/json";
        return Err(OAuthError::new(Code::InvalidRequest, Cause::ContentType, description).into());
    }
    let text = core::str::from_utf8(bytes)
        .map_err(|_| AdminFailure::refused(400, "invalid_request", "the JSON body is not UTF-8"))?;
    json::from_str(text).map_err(|error| {
        AdminFailure::refused(400, "invalid_request", format!("the JSON body is not as expected: {error}"))
    })
}

/// Makes a response of `status` with `value` as its JSON body.
pub(super) fn write(status: u16, value: &impl Serialize) -> Result<Response, AdminFailure> {
    let body = to_json(value)?;
    Ok(Response::json_no_store(status, body))
}
