//! Talking to the server: HTTP, credentials, the admin API.

mod credentials;
mod http;
mod session;
mod token;

use std::path::Path;

use mintedge::protocol::issuer::Issuer;

use crate::args::{DEFAULT_FILE, Globals};
use crate::failure::Failure;

pub(crate) use credentials::from_environment as secret_from_environment;
pub(crate) use session::{Access, Session, client_path, user_path};
pub(crate) use token::{TokenRequest, TokenResponse, request_token};

/// The issuer to talk to: `--issuer` or its variable, else the one a configuration file names.
///
/// # Errors
/// If there is none, it is none, or the two differ: a file that is meant for one server must not reach another.
pub(crate) fn issuer(globals: &Globals, in_file: Option<&str>) -> Result<Issuer, Failure> {
    let wanted = match (globals.issuer.as_deref(), in_file) {
        (Some(wanted), Some(declared)) if wanted != declared => {
            let description =
                format!("the file is meant for {declared}, and --issuer or MINTEDGE_ISSUER says {wanted}");
            return Err(Failure::usage(description));
        }
        (Some(issuer), _) | (None, Some(issuer)) => issuer,
        (None, None) => {
            let description =
                "which server? Pass --issuer URL, set MINTEDGE_ISSUER, or set `issuer` in the file";
            return Err(Failure::usage(description));
        }
    };
    Issuer::parse(wanted).map_err(|error| Failure::usage(format!("`{wanted}`: {error}")))
}

/// The issuer for a command that takes no file: a `mintedge.toml` in the current directory may name it.
///
/// # Errors
/// See [`issuer`].
pub(crate) fn issuer_without_file(globals: &Globals) -> Result<Issuer, Failure> {
    if globals.issuer.is_some() {
        return issuer(globals, None);
    }
    let text = std::fs::read_to_string(Path::new(DEFAULT_FILE)).unwrap_or_default();
    let table = text.parse::<toml::Table>().unwrap_or_default();
    issuer(globals, table.get("issuer").and_then(toml::Value::as_str))
}
