//! The servers that are compared: each a process of its own on the same core, all of them up during the whole run.

use std::path::Path;

use super::http::{Connection, between, body, token_request};
use super::load::{Contender, repeat};
use super::machine::on_server_core;
use super::runtime::{ADMIN_SECRET, ISSUER, Runtime, Server};
use super::statistics::Sample;
use crate::Result;
use crate::process::{capture, run};
use crate::server::free_port;
use crate::setup::Tools;

const CLIENT_ID: &str = "bench";

/// What the report calls them.
pub(super) const MINTEDGE: &str = "Mintedge";
pub(super) const SIGNER: &str = "signer in JavaScript";
pub(super) const LOGGING_SIGNER: &str = "the same, with Mintedge's log line";
pub(super) const OIDC_PROVIDER: &str = "node-oidc-provider";
pub(super) const EXCHANGED: &str = "Mintedge, token exchange";
pub(super) const EMPTY: &str = "empty Worker";

const ED25519: &str =
    "grant_type=client_credentials&scope=ed25519%3Aread&resource=https%3A%2F%2Fed25519.example";
const ES256: &str = "grant_type=client_credentials&scope=es256%3Aread&resource=https%3A%2F%2Fes256.example";
const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
const RS256: &str = "grant_type=client_credentials&scope=rs256%3Aread&resource=https%3A%2F%2Frs256.example";

/// The client that all servers know.
#[derive(Clone)]
pub(super) struct Client {
    secret: String,
    basic: String,
    /// The credentials of a client that calls this one.
    caller: String,
}

impl Client {
    /// The request for an Ed25519 token.
    pub(super) fn request(&self, port: u16) -> Vec<u8> {
        token_request(port, &self.basic, ED25519)
    }
}

/// All servers of the comparison.
pub(super) struct Fleet {
    pub(super) client: Client,
    empty: Server,
    signer: Server,
    logging_signer: Server,
    mintedge: Server,
    oidc_provider: Server,
}

impl Fleet {
    /// Starts them, configures Mintedge, and checks that all of them give the same kind of answer.
    pub(super) fn start(tools: &Tools, runtime: &Runtime, kv: &Server, state: &Path) -> Result<Self> {
        let worker = |constant: &str| {
            let port = free_port()?;
            let mut workerd = runtime.serve("workers.capnp", constant, port);
            Server::start(constant, port, &mut workerd)
        };
        let port = free_port()?;
        let mintedge = Server::start("mintedge", port, &mut runtime.serve_mintedge(kv, state, port))?;
        let client = configure(tools, &mintedge)?;
        let fleet = Self {
            empty: worker("empty")?,
            signer: worker("signer")?,
            logging_signer: worker("loggingSigner")?,
            mintedge,
            oidc_provider: oidc_provider(tools, &client)?,
            client,
        };
        fleet.check(tools)?;
        Ok(fleet)
    }

    /// Each server with about three seconds of Ed25519 work.
    pub(super) fn ed25519(&self) -> Vec<Contender> {
        vec![
            self.contender(MINTEDGE, &self.mintedge, ED25519, 15_000),
            self.contender(SIGNER, &self.signer, ED25519, 18_000),
            self.contender(LOGGING_SIGNER, &self.logging_signer, ED25519, 15_000),
            self.contender(OIDC_PROVIDER, &self.oidc_provider, ED25519, 6_000),
            self.contender(EMPTY, &self.empty, ED25519, 36_000),
        ]
    }

    /// Each server that signs with about three seconds of ES256 work.
    pub(super) fn es256(&self) -> Vec<Contender> {
        vec![
            self.contender(MINTEDGE, &self.mintedge, ES256, 12_000),
            self.contender(SIGNER, &self.signer, ES256, 15_000),
            self.contender(LOGGING_SIGNER, &self.logging_signer, ES256, 12_000),
            self.contender(OIDC_PROVIDER, &self.oidc_provider, ES256, 6_000),
        ]
    }

    /// Each server that signs with about three seconds of RS256 work.
    pub(super) fn rs256(&self) -> Vec<Contender> {
        vec![
            self.contender(MINTEDGE, &self.mintedge, RS256, 2_500),
            self.contender(SIGNER, &self.signer, RS256, 2_500),
            self.contender(LOGGING_SIGNER, &self.logging_signer, RS256, 2_500),
            self.contender(OIDC_PROVIDER, &self.oidc_provider, RS256, 2_000),
        ]
    }

    /// A token of the client's own, and one in exchange for its caller's: verified, decided and signed.
    pub(super) fn exchange(&self) -> Result<Vec<Contender>> {
        let port = self.mintedge.port;
        let request = token_request(port, &self.client.caller, ED25519);
        let answer = Connection::open(port)?.expect_ok(&request).map(body)?;
        let subject = between(&answer, "\"access_token\":\"", &['"']).ok_or("the caller got no token")?;
        let form = format!(
            "grant_type={EXCHANGE}&subject_token={subject}&subject_token_type={ACCESS_TOKEN}&scope=ed25519%3Aread"
        );
        Ok(vec![
            self.contender(MINTEDGE, &self.mintedge, ED25519, 15_000),
            self.contender(EXCHANGED, &self.mintedge, &form, 9_000),
        ])
    }

    fn contender(&self, name: &'static str, server: &Server, form: &str, requests: u32) -> Contender {
        let request = token_request(server.port, &self.client.basic, form);
        Contender { name, port: server.port, errands: repeat(&request), requests, rates: Sample::default() }
    }

    fn check(&self, tools: &Tools) -> Result {
        let compared = [&self.signer, &self.logging_signer, &self.mintedge, &self.oidc_provider];
        run(tools
            .node_command("node")?
            .arg("bench/check.mjs")
            .args(compared.map(Server::url))
            .env("ISSUER", ISSUER)
            .env("CLIENT_ID", CLIENT_ID)
            .env("CLIENT_SECRET", &self.client.secret))
    }
}

fn configure(tools: &Tools, mintedge: &Server) -> Result<Client> {
    let output = capture(
        tools
            .node_command("node")?
            .arg("bench/configure.mjs")
            .env("URL", mintedge.url())
            .env("ADMIN_SECRET", ADMIN_SECRET)
            .env("CLIENT_ID", CLIENT_ID),
    );
    let output = output.ok_or("configuring Mintedge failed")?;
    let lines: Vec<&str> = output.lines().collect();
    let [secret, basic, caller] = lines.as_slice() else {
        return Err("configuring Mintedge gave no secrets".into());
    };
    let [secret, basic, caller] = [*secret, *basic, *caller].map(str::to_owned);
    Ok(Client { secret, basic, caller })
}

fn oidc_provider(tools: &Tools, client: &Client) -> Result<Server> {
    let program = capture(tools.node_command("node")?.args(["-p", "process.execPath"]));
    let port = free_port()?;
    let mut node = on_server_core(&program.ok_or("node does not run")?);
    node.arg("bench/node_oidc_provider.mjs")
        .env("NODE_ENV", "production")
        .env("ISSUER", ISSUER)
        .env("PORT", port.to_string())
        .env("CLIENT_ID", CLIENT_ID)
        .env("CLIENT_SECRET", &client.secret);
    Server::start("node-oidc-provider", port, &mut node)
}
