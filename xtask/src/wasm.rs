//! Builds the Worker's wasm and JavaScript into `build/`.

use std::path::Path;

use crate::Result;
use crate::files::{Stamp, fingerprint};
use crate::process::run;
use crate::setup::Tools;
use crate::steps::timed;

/// Everything the result depends on, apart from the tools, whose versions `xtask` and `Cargo.lock` pin.
const INPUTS: [&str; 6] =
    ["src", "Cargo.toml", "Cargo.lock", ".cargo", "package-lock.json", "xtask/src/setup/rust_tools.rs"];
const OUTPUTS: [&str; 2] = ["build/index.js", "build/index_bg.wasm"];

/// Builds in release mode, unless nothing changed since the last time.
pub(crate) fn build(tools: &Tools) -> Result {
    let stamp = Stamp::new("target/wasm/.xtask-stamp", fingerprint(INPUTS)?);
    if stamp.is_current() && OUTPUTS.iter().all(|output| Path::new(output).exists()) {
        println!("==> The wasm build is up to date");
        return Ok(());
    }
    timed("Building the wasm", || run(tools.worker_build()?.arg("--release")))?;
    stamp.set()
}
