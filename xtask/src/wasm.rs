//! Builds the Worker's wasm and JavaScript into `build/`.

mod module;

use std::fs;
use std::path::{Path, PathBuf};

use crate::Result;
use crate::files::{self, Stamp, fingerprint};
use crate::process::{Service, run};
use crate::setup::Tools;
use crate::steps::timed;
use crate::transcript;

pub(crate) use module::Module;

/// Everything the result depends on, apart from the tools, whose versions `xtask` and `Cargo.lock` pin.
const INPUTS: [&str; 9] = [
    "src",
    "passwords",
    "Cargo.toml",
    "Cargo.lock",
    ".cargo",
    "package-lock.json",
    "xtask/src/setup/rust_tools.rs",
    "xtask/src/wasm.rs",
    "xtask/src/wasm",
];
/// Where the Worker is built that panics on request.
const PROBE: &str = "target/probe";
const WASM: &str = "build/index_bg.wasm";
/// The same module with the names of its functions, which tell where its bytes come from.
pub(crate) const NAMED: &str = "target/wasm/named.wasm";
/// What the build says that runs beside other steps.
const BESIDE: &str = "target/wasm/build.log";
const OUTPUTS: [&str; 3] = ["build/index.js", WASM, NAMED];

/// Builds in release mode, unless nothing changed since the last time.
pub(crate) fn build(tools: &Tools) -> Result {
    let stamp = stamp()?;
    if is_current(&stamp) {
        println!("==> The wasm build is up to date");
        return Ok(());
    }
    timed("Building the wasm", || {
        run(tools.worker_build()?.arg("--release"))?;
        without_names()
    })?;
    stamp.set()
}

fn stamp() -> Result<Stamp> {
    Ok(Stamp::new("target/wasm/.xtask-stamp", fingerprint(INPUTS)?))
}

fn is_current(stamp: &Stamp) -> bool {
    stamp.is_current() && OUTPUTS.iter().all(|output| Path::new(output).exists())
}

fn without_names() -> Result {
    fs::rename(WASM, NAMED)?;
    let module = fs::read(NAMED)?;
    let module = Module::parse(&module).ok_or("worker-build made a broken wasm module")?;
    Ok(fs::write(WASM, module.without_names())?)
}

/// A build that goes on beside other steps: most of it keeps one core busy, and so do they.
pub(crate) struct Beside(Option<(Service, Stamp)>);

impl Beside {
    /// Begins, unless nothing changed since the last time.
    pub(crate) fn begin(tools: &Tools) -> Result<Self> {
        let stamp = stamp()?;
        if is_current(&stamp) {
            return Ok(Self(None));
        }
        println!("==> Building the wasm beside the next steps");
        fs::create_dir_all("target/wasm")?;
        let output = fs::File::create(BESIDE)?;
        let mut build = tools.worker_build()?;
        build.arg("--release").stdout(output.try_clone()?).stderr(output);
        Ok(Self(Some((Service::start(&mut build)?, stamp))))
    }

    /// Waits for the end and shows what the build said.
    pub(crate) fn finish(self) -> Result {
        let Some((mut build, stamp)) = self.0 else {
            println!("==> The wasm build is up to date");
            return Ok(());
        };
        let status = build.wait()?;
        let said = fs::read_to_string(BESIDE)?;
        transcript::note_output(said.as_bytes());
        print!("{said}");
        if !status.success() {
            return Err(format!("worker-build failed ({status})").into());
        }
        without_names()?;
        stamp.set()
    }
}

/// Builds the Worker that panics on request into [`PROBE`], with all that wrangler needs: in debug mode, which is quick and
/// is not what anybody deploys.
pub(crate) fn build_probe(tools: &Tools) -> Result<PathBuf> {
    let directory = Path::new(PROBE);
    let mut build = tools.worker_build()?;
    build.args(["--dev", "--out-dir", &format!("{PROBE}/build"), "--", "--features", "panic-probe"]);
    timed("Building the wasm that panics on request", || run(&mut build))?;
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
