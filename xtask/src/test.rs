//! `cargo xtask test`: every check, or one part of them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::str::FromStr;

use crate::files::{self, sorted_entries};
use crate::process::run;
use crate::secrets::admin_secret;
use crate::server::{CONFIG, Options, Server, free_port};
use crate::setup::{self, Tools};
use crate::steps::Report;
use crate::{Result, lint, wasm};

const NODE_CLIENTS: &str = "tests/clients/node";
const PYTHON_CLIENTS: &str = "tests/clients/python";

/// What can be tested alone.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Lint,
    Native,
    /// The black-box suite against the Worker on the real runtime.
    Worker,
    /// OAuth clients that others wrote, against the Worker on the real runtime.
    Clients,
}

impl Part {
    /// All, in the order in which they run.
    pub(crate) const ALL: &[Self] = &[Self::Lint, Self::Native, Self::Worker, Self::Clients];
}

impl FromStr for Part {
    type Err = String;

    fn from_str(name: &str) -> std::result::Result<Self, String> {
        match name {
            "lint" => Ok(Self::Lint),
            "native" => Ok(Self::Native),
            "worker" => Ok(Self::Worker),
            "clients" => Ok(Self::Clients),
            other => Err(format!("no part {other}: there are lint, native, worker, clients")),
        }
    }
}

/// Runs `parts` and prints a summary.
///
/// # Errors
/// When something failed. What does not depend on it ran nevertheless.
pub(crate) fn run_parts(parts: &[Part]) -> Result {
    let tools = setup::everything()?;
    let mut report = Report::default();
    if parts.contains(&Part::Lint) {
        lint::check(&tools, &mut report);
    }
    if parts.contains(&Part::Native) {
        report.step("native tests", || run(Command::new("cargo").args(["test", "--workspace"])));
    }
    let (worker, clients) = (parts.contains(&Part::Worker), parts.contains(&Part::Clients));
    if (worker || clients) && report.step("wasm build", || wasm::build(&tools)) {
        if worker {
            report.step("worker tests", || with_server(&tools, worker_tests));
            report.step("crash tests", || crash_tests(&tools));
            report.step("recovery tests", || recovery_tests(&tools));
        }
        if clients {
            client_tests(&tools, &mut report);
        }
    }
    report.finish()
}

fn worker_tests(server: &TestServer) -> Result {
    let mut cargo = Command::new("cargo");
    cargo.args(["test", "--package", "mintedge", "--features", "workerd-tests"]);
    cargo.args(["--test", "cold_start", "--test", "worker"]);
    run(server.announce(&mut cargo))
}

/// Runs `tests/restart.rs` before and after a crash of the runtime.
fn crash_tests(tools: &Tools) -> Result {
    let storage = Storage::create()?;
    let remembered = storage.directory.join("remembered.json");
    for crash in [true, false] {
        let server = storage.serve(tools, Path::new(CONFIG))?;
        let mut cargo = Command::new("cargo");
        cargo.args(["test", "--package", "mintedge", "--features", "workerd-tests", "--test", "restart"]);
        cargo.env("MINTEDGE_TEST_MEMORY", &remembered);
        run(server.announce(&mut cargo)).map_err(|failure| server.server.failure(&failure.to_string()))?;
        if crash {
            server.server.kill();
        }
    }
    Ok(())
}

/// Runs `tests/recovery.rs` against the Worker that panics on request.
fn recovery_tests(tools: &Tools) -> Result {
    let config = wasm::build_probe(tools)?;
    let storage = Storage::create()?;
    let server = storage.serve(tools, &config)?;
    let mut cargo = Command::new("cargo");
    cargo.args(["test", "--package", "mintedge", "--features", "workerd-tests", "--test", "recovery"]);
    run(server.announce(&mut cargo)).map_err(|failure| server.server.failure(&failure.to_string()).into())
}

fn client_tests(tools: &Tools, report: &mut Report) {
    let node_tests = test_files(NODE_CLIENTS, ".test.mjs");
    if !node_tests.is_empty() {
        report.step("clients written in JavaScript", || {
            tools.npm_packages(NODE_CLIENTS)?;
            with_server(tools, |server| {
                let mut node = tools.node_command("node")?;
                run(server.announce(
                    node.args(["--test", "--test-reporter=spec", "--test-concurrency=1"]).args(&node_tests),
                ))
            })
        });
    }
    if Path::new(PYTHON_CLIENTS).is_dir() {
        report.step("clients written in Python", || {
            let python = setup::python(&format!("{PYTHON_CLIENTS}/requirements.txt"))?;
            with_server(tools, |server| {
                run(server.announce(Command::new(&python).args(["-m", "pytest", PYTHON_CLIENTS])))
            })
        });
    }
}

fn test_files(directory: &str, suffix: &str) -> Vec<PathBuf> {
    let entries = sorted_entries(Path::new(directory)).unwrap_or_default();
    entries.into_iter().filter(|entry| entry.to_string_lossy().ends_with(suffix)).collect()
}

/// A Worker for one suite, with empty storage and secrets of its own.
struct TestServer {
    server: Server,
    admin_secret: String,
}

impl TestServer {
    fn announce<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command
            .env("MINTEDGE_TEST_URL", self.server.issuer())
            .env("MINTEDGE_TEST_ADMIN_SECRET", &self.admin_secret)
    }
}

/// Secrets and storage of a Worker, gone when dropped. It keeps its port, which is part of its issuer.
struct Storage {
    directory: PathBuf,
    admin_secret: String,
    port: u16,
}

impl Storage {
    fn create() -> Result<Self> {
        let directory = files::absolute("target/worker-tests")?.join(std::process::id().to_string());
        let _ = fs::remove_dir_all(&directory);
        let admin_secret = admin_secret(&directory.join("secrets"))?;
        Ok(Self { directory, admin_secret, port: free_port()? })
    }

    fn serve(&self, tools: &Tools, config: &Path) -> Result<TestServer> {
        let options = Options {
            config,
            port: self.port,
            secrets: &self.directory.join("secrets"),
            state: &self.directory.join("state"),
            log: Path::new("target/worker-tests/server.log"),
            edge_cache: Some(1),
        };
        let server = Server::start(tools, &options)?;
        println!("    workerd serves {}", server.issuer());
        Ok(TestServer { server, admin_secret: self.admin_secret.clone() })
    }
}

impl Drop for Storage {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.directory);
    }
}

fn with_server(tools: &Tools, suite: impl FnOnce(&TestServer) -> Result) -> Result {
    let storage = Storage::create()?;
    let server = storage.serve(tools, Path::new(CONFIG))?;
    suite(&server).map_err(|failure| server.server.failure(&failure.to_string()).into())
}
