//! Secrets of local and test deployments, made by the `mintedge` command.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::Result;
use crate::process::run_quiet;

/// The `mintedge` command of this checkout.
pub(crate) fn mintedge(arguments: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    command.args(["run", "--quiet", "--package", "mintedge-cli", "--bin", "mintedge", "--"]).args(arguments);
    command
}

/// The admin secret of a `.dev.vars` file. A missing file is made, with new secrets and readable for its owner only.
pub(crate) fn admin_secret(file: &Path) -> Result<String> {
    if !file.exists() {
        println!("==> Making {} with new secrets", file.display());
        if let Some(directory) = file.parent() {
            fs::create_dir_all(directory)?;
        }
        run_quiet(mintedge(&["init", "--dev-vars"]).arg(file))?;
    }
    let text = fs::read_to_string(file)?;
    let line = text
        .lines()
        .find_map(|line| line.trim().strip_prefix("ADMIN_SECRET")?.trim_start().strip_prefix('='));
    let value = line.map(|value| value.trim().trim_matches('"').to_owned());
    value.ok_or_else(|| {
        format!("{} has no ADMIN_SECRET; delete the file to get a new one", file.display()).into()
    })
}

/// The newest secret of a client in a file that `mintedge apply --secrets-file` wrote: a JSON object a line.
pub(crate) fn client_secret(file: &Path, client_id: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let client = format!("\"client_id\":\"{client_id}\"");
    let line = text.lines().rev().find(|line| line.contains(&client))?;
    let (_, value) = line.split_once("\"client_secret\":\"")?;
    Some(value.split('"').next()?.to_owned())
}
