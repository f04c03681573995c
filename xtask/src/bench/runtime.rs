//! workerd, started directly: no proxy between client and Worker as in local development.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::WORK;
use super::machine::on_server_core;
use crate::Result;
use crate::process::{Service, capture};
use crate::server::free_port;
use crate::setup::Tools;

/// Of all servers. Not where they listen, because Mintedge's state belongs to an issuer and outlives a port.
pub(super) const ISSUER: &str = "https://issuer.example";
/// Secrets of servers that live for minutes, on loopback, with nothing to protect.
pub(super) const ADMIN_SECRET: &str = "not-a-secret-but-long-enough-for-a-benchmark";
const KEK: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// workerd itself, without npm's script around it.
pub(super) struct Runtime {
    program: PathBuf,
}

impl Runtime {
    pub(super) fn find(tools: &Tools) -> Result<Self> {
        Ok(Self { program: tools.workerd()? })
    }

    pub(super) fn version(&self) -> String {
        capture(Command::new(&self.program).arg("--version")).unwrap_or_default()
    }

    /// Serves a constant of a configuration on the servers' core.
    pub(super) fn serve(&self, file: &str, constant: &str, port: u16) -> Command {
        let mut workerd = on_server_core(&self.program.to_string_lossy());
        workerd
            .args(["serve", &format!("bench/{file}"), constant])
            .args(["--socket-addr", &format!("main=127.0.0.1:{port}")])
            .env("ISSUER", ISSUER);
        workerd
    }

    /// Serves Mintedge with its objects in `state`.
    pub(super) fn serve_mintedge(&self, kv: &Server, state: &Path, port: u16) -> Command {
        self.serve_ours("mintedge", kv, state, port)
    }

    /// Serves Mintedge in the same way, with its calls counted in its answers (`bench/counted.mjs`).
    pub(super) fn serve_counted(&self, kv: &Server, state: &Path, port: u16) -> Command {
        self.serve_ours("counted", kv, state, port)
    }

    fn serve_ours(&self, constant: &str, kv: &Server, state: &Path, port: u16) -> Command {
        let mut workerd = self.serve("mintedge.capnp", constant, port);
        workerd
            .args(["--external-addr", &format!("kv=127.0.0.1:{}", kv.port)])
            .arg("--directory-path")
            .arg(format!("objects={}", state.display()))
            .env("ADMIN_SECRET", ADMIN_SECRET)
            .env("KEK", KEK);
        workerd
    }
}

/// A server that listens; ends when dropped.
pub(super) struct Server {
    pub(super) port: u16,
    _service: Service,
}

impl Server {
    /// Starts a server and waits until it listens. What it logs to standard output is written, but not to a disk.
    pub(super) fn start(name: &str, port: u16, command: &mut Command) -> Result<Self> {
        let log = Path::new(WORK).join(format!("{name}.log"));
        let mut service = Service::start(command.stdout(Stdio::null()).stderr(File::create(&log)?))?;
        if service.listens_on(port) {
            return Ok(Self { port, _service: service });
        }
        Err(format!("{name} does not listen; {} may say why", log.display()).into())
    }

    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

/// KV for Mintedge, in a process of its own and on the client's core: in production it is a service elsewhere.
pub(super) fn kv(runtime: &Runtime) -> Result<Server> {
    let port = free_port()?;
    let mut command = Command::new(&runtime.program);
    command.args(["serve", "bench/workers.capnp", "kv"]);
    Server::start("kv", port, command.args(["--socket-addr", &format!("main=127.0.0.1:{port}")]))
}
