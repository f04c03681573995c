//! npm packages, exactly those of the lock file.

use std::path::Path;

use super::node;
use crate::Result;
use crate::files::{Stamp, fingerprint};
use crate::process::run_quiet;
use crate::steps::timed;

/// The packages that build and run the Worker.
pub(crate) fn ensure(node: Option<&Path>) -> Result {
    ensure_in(".", node)?;
    node.map_or(Ok(()), link_node)
}

/// A directory's packages; nothing when it has no `package.json`.
pub(crate) fn ensure_in(directory: &str, node: Option<&Path>) -> Result {
    let [manifest, lock, modules] =
        ["package.json", "package-lock.json", "node_modules"].map(|name| format!("{directory}/{name}"));
    if !Path::new(&manifest).exists() {
        return Ok(());
    }
    let stamp =
        Stamp::new(format!("{modules}/.xtask-stamp"), fingerprint([manifest.as_str(), lock.as_str()])?);
    if stamp.is_current() {
        return Ok(());
    }
    let place = if directory == "." { String::new() } else { format!(" of {directory}") };
    timed(&format!("Installing the npm packages{place}"), || {
        // None of them needs its install script: those only save a process start.
        run_quiet(node::command(node, "npm")?.args(["ci", "--ignore-scripts", "--prefix", directory]))
    })?;
    stamp.set()
}

/// Lets `npx wrangler` find the newer Node, too: npx puts this directory first in the search path.
#[cfg(unix)]
fn link_node(directory: &Path) -> Result {
    let link = Path::new("node_modules/.bin/node");
    let target = directory.join("node");
    if std::fs::read_link(link).is_ok_and(|current| current == target) {
        return Ok(());
    }
    let _ = std::fs::remove_file(link);
    std::os::unix::fs::symlink(target, link)?;
    Ok(())
}

#[cfg(not(unix))]
fn link_node(_directory: &Path) -> Result {
    Ok(())
}
