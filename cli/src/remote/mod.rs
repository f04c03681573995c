//! Talking to the server: HTTP, credentials, the admin API.

mod credentials;
mod device;
mod http;
mod roots;
mod session;
mod token;

use std::path::Path;

use mintedge::protocol::model::issuer::Issuer;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use ureq::http::Method;

use crate::args::{DEFAULT_FILE, Globals};
use crate::failure::{Exit, Failure};
use http::{Call, Http};

pub(crate) use credentials::{credential_variable, from_environment as secret_from_environment};
pub(crate) use device::{DeviceCodes, ask_as_device, poll_as_device};
pub(crate) use http::reason;
pub(crate) use roots::trusted as trusted_roots;
pub(crate) use session::{Access, Session, client_path, user_path, who};
pub(crate) use token::{TokenRequest, TokenResponse, redeem_code, refresh, request_token, revoke};

/// A server: who it is, and how it is reached.
#[derive(Clone)]
pub(crate) struct Server {
    issuer: Issuer,
    http: Http,
}

impl Server {
    /// Who it is.
    pub(crate) fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    /// Where it is reached, if that is not its issuer: there is nothing but its own word then that the issuer is it.
    pub(crate) fn elsewhere(&self) -> Option<&str> {
        Some(self.http.address()).filter(|address| *address != self.issuer.as_str())
    }
}

/// The issuer that is meant: `--issuer` or its variable, else the one a configuration file names.
///
/// # Errors
/// If the two differ: a file that is meant for one server must not be held against another.
pub(crate) fn expected_issuer<'a>(
    globals: &'a Globals,
    in_file: Option<&'a str>,
) -> Result<Option<&'a str>, Failure> {
    match (globals.issuer.as_deref(), in_file) {
        (Some(wanted), Some(declared)) if wanted != declared => Err(Failure::usage(format!(
            "the file is meant for {declared}, and --issuer or MINTEDGE_ISSUER says {wanted}"
        ))),
        (wanted, declared) => Ok(wanted.or(declared)),
    }
}

/// The server to talk to: at `--address` if there is one, else at the issuer that is meant.
///
/// # Errors
/// If it isn't known which server, or another one is at the address.
pub(crate) fn server(globals: &Globals, in_file: Option<&str>) -> Result<Server, Failure> {
    let expected = expected_issuer(globals, in_file)?;
    let parse = |url: &str| Issuer::parse(url).map_err(|error| Failure::usage(format!("`{url}`: {error}")));
    let authorities = globals.ca_certificate.as_deref();
    if let Some(address) = globals.address.as_deref() {
        let http = Http::new(&parse(address)?, authorities)?;
        let issuer = discover(&http, expected)?;
        return Ok(Server { issuer, http });
    }
    let issuer = expected.ok_or_else(|| {
        Failure::usage("which server? Pass --issuer URL, set MINTEDGE_ISSUER, or set `issuer` in the file")
    })?;
    let issuer = parse(issuer)?;
    Ok(Server { http: Http::new(&issuer, authorities)?, issuer })
}

/// The server for a command that takes no file: a `mintedge.toml` in the current directory may name its issuer.
///
/// # Errors
/// See [`server`].
pub(crate) fn server_without_file(globals: &Globals) -> Result<Server, Failure> {
    if globals.issuer.is_some() {
        return server(globals, None);
    }
    let text = std::fs::read_to_string(Path::new(DEFAULT_FILE)).unwrap_or_default();
    let table = text.parse::<toml::Table>().unwrap_or_default();
    server(globals, table.get("issuer").and_then(toml::Value::as_str))
}

/// The server to sign in at: whoever redeems the code has the login, so that the word of the server at an address isn't enough.
///
/// # Errors
/// See [`server`]; and if the server is at an address and nobody has said which issuer is meant.
pub(crate) fn server_to_sign_in_at(globals: &Globals) -> Result<Server, Failure> {
    let server = server_without_file(globals)?;
    match server.elsewhere() {
        Some(address) if globals.issuer.is_none() => {
            let issuer = server.issuer.as_str();
            Err(Failure::usage(format!(
                "the server at {address} says that it is {issuer}, and would get a login there: pass --issuer {issuer} if you trust it"
            )))
        }
        _ => Ok(server),
    }
}

/// The server's metadata (`OpenID Connect Discovery` §4), as far as `T` reads it; `None` if the answer is none.
fn metadata<T: DeserializeOwned>(http: &Http) -> Result<Option<T>, Failure> {
    let reply = http.send(Call {
        method: Method::GET,
        changes: false,
        path: "/.well-known/openid-configuration".to_owned(),
        authorization: None,
        if_match: None,
        body: None,
    })?;
    Ok(serde_json::from_str(&reply.body).ok().filter(|_| reply.status == 200))
}

/// Asks the server at an address who it is (`OpenID Connect Discovery` §4.3). Nothing secret is sent before that is known.
fn discover(http: &Http, expected: Option<&str>) -> Result<Issuer, Failure> {
    #[derive(Deserialize)]
    struct Discovered {
        issuer: String,
    }
    let discovered: Option<Discovered> = metadata(http)?;
    let issuer =
        discovered.and_then(|discovered| Issuer::parse(&discovered.issuer).ok()).ok_or_else(|| {
            let description =
                format!("{} says of no issuer that it is there; is it a Mintedge?", http.address());
            Failure::new(Exit::Unreachable, "unexpected_answer", description)
        })?;
    match expected {
        Some(expected) if expected != issuer.as_str() => Err(Failure::usage(format!(
            "the server at {} is {}, and {expected} is meant",
            http.address(),
            issuer.as_str()
        ))),
        _ => Ok(issuer),
    }
}
