//! Scope and audience agree in every token, whatever was taken away between one request and the next: codes, refresh tokens,
//! exchange, delegation and assertions under random configurations that only ever lose something.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod suite;

use std::cell::Cell;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use suite::browser::{form, parameters};
use suite::foreign::{Key, key_set};
use suite::harness::{Fixture, Req, Resp, Target, TestClient, base_config};
use suite::in_memory::{InMemory, target};
use suite::login::{Login, REDIRECT, claims, text};
use suite::token::token_exchange as exchange;

const RESOURCES: [(&str, &[&str]); 3] = [
    ("https://a.example", &["a:read", "a:write"]),
    ("https://b.example", &["b:read"]),
    ("https://c.example", &["c:read", "c:write"]),
];
const OF_PEOPLE: [&str; 3] = ["openid", "profile", "offline_access"];
const ISSUER: &str = "https://ci.example";
const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";

/// What there is: a bit for each resource, and for each scope of each party.
#[derive(Debug, Clone, Copy)]
struct Ceiling {
    resources: u8,
    app: u8,
    service: u8,
    additional: u8,
    audiences: u8,
}

#[derive(Debug, Clone)]
enum Step {
    Shrink(Ceiling),
    Refresh(Asked),
    Exchange(Asked),
    Delegate(Asked),
    Assert(Asked),
}

/// Parameters of a request: bits again. Mostly scopes that may be had, or else nearly all would be refused.
#[derive(Debug, Clone, Copy)]
struct Asked {
    scope: Option<u8>,
    beyond: bool,
    resources: u8,
}

fn asked() -> impl Strategy<Value = Asked> {
    let scope = proptest::option::weighted(0.7, any::<u8>());
    let resources = prop_oneof![3 => Just(0_u8), 1 => 0_u8..8];
    (scope, proptest::bool::weighted(0.1), resources).prop_map(|(scope, beyond, resources)| Asked {
        scope,
        beyond,
        resources,
    })
}

impl Asked {
    /// The fields, `within` being what may be had.
    fn fields(self, within: &[&str]) -> Vec<(&'static str, String)> {
        let names = chosen(RESOURCES.map(|(name, _)| name), self.resources).into_iter();
        let mut fields: Vec<(&str, String)> = names.map(|name| ("resource", name.to_owned())).collect();
        let scopes = chosen(all_scopes(), self.scope.unwrap_or_default()).into_iter();
        let scopes: Vec<&str> = scopes.filter(|scope| self.beyond || within.contains(scope)).collect();
        if !scopes.is_empty() {
            fields.push(("scope", scopes.join(" ")));
        }
        fields
    }
}

/// The names whose bits are set.
fn chosen<'a>(names: impl IntoIterator<Item = &'a str>, bits: u8) -> Vec<&'a str> {
    let picked = names.into_iter().enumerate().filter(|(index, _)| bits >> index & 1 == 1);
    picked.map(|(_, name)| name).collect()
}

fn all_scopes() -> impl Iterator<Item = &'static str> {
    OF_PEOPLE.into_iter().chain(RESOURCES.iter().flat_map(|(_, scopes)| scopes.iter().copied()))
}

impl Ceiling {
    fn names(self) -> Vec<&'static str> {
        chosen(RESOURCES.map(|(name, _)| name), self.resources)
    }

    fn exists(self, scope: &str) -> bool {
        let names = self.names();
        let owned = |(name, scopes): &(&str, &[&str])| names.contains(name) && scopes.contains(&scope);
        OF_PEOPLE.contains(&scope) || RESOURCES.iter().any(owned)
    }

    fn scopes(self, bits: u8) -> Vec<&'static str> {
        let scopes = chosen(all_scopes(), bits).into_iter();
        scopes.filter(|scope| self.exists(scope)).collect()
    }

    fn and(self, other: Self) -> Self {
        Self {
            resources: self.resources & other.resources,
            app: self.app & other.app,
            service: self.service & other.service,
            additional: self.additional & other.additional,
            audiences: self.audiences & other.audiences,
        }
    }

    fn config(self) -> Value {
        let mut config = base_config();
        let resources = RESOURCES.iter().filter(|(name, _)| self.names().contains(name));
        let resources = resources.map(|(name, scopes)| json!({ "identifier": name, "scopes": scopes }));
        config["resource"].as_array_mut().expect("resources").extend(resources);
        let service: Vec<&str> =
            self.scopes(self.service).into_iter().filter(|scope| !OF_PEOPLE.contains(scope)).collect();
        let audiences: Vec<&str> = chosen(RESOURCES.map(|(name, _)| name), self.audiences & self.resources);
        let at_audience = |scope: &&&str| {
            RESOURCES.iter().any(|(name, scopes)| audiences.contains(name) && scopes.contains(*scope))
        };
        let more = self.scopes(self.additional);
        let additional: Vec<&&str> =
            service.iter().filter(|scope| more.contains(scope)).filter(at_audience).collect();
        config["client"] = json!([
            {
                "client_id": "app", "grant_types": ["authorization_code", "refresh_token"],
                "scopes": self.scopes(self.app), "redirect_uris": [REDIRECT], "first_party": true,
            },
            {
                "client_id": "service", "grant_types": [EXCHANGE, "delegation", JWT_BEARER], "scopes": service,
                "serves": self.names(),
                "exchange": { "audiences": audiences, "additional_scopes": additional, "subject_clients": ["app"] },
            },
        ]);
        config["trusted_issuer"] = json!([{ "id": "ci", "kind": "oidc", "issuer": ISSUER }]);
        let served =
            RESOURCES.iter().filter(|(_, scopes)| scopes.iter().any(|scope| service.contains(scope)));
        let served: Vec<&str> = served.map(|(name, _)| *name).collect();
        if !service.is_empty() {
            config["rule"] = json!([{
                "id": "deploy", "issuer": "ci", "match": { "sub": "deploy" }, "clients": ["service"],
                "audiences": served, "scopes": service,
            }]);
        }
        config
    }
}

fn ceiling(lost: bool) -> impl Strategy<Value = Ceiling> {
    // Losing all at once teaches little.
    let many = || (any::<u8>(), any::<u8>()).prop_map(|(some, others)| some | others);
    let bits = move || prop_oneof![1 => Just(0xff_u8), 1 => many()];
    (bits(), bits(), bits(), bits(), bits()).prop_map(
        move |(resources, app, service, additional, audiences)| Ceiling {
            resources: if lost { resources } else { 0xff },
            app,
            service,
            additional,
            audiences,
        },
    )
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => ceiling(true).prop_map(Step::Shrink),
        4 => asked().prop_map(Step::Refresh),
        2 => asked().prop_map(Step::Exchange),
        1 => asked().prop_map(Step::Delegate),
        1 => asked().prop_map(Step::Assert),
    ]
}

fn borrowed<'a>(fields: &'a [(&'static str, String)]) -> Vec<(&'a str, &'a str)> {
    fields.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

struct Scene<'a> {
    login: &'a Login<'a>,
    world: &'a InMemory,
    app: TestClient,
    service: TestClient,
    serial: Cell<u64>,
    /// Tokens that were issued.
    issued: Cell<u32>,
}

impl Scene<'_> {
    fn apply(&self, ceiling: Ceiling) {
        // An administrator's token lives for five minutes, and this goes on for hours.
        Fixture::resume(self.world).apply(&ceiling.config()).expect(200);
        // Long enough for edges to have forgotten, too.
        self.world.settle();
        self.world.settle();
        self.world.settle();
    }

    fn send(&self, client: &TestClient, fields: &[(&str, &str)]) -> Resp {
        self.login.f.send(&Req::token(&form(fields)).basic(&client.id, &client.secret))
    }

    /// The invariant, of an answer that succeeded; others name what doesn't fit. Returns the answer.
    fn judge(
        &self,
        answer: &Resp,
        ceiling: Ceiling,
        ceiling_of_client: u8,
    ) -> Result<Option<Value>, TestCaseError> {
        if answer.status != 200 {
            let (status, error) = answer.error();
            let expected = ["invalid_scope", "invalid_target"].contains(&error.as_str());
            prop_assert!(status == 400 && expected, "{answer:?}");
            return Ok(None);
        }
        self.issued.set(self.issued.get() + 1);
        let answer = answer.json();
        let access = claims(text(&answer, "access_token"));
        let scopes: Vec<&str> = text(&access, "scope").split(' ').filter(|scope| !scope.is_empty()).collect();
        prop_assert!(!scopes.is_empty(), "{access}");
        prop_assert_eq!(&access["scope"], &answer["scope"]);
        let audience: Vec<&str> = match &access["aud"] {
            Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
            one => vec![one.as_str().expect("an audience")],
        };
        let scopes_at = |name: &str| match RESOURCES.iter().find(|(own, _)| *own == name) {
            Some((_, scopes)) => scopes.to_vec(),
            None => OF_PEOPLE.to_vec(),
        };
        for name in &audience {
            prop_assert!(
                scopes_at(name).iter().any(|scope| scopes.contains(scope)),
                "{name} has nothing: {access}"
            );
            let is_there = *name == self.world.issuer() || ceiling.names().contains(name);
            prop_assert!(is_there, "{name} is no more: {access}");
        }
        for scope in &scopes {
            let owned =
                OF_PEOPLE.contains(scope) || audience.iter().any(|name| scopes_at(name).contains(scope));
            prop_assert!(owned, "{scope} is of nobody: {access}");
            prop_assert!(
                ceiling.scopes(ceiling_of_client).contains(scope),
                "{scope} was taken away: {access}"
            );
        }
        let own = audience.contains(&self.world.issuer().as_str());
        prop_assert_eq!(own, scopes.contains(&"openid") || audience.len() == 1 && own);
        Ok(Some(answer))
    }

    fn refresh(
        &self,
        token: &mut String,
        granted: &[&str],
        ceiling: Ceiling,
        more: &[(&str, &str)],
    ) -> Result<Option<Value>, TestCaseError> {
        let refresh = |more: &[(&str, &str)]| {
            let usual = [("grant_type", "refresh_token"), ("refresh_token", token.as_str())];
            self.send(&self.app, &[&usual, more].concat())
        };
        let mut answer = self.judge(&refresh(more), ceiling, ceiling.app)?;
        if answer.is_none() {
            // Nothing was lost: the same token gives what is left, if anything is.
            answer = self.judge(&refresh(&[]), ceiling, ceiling.app)?;
            let left = ceiling.scopes(ceiling.app).iter().any(|scope| granted.contains(scope));
            prop_assert_eq!(answer.is_some(), left);
        }
        if let Some(answer) = &answer {
            text(answer, "refresh_token").clone_into(token);
        }
        Ok(answer)
    }

    fn assertion(&self) -> String {
        self.serial.set(self.serial.get() + 1);
        let now = self.world.world.now().0;
        let claims = json!({ "iss": ISSUER, "sub": "deploy", "aud": self.world.issuer(), "iat": now, "exp": now + 300, "jti": self.serial.get().to_string() });
        Key::ed(1).token("k1", &claims)
    }

    fn play(&self, start: Ceiling, first: Asked, steps: &[Step]) -> Result<(), TestCaseError> {
        let mut ceiling = start;
        self.apply(ceiling);
        let fields = first.fields(&ceiling.scopes(ceiling.app));
        let mut more = borrowed(&fields);
        more.push(("client_id", self.app.id.as_str()));
        if first.scope.is_none() {
            more.push(("scope", ""));
        }
        let sent = parameters(&self.login.authorize(&more).expect(303));
        let Some(code) = sent.get("code") else {
            prop_assert!(["invalid_scope", "invalid_target"].contains(&sent["error"].as_str()), "{sent:?}");
            return Ok(());
        };
        let answer = self.login.redeem_with(&self.app, code, &[]);
        let answer = self.judge(&answer, ceiling, ceiling.app)?.expect("a code that was just made");
        let granted: Vec<&str> = text(&answer, "scope").split(' ').collect();
        let mut token = text(&answer, "refresh_token").to_owned();
        let mut access = text(&answer, "access_token").to_owned();
        for step in steps {
            match step {
                Step::Shrink(lost) => {
                    ceiling = ceiling.and(*lost);
                    self.apply(ceiling);
                }
                Step::Refresh(asked) => {
                    let more = asked.fields(&granted);
                    if let Some(answer) = self.refresh(&mut token, &granted, ceiling, &borrowed(&more))? {
                        text(&answer, "access_token").clone_into(&mut access);
                    }
                }
                Step::Exchange(asked) => {
                    let more = asked.fields(&ceiling.scopes(ceiling.service));
                    let answer = exchange::exchange(self.login.f, &self.service, &access, &borrowed(&more));
                    // The token is not for the service, or has ended.
                    if answer.json()["error"] != "invalid_request" {
                        self.judge(&answer, ceiling, ceiling.service)?;
                    }
                }
                Step::Delegate(asked) => {
                    let more = asked.fields(&ceiling.scopes(ceiling.service));
                    let answer = exchange::delegate(self.login.f, &self.service, &access, &borrowed(&more));
                    if answer.json()["error"] != "invalid_grant" {
                        self.judge(&answer, ceiling, ceiling.service)?;
                    }
                }
                Step::Assert(asked) => {
                    let assertion = self.assertion();
                    let more = asked.fields(&ceiling.scopes(ceiling.service));
                    let usual = [("grant_type", JWT_BEARER), ("assertion", assertion.as_str())];
                    let answer = self.send(&self.service, &[&usual, borrowed(&more).as_slice()].concat());
                    // No rule is left.
                    if answer.json()["error"] != "invalid_grant" {
                        self.judge(&answer, ceiling, ceiling.service)?;
                    }
                }
            }
        }
        Ok(())
    }
}

#[test]
fn scope_and_audience_agree_whatever_is_taken_away() {
    let target = target();
    let discovery = json!({ "issuer": ISSUER, "jwks_uri": format!("{ISSUER}/keys") });
    let discovery_url = format!("{ISSUER}/.well-known/openid-configuration");
    target.world.set_document(&discovery_url, Some(discovery.to_string().into_bytes()));
    target.world.set_document(&format!("{ISSUER}/keys"), Some(key_set(&[Key::ed(1).jwk("k1")])));
    let f = Fixture::new(&target);
    let login = Login::new(&f, &json!({}));
    let everything = Ceiling { resources: 0xff, app: 0xff, service: 0xff, additional: 0xff, audiences: 0xff };
    let applied = f.apply(&everything.config()).expect(200).json();
    let secret = |id: &str| {
        let secrets = applied["secrets"].as_array().expect("secrets");
        let own = secrets.iter().find(|secret| secret["client_id"] == id).expect("a secret");
        TestClient { id: id.to_owned(), secret: text(own, "client_secret").to_owned() }
    };
    let scene = Scene {
        login: &login,
        world: &target,
        app: secret("app"),
        service: secret("service"),
        serial: Cell::new(0),
        issued: Cell::new(0),
    };
    let cases = (ceiling(false), asked(), proptest::collection::vec(step(), 1..10));
    let config = Config { cases: 96, failure_persistence: None, max_shrink_iters: 200, ..Config::default() };
    let played =
        TestRunner::new(config).run(&cases, |(start, first, steps)| scene.play(start, first, &steps));
    if let Err(failure) = played {
        panic!("{failure}");
    }
    let issued = scene.issued.get();
    assert!(issued > 96, "{issued} tokens teach nothing");
}
