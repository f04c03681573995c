//! Requests that came a way they must not: in plain http to an https issuer, or from afar to one on a loopback address.
//!
//! What the platform's own URL of the request says counts; no forwarding header is believed. An https issuer takes plain http
//! from this very machine, where a proxy may have ended TLS.

use crate::protocol::config::theme::Theme;
use crate::protocol::http::error::{Cause, Code, OAuthError, ServerError, error_response};
use crate::protocol::http::{Arrival, Request, Response};
use crate::protocol::model::issuer::Issuer;
use crate::protocol::pages::{ErrorPage, Trouble};
use crate::protocol::server::Server;
use crate::protocol::server::ports::Platform;
use crate::protocol::server::request::RequestContext;

/// How long browsers remember that there is https only, in seconds: a year.
const HSTS: &str = "max-age=31536000";
const SET_THE_ISSUER: &str = "ISSUER is a loopback address, and this request came from elsewhere: set ISSUER to the public https URL of this deployment";

/// What is wrong with the way a request came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Misplaced {
    /// Anybody on the way could have read it.
    PlainHttp,
    /// The deployment has the issuer that is meant for trying things out on one machine.
    LoopbackIssuer,
}

impl Misplaced {
    /// Judges how a request came. `None` if nothing is wrong, or nothing is known.
    pub(crate) fn of(issuer: &Issuer, arrival: Option<Arrival>) -> Option<Self> {
        let Arrival { https, loopback } = arrival?;
        if issuer.is_https() {
            return (!https && !loopback).then_some(Self::PlainHttp);
        }
        (!loopback).then_some(Self::LoopbackIssuer)
    }
}

/// Answers such a request: browsers are sent to https, programs are refused.
pub(crate) fn refuse<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    misplaced: Misplaced,
) -> Response {
    match misplaced {
        Misplaced::LoopbackIssuer => not_set_up(server, context),
        Misplaced::PlainHttp => {
            let description =
                "this server is reached over https only; what was sent went over the network in plain";
            let error = OAuthError::new(Code::InvalidRequest, Cause::PlainHttp, description);
            let refusal = context.fail(server.issuer.as_str(), error.into());
            if context.request.wants_page() { to_https(server, context) } else { refusal }
        }
    }
}

fn to_https<P: Platform>(server: &Server<P>, context: &RequestContext<'_>) -> Response {
    let query = context.request.query.as_ref().map(|query| format!("?{query}")).unwrap_or_default();
    let location = format!("{}{}{query}", server.issuer.origin(), context.request.path);
    Response::empty(308).with("location", location).with("referrer-policy", "no-referrer")
}

/// Reads nothing that is stored: under a wrong issuer nothing may come into being.
fn not_set_up<P: Platform>(server: &Server<P>, context: &RequestContext<'_>) -> Response {
    let _ = context.fail(server.issuer.as_str(), ServerError::internal(SET_THE_ISSUER).into());
    answer(context.request, (server.issuer.as_str(), server.issuer.path()), SET_THE_ISSUER, &context.id)
}

/// The answer of a deployment that can't even tell its issuer.
pub fn not_configured(request: &Request) -> Response {
    answer(request, ("mintedge", ""), "the server is not configured; its log says why", "none")
}

fn answer(
    request: &Request,
    (realm, base): (&str, &str),
    description: &'static str,
    request_id: &str,
) -> Response {
    if !request.wants_page() {
        return error_response(Code::ServerError, description, realm, request_id);
    }
    let (error, status) = Code::ServerError.wire();
    let (trouble, theme, received) = (Trouble::NotSetUp, &Theme::default(), None);
    ErrorPage { base, theme, status, trouble, error, description, received, request_id }.render()
}

/// Tells browsers to come over https only, where the issuer is on the web. On a loopback address it would shut out
/// everything else on that machine.
pub(crate) fn with_hsts<P: Platform>(server: &Server<P>, response: Response) -> Response {
    if server.issuer.is_https() && !server.issuer.is_loopback() {
        return response.with("strict-transport-security", HSTS);
    }
    response
}
