//! Errors at endpoints that people reach with a browser: a page that says what an error means for them, the detail folded away.
//!
//! Errors for programs are made by `http::error`; the page itself is `pages::error`.

use crate::protocol::config::theme::Theme;
use crate::protocol::http::Response;
use crate::protocol::http::error::{Cause, Code, Failure, OAuthError};
use crate::protocol::pages::{ErrorPage, Trouble};
use crate::protocol::server::Server;
use crate::protocol::server::ports::Platform;
use crate::protocol::server::request::RequestContext;

/// Headers of an answer for programs that a page in its place keeps.
const KEPT: [&str; 3] = ["allow", "www-authenticate", "x-request-id"];

/// Makes the page that tells a person of a failure.
pub(crate) async fn error_page<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    failure: Failure,
) -> Response {
    let theme = match server.snapshot(context.now).await {
        Ok(snapshot) => snapshot.branding.clone(),
        Err(_) => Theme::default(),
    };
    let page = page(server, context, &theme, &failure);
    let retry_after = failure.code().retry_after();
    let _ = context.fail(server.issuer.as_str(), failure);
    match retry_after {
        Some(seconds) => page.with("retry-after", seconds),
        None => page,
    }
}

/// Puts a page in the place of an error for programs, where a browser asked for a page.
pub(crate) async fn instead<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    response: Response,
) -> Response {
    let is_error =
        response.status >= 400 && response.header("content-type").is_some_and(|kind| kind.contains("json"));
    if !context.request.wants_page() || !is_error {
        return response;
    }
    let noted = context.failure.borrow().clone();
    let Some(failure) = noted else { return response };
    let kept = response.headers.into_iter().filter(|(name, _)| KEPT.contains(name));
    let mut page = error_page(server, context, failure).await;
    page.headers.extend(kept);
    page
}

fn page<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    theme: &Theme,
    failure: &Failure,
) -> Response {
    let code = failure.code();
    let (error, status) = code.wire();
    let (description, cause) = match failure {
        Failure::OAuth(OAuthError { description, cause, .. }) => (description.as_str(), Some(*cause)),
        Failure::Server(_) => ("the server failed; the request id finds the cause in its log", None),
    };
    let refused = context.refused_uri.borrow();
    ErrorPage {
        base: server.issuer.path(),
        theme,
        status,
        trouble: trouble(code, cause),
        error,
        description,
        received: refused.as_ref().map(|refused| refused.shown.as_str()),
        request_id: &context.id,
    }
    .render()
}

/// What a failure means for the person at the browser.
fn trouble(code: Code, cause: Option<Cause>) -> Trouble {
    match (code, cause) {
        (_, Some(Cause::LinkInvalid)) => Trouble::DeadLink,
        (_, Some(Cause::FlowExpired | Cause::CsrfMismatch | Cause::RequestUriUnknown)) => Trouble::TooOld,
        (
            _,
            Some(
                Cause::RedirectUriUnregistered
                | Cause::RedirectUriMissing
                | Cause::LogoutRedirectUnregistered
                | Cause::LogoutClientMissing
                | Cause::ClientUnknown
                | Cause::ClientIdForged
                | Cause::ClientLookupsExhausted
                | Cause::ClientDisabled,
            ),
        ) => Trouble::WrongApplication,
        (Code::NotFound, _) => Trouble::NoPage,
        (Code::MethodNotAllowed | Code::TokenMissing | Code::InvalidToken | Code::InsufficientScope, _) => {
            Trouble::ForPrograms
        }
        (Code::AccessDenied | Code::Forbidden, _) => Trouble::NotAllowed,
        (Code::TooManyRequests, _) => Trouble::TooMany,
        (Code::ServerError | Code::TemporarilyUnavailable, _) => Trouble::Ours,
        _ => Trouble::Other,
    }
}
