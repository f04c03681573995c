//! What the numbers were taken on and with, and which core does what.

use std::fs;
use std::process::Command;

use super::runtime::Runtime;
use crate::Result;
use crate::process::{capture, is_available};
use crate::setup::Tools;

const SERVER_CORE: &str = "0";
const CLIENT_CORE: &str = "1";

/// The machine and the versions, for the report.
pub(super) struct Machine {
    pub(super) processor: String,
    pub(super) cores: usize,
    pub(super) pinned: bool,
    /// Of the last minute, before anything was measured.
    pub(super) load: String,
    pub(super) system: String,
    pub(super) date: String,
    pub(super) mintedge: String,
    pub(super) workerd: String,
    pub(super) node: String,
    pub(super) oidc_provider: String,
    pub(super) workers_oauth_provider: String,
}

impl Machine {
    pub(super) fn look(tools: &Tools, runtime: &Runtime) -> Result<Self> {
        let node = |script: &str| {
            let output = capture(tools.node_command("node").ok()?.args(["-p", script]));
            output.filter(|text| !text.is_empty())
        };
        let package = |name: &str| {
            node(&format!(r#"JSON.parse(fs.readFileSync("bench/node_modules/{name}/package.json")).version"#))
        };
        Ok(Self {
            processor: processor(),
            cores: std::thread::available_parallelism()?.get(),
            pinned: can_pin(),
            load: fs::read_to_string("/proc/loadavg")
                .ok()
                .and_then(|text| Some(text.split(' ').next()?.to_owned()))
                .unwrap_or_else(|| "unknown".to_owned()),
            system: words("uname", &["-sr"]),
            date: words("date", &["-u", "+%Y-%m-%d"]),
            mintedge: commit(),
            workerd: runtime.version(),
            node: node("process.version").unwrap_or_else(|| "unknown".to_owned()),
            oidc_provider: package("oidc-provider").unwrap_or_else(|| "unknown".to_owned()),
            workers_oauth_provider: package("@cloudflare/workers-oauth-provider")
                .unwrap_or_else(|| "unknown".to_owned()),
        })
    }
}

/// A program kept to the core of the servers, where that is possible.
pub(super) fn on_server_core(program: &str) -> Command {
    if !can_pin() {
        return Command::new(program);
    }
    let mut command = Command::new("taskset");
    command.args(["-c", SERVER_CORE, program]);
    command
}

/// Keeps this process, and what it starts from now on, off the servers' core, where that is possible.
pub(super) fn keep_to_client_core() {
    if can_pin() {
        let own = std::process::id().to_string();
        let _ = capture(Command::new("taskset").args(["-a", "-c", "-p", CLIENT_CORE, &own]));
    }
}

fn can_pin() -> bool {
    is_available("taskset") && fs::exists("/sys/devices/system/cpu/cpu1").unwrap_or(false)
}

fn processor() -> String {
    let linux = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = linux.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    model.map_or_else(|| words("sysctl", &["-n", "machdep.cpu.brand_string"]), |(_, name)| name.to_owned())
}

/// The commit, and whether what is measured differs from it.
fn commit() -> String {
    let commit = words("git", &["rev-parse", "--short=10", "HEAD"]);
    let measured = [
        "status",
        "--porcelain",
        "--",
        "src",
        "passwords",
        "edge",
        "Cargo.toml",
        "Cargo.lock",
        "wrangler.toml",
    ];
    let changed = capture(Command::new("git").args(measured)).is_some_and(|files| !files.is_empty());
    if changed { format!("{commit}, with changes") } else { commit }
}

/// The output of a program; `unknown` when there is none.
fn words(program: &str, arguments: &[&str]) -> String {
    let output = capture(Command::new(program).args(arguments)).filter(|text| !text.is_empty());
    output.unwrap_or_else(|| "unknown".to_owned())
}
