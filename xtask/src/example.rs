//! `cargo xtask example NAME`: the programs of `examples/`, with a Mintedge of their own, on this machine and no other.
//!
//! Each start begins anew: nothing is left of an earlier one.

mod device;
mod legacy_service;
mod mcp_server;
mod three_legged;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::str::FromStr;
use std::time::Duration;

use crate::process::{capture, run_quiet, run_within};
use crate::secrets::{admin_secret, client_secret, mintedge};
use crate::server::Server;
use crate::setup::{self, Tools};
use crate::{Result, files, wasm};

pub(crate) use mcp_server::Example as McpServer;

/// Whom the examples have an account for.
const LOGIN: &str = "ada@example.com";
/// How long a check may take, once everything runs.
const CHECK_LIMIT: Duration = Duration::from_mins(3);

/// Has the one program of an example try itself. If it fails, so does this, with the end of the server's log.
fn check_program(server: &Server, program: &mut Command) -> Result {
    run_within(CHECK_LIMIT, program.arg("--check"))
        .map_err(|failure| server.failure(&failure.to_string()).into())
}

/// What can be run.
#[derive(Clone, Copy)]
pub(crate) enum Example {
    ThreeLegged,
    LegacyService,
    Device,
    McpServer,
}

impl FromStr for Example {
    type Err = String;

    fn from_str(name: &str) -> std::result::Result<Self, String> {
        match name {
            "three-legged" => Ok(Self::ThreeLegged),
            "legacy-service" => Ok(Self::LegacyService),
            "device" => Ok(Self::Device),
            "mcp-server" => Ok(Self::McpServer),
            other => Err(format!(
                "no example {other}: there are three-legged, legacy-service, device and mcp-server"
            )),
        }
    }
}

impl Example {
    /// Runs until interrupted.
    pub(crate) fn run_until_interrupted(self) -> Result {
        let tools = setup::for_build()?;
        wasm::build(&tools)?;
        match self {
            Self::ThreeLegged => three_legged::run_until_interrupted(&tools),
            Self::LegacyService => legacy_service::run_until_interrupted(&tools),
            Self::Device => device::run_until_interrupted(&tools),
            Self::McpServer => mcp_server::run_until_interrupted(&tools),
        }
    }

    /// Tries it once, on ports that are free, so that it can run already.
    pub(crate) fn check(self) -> Result {
        let tools = setup::for_build()?;
        wasm::build(&tools)?;
        self.check_with(&tools)
    }

    /// The same, with the Worker built.
    pub(crate) fn check_with(self, tools: &Tools) -> Result {
        match self {
            Self::ThreeLegged => three_legged::check(tools),
            Self::LegacyService => legacy_service::check(tools),
            Self::Device => device::check(tools),
            Self::McpServer => mcp_server::check(tools),
        }
    }
}

/// Tries `examples/mcp-server`, then has `clients` try the server that runs.
pub(crate) fn check_mcp_clients(tools: &Tools, clients: impl FnOnce(&McpServer) -> Result) -> Result {
    mcp_server::check_clients(tools, clients)
}

/// What one start of an example leaves on disk, gone when dropped.
struct Place {
    directory: PathBuf,
    admin_secret: String,
}

impl Place {
    fn create(example: &str, port: u16) -> Result<Self> {
        let directory = files::absolute("target/examples")?.join(format!("{example}-{port}"));
        // Interrupted, the one before couldn't tidy up.
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir_all(&directory)?;
        let admin_secret = admin_secret(&directory.join("secrets"))?;
        Ok(Self { directory, admin_secret })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// Puts a configuration into force.
    fn apply(&self, issuer: &str, configuration: &Path) -> Result {
        println!("==> Applying {}", configuration.display());
        run_quiet(
            mintedge(&["apply", "--yes", "--secrets-file"])
                .arg(self.path("clients.jsonl"))
                .arg(configuration)
                .env("MINTEDGE_ISSUER", issuer)
                .env("MINTEDGE_ADMIN_SECRET", &self.admin_secret),
        )
    }

    /// Makes an account for [`LOGIN`], with a password nobody else has. Returns the password.
    fn create_user(&self, issuer: &str) -> Result<String> {
        println!("==> Making the account {LOGIN}");
        let claim = "name=Ada Lovelace";
        let made = capture(
            mintedge(&["users", "create", LOGIN, "--claim", claim, "--generate-password", "--json"])
                .env("MINTEDGE_ISSUER", issuer)
                .env("MINTEDGE_ADMIN_SECRET", &self.admin_secret),
        );
        let password = made.as_deref().and_then(|made| made.split_once("\"password\": \""));
        let password = password.and_then(|(_, rest)| rest.split('"').next());
        Ok(password.ok_or("no account could be made")?.to_owned())
    }

    /// The secret a client got when the configuration was applied.
    fn client_secret(&self, client_id: &str) -> Result<String> {
        let secret = client_secret(&self.path("clients.jsonl"), client_id);
        secret.ok_or_else(|| format!("{client_id} got no secret").into())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.directory);
    }
}
