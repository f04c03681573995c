//! The rules of `examples/github-actions` and `examples/gitlab-ci` against claims as those products issue them.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

use std::path::Path;

use mintedge::protocol::config::federation::AssertionKind;
use mintedge::protocol::config::{RuleConfig, TrustedIssuerConfig};
use mintedge::protocol::federation::prove::conflicts;
use mintedge::protocol::federation::rules::{NoRule, Purpose, evaluate, subject};
use serde::Deserialize;
use serde_json::{Map, Value};

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
        assert!(claims["aud"].as_str().is_some_and(|aud| issuer.knows_us_as(aud, "https://id.example.com")));
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
