//! From Rust to what wrangler takes in: compile, generate the JavaScript glue, optimize, bundle.
//!
//! wasm-bindgen is called as a library. Its command and worker-build, which does the same four steps, would each have to be
//! compiled first, with several times as many crates, among them two TLS libraries
//! (docs/decisions/build-without-tools.md).

use std::fs;
use std::path::{Path, PathBuf};

use wasm_bindgen_cli_support::Bindgen;

use super::Module;
use crate::Result;
use crate::files;
use crate::process::run;
use crate::setup::Tools;
use crate::steps::timed;

/// What compiling makes, below cargo's target directory.
const COMPILED: &str = "target/wasm/wasm32-unknown-unknown";
/// Where the steps after it work.
const STAGING: &str = "target/wasm/staging";
/// What generated files are called: `index.js`, which imports `index_bg.wasm`.
const NAME: &str = "index";

/// What wasm-opt does. An isolate compiles a function when it first runs: functions that take everything in that only they call
/// would make a cold start compile what it never runs. It is also what compresses worst: with little inlined and functions in
/// the order of their names, where instances of one generic function stand side by side, the upload is a tenth smaller
/// (docs/decisions/lean-path.md).
const OPTIMIZE: [&str; 4] = [
    "-O",
    "--one-caller-inline-max-function-size=20",
    "--flexible-inline-max-function-size=8",
    "--reorder-functions-by-name",
];
/// What the module may use: what rustc takes for granted of its target, SIMD, and the exceptions that wasm-bindgen catches.
/// Each by its name, so that no newer wasm-opt writes what the runtime doesn't know.
const FEATURES: [&str; 8] = [
    "bulk-memory",
    "exception-handling",
    "multivalue",
    "mutable-globals",
    "nontrapping-float-to-int",
    "reference-types",
    "sign-ext",
    "simd",
];

/// What is built.
pub(super) enum Variant {
    /// What is deployed.
    Release,
    /// What panics on request, in debug mode: nobody deploys it.
    Probe,
}

/// Builds into `out`; for a release, the module with the names of its functions is kept as `named`.
pub(super) fn build(tools: &Tools, variant: &Variant, out: &Path, named: &Path) -> Result {
    let compiled = timed("Compiling to wasm", || compile(tools, variant))?;
    timed("Generating and bundling the JavaScript", || {
        glue(&compiled)?;
        bundle(tools)
    })?;
    let module = staged("_bg.wasm");
    if matches!(variant, Variant::Release) {
        timed("Optimizing the wasm", || optimize(tools, &module))?;
        fs::copy(&module, named)?;
        let whole = fs::read(&module)?;
        fs::write(&module, Module::parse(&whole).ok_or("the wasm module is broken")?.without_names())?;
    }
    publish(out)
}

/// Compiles the crate; returns where its module is.
fn compile(tools: &Tools, variant: &Variant) -> Result<PathBuf> {
    let (profile, arguments): (_, &[&str]) = match variant {
        Variant::Release => ("release", &["--release"]),
        Variant::Probe => ("debug", &["--features", "panic-probe"]),
    };
    let mut cargo = tools.wasm_command("cargo")?;
    cargo.args(["build", "--quiet", "--package", "mintedge", "--lib", "--target", "wasm32-unknown-unknown"]);
    run(cargo.args(arguments))?;
    Ok(Path::new(COMPILED).join(profile).join("mintedge.wasm"))
}

/// Generates the glue: a module that can be made anew after a panic, and that notices one (`edge/recovery.mjs`).
fn glue(compiled: &Path) -> Result {
    let _ = fs::remove_dir_all(STAGING);
    let mut bindgen = Bindgen::new();
    bindgen.input_path(compiled).out_name(NAME).typescript(false);
    bindgen.module(true)?.reset_state_function(true).force_enable_abort_handler(true);
    bindgen.generate(STAGING)?;
    // A source phase import, whose value is the module. wrangler gives the same for a plain one.
    let script = staged(".js");
    Ok(fs::write(&script, fs::read_to_string(&script)?.replace("import source ", "import "))?)
}

/// Makes one small file of the glue and the snippets that it imports.
fn bundle(tools: &Tools) -> Result {
    let mut esbuild = tools.wasm_command("esbuild")?;
    esbuild.arg(staged(".js")).args([
        "--bundle",
        "--minify",
        "--format=esm",
        "--allow-overwrite",
        "--log-level=warning",
    ]);
    esbuild.args([&format!("--external:./{NAME}_bg.wasm"), "--external:cloudflare:*"]);
    run(esbuild.arg(format!("--outfile={}", staged(".js").display())))
}

fn optimize(tools: &Tools, module: &Path) -> Result {
    let mut optimizer = tools.wasm_command("wasm-opt")?;
    optimizer.arg(module).arg("-o").arg(module).args(OPTIMIZE);
    optimizer.args(FEATURES.map(|feature| format!("--enable-{feature}")));
    // The names of functions tell where the bytes come from; `without_names` takes them out of what is deployed.
    run(optimizer.arg("--debuginfo"))
}

fn staged(end: &str) -> PathBuf {
    Path::new(STAGING).join(format!("{NAME}{end}"))
}

/// Puts what is done in the place of what was there: the module first, which is useless but harmless alone.
fn publish(out: &Path) -> Result {
    fs::create_dir_all(out)?;
    for end in ["_bg.wasm", ".js"] {
        let file = files::absolute(staged(end))?;
        let name = file.file_name().ok_or("a staged file has no name")?;
        fs::copy(&file, out.join(name))?;
    }
    Ok(())
}
