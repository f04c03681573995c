//! The way of a request in and of its answer out: one route, one log line.

use crate::protocol::endpoints::paths::{
    ACCOUNT, AUTHORIZE, BC_AUTHORIZE, CONSENT, DEVICE, DEVICE_AUTHORIZATION, FAVICON, INTROSPECT, JWKS,
    LOGIN, LOGOUT, PAR, PASSWORD, REGISTER, REVOKE, SCRIPT, SELECT, SIGN_UP, STYLE, TOKEN, USERINFO,
};
use crate::protocol::server::answer::method_not_allowed;
use futures_util::future::FutureExt as _;

use super::admin;
use super::config::LoggedRequests;
use super::endpoints::arrival::{self, Misplaced};
use super::endpoints::{
    account, assets, authorize, bc_authorize, device, device_authorization, introspect, jwks, logout,
    metadata, register, resource_metadata, revoke, sign_up, token, userinfo, visit,
};
use super::federation::settle;
use super::http::error::{Cause, Code, OAuthError};
use super::http::{Method, Request, Response};
use super::server::Server;
use super::server::ports::Platform;
use super::server::request::RequestContext;

impl<P: Platform> Server<P> {
    /// Answers one request; never fails and never panics. Writes one log line, unless the configuration says for failures only.
    pub async fn handle(&self, request: &Request) -> Response {
        let is_head = request.method == Method::Head;
        let as_get;
        let request = if is_head {
            as_get = request.as_get();
            &as_get
        } else {
            request
        };
        let context = RequestContext::new(request, &self.platform);
        let mut response = route(self, &context).await;
        if self.logs(&context) {
            self.platform.log(&context.line(&response));
        }
        if is_head {
            response.body.clear();
        }
        response
    }

    /// Whether the request has a line in the log. Every one has until the configuration is known.
    fn logs(&self, context: &RequestContext<'_>) -> bool {
        let snapshot = self.known_snapshot(context.now);
        let only_failures = snapshot.is_some_and(|known| known.log.requests == LoggedRequests::Failures);
        !only_failures || context.is_worth_a_line()
    }
}

/// Sends a request to its endpoint. All but the token endpoint are boxed: they would make the state machine of every
/// token request twenty times as large, and a cold isolate compiles it before it answers.
async fn route<P: Platform>(server: &Server<P>, context: &RequestContext<'_>) -> Response {
    if let Some(misplaced) = Misplaced::of(&server.issuer, context.request.arrival) {
        return arrival::refuse(server, context, misplaced);
    }
    let response = match context.request.path.strip_prefix(server.issuer.path()) {
        Some(TOKEN) if !context.request.wants_page() => token::serve(server, context).await,
        below => elsewhere(server, context, below).boxed_local().await,
    };
    if context.one_time.borrow().is_empty() {
        return response;
    }
    settle(server, context, response).boxed_local().await
}

/// Any endpoint but the token endpoint; `below` is the path below the issuer, if it is there. Browsers get pages.
async fn elsewhere<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    below: Option<&str>,
) -> Response {
    let response = serve(server, context, below).boxed_local().await;
    arrival::with_hsts(server, super::endpoints::error_page::instead(server, context, response).await)
}

async fn serve<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    below: Option<&str>,
) -> Response {
    if let Some(document) = metadata::Document::at(&server.issuer, &context.request.path) {
        return metadata::serve(server, context, document).await;
    }
    let is_front_door = visit::is_root(below) && context.request.wants_page();
    if is_front_door || visit::is_change_password(&server.issuer, &context.request.path) {
        return visit::to_account(server);
    }
    match below {
        Some(TOKEN) => method_not_allowed(server, context, "POST, OPTIONS"),
        Some(JWKS) => jwks::serve(server, context).await,
        Some(AUTHORIZE) => authorize::serve(server, context).boxed_local().await,
        Some(PAR) => authorize::par::serve(server, context).boxed_local().await,
        Some(BC_AUTHORIZE) => bc_authorize::serve(server, context).boxed_local().await,
        Some(DEVICE_AUTHORIZATION) => device_authorization::serve(server, context).boxed_local().await,
        Some(DEVICE) => device::serve(server, context).boxed_local().await,
        Some(form @ (LOGIN | SELECT | CONSENT)) => {
            authorize::forms::serve(server, context, form).boxed_local().await
        }
        Some(SIGN_UP) => sign_up::serve(server, context).boxed_local().await,
        Some(PASSWORD) => sign_up::serve_link(server, context).boxed_local().await,
        Some(ACCOUNT) => account::serve(server, context).boxed_local().await,
        Some(REGISTER) => register::serve(server, context).boxed_local().await,
        Some(USERINFO) => userinfo::serve(server, context).boxed_local().await,
        Some(INTROSPECT) => introspect::serve(server, context).boxed_local().await,
        Some(REVOKE) => revoke::serve(server, context).boxed_local().await,
        Some(LOGOUT) => logout::serve(server, context).boxed_local().await,
        Some(STYLE) => assets::style(server, context).await,
        Some(SCRIPT) => assets::script(server, context),
        _ if context.request.path == FAVICON || below == Some(FAVICON) => assets::favicon(server, context),
        Some(rest) if rest.starts_with(admin::PREFIX) => {
            let path = rest.get(admin::PREFIX.len()..).unwrap_or_default();
            admin::serve(server, context, path).boxed_local().await
        }
        _ if resource_metadata::is_it(&context.request.path) => {
            resource_metadata::serve(server, context).boxed_local().await
        }
        _ if metadata::is_well_known(&server.issuer, &context.request.path) => {
            metadata::missing(server, context)
        }
        _ => {
            let error = OAuthError::new(Code::NotFound, Cause::PathUnknown, "nothing is served at this path");
            context.fail(server.issuer.as_str(), error.into())
        }
    }
}
