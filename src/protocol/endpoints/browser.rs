//! The browser behind a request: its session, and the proof that a form was shown to this very browser (against forged requests
//! from other sites). Every endpoint with pages uses it.

use crate::protocol::codec::encoding::{from_secret_base64url, secret_base64url};
use crate::protocol::http::Response;
use crate::protocol::http::cookies::Cookie;
use crate::protocol::http::error::ServerError;
use crate::protocol::keys::derived::{NAMED, mac};
use crate::protocol::model::secret::{Secret, SecretBytes, SecretHash};
use crate::protocol::objects::subject::{SessionState, SubjectCommand, SubjectReply};
use crate::protocol::server::Server;
use crate::protocol::server::ports::Platform;
use crate::protocol::server::request::RequestContext;
use crate::protocol::tokens::refresh_token::SessionCookie;
use subtle::ConstantTimeEq as _;

/// Longest query that a POST is turned into a GET with, in bytes.
pub(crate) const MAX_REDIRECTED: usize = 4096;

/// Stands for the session where there is none.
const NO_SESSION: [u8; 16] = [0; 16];

/// The browser that sent a request.
pub(crate) struct Browser {
    /// The browser's random name; made now if it had none.
    id: String,
    /// Whether the name has to be told to it.
    is_new: bool,
    /// The session cookie, its tag checked. Whether the session is alive only the user's object knows.
    pub(crate) session: Option<SessionCookie>,
}

/// The SHA-256 of a cookie's secret, as the user's object keeps it.
pub(crate) fn session_hash(cookie: &SessionCookie) -> SecretHash {
    Secret::received(secret_base64url(cookie.secret.expose())).hash()
}

impl Browser {
    /// Reads the browser's cookies from the request.
    pub(crate) async fn of<P: Platform>(
        server: &Server<P>,
        context: &RequestContext<'_>,
    ) -> Result<Self, ServerError> {
        let headers = &context.request.headers;
        let known = Cookie::Browser.read(&server.issuer, headers).filter(|id| is_id(id));
        let session = match Cookie::Session.read(&server.issuer, headers) {
            Some(text) => {
                SessionCookie::parse(&server.keyring_for(text, context.now).await?.derived.session, text)
            }
            None => None,
        };
        let id = known.map_or_else(
            || {
                let mut bytes = [0; 16];
                server.platform.fill(&mut bytes);
                secret_base64url(&bytes)
            },
            str::to_owned,
        );
        Ok(Self { id, is_new: known.is_none(), session })
    }

    /// The session and what its user has permitted `client_id`, if it is alive.
    pub(crate) async fn session_state<P: Platform>(
        &self,
        server: &Server<P>,
        context: &RequestContext<'_>,
        client_id: Option<&str>,
    ) -> Result<Option<SessionState>, ServerError> {
        self.look_up(server, context, client_id, false).await
    }

    /// The session, without taking that for a use of it: for what a page does by itself.
    pub(crate) async fn session_state_unused<P: Platform>(
        &self,
        server: &Server<P>,
        context: &RequestContext<'_>,
    ) -> Result<Option<SessionState>, ServerError> {
        self.look_up(server, context, None, true).await
    }

    async fn look_up<P: Platform>(
        &self,
        server: &Server<P>,
        context: &RequestContext<'_>,
        client_id: Option<&str>,
        quiet: bool,
    ) -> Result<Option<SessionState>, ServerError> {
        let Some(cookie) = &self.session else { return Ok(None) };
        let command = SubjectCommand::Session {
            sid: cookie.sid,
            sha256: session_hash(cookie),
            client_id: client_id.map(str::to_owned),
            quiet,
        };
        match server.subject(cookie.owner, &command, context.now).await? {
            SubjectReply::Session(state) => Ok(Some(*state)),
            _ => Ok(None),
        }
    }

    /// The proof for a form that carries `flow`: bound to this browser, its session, and exactly this request.
    pub(crate) async fn csrf<P: Platform>(
        &self,
        server: &Server<P>,
        context: &RequestContext<'_>,
        flow: &str,
    ) -> Result<String, ServerError> {
        let keyring = server.any_keyring(context.now).await?;
        let (id, key) = keyring.derived.csrf.current();
        Ok(secret_base64url(&[[NAMED, id].as_slice(), &self.proof(key, &self.sid(), flow)].concat()))
    }

    /// Whether a form with `flow` and `csrf` was shown to this browser.
    pub(crate) async fn accepts<P: Platform>(
        &self,
        server: &Server<P>,
        context: &RequestContext<'_>,
        flow: &str,
        csrf: &str,
    ) -> Result<bool, ServerError> {
        self.is_shown_here(server, context, (&self.sid(), flow), csrf).await
    }

    /// Whether the form was shown to this browser when nobody was logged in.
    pub(crate) async fn accepts_from_before_login<P: Platform>(
        &self,
        server: &Server<P>,
        context: &RequestContext<'_>,
        flow: &str,
        csrf: &str,
    ) -> Result<bool, ServerError> {
        self.is_shown_here(server, context, (&NO_SESSION, flow), csrf).await
    }

    async fn is_shown_here<P: Platform>(
        &self,
        server: &Server<P>,
        context: &RequestContext<'_>,
        (sid, flow): (&[u8], &str),
        csrf: &str,
    ) -> Result<bool, ServerError> {
        let keyring = server.keyring_for(csrf, context.now).await?;
        let guard = &keyring.derived.csrf;
        let shown = from_secret_base64url(csrf).unwrap_or_default();
        let (key, proof) = match shown.as_slice() {
            [NAMED, id, proof @ ..] if proof.len() == 32 => (guard.named(*id), proof),
            // A page of an earlier release.
            proof => (guard.unnamed(), proof),
        };
        Ok(!self.is_new && key.is_some_and(|key| self.proof(&key, sid, flow).ct_eq(proof).into()))
    }

    fn sid(&self) -> [u8; 16] {
        self.session.as_ref().map_or(NO_SESSION, |cookie| *cookie.sid.bytes())
    }

    fn proof(&self, key: &SecretBytes, sid: &[u8], flow: &str) -> [u8; 32] {
        mac(key, &[self.id.as_bytes(), sid, flow.as_bytes()])
    }

    /// Whether the browser sent no name: its first visit, or its cookies were lost, blocked, or kept back from another site's POST.
    pub(crate) fn is_new(&self) -> bool {
        self.is_new
    }

    /// Tells the browser its name, if it is new.
    pub(crate) fn remember<P: Platform>(&self, server: &Server<P>, response: Response) -> Response {
        if self.is_new { Cookie::Browser.set(&server.issuer, response, &self.id, None) } else { response }
    }
}

fn is_id(text: &str) -> bool {
    text.len() == 22 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}
