//! `mintedge export`: the configuration in force as a file.

use clap::Args;
use mintedge::protocol::admin::{ClientView, ConfigView};
use mintedge::protocol::config::Config;
use mintedge::protocol::config::registered_client::ManagedBy;
use mintedge::protocol::model::secret::is_generated_client_id;
use serde::Serialize;

use super::clients::all_clients;
use crate::answer::Answer;
use crate::args::Globals;
use crate::failure::Failure;
use crate::remote::{Access, Session, server_without_file};
use crate::toml_text::TomlText;

/// What to export.
#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// Clients that were registered through the API too.
    #[arg(long)]
    all: bool,
}

#[derive(Serialize)]
struct Export<'a> {
    #[serde(flatten)]
    view: &'a ConfigView,
    /// Clients outside the configuration; with `--all`.
    api_clients: &'a [ClientView],
}

pub(super) fn run(globals: &Globals, args: &ExportArgs) -> Result<Answer, Failure> {
    let session = Session::open(server_without_file(globals)?, Access::Read)?;
    let view: ConfigView = session.get("config")?;
    let mut outside = if args.all { all_clients(&session)? } else { Vec::new() };
    outside.retain(|client| client.managed_by == ManagedBy::Api);
    let text = write(session.issuer().as_str(), &view, &outside)?;
    Ok(Answer::new(text, &Export { view: &view, api_clients: &outside }))
}

/// Member by member, so that what the configuration learns is exported too: tables first, as TOML wants it, then entries.
fn document(text: &mut TomlText, config: &Config) -> Result<(), Failure> {
    let document = serde_json::to_value(config).map_err(|error| Failure::other(error.to_string()))?;
    let members = document.as_object().into_iter().flatten().filter(|(name, _)| *name != "issuer");
    let (lists, tables): (Vec<_>, Vec<_>) = members.partition(|(_, value)| value.is_array());
    for (name, table) in tables {
        text.section(name, table)?;
    }
    for (kind, entries) in lists {
        for entry in entries.as_array().into_iter().flatten() {
            text.entry(kind, entry, &[], false)?;
        }
    }
    Ok(())
}

fn write(issuer: &str, view: &ConfigView, outside: &[ClientView]) -> Result<String, Failure> {
    let mut text = TomlText::default();
    text.comment(&format!("Exported from {issuer}, version {}.", view.version));
    text.gap();
    text.member("issuer", issuer);
    document(&mut text, &view.config)?;
    for client in outside {
        let generated = is_generated_client_id(&client.declaration.client_id);
        let comment = if generated {
            "Registered through the API with a generated id; a file can't declare it."
        } else {
            "Registered through the API; applying this file takes it over."
        };
        text.entry("client", &client.declaration, &[comment.to_owned()], generated)?;
    }
    Ok(text.finish())
}
