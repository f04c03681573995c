//! Formatting, clippy, documentation and dependency rules.

use std::path::Path;
use std::process::Command;

use crate::files;
use crate::process::run;
use crate::setup::Tools;
use crate::steps::Report;

/// Adds the checks to `report`.
pub(crate) fn check(tools: &Tools, report: &mut Report) {
    report.step("formatting", || run(&mut cargo(&["fmt", "--all", "--check"])));
    report.step("clippy, native", || {
        // Those that need a running Worker are no part of all.
        for targets in [&["--all-targets"][..], &["--test", "*"]] {
            let mut cargo = cargo(&["clippy", "--workspace", "--all-features"]);
            run(cargo.args(targets).args(["--", "-D", "warnings"]))?;
        }
        Ok(())
    });
    report.step("documentation", || {
        // Apart, because the command and the library have the same name and would write the same files.
        for packages in [&["--package", "mintedge-cli"][..], &["--workspace", "--exclude", "mintedge-cli"]] {
            let mut cargo = cargo(&["doc", "--no-deps", "--all-features"]);
            run(cargo.args(packages).env("RUSTDOCFLAGS", "-D warnings"))?;
        }
        Ok(())
    });
    report.step("dependency bans, licenses, sources", || {
        let deny = crate::setup::cargo_deny()?;
        run(Command::new(deny).args(["--log-level", "error", "check", "bans", "licenses", "sources"]))
    });
    report.step("JavaScript syntax", || {
        for file in files::sorted_entries(Path::new("edge"))? {
            run(tools.node_command("node")?.arg("--check").arg(file))?;
        }
        Ok(())
    });
    // Last, because a build of the wasm that runs beside holds the same directory while it compiles.
    report.step("clippy, wasm", || {
        let mut cargo = tools.wasm_command("cargo")?;
        // In the release profile the build's macros and build scripts are compiled once for both.
        cargo.args([
            "clippy",
            "--release",
            "--package",
            "mintedge",
            "--lib",
            "--target",
            "wasm32-unknown-unknown",
        ]);
        run(cargo.args(["--", "-D", "warnings"]))
    });
}

fn cargo(arguments: &[&str]) -> Command {
    let mut cargo = Command::new("cargo");
    cargo.args(arguments);
    cargo
}
