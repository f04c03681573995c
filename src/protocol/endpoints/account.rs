//! `/account`: what a user sees of themselves. What applications ask for, sessions, applications with access, and a new password.
//!
//! The page is `pages::account`; whoever is not signed in is sent to sign in first.

use super::requests::{self, Allowed, allowed_requests, open_requests};
use crate::protocol::endpoints::browser::Browser;
use crate::protocol::endpoints::client_face::client_label;
use crate::protocol::endpoints::error_page::error_page;
use crate::protocol::endpoints::paths::LOGOUT;
use crate::protocol::endpoints::paths::{ACCOUNT, LOGIN};
use crate::protocol::http::cookies::Cookie;
use crate::protocol::http::error::{Cause, Code, Failure, OAuthError};
use crate::protocol::http::form::Form;
use crate::protocol::http::{Method, Response};
use crate::protocol::login;
use crate::protocol::login::{DEVICE_LIFETIME, Door, Flaw, Names, Problem};
use crate::protocol::model::grant_type::GrantType;
use crate::protocol::model::id::Id;
use crate::protocol::model::time::{DAY, HOUR, MINUTE, Timestamp};
use crate::protocol::objects::subject::{Change, Overview, SubjectCommand, SubjectReply, User, Why};
use crate::protocol::pages::{AccountNotice, AccountPage, AppRow, FormTarget, SessionRow};
use crate::protocol::server::Server;
use crate::protocol::server::answer::method_not_allowed;
use crate::protocol::server::lookup::Found;
use crate::protocol::server::ports::Platform;
use crate::protocol::server::request::RequestContext;
use crate::protocol::tokens::refresh_token::SessionCookie;

/// The value that forms of this page carry in place of a flow.
const FLOW: &str = "account";

pub(crate) async fn serve<P: Platform>(server: &Server<P>, context: &RequestContext<'_>) -> Response {
    context.endpoint.set("account");
    let done = match context.request.method {
        Method::Get => show(server, context, None).await,
        Method::Post => act(server, context).await,
        _ => return method_not_allowed(server, context, "GET, HEAD, POST"),
    };
    match done {
        Ok(response) => response,
        Err(failure) => error_page(server, context, failure).await,
    }
}

/// Whoever isn't signed in signs in first, and comes back.
fn to_sign_in<P: Platform>(server: &Server<P>, context: &RequestContext<'_>) -> Response {
    context.note_refusal(Code::LoginRequired, Cause::LoginRequired);
    Response::see_other(server.issuer.endpoint(LOGIN))
}

fn signed_out() -> Failure {
    OAuthError::new(Code::Forbidden, Cause::LoginRequired, "the account is gone").into()
}

async fn show<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    notice: Option<AccountNotice>,
) -> Result<Response, Failure> {
    let browser = Browser::of(server, context).await?;
    let watches = context.request.query.as_deref() == Some("watch=1");
    // A page that looks by itself must not keep somebody signed in who has left.
    let state = if watches {
        browser.session_state_unused(server, context).await?
    } else {
        browser.session_state(server, context, None).await?
    };
    let Some(cookie) = browser.session.clone().filter(|_| state.is_some()) else {
        return Ok(to_sign_in(server, context));
    };
    let SubjectReply::Overview(overview) =
        server.subject(cookie.owner, &SubjectCommand::Overview, context.now).await?
    else {
        return Err(signed_out());
    };
    let overview = server.current_of(*overview, context.now).await?;
    let csrf = browser.csrf(server, context, FLOW).await?;
    let snapshot = server.snapshot(context.now).await?;
    let base = server.issuer.path();
    let action = format!("{base}{ACCOUNT}");
    let ids: Vec<String> = overview.sessions.iter().map(|(sid, _)| sid.to_string()).collect();
    let rows = overview.sessions.iter().zip(&ids).map(|((sid, session), id)| SessionRow {
        id,
        label: &session.label,
        created: ago(session.created_at, context.now),
        last_seen: ago(session.seen_at, context.now),
        current: *sid == cookie.sid,
    });
    let mut sessions: Vec<_> = rows.collect();
    // This one first; the others stay in their order, the newest first.
    sessions.sort_by_key(|session| !session.current);
    let apps = applications(server, context, &overview).await?;
    let open = open_requests(server, context, &snapshot, &overview).await?;
    let allowed = allowed_requests(server, context, &overview).await?;
    let has_ciba = snapshot.grants().any(|grant| grant == GrantType::Ciba);
    let own = overview.sessions.iter().find(|(sid, _)| *sid == cookie.sid);
    let auth_time = own.map_or(Timestamp(0), |(_, session)| session.auth.auth_time);
    let page = AccountPage {
        base,
        theme: &snapshot.branding,
        target: FormTarget { action: &action, flow: FLOW, csrf: &csrf, form_action: None },
        account: &overview.user.login,
        requests: open.iter().map(|open| open.row(&snapshot, auth_time, context.now)).collect(),
        allowed: allowed.iter().map(Allowed::row).collect(),
        watches: has_ciba.then_some(watches),
        request_code: has_ciba.then_some(overview.has_request_code),
        sessions,
        apps: apps
            .iter()
            .map(|(client_id, name, scopes)| AppRow { client_id, name, scopes: scopes.clone() })
            .collect(),
        notice,
    };
    Ok(browser.remember(server, page.render()))
}

/// Every client that holds a consent or a live grant: id, name, scopes.
async fn applications<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    overview: &Overview,
) -> Result<Vec<(String, String, String)>, Failure> {
    let mut scopes: std::collections::BTreeMap<&str, Vec<&str>> = std::collections::BTreeMap::new();
    let consents = overview.consents.iter().map(|(client_id, consent)| (client_id.as_str(), &consent.scopes));
    let grants = overview.grants.iter().map(|(_, grant)| (grant.client_id.as_str(), &grant.scopes));
    for (client_id, set) in consents.chain(grants) {
        let all = scopes.entry(client_id).or_default();
        all.extend(set.iter());
        all.sort_unstable();
        all.dedup();
    }
    let mut rows = Vec::new();
    for (client_id, scopes) in scopes {
        let name = match server.client(client_id, context.now).await? {
            Found::Client(client) => Some(client_label(&client)),
            Found::None(_) => None,
        };
        rows.push((client_id.to_owned(), name.unwrap_or_else(|| client_id.to_owned()), scopes.join(", ")));
    }
    Ok(rows)
}

/// A time in words; exact times would need the person's time zone.
pub(super) fn ago(then: Timestamp, now: Timestamp) -> String {
    let passed = now.since(then);
    let (number, unit) = match passed {
        0..120 => return "just now".to_owned(),
        120..7200 => (passed / MINUTE, "minutes"),
        7200..172_800 => (passed / HOUR, "hours"),
        _ => (passed / DAY, "days"),
    };
    format!("{number} {unit} ago")
}

async fn act<P: Platform>(server: &Server<P>, context: &RequestContext<'_>) -> Result<Response, Failure> {
    let form = Form::of(context.request)?;
    let browser = Browser::of(server, context).await?;
    if !browser.accepts(server, context, FLOW, form.value("csrf").unwrap_or_default()).await? {
        return not_this_page(server, context, &browser).await;
    }
    let Some(cookie) = live_session(server, context, &browser).await? else {
        return Ok(to_sign_in(server, context));
    };
    let now = context.now;
    let notice = match form.value("action").unwrap_or_default() {
        "end_session" => {
            let sid = form.value("session").and_then(Id::parse);
            let Some(sid) = sid else { return Err(incomplete()) };
            server.subject(cookie.owner, &SubjectCommand::EndSessions { sid: Some(sid) }, now).await?;
            if sid == cookie.sid {
                return Ok(signed_out_here(server));
            }
            AccountNotice::SessionEnded
        }
        "end_all" => {
            server.subject(cookie.owner, &SubjectCommand::EndSessions { sid: None }, now).await?;
            return Ok(signed_out_here(server));
        }
        "revoke_app" => {
            let client_id = form.value("client").ok_or_else(incomplete)?.to_owned();
            server
                .subject(cookie.owner, &SubjectCommand::RevokeClient { client_id, why: Why::ByUser }, now)
                .await?;
            AccountNotice::AppRevoked
        }
        action @ ("allow_request" | "deny_request") => {
            let allows = action == "allow_request";
            requests::decide(server, context, (&browser, &cookie), &form, allows)
                .await?
                .ok_or_else(incomplete)?
        }
        "withdraw_request" => {
            requests::withdraw(server, context, &cookie, &form).await?.ok_or_else(incomplete)?
        }
        action @ ("set_request_code" | "remove_request_code") => {
            let code = (action == "set_request_code").then(|| form.value("request_code").unwrap_or_default());
            requests::set_code(server, context, &cookie, code).await?
        }
        "change_password" => return change_password(server, context, &cookie, &form).await,
        _ => return Err(incomplete()),
    };
    show(server, context, Some(notice)).await
}

/// Answers after the session of this very browser has ended: the browser is sent to the logout page.
fn signed_out_here<P: Platform>(server: &Server<P>) -> Response {
    let response = Response::see_other(server.issuer.endpoint(LOGOUT));
    Cookie::Session.clear(&server.issuer, response)
}

/// Answers a form from elsewhere or of a page that is too old: nothing is changed, and the page is shown again.
async fn not_this_page<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    browser: &Browser,
) -> Result<Response, Failure> {
    // A browser keeps its cookies back from a POST of another site, and sends them with the GET that follows.
    let mut response = if browser.is_new() {
        Response::see_other(server.issuer.endpoint(ACCOUNT))
    } else {
        show(server, context, Some(AccountNotice::SessionExpired)).await?
    };
    if response.status == 200 {
        response.status = 403;
    }
    context.note_refusal(Code::Forbidden, Cause::CsrfMismatch);
    Ok(response)
}

/// The session's cookie, if its session is alive.
async fn live_session<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    browser: &Browser,
) -> Result<Option<SessionCookie>, Failure> {
    let state = browser.session_state(server, context, None).await?;
    Ok(browser.session.clone().filter(|_| state.is_some()))
}

fn incomplete() -> Failure {
    OAuthError::new(Code::InvalidRequest, Cause::ParameterMalformed, "the form is incomplete").into()
}

/// Changes the password. It needs the old one, damped like a login. Every other session ends, and every grant; the browser goes
/// on being one that its user has logged in with.
async fn change_password<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    cookie: &SessionCookie,
    form: &Form,
) -> Result<Response, Failure> {
    match set_password(server, context, cookie, form).await? {
        Ok(user) => {
            let device = login::device_cookie(server, context, &user).await?;
            let page = show(server, context, Some(AccountNotice::PasswordChanged)).await?;
            Ok(Cookie::Device.set(&server.issuer, page, &device, Some(DEVICE_LIFETIME)))
        }
        Err(notice) => show(server, context, Some(notice)).await,
    }
}

async fn set_password<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    cookie: &SessionCookie,
    form: &Form,
) -> Result<Result<User, AccountNotice>, Failure> {
    let value = |name| form.value(name).unwrap_or_default();
    let new = value("password");
    if new != value("password_again") {
        return Ok(Err(AccountNotice::PasswordsDiffer));
    }
    let SubjectReply::User(user) = server.subject(cookie.owner, &SubjectCommand::User, context.now).await?
    else {
        return Err(signed_out());
    };
    let notice =
        login::flaw(&server.platform, new, &Names::of_user(server, context, &user).await?).map(|flaw| {
            match flaw {
                Flaw::TooShort => AccountNotice::PasswordTooShort,
                Flaw::TooLong => AccountNotice::PasswordTooLong,
                Flaw::Weak => AccountNotice::PasswordWeak,
            }
        });
    if let Some(notice) = notice {
        return Ok(Err(notice));
    }
    let current = value("current_password");
    match login::with_password(server, context, Door::Page, &user.login, current).await? {
        Ok(login) if login.user.id == cookie.owner => {}
        Err(Problem::TooMany) => return Ok(Err(AccountNotice::TooManyAttempts)),
        Err(Problem::Busy) => return Err(login::busy().into()),
        Ok(_) | Err(Problem::Wrong) => return Ok(Err(AccountNotice::WrongPassword)),
    }
    let password = login::hash_password(server, Some(cookie.owner), new, context.now).await?;
    let change = Change { password: Some(password), keep: Some(cookie.sid), ..Change::default() };
    match server.subject(cookie.owner, &SubjectCommand::Change(Box::new(change)), context.now).await? {
        SubjectReply::User(user) => Ok(Ok(*user)),
        _ => Err(signed_out()),
    }
}
