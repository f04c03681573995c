//! Credentials from the environment: arguments would show in process lists and shell histories.

use mintedge::protocol::model::client::ADMIN_CLIENT_ID;
use mintedge::protocol::model::secret::Secret;

use crate::failure::Failure;

/// A client's id and secret.
pub(super) struct Credentials {
    pub(super) client_id: String,
    pub(super) secret: Secret,
    /// The variable the secret came from, for messages.
    pub(super) variable: &'static str,
}

const ADMIN_SECRET: &str = "MINTEDGE_ADMIN_SECRET";
const CLIENT_ID: &str = "MINTEDGE_CLIENT_ID";
const CLIENT_SECRET: &str = "MINTEDGE_CLIENT_SECRET";

/// Credentials for the admin API, if the environment has some.
pub(super) fn for_admin() -> Result<Option<Credentials>, Failure> {
    if let Some(secret) = variable(ADMIN_SECRET)? {
        let client_id = ADMIN_CLIENT_ID.to_owned();
        return Ok(Some(Credentials { client_id, secret, variable: ADMIN_SECRET }));
    }
    let Some(id) = variable(CLIENT_ID)? else { return Ok(None) };
    // Not the login instead: whoever names a client doesn't want to act as somebody else.
    let secret = variable(CLIENT_SECRET)?
        .ok_or_else(|| Failure::usage(format!("{CLIENT_ID} is set, and {CLIENT_SECRET} isn't")))?;
    Ok(Some(Credentials { client_id: id.expose().to_owned(), secret, variable: CLIENT_SECRET }))
}

/// The variable whose credential goes before a login, if one does.
pub(crate) fn credential_variable() -> Option<&'static str> {
    for_admin().ok().flatten().map(|credentials| credentials.variable)
}

/// The failure of a command that nobody has signed in for.
pub(super) fn missing() -> Failure {
    Failure::usage(
        "the admin API needs to know who you are: run `mintedge login`. The first time, and for programs, set MINTEDGE_ADMIN_SECRET to \
         the deployment's ADMIN_SECRET, or MINTEDGE_CLIENT_ID and MINTEDGE_CLIENT_SECRET to a client's that has the scopes",
    )
}

/// The secret of an ordinary client.
pub(crate) fn from_environment() -> Result<Option<Secret>, Failure> {
    variable(CLIENT_SECRET)
}

/// A variable's value without the line break that copying leaves; an empty one counts as unset.
fn variable(name: &str) -> Result<Option<Secret>, Failure> {
    match std::env::var(name) {
        Ok(value) => Ok(Some(value.trim()).filter(|value| !value.is_empty()).map(Secret::received)),
        Err(std::env::VarError::NotPresent) => Ok(None),
        // The error would print the value.
        Err(std::env::VarError::NotUnicode(_)) => Err(Failure::usage(format!("{name} is not UTF-8"))),
    }
}
