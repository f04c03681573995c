//! OAuth clients that others wrote, and browsers, against the Worker on the real runtime.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Result;
use crate::example::{Example, check_mcp_clients};
use crate::files::sorted_entries;
use crate::process::run;
use crate::setup::{self, Tools};
use crate::steps::Report;
use crate::test::{TestServer, with_server};

const NODE: &str = "tests/clients/node";
const PYTHON: &str = "tests/clients/python";
const APACHE: &str = "tests/clients/apache";
/// Client libraries as `docs/clients.md` sets them up.
const STOCK: &str = "tests/clients/stock";
/// Libraries that verify access tokens, as `docs/verify.md` uses them.
const VERIFIERS: &str = "tests/clients/verifiers";
/// Clients of MCP, and what its project has to try authorization servers with.
const MCP: &str = "tests/clients/mcp";
const BROWSER: &str = "tests/browser";
const OBJECTS: &str = "tests/objects";
/// What earlier releases left behind.
const UPGRADE: &str = "tests/upgrade";
/// The longest a single test may take, in milliseconds.
const TEST_TIMEOUT: u32 = 180_000;

/// Adds the clients to `report`.
pub(crate) fn check(tools: &Tools, report: &mut Report) {
    report.step("clients written in JavaScript", || {
        tools.npm_packages(NODE)?;
        with_server(tools, |server| node_tests(tools, Some(server), &test_files(NODE)))
    });
    report.step("clients written in Python", || {
        let python = python()?;
        with_server(
            tools,
            |server| run(server.announce(Command::new(&python).args(["-m", "pytest", PYTHON]))),
        )
    });
    for (name, directory) in [
        ("client libraries (docs/clients.md)", STOCK),
        ("libraries that verify tokens (docs/verify.md)", VERIFIERS),
    ] {
        report.step(name, || {
            tools.npm_packages(NODE)?;
            tools.npm_packages(directory)?;
            let python = python()?;
            with_server(tools, |server| {
                let mut node = node_test(tools, &test_files(directory))?;
                run(server.announce(node.env("MINTEDGE_TEST_PYTHON", &python)))
            })
        });
    }
    report.step("the admin API, fuzzed from its description", || {
        let python = python()?;
        with_server(tools, |server| {
            run(server.announce(Command::new(&python).arg(format!("{PYTHON}/fuzz_admin_api.py"))))
        })
    });
    report.step("a service without OAuth (examples/legacy-service)", || {
        Example::LegacyService.check_with(tools)
    });
    report.step("a television without a keyboard (examples/device)", || Example::Device.check_with(tools));
    report.step("MCP clients and MCP's conformance package (examples/mcp-server)", || {
        tools.npm_packages(MCP)?;
        let python = python()?;
        check_mcp_clients(tools, |example| {
            run(example.announce(&mut node_test(tools, &test_files(MCP))?))?;
            run(example.announce(Command::new(&python).args(["-m", "pytest", MCP])))
        })
    });
    let name = "Apache with mod_auth_openidc";
    match setup::apache() {
        Ok(()) => {
            report.step(name, || {
                tools.npm_packages(NODE)?;
                with_server(tools, |server| node_tests(tools, Some(server), &test_files(APACHE)))
            });
        }
        Err(failure) => report.skip(name, &failure.to_string()),
    }
}

/// Adds the pages in Chromium to `report`: as they are rendered, then as the Worker serves them to applications' users.
pub(crate) fn check_browser(tools: &Tools, report: &mut Report) {
    let (pages, flows) = ("rendered pages in Chromium", "logging in with Chromium");
    let three_legged = "an application and three APIs (examples/three-legged)";
    if let Err(failure) = setup::chromium() {
        for name in [pages, flows, three_legged] {
            report.skip(name, &failure.to_string());
        }
        return;
    }
    let rendered = Path::new(BROWSER).join("pages.test.mjs");
    let others = test_files(BROWSER).into_iter().filter(|file| *file != rendered).collect::<Vec<_>>();
    report.step(pages, || {
        tools.npm_packages(BROWSER)?;
        run(Command::new("cargo").args(["test", "--quiet", "--package", "mintedge", "--test", "pages"]))?;
        node_tests(tools, None, &[rendered])
    });
    report.step(flows, || {
        tools.npm_packages(BROWSER)?;
        tools.npm_packages(NODE)?;
        with_server(tools, |server| node_tests(tools, Some(server), &others))
    });
    report.step(three_legged, || Example::ThreeLegged.check_with(tools));
}

fn python() -> Result<PathBuf> {
    setup::python(&format!("{PYTHON}/requirements.txt"))
}

/// What an object's storage comes to on the real runtime, also with a stand-in for the wasm module; and whether what earlier
/// releases stored is understood.
pub(crate) fn object_tests(tools: &Tools) -> Result {
    node_tests(tools, None, &[test_files(OBJECTS), test_files(UPGRADE)].concat())
}

fn node_tests(tools: &Tools, server: Option<&TestServer>, files: &[PathBuf]) -> Result {
    let mut node = node_test(tools, files)?;
    run(match server {
        Some(server) => server.announce(&mut node),
        None => &mut node,
    })
}

/// Node's test runner for `files`.
fn node_test(tools: &Tools, files: &[PathBuf]) -> Result<Command> {
    let mut node = tools.node_command("node")?;
    node.args(["--test", "--test-reporter=spec", "--test-concurrency=1", "--test-force-exit"])
        .arg(format!("--test-timeout={TEST_TIMEOUT}"))
        .args(files);
    Ok(node)
}

fn test_files(directory: &str) -> Vec<PathBuf> {
    let entries = sorted_entries(Path::new(directory)).unwrap_or_default();
    entries.into_iter().filter(|entry| entry.to_string_lossy().ends_with(".test.mjs")).collect()
}
