//! The `wasm32-unknown-unknown` target: the one that is there, else rustup's, else one built from Debian's sources.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::debian;
use crate::process::{capture, is_available};
use crate::steps::timed;
use crate::{Failure, Result};

pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// Which compiler builds for wasm.
pub(crate) enum WasmTarget {
    /// The one in the search path.
    Path,
    /// Debian's, beside whatever is in the search path.
    Debian { linker: String },
}

impl WasmTarget {
    pub(crate) fn describe(&self) -> &'static str {
        match self {
            Self::Path => "of the Rust toolchain in the search path",
            Self::Debian { .. } => "of Debian's rustc-web",
        }
    }
}

/// Finds or installs the target.
///
/// # Errors
/// When neither rustup nor Debian's packages can provide it.
pub(crate) fn ensure() -> Result<WasmTarget> {
    if is_installed("rustc") {
        return Ok(WasmTarget::Path);
    }
    if let Some(linker) = debian::prepared() {
        return Ok(WasmTarget::Debian { linker });
    }
    let rustup = timed("Adding the wasm32-unknown-unknown target with rustup", add_with_rustup);
    if rustup.is_ok() && is_installed("rustc") {
        return Ok(WasmTarget::Path);
    }
    let linker = timed("Building the wasm32-unknown-unknown target from Debian's sources", debian::install)
        .map_err(|failure| missing(&failure))?;
    Ok(WasmTarget::Debian { linker })
}

/// Whether the compiler has the target's standard library.
pub(crate) fn is_installed(rustc: &str) -> bool {
    library_directory(rustc).is_some_and(|directory| has_core(&directory))
}

/// Where the compiler looks for the target's standard library.
pub(crate) fn library_directory(rustc: &str) -> Option<PathBuf> {
    let mut command = Command::new(rustc);
    if rustc != "rustc" {
        debian::without_rustup(&mut command);
    }
    capture(command.args(["--target", TARGET, "--print", "target-libdir"])).map(PathBuf::from)
}

fn has_core(directory: &Path) -> bool {
    let Ok(entries) = directory.read_dir() else {
        return false;
    };
    entries.flatten().any(|entry| entry.file_name().to_string_lossy().starts_with("libcore-"))
}

fn add_with_rustup() -> Result {
    if !is_available("rustup") {
        return Err("rustup is not installed".into());
    }
    // Its own words would read like an error, and there is another way.
    let added = capture(Command::new("rustup").args(["target", "add", TARGET]));
    added.map(drop).ok_or_else(|| "rustup could not download it".into())
}

fn missing(failure: &Failure) -> Failure {
    format!(
        "the Rust target {TARGET} is missing ({failure}).\n\
         Install Rust with rustup (https://rustup.rs) and run `rustup target add {TARGET}`."
    )
    .into()
}
