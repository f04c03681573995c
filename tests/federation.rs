//! Tokens of trusted issuers: as a grant (RFC 7523 §2.1, ID-JAG) and in place of a client's secret (§2.2).

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

#[path = "federation/client_authentication.rs"]
mod client_authentication;
#[path = "federation/exchange.rs"]
mod exchange;
#[path = "suite/foreign.rs"]
#[allow(dead_code, unreachable_pub, reason = "shared with other tests")]
mod foreign;
#[path = "federation/id_jag.rs"]
mod id_jag;
#[path = "federation/jwt_bearer.rs"]
mod jwt_bearer;
#[path = "federation/keys.rs"]
mod keys;
#[path = "federation/one_time.rs"]
mod one_time;
#[path = "federation/private_key_jwt.rs"]
mod private_key_jwt;
#[path = "federation/svid.rs"]
mod svid;

use base64ct::{Base64, Base64UrlUnpadded, Encoding as _};
use foreign::{Key, changed, key_set};
use mintedge::memory::{Counts, Memory, World};
use mintedge::protocol::Server;
use mintedge::protocol::config::Config;
use mintedge::protocol::http::{Body, Headers, Method, Request, Response, SensitiveHeader};
use mintedge::protocol::objects::control::{ControlCommand, ControlReply};
use serde_json::{Value, json};

const OWN: &str = "https://id.example.com";
const ISSUER: &str = "https://ci.example";
const DISCOVERY: &str = "https://ci.example/.well-known/openid-configuration";
const KEYS: &str = "https://ci.example/keys";
const ORDERS: &str = "https://orders.example";
const LEDGER: &str = "https://ledger.example";
const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// Two resources; a confidential, a public and a federated client; one issuer and a rule for each use.
fn configuration() -> Value {
    json!({
        "resource": [
            { "identifier": ORDERS, "scopes": ["orders:read", "orders:write"], "claims": { "tier": "base" } },
            { "identifier": LEDGER, "scopes": ["ledger:read"] },
        ],
        "client": [
            client(&json!({ "client_id": "app" })),
            client(&json!({ "client_id": "stranger" })),
            client(&json!({ "client_id": "tool", "token_endpoint_auth_method": "none" })),
            client(&json!({
                "client_id": "job", "token_endpoint_auth_method": "federated_jwt",
                "grant_types": ["client_credentials", JWT_BEARER],
            })),
        ],
        "trusted_issuer": [{ "id": "ci", "kind": "oidc", "issuer": ISSUER }],
        "rule": [
            {
                "id": "deploy", "issuer": "ci", "match": { "repository": "shop" }, "clients": ["app", "tool"],
                "audiences": [ORDERS], "scopes": ["orders:read", "orders:write"],
                "copy_claims": ["environment", "tier"],
            },
            { "id": "job", "issuer": "ci", "match": { "repository": "job" }, "authenticates": "job" },
            {
                "id": "assistant", "issuer": "ci", "assertion": "id_jag", "match": { "sub": "workload" },
                "clients": ["app", "tool"], "audiences": [ORDERS, LEDGER],
                "scopes": ["orders:read", "ledger:read"],
            },
        ],
    })
}

fn client(members: &Value) -> Value {
    let usual =
        json!({ "grant_types": [JWT_BEARER], "scopes": ["orders:read", "orders:write", "ledger:read"] });
    changed(&usual, members)
}

/// A world with the configuration in force, an isolate, and the issuer with its keys on the internet.
struct Setup {
    world: World,
    server: Server<Memory>,
    secrets: Vec<(String, String)>,
    key: Key,
    serial: std::cell::Cell<u32>,
}

impl Setup {
    fn new() -> Self {
        Self::with(&configuration())
    }

    fn with(configuration: &Value) -> Self {
        let world = World::new(OWN).expect("an issuer");
        let secrets = apply(&world, configuration);
        world.publish().expect("published");
        let setup = Self {
            server: world.isolate(None),
            world,
            secrets,
            key: Key::ed(1),
            serial: std::cell::Cell::default(),
        };
        setup.put(DISCOVERY, &json!({ "issuer": ISSUER, "jwks_uri": KEYS }));
        setup.publish_keys(&[setup.key.jwk("k1")]);
        setup
    }

    fn put(&self, url: &str, document: &Value) {
        self.world.set_document(url, Some(document.to_string().into_bytes()));
    }

    fn publish_keys(&self, keys: &[Value]) {
        self.world.set_document(KEYS, Some(key_set(keys)));
    }

    /// Claims that are right now, with a `jti` of their own.
    fn claims(&self, changes: &Value) -> Value {
        let now = self.world.now().0;
        self.serial.set(self.serial.get() + 1);
        let usual = json!({
            "iss": ISSUER, "sub": "workload", "aud": OWN, "iat": now, "nbf": now, "exp": now + 300,
            "jti": format!("token {}", self.serial.get()), "repository": "shop",
        });
        changed(&usual, changes)
    }

    fn token(&self, changes: &Value) -> String {
        self.key.token("k1", &self.claims(changes))
    }

    /// Sends a form as `client`, with its secret if it has one.
    fn post(&self, client: &str, fields: &[(&str, &str)]) -> Response {
        post(&self.server, &self.secrets, client, fields)
    }

    /// Sends a form elsewhere; whom it is from, it says itself.
    fn post_to(&self, path: &str, fields: &[(&str, &str)]) -> Response {
        post_to(&self.server, path, &self.secrets, "", fields)
    }

    /// Presents an assertion as the client `app`.
    fn present(&self, assertion: &str, fields: &[(&str, &str)]) -> Response {
        self.present_as("app", assertion, fields)
    }

    fn present_as(&self, client: &str, assertion: &str, fields: &[(&str, &str)]) -> Response {
        let usual = [("grant_type", JWT_BEARER), ("assertion", assertion)];
        self.post(client, &[&usual, fields].concat())
    }

    /// Why the last request was refused.
    fn cause(&self) -> String {
        let log = self.world.log();
        let line = log.iter().rev().find(|line| line.contains("\"endpoint\"")).expect("a line");
        let line: Value = serde_json::from_str(line).expect("JSON");
        line["cause"].as_str().unwrap_or("none").to_owned()
    }

    #[track_caller]
    fn assert_refused(&self, response: &Response, error: &str, cause: &str) {
        assert_eq!(
            (json(response)["error"].as_str().unwrap_or_default(), self.cause().as_str()),
            (error, cause),
            "{response:?}"
        );
    }

    fn spent(&self, work: impl FnOnce()) -> Counts {
        let before = self.world.counts();
        work();
        self.world.counts().since(before)
    }
}

/// Puts a configuration into force and returns the secrets made: client id and secret.
fn apply(world: &World, configuration: &Value) -> Vec<(String, String)> {
    let config: Config = serde_json::from_value(configuration.clone()).expect("a configuration");
    let Ok(ControlReply::Config { version, .. }) = world.control(&ControlCommand::Config) else {
        panic!("no configuration")
    };
    match world.control(&ControlCommand::Apply { base_version: version, config: Box::new(config) }) {
        Ok(ControlReply::Applied { secrets, .. }) => secrets
            .into_iter()
            .map(|secret| {
                let text = String::from_utf8(secret.client_secret.expose().to_vec()).expect("text");
                (secret.client_id, text)
            })
            .collect(),
        other => panic!("{other:?}"),
    }
}

fn post(
    server: &Server<Memory>,
    secrets: &[(String, String)],
    client: &str,
    fields: &[(&str, &str)],
) -> Response {
    post_to(server, "/token", secrets, client, fields)
}

fn post_to(
    server: &Server<Memory>,
    path: &str,
    secrets: &[(String, String)],
    client: &str,
    fields: &[(&str, &str)],
) -> Response {
    let secret = secrets.iter().find(|(id, _)| id == client);
    let basic = secret.map(|(id, secret)| {
        SensitiveHeader::new(format!("Basic {}", Base64::encode_string(format!("{id}:{secret}").as_bytes())))
    });
    let mut fields = fields.to_vec();
    if basic.is_none() && !client.is_empty() {
        fields.push(("client_id", client));
    }
    let headers = Headers {
        authorization: basic,
        content_type: Some("application/x-www-form-urlencoded".to_owned()),
        ..Headers::default()
    };
    let form: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect();
    let body = Body::Bytes(form.join("&").into_bytes());
    pollster::block_on(server.handle(&Request::new(Method::Post, path, headers, body)))
}

fn escaped(text: &str) -> String {
    let byte = |byte: u8| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            char::from(byte).to_string()
        } else {
            format!("%{byte:02X}")
        }
    };
    text.bytes().map(byte).collect()
}

fn json(response: &Response) -> Value {
    serde_json::from_str(&response.body).unwrap_or_else(|error| panic!("{error}: {response:?}"))
}

/// The claims of the access token in an answer.
#[track_caller]
fn granted(response: &Response) -> Value {
    assert_eq!(response.status, 200, "{response:?}");
    let answer = json(response);
    let token = answer["access_token"].as_str().expect("a token");
    let claims = token.split('.').nth(1).expect("three parts");
    serde_json::from_slice(&Base64UrlUnpadded::decode_vec(claims).expect("base64url")).expect("JSON")
}
