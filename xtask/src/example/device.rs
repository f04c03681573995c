//! `examples/device`: Mintedge on wrangler's local runtime, and a television in one Node program.

use std::path::Path;
use std::process::Command;

use super::{LOGIN, Place, check_program};
use crate::Result;
use crate::process::Service;
use crate::server::{CONFIG, Options, Server, free_port};
use crate::setup::Tools;

const SOURCE: &str = "examples/device";
const PORT: u16 = 8796;

pub(super) fn run_until_interrupted(tools: &Tools) -> Result {
    let mut example = Example::start(tools, PORT)?;
    println!("\nSign in as {LOGIN} with {}\n\nCtrl-C ends all of it.\n", example.password);
    let status = Service::start(&mut example.program(tools)?)?.wait()?;
    if !status.success() {
        return Err(example.server.failure(&format!("the example ended ({status})")).into());
    }
    // It is connected; the account page shows so.
    example.server.wait()
}

pub(super) fn check(tools: &Tools) -> Result {
    let example = Example::start(tools, free_port()?)?;
    check_program(&example.server, &mut example.program(tools)?)
}

struct Example {
    // Before the place: it ends before its state goes.
    server: Server,
    password: String,
    #[expect(dead_code, reason = "its state goes when it is dropped")]
    place: Place,
}

impl Example {
    fn start(tools: &Tools, port: u16) -> Result<Self> {
        let place = Place::create("device", port)?;
        println!("==> Starting Mintedge on port {port}");
        let server = Server::start(
            tools,
            &Options {
                config: Path::new(CONFIG),
                port,
                secrets: &place.path("secrets"),
                state: &place.path("state"),
                log: Path::new("target/examples/device.log"),
                // What was applied a moment ago shows in the metadata soon.
                edge_cache: Some(1),
            },
        )?;
        place.apply(&server.issuer(), &Path::new(SOURCE).join("mintedge.toml"))?;
        let password = place.create_user(&server.issuer())?;
        Ok(Self { server, password, place })
    }

    fn program(&self, tools: &Tools) -> Result<Command> {
        let mut node = tools.node_command("node")?;
        node.arg(format!("{SOURCE}/run.mjs"))
            .env("ISSUER", self.server.issuer())
            .env("LOGIN", LOGIN)
            .env("PASSWORD", &self.password);
        Ok(node)
    }
}
