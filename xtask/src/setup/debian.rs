//! The way without rustup's servers: Debian 12's security archive has a Rust toolchain (`rustc-web`) with the sources
//! of its standard library, from which the wasm target is built once.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::wasm_target::{TARGET, is_installed, library_directory};
use crate::Result;
use crate::files::{self, TOOLS};
use crate::process::{capture, is_available, run, run_quiet};
use crate::steps::timed;

/// Links to Debian's programs, for the front of a search path; `/usr/bin` itself would bring all its others along.
pub(crate) const PROGRAMS: &str = "target/tools/debian-rust";

const RUSTC: &str = "/usr/bin/rustc";
const CARGO: &str = "/usr/bin/cargo";

/// The linker's name, if an earlier run prepared everything.
pub(crate) fn prepared() -> Option<String> {
    let linker = linker()?;
    let programs = ["cargo", "rustc"].iter().all(|program| Path::new(PROGRAMS).join(program).exists());
    (is_installed(RUSTC) && is_available(&linker) && (programs || link_programs().is_ok())).then_some(linker)
}

/// Installs the packages and builds the target's standard library. Returns the linker's name.
///
/// # Errors
/// On another system than Debian, or without the right to install packages.
pub(crate) fn install() -> Result<String> {
    may_install()?;
    apt(&["update"])?;
    install_packages(&["rustc-web", "cargo-web", "rust-web-clippy", "rust-web-src"])?;
    let linker = linker().ok_or("cannot tell which LLVM /usr/bin/rustc uses")?;
    install_packages(&[&linker.replace("wasm-ld", "lld")])?;
    if !is_installed(RUSTC) {
        build_standard_library()?;
    }
    link_programs()?;
    Ok(linker)
}

/// Installs `packages`, unless all of the `files` are there that they bring.
///
/// # Errors
/// On another system than Debian, or without the right to install packages.
pub(crate) fn ensure_packages(files: &[&str], packages: &[&str]) -> Result {
    if files.iter().all(|file| Path::new(file).exists()) {
        return Ok(());
    }
    may_install()?;
    timed(&format!("Installing Debian's {}", packages.join(", ")), || {
        apt(&["update"])?;
        install_packages(packages)
    })
}

fn may_install() -> Result {
    if !is_available("apt-get") {
        return Err("apt-get is not available".into());
    }
    if capture(Command::new("id").arg("-u")).as_deref() != Some("0") {
        return Err("installing Debian's packages needs root".into());
    }
    Ok(())
}

/// Takes the variables away with which cargo and rustup bind their children to their own toolchain.
pub(crate) fn without_rustup(command: &mut Command) {
    for variable in ["CARGO", "RUSTC", "RUSTDOC", "RUSTUP_TOOLCHAIN", "LD_LIBRARY_PATH"] {
        command.env_remove(variable);
    }
}

/// LLVM's linker must not be older than the compiler's LLVM, and Debian's packages carry the version in their names.
fn linker() -> Option<String> {
    let mut command = Command::new(RUSTC);
    without_rustup(&mut command);
    let version = capture(command.arg("-vV"))?;
    let llvm = version.lines().find_map(|line| line.strip_prefix("LLVM version: "))?;
    Some(format!("wasm-ld-{}", llvm.split('.').next()?))
}

fn install_packages(packages: &[&str]) -> Result {
    apt(&[&["install", "--yes", "--no-install-recommends"], packages].concat())
}

fn apt(arguments: &[&str]) -> Result {
    run_quiet(Command::new("apt-get").args(arguments).env("DEBIAN_FRONTEND", "noninteractive"))
}

fn build_standard_library() -> Result {
    let work = files::absolute(TOOLS)?.join("std");
    fs::create_dir_all(&work)?;
    run(Command::new("cp").args(["-r", "--no-target-directory"]).arg(sources()?).arg(work.join("library")))?;
    let mut cargo = Command::new(CARGO);
    without_rustup(&mut cargo);
    // The flags and features with which the Rust project builds its own distribution of this target.
    run(cargo
        .args(["build", "--quiet", "--release", "--manifest-path"])
        .arg(work.join("library/sysroot/Cargo.toml"))
        .args(["--target", TARGET, "--features", "panic-unwind compiler-builtins-mem"])
        .env("RUSTC", RUSTC)
        .env("RUSTC_BOOTSTRAP", "1")
        .env("RUSTFLAGS", "-Zforce-unstable-if-unmarked -Cembed-bitcode=yes")
        .env("CARGO_TARGET_DIR", work.join("target")))?;
    let destination =
        library_directory(RUSTC).ok_or("cannot tell where /usr/bin/rustc looks for the target")?;
    fs::create_dir_all(&destination)?;
    for file in files::sorted_entries(&work.join("target").join(TARGET).join("release/deps"))? {
        if let (Some("rlib"), Some(name)) = (file.extension().and_then(|e| e.to_str()), file.file_name()) {
            fs::copy(&file, destination.join(name))?;
        }
    }
    fs::remove_dir_all(&work)?;
    Ok(())
}

/// The unpacked sources of exactly the installed compiler.
fn sources() -> Result<PathBuf> {
    let mut rustc = Command::new(RUSTC);
    without_rustup(&mut rustc);
    let version = capture(rustc.arg("--version")).unwrap_or_default();
    let number = version.split(' ').nth(1).unwrap_or_default();
    let sources = PathBuf::from(format!("/usr/src/rustc-{number}/library"));
    if sources.is_dir() {
        return Ok(sources);
    }
    Err(format!("{} is missing", sources.display()).into())
}

#[cfg(unix)]
fn link_programs() -> Result {
    fs::create_dir_all(PROGRAMS)?;
    for program in ["cargo", "rustc", "cargo-clippy", "clippy-driver"] {
        let link = Path::new(PROGRAMS).join(program);
        if fs::symlink_metadata(&link).is_err() {
            std::os::unix::fs::symlink(Path::new("/usr/bin").join(program), link)?;
        }
    }
    Ok(())
}

#[cfg(not(unix))]
fn link_programs() -> Result {
    Err("Debian's packages need Debian".into())
}
