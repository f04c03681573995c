//! The admin API, with an access token that lives as long as the command.

use std::cell::RefCell;

use mintedge::protocol::admin::{ErrorView, PREFIX, WhoView};
use mintedge::protocol::model::client::AuthMethod;
use mintedge::protocol::model::issuer::Issuer;
use mintedge::protocol::model::secret::Secret;
use mintedge::protocol::{model::scope::ADMIN_READ, model::scope::ADMIN_WRITE};
use serde::Serialize;
use serde::de::DeserializeOwned;
use ureq::http::Method;

use super::Server;
use super::credentials::{self, Credentials};
use super::http::{Call, Reply};
use super::token::{TokenRequest, request_token};
use crate::failure::{Exit, Failure};
use crate::sign_in::{access_token, renewed};
use mintedge::protocol::codec::encoding::form_encode;

/// What a command is going to do: its token carries no more than that takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Look only.
    Read,
    /// Look and change.
    Write,
    /// See who one is.
    Look,
}

/// A session with the admin API.
pub(crate) struct Session {
    server: Server,
    token: RefCell<Secret>,
    /// What the token was had with, for messages.
    credential: &'static str,
    /// Whether the token is one of a login, which can be renewed.
    is_login: bool,
}

/// What messages call a login.
const LOGIN: &str = "`mintedge login`";

impl Session {
    /// Gets a token for the admin API with the credential of the environment, or else the login that there is.
    ///
    /// # Errors
    /// If there is neither, or the server doesn't take it.
    pub(crate) fn open(server: Server, access: Access) -> Result<Self, Failure> {
        if let Some(credentials) = credentials::for_admin()? {
            let token = RefCell::new(token_for(&server, &credentials, access)?);
            return Ok(Self { server, token, credential: credentials.variable, is_login: false });
        }
        let token = access_token(&server)?.ok_or_else(credentials::missing)?;
        Ok(Self { server, token: RefCell::new(token), credential: LOGIN, is_login: true })
    }

    /// What the token was had with.
    pub(crate) fn credential(&self) -> &'static str {
        self.credential
    }

    /// The server.
    pub(crate) fn issuer(&self) -> &Issuer {
        &self.server.issuer
    }

    /// `GET path`, which is relative to the admin API.
    ///
    /// # Errors
    /// If the server refuses or can't be reached; so with all of these.
    pub(crate) fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        self.read(&self.send(&Method::GET, path, None, None)?)
    }

    /// `GET path` of something that may not be there.
    pub(crate) fn find<T: DeserializeOwned>(&self, path: &str) -> Result<Option<T>, Failure> {
        let reply = self.send(&Method::GET, path, None, None)?;
        if reply.status == 404 { Ok(None) } else { self.read(&reply).map(Some) }
    }

    /// `POST path` with a JSON body.
    pub(crate) fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, Failure> {
        self.read(&self.send(&Method::POST, path, None, Some(&json(body)?))?)
    }

    /// `PUT path` with a JSON body, and `If-Match` with a version where one is given.
    pub(crate) fn put<T: DeserializeOwned>(
        &self,
        path: &str,
        version: Option<u64>,
        body: &impl Serialize,
    ) -> Result<T, Failure> {
        self.read(&self.send(&Method::PUT, path, version, Some(&json(body)?))?)
    }

    /// `PATCH path` with a JSON body.
    pub(crate) fn patch<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, Failure> {
        self.read(&self.send(&Method::PATCH, path, None, Some(&json(body)?))?)
    }

    /// `DELETE path`.
    pub(crate) fn delete(&self, path: &str) -> Result<(), Failure> {
        let reply = self.send(&Method::DELETE, path, None, None)?;
        if reply.status == 204 { Ok(()) } else { Err(failure(self.issuer(), &reply)) }
    }

    fn send(
        &self,
        method: &Method,
        path: &str,
        if_match: Option<u64>,
        body: Option<&str>,
    ) -> Result<Reply, Failure> {
        let call = |token: &Secret| {
            self.server.http.send(Call {
                changes: *method != Method::GET,
                method: method.clone(),
                path: format!("{PREFIX}{path}"),
                authorization: Some(&bearer(token)),
                if_match,
                body: body.map(|text| ("application/json", text.to_owned())),
            })
        };
        let reply = call(&self.token.borrow())?;
        if reply.status != 401 || !self.is_login {
            return Ok(reply);
        }
        // The key may be gone, or this machine's clock be wrong: what is refused like this has changed nothing.
        let token = renewed(&self.server, &self.token.borrow())?;
        let reply = call(&token)?;
        *self.token.borrow_mut() = token;
        Ok(reply)
    }

    fn read<T: DeserializeOwned>(&self, reply: &Reply) -> Result<T, Failure> {
        if !(200..300).contains(&reply.status) {
            return Err(failure(self.issuer(), reply));
        }
        // Only where it went wrong: the error's text could quote a secret of the answer.
        serde_json::from_str(&reply.body).map_err(|error| {
            let place = format!("line {}, column {}", error.line(), error.column());
            let description = format!(
                "the answer of {} is not as expected ({place}); is this command as new as the server?",
                self.issuer().as_str()
            );
            Failure::new(Exit::Unreachable, "unexpected_answer", description)
        })
    }
}

/// A token of the client with these credentials that is good for `access` and no more.
fn token_for(server: &Server, credentials: &Credentials, access: Access) -> Result<Secret, Failure> {
    let scopes: &[&str] = match access {
        Access::Read => &[ADMIN_READ],
        Access::Write => &[ADMIN_READ, ADMIN_WRITE],
        Access::Look => &[],
    };
    let request = TokenRequest {
        client_id: &credentials.client_id,
        secret: &credentials.secret,
        method: AuthMethod::ClientSecretBasic,
        scopes: &scopes.iter().map(|scope| (*scope).to_owned()).collect::<Vec<_>>(),
        resources: &[server.issuer.admin_resource()],
    };
    let response = request_token(server, &request).map_err(|failure| match failure.error() {
        "invalid_client" => failure.explained(format!(
            "{} refused the credential of {}; is it the one of this deployment?",
            server.issuer.as_str(),
            credentials.variable
        )),
        _ => failure,
    })?;
    Ok(Secret::received(response.access_token))
}

/// Who the server says `token` is.
///
/// # Errors
/// If the server refuses or can't be reached.
pub(crate) fn who(server: &Server, token: Secret) -> Result<WhoView, Failure> {
    let session =
        Session { server: server.clone(), token: RefCell::new(token), credential: LOGIN, is_login: false };
    session.get("whoami")
}

fn bearer(token: &Secret) -> Secret {
    Secret::received(format!("Bearer {}", token.expose()))
}

/// The path of a client below the admin API; `rest` continues it.
pub(crate) fn client_path(client_id: &str, rest: &str) -> String {
    format!("clients/{}{rest}", form_encode(client_id))
}

/// The path of a user, named by `sub` or login, below the admin API; `rest` continues it.
pub(crate) fn user_path(user: &str, rest: &str) -> String {
    format!("users/{}{rest}", form_encode(user))
}

fn json(body: &impl Serialize) -> Result<String, Failure> {
    serde_json::to_string(body).map_err(|error| Failure::other(error.to_string()))
}

/// What an unsuccessful answer means.
pub(super) fn failure(issuer: &Issuer, reply: &Reply) -> Failure {
    let Ok(view) = serde_json::from_str::<ErrorView>(&reply.body) else {
        let description =
            format!("{} answered {} and no JSON; is a Mintedge there?", issuer.as_str(), reply.status);
        return Failure::new(Exit::Unreachable, "unexpected_answer", description);
    };
    let exit = match reply.status {
        412 => Exit::Conflict,
        422 => Exit::Invalid,
        400..=499 if reply.status != 429 => Exit::Refused,
        _ => Exit::Unreachable,
    };
    let words = if view.error_description.is_empty() { &view.error } else { &view.error_description };
    Failure::new(exit, view.error.clone(), words.clone())
        .with_problems(view.problems)
        .with_request_id(view.request_id)
}
