//! What comes from rustup and crates.io: components of the toolchain, and cargo-deny, into `target/tools/bin` unless the right
//! version is in the search path already.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Result;
use crate::files::{self, TOOLS};
use crate::process::{capture, run, run_quiet};
use crate::steps::timed;

const CARGO_DENY_VERSION: &str = "0.20.2";

/// Checks the licenses and origins of dependencies.
pub(crate) fn cargo_deny() -> Result<PathBuf> {
    let ours = files::absolute(TOOLS)?.join("bin/cargo-deny");
    let ours = ours.with_extension(std::env::consts::EXE_EXTENSION);
    for candidate in [ours.as_path(), Path::new("cargo-deny")] {
        if has_version(candidate, CARGO_DENY_VERSION) {
            return Ok(candidate.to_owned());
        }
    }
    timed(&format!("Installing cargo-deny {CARGO_DENY_VERSION} with cargo (minutes, once)"), install)?;
    Ok(ours)
}

/// clippy and rustfmt, which rustup's minimal profile leaves out.
pub(crate) fn components() -> Result {
    for (component, program) in [("clippy", "cargo-clippy"), ("rustfmt", "cargo-fmt")] {
        if capture(Command::new(program).arg("--version")).is_none() {
            timed(&format!("Adding {component} with rustup"), || {
                run_quiet(Command::new("rustup").args(["component", "add", component]))
            })?;
        }
    }
    Ok(())
}

fn has_version(program: &Path, version: &str) -> bool {
    let output = capture(Command::new(program).arg("--version"));
    output.is_some_and(|output| output.split_whitespace().any(|word| word == version))
}

fn install() -> Result {
    let install = |locked: &[&str]| {
        run(Command::new("cargo")
            .args(["install", "--quiet", "cargo-deny", "--version", CARGO_DENY_VERSION])
            .args(["--root", TOOLS, "--target-dir", "target/tools/compile", "--force"])
            .args(locked)
            // It runs for seconds: compiling it fast matters more than its speed.
            .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0")
            .env("CARGO_PROFILE_RELEASE_LTO", "off")
            .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
            .env("CARGO_PROFILE_RELEASE_DEBUG", "0"))
    };
    // A package's lock file may name a version that was yanked since, or that a mirror does not have yet.
    install(&["--locked"]).or_else(|_| {
        println!("    its locked dependencies are not available; taking the newest compatible ones");
        install(&[])
    })?;
    let _ = fs::remove_dir_all("target/tools/compile");
    Ok(())
}
