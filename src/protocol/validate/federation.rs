//! What types can't say about `[[trusted_issuer]]`: whose word is taken, and where its keys come from.
//!
//! Nothing is fetched; the addresses are judged by `rules::issuers` and `model::outbound`.

use std::collections::BTreeSet;

use super::rules::claim_name_problem;
use super::{Check, MAX_TEXT};
use crate::protocol::config::federation::{FRESHNESS, IssuerKind, TrustedIssuerConfig};
use crate::protocol::model::client::client_id_problem;
use crate::protocol::model::jwk_set::pinned_problem;
use crate::protocol::rules::issuers::{fetch_problem, is_shared, name_problem};

/// The most trusted issuers that a configuration may name.
pub(super) const MAX_TRUSTED_ISSUERS: usize = 50;
/// The most `aud` values that one trusted issuer may have.
const MAX_LIST: usize = 20;

impl Check {
    pub(super) fn trusted_issuers(&mut self, issuers: &[TrustedIssuerConfig], own: Option<&str>) {
        if issuers.len() > MAX_TRUSTED_ISSUERS {
            self.say("trusted_issuer", format!("at most {MAX_TRUSTED_ISSUERS} trusted issuers"));
        }
        let (mut ids, mut addresses, mut domains) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for (index, issuer) in issuers.iter().enumerate() {
            let at = format!("trusted_issuer[{index}]");
            self.name(&format!("{at}.id"), &issuer.id);
            if !ids.insert(issuer.id.as_str()) {
                self.say(format!("{at}.id"), format!("the trusted issuer `{}` is there twice", issuer.id));
            }
            let address = issuer.issuer();
            if !address.is_empty() && !addresses.insert(address) {
                let message =
                    format!("another trusted issuer is `{address}` already; one can have several rules");
                self.say(format!("{at}.issuer"), message);
            }
            if own == Some(address) {
                self.say(
                    format!("{at}.issuer"),
                    "this is the server itself; its own tokens need no trusted issuer",
                );
            }
            self.address(issuer, &at, own);
            self.foreign_keys(issuer, &at);
            self.trust_domain(issuer, &at);
            let domain = issuer.trust_domain.as_deref();
            if domain.is_some_and(|domain| !domains.insert(domain)) {
                self.say(
                    format!("{at}.trust_domain"),
                    "another trusted issuer speaks for this trust domain already",
                );
            }
            self.freshness(issuer, &at);
            self.login_hint(issuer, &at);
        }
    }

    /// Ids of issuers become part of subjects, ids of both show up in logs.
    pub(super) fn name(&mut self, at: &str, id: &str) {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if id.is_empty() || id.len() > 64 || !id.bytes().all(is_plain) {
            self.say(at, "an id is 1 to 64 letters, digits, `-`, `_` and `.`");
        }
    }

    fn address(&mut self, issuer: &TrustedIssuerConfig, at: &str, own: Option<&str>) {
        if issuer.issuer().is_empty() && issuer.trust_domain.is_some() {
            self.keys_of_domain(issuer, at, own);
        } else if issuer.issuer().is_empty() {
            self.say(at, "`issuer` is missing: the exact `iss` of its tokens");
        } else if let Some(problem) = name_problem(issuer) {
            self.say(format!("{at}.issuer"), problem);
        } else if let Some((member, problem)) = fetch_problem(issuer, own) {
            self.say(format!("{at}.{member}"), problem);
        }
    }

    /// A trust domain that names no issuer: nothing says where its keys are but the file.
    fn keys_of_domain(&mut self, issuer: &TrustedIssuerConfig, at: &str, own: Option<&str>) {
        if issuer.jwks.is_none() && issuer.jwks_uri.is_none() {
            self.say(at, "without an `issuer` to ask, a trust domain needs its keys: `jwks` or `jwks_uri`");
        } else if let Some((member, problem)) = fetch_problem(issuer, own) {
            self.say(format!("{at}.{member}"), problem);
        }
    }

    fn trust_domain(&mut self, issuer: &TrustedIssuerConfig, at: &str) {
        let Some(domain) = issuer.trust_domain.as_deref() else { return };
        let is_of_id =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte);
        if domain.is_empty() || domain.len() > 255 || !domain.bytes().all(is_of_id) {
            let message =
                "a trust domain is 1 to 255 lower-case letters, digits, `-`, `_` and `.` (SPIFFE-ID §2.1)";
            self.say(format!("{at}.trust_domain"), message);
        }
        if issuer.kind != IssuerKind::Oidc {
            self.say(format!("{at}.trust_domain"), "only with kind = \"oidc\"");
        }
    }

    fn foreign_keys(&mut self, issuer: &TrustedIssuerConfig, at: &str) {
        if issuer.jwks.is_some() && issuer.jwks_uri.is_some() {
            self.say(format!("{at}.jwks_uri"), "either keys or their address, not both");
        }
        let pinned = issuer.jwks.as_ref();
        if let Some(problem) = pinned.and_then(|jwks| pinned_problem(jwks, |alg| issuer.accepts(alg))) {
            self.say(format!("{at}.jwks"), problem);
        }
    }

    /// Whoever can get a token of the issuer can have people asked, in the name of the clients that show it.
    fn login_hint(&mut self, issuer: &TrustedIssuerConfig, at: &str) {
        let Some(hint) = &issuer.login_hint else { return };
        let at = format!("{at}.login_hint");
        if issuer.multi_tenant() || is_shared(issuer) {
            self.say(&at, "strangers have tokens of this issuer too, and could name anybody");
        }
        if let Some(problem) = claim_name_problem(&hint.claim) {
            self.say(format!("{at}.claim"), problem);
        }
        if hint.clients.is_empty() || hint.clients.len() > MAX_LIST {
            self.say(format!("{at}.clients"), format!("1 to {MAX_LIST} clients that may show such a token"));
        }
        for (number, client) in hint.clients.iter().enumerate() {
            if let Some(problem) = client_id_problem(client) {
                self.say(format!("{at}.clients[{number}]"), problem);
            }
        }
    }

    fn freshness(&mut self, issuer: &TrustedIssuerConfig, at: &str) {
        for (name, value) in [("max_age", issuer.max_age), ("max_lifetime", issuer.max_lifetime)] {
            if value.is_some_and(|value| !FRESHNESS.contains(&value)) {
                self.say(format!("{at}.{name}"), "30 to 604800 seconds");
            }
        }
        if issuer.audiences.len() > MAX_LIST {
            self.say(format!("{at}.audiences"), format!("at most {MAX_LIST} audiences"));
        }
        for (number, audience) in issuer.audiences.iter().enumerate() {
            let is_text =
                |text: &str| !text.is_empty() && text.len() <= MAX_TEXT && !text.contains(char::is_control);
            if !is_text(audience) {
                self.say(format!("{at}.audiences[{number}]"), "1 to 256 bytes without control characters");
            }
        }
        if is_shared(issuer) && issuer.multi_tenant == Some(false) {
            let message = "strangers have tokens of this issuer too, whatever is written here; leave it out";
            self.say(format!("{at}.multi_tenant"), message);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::protocol::config::Config;
    use crate::protocol::validate::problems;

    fn found(issuers: &Value) -> Vec<(String, String)> {
        let config = json!({ "issuer": "https://id.example.com", "trusted_issuer": issuers });
        let config: Config = serde_json::from_value(config).expect("a configuration");
        problems(&config).into_iter().map(|problem| (problem.path, problem.message)).collect()
    }

    #[test]
    fn issuers_that_are_right_are_taken() {
        let rsa = json!({ "kty": "RSA", "e": "AQAB", "n": "0vx7".repeat(90) });
        let ed =
            json!({ "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" });
        let good = json!([
            { "id": "github", "kind": "github_actions" },
            { "id": "enterprise", "kind": "github_actions", "issuer": "https://token.actions.githubusercontent.com/acme" },
            { "id": "ghes", "kind": "github_actions", "issuer": "https://ghes.example.com/_services/token", "multi_tenant": false },
            { "id": "gitlab", "kind": "gitlab" },
            { "id": "own-gitlab", "kind": "gitlab", "issuer": "https://gitlab.community.example", "multi_tenant": false },
            { "id": "google", "kind": "google" },
            { "id": "k8s", "kind": "kubernetes", "issuer": "https://oidc.eks.eu-west-1.amazonaws.com/id/ABC" },
            { "id": "aks", "kind": "kubernetes", "issuer": "https://eastus.oic.prod-aks.example/tenant/cluster/" },
            { "id": "inside", "kind": "kubernetes", "issuer": "https://kubernetes.default.svc.cluster.local",
              "jwks": { "keys": [ed] } },
            { "id": "inside-too", "kind": "kubernetes", "issuer": "https://10.0.0.1:6443",
              "jwks_uri": "https://keys.example/k" },
            { "id": "auth0", "kind": "oidc", "issuer": "https://tenant.auth0.example/" },
            { "id": "local", "kind": "oidc", "issuer": "http://127.0.0.1:9000", "jwks": { "keys": [ed] } },
            { "id": "pinned", "kind": "oidc", "issuer": "https://a.example", "jwks": { "keys": [rsa] } },
            { "id": "ed", "kind": "oidc", "issuer": "https://b.example", "jwks": { "keys": [{ "kty": "oct" }, ed] } },
            { "id": "tuned", "kind": "oidc", "issuer": "https://c.example", "max_age": 30, "max_lifetime": 86700,
              "audiences": ["https://id.example.com"], "algs": ["ES256"], "one_time": false, "multi_tenant": true },
        ]);
        assert_eq!(found(&good), []);
    }

    #[test]
    fn each_problem_of_an_issuer_is_told_at_its_place() {
        let oidc = |rest: Value| {
            let mut issuer = json!({ "id": "i", "kind": "oidc", "issuer": "https://a.example" });
            let members = issuer.as_object_mut().expect("an object");
            members.extend(rest.as_object().cloned().expect("an object"));
            issuer
        };
        let key = |member: &str, value: &str| {
            let mut key = json!({ "kty": "EC", "crv": "P-256", "x": "A".repeat(43), "y": "A".repeat(43) });
            key[member] = value.into();
            oidc(json!({ "jwks": { "keys": [key] } }))
        };
        let cases = [
            (oidc(json!({ "id": "" })), "id", "1 to 64 letters"),
            (oidc(json!({ "id": "a:b" })), "id", "1 to 64 letters"),
            (json!({ "id": "i", "kind": "oidc" }), "", "`issuer` is missing"),
            (json!({ "id": "i", "kind": "kubernetes" }), "", "`issuer` is missing"),
            (oidc(json!({ "issuer": "http://a.example" })), "issuer", "is no issuer"),
            (oidc(json!({ "issuer": "https://a.example//" })), "issuer", "is no issuer"),
            (oidc(json!({ "issuer": "https://a.example?x" })), "issuer", "is no issuer"),
            (oidc(json!({ "issuer": "https://A.example" })), "issuer", "is no issuer"),
            (oidc(json!({ "issuer": "https://u@a.example" })), "issuer", "is no issuer"),
            (oidc(json!({ "issuer": "a.example" })), "issuer", "is no issuer"),
            (oidc(json!({ "kind": "gitlab", "issuer": "https://a.example/" })), "issuer", "is no issuer"),
            (oidc(json!({ "issuer": "https://id.example.com" })), "issuer", "this is the server itself"),
            (oidc(json!({ "issuer": "https://gitlab.com" })), "issuer", "kind = \"gitlab\""),
            (oidc(json!({ "issuer": "https://gitlab.com/" })), "issuer", "kind = \"gitlab\""),
            (oidc(json!({ "issuer": "https://gitlab.com:8443" })), "issuer", "kind = \"gitlab\""),
            (
                oidc(json!({ "issuer": "https://token.actions.githubusercontent.com" })),
                "issuer",
                "kind = \"github_actions\"",
            ),
            (oidc(json!({ "issuer": "https://accounts.google.com" })), "issuer", "kind = \"google\""),
            (
                oidc(json!({ "kind": "kubernetes", "issuer": "https://gitlab.com" })),
                "issuer",
                "kind = \"gitlab\"",
            ),
            (
                oidc(json!({ "kind": "gitlab", "issuer": "https://gitlab.com/x" })),
                "issuer",
                "leave `issuer` out",
            ),
            (oidc(json!({ "kind": "google" })), "issuer", "Google has one issuer"),
            (
                oidc(
                    json!({ "kind": "github_actions", "issuer": "https://token.actions.githubusercontent.com/a/b" }),
                ),
                "issuer",
                "leave `issuer` out",
            ),
            (oidc(json!({ "jwks_uri": "http://a.example/k" })), "jwks_uri", "by https only"),
            (oidc(json!({ "jwks_uri": "https://10.0.0.1/k" })), "jwks_uri", "is private"),
            (oidc(json!({ "jwks_uri": "https://127.0.0.1/k" })), "jwks_uri", "loopback"),
            (oidc(json!({ "jwks_uri": "https://vault/keys" })), "jwks_uri", "inside of a network only"),
            (
                oidc(json!({ "jwks_uri": "https://a.svc.cluster.local/k" })),
                "jwks_uri",
                "inside of a network only",
            ),
            (oidc(json!({ "jwks_uri": "https://a.example:22/k" })), "jwks_uri", "at this port"),
            (oidc(json!({ "jwks_uri": "https://u@a.example/k" })), "jwks_uri", "user information"),
            (oidc(json!({ "issuer": "http://127.0.0.1:9000" })), "issuer", "itself on a loopback address"),
            (oidc(json!({ "issuer": "https://vault.internal" })), "issuer", "`jwks_file`"),
            (
                oidc(json!({ "kind": "kubernetes", "issuer": "https://kubernetes.default.svc" })),
                "issuer",
                "put the keys into the file",
            ),
            (oidc(json!({ "max_age": 29 })), "max_age", "30 to 604800"),
            (oidc(json!({ "max_lifetime": 604_801 })), "max_lifetime", "30 to 604800"),
            (oidc(json!({ "audiences": [""] })), "audiences[0]", "1 to 256"),
            (oidc(json!({ "jwks": {} })), "jwks", "a list `keys`"),
            (oidc(json!({ "jwks": { "keys": [] } })), "jwks", "no key that can be used"),
            (key("d", "x"), "jwks", "private or secret"),
            (key("crv", "secp256k1"), "jwks", "no key that can be used"),
            (key("x", "AAAA"), "jwks", "no key that can be used"),
            (key("use", "enc"), "jwks", "no key that can be used"),
            (key("alg", "ES384"), "jwks", "no key that can be used"),
            (
                oidc(json!({ "jwks": { "keys": [{ "kty": "RSA", "e": "AQAB", "n": "0vx7".repeat(32) }] } })),
                "jwks",
                "no key that can be used",
            ),
            (json!({ "id": "i", "kind": "gitlab", "multi_tenant": false }), "multi_tenant", "strangers"),
        ];
        for (issuer, place, expected) in cases {
            let path = format!("trusted_issuer[0]{}{place}", if place.is_empty() { "" } else { "." });
            let found = found(&json!([issuer]));
            let is_it = |(at, message): &(String, String)| *at == path && message.contains(expected);
            assert!(found.len() == 1 && found.iter().all(is_it), "{issuer}: {found:?}");
        }
    }

    #[test]
    fn issuers_do_not_share_a_name_an_address_or_two_sources_of_keys() {
        let a = json!({ "id": "a", "kind": "oidc", "issuer": "https://a.example" });
        let b = json!({ "id": "b", "kind": "gitlab", "issuer": "https://a.example" });
        let messages = |issuers: Value| found(&issuers).into_iter().map(|(_, text)| text).collect::<String>();
        assert!(messages(json!([a, b])).contains("another trusted issuer is `https://a.example` already"));
        let other = json!({ "id": "a", "kind": "google" });
        assert!(messages(json!([a, other])).contains("`a` is there twice"));
        let both = json!({ "id": "c", "kind": "oidc", "issuer": "https://c.example", "jwks_uri": "https://c.example/k",
            "jwks": { "keys": [{ "kty": "EC", "crv": "P-256", "x": "A".repeat(43), "y": "A".repeat(43) }] } });
        assert!(messages(json!([both])).contains("not both"));
    }
}
