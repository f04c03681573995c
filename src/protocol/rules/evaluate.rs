//! Which `[[rule]]` a token of a trusted issuer fits. Nothing counts unless exactly one does.
//!
//! All of this is about claims; that the token is authentic, meant for us and fresh has been checked before.

use serde_json::{Map, Value};

use super::pattern::{claim, fits, listed, text};
use crate::protocol::config::federation::{AssertionKind, IssuerKind, Pattern};
use crate::protocol::config::{RuleConfig, TrustedIssuerConfig};

pub use super::subject_template::{MAX_SUBJECT, NoSubject, Piece, pieces, subject};

/// GitHub's events that run with the rights of the target on behalf of whoever opened a pull request. A rule has to name
/// them to take them.
pub const RISKY_EVENTS: [&str; 2] = ["pull_request_target", "workflow_run"];
/// The claim that says what started a workflow at GitHub.
pub const EVENT_NAME: &str = "event_name";

/// The purpose for which a token is presented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose<'a> {
    /// A client presents it as a grant.
    Grant {
        /// The id of that client.
        client_id: &'a str,
    },
    /// A client presents it to authenticate, in place of a secret.
    ClientAuthentication,
}

/// Why a token counts for nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoRule {
    /// The token fits no rule.
    None,
    /// The token fits several rules, and none is better than the others.
    Several,
}

/// The one rule that a token of `issuer` fits.
///
/// # Errors
/// If there is none, or more than one.
pub fn evaluate<'r>(
    rules: &'r [RuleConfig],
    issuer: &TrustedIssuerConfig,
    assertion: AssertionKind,
    claims: &Map<String, Value>,
    purpose: Purpose<'_>,
) -> Result<&'r RuleConfig, NoRule> {
    let mut fitting = rules.iter().filter(|rule| {
        obstacle(rule, issuer, assertion, purpose).is_none()
            && mismatches(rule, issuer, claims).next().is_none()
    });
    match (fitting.next(), fitting.next()) {
        (Some(only), None) => Ok(only),
        (None, _) => Err(NoRule::None),
        (Some(_), Some(_)) => Err(NoRule::Several),
    }
}

/// Why a rule is not about a token, whatever its claims say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Obstacle {
    /// The rule is about another issuer.
    Issuer,
    /// The rule is about another kind of token.
    Assertion,
    /// The rule authenticates a client and grants nothing, or the other way round.
    Purpose,
    /// This client may not present such a token.
    Client,
    /// The rule says nothing about claims, so it fits nothing.
    Empty,
}

/// What keeps `rule` from being about a token, before its claims are looked at.
pub fn obstacle(
    rule: &RuleConfig,
    issuer: &TrustedIssuerConfig,
    assertion: AssertionKind,
    purpose: Purpose<'_>,
) -> Option<Obstacle> {
    let authenticates = rule.authenticates.is_some();
    match purpose {
        _ if rule.issuer != issuer.id => Some(Obstacle::Issuer),
        _ if rule.assertion != assertion => Some(Obstacle::Assertion),
        Purpose::Grant { .. } if authenticates => Some(Obstacle::Purpose),
        Purpose::ClientAuthentication if !authenticates => Some(Obstacle::Purpose),
        Purpose::Grant { client_id } if !rule.clients.iter().any(|own| own == client_id) => {
            Some(Obstacle::Client)
        }
        _ if rule.matches.is_empty() => Some(Obstacle::Empty),
        Purpose::Grant { .. } | Purpose::ClientAuthentication => None,
    }
}

/// A claim that isn't what a rule wants.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mismatch<'a> {
    /// The claim's name or JSON pointer.
    pub claim: &'a str,
    /// The claim's value in the token; absent if it has none.
    pub seen: Option<&'a Value>,
    /// The pattern that the rule has for it; absent for an event that a rule has to name.
    pub wanted: Option<&'a Pattern>,
}

/// Each claim that keeps a token from fitting `rule`.
pub fn mismatches<'a>(
    rule: &'a RuleConfig,
    issuer: &TrustedIssuerConfig,
    claims: &'a Map<String, Value>,
) -> impl Iterator<Item = Mismatch<'a>> {
    let unfit = rule.matches.iter().filter_map(|(name, pattern)| {
        let seen = claim(claims, name);
        let fits = seen.is_some_and(|value| fits(pattern, value));
        (!fits).then_some(Mismatch { claim: name, seen, wanted: Some(pattern) })
    });
    let event = claims.get(EVENT_NAME).filter(|event| is_risky_here(rule, issuer.kind, event));
    unfit.chain(event.map(|event| Mismatch { claim: EVENT_NAME, seen: Some(event), wanted: None }))
}

fn is_risky_here(rule: &RuleConfig, kind: IssuerKind, event: &Value) -> bool {
    match event {
        Value::Array(members) => members.iter().any(|event| is_risky_here(rule, kind, event)),
        single => text(single).is_some_and(|event| refuses_event(rule, kind, &event)),
    }
}

/// Whether `rule` refuses a token because of what started the workflow, without having said so.
pub(crate) fn refuses_event(rule: &RuleConfig, kind: IssuerKind, event: &str) -> bool {
    let named = rule.matches.get(EVENT_NAME).and_then(listed);
    let is_named = named.is_some_and(|values| values.iter().any(|value| value.text() == event));
    kind == IssuerKind::GithubActions && RISKY_EVENTS.contains(&event) && !is_named
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn issuer(kind: &str) -> TrustedIssuerConfig {
        serde_json::from_value(json!({ "id": "i", "kind": kind })).expect("an issuer")
    }

    fn rule(id: &str, matches: &Value) -> RuleConfig {
        let rule = json!({ "id": id, "issuer": "i", "match": matches, "clients": ["ci", "cd"] });
        serde_json::from_value(rule).expect("a rule")
    }

    fn decide(rules: &[RuleConfig], claims: Value) -> Result<&str, NoRule> {
        decide_as(rules, claims, AssertionKind::Jwt, Purpose::Grant { client_id: "ci" })
    }

    fn decide_as<'r>(
        rules: &'r [RuleConfig],
        claims: Value,
        assertion: AssertionKind,
        purpose: Purpose<'_>,
    ) -> Result<&'r str, NoRule> {
        let claims: Map<String, Value> = serde_json::from_value(claims).expect("an object");
        evaluate(rules, &issuer("github_actions"), assertion, &claims, purpose).map(|rule| rule.id.as_str())
    }

    #[test]
    fn exactly_one_rule_has_to_fit() {
        let rules = [
            rule("main", &json!({ "repository_id": 1, "ref": "refs/heads/main" })),
            rule("tags", &json!({ "repository_id": 1, "ref": { "glob": "refs/tags/*" } })),
            rule("all", &json!({ "repository_id": 2 })),
            rule("more", &json!({ "repository_id": ["2", "3"] })),
        ];
        let cases = [
            (json!({ "repository_id": "1", "ref": "refs/heads/main" }), Ok("main")),
            (json!({ "repository_id": "1", "ref": "refs/tags/v1" }), Ok("tags")),
            (json!({ "repository_id": "1", "ref": "refs/heads/other" }), Err(NoRule::None)),
            (json!({ "repository_id": "1" }), Err(NoRule::None)),
            (json!({}), Err(NoRule::None)),
            (json!({ "repository_id": "2" }), Err(NoRule::Several)),
            (json!({ "repository_id": "3" }), Ok("more")),
            (json!({ "repository_id": null }), Err(NoRule::None)),
        ];
        for (claims, expected) in cases {
            assert_eq!(decide(&rules, claims.clone()), expected, "{claims}");
        }
        assert_eq!(decide(&[], json!({ "a": 1 })), Err(NoRule::None));
        assert_eq!(decide(&[rule("empty", &json!({}))], json!({ "a": 1 })), Err(NoRule::None));
    }

    #[test]
    fn a_rule_is_about_one_issuer_kind_of_token_purpose_and_its_clients() {
        let mut authenticates = rule("login", &json!({ "sub": "x" }));
        authenticates.authenticates = Some("svc".to_owned());
        authenticates.clients.clear();
        let mut jag = rule("jag", &json!({ "sub": "x" }));
        jag.assertion = AssertionKind::IdJag;
        let mut foreign = rule("foreign", &json!({ "sub": "x" }));
        foreign.issuer = "other".to_owned();
        let rules = [rule("grant", &json!({ "sub": "x" })), authenticates, jag, foreign];
        let grant = |client_id| Purpose::Grant { client_id };
        let cases = [
            (AssertionKind::Jwt, grant("ci"), Ok("grant")),
            (AssertionKind::Jwt, grant("cd"), Ok("grant")),
            (AssertionKind::Jwt, grant("other"), Err(NoRule::None)),
            (AssertionKind::Jwt, grant("svc"), Err(NoRule::None)),
            (AssertionKind::Jwt, Purpose::ClientAuthentication, Ok("login")),
            (AssertionKind::IdJag, grant("ci"), Ok("jag")),
            (AssertionKind::IdJag, Purpose::ClientAuthentication, Err(NoRule::None)),
            (AssertionKind::AccessToken, grant("ci"), Err(NoRule::None)),
        ];
        for (assertion, purpose, expected) in cases {
            let decision = decide_as(&rules, json!({ "sub": "x" }), assertion, purpose);
            assert_eq!(decision, expected, "{assertion:?} {purpose:?}");
        }
    }

    #[test]
    fn risky_events_at_github_have_to_be_named() {
        let silent = rule("silent", &json!({ "repository_id": 1 }));
        let named = rule("named", &json!({ "repository_id": 1, "event_name": ["push", "workflow_run"] }));
        let exact = rule("exact", &json!({ "repository_id": 1, "event_name": "pull_request_target" }));
        let glob = rule("glob", &json!({ "repository_id": 1, "event_name": { "glob": "*" } }));
        let cases = [
            (&silent, json!("push"), true),
            (&silent, json!("pull_request"), true),
            (&silent, json!("pull_request_target"), false),
            (&silent, json!("workflow_run"), false),
            (&silent, json!(["push", "workflow_run"]), false),
            (&named, json!("workflow_run"), true),
            (&named, json!("pull_request_target"), false),
            (&exact, json!("pull_request_target"), true),
            (&glob, json!("push"), true),
            (&glob, json!("pull_request_target"), false),
        ];
        for (rule, event, expected) in cases {
            let decision =
                decide(std::slice::from_ref(rule), json!({ "repository_id": 1, "event_name": event }));
            assert_eq!(decision.is_ok(), expected, "{} {event}", rule.id);
        }
        let claims = json!({ "repository_id": 1, "event_name": "workflow_run" });
        let claims = claims.as_object().expect("an object");
        let elsewhere = issuer("gitlab");
        assert!(mismatches(&silent, &elsewhere, claims).next().is_none(), "the claim is GitHub's");
    }

    #[test]
    fn every_claim_that_does_not_fit_is_told() {
        let rule = rule("r", &json!({ "a": 1, "b": "x", "c": { "glob": "v*" }, "repository_id": 1 }));
        let claims = json!({ "a": 2, "c": "w", "repository_id": 1, "event_name": "workflow_run" });
        let claims = claims.as_object().expect("an object");
        let github = issuer("github_actions");
        let found: Vec<_> = mismatches(&rule, &github, claims)
            .map(|mismatch| (mismatch.claim, mismatch.seen.cloned(), mismatch.wanted.is_some()))
            .collect();
        let expected = [
            ("a", Some(json!(2)), true),
            ("b", None, true),
            ("c", Some(json!("w")), true),
            ("event_name", Some(json!("workflow_run")), false),
        ];
        assert_eq!(found, expected);
    }
}
