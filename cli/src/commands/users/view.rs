//! Users for people.

use std::fmt::Write as _;

use mintedge::protocol::admin::{OverviewView, PersonView, UserView, UserWithLink};
use mintedge::protocol::model::secret::Secret;

use crate::style::{DIM, bold, styled};
use crate::time::utc;

/// A line for each user.
pub(super) fn table(users: &[PersonView]) -> String {
    if users.is_empty() {
        return "There are no users.".to_owned();
    }
    let subs: Vec<String> = users.iter().map(|user| user.sub.to_string()).collect();
    let width = subs.iter().map(String::len).max().unwrap_or_default();
    let mut text = styled(DIM, format!("{:width$}  LOGIN", "SUB")) + "\n";
    for (sub, user) in subs.iter().zip(users) {
        let _ = writeln!(text, "{sub:width$}  {}", user.login);
    }
    text
}

/// Everything about one user.
pub(super) fn one(user: &UserView, overview: &OverviewView) -> String {
    let mut text = format!("{}\n", bold(&user.login));
    let mut row = |label: &str, value: String| {
        let _ = writeln!(text, "  {label:14} {value}");
    };
    row("sub", user.sub.to_string());
    row("state", if user.enabled { "enabled" } else { "disabled" }.to_owned());
    row("password", password_state(user));
    if let Some(at) = user.link_expires_at {
        row("link", format!("works until {}", utc(at)));
    }
    for (claim, value) in &user.claims {
        row("claim", format!("{claim} = {value}"));
    }
    if let Some(name) = &user.log_name {
        row("in the log", name.clone());
    }
    row("made", utc(user.created_at));
    row("changed", utc(user.updated_at));
    for session in &overview.sessions {
        let (since, seen) = (utc(session.created_at), utc(session.seen_at));
        row("session", format!("{}  {}, since {since}, last used {seen}", session.sid, session.label));
    }
    for grant in &overview.grants {
        row("grant", format!("{}  {}: {}", grant.grant_id, grant.client_id, grant.scopes.to_wire()));
    }
    for consent in &overview.consents {
        row("consent", format!("{}: {}", consent.client_id, consent.scopes.to_wire()));
    }
    text
}

/// Whether there is a password, and what made its hash where that wasn't this server.
fn password_state(user: &UserView) -> String {
    match user.password_scheme.as_deref() {
        _ if !user.has_password => "none".to_owned(),
        None | Some("argon2id") => "set".to_owned(),
        Some(scheme) => format!("set ({scheme}, until the first login)"),
    }
}

/// What was done, and a link with what to do about it.
pub(super) fn link(done: &str, made: &UserWithLink) -> String {
    let until = made.user.link_expires_at.map(|at| format!(", until {}", utc(at))).unwrap_or_default();
    let heading =
        format!("A link, shown only now. It works once{until}. Send it to the user and nobody else:");
    format!("{done}\n\n{}\n\n  {}\n", bold(heading), made.link.as_deref().unwrap_or_default())
}

/// What was done, and a password that was made.
pub(super) fn password(done: &str, password: &Secret) -> String {
    format!("{done}\n\n{}\n\n  {}\n", bold("A new password, shown only now:"), password.expose())
}
