//! `mintedge login`: an administrator signs in.

use clap::Args;
use mintedge::protocol::model::scope::{ADMIN_SCOPES, ScopeSet, is_of_admin};
use serde::Serialize;

use crate::answer::Answer;
use crate::args::Globals;
use crate::failure::Failure;
use crate::remote::{credential_variable, revoke, server_to_sign_in_at};
use crate::sign_in::{How, Place, sign_in, sign_in_elsewhere};
use crate::style::bold;

/// How to sign in.
#[derive(Debug, Args)]
pub(crate) struct LoginArgs {
    /// Don't open a browser; the address to open is shown in any case.
    #[arg(long)]
    no_browser: bool,
    /// Sign in with a browser on another machine, by a code; for machines without one.
    #[arg(long, conflicts_with_all = ["no_browser", "other_account"])]
    device: bool,
    /// Choose the account, although the browser is signed in with one.
    #[arg(long)]
    other_account: bool,
    /// Ask for this scope only; repeatable. Without it everything that the account may do.
    #[arg(long, value_name = "SCOPE", value_parser = ADMIN_SCOPES)]
    scope: Vec<String>,
}

#[derive(Serialize)]
struct Report<'a> {
    issuer: &'a str,
    sub: &'a str,
    login: &'a str,
    scopes: Vec<&'a str>,
    /// `keyring` or the path of a file.
    kept_in: String,
}

pub(super) fn run(globals: &Globals, args: &LoginArgs) -> Result<Answer, Failure> {
    let server = server_to_sign_in_at(globals)?;
    let place = Place::required(&server)?;
    let scopes: ScopeSet = if args.scope.is_empty() {
        ADMIN_SCOPES.into_iter().collect()
    } else {
        args.scope.iter().map(String::as_str).collect()
    };
    let how = How { scopes: &scopes, opens_browser: !args.no_browser, other_account: args.other_account };
    let login = if args.device { sign_in_elsewhere(&server, &how)? } else { sign_in(&server, &how)? };
    let lock = place.lock()?;
    // A login that can't be read any more can't be ended either; it ends by itself.
    let before = place.read().ok().flatten();
    let in_keyring = place.write(&login)?;
    drop(lock);
    if let Some(before) = before.as_ref().and_then(|before| before.tokens().ok()) {
        // The new login works whatever becomes of the old one.
        let _ = revoke(&server, &before.refresh_token);
    }
    let kept_in = if in_keyring { "keyring".to_owned() } else { place.path().display().to_string() };
    let text = format!(
        "{} You are signed in to {} as {}: {}.\nThe login is kept in {}.",
        bold("Done."),
        login.issuer,
        bold(&login.account),
        in_words(&login.scopes),
        if in_keyring { "the system's keyring" } else { &kept_in }
    );
    let text = text + &overruled();
    let (issuer, sub, login_name) = (&login.issuer, &login.sub, &login.account);
    Ok(Answer::new(text, &Report { issuer, sub, login: login_name, scopes: own(&login.scopes), kept_in }))
}

/// A reminder for whoever still has the secret in the environment.
fn overruled() -> String {
    let name = credential_variable();
    name.map(|name| format!("\n{name} is set, and goes before the login: unset it.")).unwrap_or_default()
}

/// The scopes of the admin API among these.
fn own(scopes: &ScopeSet) -> Vec<&str> {
    scopes.iter().filter(|scope| is_of_admin(scope)).collect()
}

/// The scopes of the admin API, in a list for people.
pub(super) fn in_words(scopes: &ScopeSet) -> String {
    own(scopes).join(", ")
}
