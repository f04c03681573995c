//! The session of somebody who has just proved who they are, and its cookies. Sign-in and sign-up begin one here.

use crate::protocol::config::snapshot::Snapshot;
use crate::protocol::endpoints::browser::Browser;
use crate::protocol::endpoints::browser::session_hash;
use crate::protocol::http::cookies::Cookie;
use crate::protocol::http::error::{Cause, Code, Failure, OAuthError, ServerError};
use crate::protocol::http::{Headers, Response};
use crate::protocol::login::{DEVICE_LIFETIME, Login};
use crate::protocol::model::id::Id;
use crate::protocol::model::secret::SecretBytes;
use crate::protocol::objects::subject::{NewSession, SessionState, SubjectCommand, SubjectReply};
use crate::protocol::server::Server;
use crate::protocol::server::ports::Platform;
use crate::protocol::server::request::RequestContext;
use crate::protocol::tokens::refresh_token::SessionCookie;

/// A session that has just begun.
pub(crate) struct Begun {
    pub(super) cookie: SessionCookie,
    pub(super) state: SessionState,
    device: String,
    absolute: u64,
}

impl Begun {
    /// A new session with a new name: what was in the browser before is never reused. `client_id` is the application that
    /// it was begun for, if there is one.
    pub(crate) async fn new<P: Platform>(
        server: &Server<P>,
        context: &RequestContext<'_>,
        (snapshot, browser): (&Snapshot, &Browser),
        client_id: Option<&str>,
        login: Login,
    ) -> Result<Self, Failure> {
        let owner = login.user.id;
        let device = login.device.clone();
        let old = browser.session.as_ref();
        if let Some(other) = old.filter(|old| old.owner != owner) {
            end(server, context, other).await?;
        }
        // The same user again: the session keeps the name that clients know it by, and its cookie gets a new secret.
        let again = match old.filter(|old| old.owner == owner) {
            Some(old) => browser.session_state(server, context, None).await?.map(|_| old.sid),
            None => None,
        };
        let cookie = SessionCookie {
            owner,
            sid: again.unwrap_or_else(|| Id::generate(&server.platform)),
            secret: SecretBytes::generate(&server.platform),
        };
        let absolute = snapshot.sessions.absolute;
        let session = NewSession {
            sid: cookie.sid,
            sha256: session_hash(&cookie),
            auth: login.auth,
            idle: snapshot.sessions.idle,
            absolute,
            label: label(&context.request.headers),
            client_id: client_id.map(str::to_owned),
        };
        match server.subject(owner, &SubjectCommand::StartSession(Box::new(session)), context.now).await? {
            SubjectReply::Session(state) => Ok(Self { cookie, state: *state, device, absolute }),
            _ => Err(OAuthError::new(Code::AccessDenied, Cause::AccessDenied, "the person said no").into()),
        }
    }

    /// The cookies that make the browser remember the session.
    pub(crate) async fn cookies<P: Platform>(
        &self,
        server: &Server<P>,
        context: &RequestContext<'_>,
    ) -> Result<[(Cookie, String, u64); 2], ServerError> {
        let keyring = server.any_keyring(context.now).await?;
        let session = self.cookie.to_wire(&keyring.derived.session);
        let session = (Cookie::Session, session, self.absolute);
        Ok([session, (Cookie::Device, self.device.clone(), DEVICE_LIFETIME)])
    }
}

/// Sets cookies; each is given with its value and its lifetime in seconds.
pub(crate) fn set<P: Platform>(
    server: &Server<P>,
    cookies: &[(Cookie, String, u64)],
    response: Response,
) -> Response {
    cookies.iter().fold(response, |response, (cookie, value, lifetime)| {
        cookie.set(&server.issuer, response, value, Some(*lifetime))
    })
}

/// Somebody else logs in with this browser: the session before them ends. Its cookie has to be right for that.
async fn end<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    cookie: &SessionCookie,
) -> Result<(), ServerError> {
    let look = SubjectCommand::Session {
        sid: cookie.sid,
        sha256: session_hash(cookie),
        client_id: None,
        quiet: false,
    };
    if let SubjectReply::Session(_) = server.subject(cookie.owner, &look, context.now).await? {
        let end = SubjectCommand::EndSessions { sid: Some(cookie.sid) };
        server.subject(cookie.owner, &end, context.now).await?;
    }
    Ok(())
}

/// The kind of browser, in a few words; nothing of the header itself is kept.
fn label(headers: &Headers) -> String {
    let agent = headers.user_agent.as_deref().unwrap_or_default();
    let find = |names: &[(&str, &'static str)]| {
        names.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| *name)
    };
    let browser = find(&[
        ("Edg/", "Edge"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
        ("curl/", "curl"),
    ]);
    let system = find(&[
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS", "macOS"),
        ("Linux", "Linux"),
    ]);
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => "Unknown browser".to_owned(),
    }
}
