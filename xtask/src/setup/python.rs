//! A Python environment for tests against clients that are written in Python.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Result;
use crate::files::{self, Stamp, TOOLS, fingerprint};
use crate::process::run_quiet;
use crate::steps::timed;

/// The interpreter of an environment with the packages of `requirements`; a missing file means only pytest.
pub(crate) fn ensure(requirements: &str) -> Result<PathBuf> {
    let environment = files::absolute(TOOLS)?.join("venv");
    let python = environment.join("bin/python");
    let stamp = Stamp::new(environment.join(".xtask-stamp"), fingerprint([requirements])?);
    if stamp.is_current() && python.exists() {
        return Ok(python);
    }
    timed("Installing the Python packages of the client tests", || {
        run_quiet(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&environment))?;
        let mut pip = Command::new(&python);
        pip.args(["-m", "pip", "install", "--quiet", "pytest"]);
        if Path::new(requirements).exists() {
            pip.args(["--requirement", requirements]);
        }
        run_quiet(&mut pip)
    })?;
    stamp.set()?;
    Ok(python)
}
