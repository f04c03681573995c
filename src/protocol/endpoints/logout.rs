//! `/logout` (`RP-Initiated Logout 1.0`): ends the browser's session and tells the clients that were used in it.
//!
//! A POST without the session's cookie, which is what another site's POST looks like, becomes a GET: nobody is signed out by a
//! page that they didn't ask to. Only a cookie that was sent is removed, and its session ends with it.
//!
//! With an `id_token_hint` of this very session people are signed out at once; else they are asked. They are sent on only to a
//! `post_logout_redirect_uri` that the hinted or named client has registered. Clients are told through the browser
//! (`Front-Channel Logout 1.0`: frames on the page) and directly (`Back-Channel Logout 1.0`: by the object's alarm, after the
//! answer, with retries; see [`crate::protocol::notices`]).

use crate::protocol::endpoints::browser::Browser;
use crate::protocol::endpoints::client_face::client_face;
use crate::protocol::endpoints::error_page::error_page;
use crate::protocol::endpoints::paths::ACCOUNT;
use crate::protocol::endpoints::paths::LOGOUT;
use crate::protocol::server::answer::method_not_allowed;
use std::rc::Rc;

use serde::{Deserialize, Serialize};

use super::leave::leave;
use crate::protocol::codec::encoding::form_encode;
use crate::protocol::config::registered_client::{Client, ManagedBy};
use crate::protocol::http::cookies::Cookie;
use crate::protocol::http::error::{Cause, Code, Failure, OAuthError, ServerError};
use crate::protocol::http::form::Form;
use crate::protocol::http::{Method, Response};
use crate::protocol::keys::sealed::{FLOW_PREFIX, open, seal};
use crate::protocol::model::time::{DAY, HOUR, Timestamp};
use crate::protocol::objects::subject::{Notice, SessionState, SubjectCommand, SubjectReply};
use crate::protocol::pages::{FormTarget, LogoutPage, SignedOutPage};
use crate::protocol::server::Server;
use crate::protocol::server::lookup::Found;
use crate::protocol::server::ports::Platform;
use crate::protocol::server::request::RequestContext;
use crate::protocol::tokens::subject_name::session_name;
use crate::protocol::tokens::verify::{Hint, Verified, verify_hint};

/// A request to sign out, while the person is asked.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Plan {
    /// Always true; tells the plan from other sealed values.
    logout: bool,
    client_id: Option<String>,
    /// The registered URI that the browser is sent to afterward, with its `state`.
    return_to: Option<String>,
    /// Whether only a link leads there: the client has registered itself, and showed nothing that says it knows the person.
    #[serde(default)]
    by_link: bool,
    made_at: Timestamp,
}

/// Longest query that a POST is turned into, in bytes.
const MAX_REDIRECTED: usize = 8192;

pub(crate) async fn serve<P: Platform>(server: &Server<P>, context: &RequestContext<'_>) -> Response {
    context.endpoint.set("logout");
    let form = match context.request.method {
        Method::Get => Form::parse(context.request.query.as_deref().unwrap_or_default().as_bytes()),
        Method::Post => Form::of(context.request),
        _ => return method_not_allowed(server, context, "GET, HEAD, POST"),
    };
    let done = match form {
        Ok(form) if form.value("flow").is_some() => confirmed(server, context, &form).await,
        Ok(form) => request(server, context, &form).await,
        Err(error) => Err(error.into()),
    };
    match done {
        Ok(response) => response,
        Err(failure) => error_page(server, context, failure).await,
    }
}

async fn request<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    form: &Form,
) -> Result<Response, Failure> {
    let browser = Browser::of(server, context).await?;
    if context.request.method == Method::Post && browser.session.is_none() {
        return Ok(by_get(server, form));
    }
    let snapshot = server.snapshot(context.now).await?;
    let hint = match form.value("id_token_hint") {
        Some(hint) => {
            let issuer = server.issuer.as_str();
            let hint = verify_hint(server, hint, &snapshot.keys, issuer, context.now).await?;
            Some(hint.ok_or(refused(Cause::IdTokenHint, "id_token_hint is not an ID token of this server"))?)
        }
        None => None,
    };
    let client = client(server, context, form.value("client_id"), hint.as_ref()).await?;
    let return_to = return_to(context, form, client.as_deref(), hint.is_some())?;
    let plan = Plan {
        logout: true,
        client_id: client.as_ref().map(|client| client.client_id.clone()),
        return_to,
        by_link: hint.is_none()
            && client.as_ref().is_some_and(|client| client.managed_by == ManagedBy::Itself),
        made_at: context.now,
    };
    let Some(state) = browser.session_state(server, context, None).await? else {
        return finish(server, context, &[], plan).await;
    };
    let keyring = server.any_keyring(context.now).await?;
    let sid = browser.session.as_ref().zip(client.as_deref());
    let sid = sid.map(|(cookie, client)| session_name(cookie.sid, client, &keyring.derived));
    if hint.is_some_and(|hint| hint.sid == sid) {
        return sign_out(server, context, &browser, plan).await;
    }
    ask(server, context, &browser, &state, (&plan, client.as_deref())).await
}

/// Sends the browser to the same request as a GET. A hint that is too long for that is left out, and the person is asked.
fn by_get<P: Platform>(server: &Server<P>, form: &Form) -> Response {
    let query = form.to_query();
    let logout = server.issuer.endpoint(LOGOUT);
    if query.is_empty() || query.len() > MAX_REDIRECTED {
        return Response::see_other(logout);
    }
    Response::see_other(format!("{logout}?{query}"))
}

fn refused(cause: Cause, description: &'static str) -> OAuthError {
    OAuthError::new(Code::InvalidRequest, cause, description)
}

/// The client that sends people here: named, hinted, or both, and then the same.
async fn client<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    named: Option<&str>,
    hint: Option<&Verified<Hint>>,
) -> Result<Option<Rc<Client>>, Failure> {
    let hinted = hint.map(|hint| match &hint.aud {
        crate::protocol::tokens::verify::Audience::One(one) => one.as_str(),
        crate::protocol::tokens::verify::Audience::Several(all) => {
            all.first().map(String::as_str).unwrap_or_default()
        }
    });
    if named.is_some() && hinted.is_some() && named != hinted {
        return Err(
            refused(Cause::ClientIdMismatch, "client_id and id_token_hint name different clients").into()
        );
    }
    let Some(client_id) = named.or(hinted) else { return Ok(None) };
    match server.client_named(client_id, context).await? {
        Found::Client(client) if client.is_enabled() => Ok(Some(client)),
        Found::Client(_) => {
            let description = "the application that sent you here is not registered";
            Err(refused(Cause::ClientDisabled, description).into())
        }
        Found::None(cause) => {
            Err(refused(cause, "the application that sent you here is not registered").into())
        }
    }
}

fn return_to(
    context: &RequestContext<'_>,
    form: &Form,
    client: Option<&Client>,
    hinted: bool,
) -> Result<Option<String>, OAuthError> {
    let Some(uri) = form.value("post_logout_redirect_uri") else { return Ok(None) };
    if !hinted && form.value("client_id").is_none() {
        let description = "the application that sent you here didn't say which one it is: to lead back there, an id_token_hint or a client_id is needed";
        return Err(refused(Cause::LogoutClientMissing, description));
    }
    let known =
        client.is_some_and(|client| client.post_logout_redirect_uris.iter().any(|known| known == uri));
    if !known {
        context.note_refused_uri(uri);
        let description = "the application that sent you here named an address that is not registered for it";
        return Err(refused(Cause::LogoutRedirectUnregistered, description));
    }
    let state = form.value("state").map(|state| {
        let separator = if uri.contains('?') { '&' } else { '?' };
        format!("{uri}{separator}state={}", form_encode(state))
    });
    Ok(Some(state.unwrap_or_else(|| uri.to_owned())))
}

async fn ask<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    browser: &Browser,
    state: &SessionState,
    (plan, client): (&Plan, Option<&Client>),
) -> Result<Response, Failure> {
    let snapshot = server.snapshot(context.now).await?;
    let keyring = server.any_keyring(context.now).await?;
    let flow = seal(&keyring.derived.flow, FLOW_PREFIX, plan, &server.platform)?;
    let csrf = browser.csrf(server, context, &flow).await?;
    let base = server.issuer.path();
    let action = format!("{base}{LOGOUT}");
    let form_action = plan.return_to.as_deref();
    let target = FormTarget { action: &action, flow: &flow, csrf: &csrf, form_action };
    let account = Some(state.user.login.as_str());
    let page =
        LogoutPage { base, theme: &snapshot.branding, target, account, client: client.map(client_face) }
            .render();
    Ok(browser.remember(server, page))
}

/// Carries out what the person chose on the page.
async fn confirmed<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    form: &Form,
) -> Result<Response, Failure> {
    let browser = Browser::of(server, context).await?;
    let sealed = form.value("flow").unwrap_or_default();
    let csrf = form.value("csrf").unwrap_or_default();
    let keyring = server.keyring_for(sealed, context.now).await?;
    let plan = open::<Plan>(&keyring.derived.flow, FLOW_PREFIX, sealed);
    let plan = plan.filter(|plan| plan.logout && context.now.since(plan.made_at) < HOUR);
    let own =
        context.request.method == Method::Post && browser.accepts(server, context, sealed, csrf).await?;
    let Some(plan) = plan.filter(|_| own) else {
        return ask_anew(server, context, &browser, sealed).await;
    };
    if form.value("action") == Some("stay") {
        return Ok(Response::see_other(server.issuer.endpoint(ACCOUNT)));
    }
    sign_out(server, context, &browser, plan).await
}

/// A form from elsewhere, or of a page that is too old, signs nobody out: the person is asked again.
async fn ask_anew<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    browser: &Browser,
    sealed: &str,
) -> Result<Response, Failure> {
    context.note_refusal(Code::Forbidden, Cause::CsrfMismatch);
    let keyring = server.keyring_for(sealed, context.now).await?;
    let plan = open::<Plan>(&keyring.derived.flow, FLOW_PREFIX, sealed);
    let plan = plan.filter(|plan| plan.logout && context.now.since(plan.made_at) < DAY);
    if context.request.method == Method::Post && browser.session.is_none() {
        let query = plan.map(|_| format!("?flow={sealed}")).unwrap_or_default();
        return Ok(Response::see_other(format!("{}{query}", server.issuer.endpoint(LOGOUT))));
    }
    let nowhere =
        Plan { logout: true, client_id: None, return_to: None, by_link: false, made_at: context.now };
    let plan = plan.map_or(nowhere, |plan| Plan { made_at: context.now, ..plan });
    let Some(state) = browser.session_state(server, context, None).await? else {
        return finish(server, context, &[], plan).await;
    };
    let client = client(server, context, plan.client_id.as_deref(), None).await?;
    ask(server, context, browser, &state, (&plan, client.as_deref())).await
}

async fn sign_out<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    browser: &Browser,
    plan: Plan,
) -> Result<Response, Failure> {
    let mut notices = Vec::new();
    if let (Some(cookie), Some(_)) = (&browser.session, browser.session_state(server, context, None).await?) {
        let end = SubjectCommand::EndSessions { sid: Some(cookie.sid) };
        if let SubjectReply::Ended(ended) = server.subject(cookie.owner, &end, context.now).await? {
            notices = ended;
        }
    }
    finish(server, context, &notices, plan).await
}

/// The end: straight back to the client, or a page; with frames that tell clients, the page comes first.
async fn finish<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    notices: &[Notice],
    plan: Plan,
) -> Result<Response, Failure> {
    let frames = frames(server, context, notices).await?;
    let snapshot = server.snapshot(context.now).await?;
    let response = match plan.return_to {
        Some(uri) if frames.is_empty() && !plan.by_link => leave(server, context, uri),
        return_to => {
            let (base, theme, by_link) = (server.issuer.path(), &snapshot.branding, plan.by_link);
            let continue_uri = return_to.as_deref();
            SignedOutPage { base, theme, frames: &frames, continue_uri, by_link }.render()
        }
    };
    // Only what was sent: the answer to a request without cookies must not take one away.
    if Cookie::Session.read(&server.issuer, &context.request.headers).is_none() {
        return Ok(response);
    }
    Ok(Cookie::Session.clear(&server.issuer, response))
}

/// The frames that tell clients: their URI with `iss` and `sid` (`Front-Channel Logout` §2).
async fn frames<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    notices: &[Notice],
) -> Result<Vec<String>, ServerError> {
    let keyring = server.any_keyring(context.now).await?;
    let mut frames = Vec::new();
    for notice in notices {
        let Found::Client(client) = server.client(&notice.client_id, context.now).await? else { continue };
        if !server.is_current(&client, notice.incarnation, context.now).await? {
            continue;
        }
        if let Some(uri) = &client.frontchannel_logout_uri {
            let separator = if uri.contains('?') { '&' } else { '?' };
            let iss = form_encode(server.issuer.as_str());
            let sid = session_name(notice.sid, &client, &keyring.derived);
            frames.push(format!("{uri}{separator}iss={iss}&sid={sid}"));
        }
    }
    Ok(frames)
}
