//! What the targets share: a server in memory with a few clients, and what has to hold for each of its answers.

use std::cell::{OnceCell, RefCell};

use base64ct::{Base64, Encoding as _};
use mintedge::memory::{Memory, World};
use mintedge::protocol::Server;
use mintedge::protocol::config::Config;
use mintedge::protocol::http::{Body, Headers, Method, Request, Response, SensitiveHeader};
use mintedge::protocol::model::secret::Secret;
use mintedge::protocol::objects::{control::ControlCommand, control::ControlReply};
use serde_json::{Value, json};

/// The issuer of every server here.
pub const ISSUER: &str = "https://id.example";
/// Secret of the built-in admin client.
pub const ADMIN_SECRET: &str = "an admin secret that is long enough to be accepted";
/// Secret of the clients `basic` and `post`.
pub const CLIENT_SECRET: &str = "fuzz-secret";
/// Stands in the inputs for something that must never come back.
pub const CANARY: &str = "CANARY";

/// A server and what is around it.
pub struct Fixture {
    /// The world, to look at its log.
    pub world: World,
    /// One isolate of it.
    pub server: Server<Memory>,
    uses: u32,
    admin_token: OnceCell<String>,
}

impl Default for Fixture {
    fn default() -> Self {
        Self::new()
    }
}

/// How many inputs share a fixture in [`Fixture::share`].
const USES: u32 = 200;

impl Fixture {
    /// Lends a fixture to inputs that change nothing in it: making one costs more than most requests. Each input comes
    /// a second after the one before, so that no allowance runs out.
    pub fn share(input: impl FnOnce(&Self)) {
        thread_local!(static SHARED: RefCell<Option<Fixture>> = const { RefCell::new(None) });
        SHARED.with_borrow_mut(|slot| {
            let fixture = slot.get_or_insert_with(Self::new);
            fixture.world.advance(1);
            fixture.uses += 1;
            input(fixture);
            if fixture.uses == USES {
                *slot = None;
            }
        });
    }

    /// Two resources, a client for each way to authenticate, and one without rights.
    pub fn new() -> Self {
        let world = World::new(ISSUER).expect("an issuer");
        let server = world.isolate(Some(&Secret::received(ADMIN_SECRET)));
        let fixture = Self { world, server, uses: 0, admin_token: OnceCell::new() };
        let config: Config = serde_json::from_value(configuration()).expect("a configuration");
        fixture.control(&ControlCommand::Apply { base_version: 0, config: Box::new(config) });
        for client_id in ["basic", "post"] {
            fixture.control(&ControlCommand::AddSecret {
                client_id: client_id.to_owned(),
                expires_at: None,
                others_expire_at: None,
                sha256: Some(Secret::received(CLIENT_SECRET).hash()),
            });
        }
        fixture.world.publish().expect("published");
        fixture
    }

    fn control(&self, command: &ControlCommand) {
        let reply = self.world.control(command).expect("a reply");
        assert!(!matches!(reply, ControlReply::Refused(_)), "{reply:?}");
    }

    /// Sends a request.
    pub fn send(&self, method: &str, target: &str, headers: Headers, body: Body) -> Response {
        let request = Request::new(Method::parse(method), target, headers, body);
        pollster::block_on(self.server.handle(&request))
    }

    /// A token of the built-in client that may do everything at the admin API.
    pub fn admin_token(&self) -> &str {
        self.admin_token.get_or_init(|| self.fetch_admin_token())
    }

    fn fetch_admin_token(&self) -> String {
        let headers = Headers {
            authorization: Some(basic(&format!("mintedge-admin:{}", ADMIN_SECRET.replace(' ', "+")))),
            content_type: Some("application/x-www-form-urlencoded".to_owned()),
            ..Headers::default()
        };
        let body = Body::Bytes(b"grant_type=client_credentials".to_vec());
        let response = self.send("POST", "/token", headers, body);
        let answer: Value = serde_json::from_str(&response.body).expect("JSON");
        answer["access_token"].as_str().expect("a token").to_owned()
    }

    /// Makes the account of `ada@example.com`, whose password nobody knows.
    pub fn add_person(&self) {
        let headers = Headers {
            authorization: Some(SensitiveHeader::new(format!("Bearer {}", self.admin_token()))),
            content_type: Some("application/json".to_owned()),
            ..Headers::default()
        };
        let hash =
            "$argon2id$v=19$m=8,t=1,p=1$BwcHBwcHBwcHBwcHBwcHBw$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        let body = json!({ "login": "ada@example.com", "password_hash": hash });
        let response =
            self.send("POST", "/admin/v1/users", headers, Body::Bytes(body.to_string().into_bytes()));
        assert_eq!(response.status, 201, "{response:?}");
    }

    /// What holds for every answer to `method`: nothing of the input comes back or gets into the log, and a refusal is one.
    /// An answer to HEAD has no body (RFC 9110 §9.3.2).
    pub fn check(&self, method: &str, response: &Response) {
        let shown = format!("{response:?} {:?}", self.world.log().last());
        assert!(!shown.contains(CANARY) && !shown.contains(CLIENT_SECRET), "{shown}");
        assert!(!shown.contains(ADMIN_SECRET), "{shown}");
        assert_ne!(response.status / 100, 5, "{shown}");
        for (name, value) in &response.headers {
            assert!(!value.contains(['\r', '\n', '\0']), "{name}: {value:?}");
        }
        if Method::parse(method) == Method::Head {
            assert_eq!(response.body, "");
        } else if response.status >= 400 {
            let answer: Value = serde_json::from_str(&response.body).expect("JSON");
            for member in ["error", "error_description", "request_id"] {
                assert!(answer[member].as_str().is_some_and(|text| !text.is_empty()), "{answer}");
            }
        }
        let challenges = response.header("www-authenticate").is_some();
        assert_eq!(challenges, [401, 403].contains(&response.status), "{shown}");
    }
}

fn configuration() -> Value {
    let client = |id: &str, members: Value| {
        let mut client =
            json!({ "client_id": id, "grant_types": ["client_credentials"], "scopes": ["a:read", "b:read"] });
        for (name, value) in members.as_object().expect("an object") {
            client[name] = value.clone();
        }
        client
    };
    json!({
        "resource": [
            { "identifier": "https://a.example", "scopes": ["a:read", "a:write"], "claims": { "tier": "gold" } },
            { "identifier": "https://b.example", "scopes": ["b:read"], "access_token_ttl": 60 },
        ],
        "client": [
            client("basic", json!({})),
            client("post", json!({ "token_endpoint_auth_method": "client_secret_post" })),
            client("public", json!({ "token_endpoint_auth_method": "none", "grant_types": [] })),
            client("bare", json!({ "grant_types": [], "scopes": [] })),
        ],
    })
}

/// A Basic header with `credentials`, which are `id:secret`.
pub fn basic(credentials: &str) -> SensitiveHeader {
    SensitiveHeader::new(format!("Basic {}", Base64::encode_string(credentials.as_bytes())))
}

/// Splits an input into its first lines as text and the rest.
pub fn lines<const N: usize>(input: &[u8]) -> ([String; N], &[u8]) {
    let mut rest = input;
    let lines = std::array::from_fn(|_| {
        let end = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
        let (line, after) = rest.split_at(end);
        rest = after.get(1..).unwrap_or_default();
        String::from_utf8_lossy(line).into_owned()
    });
    (lines, rest)
}

/// A body as the edge bounds it.
pub fn bounded(body: &[u8], limit: usize) -> Body {
    if body.len() > limit { Body::TooLarge } else { Body::Bytes(body.to_vec()) }
}

/// Whether an input asks for RSA keys, which take too long to make.
pub fn wants_rsa(input: &[u8]) -> bool {
    [b"RS256", b"PS256"].iter().any(|alg| input.windows(5).any(|window| window == *alg))
}
