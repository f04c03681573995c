//! `/account`: what a person sees of themselves. Sessions, applications, and a new password.

use super::super::cookies::Cookie;
use super::super::directory::Found;
use super::super::error::{Cause, Code, Failure, OAuthError};
use super::super::form::Form;
use super::super::http::{Method, Response};
use super::super::id::Id;
use super::super::log::Exchange;
use super::super::login::{self, DEVICE_LIFETIME, Door, Flaw, Names, Problem};
use super::super::objects::subject::{Change, Command, Overview, Reply, User, Why};
use super::super::pages::{AccountNotice, AccountPage, AppRow, FormTarget, SessionRow};
use super::super::ports::Platform;
use super::super::refresh_token::SessionCookie;
use super::super::server::Server;
use super::super::time::{DAY, HOUR, MINUTE, Timestamp};
use super::authorize::browser::Browser;
use super::authorize::forms::LOGIN;
use super::error_page::error_page;
use super::method_not_allowed;

/// Path of the page below the issuer.
pub(super) const ACCOUNT: &str = "/account";
/// What the forms of this page carry instead of a flow.
const FLOW: &str = "account";

pub(super) async fn serve<P: Platform>(server: &Server<P>, exchange: &Exchange<'_>) -> Response {
    exchange.endpoint.set("account");
    let done = match exchange.request.method {
        Method::Get => show(server, exchange, None).await,
        Method::Post => act(server, exchange).await,
        _ => return method_not_allowed(server, exchange, "GET, HEAD, POST"),
    };
    match done {
        Ok(response) => response,
        Err(failure) => error_page(server, exchange, failure).await,
    }
}

/// Whoever isn't signed in signs in first, and comes back.
fn to_sign_in<P: Platform>(server: &Server<P>, exchange: &Exchange<'_>) -> Response {
    exchange.note_refusal(Code::LoginRequired, Cause::LoginRequired);
    Response::see_other(server.issuer.endpoint(LOGIN))
}

fn signed_out() -> Failure {
    OAuthError::new(Code::Forbidden, Cause::LoginRequired, "the account is gone").into()
}

async fn show<P: Platform>(
    server: &Server<P>,
    exchange: &Exchange<'_>,
    notice: Option<AccountNotice>,
) -> Result<Response, Failure> {
    let browser = Browser::of(server, exchange).await?;
    let Some(cookie) = live_session(server, exchange, &browser).await? else {
        return Ok(to_sign_in(server, exchange));
    };
    let Reply::Overview(overview) = server.subject(cookie.owner, &Command::Overview, exchange.now).await?
    else {
        return Err(signed_out());
    };
    let overview = server.current_of(*overview, exchange.now).await?;
    let csrf = browser.csrf(server, exchange, FLOW).await?;
    let snapshot = server.snapshot(exchange.now).await?;
    let base = server.issuer.path();
    let action = format!("{base}{ACCOUNT}");
    let ids: Vec<String> = overview.sessions.iter().map(|(sid, _)| sid.to_string()).collect();
    let rows = overview.sessions.iter().zip(&ids).map(|((sid, session), id)| SessionRow {
        id,
        label: &session.label,
        created: ago(session.created_at, exchange.now),
        last_seen: ago(session.seen_at, exchange.now),
        current: *sid == cookie.sid,
    });
    let mut sessions: Vec<_> = rows.collect();
    // This one first; the others stay in their order, the newest first.
    sessions.sort_by_key(|session| !session.current);
    let apps = applications(server, exchange, &overview).await?;
    let page = AccountPage {
        base,
        theme: &snapshot.branding,
        target: FormTarget { action: &action, flow: FLOW, csrf: &csrf, form_action: None },
        account: &overview.user.login,
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
    exchange: &Exchange<'_>,
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
        let name = match server.client(client_id, exchange.now).await? {
            Found::Client(client) => client.client_name.clone(),
            Found::None(_) => None,
        };
        rows.push((client_id.to_owned(), name.unwrap_or_else(|| client_id.to_owned()), scopes.join(", ")));
    }
    Ok(rows)
}

/// A time in words; exact times would need the person's time zone.
fn ago(then: Timestamp, now: Timestamp) -> String {
    let passed = now.since(then);
    let (number, unit) = match passed {
        0..120 => return "just now".to_owned(),
        120..7200 => (passed / MINUTE, "minutes"),
        7200..172_800 => (passed / HOUR, "hours"),
        _ => (passed / DAY, "days"),
    };
    format!("{number} {unit} ago")
}

async fn act<P: Platform>(server: &Server<P>, exchange: &Exchange<'_>) -> Result<Response, Failure> {
    let form = Form::of(exchange.request)?;
    let browser = Browser::of(server, exchange).await?;
    if !browser.accepts(server, exchange, FLOW, form.value("csrf").unwrap_or_default()).await? {
        return not_this_page(server, exchange, &browser).await;
    }
    let Some(cookie) = live_session(server, exchange, &browser).await? else {
        return Ok(to_sign_in(server, exchange));
    };
    let now = exchange.now;
    let notice = match form.value("action").unwrap_or_default() {
        "end_session" => {
            let sid = form.value("session").and_then(Id::parse);
            let Some(sid) = sid else { return Err(incomplete()) };
            server.subject(cookie.owner, &Command::EndSessions { sid: Some(sid) }, now).await?;
            if sid == cookie.sid {
                return Ok(signed_out_here(server));
            }
            AccountNotice::SessionEnded
        }
        "end_all" => {
            server.subject(cookie.owner, &Command::EndSessions { sid: None }, now).await?;
            return Ok(signed_out_here(server));
        }
        "revoke_app" => {
            let client_id = form.value("client").ok_or_else(incomplete)?.to_owned();
            server.subject(cookie.owner, &Command::RevokeClient { client_id, why: Why::ByUser }, now).await?;
            AccountNotice::AppRevoked
        }
        "change_password" => return change_password(server, exchange, &cookie, &form).await,
        _ => return Err(incomplete()),
    };
    show(server, exchange, Some(notice)).await
}

/// The session of this very browser has ended.
fn signed_out_here<P: Platform>(server: &Server<P>) -> Response {
    let response = Response::see_other(server.issuer.endpoint(super::logout::LOGOUT));
    Cookie::Session.clear(&server.issuer, response)
}

/// A form from elsewhere, or of a page that is too old, changes nothing; the page is shown again.
async fn not_this_page<P: Platform>(
    server: &Server<P>,
    exchange: &Exchange<'_>,
    browser: &Browser,
) -> Result<Response, Failure> {
    // A browser keeps its cookies back from a POST of another site, and sends them with the GET that follows.
    let mut response = if browser.is_new() {
        Response::see_other(server.issuer.endpoint(ACCOUNT))
    } else {
        show(server, exchange, Some(AccountNotice::SessionExpired)).await?
    };
    if response.status == 200 {
        response.status = 403;
    }
    exchange.note_refusal(Code::Forbidden, Cause::CsrfMismatch);
    Ok(response)
}

/// The session's cookie, if the session is alive.
async fn live_session<P: Platform>(
    server: &Server<P>,
    exchange: &Exchange<'_>,
    browser: &Browser,
) -> Result<Option<SessionCookie>, Failure> {
    let state = browser.session_state(server, exchange, None).await?;
    Ok(browser.session.clone().filter(|_| state.is_some()))
}

fn incomplete() -> Failure {
    OAuthError::new(Code::InvalidRequest, Cause::ParameterMalformed, "the form is incomplete").into()
}

/// A new password needs the old one, damped like a login. Every other session ends, and every grant; the browser goes on being
/// one that its owner has logged in with.
async fn change_password<P: Platform>(
    server: &Server<P>,
    exchange: &Exchange<'_>,
    cookie: &SessionCookie,
    form: &Form,
) -> Result<Response, Failure> {
    match set_password(server, exchange, cookie, form).await? {
        Ok(user) => {
            let device = login::device_cookie(server, exchange, &user).await?;
            let page = show(server, exchange, Some(AccountNotice::PasswordChanged)).await?;
            Ok(Cookie::Device.set(&server.issuer, page, &device, Some(DEVICE_LIFETIME)))
        }
        Err(notice) => show(server, exchange, Some(notice)).await,
    }
}

async fn set_password<P: Platform>(
    server: &Server<P>,
    exchange: &Exchange<'_>,
    cookie: &SessionCookie,
    form: &Form,
) -> Result<Result<User, AccountNotice>, Failure> {
    let value = |name| form.value(name).unwrap_or_default();
    let new = value("password");
    if new != value("password_again") {
        return Ok(Err(AccountNotice::PasswordsDiffer));
    }
    let Reply::User(user) = server.subject(cookie.owner, &Command::User, exchange.now).await? else {
        return Err(signed_out());
    };
    let notice = login::flaw(new, &Names::of_user(server, exchange, &user).await?).map(|flaw| match flaw {
        Flaw::TooShort => AccountNotice::PasswordTooShort,
        Flaw::TooLong => AccountNotice::PasswordTooLong,
        Flaw::Weak => AccountNotice::PasswordWeak,
    });
    if let Some(notice) = notice {
        return Ok(Err(notice));
    }
    let current = value("current_password");
    match login::with_password(server, exchange, Door::Page, &user.login, current).await? {
        Ok(login) if login.user.id == cookie.owner => {}
        Err(Problem::TooMany) => return Ok(Err(AccountNotice::TooManyAttempts)),
        Err(Problem::Busy) => return Err(login::busy().into()),
        Ok(_) | Err(Problem::Wrong) => return Ok(Err(AccountNotice::WrongPassword)),
    }
    let password = login::hash_password(server, Some(cookie.owner), new, exchange.now).await?;
    let change = Change { password: Some(password), keep: Some(cookie.sid), ..Change::default() };
    match server.subject(cookie.owner, &Command::Change(Box::new(change)), exchange.now).await? {
        Reply::User(user) => Ok(Ok(*user)),
        _ => Err(signed_out()),
    }
}
