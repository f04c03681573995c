//! Requests, responses and the fixture every case gets.

use std::sync::atomic::{AtomicU64, Ordering};

use base64ct::{Base64, Encoding as _};
use serde_json::{Value, json};

/// A server under test.
pub trait Target {
    /// Sends a request; `path` is relative to the issuer.
    fn send(&self, request: &Req) -> Resp;
    /// The issuer.
    fn issuer(&self) -> String;
    /// The admin secret.
    fn admin_secret(&self) -> String;
    /// Waits until every edge has seen all changes.
    fn settle(&self);
    /// Serializes cases that change the whole configuration, where they share a server.
    fn configuration_lock(&self) -> Option<std::sync::MutexGuard<'static, ()>>;
}

/// A request.
#[derive(Clone, Debug, Default)]
pub struct Req {
    pub method: &'static str,
    pub path: String,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}

impl Req {
    pub fn new(method: &'static str, path: &str) -> Self {
        Self { method, path: path.to_owned(), ..Self::default() }
    }

    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// A POST to the token endpoint.
    pub fn token(form: &str) -> Self {
        Self::new("POST", "/token").header("content-type", "application/x-www-form-urlencoded").body(form)
    }

    /// Authenticates with HTTP Basic; `id` and `secret` are taken as encoded already.
    pub fn basic(self, id: &str, secret: &str) -> Self {
        let encoded = Base64::encode_string(format!("{id}:{secret}").as_bytes());
        self.header("authorization", format!("Basic {encoded}"))
    }

    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", format!("Bearer {token}"))
    }

    pub fn json(self, value: &Value) -> Self {
        self.header("content-type", "application/json").body(value.to_string())
    }
}

/// A response.
#[derive(Clone, Debug)]
pub struct Resp {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Resp {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Status and `error`.
    pub fn error(&self) -> (u16, String) {
        (self.status, self.json()["error"].as_str().unwrap_or_default().to_owned())
    }

    #[track_caller]
    pub fn expect_error(&self, status: u16, error: &str) {
        assert_eq!(self.error(), (status, error.to_owned()), "{self:?}");
        let description = self.json()["error_description"].as_str().unwrap_or_default().to_owned();
        let sendable = |character| matches!(character, ' '..='!' | '#'..='[' | ']'..='~');
        assert!(!description.is_empty() && description.chars().all(sendable), "RFC 6749 §5.2: {self:?}");
    }

    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self:?}");
        self
    }
}

/// A registered client and its first secret.
#[derive(Clone, Debug)]
pub struct TestClient {
    pub id: String,
    pub secret: String,
}

/// The resources every case may count on.
pub fn base_config() -> Value {
    json!({
        // On workerd everybody comes from one address.
        "login": { "sign_up": "open", "attempts_per_address": 10_000 },
        "experimental": { "transaction_tokens": { "trust_domain": "internal.example" } },
        "resource": [
            { "identifier": "https://orders.example", "scopes": ["orders:read", "orders:write"], "claims": { "region": "eu", "tier": "base" } },
            { "identifier": "https://ledger.example", "scopes": ["ledger:read"] },
            { "identifier": "https://billing.example", "scopes": ["billing:read"], "signing_alg": "EdDSA" },
            { "identifier": "stock", "scopes": ["stock:read"], "access_token_ttl": 120 },
        ]
    })
}

/// A target with the base configuration in force, and shorthand for what cases do.
pub struct Fixture<'a> {
    pub target: &'a dyn Target,
    admin_token: String,
}

static UNIQUE: AtomicU64 = AtomicU64::new(0);

impl<'a> Fixture<'a> {
    pub fn new(target: &'a dyn Target) -> Self {
        let fixture = Self::resume(target);
        let guard = target.configuration_lock();
        fixture.apply(&base_config()).expect(200);
        drop(guard);
        fixture
    }

    /// A fixture on a server that has its configuration already.
    pub fn resume(target: &'a dyn Target) -> Self {
        let mut fixture = Self { target, admin_token: String::new() };
        fixture.admin_token = fixture.fetch_admin_token("mintedge:read mintedge:write");
        fixture
    }

    pub fn send(&self, request: &Req) -> Resp {
        self.target.send(request)
    }

    /// A token of the built-in admin client.
    pub fn fetch_admin_token(&self, scope: &str) -> String {
        let form = format!("grant_type=client_credentials&scope={}", scope.replace(' ', "+"));
        let request = Req::token(&form).basic("mintedge-admin", &self.target.admin_secret());
        let response = self.send(&request).expect(200);
        response.json()["access_token"].as_str().expect("a token").to_owned()
    }

    /// A call of the admin API.
    pub fn admin(&self, method: &'static str, path: &str, body: Option<&Value>) -> Resp {
        let request = Req::new(method, &format!("/admin/v1/{path}")).bearer(&self.admin_token);
        match body {
            Some(body) => self.send(&request.json(body)),
            None => self.send(&request),
        }
    }

    /// The version of the configuration in force.
    pub fn version(&self) -> u64 {
        self.admin("GET", "config", None).expect(200).json()["version"].as_u64().expect("a version")
    }

    /// Puts a configuration into force; the caller holds the lock.
    pub fn apply(&self, config: &Value) -> Resp {
        self.apply_at(self.version(), config)
    }

    pub fn apply_at(&self, version: u64, config: &Value) -> Resp {
        let request = Req::new("PUT", "/admin/v1/config")
            .bearer(&self.admin_token)
            .header("if-match", format!("\"{version}\""))
            .json(config);
        self.send(&request)
    }

    /// A name no other case uses.
    #[allow(clippy::unused_self, reason = "reads best as a question to the fixture")]
    pub fn unique(&self, stem: &str) -> String {
        format!("{stem}-{}-{}", std::process::id(), UNIQUE.fetch_add(1, Ordering::Relaxed))
    }

    /// Registers a client through the API; `members` override the defaults.
    pub fn client(&self, members: &Value) -> TestClient {
        let mut body = json!({
            "client_id": self.unique("client"),
            "grant_types": ["client_credentials"],
            "scopes": ["orders:read", "orders:write"],
        });
        for (name, value) in members.as_object().expect("an object") {
            body[name] = value.clone();
        }
        let created = self.admin("POST", "clients", Some(&body)).expect(201).json();
        TestClient {
            id: created["client"]["client_id"].as_str().expect("an id").to_owned(),
            secret: created["secret"]["client_secret"].as_str().unwrap_or_default().to_owned(),
        }
    }

    /// Asks for a token with `client`'s secret in a Basic header.
    pub fn request_token(&self, client: &TestClient, parameters: &str) -> Resp {
        let form = format!("grant_type=client_credentials{parameters}");
        self.send(&Req::token(&form).basic(&client.id, &client.secret))
    }

    /// The access token of a request that has to succeed.
    pub fn token(&self, client: &TestClient, parameters: &str) -> String {
        let response = self.request_token(client, parameters).expect(200);
        response.json()["access_token"].as_str().expect("a token").to_owned()
    }

    /// `/jwks`.
    pub fn key_set(&self) -> Value {
        self.send(&Req::new("GET", "/jwks")).expect(200).json()
    }
}

/// Percent-encodes everything but letters and digits.
pub fn encode(text: &str) -> String {
    let byte = |byte: u8| {
        if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") }
    };
    text.bytes().map(byte).collect()
}
