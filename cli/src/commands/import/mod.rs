//! `mintedge import`: another server's configuration as a file. Nothing of it is lost silently: what has no
//! counterpart becomes a comment at its place and a warning at the end.

mod clients;
mod convert;
mod hashes;
mod read;
mod resources;

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use mintedge::protocol::config::Config;
use mintedge::protocol::config::validate;
use serde_json::json;

use crate::answer::Answer;
use crate::args::Globals;
use crate::failure::Failure;
use crate::file::Source;
use crate::private_file;
use crate::style::{WARN, styled};
use crate::toml_text::TomlText;
use convert::Imported;

/// From which server.
#[derive(Debug, Subcommand)]
pub(crate) enum ImportCommand {
    /// JSON with `resources` and `clients`, in `IdentityServer`'s words.
    Identityserver(ImportArgs),
}

/// From where, to where.
#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// The JSON file.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Write the configuration to this new file instead of printing it.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Write the hashes of the client secrets to this new file, for `mintedge clients import-secrets`.
    #[arg(long, value_name = "FILE")]
    secrets_out: Option<PathBuf>,
}

pub(super) fn run(globals: &Globals, command: &ImportCommand) -> Result<Answer, Failure> {
    let ImportCommand::Identityserver(args) = command;
    let source = Source::read(&args.file)?;
    let document = serde_json::from_str(&source.text)
        .map_err(|error| Failure::invalid(format!("{} is not JSON: {error}", source.name)))?;
    let mut imported = convert::convert(&document).map_err(Failure::invalid)?;
    remaining(&mut imported);
    if !imported.secrets.is_empty() && args.secrets_out.is_none() {
        let count = imported.secrets.len();
        imported.general.push(format!(
            "the secrets of {count} client(s) are not imported; pass --secrets-out FILE to keep their hashes"
        ));
    }
    let toml = write(&source.name, &imported)?;
    save(args, &imported, &toml)?;
    let warnings = imported.warnings();
    if !globals.json {
        warn(&warnings);
    }
    let files: Vec<&PathBuf> = args.output.iter().chain(&args.secrets_out).collect();
    if args.output.is_some() {
        let json = json!({ "files": files, "warnings": warnings });
        return Ok(Answer::new(summary(&imported, args), &json));
    }
    let json = json!({ "files": files, "toml": toml, "warnings": warnings });
    Ok(Answer::new(toml, &json))
}

fn save(args: &ImportArgs, imported: &Imported, toml: &str) -> Result<(), Failure> {
    if let Some(path) = &args.output {
        create(path, toml)?;
    }
    if let Some(path) = &args.secrets_out {
        let hashes = serde_json::to_string_pretty(&imported.secrets)
            .map_err(|error| Failure::other(error.to_string()))?;
        private_file::create(path, &(hashes + "\n"))?;
    }
    Ok(())
}

/// What the server would refuse all the same, so that nobody finds out only when applying.
fn remaining(imported: &mut Imported) {
    let config = Config {
        resource: imported.resources.iter().map(|(resource, _)| resource.clone()).collect(),
        client: imported.clients.iter().map(|(client, _)| client.clone()).collect(),
        ..Config::default()
    };
    for problem in validate::problems(&config) {
        imported.general.push(format!("to be repaired by hand: {}: {}", problem.path, problem.message));
    }
}

fn write(origin: &str, imported: &Imported) -> Result<String, Failure> {
    let mut text = TomlText::default();
    text.comment(&format!("Imported from {origin}."));
    for warning in &imported.general {
        text.comment(&format!("IMPORT: {warning}"));
    }
    for (resource, warnings) in &imported.resources {
        text.entry("resource", resource, &marked(warnings), false)?;
    }
    for (client, warnings) in &imported.clients {
        text.entry("client", client, &marked(warnings), false)?;
    }
    Ok(text.finish())
}

fn marked(warnings: &[String]) -> Vec<String> {
    warnings.iter().map(|warning| format!("IMPORT: {warning}")).collect()
}

fn create(path: &Path, text: &str) -> Result<(), Failure> {
    let created = std::fs::OpenOptions::new().write(true).create_new(true).open(path);
    created
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|error| Failure::file("create", path, &error))
}

/// On standard error: standard output may be the file.
fn warn(warnings: &[String]) {
    let mut text = String::new();
    for warning in warnings {
        let _ = writeln!(text, "{} {warning}", styled(WARN, "warning:"));
    }
    // The comments in the file say the same.
    let _ = anstream::stderr().write_all(text.as_bytes());
}

fn summary(imported: &Imported, args: &ImportArgs) -> String {
    let mut text = format!(
        "Imported {} resource(s) and {} client(s).",
        imported.resources.len(),
        imported.clients.len()
    );
    if let Some(path) = &args.output {
        let _ = write!(text, " Read {path}, then:\n\n  mintedge apply {path}", path = path.display());
    }
    if let Some(path) = &args.secrets_out {
        let _ = write!(text, "\n  mintedge clients import-secrets --replace {}", path.display());
    }
    text
}
