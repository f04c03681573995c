//! Node: the system's if it is new enough for wrangler, else one from npm for this checkout.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::with_path;
use crate::Result;
use crate::files::{self, TOOLS};
use crate::process::{capture, is_available, run_quiet};
use crate::steps::timed;

/// As in `engines` of `package.json`; what wrangler asks for.
const MINIMUM: (u32, u32) = (22, 12);
const INSTALLED_VERSION: &str = "24.21.0";

/// The directory of the `node` to use, or nothing for the system's.
pub(crate) fn ensure() -> Result<Option<PathBuf>> {
    if version("node").is_some_and(|version| version >= MINIMUM) {
        return Ok(None);
    }
    let package = package().ok_or("Node 22.12 or newer is needed: https://nodejs.org")?;
    let directory = files::absolute(TOOLS)?.join("node/node_modules").join(&package).join("bin");
    if version(directory.join("node")).is_some_and(|version| version >= MINIMUM) {
        return Ok(Some(directory));
    }
    if !is_available("npm") {
        return Err("Node 22.12 or newer is needed, with npm: https://nodejs.org".into());
    }
    timed(&format!("Installing Node {INSTALLED_VERSION} from npm"), || {
        // npm's package `node` only picks the package of this platform, in a script. This takes it directly.
        run_quiet(
            Command::new("npm")
                .args(["install", "--no-save", "--ignore-scripts", "--prefix", "target/tools/node"])
                .arg(format!("{package}@{INSTALLED_VERSION}")),
        )
    })?;
    Ok(Some(directory))
}

/// A command with `directory`, if any, and the installed packages' programs first in its search path.
pub(crate) fn command(directory: Option<&Path>, program: &str) -> Result<Command> {
    let mut directories: Vec<PathBuf> = directory.iter().map(|path| path.to_path_buf()).collect();
    directories.push(files::absolute("node_modules/.bin")?);
    let mut command = Command::new(program);
    command.env("PATH", with_path(directories)?);
    Ok(command)
}

fn version(node: impl AsRef<Path>) -> Option<(u32, u32)> {
    let output = capture(Command::new(node.as_ref()).arg("--version"))?;
    let mut numbers = output.strip_prefix('v')?.split('.').map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

fn package() -> Option<String> {
    let system = match std::env::consts::OS {
        "linux" => "linux",
        "macos" => "darwin",
        _ => return None,
    };
    let processor = match std::env::consts::ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        _ => return None,
    };
    Some(format!("node-{system}-{processor}"))
}
