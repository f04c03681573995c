//! `mintedge plan`: what applying a file would change.

use clap::Args;
use mintedge::protocol::admin::{ClientView, ConfigView};
use mintedge::protocol::config::registered_client::ManagedBy;
use serde::Deserialize;

use super::administrators::{look_up, warn_of_loss};
use crate::answer::Answer;
use crate::args::{FileArgs, Globals};
use crate::failure::{Exit, Failure};
use crate::file::ConfigFile;
use crate::plan::{Adoptable, Plan};
use crate::remote::{Access, Session, client_path, server};

/// Which file.
#[derive(Debug, Args)]
pub(crate) struct PlanArgs {
    #[command(flatten)]
    file: FileArgs,
    /// Exit with 2 instead of 0 if there are changes.
    #[arg(long)]
    detailed_exitcode: bool,
}

pub(super) fn run(globals: &Globals, args: &PlanArgs) -> Result<Answer, Failure> {
    let mut file = ConfigFile::read(&args.file.file)?;
    let server = server(globals, file.config.issuer.as_deref())?;
    let plan = make(&Session::open(server, Access::Read)?, &mut file)?;
    let exit = (args.detailed_exitcode && !plan.is_empty()).then_some(Exit::Changes);
    Ok(Answer::new(plan.to_string(), &plan).with_exit(exit).with_warnings(&file.warnings))
}

/// Compares `file` with what is in force, and tells it whose accounts its administrators are.
///
/// # Errors
/// If the server refuses or can't be reached.
pub(super) fn make(session: &Session, file: &mut ConfigFile) -> Result<Plan, Failure> {
    let current: ConfigView = session.get("config")?;
    look_up(session, &current, file)?;
    warn_of_loss(&current, file);
    let adoptable = adoptable(session, &current, file)?;
    Ok(Plan::new(current.version, &current.config, &file.config, &adoptable))
}

#[derive(Deserialize)]
struct Page {
    clients: Vec<ClientView>,
    next: Option<String>,
}

/// The clients that `file` names, the configuration in force doesn't, and that exist all the same.
fn adoptable(session: &Session, current: &ConfigView, file: &ConfigFile) -> Result<Adoptable, Failure> {
    let is_declared = |id: &str| current.config.client.iter().any(|client| client.client_id == id);
    let new = file.config.client.iter().map(|client| client.client_id.as_str()).filter(|id| !is_declared(id));
    let new: Vec<&str> = new.collect();
    let mut found = Adoptable::new();
    if new.is_empty() {
        return Ok(found);
    }
    let mut keep = |view: ClientView| {
        if view.managed_by == ManagedBy::Api && new.contains(&view.declaration.client_id.as_str()) {
            found.insert(view.declaration.client_id.clone(), view.declaration);
        }
    };
    // Most servers have few clients: one page often tells of all of them at once.
    let page: Page = session.get("clients")?;
    let is_complete = page.next.is_none();
    page.clients.into_iter().for_each(&mut keep);
    if !is_complete {
        for id in &new {
            session.find::<ClientView>(&client_path(id, ""))?.map(&mut keep);
        }
    }
    Ok(found)
}
