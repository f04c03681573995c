//! The servers that are compared, and the people who have logged in at them.

use std::path::Path;
use std::sync::Arc;

use super::errands::Door;
use super::{FLOOR, WITH_ID_TOKEN, WITH_RS256_ID_TOKEN, WORKERS_OAUTH_PROVIDER};
use crate::Result;
use crate::bench::http::{Connection, body, page_request};
use crate::bench::runtime::{ADMIN_SECRET, Runtime, Server};
use crate::bench::servers::MINTEDGE;
use crate::process::capture;
use crate::server::free_port;
use crate::setup::Tools;

/// Everybody who logs in.
const PEOPLE: usize = 256;
const PLAIN: &str = "ed25519%3Aread";
const OPENID: &str = "openid%20ed25519%3Aread";

/// The servers.
pub(super) struct Cast {
    mintedge: (Server, People),
    floor: Server,
    library: (Server, String, String),
}

/// What `bench/people.mjs` made.
pub(super) struct People {
    eddsa: String,
    rs256: String,
    cookies: Arc<[String]>,
}

impl People {
    /// Has `count` people log in at a fresh Mintedge.
    pub(super) fn log_in(tools: &Tools, mintedge: &Server, count: usize) -> Result<Self> {
        let output = capture(
            tools
                .node_command("node")?
                .arg("bench/people.mjs")
                .env("URL", mintedge.url())
                .env("ADMIN_SECRET", ADMIN_SECRET)
                .env("PEOPLE", count.to_string()),
        );
        let output = output.ok_or("logging people in failed")?;
        let mut lines = output.lines().map(str::to_owned);
        let mut credentials = || lines.next().ok_or("logging people in gave no credentials");
        Ok(Self { eddsa: credentials()?, rs256: credentials()?, cookies: lines.collect() })
    }

    /// The client that asks for nothing but access to an API.
    pub(super) fn plain(&self, port: u16) -> Door {
        self.door(port, ("eddsa", &self.eddsa), PLAIN)
    }

    fn door(&self, port: u16, (client_id, basic): (&str, &str), scope: &'static str) -> Door {
        let (client_id, basic) = (client_id.to_owned(), basic.to_owned());
        Door { port, client_id, basic, scope, cookies: Arc::clone(&self.cookies) }
    }
}

impl Cast {
    /// Starts them, and logs people in at Mintedge. At the others a cookie is enough.
    pub(super) fn start(tools: &Tools, runtime: &Runtime, kv: &Server, state: &Path) -> Result<Self> {
        let mintedge = start_mintedge(runtime, kv, "logins", state)?;
        let people = People::log_in(tools, &mintedge, PEOPLE)?;
        let length = people.plain(mintedge.port).answer_length()?;
        let port = free_port()?;
        let library =
            Server::start("library", port, &mut runtime.serve("logins.capnp", "workersOauthProvider", port))?;
        let setup = page_request(port, "none=", "/setup");
        let client = Connection::open(port)?.expect_ok(&setup).map(body)?;
        let (client_id, basic) = client.split_once('\n').ok_or("the library made no client")?;
        Ok(Self {
            mintedge: (mintedge, people),
            floor: start_floor(runtime, state, length)?,
            library: (library, client_id.to_owned(), basic.to_owned()),
        })
    }

    /// Name, door, and requests to refresh in one round: about a second and a half of work.
    pub(super) fn doors(&self) -> Vec<(&'static str, Door, u32)> {
        let (mintedge, people) = &self.mintedge;
        let (library, client_id, basic) = &self.library;
        let plain = people.plain(mintedge.port);
        let numbers: Arc<[String]> = (0..PEOPLE).map(|number| format!("person={number}")).collect();
        let eddsa = people.door(mintedge.port, ("eddsa", &people.eddsa), OPENID);
        let rs256 = people.door(mintedge.port, ("rs256", &people.rs256), OPENID);
        let floor = Door { port: self.floor.port, cookies: Arc::clone(&numbers), ..plain.clone() };
        let library = Door {
            port: library.port,
            client_id: client_id.clone(),
            basic: basic.clone(),
            cookies: numbers,
            ..plain.clone()
        };
        vec![
            (MINTEDGE, plain, 2_000),
            (FLOOR, floor, 3_000),
            (WORKERS_OAUTH_PROVIDER, library, 800),
            (WITH_ID_TOKEN, eddsa, 1_500),
            (WITH_RS256_ID_TOKEN, rs256, 800),
        ]
    }
}

/// Mintedge with its objects in `state/name`, which need not exist.
pub(super) fn start_mintedge(runtime: &Runtime, kv: &Server, name: &str, state: &Path) -> Result<Server> {
    let directory = state.join(name);
    std::fs::create_dir_all(&directory)?;
    let port = free_port()?;
    Server::start(name, port, &mut runtime.serve_mintedge(kv, &directory, port))
}

fn start_floor(runtime: &Runtime, state: &Path, length: usize) -> Result<Server> {
    let directory = state.join("floor");
    std::fs::create_dir_all(&directory)?;
    let port = free_port()?;
    let mut workerd = runtime.serve("logins.capnp", "floor", port);
    workerd.arg("--directory-path").arg(format!("objects={}", directory.display()));
    Server::start("floor", port, workerd.env("LENGTH", length.to_string()))
}
