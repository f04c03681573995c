//! `mintedge logout`: ends a login, here and at the server.

use clap::Args;
use serde_json::json;

use crate::answer::Answer;
use crate::args::Globals;
use crate::failure::Failure;
use crate::remote::{revoke, server_without_file};
use crate::sign_in::Place;

/// How to sign out.
#[derive(Debug, Args)]
pub(crate) struct LogoutArgs {
    /// Only forget the login here; the server isn't asked.
    #[arg(long)]
    local: bool,
}

pub(super) fn run(globals: &Globals, args: &LogoutArgs) -> Result<Answer, Failure> {
    let server = server_without_file(globals)?;
    let issuer = server.issuer().as_str().to_owned();
    let place = Place::required(&server)?;
    if args.local {
        // Another command may be about to write the login that it renews.
        let _lock = place.lock()?;
        place.delete()?;
        let text = format!(
            "The login at {issuer} is forgotten here. At the server it lives on: `mintedge users sign-out` ends it."
        );
        return Ok(Answer::new(text, &json!({ "issuer": issuer, "signed_out": true, "revoked": false })));
    }
    let lock = place.lock()?;
    let Some(login) = place.read()? else {
        let text = format!("You are not signed in to {issuer}.");
        return Ok(Answer::new(text, &json!({ "issuer": issuer, "signed_out": false, "revoked": false })));
    };
    let ended = login.tokens().and_then(|tokens| revoke(&server, &tokens.refresh_token));
    ended.map_err(|failure| {
        let description = format!(
            "{}. The login is not ended; `mintedge logout --local` forgets it here all the same, and `mintedge users sign-out` ends it at \
             the server",
            failure.description()
        );
        failure.explained(description)
    })?;
    place.delete()?;
    drop(lock);
    let text = format!("You are signed out of {issuer}.");
    Ok(Answer::new(text, &json!({ "issuer": issuer, "signed_out": true, "revoked": true })))
}
