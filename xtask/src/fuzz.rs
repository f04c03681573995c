//! The fuzz targets, each for a few seconds, with libFuzzer. Its instrumentation is the compiler's own, so that the usual
//! toolchain is enough; libFuzzer itself needs a C++ compiler.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Result;
use crate::beside::Beside;
use crate::process::{capture, run, run_quiet};
use crate::steps::Report;

/// How long each target runs in `cargo xtask test`, in seconds.
pub(crate) const SECONDS: u64 = 2;
/// Coverage that libFuzzer reads, as `cargo fuzz` asks for it. No sanitizer: there is no unsafe code to watch.
const INSTRUMENTATION: &str = "--cfg fuzzing -Ccodegen-units=1 -Cpasses=sancov-module \
     -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
     -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares";

/// Compiles the targets beside other steps; nothing where that can't be.
pub(crate) fn begin() -> Result<Option<Beside>> {
    let compiler = std::env::var("CXX").unwrap_or_else(|_| "c++".to_owned());
    let can = cfg!(target_os = "linux") && capture(Command::new(&compiler).arg("--version")).is_some();
    can.then(|| Beside::begin(&["fuzz", "build"])).transpose()
}

/// Waits until the targets are compiled and runs them, or says why that can't be.
pub(crate) fn check(build: Option<Beside>, report: &mut Report) {
    let Some(build) = build else {
        return report.skip(
            "fuzzing",
            "libFuzzer needs Linux and a C++ compiler; the native tests replay the seeds all the same",
        );
    };
    if report.step("fuzz targets, build", || build.finish()) {
        report.step(&format!("fuzz targets, {SECONDS} s each"), || run_all(SECONDS));
    }
}

/// Runs every target for `seconds`.
///
/// # Errors
/// With the targets that failed; each leaves its input in `fuzz/artifacts`.
pub(crate) fn run_all(seconds: u64) -> Result {
    let programs = build()?;
    let mut failed = Vec::new();
    for target in targets()? {
        if let Err(failure) = run_one(&programs, &target, seconds) {
            println!("    {failure}");
            failed.push(target);
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(format!("fuzzing broke {}", failed.join(", ")).into()) }
}

/// Compiles the targets; the folder of their programs.
pub(crate) fn build() -> Result<PathBuf> {
    let host = host()?;
    // With `--target`, build scripts and macros are not instrumented.
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--quiet", "--release", "--bins", "--manifest-path", "fuzz/Cargo.toml"]);
    cargo.args(["--target-dir", "target/fuzz", "--target", &host]).env("RUSTFLAGS", INSTRUMENTATION);
    run(&mut cargo)?;
    Ok(Path::new("target/fuzz").join(host).join("release"))
}

fn run_one(programs: &Path, target: &str, seconds: u64) -> Result {
    let [corpus, artifacts] = ["corpus", "artifacts"].map(|folder| format!("fuzz/{folder}/{target}"));
    for folder in [&corpus, &artifacts] {
        fs::create_dir_all(folder)?;
    }
    let mut program = Command::new(programs.join(target));
    program.args([&corpus, &format!("fuzz/seeds/{target}")]);
    program.args([format!("-max_total_time={seconds}"), format!("-artifact_prefix={artifacts}/")]);
    program.args(["-verbosity=0", "-timeout=20", "-rss_limit_mb=2048"]);
    if seconds <= SECONDS {
        // What a check finds has to be found again.
        program.arg("-seed=1");
    }
    run_quiet(&mut program)
        .map_err(|failure| format!("{target}: {failure}; its input is in {artifacts}").into())
}

fn targets() -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir("fuzz/fuzz_targets")? {
        let path = entry?.path();
        names.extend(path.file_stem().map(|name| name.to_string_lossy().into_owned()));
    }
    names.sort();
    Ok(names)
}

fn host() -> Result<String> {
    let version = capture(Command::new("rustc").arg("-vV")).ok_or("rustc does not answer")?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.ok_or("rustc does not say which host it is for")?.to_owned())
}
