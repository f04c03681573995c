//! One HTTP request, and what its failure means.

use std::path::Path;
use std::time::Duration;

use mintedge::protocol::model::issuer::Issuer;
use mintedge::protocol::model::secret::Secret;
use ureq::http::{Method, Request, Response};
use ureq::tls::TlsConfig;
use ureq::{Agent, Body, Error};

use super::roots;
use crate::failure::{Exit, Failure};

/// Longest time for one request and its answer.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Longest time to connect.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A request to the server.
pub(super) struct Call<'a> {
    pub(super) method: Method,
    /// Whether it may have changed something although no answer came.
    pub(super) changes: bool,
    /// Below the server's address; starts with a slash.
    pub(super) path: String,
    pub(super) authorization: Option<&'a Secret>,
    pub(super) if_match: Option<u64>,
    /// Media type and text.
    pub(super) body: Option<(&'static str, String)>,
}

/// An answer of whatever status.
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) body: String,
}

/// A client for one server.
#[derive(Clone)]
pub(super) struct Http {
    agent: Agent,
    address: Issuer,
}

impl Http {
    /// A client for the server at `address`, which has the form of an issuer: [`Issuer`] has made sure that plain HTTP goes to
    /// the loopback address only. Certificates of `authorities` are trusted besides the system's.
    ///
    /// # Errors
    /// If that file can't be read.
    pub(super) fn new(address: &Issuer, authorities: Option<&Path>) -> Result<Self, Failure> {
        let is_local = address.as_str().starts_with("http://");
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            .https_only(!is_local)
            // A redirection would carry the credential to another place.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_global(Some(TIMEOUT))
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .user_agent(concat!("mintedge/", env!("CARGO_PKG_VERSION")))
            .accept("application/json");
        if is_local {
            config = config.proxy(None);
        } else {
            config = config.tls_config(TlsConfig::builder().root_certs(roots::trusted(authorities)?).build());
        }
        Ok(Self { agent: config.build().new_agent(), address: address.clone() })
    }

    /// Where the server is.
    pub(super) fn address(&self) -> &str {
        self.address.as_str()
    }

    /// Sends `call` and reads the whole answer.
    ///
    /// # Errors
    /// If there is no answer.
    pub(super) fn send(&self, call: Call<'_>) -> Result<Reply, Failure> {
        let changes = call.changes;
        let mut response = self.exchange(call).map_err(|error| self.unreachable(&error, changes))?;
        let status = response.status().as_u16();
        if (300..400).contains(&status) {
            let description = format!(
                "{} redirects elsewhere; the issuer, or the address, has to be exactly the server's own",
                self.address()
            );
            return Err(Failure::new(Exit::Unreachable, "redirected", description));
        }
        let body = response.body_mut().read_to_string().map_err(|error| self.unreachable(&error, changes))?;
        Ok(Reply { status, body })
    }

    fn exchange(&self, call: Call<'_>) -> Result<Response<Body>, Error> {
        let mut request = Request::builder().method(call.method).uri(self.address.endpoint(&call.path));
        if let Some(authorization) = call.authorization {
            request = request.header("authorization", authorization.expose());
        }
        if let Some(version) = call.if_match {
            request = request.header("if-match", format!("\"{version}\""));
        }
        match call.body {
            Some((media_type, text)) => {
                self.agent.run(request.header("content-type", media_type).body(text)?)
            }
            None => self.agent.run(request.body(())?),
        }
    }

    fn unreachable(&self, error: &Error, changes: bool) -> Failure {
        let reason = reason(error);
        let advice = if changes {
            ". Whether the change took effect is not known: look before you repeat it"
        } else {
            ""
        };
        let description = format!("can't reach {}: {reason}{advice}", self.address());
        Failure::new(Exit::Unreachable, "unreachable", description)
    }
}

/// Why there is no answer, in words.
pub(crate) fn reason(error: &Error) -> String {
    match error {
        Error::HostNotFound => "there is no such host".to_owned(),
        Error::Timeout(_) => "it did not answer in time".to_owned(),
        Error::Io(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
            "nothing listens there".to_owned()
        }
        Error::Io(error) => error.to_string(),
        other => other.to_string(),
    }
}
