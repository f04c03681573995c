//! `examples/legacy-service`: Mintedge on wrangler's local runtime, everything else in one Node program.

use std::path::Path;
use std::process::Command;

use super::{Place, check_program};
use crate::Result;
use crate::process::Service;
use crate::server::{CONFIG, Options, Server, free_port};
use crate::setup::Tools;

const SOURCE: &str = "examples/legacy-service";
const PORT: u16 = 8795;

pub(super) fn run_until_interrupted(tools: &Tools) -> Result {
    let example = Example::start(tools, PORT)?;
    println!("\nCtrl-C ends all of it.\n");
    let mut program = Service::start(&mut example.program(tools)?)?;
    let status = program.wait()?;
    Err(example.server.failure(&format!("the example ended ({status})")).into())
}

pub(super) fn check(tools: &Tools) -> Result {
    let example = Example::start(tools, free_port()?)?;
    check_program(&example.server, &mut example.program(tools)?)
}

struct Example {
    // Before the place: it ends before its state goes.
    server: Server,
    place: Place,
}

impl Example {
    fn start(tools: &Tools, port: u16) -> Result<Self> {
        tools.npm_packages(SOURCE)?;
        let place = Place::create("legacy-service", port)?;
        println!("==> Starting Mintedge on port {port}");
        let server = Server::start(
            tools,
            &Options {
                config: Path::new(CONFIG),
                port,
                secrets: &place.path("secrets"),
                state: &place.path("state"),
                log: Path::new("target/examples/legacy-service.log"),
                edge_cache: None,
            },
        )?;
        place.apply(&server.issuer(), &Path::new(SOURCE).join("mintedge.toml"))?;
        Ok(Self { server, place })
    }

    fn program(&self, tools: &Tools) -> Result<Command> {
        let mut node = tools.node_command("node")?;
        node.arg(format!("{SOURCE}/run.mjs"))
            .env("ISSUER", self.server.issuer())
            .env("DIRECTORY", self.place.path("run"))
            .env("SIDECAR_SECRET", self.place.client_secret("sidecar")?)
            .env("SERVICE_SECRET", self.place.client_secret("stock-report")?);
        Ok(node)
    }
}
