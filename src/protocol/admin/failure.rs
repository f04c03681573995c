//! Failures of the admin API: with a status, a code and an explanation of their own, because the caller is an administrator.
//!
//! What other endpoints can fail with keeps the code that `http::error` gives it.

use serde::Serialize;

use crate::protocol::http::Response;
use crate::protocol::http::description::cleaned;
use crate::protocol::http::error::{Cause, Code, Failure, OAuthError, ServerError};
use crate::protocol::objects::control::ControlRefusal;
use crate::protocol::server::request::RequestContext;
use crate::protocol::state::client::MAX_LIVE_SECRETS;
use crate::protocol::state::roots::MOST;
use crate::protocol::validate::Problem;

/// Why an operation of the admin API did not happen.
#[derive(Debug)]
pub(crate) enum AdminFailure {
    /// A refusal or failure that other endpoints have too.
    Protocol(Failure),
    /// The token lacks a scope, of which this one would do (RFC 6750 §3.1).
    ScopeMissing(&'static str),
    /// A refusal of this API: HTTP status, code, explanation, and what is wrong with a configuration.
    Refused { status: u16, error: &'static str, description: String, problems: Vec<Problem> },
}

impl AdminFailure {
    pub(super) fn refused(status: u16, error: &'static str, description: impl Into<String>) -> Self {
        Self::Refused { status, error, description: description.into(), problems: Vec::new() }
    }

    pub(super) fn scope_missing(scope: &'static str) -> Self {
        Self::ScopeMissing(scope)
    }

    pub(super) fn not_found(description: &str) -> Self {
        Self::refused(404, "not_found", description)
    }

    /// Makes the response, with a `WWW-Authenticate` header for `realm` where the status needs one.
    pub(super) fn respond(self, realm: &str, context: &RequestContext<'_>) -> Response {
        let (status, error, description, problems) = match self {
            Self::Protocol(failure) => return context.fail(realm, failure),
            Self::ScopeMissing(scope) => return scope_missing(scope, realm, context),
            Self::Refused { status, error, description, problems } => (status, error, description, problems),
        };
        context.refused.set(Some(error));
        let description = cleaned(&description);
        let body =
            Wire { error, error_description: &description, request_id: &context.id, problems: &problems };
        let body = serde_json::to_string(&body).unwrap_or_default();
        Response::json_no_store(status, body).with("x-request-id", context.id.clone())
    }
}

/// The refusal of a token without the scope; the challenge names one that would do.
fn scope_missing(scope: &str, realm: &str, context: &RequestContext<'_>) -> Response {
    let description = "the access token lacks the scope for this operation";
    let error = OAuthError::new(Code::InsufficientScope, Cause::BearerScope, description);
    let mut response = context.fail(realm, error.into());
    if let Some((_, challenge)) = response.headers.iter_mut().find(|(name, _)| *name == "www-authenticate") {
        *challenge = format!("{challenge}, scope=\"{scope}\"").into();
    }
    response
}

#[derive(Serialize)]
struct Wire<'a> {
    error: &'a str,
    error_description: &'a str,
    request_id: &'a str,
    #[serde(skip_serializing_if = "<[Problem]>::is_empty")]
    problems: &'a [Problem],
}

impl From<OAuthError> for AdminFailure {
    fn from(error: OAuthError) -> Self {
        Self::Protocol(error.into())
    }
}

impl From<Failure> for AdminFailure {
    fn from(failure: Failure) -> Self {
        Self::Protocol(failure)
    }
}

impl From<ServerError> for AdminFailure {
    fn from(error: ServerError) -> Self {
        Self::Protocol(error.into())
    }
}

impl From<ControlRefusal> for AdminFailure {
    fn from(refusal: ControlRefusal) -> Self {
        match refusal {
            ControlRefusal::NotFound => Self::not_found("there is no such client, secret or key"),
            ControlRefusal::AlreadyExists => Self::refused(409, "already_exists", "the client id is taken"),
            ControlRefusal::VersionConflict { current } => Self::refused(
                412,
                "version_conflict",
                format!(
                    "somebody else applied a configuration in between; the version is now {current}: plan again"
                ),
            ),
            ControlRefusal::ManagedByConfig => Self::refused(
                409,
                "managed_by_config",
                "the client belongs to the configuration file; change it there and apply",
            ),
            ControlRefusal::PublicClient => {
                Self::refused(409, "public_client", "a public client has no secrets")
            }
            ControlRefusal::NoSecrets => {
                Self::refused(409, "no_secrets", "the client authenticates without a secret, and has none")
            }
            ControlRefusal::TooManySecrets => Self::refused(
                409,
                "too_many_secrets",
                format!("the client has {MAX_LIVE_SECRETS} live secrets already; end one first"),
            ),
            ControlRefusal::TooManyRoots => Self::refused(
                409,
                "too_many_roots",
                format!("there are {MOST} generations of the root secret already; retire old ones first"),
            ),
            ControlRefusal::Invalid(problems) => Self::Refused {
                status: 422,
                error: "invalid_config",
                description: "the input is not valid; `problems` says where and why".to_owned(),
                problems,
            },
        }
    }
}
