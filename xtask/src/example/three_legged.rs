//! `examples/three-legged`: an application, three APIs and Mintedge as five Workers in one workerd.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Command;

use super::{CHECK_LIMIT, LOGIN, Place};
use crate::Result;
use crate::process::{Service, run, run_within};
use crate::server::{free_port, wait_until_free};
use crate::setup::{self, Tools};

const SOURCE: &str = "examples/three-legged";
const BUNDLES: &str = "target/examples/three-legged";
/// Whose scripts drive Chromium.
const BROWSER: &str = "tests/browser";
/// In `mintedge.toml`: the one address there that names a port.
const USUAL_APP: &str = "http://127.0.0.1:8791";

pub(super) fn run_until_interrupted(tools: &Tools) -> Result {
    let ports = Ports { mintedge: 8790, app: 8791, api_one: 8792, api_two: 8793, api_three: 8794 };
    let mut example = Example::start(tools, ports)?;
    println!("{}", example.welcome());
    let status = example.service.wait()?;
    Err(example.failure(&format!("workerd ended ({status})")).into())
}

pub(super) fn check(tools: &Tools) -> Result {
    setup::chromium()?;
    tools.npm_packages(BROWSER)?;
    let ports = Ports {
        mintedge: free_port()?,
        app: free_port()?,
        api_one: free_port()?,
        api_two: free_port()?,
        api_three: free_port()?,
    };
    let example = Example::start(tools, ports)?;
    let mut node = tools.node_command("node")?;
    node.arg(format!("{SOURCE}/check.mjs"))
        .env("ISSUER", local(ports.mintedge))
        .env("APP", local(ports.app))
        .env("API_ONE", local(ports.api_one))
        .env("API_TWO", local(ports.api_two))
        .env("API_THREE", local(ports.api_three))
        .env("LOGIN", LOGIN)
        .env("PASSWORD", &example.password);
    run_within(CHECK_LIMIT, &mut node).map_err(|failure| example.failure(&failure.to_string()).into())
}

/// Where each Worker listens.
#[derive(Clone, Copy)]
struct Ports {
    mintedge: u16,
    app: u16,
    api_one: u16,
    api_two: u16,
    api_three: u16,
}

struct Example {
    service: Service,
    place: Place,
    ports: Ports,
    password: String,
}

impl Example {
    fn start(tools: &Tools, ports: Ports) -> Result<Self> {
        tools.npm_packages(SOURCE)?;
        bundle(tools)?;
        let place = Place::create("three-legged", ports.mintedge)?;
        println!("==> Starting Mintedge, the application and three APIs in one workerd");
        let unconfigured = serve(tools, &place, ports, ["", ""])?;
        place.apply(&local(ports.mintedge), &configuration(&place, ports)?)?;
        let password = place.create_user(&local(ports.mintedge))?;
        // Now that the APIs have secrets they get them as Workers do: when they start.
        drop(unconfigured);
        let (one, two) = (place.client_secret("api-one")?, place.client_secret("api-two")?);
        let service = serve(tools, &place, ports, [&one, &two])?;
        Ok(Self { service, place, ports, password })
    }

    fn welcome(&self) -> String {
        format!(
            "
The application is at {app}. Sign in as

  {LOGIN}
  {password}

  Mintedge  {issuer}
  API One   {api_one}
  API Two   {api_two}
  API Three {api_three}

Ctrl-C ends all of it.",
            app = local(self.ports.app),
            password = self.password,
            issuer = local(self.ports.mintedge),
            api_one = local(self.ports.api_one),
            api_two = local(self.ports.api_two),
            api_three = local(self.ports.api_three),
        )
    }

    fn failure(&self, what: &str) -> String {
        let log = fs::read_to_string(self.place.path("workerd.log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        let end = lines.get(lines.len().saturating_sub(20)..).unwrap_or_default();
        format!("{what}; what workerd said last:\n{}", end.join("\n"))
    }
}

/// Makes one module of each Worker, under the names that `workerd.capnp` embeds.
fn bundle(tools: &Tools) -> Result {
    let workers = ["app", "api_one", "api_two", "api_three"];
    run(tools
        .node_command("esbuild")?
        .arg("mintedge=edge/entry.mjs")
        .args(workers.map(|name| format!("{name}={SOURCE}/{name}/worker.mjs")))
        .args(["--bundle", "--format=esm", "--log-level=warning", "--external:cloudflare:*"])
        .args(["--loader:.wasm=copy", "--asset-names=[name]"])
        .arg(format!("--outdir={BUNDLES}")))
}

fn serve(tools: &Tools, place: &Place, ports: Ports, [one, two]: [&str; 2]) -> Result<Service> {
    let sockets = [
        ("mintedge", ports.mintedge),
        ("app", ports.app),
        ("api-one", ports.api_one),
        ("api-two", ports.api_two),
        ("api-three", ports.api_three),
    ];
    for (_, port) in sockets {
        wait_until_free(port)?;
    }
    let objects = place.path("objects");
    fs::create_dir_all(&objects)?;
    let log = File::options().create(true).append(true).open(place.path("workerd.log"))?;
    let mut workerd = Command::new(tools.workerd()?);
    workerd
        .args(["serve", &format!("{SOURCE}/workerd.capnp"), "config"])
        .arg(format!("--directory-path=objects={}", objects.display()))
        .args(sockets.map(|(name, port)| format!("--socket-addr={name}=127.0.0.1:{port}")))
        .env("ISSUER", local(ports.mintedge))
        .env("ADMIN_SECRET", &place.admin_secret)
        .env("APP", local(ports.app))
        .env("API_ONE", local(ports.api_one))
        .env("API_TWO", local(ports.api_two))
        .env("API_THREE", local(ports.api_three))
        .env("API_ONE_SECRET", one)
        .env("API_TWO_SECRET", two)
        .stdout(log.try_clone()?)
        .stderr(log);
    let mut service = Service::start(&mut workerd)?;
    if sockets.iter().all(|(_, port)| service.listens_on(*port)) {
        return Ok(service);
    }
    Err(format!("workerd does not listen:\n{}", fs::read_to_string(place.path("workerd.log"))?).into())
}

/// The example's configuration, with the application where it is.
fn configuration(place: &Place, ports: Ports) -> Result<PathBuf> {
    let usual = PathBuf::from(SOURCE).join("mintedge.toml");
    let app = local(ports.app);
    if app == USUAL_APP {
        return Ok(usual);
    }
    let moved = place.path("mintedge.toml");
    fs::write(&moved, fs::read_to_string(usual)?.replace(USUAL_APP, &app))?;
    Ok(moved)
}

fn local(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}
