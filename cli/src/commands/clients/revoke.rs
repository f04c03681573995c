//! `mintedge clients revoke`: the end of everything a client was given.

use clap::Args;
use mintedge::protocol::admin::ClientView;
use mintedge::protocol::documents::url::is_url;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::ask::confirm;
use crate::failure::Failure;
use crate::remote::{Session, client_path};

/// Which client.
#[derive(Debug, Args)]
pub(crate) struct RevokeArgs {
    /// The client's id.
    #[arg(value_name = "CLIENT_ID", required_unless_present = "all", conflicts_with = "all")]
    client_id: Option<String>,
    /// All clients at once.
    #[arg(long)]
    all: bool,
    /// Don't ask.
    #[arg(long, short)]
    yes: bool,
}

const CONSEQUENCES: &str = "\
  - Refresh tokens and codes are refused at every edge within 60 seconds; so are access tokens wherever this server is asked
    about them. APIs that verify access tokens themselves accept them until they expire.
  - People log in and consent anew. Sessions in their browsers, and secrets of clients, stay as they are.
  - There is no way back.";

pub(super) fn run(session: &Session, args: &RevokeArgs) -> Result<Answer, Failure> {
    match &args.client_id {
        Some(client_id) => one(session, client_id, args.yes),
        None => all(session, args.yes),
    }
}

fn one(session: &Session, client_id: &str, yes: bool) -> Result<Answer, Failure> {
    // Asking about a client that isn't there would be strange.
    // Of a client with a metadata document nothing need be stored.
    if !is_url(client_id) {
        let _: ClientView = session.get(&client_path(client_id, ""))?;
    }
    confirm(&format!("End everything that client {client_id} was given?\n{CONSEQUENCES}\n\nEnd it?"), yes)?;
    let client: ClientView = session.post(&client_path(client_id, "/revoke"), &json!({}))?;
    let text =
        format!("Everything client {client_id} was given has ended; every edge knows within 60 seconds.");
    Ok(Answer::new(text, &client))
}

fn all(session: &Session, yes: bool) -> Result<Answer, Failure> {
    confirm(&format!("End everything that any client was given?\n{CONSEQUENCES}\n\nEnd it?"), yes)?;
    let _: Value = session.post("revoke-clients", &json!({ "all": true }))?;
    let text = "Everything any client was given has ended; every edge knows within 60 seconds.".to_owned();
    Ok(Answer::new(text, &json!({ "revoked": "all" })))
}
