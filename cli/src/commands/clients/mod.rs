//! `mintedge clients`: single clients, whoever declared them.

mod declare;
mod documents;
mod revoke;
mod secrets;
mod settings;
mod view;

use clap::{Args, Subcommand};
use mintedge::protocol::admin::ClientView;
use serde::Deserialize;
use serde_json::json;

use crate::answer::Answer;
use crate::args::Globals;
use crate::ask::confirm;
use crate::failure::Failure;
use crate::remote::{Access, Session, client_path, server_without_file};
use mintedge::protocol::codec::encoding::form_encode;

/// What to do with clients.
#[derive(Debug, Subcommand)]
pub(crate) enum ClientsCommand {
    /// List all clients.
    List,
    /// Show one client.
    Show(One),
    /// Register a client; those of the configuration file belong there.
    Create(declare::CreateArgs),
    /// Change a client that was registered with `create`; each option replaces what was there.
    Update(declare::UpdateArgs),
    /// Make a new secret; the old ones go on for a while.
    RotateSecret(secrets::RotateArgs),
    /// End one secret at once.
    RemoveSecret(secrets::RemoveArgs),
    /// Register the hashes that `import … --secrets-out` wrote.
    ImportSecrets(secrets::ImportArgs),
    /// Let a client authenticate again.
    Enable(One),
    /// Keep a client from authenticating; its tokens live on until they expire.
    Disable(One),
    /// End everything a client was given, or all clients: grants, consents, codes, tokens.
    Revoke(revoke::RevokeArgs),
    /// List the clients with a metadata document that wait for an administrator.
    Waiting,
    /// Admit a client with a metadata document.
    Admit(One),
    /// Refuse a client with a metadata document; everything it was given ends.
    Refuse(One),
    /// Delete a client and its secrets.
    Delete(DeleteArgs),
}

/// One client.
#[derive(Debug, Args)]
pub(crate) struct One {
    /// The client's id.
    #[arg(value_name = "CLIENT_ID")]
    client_id: String,
}

/// Which client goes.
#[derive(Debug, Args)]
pub(crate) struct DeleteArgs {
    #[command(flatten)]
    client: One,
    /// Don't ask.
    #[arg(long, short)]
    yes: bool,
}

pub(super) fn run(globals: &Globals, command: &ClientsCommand) -> Result<Answer, Failure> {
    let open = |access| Session::open(server_without_file(globals)?, access);
    match command {
        ClientsCommand::List => {
            let clients = all_clients(&open(Access::Read)?)?;
            Ok(Answer::new(view::table(&clients), &json!({ "clients": clients })))
        }
        ClientsCommand::Show(One { client_id }) => {
            let client: ClientView = open(Access::Read)?.get(&client_path(client_id, ""))?;
            Ok(Answer::new(view::one(&client), &client))
        }
        ClientsCommand::Create(args) => declare::create(&open(Access::Write)?, args),
        ClientsCommand::Update(args) => declare::update(&open(Access::Write)?, args),
        ClientsCommand::RotateSecret(args) => secrets::rotate(&open(Access::Write)?, args),
        ClientsCommand::RemoveSecret(args) => secrets::remove(&open(Access::Write)?, args),
        ClientsCommand::ImportSecrets(args) => {
            let hashes = secrets::read(args)?;
            secrets::import(&open(Access::Write)?, args, &hashes)
        }
        ClientsCommand::Enable(One { client_id }) => switch(&open(Access::Write)?, client_id, "enable"),
        ClientsCommand::Disable(One { client_id }) => switch(&open(Access::Write)?, client_id, "disable"),
        ClientsCommand::Revoke(args) => revoke::run(&open(Access::Write)?, args),
        ClientsCommand::Waiting => documents::waiting(&open(Access::Read)?),
        ClientsCommand::Admit(One { client_id }) => documents::decide(&open(Access::Write)?, client_id, true),
        ClientsCommand::Refuse(One { client_id }) => {
            documents::decide(&open(Access::Write)?, client_id, false)
        }
        ClientsCommand::Delete(args) => delete(&open(Access::Write)?, args),
    }
}

fn switch(session: &Session, client_id: &str, operation: &str) -> Result<Answer, Failure> {
    let client: ClientView = session.post(&client_path(client_id, &format!("/{operation}")), &json!({}))?;
    let text = format!("Client {client_id} is {operation}d; every edge knows within 60 seconds.");
    Ok(Answer::new(text, &client))
}

fn delete(session: &Session, args: &DeleteArgs) -> Result<Answer, Failure> {
    let client_id = &args.client.client_id;
    // Asking about a client that isn't there would be strange.
    let client: ClientView = session.get(&client_path(client_id, ""))?;
    let question = format!(
        "Delete client {client_id} and its {} secret(s)? There is no way back.",
        client.secrets.len()
    );
    confirm(&question, args.yes)?;
    session.delete(&client_path(client_id, ""))?;
    Ok(Answer::new(format!("Deleted client {client_id}."), &json!({ "deleted": client_id })))
}

/// Every client, whoever declared it, ordered by id.
///
/// # Errors
/// If the server refuses or can't be reached.
pub(super) fn all_clients(session: &Session) -> Result<Vec<ClientView>, Failure> {
    #[derive(Deserialize)]
    struct Page {
        clients: Vec<ClientView>,
        next: Option<String>,
    }
    let mut page: Page = session.get("clients")?;
    let mut clients = page.clients;
    while let Some(after) = page.next {
        page = session.get(&format!("clients?after={}", form_encode(&after)))?;
        clients.append(&mut page.clients);
    }
    Ok(clients)
}
