//! `examples/mcp-server`: Mintedge on wrangler's local runtime, and an MCP server in a workerd of its own.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{LOGIN, Place, check_program};
use crate::Result;
use crate::process::{Service, run, run_quiet};
use crate::secrets::mintedge;
use crate::server::{CONFIG, Options, Server, free_port, wait_until_free};
use crate::setup::Tools;

const SOURCE: &str = "examples/mcp-server";
const BUNDLE: &str = "target/examples/mcp-server";
const PORT: u16 = 8797;
const MCP_PORT: u16 = 8798;
/// In `mintedge.toml`: the one address there.
const USUAL_RESOURCE: &str = "http://127.0.0.1:8798/mcp";

pub(super) fn run_until_interrupted(tools: &Tools) -> Result {
    let mut example = Example::start(tools, PORT, MCP_PORT)?;
    println!("{}", example.welcome());
    let status = example.mcp.wait()?;
    Err(example.failure(&format!("workerd ended ({status})")).into())
}

pub(super) fn check(tools: &Tools) -> Result {
    let example = Example::start(tools, free_port()?, free_port()?)?;
    example.check(tools)
}

/// Tries the example, then has `clients` try what runs: one start for both.
pub(super) fn check_clients(tools: &Tools, clients: impl FnOnce(&Example) -> Result) -> Result {
    let example = Example::start(tools, free_port()?, free_port()?)?;
    example.check(tools)?;
    clients(&example).map_err(|failure| example.failure(&failure.to_string()).into())
}

/// The example while it runs.
pub(crate) struct Example {
    mcp: Service,
    // Before the place: it ends before its state goes.
    server: Server,
    place: Place,
    resource: String,
    password: String,
}

impl Example {
    fn start(tools: &Tools, port: u16, mcp_port: u16) -> Result<Self> {
        tools.npm_packages(SOURCE)?;
        bundle(tools)?;
        let place = Place::create("mcp-server", port)?;
        println!("==> Starting Mintedge on port {port} and the MCP server on port {mcp_port}");
        let server = Server::start(
            tools,
            &Options {
                config: Path::new(CONFIG),
                port,
                secrets: &place.path("secrets"),
                state: &place.path("state"),
                log: Path::new("target/examples/mcp-server.log"),
                // What was applied a moment ago shows in the metadata soon.
                edge_cache: Some(1),
            },
        )?;
        let resource = format!("http://127.0.0.1:{mcp_port}/mcp");
        place.apply(&server.issuer(), &configuration(&place, &resource)?)?;
        let password = place.create_user(&server.issuer())?;
        let mcp = serve(tools, &place, &server.issuer(), (mcp_port, &resource))?;
        Ok(Self { mcp, server, place, resource, password })
    }

    fn welcome(&self) -> String {
        let (resource, issuer, password) = (&self.resource, self.server.issuer(), &self.password);
        format!(
            "
The MCP server is at {resource}, with Mintedge at {issuer}. Sign in as

  {LOGIN}
  {password}

  claude mcp add --transport http notes {resource} --client-id notes-tools --callback-port 33418
  npx @modelcontextprotocol/inspector
  mintedge doctor mcp {resource} --client-id notes-tools

Ctrl-C ends all of it."
        )
    }

    /// Tells a program where everything is.
    pub(crate) fn announce<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command
            .env("ISSUER", self.server.issuer())
            .env("RESOURCE", &self.resource)
            .env("LOGIN", LOGIN)
            .env("PASSWORD", &self.password)
            .env("MINTEDGE_TEST_URL", self.server.issuer())
            .env("MINTEDGE_TEST_ADMIN_SECRET", &self.place.admin_secret)
    }

    /// Goes through the example as a client does, then has `mintedge doctor` look at it.
    fn check(&self, tools: &Tools) -> Result {
        let mut node = tools.node_command("node")?;
        check_program(&self.server, self.announce(node.arg(format!("{SOURCE}/check.mjs"))))
            .map_err(|failure| self.failure(&failure.to_string()))?;
        println!("==> mintedge doctor mcp {}", self.resource);
        let client = ["--client-id", "notes-tools"];
        run_quiet(mintedge(&["doctor", "mcp", &self.resource]).args(client))?;
        run_quiet(
            mintedge(&["doctor", "--issuer", &self.server.issuer()])
                .env("MINTEDGE_ADMIN_SECRET", &self.place.admin_secret),
        )
    }

    fn failure(&self, what: &str) -> String {
        let log = fs::read_to_string(self.place.path("workerd.log")).unwrap_or_default();
        self.server.failure(&format!("{what}; the MCP server said:\n{log}"))
    }
}

/// Makes one module of the MCP server, under the name that `workerd.capnp` embeds.
fn bundle(tools: &Tools) -> Result {
    run(tools
        .node_command("esbuild")?
        .arg(format!("worker={SOURCE}/worker.mjs"))
        .args(["--bundle", "--format=esm", "--log-level=warning"])
        .arg(format!("--outdir={BUNDLE}")))
}

fn serve(tools: &Tools, place: &Place, issuer: &str, (port, resource): (u16, &str)) -> Result<Service> {
    wait_until_free(port)?;
    let log = File::create(place.path("workerd.log"))?;
    let mut workerd = Command::new(tools.workerd()?);
    workerd
        .args(["serve", &format!("{SOURCE}/workerd.capnp"), "config"])
        .arg(format!("--socket-addr=mcp=127.0.0.1:{port}"))
        .env("ISSUER", issuer)
        .env("RESOURCE", resource)
        .stdout(log.try_clone()?)
        .stderr(log);
    let mut service = Service::start(&mut workerd)?;
    if service.listens_on(port) {
        return Ok(service);
    }
    Err(format!("workerd does not listen:\n{}", fs::read_to_string(place.path("workerd.log"))?).into())
}

/// The example's configuration, with the MCP server where it is.
fn configuration(place: &Place, resource: &str) -> Result<PathBuf> {
    let usual = PathBuf::from(SOURCE).join("mintedge.toml");
    if resource == USUAL_RESOURCE {
        return Ok(usual);
    }
    let moved = place.path("mintedge.toml");
    fs::write(&moved, fs::read_to_string(usual)?.replace(USUAL_RESOURCE, resource))?;
    Ok(moved)
}
