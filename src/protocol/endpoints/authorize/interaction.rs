//! What comes next for a flow: log in, make an account, choose, consent, or the answer. One place decides it, for the first request and after
//! every page.

use super::answer;
use super::browser::Browser;
use super::flow::Flow;
use super::par;
use super::stale;
use crate::protocol::config::CODE_LIFETIME;
use crate::protocol::config::redirect_uri::RegisteredRedirectUri;
use crate::protocol::config::registered_client::Client;
use crate::protocol::config::snapshot::Snapshot;
use crate::protocol::http::Response;
use crate::protocol::http::error::{Cause, Code, Failure, OAuthError, ServerError};
use crate::protocol::keys::sealed::{FLOW_PREFIX, seal};
use crate::protocol::model::id::Id;
use crate::protocol::model::scope::{ScopeSet, USER_SCOPES};
use crate::protocol::model::time::Timestamp;
use crate::protocol::objects::subject::SessionState;
use crate::protocol::pages::{
    ClientFace, ConsentGroup, ConsentPage, ConsentScope, FormTarget, LoginPage, LoginProblem,
    SelectAccountPage, SignUpProblem,
};
use crate::protocol::server::Server;
use crate::protocol::server::lookup::Found;
use crate::protocol::server::ports::Platform;
use crate::protocol::server::request::RequestContext;
use crate::protocol::tokens::authorization_code::AuthorizationCode;
use std::rc::Rc;

/// What has to happen next.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    /// Nobody who would do is logged in.
    LogIn,
    /// The person wants an account.
    SignUp,
    /// The person has to say which account.
    Select,
    /// The person has to say yes.
    Consent,
    /// Nothing: the code.
    Done,
    /// A page is needed and none may be shown.
    Refuse(Code, Cause),
}

/// Who is logged in: the session, and how the client knows its person.
#[derive(Clone, Copy)]
struct Known<'a> {
    state: &'a SessionState,
    sid: Id,
    sub: &'a str,
}

/// Decides; `consented` is whether the person just said yes.
fn next(flow: &Flow, client: &Client, session: Option<Known<'_>>, consented: bool, now: Timestamp) -> Step {
    let refuse_login = Step::Refuse(Code::LoginRequired, Cause::LoginRequired);
    let just_now = session.is_some_and(|known| flow.login == Some(known.sid));
    if flow.prompt.create && !just_now {
        return Step::SignUp;
    }
    let Some(Known { state, sub, .. }) = session else {
        return if flow.prompt.none { refuse_login } else { Step::LogIn };
    };
    let auth_time = state.session.auth.auth_time;
    let too_old = flow.max_age.is_some_and(|max_age| now.since(auth_time) > max_age || max_age == 0);
    let other = flow.expected_sub.as_deref().is_some_and(|expected| expected != sub);
    if !just_now && (flow.prompt.login || too_old || other) {
        return if flow.prompt.none { refuse_login } else { Step::LogIn };
    }
    if other {
        return refuse_login;
    }
    if flow.prompt.select_account && !flow.selected && !just_now {
        return Step::Select;
    }
    let covered = flow.asks_for().is_subset(&state.consented) || client.first_party;
    let silent = covered && !flow.prompt.consent && !anybody_may_listen(flow, client);
    if consented || silent {
        return Step::Done;
    }
    if flow.prompt.none { Step::Refuse(Code::ConsentRequired, Cause::ConsentRequired) } else { Step::Consent }
}

/// RFC 8252 §8.6: nothing tells a public client on a loopback address or a scheme of its own from another program that
/// uses its `client_id` there. Whatever it was permitted before, the person sees that something asks.
fn anybody_may_listen(flow: &Flow, client: &Client) -> bool {
    client.is_public() && !flow.redirect_uri.starts_with("https://")
}

/// Everything a page needs.
pub(super) struct Scene<'a, P> {
    pub(super) server: &'a Server<P>,
    pub(super) context: &'a RequestContext<'a>,
    pub(super) browser: Browser,
    pub(super) client: Rc<Client>,
    pub(super) snapshot: Rc<Snapshot>,
    pub(super) flow: Flow,
    /// Why the login page is shown, if it is not for the first time.
    pub(super) problem: Option<LoginProblem>,
    /// The name that somebody has typed there.
    pub(super) username: Option<String>,
}

/// Longest name that is written into a form again, in bytes.
pub(crate) const MAX_USERNAME: usize = 320;

/// Goes on after the request itself.
pub(super) async fn begin<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    browser: Browser,
    flow: Flow,
) -> Response {
    let scene = match scene(server, context, browser, flow).await {
        Ok(scene) => scene,
        Err(failure) => return super::error_page(server, context, failure).await,
    };
    let session = scene.browser.session_state(server, context, Some(&scene.client.client_id)).await;
    match session {
        Ok(session) => proceed(scene, session, false).await,
        Err(error) => super::error_page(server, context, error.into()).await,
    }
}

pub(super) async fn scene<'a, P: Platform>(
    server: &'a Server<P>,
    context: &'a RequestContext<'a>,
    browser: Browser,
    flow: Flow,
) -> Result<Scene<'a, P>, Failure> {
    let Found::Client(client) = server.client(&flow.client_id, context.now).await? else {
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
    Ok(Scene { server, context, browser, client, snapshot, flow, problem: None, username: None })
}

/// Shows the next page or answers the client.
pub(super) async fn proceed<P: Platform>(
    scene: Scene<'_, P>,
    session: Option<SessionState>,
    consented: bool,
) -> Response {
    match step(&scene, session, consented).await {
        Ok(response) => scene.browser.remember(scene.server, response),
        Err(failure) => answer::redirect_error(scene.server, scene.context, &scene.flow.return_to(), failure),
    }
}

async fn step<P: Platform>(
    scene: &Scene<'_, P>,
    mut session: Option<SessionState>,
    consented: bool,
) -> Result<Response, Failure> {
    let now = scene.context.now;
    // What somebody permitted a client that had this id before is no word about this one.
    if let Some(state) = &mut session
        && !scene.server.is_current(&scene.client, state.consented_to, now).await?
    {
        state.consented = ScopeSet::default();
    }
    let keyring = scene.server.any_keyring(now).await?;
    let sub = session.as_ref().map(|state| state.user.id.at(&scene.client, &keyring.derived));
    let sid = scene.browser.session.as_ref().map(|cookie| cookie.sid);
    let known = session.as_ref().zip(sid).zip(sub.as_deref());
    let known = known.map(|((state, sid), sub)| Known { state, sid, sub });
    match (next(&scene.flow, &scene.client, known, consented, now), session) {
        (Step::Done, Some(state)) => scene.code(&state).await,
        (Step::Consent, Some(state)) => scene.consent_page(&state).await,
        (Step::Select, Some(state)) => scene.select_page(&state).await,
        (Step::SignUp, _) => {
            super::sign_up::page(scene, None, scene.problem.map(|_| SignUpProblem::PageExpired)).await
        }
        (Step::Refuse(code, cause), _) => {
            Err(OAuthError::new(code, cause, "the person has to act, and prompt=none forbids asking").into())
        }
        (Step::LogIn | Step::Done | Step::Consent | Step::Select, _) => scene.login_page(None).await,
    }
}

impl<P: Platform> Scene<'_, P> {
    async fn code(&self, state: &SessionState) -> Result<Response, Failure> {
        let Self { server, context, flow, .. } = self;
        let Some(cookie) = &self.browser.session else { return Err(stale(Cause::SessionEnded).into()) };
        if let Some(pushed) = &flow.pushed {
            par::take(server, context, pushed).await?;
        }
        let code = AuthorizationCode {
            id: Id::generate(&server.platform),
            expires_at: context.now.plus(CODE_LIFETIME),
            owner: state.user.id,
            sid: cookie.sid,
            auth: state.session.auth.clone(),
            client_id: flow.client_id.clone(),
            incarnation: flow.incarnation,
            redirect_uri: flow.redirect_uri.clone(),
            redirect_uri_sent: flow.redirect_uri_sent,
            scopes: flow.scopes.clone(),
            resources: flow.resources.clone(),
            nonce: flow.nonce.clone(),
            code_challenge: flow.code_challenge.clone(),
            removed_at: state.removed_at,
            password_epoch: state.user.password_epoch,
            claims: flow.claims.clone(),
            proof: None,
        };
        let code = code.proven_by(&state.session)?;
        Ok(answer::code(server, context, &flow.return_to(), &code).await?)
    }

    /// The flow, sealed, and the proof that goes with it.
    async fn sealed(&self) -> Result<(String, String), ServerError> {
        let flow = self.sealed_flow(&self.flow).await?;
        let csrf = self.browser.csrf(self.server, self.context, &flow).await?;
        Ok((flow, csrf))
    }

    /// `flow`, sealed, for a link to another page.
    pub(super) async fn sealed_flow(&self, flow: &Flow) -> Result<String, ServerError> {
        let keyring = self.server.any_keyring(self.context.now).await?;
        seal(&keyring.derived.flow, FLOW_PREFIX, flow, &self.server.platform)
    }

    pub(super) fn face(&self) -> ClientFace<'_> {
        face(&self.client)
    }

    /// Shows a page made by `render`, whose form leads to `path`.
    pub(super) async fn page(
        &self,
        path: &str,
        render: impl FnOnce(FormTarget<'_>) -> Response,
    ) -> Result<Response, ServerError> {
        let (flow, csrf) = self.sealed().await?;
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
        let open = self.snapshot.login.sign_up == crate::protocol::config::SignUp::Open;
        let sign_up = if open {
            Some(format!("{base}/sign-up?flow={}", self.sealed_flow(&self.flow).await?))
        } else {
            None
        };
        let page = self.page(super::forms::LOGIN, |target| {
            let typed = self.username.as_deref().filter(|name| name.len() <= MAX_USERNAME);
            let login_hint = typed.or(self.flow.login_hint.as_deref());
            let problem = problem.or(self.problem);
            let (theme, client) = (&self.snapshot.branding, Some(self.face()));
            let sign_up_uri = sign_up.as_deref();
            LoginPage { base, theme, client, target, login_hint, problem, sign_up_uri, cancel: true }.render()
        });
        Ok(page.await?)
    }

    async fn select_page(&self, state: &SessionState) -> Result<Response, Failure> {
        let page = self.page(super::forms::SELECT, |target| {
            let (base, theme) = (self.server.issuer.path(), &self.snapshot.branding);
            SelectAccountPage { base, theme, client: Some(self.face()), target, account: &state.user.login }
                .render()
        });
        Ok(page.await?)
    }

    async fn consent_page(&self, state: &SessionState) -> Result<Response, Failure> {
        let redirect = RegisteredRedirectUri::of(&self.client, Some(&self.flow.redirect_uri));
        let page = self.page(super::forms::CONSENT, |target| {
            ConsentPage {
                base: self.server.issuer.path(),
                theme: &self.snapshot.branding,
                client: self.face(),
                target,
                account: &state.user.login,
                groups: self.consent_groups(),
                redirect_host: redirect.as_ref().map(RegisteredRedirectUri::host).unwrap_or_default(),
            }
            .render()
        });
        Ok(page.await?)
    }

    /// The scopes by what they are about: the person, then each resource.
    fn consent_groups(&self) -> Vec<ConsentGroup<'_>> {
        let asked = self.flow.asks_for();
        let about_you = USER_SCOPES.into_iter().filter(|scope| asked.contains(scope)).collect::<Vec<_>>();
        let mut groups = Vec::new();
        if !about_you.is_empty() {
            let scopes =
                about_you.into_iter().map(|scope| ConsentScope { scope, description: None }).collect();
            groups.push(ConsentGroup { resource: None, scopes });
        }
        for resource in &self.snapshot.resources {
            let own = self.flow.scopes.iter().filter(|scope| resource.scopes.contains(scope));
            let description = |scope: &str| resource.scope_descriptions.get(scope).map(String::as_str);
            let scopes: Vec<_> =
                own.map(|scope| ConsentScope { scope, description: description(scope) }).collect();
            if !scopes.is_empty() {
                let name = resource.name.as_deref().unwrap_or(&resource.identifier);
                groups.push(ConsentGroup { resource: Some(name), scopes });
            }
        }
        groups
    }
}

/// What people see of a client.
pub(crate) fn face(client: &Client) -> ClientFace<'_> {
    ClientFace {
        name: client.client_name.as_deref().unwrap_or(&client.client_id),
        logo_uri: client.logo_uri.as_deref(),
        client_uri: client.client_uri.as_deref(),
        policy_uri: client.policy_uri.as_deref(),
        tos_uri: client.tos_uri.as_deref(),
    }
}
