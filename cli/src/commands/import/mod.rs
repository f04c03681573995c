//! `mintedge import`: another server's configuration as a file. Nothing of it is lost silently: what has no
//! counterpart becomes a comment at its place and a warning at the end.

mod clients;
mod convert;
mod counterparts;
mod hashes;
mod login;
mod others;
mod read;
mod remarks;
mod resources;

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use mintedge::protocol::config::Config;
use mintedge::protocol::validate;
use serde_json::json;

use crate::answer::Answer;
use crate::args::Globals;
use crate::failure::{Exit, Failure};
use crate::file::Source;
use crate::private_file;
use crate::style::{BAD, WARN, styled};
use crate::time::now;
use crate::toml_text::TomlText;
use convert::{Imported, Reading};
use remarks::{Remark, Remarks};

pub(crate) use hashes::{ImportedSecret, SecretForm};

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
    /// What secrets are that may be a SHA-256 hash as well as 32 random bytes; without it such are left out.
    #[arg(long, value_name = "FORM")]
    secrets_are: Option<SecretForm>,
}

pub(super) fn run(globals: &Globals, command: &ImportCommand) -> Result<Answer, Failure> {
    let ImportCommand::Identityserver(args) = command;
    let source = Source::read(&args.file)?;
    let document = read::parse(&source.text)
        .map_err(|error| Failure::invalid(format!("{} is not JSON: {error}", source.name)))?;
    let reading = Reading { secrets: args.secrets_are, now: now() };
    let mut imported = convert::convert(&document, reading)
        .map_err(|reason| Failure::invalid(format!("{}: {reason}", source.name)))?;
    let is_valid = remaining(&mut imported);
    if !imported.secrets.is_empty() && args.secrets_out.is_none() {
        let count = imported.secrets.len();
        imported.general.decide(format!(
            "the secrets of {count} client(s) are not imported; pass --secrets-out FILE to keep their hashes"
        ));
    }
    let toml = write(&source.name, &imported)?;
    save(args, &imported, &toml)?;
    let remarks = imported.remarks();
    if !globals.json {
        warn(&remarks);
    }
    let open = remarks.iter().filter(|remark| remark.is_open).count();
    let exit = match (is_valid, open) {
        (false, _) => Some(Exit::Invalid),
        (true, 0) => None,
        (true, _) => Some(Exit::Other),
    };
    let files: Vec<&PathBuf> = args.output.iter().chain(&args.secrets_out).collect();
    let texts = |wanted: &dyn Fn(&Remark) -> bool| -> Vec<String> {
        remarks.iter().filter(|remark| wanted(remark)).map(|remark| remark.text.clone()).collect()
    };
    let mut json =
        json!({ "files": files, "warnings": texts(&|_| true), "decisions": texts(&|remark| remark.is_open) });
    let text = if args.output.is_some() {
        summary(&imported, args, open)
    } else {
        json.as_object_mut().map(|members| members.insert("toml".to_owned(), toml.clone().into()));
        toml
    };
    Ok(Answer::new(text, &json).with_exit(exit))
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

/// Says what the server would refuse all the same, so that nobody finds out only when applying; whether it is nothing.
fn remaining(imported: &mut Imported) -> bool {
    let config = Config {
        resource: imported.resources.iter().map(|(resource, _)| resource.clone()).collect(),
        client: imported.clients.iter().map(|(client, _)| client.clone()).collect(),
        ..Config::default()
    };
    let problems = validate::problems(&config);
    for problem in &problems {
        imported.general.decide(format!("to be repaired by hand: {}: {}", problem.path, problem.message));
    }
    problems.is_empty()
}

fn write(origin: &str, imported: &Imported) -> Result<String, Failure> {
    let mut text = TomlText::default();
    text.comment(&format!("Imported from {origin}."));
    for comment in marked(&imported.general) {
        text.comment(&comment);
    }
    for (resource, remarks) in &imported.resources {
        text.entry("resource", resource, &marked(remarks), false)?;
    }
    for (client, remarks) in &imported.clients {
        text.entry("client", client, &marked(remarks), false)?;
    }
    Ok(text.finish())
}

fn marked(remarks: &Remarks) -> Vec<String> {
    let mark =
        |remark: &Remark| format!("{}: {}", if remark.is_open { "DECIDE" } else { "IMPORT" }, remark.text);
    remarks.iter().map(mark).collect()
}

fn create(path: &Path, text: &str) -> Result<(), Failure> {
    let created = std::fs::OpenOptions::new().write(true).create_new(true).open(path);
    created
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|error| Failure::file("create", path, &error))
}

/// On standard error: standard output may be the file.
fn warn(remarks: &[Remark]) {
    let mut text = String::new();
    for remark in remarks {
        let kind = if remark.is_open { styled(BAD, "decide:") } else { styled(WARN, "warning:") };
        let _ = writeln!(text, "{kind} {}", remark.text);
    }
    // The comments in the file say the same.
    let _ = anstream::stderr().write_all(text.as_bytes());
}

fn summary(imported: &Imported, args: &ImportArgs, open: usize) -> String {
    let mut text = format!(
        "Imported {} resource(s) and {} client(s).",
        imported.resources.len(),
        imported.clients.len()
    );
    if open > 0 {
        let _ = write!(text, " {open} point(s) need a decision: they are marked DECIDE.");
    }
    if let Some(path) = &args.output {
        let _ = write!(text, " Read {path}, then:\n\n  mintedge apply {path}", path = path.display());
    }
    if let Some(path) = &args.secrets_out {
        let _ = write!(text, "\n  mintedge clients import-secrets --replace {}", path.display());
    }
    text
}
