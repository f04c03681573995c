//! `mintedge grants`: what clients got for a person.

use clap::{Args, Subcommand};
use mintedge::protocol::admin::{GrantView, OverviewView};
use serde_json::json;

use super::users::{ACCESS_TOKENS, One};
use crate::answer::Answer;
use crate::args::Globals;
use crate::failure::Failure;
use crate::remote::{Access, Session, server_without_file, user_path};
use crate::style::{DIM, styled};
use crate::time::utc;
use mintedge::protocol::codec::encoding::form_encode;

/// What to do with grants.
#[derive(Debug, Subcommand)]
pub(crate) enum GrantsCommand {
    /// List the live grants of a user.
    List(One),
    /// End one grant; its refresh token stops working at once.
    Revoke(RevokeArgs),
}

/// Which grant.
#[derive(Debug, Args)]
pub(crate) struct RevokeArgs {
    #[command(flatten)]
    user: One,
    /// The grant's id, as `grants list` prints it.
    #[arg(value_name = "GRANT_ID")]
    grant_id: String,
}

pub(super) fn run(globals: &Globals, command: &GrantsCommand) -> Result<Answer, Failure> {
    let open = |access| Session::open(server_without_file(globals)?, access);
    match command {
        GrantsCommand::List(One { user }) => {
            let overview: OverviewView = open(Access::Read)?.get(&user_path(user, "/sessions"))?;
            Ok(Answer::new(table(user, &overview.grants), &json!({ "grants": overview.grants })))
        }
        GrantsCommand::Revoke(RevokeArgs { user: One { user }, grant_id }) => {
            let path = user_path(user, &format!("/grants/{}", form_encode(grant_id)));
            open(Access::Write)?.delete(&path)?;
            let text = format!("Grant {grant_id} of user {user} has ended. {ACCESS_TOKENS}");
            Ok(Answer::new(text, &json!({ "user": user, "revoked": grant_id })))
        }
    }
}

fn table(user: &str, grants: &[GrantView]) -> String {
    if grants.is_empty() {
        return format!("User {user} has no grants.");
    }
    let width =
        grants.iter().map(|grant| grant.client_id.len()).max().unwrap_or_default().max("CLIENT_ID".len());
    let header = format!(
        "{:22}  {:width$}  {:20}  {:20}  {:20}  SCOPES",
        "GRANT_ID", "CLIENT_ID", "GRANTED", "LAST USED", "UNTIL"
    );
    let mut text = styled(DIM, header) + "\n";
    for grant in grants {
        let (id, client) = (grant.grant_id.to_string(), &grant.client_id);
        let (granted, until) = (utc(grant.created_at), utc(grant.expires_at));
        let last = grant.used_at.map(utc).unwrap_or_default();
        let scopes = grant.scopes.to_wire();
        text.push_str(
            format!("{id:22}  {client:width$}  {granted:20}  {last:20}  {until:20}  {scopes}").trim_end(),
        );
        text.push('\n');
    }
    text
}
