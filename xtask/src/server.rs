//! The Worker on the real runtime, through `wrangler dev`.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::Result;
use crate::files;
use crate::process::Service;
use crate::setup::Tools;
use crate::transcript;

const DISCOVERY_PATH: &str = "/.well-known/openid-configuration";
/// Nothing is served here, so asking touches no storage: the first real request still finds a fresh deployment.
const READY_PATH: &str = "/";
const START_ATTEMPTS: u32 = 1800;
const FREE_ATTEMPTS: u32 = 50;
const ATTEMPT_INTERVAL: Duration = Duration::from_millis(200);

/// wrangler's configuration of the Worker that is deployed.
pub(crate) const CONFIG: &str = "wrangler.toml";

/// How to run the Worker.
pub(crate) struct Options<'a> {
    /// wrangler's configuration, which says where the Worker is.
    pub(crate) config: &'a Path,
    pub(crate) port: u16,
    /// The file with the deployment's secrets.
    pub(crate) secrets: &'a Path,
    /// Where the Durable Objects and KV live on disk.
    pub(crate) state: &'a Path,
    /// Where the runtime's output goes.
    pub(crate) log: &'a Path,
    /// How long an edge uses what it has read, in seconds; the Worker's default if unset.
    pub(crate) edge_cache: Option<u32>,
}

/// A Worker that answers; ends when dropped.
pub(crate) struct Server {
    service: Service,
    port: u16,
    log: PathBuf,
}

impl Server {
    /// Starts the Worker and waits until it answers.
    ///
    /// # Errors
    /// When the port is taken, or the Worker ends or stays silent; the error carries the end of the log.
    pub(crate) fn start(tools: &Tools, options: &Options<'_>) -> Result<Self> {
        let port = options.port;
        wait_until_free(port)?;
        if let Some(directory) = options.log.parent() {
            fs::create_dir_all(directory)?;
        }
        let log = File::create(options.log)?;
        let mut wrangler = tools.wrangler()?;
        wrangler
            .args(["dev".as_ref(), "--config".as_ref(), options.config.as_os_str()])
            .args(["--ip", "127.0.0.1", "--port", &port.to_string(), "--inspector-port", "0"])
            .arg("--show-interactive-dev-session=false")
            .arg("--persist-to")
            .arg(files::absolute(options.state)?)
            .arg("--env-file")
            .arg(files::absolute(options.secrets)?)
            .args(["--var", &format!("ISSUER:{}", issuer(port))])
            .args(
                options
                    .edge_cache
                    .iter()
                    .flat_map(|seconds| ["--var".to_owned(), format!("EDGE_CACHE_SECONDS:{seconds}")]),
            )
            .stdout(log.try_clone()?)
            .stderr(log);
        let service = Service::start(&mut wrangler)?;
        let mut server = Self { service, port, log: options.log.to_owned() };
        server.wait_until_ready()?;
        Ok(server)
    }

    /// Ends the Worker without warning, as a crash would.
    pub(crate) fn kill(self) {
        self.service.kill();
    }

    /// The issuer identifier, which is also where the Worker listens.
    pub(crate) fn issuer(&self) -> String {
        issuer(self.port)
    }

    /// The address of the discovery document.
    pub(crate) fn discovery_url(&self) -> String {
        issuer(self.port) + DISCOVERY_PATH
    }

    /// Waits until the Worker ends by itself.
    pub(crate) fn wait(&mut self) -> Result {
        let status = self.service.wait()?;
        Err(self.failure(&format!("wrangler dev ended ({status})")).into())
    }

    /// `what`, with the end of the log.
    pub(crate) fn failure(&self, what: &str) -> String {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        let end = lines.get(lines.len().saturating_sub(40)..).unwrap_or_default();
        format!("{what}; the end of {}:\n{}", self.log.display(), end.join("\n"))
    }

    fn wait_until_ready(&mut self) -> Result {
        let mut last = None;
        for _ in 0..START_ATTEMPTS {
            if let Some(status) = self.service.ended()? {
                return Err(self.failure(&format!("wrangler dev ended ({status})")).into());
            }
            last = status(self.port, READY_PATH);
            if last == Some(404) {
                return Ok(());
            }
            std::thread::sleep(ATTEMPT_INTERVAL);
        }
        let last = last.map_or_else(|| "nothing".to_owned(), |status| status.to_string());
        Err(self.failure(&format!("the Worker answered {last} to {READY_PATH}")).into())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        transcript::note_log(&self.log);
    }
}

/// Whoever held the port may still be ending: a runtime that was killed, or a connection that happens to start there.
pub(crate) fn wait_until_free(port: u16) -> Result {
    for _ in 0..FREE_ATTEMPTS {
        if TcpListener::bind(address(port)).is_ok() {
            return Ok(());
        }
        std::thread::sleep(ATTEMPT_INTERVAL);
    }
    let error = TcpListener::bind(address(port)).err().map(|error| error.to_string());
    error.map_or(Ok(()), |error| Err(format!("port {port} is not free: {error}").into()))
}

/// A loopback port nobody listens on at the moment.
pub(crate) fn free_port() -> Result<u16> {
    Ok(TcpListener::bind(address(0))?.local_addr()?.port())
}

fn issuer(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

fn address(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

/// The status of a plain GET, or nothing when nobody answers.
fn status(port: u16, path: &str) -> Option<u16> {
    let mut stream = TcpStream::connect_timeout(&address(port), Duration::from_secs(1)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n").ok()?;
    let mut start = [0_u8; 12];
    stream.read_exact(&mut start).ok()?;
    std::str::from_utf8(&start).ok()?.strip_prefix("HTTP/1.1 ")?.parse().ok()
}
