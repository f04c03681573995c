//! The rules of `examples/github-actions` and `examples/gitlab-ci` against claims as those products issue them.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

#[path = "suite/foreign.rs"]
#[allow(dead_code, unreachable_pub, reason = "shared with other tests")]
mod foreign;

use std::path::Path;

use foreign::{Key, key_set};
use mintedge::memory::World;
use mintedge::protocol::config::Config;
use mintedge::protocol::config::federation::AssertionKind;
use mintedge::protocol::config::{RuleConfig, TrustedIssuerConfig};
use mintedge::protocol::http::{Body, Headers, Method, Request};
use mintedge::protocol::objects::control::{ControlCommand, ControlReply};
use mintedge::protocol::rules::evaluate::{NoRule, Purpose, evaluate, subject};
use mintedge::protocol::rules::prove::conflicts;
use serde::Deserialize;
use serde_json::{Map, Value, json};

const OWN: &str = "https://id.example.com";

#[derive(Deserialize)]
struct Fixture {
    name: String,
    rule: Option<String>,
    claims: Map<String, Value>,
}

fn read(example: &str, file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(example).join(file);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn entries<T: serde::de::DeserializeOwned>(document: &toml::Table, name: &str) -> Vec<T> {
    document[name].clone().try_into().expect("entries")
}

fn hold(example: &str) {
    let document: toml::Table = read(example, "mintedge.toml").parse().expect("TOML");
    let rules: Vec<RuleConfig> = entries(&document, "rule");
    let issuers: Vec<TrustedIssuerConfig> = entries(&document, "trusted_issuer");
    assert_eq!(conflicts(&rules, &issuers), []);
    let fixtures: Vec<Fixture> = serde_json::from_str(&read(example, "fixtures.json")).expect("fixtures");
    assert!(fixtures.len() > 15);
    let issuer = &issuers[0];
    for Fixture { name, rule, claims } in fixtures {
        assert_eq!(claims["iss"], issuer.issuer(), "{name}");
        assert!(claims["aud"].as_str().is_some_and(|aud| issuer.knows_us_as(aud, OWN)));
        let decide =
            |client_id| evaluate(&rules, issuer, AssertionKind::Jwt, &claims, Purpose::Grant { client_id });
        let decision = decide("ci").map(|rule| rule.id.as_str());
        assert_eq!(decision, rule.as_deref().ok_or(NoRule::None), "{example}: {name}");
        assert_eq!(decide("somebody"), Err(NoRule::None), "{example}: {name}");
        if let Ok(rule) = decide("ci") {
            let prefix = format!("ext:{}:", issuer.id);
            let subject = subject(rule, issuer, &claims).expect("a subject");
            assert!(subject.starts_with(&prefix), "{subject}");
        }
    }
}

#[test]
fn what_runs_at_github_gets_what_its_rule_says_and_nothing_else() {
    hold("github-actions");
}

#[test]
fn what_runs_at_gitlab_gets_what_its_rule_says_and_nothing_else() {
    hold("gitlab-ci");
}

/// The whole way: the example's file in force, the issuer's keys at its own address, each token presented as the pipeline does.
fn present(example: &str) {
    let document: toml::Table = read(example, "mintedge.toml").parse().expect("TOML");
    let config: Config = document.try_into().expect("a configuration");
    let (rules, issuer) = (config.rule.clone(), config.trusted_issuer[0].issuer().to_owned());
    let world = World::new(OWN).expect("an issuer");
    let applied = world.control(&ControlCommand::Apply { base_version: 0, config: Box::new(config) });
    assert!(matches!(applied, Ok(ControlReply::Applied { .. })), "{applied:?}");
    world.publish().expect("published");
    let key = Key::rsa(2048, "RS256");
    let keys = format!("{issuer}/keys");
    let discovery = json!({ "issuer": issuer, "jwks_uri": keys }).to_string().into_bytes();
    world.set_document(&format!("{issuer}/.well-known/openid-configuration"), Some(discovery));
    world.set_document(&keys, Some(key_set(&[key.jwk("k1")])));
    let server = world.isolate(None);
    let now = world.now().0;
    let fixtures: Vec<Fixture> = serde_json::from_str(&read(example, "fixtures.json")).expect("fixtures");
    for (number, Fixture { name, rule, mut claims }) in fixtures.into_iter().enumerate() {
        for (claim, value) in [("iat", json!(now)), ("nbf", json!(now)), ("exp", json!(now + 300))] {
            claims.insert(claim.to_owned(), value);
        }
        claims.insert("jti".to_owned(), number.to_string().into());
        let token = key.token("k1", &Value::Object(claims));
        let form = format!(
            "client_id=ci&grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion={token}"
        );
        let headers = Headers {
            content_type: Some("application/x-www-form-urlencoded".to_owned()),
            ..Headers::default()
        };
        let request = Request::new(Method::Post, "/token", headers, Body::Bytes(form.into_bytes()));
        let response = pollster::block_on(server.handle(&request));
        let body: Value = serde_json::from_str(&response.body).expect("JSON");
        let Some(rule) = rule else {
            assert_eq!(body["error"], "invalid_grant", "{example}: {name}");
            continue;
        };
        let rule = rules.iter().find(|known| known.id == rule).expect("a rule");
        assert_eq!(body["scope"], rule.scopes.to_wire(), "{example}: {name}: {body}");
        assert!(body.get("refresh_token").is_none(), "{example}: {name}");
    }
}

#[test]
fn a_workflow_at_github_swaps_its_token() {
    present("github-actions");
}

#[test]
fn a_pipeline_at_gitlab_swaps_its_token() {
    present("gitlab-ci");
}
