//! Builds the Worker's wasm and JavaScript into `build/`.

mod module;
mod pipeline;

use std::fs;
use std::path::{Path, PathBuf};

use crate::Result;
use crate::files::{self, Stamp, fingerprint};
use crate::setup::Tools;
use pipeline::Variant;

pub(crate) use module::Module;

/// Everything the result depends on, apart from the tools, whose versions `xtask` and `Cargo.lock` pin.
const INPUTS: [&str; 8] = [
    "src",
    "passwords",
    "Cargo.toml",
    "Cargo.lock",
    ".cargo",
    "package-lock.json",
    "xtask/src/wasm.rs",
    "xtask/src/wasm",
];
/// Where the Worker is built that panics on request.
const PROBE: &str = "target/probe";
/// Where `edge/` imports it from.
const OUT: &str = "build";
/// The same module with the names of its functions, which tell where its bytes come from.
pub(crate) const NAMED: &str = "target/wasm/named.wasm";
const OUTPUTS: [&str; 3] = ["build/index.js", "build/index_bg.wasm", NAMED];

/// Builds in release mode, unless nothing changed since the last time.
pub(crate) fn build(tools: &Tools) -> Result {
    let stamp = stamp()?;
    if is_current(&stamp) {
        println!("==> The wasm build is up to date");
        return Ok(());
    }
    pipeline::build(tools, &Variant::Release, Path::new(OUT), Path::new(NAMED))?;
    stamp.set()
}

fn stamp() -> Result<Stamp> {
    Ok(Stamp::new("target/wasm/.xtask-stamp", fingerprint(INPUTS)?))
}

fn is_current(stamp: &Stamp) -> bool {
    stamp.is_current() && OUTPUTS.iter().all(|output| Path::new(output).exists())
}

/// Builds the Worker that panics on request into [`PROBE`], with all that wrangler needs: in debug mode, which is quick and
/// is not what anybody deploys.
pub(crate) fn build_probe(tools: &Tools) -> Result<PathBuf> {
    let directory = Path::new(PROBE);
    pipeline::build(tools, &Variant::Probe, &directory.join("build"), Path::new(NAMED))?;
    fs::create_dir_all(directory.join("edge"))?;
    for file in files::sorted_entries(Path::new("edge"))? {
        fs::copy(&file, directory.join(&file))?;
    }
    let config = directory.join("wrangler.toml");
    fs::write(&config, without_build(&fs::read_to_string("wrangler.toml")?))?;
    Ok(config)
}

/// wrangler's configuration without the command that builds the Worker.
fn without_build(config: &str) -> String {
    let mut table = "";
    let kept = config.lines().filter(|line| {
        if line.starts_with('[') {
            table = line;
        }
        table != "[build]"
    });
    kept.collect::<Vec<_>>().join("\n")
}
