//! What types can't say about `[[rule]]`: that it is narrow enough, and that what it grants exists.
//!
//! Whether two rules can match the same token is proven by `rules::prove`.

use std::collections::BTreeSet;

use super::subjects as validate_subjects;
use super::{Check, MAX_TEXT};
use crate::protocol::config::claims;
use crate::protocol::config::federation::{AssertionKind, Pattern, TrustedIssuerConfig};
use crate::protocol::config::{ClientConfig, Config, RuleConfig};
use crate::protocol::model::client::AuthMethod;
use crate::protocol::model::grant_type::GrantType;
use crate::protocol::model::secret::is_generated_client_id;
use crate::protocol::rules::pattern::listed;
use crate::protocol::rules::prove;

/// The most rules that a configuration may have.
pub(super) const MAX_RULES: usize = 200;
/// Most claims a rule matches, values of one, and claims it hands on.
const MAX_LIST: usize = 50;
/// The grant types that take a token of a trusted issuer.
const GRANTS: [GrantType; 2] = [GrantType::JwtBearer, GrantType::TokenExchange];

impl Check {
    pub(super) fn rules(&mut self, config: &Config) {
        if config.rule.len() > MAX_RULES {
            self.say("rule", format!("at most {MAX_RULES} rules"));
            return;
        }
        let mut ids = BTreeSet::new();
        let before = self.count();
        for (index, rule) in config.rule.iter().enumerate() {
            let at = format!("rule[{index}]");
            self.name(&format!("{at}.id"), &rule.id);
            if !ids.insert(rule.id.as_str()) {
                self.say(format!("{at}.id"), format!("the rule `{}` is there twice", rule.id));
            }
            let issuer = config.trusted_issuer.iter().find(|issuer| issuer.id == rule.issuer);
            if issuer.is_none() {
                self.say(format!("{at}.issuer"), format!("there is no trusted issuer `{}`", rule.issuer));
            }
            self.matches(rule, &at);
            if let Some(issuer) = issuer {
                self.tenant(rule, issuer, &at);
            }
            match &rule.authenticates {
                Some(client) => self.authenticates(rule, client, config, &at),
                None => self.grants(rule, config, &at),
            }
        }
        // What two rules do to each other is worth telling once each of them is right.
        if self.count() == before {
            for conflict in prove::conflicts(&config.rule, &config.trusted_issuer) {
                self.say(format!("rule[{}].match", conflict.rule), conflict.message);
            }
            for (index, other) in validate_subjects::alike(&config.rule) {
                let message = format!(
                    "tokens of another issuer can get the same subject by the rule `{other}`; begin it with a text of its own"
                );
                self.say(format!("rule[{index}].subject"), message);
            }
        }
    }

    fn matches(&mut self, rule: &RuleConfig, at: &str) {
        let at = format!("{at}.match");
        if rule.matches.is_empty() {
            self.say(
                &at,
                "a rule has to say what at least one claim is; without that it would fit every token",
            );
        }
        if rule.matches.len() > MAX_LIST {
            self.say(&at, format!("at most {MAX_LIST} claims"));
        }
        for (name, pattern) in &rule.matches {
            let place = format!("{at}.{name}");
            if let Some(problem) = claim_name_problem(name) {
                self.say(&place, problem);
            }
            if let Some(problem) = pattern_problem(pattern) {
                self.say(&place, problem);
            }
        }
    }

    /// Names can be given up and taken by somebody else, numbers can't.
    fn tenant(&mut self, rule: &RuleConfig, issuer: &TrustedIssuerConfig, at: &str) {
        if !issuer.multi_tenant() {
            return;
        }
        let ids = issuer.kind.immutable_ids();
        let numeric = issuer.kind.address().is_some();
        let is_id =
            |text: &str| !numeric || (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()));
        let pinned = ids.iter().any(|id| {
            let values = rule.matches.get(*id).and_then(listed).unwrap_or_default();
            !values.is_empty() && values.iter().all(|value| is_id(&value.text()))
        });
        if !pinned {
            let names: Vec<String> = ids.iter().map(|id| format!("`{id}`")).collect();
            let number = if numeric { "number" } else { "value" };
            let message = format!(
                "strangers have tokens of this issuer too, and names can change hands: match {} with its exact {number}",
                names.join(" or ")
            );
            self.say(format!("{at}.match"), message);
        }
    }

    fn authenticates(&mut self, rule: &RuleConfig, client: &str, config: &Config, at: &str) {
        let place = format!("{at}.authenticates");
        match config.client.iter().find(|known| known.client_id == client) {
            None => self.say(place, format!("there is no client `{client}` in this file")),
            Some(known) if !known.accepts(AuthMethod::FederatedJwt) => {
                let message = format!(
                    "the client `{client}` authenticates otherwise; it needs token_endpoint_auth_method = \"{}\"",
                    AuthMethod::FederatedJwt.name()
                );
                self.say(place, message);
            }
            Some(_) => {}
        }
        if rule.assertion != AssertionKind::Jwt {
            self.say(format!("{at}.assertion"), "only plain JWTs authenticate clients: an ID-JAG is about a person, an access token for its bearer");
        }
        for (name, is_set) in [
            ("clients", !rule.clients.is_empty()),
            ("subject", rule.subject.is_some()),
            ("audiences", !rule.audiences.is_empty()),
            ("scopes", !rule.scopes.is_empty()),
            ("ttl", rule.ttl.is_some()),
            ("copy_claims", !rule.copy_claims.is_empty()),
        ] {
            if is_set {
                let message =
                    "a rule that authenticates a client grants nothing itself; the client has its own scopes";
                self.say(format!("{at}.{name}"), message);
            }
        }
    }

    fn grants(&mut self, rule: &RuleConfig, config: &Config, at: &str) {
        for (name, is_empty) in [
            ("clients", rule.clients.is_empty()),
            ("audiences", rule.audiences.is_empty()),
            ("scopes", rule.scopes.is_empty()),
        ] {
            if is_empty {
                self.say(at, format!("`{name}` is missing: without it the rule grants nothing"));
            }
        }
        let clients = self.presenters(rule, config, at);
        for (number, audience) in rule.audiences.iter().enumerate() {
            if !config.resource.iter().any(|resource| resource.identifier == *audience) {
                self.say(format!("{at}.audiences[{number}]"), format!("there is no resource `{audience}`"));
            }
        }
        for (number, scope) in rule.scopes.iter().enumerate() {
            let place = format!("{at}.scopes[{number}]");
            let owner =
                config.resource.iter().find(|resource| resource.scopes.iter().any(|own| own == scope));
            match owner {
                None => self.say(place, format!("no resource has the scope `{scope}`")),
                Some(owner) if !rule.audiences.contains(&owner.identifier) => {
                    self.say(
                        place,
                        format!("`{scope}` belongs to `{}`, which is not in `audiences`", owner.identifier),
                    );
                }
                Some(_) if !clients.is_empty() && !clients.iter().any(|one| one.scopes.contains(scope)) => {
                    self.say(
                        place,
                        format!("none of the rule's clients has the scope `{scope}`, and it needs it too"),
                    );
                }
                Some(_) => {}
            }
        }
        if rule.ttl.is_some_and(|ttl| !(30..=900).contains(&ttl)) {
            self.say(format!("{at}.ttl"), "30 to 900 seconds");
        }
        self.handed_on(rule, at);
        if let Some(problem) = rule.subject.as_deref().and_then(validate_subjects::problem) {
            self.say(format!("{at}.subject"), problem);
        }
    }

    /// The rule's clients; none if one of them is not in the file, so that nothing is known about its scopes.
    fn presenters<'c>(&mut self, rule: &RuleConfig, config: &'c Config, at: &str) -> Vec<&'c ClientConfig> {
        let mut found = Vec::new();
        for (number, id) in rule.clients.iter().enumerate() {
            let place = format!("{at}.clients[{number}]");
            let Some(client) = config.client.iter().find(|client| client.client_id == *id) else {
                if !is_generated_client_id(id) {
                    self.say(place, format!("there is no client `{id}` in this file"));
                }
                continue;
            };
            found.push(client);
            if !client.grant_types.iter().any(|grant| GRANTS.contains(grant)) {
                let message = format!(
                    "the client `{id}` can't present it: it needs the grant `{}`",
                    GRANTS.map(GrantType::name).join("` or `")
                );
                self.say(place, message);
            }
        }
        if found.len() < rule.clients.len() { Vec::new() } else { found }
    }

    fn handed_on(&mut self, rule: &RuleConfig, at: &str) {
        if rule.copy_claims.len() > claims::MAX_CLAIMS {
            self.say(format!("{at}.copy_claims"), format!("at most {} claims", claims::MAX_CLAIMS));
        }
        for (number, name) in rule.copy_claims.iter().enumerate() {
            let place = format!("{at}.copy_claims[{number}]");
            if claims::RESERVED.contains(&name.as_str()) {
                self.say(place, format!("`{name}` is a reserved claim: only the server sets it"));
            } else if name.is_empty() || name.len() > 128 || name.starts_with('/') {
                self.say(
                    place,
                    "a claim's name has 1 to 128 characters; a part of a claim can't be handed on",
                );
            }
        }
    }
}

/// What is wrong with the name of a claim, which may be a JSON pointer.
pub(super) fn claim_name_problem(name: &str) -> Option<String> {
    if name.is_empty() || name.len() > MAX_TEXT || name.contains(char::is_control) {
        return Some("a claim's name has 1 to 256 characters".to_owned());
    }
    let first = name.strip_prefix('/')?;
    let broken = name.split('~').skip(1).any(|after| !after.starts_with(['0', '1']));
    if broken {
        return Some("a JSON pointer has `~` only as `~0` and `~1` (RFC 6901)".to_owned());
    }
    // One way to write each claim, or two rules could be about the same one unseen.
    let plain = !first.contains(['/', '~']);
    plain.then(|| format!("write `{first}`: a pointer is for a part of a claim"))
}

fn pattern_problem(pattern: &Pattern) -> Option<&'static str> {
    let is_bad = |text: &str| text.is_empty() || text.len() > MAX_TEXT || text.contains(char::is_control);
    match pattern {
        Pattern::Glob(glob) if is_bad(&glob.glob) => {
            Some("a glob is 1 to 256 bytes without control characters")
        }
        Pattern::Glob(glob) if glob.glob.bytes().all(|byte| b"*/:".contains(&byte)) => {
            Some("too wide: it says nothing but `*`; leave the claim out, or say what it has to be")
        }
        Pattern::OneOf(values) if values.is_empty() => Some("an empty list fits nothing"),
        Pattern::OneOf(values) if values.len() > MAX_LIST => Some("at most 50 values"),
        Pattern::Exactly(_) | Pattern::OneOf(_) => {
            let has_bad = listed(pattern)?.iter().any(|value| is_bad(&value.text()));
            has_bad.then_some("a value is 1 to 256 bytes without control characters")
        }
        Pattern::Glob(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::protocol::validate::problems;

    /// Merges `changes` into `base`; a member that is `null` is removed.
    fn with(base: &Value, changes: &Value) -> Value {
        let mut result = base.clone();
        let members = result.as_object_mut().expect("an object");
        members.extend(changes.as_object().cloned().expect("an object"));
        members.retain(|_, value| !value.is_null());
        result
    }

    fn base() -> Value {
        json!({ "id": "deploy", "issuer": "github", "match": { "repository_id": 1, "ref": "refs/heads/main" },
            "clients": ["ci"], "audiences": ["https://api.example.com"], "scopes": ["deploy"] })
    }

    fn found(rules: &Value) -> Vec<(String, String)> {
        let config = json!({
            "resource": [
                { "identifier": "https://api.example.com", "scopes": ["deploy", "read"] },
                { "identifier": "https://other.example.com", "scopes": ["other"] },
            ],
            "client": [
                { "client_id": "ci", "grant_types": GRANTS, "scopes": ["deploy", "other"] },
                { "client_id": "svc" },
            ],
            "trusted_issuer": [
                { "id": "github", "kind": "github_actions" },
                { "id": "google", "kind": "google" },
                { "id": "shared", "kind": "oidc", "issuer": "https://a.example", "multi_tenant": true },
                { "id": "own", "kind": "oidc", "issuer": "https://b.example" },
            ],
            "rule": rules,
        });
        let config: Config = serde_json::from_value(config).expect("a configuration");
        problems(&config).into_iter().map(|problem| (problem.path, problem.message)).collect()
    }

    #[test]
    fn rules_that_are_right_are_taken() {
        let good = [
            json!({}),
            json!({ "match": { "repository_owner_id": ["1", 2] } }),
            json!({ "clients": ["mec_0123456789"], "scopes": ["read"] }),
            json!({ "issuer": "google", "match": { "sub": "1234567890" } }),
            json!({ "issuer": "shared", "match": { "sub": "org/1/project/2" } }),
            json!({ "issuer": "own", "match": { "groups": { "glob": "team-*" } } }),
            json!({ "issuer": "own", "match": { "/kubernetes.io/namespace": "prod", "/~1a": 1 } }),
            json!({ "subject": "ext:gh:{repository_id}:{/a/b}", "ttl": 30, "copy_claims": ["repository", "ref"] }),
        ];
        for changes in good {
            assert_eq!(found(&json!([with(&base(), &changes)])), [], "{changes}");
        }
    }

    #[test]
    fn each_problem_of_a_rule_is_told_at_its_place() {
        let pinned = |name: &str, value: Value| json!({ "match": { "repository_id": 1, name: value } });
        let login = |client: &str| json!({ "authenticates": client, "clients": null, "audiences": null, "scopes": null });
        let cases = [
            (json!({ "id": "a b" }), ".id", "1 to 64 letters"),
            (json!({ "issuer": "none" }), ".issuer", "there is no trusted issuer `none`"),
            (json!({ "issuer": "own", "match": {} }), ".match", "at least one claim"),
            (
                json!({ "match": { "repository": "octo/x" } }),
                ".match",
                "`repository_id` or `repository_owner_id`",
            ),
            (json!({ "match": { "repository_id": "octo" } }), ".match", "strangers"),
            (json!({ "match": { "repository_id": { "glob": "1*" } } }), ".match", "strangers"),
            (json!({ "match": { "repository_id": ["1", "x"] } }), ".match", "strangers"),
            (json!({ "issuer": "google", "match": { "email": "a@b.example" } }), ".match", "match `sub`"),
            (json!({ "issuer": "google", "match": { "sub": "a" } }), ".match", "exact number"),
            (json!({ "issuer": "shared", "match": { "sub": { "glob": "a*" } } }), ".match", "exact value"),
            (pinned("ref", json!({ "glob": "*" })), ".match.ref", "too wide"),
            (pinned("ref", json!({ "glob": "**" })), ".match.ref", "too wide"),
            (pinned("repository", json!({ "glob": "*/*" })), ".match.repository", "too wide"),
            (pinned("ref", json!({ "glob": "" })), ".match.ref", "1 to 256"),
            (pinned("ref", json!("")), ".match.ref", "1 to 256"),
            (pinned("ref", json!([])), ".match.ref", "empty list"),
            (pinned("ref", json!(["a", "b\nc"])), ".match.ref", "control"),
            (pinned("", json!("a")), ".match.", "1 to 256"),
            (pinned("/ref", json!("a")), ".match./ref", "write `ref`"),
            (pinned("/a/~2", json!("a")), ".match./a/~2", "RFC 6901"),
            (json!({ "clients": [] }), "", "`clients` is missing"),
            (json!({ "scopes": [] }), "", "`scopes` is missing"),
            (json!({ "clients": ["nobody"] }), ".clients[0]", "no client `nobody`"),
            (json!({ "clients": ["ci", "svc"] }), ".clients[1]", "it needs the grant"),
            (json!({ "scopes": ["none"] }), ".scopes[0]", "no resource has the scope `none`"),
            (json!({ "scopes": ["mintedge:write"] }), ".scopes[0]", "no resource has the scope"),
            (json!({ "scopes": ["other"] }), ".scopes[0]", "belongs to `https://other.example.com`"),
            (
                json!({ "scopes": ["deploy", "read"] }),
                ".scopes[1]",
                "none of the rule's clients has the scope `read`",
            ),
            (json!({ "audiences": ["https://api.example.com", "x"] }), ".audiences[1]", "no resource `x`"),
            (json!({ "ttl": 901 }), ".ttl", "30 to 900"),
            (json!({ "ttl": 29 }), ".ttl", "30 to 900"),
            (json!({ "copy_claims": ["sub"] }), ".copy_claims[0]", "reserved"),
            (json!({ "copy_claims": ["ref", "/a/b"] }), ".copy_claims[1]", "a part of a claim"),
            (json!({ "subject": "usr_{sub}" }), ".subject", "starts with `ext:`"),
            (json!({ "subject": "ext:a{sub" }), ".subject", "counterpart"),
            (json!({ "subject": "ext:a b{sub}" }), ".subject", "printable ASCII"),
            (json!({ "subject": "ext:{sub}" }), ".subject", "of your own"),
            (json!({ "subject": "ext:a:{sub}{ref}" }), ".subject", "between two claims"),
            (login("nobody"), ".authenticates", "no client `nobody`"),
            (login("svc"), ".authenticates", "federated_jwt"),
        ];
        for (changes, place, expected) in cases {
            let found = found(&json!([with(&base(), &changes)]));
            let path = format!("rule[0]{place}");
            let is_it = |(at, message): &(String, String)| *at == path && message.contains(expected);
            assert!(found.len() == 1 && found.iter().all(is_it), "{changes}: {found:?}");
        }
    }

    #[test]
    fn a_rule_that_authenticates_a_client_grants_nothing_itself() {
        let changes =
            json!({ "authenticates": "svc", "subject": "ext:a", "ttl": 60, "copy_claims": ["ref"] });
        let found = found(&json!([with(&base(), &changes)]));
        for name in ["clients", "audiences", "scopes", "subject", "ttl", "copy_claims"] {
            let path = format!("rule[0].{name}");
            assert!(
                found.iter().any(|(at, text)| *at == path && text.contains("grants nothing itself")),
                "{found:?}"
            );
        }
    }

    #[test]
    fn workloads_of_two_issuers_are_never_called_alike_by_accident() {
        let one = with(&base(), &json!({ "subject": "ext:ci:{sub}" }));
        let other =
            json!({ "id": "own", "issuer": "own", "match": { "sub": "x" }, "subject": "ext:ci:main" });
        let found = found(&json!([one, with(&base(), &other)]));
        let [(path, message)] = found.as_slice() else { panic!("{found:?}") };
        assert!(
            path == "rule[1].subject" && message.contains("same subject by the rule `deploy`"),
            "{message}"
        );
    }

    #[test]
    fn rules_that_get_in_each_others_way_are_told_once_each_is_right() {
        let one = with(&base(), &json!({ "id": "one", "match": { "repository_id": 1 } }));
        let two =
            with(&base(), &json!({ "id": "two", "match": { "repository_id": 1, "environment": "prod" } }));
        let both = found(&json!([one, two]));
        let [(path, message)] = both.as_slice() else { panic!("{both:?}") };
        assert!(
            path == "rule[1].match" && message.contains("`one`") && message.contains("`environment`"),
            "{message}"
        );
        let broken = with(&two, &json!({ "ttl": 1 }));
        assert_eq!(found(&json!([one, broken])).len(), 1, "the range of `ttl` only");
        let twice = found(&json!([one, with(&one, &json!({ "match": { "repository_id": 2 } }))]));
        assert!(twice.iter().any(|(_, text)| text.contains("the rule `one` is there twice")), "{twice:?}");
    }
}
