//! `cargo xtask dev`: a local Mintedge with the quickstart configuration, ready for a first token.

use std::path::{Path, PathBuf};

use crate::process::{capture, run_quiet};
use crate::secrets::{admin_secret, client_secret, mintedge};
use crate::server::{CONFIG as WRANGLER, Options, Server};
use crate::{Result, setup, wasm};

/// The port that `ISSUER` in `wrangler.toml` names.
pub(crate) const DEFAULT_PORT: u16 = 8787;

const CONFIGURATION: &str = "examples/quickstart/mintedge.toml";
const SECRETS: &str = ".dev.vars";
const CLIENT: &str = "quickstart";

/// Runs until interrupted.
pub(crate) fn run_until_interrupted(port: u16) -> Result {
    let tools = setup::for_build()?;
    wasm::build(&tools)?;
    let admin = admin_secret(Path::new(SECRETS))?;
    println!("==> Starting the Worker on port {port}");
    let files = Files::of(port);
    let options = Options {
        config: Path::new(WRANGLER),
        port,
        secrets: Path::new(SECRETS),
        state: &files.state,
        log: &files.log,
        edge_cache: None,
    };
    let mut server = Server::start(&tools, &options)?;
    let call = |arguments: &[&str]| {
        let mut command = mintedge(arguments);
        command.env("MINTEDGE_ISSUER", server.issuer()).env("MINTEDGE_ADMIN_SECRET", &admin);
        command
    };
    let in_force =
        capture(&mut call(&["export", "--json"])).ok_or("the configuration in force can't be read")?;
    if is_untouched(&in_force) {
        println!("==> Applying {CONFIGURATION}");
        run_quiet(call(&["apply", CONFIGURATION, "--yes", "--secrets-file"]).arg(&files.client))?;
    } else {
        println!(
            "==> Keeping the configuration in force; delete {} to start anew",
            files.directory.display()
        );
    }
    println!("{}", welcome(&server, &files));
    server.wait()
}

/// What a local deployment keeps. The issuer names the port, so another port is another deployment.
struct Files {
    directory: PathBuf,
    state: PathBuf,
    /// The quickstart client's secret, beside the state: the server itself keeps only a hash.
    client: PathBuf,
    log: PathBuf,
}

impl Files {
    fn of(port: u16) -> Self {
        let directory = match port {
            // wrangler's own default, so that a plain `npx wrangler dev` continues with it.
            DEFAULT_PORT => PathBuf::from(".wrangler"),
            other => PathBuf::from(format!(".wrangler/port-{other}")),
        };
        Self {
            state: directory.join("state"),
            client: directory.join("quickstart-client.json"),
            log: directory.join("dev.log"),
            directory,
        }
    }
}

/// Whether nothing was ever applied: versions count from 0. `export` is what `mintedge export --json` says.
fn is_untouched(export: &str) -> bool {
    export.lines().any(|line| line.trim().trim_end_matches(',') == "\"version\": 0")
}

fn welcome(server: &Server, files: &Files) -> String {
    let issuer = server.issuer();
    let token = client_secret(&files.client, CLIENT).map_or_else(
        || format!("The secret of {CLIENT} is not known here: delete .wrangler to start anew."),
        |secret| {
            format!(
                "Get a token:\n\n  \
                 curl -u {CLIENT}:{secret} -d grant_type=client_credentials -d scope=orders:read {issuer}/token"
            )
        },
    );
    format!(
        "
Mintedge is running.

  Issuer     {issuer}
  Discovery  {discovery}
  Log        {log}

{token}

Change {CONFIGURATION}, then see and apply the difference:

  . ./{SECRETS} && export MINTEDGE_ISSUER={issuer} MINTEDGE_ADMIN_SECRET=$ADMIN_SECRET
  cargo run -p mintedge-cli -- plan {CONFIGURATION}
  cargo run -p mintedge-cli -- apply {CONFIGURATION}

Ctrl-C ends it. Its state stays in {state}, and the next start leaves what is applied as it is.",
        discovery = server.discovery_url(),
        log = files.log.display(),
        state = files.state.display(),
    )
}

#[cfg(test)]
mod tests {
    use super::is_untouched;

    #[test]
    fn only_a_server_that_nothing_was_applied_to_is_untouched() {
        assert!(is_untouched("{\n  \"api_clients\": [],\n  \"version\": 0\n}"));
        assert!(is_untouched("{\n  \"version\": 0,\n  \"config\": {}\n}"));
        for other in ["", "{\n  \"version\": 10\n}", "{\n  \"version\": 1\n}"] {
            assert!(!is_untouched(other), "{other}");
        }
    }
}
