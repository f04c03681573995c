//! MCP clients that can't be run here, replayed: each signs in, redeems and refreshes as that client does, with what its kind forgets or adds.
//!
//! `docs/guides/mcp.md` says of which versions this is known; `tests/clients/mcp` runs the ones that can be run.

use serde_json::{Value, json};

use super::browser::{Browser, CHALLENGE, VERIFIER, form, parameters};
use super::harness::{Fixture, Req, Resp, TestClient, base_config};
use super::jws::claims;

/// The MCP server: its resource is a bare origin, which clients in JavaScript send with a slash.
const SERVER: &str = "https://orders.example";
const SLASHED: &str = "https://orders.example/";

/// How a client says who it is.
#[derive(Clone, Copy, PartialEq)]
enum Method {
    /// It has no secret.
    None,
    /// HTTP Basic of id and secret as they are: the SDK doesn't percent-encode them.
    Basic,
    /// In the form.
    Post,
}

/// One client, as it is registered and as it behaves.
struct Row {
    name: &'static str,
    registered: &'static [&'static str],
    /// What it comes back at, one after another.
    used: &'static [&'static str],
    method: Method,
    scope: Option<&'static str>,
    /// What it adds to the authorization request.
    more: &'static [(&'static str, &'static str)],
    /// `resource` at the authorization endpoint, with the code, and on a refresh.
    resource: [Option<&'static str>; 3],
}

const ALWAYS: [Option<&str>; 3] = [Some(SERVER), Some(SERVER), Some(SERVER)];
const WITH_SLASH: [Option<&str>; 3] = [Some(SLASHED), Some(SLASHED), Some(SLASHED)];
const FORGOTTEN_ON_REFRESH: [Option<&str>; 3] = [Some(SERVER), Some(SERVER), None];
const FORGOTTEN_WITH_THE_CODE: [Option<&str>; 3] = [Some(SLASHED), None, None];

const CLIENTS: &[Row] = &[
    Row {
        name: "claude.ai, Claude Desktop and mobile, without a secret",
        registered: &["https://claude.ai/api/mcp/auth_callback", "https://claude.com/api/mcp/auth_callback"],
        used: &["https://claude.ai/api/mcp/auth_callback", "https://claude.com/api/mcp/auth_callback"],
        method: Method::None,
        scope: Some("orders:read"),
        more: &[],
        resource: ALWAYS,
    },
    Row {
        name: "claude.ai, with id and secret typed in",
        registered: &["https://claude.ai/api/mcp/auth_callback"],
        used: &["https://claude.ai/api/mcp/auth_callback"],
        method: Method::Post,
        scope: Some("orders:read"),
        more: &[],
        resource: WITH_SLASH,
    },
    Row {
        name: "Claude Code",
        registered: &["http://localhost/callback", "http://127.0.0.1/callback"],
        used: &["http://localhost:54212/callback", "http://127.0.0.1:61003/callback"],
        method: Method::None,
        scope: Some("orders:read orders:write"),
        more: &[],
        resource: WITH_SLASH,
    },
    Row {
        name: "ChatGPT",
        registered: &[
            "https://chatgpt.com/connector_platform_oauth_redirect",
            "https://chatgpt.com/connector/oauth/Zx81",
        ],
        used: &[
            "https://chatgpt.com/connector_platform_oauth_redirect",
            "https://chatgpt.com/connector/oauth/Zx81",
        ],
        method: Method::None,
        scope: Some("orders:read"),
        more: &[],
        resource: ALWAYS,
    },
    Row {
        name: "Codex CLI",
        registered: &["http://127.0.0.1/callback", "http://localhost/callback"],
        used: &["http://127.0.0.1:1455/callback"],
        method: Method::None,
        scope: Some("orders:read"),
        more: &[],
        resource: FORGOTTEN_ON_REFRESH,
    },
    Row {
        name: "Visual Studio Code",
        registered: &["http://127.0.0.1:33418/", "http://127.0.0.1:33418", "https://vscode.dev/redirect"],
        used: &[
            "http://127.0.0.1:33418/",
            "http://127.0.0.1:60211/",
            "http://127.0.0.1:33418",
            "https://vscode.dev/redirect",
        ],
        method: Method::None,
        scope: Some("orders:read"),
        more: &[],
        resource: WITH_SLASH,
    },
    Row {
        name: "Cursor",
        registered: &[
            "cursor://anysphere.cursor-mcp/oauth/callback",
            "https://www.cursor.com/agents/mcp/oauth/callback",
            "http://localhost:8787/callback",
        ],
        used: &["cursor://anysphere.cursor-mcp/oauth/callback", "http://localhost:8787/callback"],
        method: Method::None,
        scope: Some("orders:read"),
        more: &[],
        resource: WITH_SLASH,
    },
    Row {
        name: "Gemini CLI",
        registered: &["http://localhost:7777/oauth/callback"],
        used: &["http://localhost:39417/oauth/callback"],
        method: Method::None,
        scope: Some("orders:read"),
        more: &[],
        resource: ALWAYS,
    },
    Row {
        name: "Copilot CLI, which registers one port and uses another",
        registered: &["http://127.0.0.1:40001/"],
        used: &["http://127.0.0.1:40002/"],
        method: Method::None,
        scope: Some("orders:read"),
        more: &[],
        resource: FORGOTTEN_WITH_THE_CODE,
    },
    Row {
        name: "Zed and opencode",
        registered: &["http://127.0.0.1/callback"],
        used: &["http://127.0.0.1:49731/callback"],
        method: Method::None,
        scope: Some("orders:read orders:write"),
        more: &[],
        resource: ALWAYS,
    },
    Row {
        name: "mcp-remote",
        registered: &["http://localhost:3334/oauth/callback"],
        used: &["http://localhost:18021/oauth/callback"],
        method: Method::None,
        scope: Some("orders:read offline_access"),
        more: &[("prompt", "consent")],
        resource: WITH_SLASH,
    },
    Row {
        name: "MCP Inspector",
        registered: &["http://localhost:6274/oauth/callback"],
        used: &["http://localhost:6274/oauth/callback"],
        method: Method::None,
        scope: Some("orders:read orders:write"),
        more: &[],
        resource: WITH_SLASH,
    },
    Row {
        name: "the SDK for TypeScript with a secret",
        registered: &["https://agent.example/callback"],
        used: &["https://agent.example/callback"],
        method: Method::Basic,
        scope: Some("orders:read offline_access"),
        more: &[("prompt", "consent")],
        resource: WITH_SLASH,
    },
];

impl Row {
    fn register(&self, f: &Fixture<'_>) -> TestClient {
        let mut members = json!({
            "client_name": self.name,
            "grant_types": ["authorization_code", "refresh_token"],
            "scopes": ["offline_access", "orders:read", "orders:write"],
            "redirect_uris": self.registered,
        });
        if self.method == Method::None {
            members["token_endpoint_auth_method"] = json!("none");
        }
        f.client(&members)
    }

    fn request<'a>(&'a self, client: &'a TestClient, redirect_uri: &'a str) -> Vec<(&'a str, &'a str)> {
        let mut parameters = vec![
            ("response_type", "code"),
            ("client_id", client.id.as_str()),
            ("redirect_uri", redirect_uri),
            ("state", "the state"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ];
        parameters.extend(self.scope.map(|scope| ("scope", scope)));
        parameters.extend(self.resource[0].map(|resource| ("resource", resource)));
        parameters.extend_from_slice(self.more);
        parameters
    }

    /// Sends a form to the token endpoint as the client does.
    fn token(&self, f: &Fixture<'_>, client: &TestClient, fields: &[(&str, &str)]) -> Resp {
        let mut fields = fields.to_vec();
        match self.method {
            Method::Basic => return f.send(&Req::token(&form(&fields)).basic(&client.id, &client.secret)),
            Method::Post => fields.extend([("client_id", &*client.id), ("client_secret", &*client.secret)]),
            Method::None => fields.push(("client_id", &*client.id)),
        }
        f.send(&Req::token(&form(&fields)))
    }

    /// Signs in and permits. Returns the code.
    #[track_caller]
    fn code(
        &self,
        f: &Fixture<'_>,
        browser: &Browser<'_>,
        client: &TestClient,
        redirect_uri: &str,
    ) -> String {
        let page = browser.authorize(&self.request(client, redirect_uri));
        // An address of the web has been permitted with the first one; a program on this computer is asked about every time.
        let answer =
            if page.status == 303 { page } else { browser.submit(&page.expect(200), &[("action", "allow")]) };
        let answer = answer.expect(303);
        let location = answer.header("location").expect("a redirect");
        assert!(location.starts_with(&format!("{redirect_uri}?")), "{}: {location}", self.name);
        let sent = parameters(&answer);
        assert_eq!(sent["state"], "the state", "{}", self.name);
        assert_eq!(sent["iss"], f.target.issuer(), "{}: character by character", self.name);
        sent["code"].clone()
    }

    /// The tokens are for the MCP server alone, whatever slash the client sent, and say what was granted.
    #[track_caller]
    fn check(&self, tokens: &Value) {
        assert_eq!(tokens["token_type"], "Bearer", "{}", self.name);
        assert!(tokens["expires_in"].is_u64(), "{}: {tokens}", self.name);
        let mut granted: Vec<_> = tokens["scope"].as_str().expect("scope").split(' ').collect();
        let mut wanted: Vec<_> = self.scope.expect("scopes").split(' ').collect();
        granted.sort_unstable();
        wanted.sort_unstable();
        assert_eq!(granted, wanted, "{}", self.name);
        let claims = claims(tokens["access_token"].as_str().expect("a token"));
        assert_eq!(claims["aud"], SERVER, "{}", self.name);
    }
}

/// Does `work` where Cursor's scheme is permitted.
fn with_cursor(f: &Fixture<'_>, work: impl FnOnce()) {
    let guard = f.target.configuration_lock();
    let mut config = base_config();
    config["login"]["private_use_schemes"] = json!(["cursor"]);
    f.apply(&config).expect(200);
    f.target.settle();
    work();
    f.apply(&base_config()).expect(200);
    drop(guard);
}

pub fn each_client_signs_in_redeems_and_refreshes_as_it_does(f: &Fixture<'_>) {
    with_cursor(f, || CLIENTS.iter().for_each(|row| use_all(f, row)));
}

fn use_all(f: &Fixture<'_>, row: &Row) {
    let client = row.register(f);
    let browser = Browser::new(f);
    let email = format!("{}@example.com", f.unique("ada"));
    browser.sign_up(&row.request(&client, row.used[0]), &email);
    for redirect_uri in row.used {
        let code = row.code(f, &browser, &client, redirect_uri);
        let mut fields = vec![
            ("grant_type", "authorization_code"),
            ("code", &*code),
            ("redirect_uri", *redirect_uri),
            ("code_verifier", VERIFIER),
        ];
        fields.extend(row.resource[1].map(|resource| ("resource", resource)));
        let answer = row.token(f, &client, &fields).expect(200);
        assert!(answer.header("cache-control").is_some_and(|value| value.contains("no-store")));
        let tokens = answer.json();
        row.check(&tokens);

        let refresh_token = tokens["refresh_token"].as_str().expect("a refresh token").to_owned();
        let mut fields = vec![("grant_type", "refresh_token"), ("refresh_token", &*refresh_token)];
        fields.extend(row.resource[2].map(|resource| ("resource", resource)));
        let tokens = row.token(f, &client, &fields).expect(200).json();
        row.check(&tokens);
        if row.method == Method::None {
            assert_ne!(tokens["refresh_token"], *refresh_token, "{}", row.name);
        }
    }
}

/// What only looks like one of a client's addresses leads nowhere, least of all to another of the same machine.
pub fn what_resembles_a_clients_address_is_refused(f: &Fixture<'_>) {
    let crossed = [
        ("http://localhost/callback", "http://127.0.0.1:5000/callback"),
        ("http://127.0.0.1/callback", "http://localhost:5000/callback"),
        ("http://127.0.0.1/callback", "http://127.0.0.1:5000/callback/"),
        ("http://127.0.0.1/callback", "http://127.0.0.1.example:5000/callback"),
        ("https://claude.ai/api/mcp/auth_callback", "https://claude.ai:8443/api/mcp/auth_callback"),
        ("https://claude.ai/api/mcp/auth_callback", "https://claude.ai.example/api/mcp/auth_callback"),
        ("cursor://anysphere.cursor-mcp/oauth/callback", "cursor://anysphere.cursor-mcp.evil/oauth/callback"),
        ("https://vscode.dev/redirect", "https://vscode.dev/redirect?url=https://evil.example"),
    ];
    let refuse = |(registered, used): (&str, &str)| {
        let client = f.client(&json!({
            "token_endpoint_auth_method": "none",
            "grant_types": ["authorization_code", "refresh_token"],
            "redirect_uris": [registered],
        }));
        let answer = Browser::new(f).authorize(&CLIENTS[0].request(&client, used));
        assert_eq!((answer.status, answer.header("location")), (400, None), "{registered} {used}");
    };
    with_cursor(f, || crossed.into_iter().for_each(refuse));
}

/// A token for one server is none for another, and asking for another with a code or a refresh token leaves both good.
pub fn another_server_is_invalid_target_and_burns_nothing(f: &Fixture<'_>) {
    let row = &CLIENTS[2];
    let client = row.register(f);
    let browser = Browser::new(f);
    let email = format!("{}@example.com", f.unique("ada"));
    browser.sign_up(&row.request(&client, row.used[0]), &email);
    let code = row.code(f, &browser, &client, row.used[0]);
    let fields = |resource| {
        let usual = [("grant_type", "authorization_code"), ("code", &*code), ("redirect_uri", row.used[0])];
        [usual.as_slice(), &[("code_verifier", VERIFIER), ("resource", resource)]].concat()
    };
    for other in [
        "https://ledger.example",
        "https://nobody.example",
        "https://orders.example/mcp",
        "https://orders.example//",
    ] {
        row.token(f, &client, &fields(other)).expect_error(400, "invalid_target");
    }
    let tokens = row.token(f, &client, &fields(SLASHED)).expect(200).json();
    let refresh_token = tokens["refresh_token"].as_str().expect("a refresh token");
    let refresh = |resource| {
        let fields =
            [("grant_type", "refresh_token"), ("refresh_token", refresh_token), ("resource", resource)];
        row.token(f, &client, &fields)
    };
    refresh("https://ledger.example").expect_error(400, "invalid_target");
    row.check(&refresh(SERVER).expect(200).json());
}
