//! `mintedge export`: the configuration in force as a file.

use clap::Args;
use mintedge::protocol::admin::{ClientView, ConfigView};
use mintedge::protocol::client::ManagedBy;
use mintedge::protocol::secret::is_generated_client_id;
use serde::Serialize;

use super::clients::all_clients;
use crate::answer::Answer;
use crate::args::Globals;
use crate::failure::Failure;
use crate::remote::{Access, Session, issuer_without_file};
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
    let session = Session::open(issuer_without_file(globals)?, Access::Read)?;
    let view: ConfigView = session.get("config")?;
    let mut outside = if args.all { all_clients(&session)? } else { Vec::new() };
    outside.retain(|client| client.managed_by == ManagedBy::Api);
    let text = write(session.issuer().as_str(), &view, &outside)?;
    Ok(Answer::new(text, &Export { view: &view, api_clients: &outside }))
}

fn write(issuer: &str, view: &ConfigView, outside: &[ClientView]) -> Result<String, Failure> {
    let mut text = TomlText::default();
    text.comment(&format!("Exported from {issuer}, version {}.", view.version));
    text.gap();
    text.member("issuer", &issuer.into());
    text.section("keys", &view.config.keys)?;
    text.section("tokens", &view.config.tokens)?;
    for resource in &view.config.resource {
        text.entry("resource", resource, &[], false)?;
    }
    for client in &view.config.client {
        text.entry("client", client, &[], false)?;
    }
    for issuer in &view.config.trusted_issuer {
        text.entry("trusted_issuer", issuer, &[], false)?;
    }
    for rule in &view.config.rule {
        text.entry("rule", rule, &[], false)?;
    }
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
