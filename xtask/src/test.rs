//! `cargo xtask test`: every check, or one part of them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::str::FromStr;

use crate::beside::Beside;
use crate::files;
use crate::process::run;
use crate::secrets::admin_secret;
use crate::server::{CONFIG, Options, Server, free_port};
use crate::setup::{self, Tools};
use crate::steps::Report;
use crate::transcript::Listener;
use crate::{Result, clients, fuzz, lint, wasm};

/// What can be tested alone.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Lint,
    Native,
    /// The fuzz targets, for some seconds.
    Fuzz,
    /// The black-box suite against the Worker on the real runtime.
    Worker,
    /// OAuth clients that others wrote, against the Worker on the real runtime.
    Clients,
    /// The pages in Chromium, alone and on the way through a login.
    Browser,
}

impl Part {
    /// All, in the order in which they run.
    pub(crate) const ALL: &[Self] =
        &[Self::Lint, Self::Native, Self::Fuzz, Self::Worker, Self::Clients, Self::Browser];
}

impl FromStr for Part {
    type Err = String;

    fn from_str(name: &str) -> std::result::Result<Self, String> {
        match name {
            "lint" => Ok(Self::Lint),
            "native" => Ok(Self::Native),
            "fuzz" => Ok(Self::Fuzz),
            "worker" => Ok(Self::Worker),
            "clients" => Ok(Self::Clients),
            "browser" => Ok(Self::Browser),
            other => Err(format!("no part {other}: there are lint, native, fuzz, worker, clients, browser")),
        }
    }
}

/// Runs `parts` and prints a summary.
///
/// # Errors
/// When something failed. What does not depend on it ran nevertheless.
pub(crate) fn run_parts(parts: &[Part]) -> Result {
    let tools = setup::everything()?;
    let [worker, clients, browser] =
        [Part::Worker, Part::Clients, Part::Browser].map(|part| parts.contains(&part));
    let wasm = (worker || clients || browser).then(|| Beside::begin(&["build"])).transpose()?;
    let mut report = Report::default();
    if parts.contains(&Part::Lint) {
        lint::check(&tools, &mut report);
    }
    // Now, because by the end of the lints the wasm is built.
    let fuzz = parts.contains(&Part::Fuzz).then(fuzz::begin).transpose()?;
    if parts.contains(&Part::Native) {
        report.step("native tests", || {
            run(Command::new("cargo").args(["test", "--workspace", "--no-fail-fast"]))
        });
    }
    if let Some(build) = fuzz {
        fuzz::check(build, &mut report);
    }
    if wasm.is_some_and(|wasm| report.step("wasm build", || wasm.finish())) {
        if worker {
            report.step("worker tests", || with_server(&tools, worker_tests));
            report.step("objects", || clients::object_tests(&tools));
            report.step("crash tests", || crash_tests(&tools));
            report.step("rotations under crashes", || rotation_tests(&tools));
            report.step("replacement of every key", || replacement_tests(&tools));
            report.step("recovery tests", || recovery_tests(&tools));
        }
        if clients {
            clients::check(&tools, &mut report);
        }
        if browser {
            clients::check_browser(&tools, &mut report);
        }
    }
    report.finish()
}

fn worker_tests(server: &TestServer) -> Result {
    let run_tests = |names: &[&str]| run(server.announce(&mut suite(names)));
    run_tests(&["cold_start", "worker", "parallel", "trusted_issuers"])?;
    // What it uses up, the others need.
    run_tests(&["flood"])
}

/// Test targets that need a running Worker. With the whole workspace, because then the library has the features of the native
/// tests and isn't compiled again.
fn suite(names: &[&str]) -> Command {
    let mut cargo = Command::new("cargo");
    cargo.args(["test", "--workspace"]).args(names.iter().flat_map(|name| ["--test", name]));
    cargo
}

/// Runs `tests/restart.rs` before and after a crash of the runtime.
fn crash_tests(tools: &Tools) -> Result {
    let storage = Storage::create()?;
    let remembered = storage.directory.join("remembered.json");
    for crash in [true, false] {
        let server = storage.serve(tools, Path::new(CONFIG))?;
        let mut cargo = suite(&["restart"]);
        cargo.env("MINTEDGE_TEST_MEMORY", &remembered);
        run(server.announce(&mut cargo)).map_err(|failure| server.server.failure(&failure.to_string()))?;
        if crash {
            server.server.kill();
        }
    }
    Ok(())
}

/// How many rotations a runtime lives for, in `rotation_tests`.
const ROTATIONS_PER_LIFE: usize = 125;

/// Runs `tests/rotations.rs` through one life of the runtime after another, each ended without warning.
fn rotation_tests(tools: &Tools) -> Result {
    let storage = Storage::create()?;
    let remembered = storage.directory.join("family.json");
    let handed_out = || {
        let text = fs::read_to_string(&remembered).unwrap_or_default();
        text.matches("mer_").count()
    };
    let mut lives = 0;
    while handed_out() <= 1000 {
        let before = handed_out();
        let server = storage.serve(tools, Path::new(CONFIG))?;
        let mut cargo = suite(&["rotations"]);
        cargo.env("MINTEDGE_TEST_MEMORY", &remembered);
        let listener = Listener::attach(&mut cargo)?;
        let mut test = server.announce(&mut cargo).spawn()?;
        while test.try_wait()?.is_none() && handed_out() < before + ROTATIONS_PER_LIFE {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        server.server.kill();
        let status = test.wait()?;
        listener.finish(&mut cargo);
        if !status.success() {
            return Err("the family did not survive".into());
        }
        lives += 1;
        if lives > 20 {
            return Err("the family makes no progress".into());
        }
    }
    println!("    {} tokens of one family in {lives} lives of the runtime", handed_out());
    Ok(())
}

/// Runs `tests/replacement.rs` under one set of secrets after another; the runtime is ended without warning in between.
fn replacement_tests(tools: &Tools) -> Result {
    let storage = Storage::create()?;
    let remembered = storage.directory.join("people.json");
    let [first, second, third] = ["A", "B", "C"].map(|letter| format!("{letter}{}", "A".repeat(42)));
    let steps: [(&str, &str, Option<&str>); 7] = [
        ("rotate", &first, None),
        ("go_on", &first, Some(&first)),
        ("go_on", &second, Some(&first)),
        ("go_on", &second, None),
        ("wrong_kek", &third, None),
        ("go_on", &third, Some(&second)),
        ("emergency", &third, None),
    ];
    for (phase, kek, previous) in steps {
        storage.set_keks(kek, previous)?;
        let server = storage.serve(tools, Path::new(CONFIG))?;
        let mut cargo = suite(&["replacement"]);
        cargo.env("MINTEDGE_TEST_MEMORY", &remembered).env("MINTEDGE_TEST_PHASE", phase);
        run(server.announce(&mut cargo)).map_err(|failure| server.server.failure(&failure.to_string()))?;
        server.server.kill();
    }
    Ok(())
}

/// Runs `tests/recovery.rs` against the Worker that panics on request.
fn recovery_tests(tools: &Tools) -> Result {
    let config = wasm::build_probe(tools)?;
    let storage = Storage::create()?;
    let server = storage.serve(tools, &config)?;
    let mut cargo = suite(&["recovery"]);
    run(server.announce(&mut cargo)).map_err(|failure| server.server.failure(&failure.to_string()).into())
}

/// A Worker for one suite, with empty storage and secrets of its own.
pub(crate) struct TestServer {
    server: Server,
    admin_secret: String,
}

impl TestServer {
    /// Tells a suite where the server is.
    pub(crate) fn announce<'a>(&self, command: &'a mut Command) -> &'a mut Command {
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

    /// Changes what wraps the server's keys at rest.
    fn set_keks(&self, kek: &str, previous: Option<&str>) -> Result {
        let previous = previous.map(|previous| format!("KEK_PREVIOUS=\"{previous}\"\n")).unwrap_or_default();
        let secrets = format!("ADMIN_SECRET=\"{}\"\nKEK=\"{kek}\"\n{previous}", self.admin_secret);
        Ok(fs::write(self.directory.join("secrets"), secrets)?)
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

/// Runs `suite` with a server of its own.
pub(crate) fn with_server(tools: &Tools, suite: impl FnOnce(&TestServer) -> Result) -> Result {
    let storage = Storage::create()?;
    let server = storage.serve(tools, Path::new(CONFIG))?;
    suite(&server).map_err(|failure| server.server.failure(&failure.to_string()).into())
}
