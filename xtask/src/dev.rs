//! `cargo xtask dev`: a local Mintedge with the quickstart configuration, ready for a first token.

use std::path::Path;
use std::process::Command;

use crate::process::run;
use crate::secrets::DeploymentSecrets;
use crate::server::{Options, Server};
use crate::{Result, setup, wasm};

/// The port that `ISSUER` in `wrangler.toml` names.
pub(crate) const DEFAULT_PORT: u16 = 8787;

const CONFIGURATION: &str = "examples/quickstart/mintedge.toml";
const SECRETS: &str = ".dev.vars";
const CLIENT: &str = ".wrangler/quickstart-client.json";
const LOG: &str = ".wrangler/dev.log";

/// Runs until interrupted.
pub(crate) fn run_until_interrupted(port: u16) -> Result {
    let tools = setup::for_build()?;
    wasm::build(&tools)?;
    let secrets = DeploymentSecrets::load_or_create(Path::new(SECRETS))?;
    println!("==> Starting the Worker on port {port}");
    let options = Options {
        port,
        secrets: Path::new(SECRETS),
        state: Path::new(".wrangler/state"),
        log: Path::new(LOG),
    };
    let mut server = Server::start(&tools, &options)?;
    println!("==> Applying {CONFIGURATION}");
    run(Command::new("cargo")
        .args([
            "run",
            "--quiet",
            "--package",
            "mintedge-cli",
            "--",
            "apply",
            CONFIGURATION,
        ])
        .args(["--secrets-file", CLIENT])
        .env("MINTEDGE_ISSUER", server.issuer())
        .env("MINTEDGE_ADMIN_SECRET", &secrets.admin))?;
    welcome(&server);
    server.wait()
}

fn welcome(server: &Server) {
    println!("\nMintedge is running.\n");
    println!("  Issuer     {}", server.issuer());
    println!("  Discovery  {}", server.discovery_url());
    println!("  Log        {LOG}");
}
