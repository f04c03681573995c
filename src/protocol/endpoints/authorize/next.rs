//! What comes next for a flow: log in, make an account, choose, consent, or the answer. One place decides it, for the first request and after
//! every page.

use futures_util::future::FutureExt as _;

use super::answer;
use super::flow::{Flow, Shown};
use super::par;
use crate::protocol::codec::uri::Uri;
use crate::protocol::config::CODE_LIFETIME;
use crate::protocol::config::redirect_uri::RegisteredRedirectUri;
use crate::protocol::config::registered_client::Client;
use crate::protocol::endpoints::authorize::interaction::{Interaction, interaction, stale};
use crate::protocol::endpoints::authorize::sign_up_page::sign_up_page;
use crate::protocol::endpoints::browser::Browser;
use crate::protocol::endpoints::consent_groups::consent_groups;
use crate::protocol::endpoints::error_page::error_page;
use crate::protocol::endpoints::paths::{CONSENT, SELECT};
use crate::protocol::http::Response;
use crate::protocol::http::error::{Cause, Code, Failure, OAuthError};
use crate::protocol::model::id::Id;
use crate::protocol::model::scope::{ScopeSet, is_of_admin};
use crate::protocol::model::time::Timestamp;
use crate::protocol::objects::subject::SessionState;
use crate::protocol::pages::{ConsentPage, SelectAccountPage, SignUpProblem};
use crate::protocol::server::Server;
use crate::protocol::server::ports::Platform;
use crate::protocol::server::request::RequestContext;
use crate::protocol::tokens::authorization_code::AuthorizationCode;

/// The next step of a flow.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    /// The sign-in page: nobody is logged in, or nobody whom the request accepts.
    LogIn,
    /// The sign-up page: the person wants an account.
    SignUp,
    /// The page for choosing an account.
    Select,
    /// The consent page.
    Consent,
    /// No page: the client gets its code.
    Done,
    /// A page is needed and none may be shown.
    Refuse(Code, Cause),
}

/// The user who is logged in: the session, and the `sub` by which the client knows them.
#[derive(Clone, Copy)]
struct SignedIn<'a> {
    state: &'a SessionState,
    sid: Id,
    sub: &'a str,
}

/// Decides the next step. `consented` is whether the person at the browser just said yes.
fn next(
    (flow, asks_for): (&Flow, &ScopeSet),
    client: &Client,
    session: Option<SignedIn<'_>>,
    consented: bool,
    now: Timestamp,
) -> Step {
    let refuse_login = Step::Refuse(Code::LoginRequired, Cause::LoginRequired);
    let just_now = session.is_some_and(|known| flow.login == Some(known.sid));
    if flow.prompt.create && !just_now {
        return Step::SignUp;
    }
    let Some(SignedIn { state, sub, .. }) = session else {
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
    let covered = asks_for.is_subset(&state.consented) || client.first_party;
    let silent = covered && !flow.prompt.consent && !anybody_may_listen(flow, client);
    if consented || silent {
        return Step::Done;
    }
    if flow.prompt.none { Step::Refuse(Code::ConsentRequired, Cause::ConsentRequired) } else { Step::Consent }
}

/// RFC 8252 §8.6: nothing tells a public client on a loopback address or a scheme of its own from another program that
/// uses its `client_id` there. Whatever it was permitted before, the person sees that something asks.
fn anybody_may_listen(flow: &Flow, client: &Client) -> bool {
    (client.is_public() || client.has_document()) && !flow.redirect_uri.starts_with("https://")
}

/// Whether only a program on the person's own computer gets what is sent there.
fn is_loopback(redirect_uri: &str) -> bool {
    Uri::split(redirect_uri).is_some_and(|uri| uri.is_loopback())
}

/// Takes the first step, right after the request has been checked.
pub(super) async fn begin<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    browser: Browser,
    flow: Flow,
) -> Response {
    let interaction = match interaction(server, context, browser, flow).await {
        Ok(interaction) => interaction,
        Err(failure) => return error_page(server, context, failure).await,
    };
    let session =
        interaction.browser.session_state(server, context, Some(&interaction.client.client_id)).await;
    match session {
        Ok(session) => proceed(interaction, session, false).await,
        Err(error) => error_page(server, context, error.into()).await,
    }
}

/// Shows the next page or answers the client.
pub(super) async fn proceed<P: Platform>(
    mut interaction: Interaction<'_, P>,
    session: Option<SessionState>,
    consented: bool,
) -> Response {
    // With prompt=none nobody is to see anything, and the answer is all that the client learns.
    let early = session.is_none() && !interaction.flow.prompt.none;
    match step(&mut interaction, session, consented).await {
        Ok(response) => interaction.browser.remember(interaction.server, response),
        Err(failure) => {
            let Interaction { server, context, flow, .. } = &interaction;
            let target = flow.return_to();
            if early && target.needs_a_person() {
                return error_page(server, context, failure).boxed_local().await;
            }
            answer::redirect_error(server, context, &target, failure)
        }
    }
}

async fn step<P: Platform>(
    interaction: &mut Interaction<'_, P>,
    mut session: Option<SessionState>,
    consented: bool,
) -> Result<Response, Failure> {
    let now = interaction.context.now;
    // What somebody permitted a client that had this id before is no word about this one.
    if let Some(state) = &mut session
        && !(interaction.remembers(state)
            && interaction.server.is_current(&interaction.client, state.consented_to, now).await?)
    {
        state.consented = ScopeSet::default();
    }
    if let Some(state) = &session {
        interaction.meet(state.user.id).await?;
    }
    let keyring = interaction.server.any_keyring(now).await?;
    let sub = session.as_ref().map(|state| state.user.id.at(&interaction.client, &keyring.derived));
    let sid = interaction.browser.session.as_ref().map(|cookie| cookie.sid);
    let known = session.as_ref().zip(sid).zip(sub.as_deref());
    let known = known.map(|((state, sid), sub)| SignedIn { state, sid, sub });
    let asked = (&interaction.flow, &interaction.asks_for());
    match (next(asked, &interaction.client, known, consented, now), session) {
        (Step::Done | Step::Consent, Some(_)) if interaction.is_beyond_role() => {
            Err(no_administrator().into())
        }
        (Step::Done, Some(state)) => interaction.code(&state).await,
        (Step::Consent, Some(state)) => interaction.consent_page(&state).await,
        (Step::Select, Some(state)) => interaction.select_page(&state).await,
        (Step::SignUp, _) => {
            sign_up_page(interaction, None, interaction.problem.map(|_| SignUpProblem::PageExpired)).await
        }
        (Step::Refuse(code, cause), _) => {
            Err(OAuthError::new(code, cause, "the person has to act, and prompt=none forbids asking").into())
        }
        (Step::LogIn | Step::Done | Step::Consent | Step::Select, _) => interaction.login_page(None).await,
    }
}

fn no_administrator() -> OAuthError {
    let description = "this account is no administrator of this server, or not for what was asked";
    OAuthError::new(Code::AccessDenied, Cause::NoAdministrator, description)
}

impl<P: Platform> Interaction<'_, P> {
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
            scopes: self.scopes.clone(),
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

    async fn select_page(&self, state: &SessionState) -> Result<Response, Failure> {
        let page = self.page(SELECT, |target| {
            let (base, theme) = (self.server.issuer.path(), &self.snapshot.branding);
            SelectAccountPage {
                base,
                theme,
                client: Some(self.client_face()),
                target,
                account: &state.user.login,
            }
            .render()
        });
        Ok(page.await?)
    }

    async fn consent_page(&self, state: &SessionState) -> Result<Response, Failure> {
        let redirect = RegisteredRedirectUri::of(&self.client, Some(&self.flow.redirect_uri));
        let shown = Shown { account: state.user.id, scopes: self.scopes.clone() };
        let shown = Some(shown).filter(|_| self.flow.scopes.iter().any(is_of_admin));
        let flow = Flow { shown, document: self.document(), ..self.flow.clone() };
        let page = self.page_of(&flow, CONSENT, |target| {
            ConsentPage {
                base: self.server.issuer.path(),
                theme: &self.snapshot.branding,
                client: self.client_face(),
                target,
                account: &state.user.login,
                groups: consent_groups(&self.snapshot, &self.asks_for(), &self.scopes),
                redirect_host: redirect.as_ref().map(RegisteredRedirectUri::host).unwrap_or_default(),
                to_app: redirect.as_ref().is_some_and(|uri| uri.app_scheme().is_some()),
                to_own_computer: is_loopback(&self.flow.redirect_uri),
            }
            .render()
        });
        Ok(page.await?)
    }
}
