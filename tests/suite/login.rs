//! A person who logs in at a client: what most cases begin with.

use serde_json::{Value, json};

use crate::suite::browser::{Browser, CHALLENGE, VERIFIER, form, parameters};
use crate::suite::harness::{Fixture, Req, Resp, TestClient, encode};
pub use crate::suite::jws::claims;

pub const REDIRECT: &str = "https://app.example/cb";

/// A client that logs people in, and a browser in which somebody has an account.
pub struct Login<'a> {
    pub f: &'a Fixture<'a>,
    pub client: TestClient,
    pub browser: Browser<'a>,
    pub email: String,
}

/// A confidential first-party client; `members` override its declaration.
pub fn web_client(f: &Fixture<'_>, members: &Value) -> TestClient {
    let mut all = json!({
        "client_name": "Acme Shop",
        "grant_types": ["authorization_code", "refresh_token"],
        "scopes": ["openid", "profile", "email", "address", "phone", "offline_access", "orders:read", "orders:write", "ledger:read"],
        "redirect_uris": [REDIRECT],
        "post_logout_redirect_uris": ["https://app.example/bye"],
        "first_party": true,
    });
    for (name, value) in members.as_object().expect("an object") {
        all[name] = value.clone();
    }
    f.client(&all)
}

/// A request of `client` that asks for nothing but who somebody is.
pub fn plain_request(client: &TestClient) -> [(&str, &str); 6] {
    [
        ("client_id", client.id.as_str()),
        ("response_type", "code"),
        ("redirect_uri", REDIRECT),
        ("scope", "openid"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ]
}

impl<'a> Login<'a> {
    #[track_caller]
    pub fn new(f: &'a Fixture<'a>, members: &Value) -> Self {
        let client = web_client(f, members);
        let browser = Browser::new(f);
        let email = format!("{}@example.com", f.unique("ada"));
        let login = Self { f, client, browser, email };
        let answer = login.browser.sign_up(&login.request(&[]), &login.email.clone());
        assert!(answer.status == 303 || answer.status == 200, "{answer:?}");
        login
    }

    /// The usual request with `more`; a value of "" takes a parameter out.
    pub fn request<'b>(&'b self, more: &[(&'b str, &'b str)]) -> Vec<(&'b str, &'b str)> {
        let usual = [
            ("client_id", self.client.id.as_str()),
            ("response_type", "code"),
            ("redirect_uri", REDIRECT),
            ("scope", "openid profile email orders:read"),
            ("state", "the state"),
            ("nonce", "the nonce"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ];
        let kept = usual.into_iter().filter(|(name, _)| !more.iter().any(|(other, _)| other == name));
        kept.chain(more.iter().copied().filter(|(_, value)| !value.is_empty())).collect()
    }

    pub fn authorize(&self, more: &[(&str, &str)]) -> Resp {
        self.browser.authorize(&self.request(more))
    }

    /// A code for the usual request.
    #[track_caller]
    pub fn code(&self, more: &[(&str, &str)]) -> String {
        let answer = self.authorize(more).expect(303);
        parameters(&answer).get("code").unwrap_or_else(|| panic!("no code: {answer:?}")).clone()
    }

    pub fn redeem_with(&self, client: &TestClient, code: &str, more: &[(&str, &str)]) -> Resp {
        let usual = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", REDIRECT),
            ("code_verifier", VERIFIER),
        ];
        let kept = usual.into_iter().filter(|(name, _)| !more.iter().any(|(other, _)| other == name));
        let more = more.iter().copied().filter(|(_, value)| !value.is_empty());
        let fields: Vec<_> = kept.chain(more).collect();
        self.token(client, &form(&fields))
    }

    pub fn redeem(&self, code: &str) -> Resp {
        self.redeem_with(&self.client, code, &[])
    }

    pub fn token(&self, client: &TestClient, body: &str) -> Resp {
        let request = if client.secret.is_empty() {
            Req::token(&format!("{body}&client_id={}", encode(&client.id)))
        } else {
            Req::token(body).basic(&client.id, &client.secret)
        };
        self.f.send(&request)
    }

    #[track_caller]
    pub fn tokens(&self, more: &[(&str, &str)]) -> Value {
        self.redeem(&self.code(more)).expect(200).json()
    }

    pub fn refresh(&self, token: &str, more: &str) -> Resp {
        self.token(&self.client, &format!("grant_type=refresh_token&refresh_token={token}{more}"))
    }

    pub fn userinfo(&self, access_token: &str) -> Resp {
        self.f.send(&Req::new("GET", "/userinfo").bearer(access_token))
    }
}

pub fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("no {name}: {value}"))
}
