//! What types can't say about a resource's default scopes, hierarchy of scopes and metadata (RFC 9728).
//!
//! `validate` calls it for each resource.

use super::{Check, MAX_SCOPES, MAX_TEXT};
use crate::protocol::codec::uri::{Uri, web_problem};
use crate::protocol::config::ResourceConfig;
use crate::protocol::model::scope::ScopeSet;

impl Check {
    pub(super) fn scope_relations(&mut self, resource: &ResourceConfig, at: &str) {
        self.own_scopes(resource, &format!("{at}.default_scopes"), &resource.default_scopes);
        let included = resource.scope_includes.values().map(ScopeSet::len).sum::<usize>();
        if included > MAX_SCOPES {
            self.say(format!("{at}.scope_includes"), format!("at most {MAX_SCOPES} included scopes in all"));
            return;
        }
        for (scope, includes) in &resource.scope_includes {
            let place = format!("{at}.scope_includes.{scope}");
            if !resource.scopes.contains(scope) {
                self.say(&place, format!("the resource has no scope `{scope}`"));
            }
            if includes.is_empty() {
                self.say(&place, "a scope that includes nothing need not be here");
            }
            self.own_scopes(resource, &place, includes);
            if reaches(resource, scope) {
                self.say(&place, format!("`{scope}` includes itself, by way of what it includes"));
            }
        }
    }

    fn own_scopes(&mut self, resource: &ResourceConfig, at: &str, scopes: &ScopeSet) {
        for (number, scope) in scopes.iter().enumerate() {
            if !resource.scopes.iter().any(|own| own == scope) {
                self.say(format!("{at}[{number}]"), format!("the resource has no scope `{scope}`"));
            }
        }
    }

    pub(super) fn resource_metadata(&mut self, resource: &ResourceConfig, at: &str) {
        let Some(metadata) = &resource.metadata else { return };
        let at = format!("{at}.metadata");
        if web_problem(&resource.identifier).is_some() {
            self.say(&at, "only a resource whose identifier is an https URL has metadata (RFC 9728 §1.2)");
        }
        if !is_as_asked_for(&resource.identifier) {
            self.say(
                &at,
                "the identifier's host has to be in lower case and without the scheme's own port: clients ask for its metadata so",
            );
        }
        self.own_scopes(resource, &format!("{at}.scopes_supported"), &metadata.scopes_supported);
        if metadata.bearer_methods_supported.len() > 3 {
            self.say(format!("{at}.bearer_methods_supported"), "each of the three methods once");
        }
        if metadata.resource_signing_alg_values_supported.len() > 8 {
            self.say(format!("{at}.resource_signing_alg_values_supported"), "each algorithm once");
        }
        let links = [
            ("resource_documentation", &metadata.resource_documentation),
            ("resource_policy_uri", &metadata.resource_policy_uri),
            ("resource_tos_uri", &metadata.resource_tos_uri),
            ("jwks_uri", &metadata.jwks_uri),
        ];
        for (name, link) in links {
            let Some(link) = link else { continue };
            let is_plain = link.len() <= MAX_TEXT && Uri::parse(link).is_ok();
            if let Some(problem) = web_problem(link).or((!is_plain).then_some("it is too long")) {
                self.say(format!("{at}.{name}"), format!("`{link}` is no such URL: {problem}"));
            }
        }
    }
}

/// Whether a client that asks for something at `identifier` sends its authority as it is.
fn is_as_asked_for(identifier: &str) -> bool {
    let Ok(uri) = Uri::parse(identifier) else { return true };
    let port = if uri.scheme == "http" { ":80" } else { ":443" };
    let as_sent = |authority: &str| !authority.ends_with(port) && authority == authority.to_ascii_lowercase();
    uri.authority.is_none_or(as_sent)
}

/// Whether `scope` is among what it includes.
fn reaches(resource: &ResourceConfig, scope: &str) -> bool {
    let mut seen = ScopeSet::default();
    let mut open: Vec<&str> = vec![scope];
    while let Some(next) = open.pop() {
        for included in resource.scope_includes.get(next).into_iter().flat_map(ScopeSet::iter) {
            if included == scope {
                return true;
            }
            if !seen.contains(included) {
                seen.insert(included);
                open.push(included);
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::protocol::config::Config;
    use crate::protocol::validate::problems;

    fn found(members: &Value) -> Vec<(String, String)> {
        let mut resource =
            json!({ "identifier": "https://api.example", "scopes": ["admin", "write", "read"] });
        for (name, value) in members.as_object().expect("an object") {
            resource[name] = value.clone();
        }
        let config: Config =
            serde_json::from_value(json!({ "resource": [resource] })).expect("a configuration");
        problems(&config).into_iter().map(|problem| (problem.path, problem.message)).collect()
    }

    #[test]
    fn a_resource_that_is_right_is_taken() {
        for good in [
            json!({ "default_scopes": ["read"] }),
            json!({ "scope_includes": { "admin": ["write"], "write": ["read"] } }),
            json!({ "scope_includes": { "admin": ["write", "read"], "write": ["read"] }, "metadata": {} }),
            json!({ "metadata": {
                "scopes_supported": ["read"], "bearer_methods_supported": ["header", "body"], "listed": true,
                "resource_documentation": "https://api.example/docs", "jwks_uri": "https://api.example/jwks",
                "resource_signing_alg_values_supported": ["ES256"],
            } }),
            json!({ "identifier": "http://127.0.0.1:8080/mcp", "metadata": {} }),
        ] {
            assert_eq!(found(&good), [], "{good}");
        }
    }

    #[test]
    fn each_problem_of_a_resource_is_told_at_its_place() {
        let cases = [
            (json!({ "default_scopes": ["read", "x"] }), "default_scopes[1]", "no scope `x`"),
            (json!({ "scope_includes": { "x": ["read"] } }), "scope_includes.x", "no scope `x`"),
            (json!({ "scope_includes": { "admin": ["x"] } }), "scope_includes.admin[0]", "no scope `x`"),
            (json!({ "scope_includes": { "admin": [] } }), "scope_includes.admin", "includes nothing"),
            (json!({ "scope_includes": { "read": ["read"] } }), "scope_includes.read", "includes itself"),
            (
                json!({ "metadata": { "scopes_supported": ["x"] } }),
                "metadata.scopes_supported[0]",
                "no scope `x`",
            ),
            (json!({ "metadata": { "jwks_uri": "http://api.example" } }), "metadata.jwks_uri", "https"),
            (
                json!({ "metadata": { "resource_tos_uri": "javascript:x" } }),
                "metadata.resource_tos_uri",
                "no such URL",
            ),
            (json!({ "identifier": "urn:api", "metadata": {} }), "metadata", "https URL"),
            (json!({ "identifier": "https://API.example", "metadata": {} }), "metadata", "lower case"),
            (json!({ "identifier": "https://api.example:443", "metadata": {} }), "metadata", "own port"),
            (json!({ "identifier": "http://api.example", "metadata": {} }), "metadata", "https URL"),
        ];
        for (members, place, expected) in cases {
            let found = found(&members);
            let path = format!("resource[0].{place}");
            let is_it = |(at, text): &(String, String)| *at == path && text.contains(expected);
            assert!(found.len() == 1 && found.iter().all(is_it), "{members}: {found:?}");
        }
        let circle = found(&json!({ "scope_includes": { "admin": ["write"], "write": ["admin"] } }));
        assert_eq!(circle.len(), 2, "{circle:?}");
    }
}
