//! An authorization request on its way through this server's pages: its flow, its client, the browser and its session.
//!
//! It is put together once per request, for the first one and for every form, and gives the pages what they show.

use crate::protocol::endpoints::browser::Browser;
use crate::protocol::endpoints::paths::LOGIN;
use std::rc::Rc;

use super::flow::Flow;
use crate::protocol::config::client_document::AskConsent;
use crate::protocol::config::redirect_uri::RegisteredRedirectUri;
use crate::protocol::config::registered_client::Client;
use crate::protocol::config::snapshot::Snapshot;
use crate::protocol::documents::admission::{Admission, admission};
use crate::protocol::documents::read::digest;
use crate::protocol::endpoints::client_face::client_face_at;
use crate::protocol::http::Response;
use crate::protocol::http::error::{Cause, Code, Failure, OAuthError, ServerError};
use crate::protocol::keys::sealed::{FLOW_PREFIX, seal};
use crate::protocol::model::outbound::is_local;
use crate::protocol::model::scope::ScopeSet;
use crate::protocol::model::user_id::UserId;
use crate::protocol::objects::subject::SessionState;
use crate::protocol::pages::{ClientFace, FormTarget, LoginPage, LoginProblem};
use crate::protocol::server::Server;
use crate::protocol::server::lookup::Found;
use crate::protocol::server::ports::Platform;
use crate::protocol::server::request::RequestContext;
use crate::protocol::tokens::roles::is_beyond_role;
use crate::protocol::tokens::user_claims;

/// Everything that a page of the flow needs.
pub(super) struct Interaction<'a, P> {
    pub(super) server: &'a Server<P>,
    pub(super) context: &'a RequestContext<'a>,
    pub(super) browser: Browser,
    pub(super) client: Rc<Client>,
    pub(super) snapshot: Rc<Snapshot>,
    pub(super) flow: Flow,
    /// The scopes that the request asks for, as far as the account that is logged in may have them.
    pub(super) scopes: ScopeSet,
    /// Why the login page is shown, if it is not for the first time.
    pub(super) problem: Option<LoginProblem>,
    /// The login identifier that somebody has typed on the page.
    pub(super) username: Option<String>,
}

/// Longest name that is written into a form again, in bytes.
pub(crate) const MAX_USERNAME: usize = 320;

pub(super) async fn interaction<'a, P: Platform>(
    server: &'a Server<P>,
    context: &'a RequestContext<'a>,
    browser: Browser,
    flow: Flow,
) -> Result<Interaction<'a, P>, Failure> {
    let Found::Client(client) = server.client_named(&flow.client_id, context).await? else {
        return Err(stale(Cause::ClientUnknown).into());
    };
    let still = client.is_enabled() && RegisteredRedirectUri::of(&client, Some(&flow.redirect_uri)).is_some();
    if !still {
        return Err(stale(Cause::RedirectUriUnregistered).into());
    }
    if !server.is_current(&client, flow.incarnation, context.now).await? {
        return Err(stale(Cause::ClientReplaced).into());
    }
    context.note_client(&client.client_id);
    let snapshot = server.snapshot_for(&client, context.now).await?;
    let scopes = flow.scopes.clone();
    Ok(Interaction {
        server,
        context,
        browser,
        client,
        snapshot,
        flow,
        scopes,
        problem: None,
        username: None,
    })
}

impl<P: Platform> Interaction<'_, P> {
    /// Leaves out the scopes of the admin API that `account` may not have, and what a page that it permits did not show. The flow
    /// keeps them, for another account.
    pub(super) async fn meet(&mut self, account: UserId) -> Result<(), ServerError> {
        let scopes = self.server.within_role(account, &self.flow.scopes, self.context.now).await?;
        self.scopes = match &self.flow.shown {
            Some(shown) if shown.account == account => scopes.intersection(&shown.scopes),
            _ => scopes,
        };
        Ok(())
    }

    /// A digest of the client's metadata document, if it has one.
    pub(super) fn document(&self) -> Option<String> {
        self.client.has_document().then(|| digest(&self.client))
    }

    /// Whether what the person permitted once still counts: it was about the same document, and the rule that admits the client
    /// doesn't want them to be asked each time.
    pub(super) fn remembers(&self, state: &SessionState) -> bool {
        let local = is_local(self.server.issuer.as_str());
        let rule = match admission(&self.snapshot.client_documents, &self.client.client_id, local) {
            Admission::Open(rule) | Admission::Ask(rule) if self.client.has_document() => Some(rule),
            _ => None,
        };
        let each_time = rule.is_some_and(|rule| rule.consent == AskConsent::Always);
        !each_time && state.consented_document == self.document()
    }

    /// Whether the request is for administration, and nothing of that is left for the account that is logged in.
    pub(super) fn is_beyond_role(&self) -> bool {
        is_beyond_role(&self.flow.scopes, &self.scopes)
    }

    /// What the person is asked to permit: the scopes, and those that the single claims stand for.
    pub(super) fn asks_for(&self) -> ScopeSet {
        let mut scopes = self.scopes.clone();
        for scope in user_claims::scopes_of(self.flow.claims.as_ref()) {
            scopes.insert(scope);
        }
        scopes
    }

    /// `flow`, sealed, for a link to another page.
    pub(super) async fn sealed_flow(&self, flow: &Flow) -> Result<String, ServerError> {
        let keyring = self.server.any_keyring(self.context.now).await?;
        seal(&keyring.derived.flow, FLOW_PREFIX, flow, &self.server.platform)
    }

    pub(super) fn client_face(&self) -> ClientFace<'_> {
        client_face_at(&self.client, &self.flow.redirect_uri)
    }

    /// Shows a page made by `render`, whose form leads to `path`.
    pub(super) async fn page(
        &self,
        path: &str,
        render: impl FnOnce(FormTarget<'_>) -> Response,
    ) -> Result<Response, ServerError> {
        self.page_of(&self.flow, path, render).await
    }

    /// The same, with `flow` in the form.
    pub(super) async fn page_of(
        &self,
        flow: &Flow,
        path: &str,
        render: impl FnOnce(FormTarget<'_>) -> Response,
    ) -> Result<Response, ServerError> {
        let flow = self.sealed_flow(flow).await?;
        let csrf = self.browser.csrf(self.server, self.context, &flow).await?;
        let action = format!("{}{path}", self.server.issuer.path());
        let redirect = RegisteredRedirectUri::of(&self.client, Some(&self.flow.redirect_uri));
        let form_action = redirect.as_ref().map(RegisteredRedirectUri::form_action);
        Ok(render(FormTarget {
            action: &action,
            flow: &flow,
            csrf: &csrf,
            form_action: form_action.as_deref(),
        }))
    }

    pub(super) async fn login_page(&self, problem: Option<LoginProblem>) -> Result<Response, Failure> {
        if !self.snapshot.login.password {
            let description = "people can't log in here with a password, and there is no other way yet";
            return Err(OAuthError::new(Code::AccessDenied, Cause::PasswordLoginOff, description).into());
        }
        let base = self.server.issuer.path();
        let open = self.snapshot.login.sign_up.is_open();
        let sign_up = if open {
            Some(format!("{base}/sign-up?flow={}", self.sealed_flow(&self.flow).await?))
        } else {
            None
        };
        let page = self.page(LOGIN, |target| {
            let typed = self.username.as_deref().filter(|name| name.len() <= MAX_USERNAME);
            let login_hint = typed.or(self.flow.login_hint.as_deref());
            let problem = problem.or(self.problem);
            let (theme, client) = (&self.snapshot.branding, Some(self.client_face()));
            let sign_up_uri = sign_up.as_deref();
            LoginPage {
                base,
                theme,
                client,
                target,
                login_hint,
                problem,
                sign_up_uri,
                cancel: true,
                connects_device: false,
            }
            .render()
        });
        Ok(page.await?)
    }
}

/// A form that was sent from elsewhere or is too old.
pub(super) fn stale(cause: Cause) -> OAuthError {
    let description =
        "this page is too old or was opened in another browser; go back to the application and try again";
    OAuthError::new(Code::Forbidden, cause, description)
}
