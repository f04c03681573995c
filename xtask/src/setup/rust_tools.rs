//! Programs that cargo installs, into `target/tools/bin` unless the right version is in the search path already.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Result;
use crate::files::{self, TOOLS};
use crate::process::{capture, run, run_quiet};
use crate::steps::timed;

/// Has to fit the `worker` crate in `Cargo.lock`.
pub(crate) const WORKER_BUILD_VERSION: &str = "0.8.7";
const CARGO_DENY_VERSION: &str = "0.20.2";

/// Compiles the crate to wasm and generates its JavaScript.
pub(crate) fn worker_build() -> Result<PathBuf> {
    ensure(&Tool { package: "worker-build", program: "worker-build", features: &[] }, WORKER_BUILD_VERSION)
}

/// Generates the JavaScript glue; has to be exactly the version of the library.
pub(crate) fn wasm_bindgen() -> Result<PathBuf> {
    let version = locked_version(&fs::read_to_string("Cargo.lock")?, "wasm-bindgen")
        .ok_or("Cargo.lock has no package wasm-bindgen")?;
    // The default features only serve its test runner: they would compile a TLS library.
    let features = &["--no-default-features"];
    ensure(&Tool { package: "wasm-bindgen-cli", program: "wasm-bindgen", features }, &version)
}

/// Checks the licenses and origins of dependencies.
pub(crate) fn cargo_deny() -> Result<PathBuf> {
    ensure(&Tool { package: "cargo-deny", program: "cargo-deny", features: &[] }, CARGO_DENY_VERSION)
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

/// A program of a package on crates.io.
struct Tool {
    package: &'static str,
    program: &'static str,
    features: &'static [&'static str],
}

fn ensure(tool: &Tool, version: &str) -> Result<PathBuf> {
    let ours = files::absolute(TOOLS)?.join("bin").join(tool.program);
    let ours = ours.with_extension(std::env::consts::EXE_EXTENSION);
    for candidate in [ours.as_path(), Path::new(tool.program)] {
        if has_version(candidate, version) {
            return Ok(candidate.to_owned());
        }
    }
    timed(&format!("Installing {} {version} with cargo (minutes, once)", tool.package), || {
        install(tool, version)
    })?;
    Ok(ours)
}

fn has_version(program: &Path, version: &str) -> bool {
    let output = capture(Command::new(program).arg("--version"));
    output.is_some_and(|output| output.split_whitespace().any(|word| word == version))
}

fn install(tool: &Tool, version: &str) -> Result {
    let install = |locked: &[&str]| {
        run(Command::new("cargo")
            .args(["install", "--quiet", tool.package, "--bin", tool.program, "--version", version])
            .args(["--root", TOOLS, "--target-dir", "target/tools/compile", "--force"])
            .args(tool.features)
            .args(locked)
            // These programs run for seconds: compiling them fast matters more than their speed.
            .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1")
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

fn locked_version(lock: &str, package: &str) -> Option<String> {
    let name = format!("name = \"{package}\"");
    let mut lines = lock.lines().skip_while(|line| *line != name);
    let version = lines.nth(1)?.strip_prefix("version = \"")?.strip_suffix('"')?;
    Some(version.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locked_version_of_exactly_the_named_package() {
        let lock = "[[package]]\nname = \"wasm-bindgen-futures\"\nversion = \"0.4.1\"\n\n\
                    [[package]]\nname = \"wasm-bindgen\"\nversion = \"0.2.9\"\n";
        assert_eq!(locked_version(lock, "wasm-bindgen").as_deref(), Some("0.2.9"));
        assert_eq!(locked_version(lock, "wasm"), None);
    }
}
