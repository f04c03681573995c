//! Formatting, clippy, documentation and dependency rules.

use std::process::Command;

use crate::process::run;
use crate::setup::Tools;
use crate::steps::Report;

/// Adds the checks to `report`.
pub(crate) fn check(tools: &Tools, report: &mut Report) {
    report.step("formatting", || run(&mut cargo(&["fmt", "--all", "--check"])));
    report.step("clippy, native", || {
        run(&mut cargo(&[
            "clippy",
            "--workspace",
            "--all-targets",
            "--all-features",
            "--",
            "-D",
            "warnings",
        ]))
    });
    report.step("clippy, wasm", || {
        let mut cargo = tools.wasm_command("cargo")?;
        cargo.args([
            "clippy",
            "--package",
            "mintedge",
            "--lib",
            "--target",
            "wasm32-unknown-unknown",
        ]);
        run(cargo.args(["--", "-D", "warnings"]))
    });
    report.step("documentation", || {
        run(cargo(&["doc", "--workspace", "--no-deps", "--all-features"]).env("RUSTDOCFLAGS", "-D warnings"))
    });
    report.step("dependency bans, licenses, sources", || {
        let deny = crate::setup::cargo_deny()?;
        run(Command::new(deny).args(["--log-level", "error", "check", "bans", "licenses", "sources"]))
    });
    report.step("JavaScript syntax", || {
        for file in ["edge/entry.mjs", "edge/recovery.mjs"] {
            run(tools.node_command("node")?.args(["--check", file]))?;
        }
        Ok(())
    });
}

fn cargo(arguments: &[&str]) -> Command {
    let mut cargo = Command::new("cargo");
    cargo.args(arguments);
    cargo
}
