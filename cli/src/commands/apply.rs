//! `mintedge apply`: puts a file into force.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;

use clap::Args;
use mintedge::protocol::admin::{AppliedView, NewSecretView};
use serde::Serialize;

use crate::answer::Answer;
use crate::args::{FileArgs, Globals};
use crate::ask::confirm;
use crate::failure::{Exit, Failure};
use crate::file::ConfigFile;
use crate::issued::{SecretsFile, shown};
use crate::plan::Plan;
use crate::remote::{Access, Session, server};
use crate::style::bold;

/// Which file, and how.
#[derive(Debug, Args)]
pub(crate) struct ApplyArgs {
    #[command(flatten)]
    file: FileArgs,
    /// Don't ask.
    #[arg(long, short)]
    yes: bool,
    /// Let so many entries go; more than three are refused without it, --yes or not.
    #[arg(long, value_name = "N", default_value_t = FEW)]
    allow_removals: usize,
    /// Append new secrets to this file (created with mode 0600) instead of printing them, one JSON object a line.
    #[arg(long, value_name = "PATH")]
    secrets_file: Option<PathBuf>,
}

#[derive(Serialize)]
struct Report<'a> {
    /// Whether there was something to do.
    applied: bool,
    /// The version in force now.
    version: u64,
    plan: &'a Plan,
    /// New secrets; empty if they went to a file.
    secrets: &'a [NewSecretView],
}

pub(super) fn run(globals: &Globals, args: &ApplyArgs) -> Result<Answer, Failure> {
    let mut file = ConfigFile::read(&args.file.file)?;
    let server = server(globals, file.config.issuer.as_deref())?;
    let session = Session::open(server, Access::Write)?;
    let plan = super::plan::make(&session, &mut file)?;
    if plan.is_empty() {
        let applied = Report { applied: false, version: plan.version, plan: &plan, secrets: &[] };
        return Ok(Answer::new(plan.to_string(), &applied));
    }
    show(&plan, globals.json);
    if plan.remove > args.allow_removals {
        return Err(mass_removal(&plan));
    }
    if !globals.json {
        warn(&file);
    }
    confirm(&format!("Apply these changes to {}?", session.issuer().as_str()), args.yes)?;
    let mut secrets_file = args.secrets_file.as_deref().map(SecretsFile::open).transpose()?;
    let done: AppliedView =
        session.put("config", Some(plan.version), &file.config).map_err(|failure| refused(failure, &file))?;
    let kept = match &mut secrets_file {
        Some(secrets_file) => secrets_file.keep(&done.secrets),
        None => false,
    };
    let secrets: &[NewSecretView] = if kept { &[] } else { &done.secrets };
    let text =
        report(&done, secrets, args.secrets_file.as_ref().filter(|_| kept && !done.secrets.is_empty()));
    Ok(Answer::new(text, &Report { applied: true, version: done.version, plan: &plan, secrets }))
}

/// Most entries that go without being named: a file of another server, or a fresh one, removes more.
const FEW: usize = 3;

fn mass_removal(plan: &Plan) -> Failure {
    let count = plan.remove;
    let description = format!(
        "this would remove {count} entries, and nothing was changed. If that is meant, pass --allow-removals {count}"
    );
    Failure::new(Exit::Refused, "mass_removal", description)
}

/// The plan is for whoever confirms it; standard output belongs to the document if that is JSON.
fn show(plan: &Plan, json: bool) {
    // Failing to show it must not keep --yes from working.
    let _ = if json { write!(anstream::stderr(), "{plan}") } else { write!(anstream::stdout(), "{plan}") };
}

/// What deserves a second look is shown before somebody confirms.
fn warn(file: &ConfigFile) {
    for warning in &file.warnings {
        let _ = writeln!(anstream::stderr(), "{}", warning.render_warning());
    }
}

fn refused(failure: Failure, file: &ConfigFile) -> Failure {
    match failure.exit() {
        Exit::Invalid if !failure.problems().is_empty() => file.refused(failure.problems()),
        Exit::Conflict => {
            let description = format!("{} (nothing was changed)", failure.description());
            failure.explained(description)
        }
        Exit::Unreachable => {
            let lost = "If it did, new secrets are lost with the answer: `mintedge clients rotate-secret` makes others";
            let description = format!("{}. {lost}", failure.description());
            failure.explained(description)
        }
        Exit::Other | Exit::Changes | Exit::Invalid | Exit::Refused | Exit::Usage => failure,
    }
}

fn report(done: &AppliedView, secrets: &[NewSecretView], kept_in: Option<&PathBuf>) -> String {
    let mut text = format!(
        "\n{} Version {} is in force; every edge has it within 60 seconds.\n",
        bold("Applied."),
        done.version
    );
    if !secrets.is_empty() {
        text.push('\n');
        text.push_str(&shown(secrets));
    }
    if let Some(path) = kept_in {
        let _ = write!(text, "\nThe new secrets are in {}.\n", path.display());
    }
    text
}
