//! Every configuration in the documents is applied, and every grant in it used.
//!
//! A block is a whole file, unless a comment before it says otherwise: `<!-- with: NAME … -->` puts `fixtures/bases/NAME.toml` before
//! it, `<!-- continues -->` the blocks that came before it on the page; `<!-- wrangler -->` is no file of ours.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use mintedge::protocol::{codec::encoding::base64url, codec::encoding::from_base64url};
use serde_json::{Value, json};

use crate::support::{Application, TestServer, Workplace, ask_for_token, ask_person, connect_device, encode};

const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const CIBA: &str = "urn:openid:params:grant-type:ciba";
const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";
const GUEST: &str = "urn:mintedge:grant-type:guest";
const PASSWORD: &str = "a password of the reader";

struct Block {
    name: String,
    text: String,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn blocks() -> Vec<Block> {
    let mut pages = vec![root().join("README.md"), root().join("SECURITY.md")];
    for folder in [
        "docs",
        "docs/guides",
        "docs/decisions",
        "examples/three-legged",
        "examples/legacy-service",
        "examples/device",
    ] {
        let entries = std::fs::read_dir(root().join(folder)).into_iter().flatten();
        pages.extend(entries.map(|entry| entry.expect("an entry").path()));
    }
    pages.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    pages.sort();
    pages.iter().flat_map(|page| blocks_of(page)).collect()
}

fn blocks_of(page: &Path) -> Vec<Block> {
    let text = std::fs::read_to_string(page).expect("a page");
    let mut found: Vec<Block> = Vec::new();
    for (number, (before, rest)) in
        text.match_indices("```toml\n").map(|(at, mark)| text.split_at(at + mark.len())).enumerate()
    {
        let block = rest.split("```").next().expect("an end");
        let comment = before.trim_end_matches("```toml\n").trim_end().rsplit('\n').next().unwrap_or_default();
        let comment =
            comment.strip_prefix("<!-- ").and_then(|text| text.strip_suffix(" -->")).unwrap_or_default();
        let base: String = match comment.split_once(": ").unwrap_or((comment, "")) {
            ("wrangler", _) => continue,
            ("continues", _) => found.last().map(|block| block.text.clone()).expect("something to continue"),
            ("with", names) => names.split(' ').map(base).collect(),
            _ => String::new(),
        };
        found.push(Block {
            name: format!("{}, block {}", page.display(), number + 1),
            text: joined(&base, block),
        });
    }
    found
}

fn base(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/cli/fixtures/bases/{name}.toml"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A table such as `[login]` may not stand twice, and a table of an entry follows the entry: the base goes first.
fn joined(base: &str, block: &str) -> String {
    format!("{base}\n{block}")
}

#[test]
fn every_configuration_in_the_documents_is_applied_and_used() {
    let blocks = blocks();
    assert!(blocks.len() > 12, "{}", blocks.len());
    for block in blocks {
        println!("{}", block.name);
        Reader::follow(&block.text).use_everything();
    }
}

/// Somebody who puts a block into force and tries it.
struct Reader {
    server: TestServer,
    place: Workplace,
    config: Value,
    secrets: BTreeMap<String, String>,
    /// Access tokens by audience.
    tokens: Vec<(String, String)>,
    /// Token responses of logins that apps share, by the name of these.
    shared: Vec<(Value, Value)>,
}

impl Reader {
    fn follow(block: &str) -> Self {
        let server = TestServer::start();
        let place = Workplace::for_server(&server);
        let text = block.replace("https://id.example.com", server.issuer());
        place.write("mintedge.toml", &text);
        // Administrators have accounts before they are appointed.
        let make = ["users", "create", "ada@example.com", "--password-stdin"];
        place.run_with_input(&make, PASSWORD).success();
        place.run("apply --yes --secrets-file secrets").success();
        let lines = place.read("secrets");
        let secrets = lines.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
        let secrets =
            secrets.map(|line| (string(&line["client_id"]), string(&line["client_secret"]))).collect();
        let config = place.run("export --json").json()["config"].clone();
        Self { server, place, config, secrets, tokens: Vec::new(), shared: Vec::new() }
    }

    fn entries(&self, kind: &str) -> Vec<Value> {
        self.config[kind].as_array().cloned().unwrap_or_default()
    }

    fn use_everything(mut self) {
        let clients = self.entries("client");
        for client in &clients {
            self.use_client(client);
        }
        let swaps = clients.iter().filter(|client| has_grant(client, EXCHANGE));
        let (natives, mut swappers): (Vec<&Value>, Vec<_>) =
            swaps.partition(|client| client["native_sso"].is_string());
        for client in natives {
            self.sign_on(client);
        }
        // Who swaps tokens that others have swapped comes after them.
        for _ in 0..swappers.len() {
            swappers.retain(|client| !self.swap(client));
        }
        assert!(swappers.is_empty(), "nobody can have the tokens that these swap: {swappers:?}");
        let by_rule = self.explain_rules();
        for resource in self.entries("resource") {
            let identifier = string(&resource["identifier"]);
            let is_reached = self.tokens.iter().any(|(audience, _)| *audience == identifier);
            assert!(
                is_reached || by_rule.contains(&identifier),
                "no client can have a token for {identifier}"
            );
        }
    }

    /// Asks for a token for each resource that `client` has a scope at, with each grant that starts with nothing.
    fn use_client(&mut self, client: &Value) {
        let client_id = string(&client["client_id"]);
        let secret = self.secrets.get(&client_id).cloned();
        let secret = secret.as_deref();
        for (identifier, scope) in self.scopes_of(client) {
            let scope = encode(&scope);
            let mut forms = Vec::new();
            if has_grant(client, "client_credentials") {
                forms.push(format!("grant_type=client_credentials&scope={scope}"));
            }
            if has_grant(client, GUEST) {
                forms.push(format!("grant_type={}&scope={scope}", encode(GUEST)));
            }
            if has_grant(client, "password") {
                let person = format!("username=ada%40example.com&password={}", encode(PASSWORD));
                forms.push(format!("grant_type=password&scope={scope}&{person}"));
            }
            for form in forms {
                let answer = ask_for_token(&self.server, &client_id, secret, &form);
                self.tokens.push((identifier.clone(), string(&answer["access_token"])));
            }
        }
        if has_grant(client, CIBA) {
            for (identifier, scope) in self.scopes_of(client) {
                let person = ("ada@example.com", PASSWORD);
                let answer = ask_person(&self.server, (&client_id, secret), &scope, person);
                self.tokens.push((identifier, string(&answer["access_token"])));
            }
        }
        if has_grant(client, DEVICE) {
            for (identifier, scope) in self.scopes_of(client) {
                let person = ("ada@example.com", PASSWORD);
                let answer = connect_device(&self.server, (&client_id, secret), &scope, person);
                self.tokens.push((identifier, string(&answer["access_token"])));
            }
        }
        if has_grant(client, "authorization_code") {
            self.log_in(client, &client_id, secret);
        }
    }

    fn log_in(&mut self, client: &Value, client_id: &str, secret: Option<&str>) {
        let mut wanted = self.scopes_of(client);
        if wanted.is_empty() {
            wanted.push((String::new(), String::new()));
        }
        for (identifier, scope) in wanted {
            for redirect_uri in client["redirect_uris"].as_array().expect("redirect URIs") {
                let redirect_uri = string(redirect_uri);
                let has =
                    |scope: &str| client["scopes"].as_array().is_some_and(|all| all.contains(&json!(scope)));
                let shares = has("device_sso");
                // A client of an API that isn't told who somebody is has no OpenID Connect.
                let openid = if has("openid") || scope.is_empty() { "openid" } else { "" };
                let scope = format!("{openid} {scope}{}", if shares { " device_sso" } else { "" });
                let application =
                    Application { client_id, secret, redirect_uri: &redirect_uri, scope: scope.trim() };
                let tokens = application.log_in(&self.server, "ada@example.com", PASSWORD).expect("a login");
                if let Some(refresh_token) = tokens["refresh_token"].as_str() {
                    let form = format!("grant_type=refresh_token&refresh_token={}", encode(refresh_token));
                    ask_for_token(&self.server, client_id, secret, &form);
                }
                self.tokens.push((identifier.clone(), string(&tokens["access_token"])));
                if shares {
                    self.shared.push((client["native_sso"].clone(), tokens));
                }
            }
        }
    }

    /// Signs on with the login of another app.
    fn sign_on(&self, client: &Value) {
        let (_, login) = self.shared.iter().find(|(name, _)| *name == client["native_sso"]).expect("a login");
        let (id_token, device_secret) = (string(&login["id_token"]), string(&login["device_secret"]));
        let form = form(&[
            ("grant_type", EXCHANGE),
            ("audience", self.server.issuer()),
            ("subject_token", &id_token),
            ("subject_token_type", "urn:ietf:params:oauth:token-type:id_token"),
            ("actor_token", &device_secret),
            ("actor_token_type", "urn:openid:params:token-type:device-secret"),
        ]);
        let client_id = string(&client["client_id"]);
        let answer =
            ask_for_token(&self.server, &client_id, self.secrets.get(&client_id).map(String::as_str), &form);
        assert!(answer["id_token"].is_string() && answer["refresh_token"].is_string(), "{answer}");
    }

    /// Swaps a token that `client` may swap, for each of its audiences; whether there is one.
    fn swap(&mut self, client: &Value) -> bool {
        let client_id = string(&client["client_id"]);
        let exchange = &client["exchange"];
        let is_ours = |(audience, token): &&(String, String)| {
            let serves =
                client["serves"].as_array().is_some_and(|serves| serves.iter().any(|own| own == audience));
            let may_act = &claims(token)["may_act"]["client_id"];
            serves && (*may_act == client_id || may_act.is_null() && exchange["require_may_act"] != true)
        };
        let Some((_, subject)) = self.tokens.iter().find(is_ours).cloned() else { return false };
        self.begin_call(client, &subject);
        for audience in exchange["audiences"].as_array().into_iter().flatten() {
            let form = format!(
                "grant_type={}&subject_token={subject}&subject_token_type={}&resource={}",
                encode(EXCHANGE),
                encode("urn:ietf:params:oauth:token-type:access_token"),
                encode(&string(audience)),
            );
            let secret = self.secrets.get(&client_id).cloned();
            let answer = ask_for_token(&self.server, &client_id, secret.as_deref(), &form);
            self.tokens.push((string(audience), string(&answer["access_token"])));
        }
        true
    }

    /// Gets a transaction token for `subject`, if `client` may.
    fn begin_call(&self, client: &Value, subject: &str) {
        let kinds = client["exchange"]["token_types"].as_array();
        if !kinds.is_some_and(|kinds| kinds.contains(&json!("txn_token"))) {
            return;
        }
        let scopes = string(&claims(subject)["scope"]);
        let scope = scopes
            .split(' ')
            .find(|scope| client["scopes"].as_array().is_some_and(|own| own.contains(&json!(scope))));
        let trust_domain = string(&self.config["experimental"]["transaction_tokens"]["trust_domain"]);
        let form = form(&[
            ("grant_type", EXCHANGE),
            ("requested_token_type", "urn:ietf:params:oauth:token-type:txn_token"),
            ("audience", &trust_domain),
            ("scope", scope.expect("a scope of both")),
            ("subject_token", subject),
            ("subject_token_type", "urn:ietf:params:oauth:token-type:access_token"),
        ]);
        let client_id = string(&client["client_id"]);
        let answer =
            ask_for_token(&self.server, &client_id, self.secrets.get(&client_id).map(String::as_str), &form);
        assert_eq!(claims(&string(&answer["access_token"]))["aud"], trust_domain);
    }

    /// A token that a rule describes fits that rule; the audiences that can be had by one.
    fn explain_rules(&self) -> Vec<String> {
        let mut audiences = Vec::new();
        for rule in self.entries("rule").iter().filter(|rule| rule.get("match").is_some()) {
            let outcome = self.place.run_with_input(&["explain", "-", "--json"], &self.token_for(rule));
            let explained: Value =
                serde_json::from_str(&outcome.stdout).unwrap_or_else(|_| panic!("{outcome:?}"));
            let fits = explained["rules"].as_array().is_some_and(|rules| {
                rules.iter().any(|report| report["id"] == rule["id"] && report["fits"] == true)
            });
            assert!(fits, "{}: {explained}", rule["id"]);
            audiences.extend(rule["audiences"].as_array().into_iter().flatten().map(string));
        }
        audiences
    }

    fn token_for(&self, rule: &Value) -> String {
        let issuers = self.entries("trusted_issuer");
        let issuer = issuers.iter().find(|issuer| issuer["id"] == rule["issuer"]).expect("the rule's issuer");
        let iss = match issuer["kind"].as_str() {
            Some("github_actions") => "https://token.actions.githubusercontent.com".to_owned(),
            Some("gitlab") if issuer.get("issuer").is_none() => "https://gitlab.com".to_owned(),
            _ if issuer.get("trust_domain").is_some() => String::new(),
            _ => string(&issuer["issuer"]),
        };
        let mut claims = json!({ "iss": iss, "aud": self.server.issuer(), "sub": "workload", "jti": "a", "iat": 1, "exp": 2 });
        if iss.is_empty() {
            claims.as_object_mut().expect("claims").remove("iss");
        }
        for (name, value) in rule["match"].as_object().expect("claims") {
            let value = value.as_array().and_then(|values| values.first()).unwrap_or(value);
            let glob = value["glob"].as_str().map(|glob| Value::from(glob.replace('*', "x")));
            claims[name] = glob.unwrap_or_else(|| value.clone());
        }
        let part = |value: &Value| base64url(value.to_string().as_bytes());
        format!(
            "{}.{}.c2lnbmF0dXJl",
            part(&json!({ "alg": "RS256", "typ": "JWT", "kid": "k" })),
            part(&claims)
        )
    }

    /// The resources at which `client` has scopes, each with those.
    fn scopes_of(&self, client: &Value) -> Vec<(String, String)> {
        let has = |scope: &Value| client["scopes"].as_array().is_some_and(|scopes| scopes.contains(scope));
        let resources = self.entries("resource").into_iter().filter_map(|resource| {
            let scopes = resource["scopes"].as_array().into_iter().flatten().filter(|scope| has(scope));
            let scopes = scopes.map(string).collect::<Vec<_>>().join(" ");
            (!scopes.is_empty()).then(|| (string(&resource["identifier"]), scopes))
        });
        resources.collect()
    }
}

fn form(fields: &[(&str, &str)]) -> String {
    let fields = fields.iter().map(|(name, value)| format!("{name}={}", encode(value)));
    fields.collect::<Vec<_>>().join("&")
}

fn has_grant(client: &Value, grant: &str) -> bool {
    client["grant_types"].as_array().is_some_and(|grants| grants.iter().any(|own| own == grant))
}

fn string(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

fn claims(token: &str) -> Value {
    let part = token.split('.').nth(1).and_then(from_base64url).unwrap_or_default();
    serde_json::from_slice(&part).unwrap_or_default()
}
