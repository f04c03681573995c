//! What types can't say about a configuration: references, ranges, and values that would be a trap.
//!
//! The command runs this before it sends a configuration, the server runs it again before it changes anything. The result is a
//! list of all problems, each with its place in the document. It asks nobody: no address is resolved or fetched.

mod administrators;
mod ciba;
mod client_documents;
mod client_keys;
mod exchange;
mod experimental;
mod federation;
mod login;
mod native_sso;
mod registration;
mod resources;
mod rules;
mod subjects;
pub mod warnings;

pub use administrators::{has_full_administrator, unresolved};

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::protocol::codec::uri::{Uri, is_origin};
use crate::protocol::config::claims;
use crate::protocol::config::snapshot::canonical;
use crate::protocol::config::{ClientConfig, Config, ResourceConfig};
use crate::protocol::model::client::client_id_problem;
use crate::protocol::model::grant_type::GrantType;
use crate::protocol::model::issuer::Issuer;
use crate::protocol::model::outbound;
use crate::protocol::model::scope::{ADMIN_SCOPE_PREFIX, ADMIN_SCOPES, USER_SCOPES, is_scope};
use crate::protocol::model::secret::{is_carried_client_id, is_generated_client_id};
use crate::protocol::model::token_type::AccessTokenTyp;

/// The most resources that a configuration may have.
pub const MAX_RESOURCES: usize = 100;
/// The most clients that a configuration may have.
pub const MAX_CLIENTS: usize = 1000;
/// The most scopes that one resource or client may have.
pub const MAX_SCOPES: usize = 200;
/// The most origins that one client may have.
pub const MAX_ORIGINS: usize = 20;
/// The longest name and identifier, in bytes.
pub const MAX_TEXT: usize = 256;

/// One thing that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Problem {
    /// The place, such as `client[2].scopes[0]`; indexes count from 0.
    pub path: String,
    /// What is wrong, and where known what to do.
    pub message: String,
}

/// Everything that is wrong with `config`; empty if nothing is.
pub fn problems(config: &Config) -> Vec<Problem> {
    problems_at(config, config.issuer.as_deref())
}

/// Everything that is wrong with `config` at the server whose issuer is `own`; unset if that isn't known.
pub fn problems_at(config: &Config, own: Option<&str>) -> Vec<Problem> {
    let mut check = Check::default();
    check.settings(config);
    check.administrators(&config.administrator);
    check.resources(&config.resource, own);
    let scopes = scope_owners(&config.resource);
    let resources: BTreeSet<&str> =
        config.resource.iter().map(|resource| resource.identifier.as_str()).collect();
    let clients: BTreeSet<&str> = config.client.iter().map(|client| client.client_id.as_str()).collect();
    let known = Referable {
        scope: &|scope| scopes.contains_key(scope),
        resource: &|name| resources.contains(name),
        owns: &|resource, scope| scopes.get(scope) == Some(&resource),
        client: &|id| clients.contains(id),
        schemes: &config.login.private_use_schemes,
        local: own.is_none_or(outbound::is_local),
    };
    check.clients(&config.client, &known);
    check.client_documents(&config.client_document, known.scope, known.local);
    check.lookalikes(config);
    check.experimental(config);
    check.registration(&config.registration, known.scope);
    check.trusted_issuers(&config.trusted_issuer, own);
    check.rules(config);
    check.found
}

/// What is wrong with a resource of this name, if there is a client of the same one: its access tokens would pass for the client's
/// ID tokens, which have the same `typ` and `aud`.
pub fn lookalike(typ: AccessTokenTyp) -> Option<&'static str> {
    let advice = "a client has this name too, and would take this resource's access tokens for its ID tokens: give one of them another name, or leave access_token_typ out";
    (typ == AccessTokenTyp::Jwt).then_some(advice)
}

/// What a client can refer to: what exists besides it.
pub struct Referable<'a> {
    /// Whether some resource has this scope.
    pub scope: &'a dyn Fn(&str) -> bool,
    /// Whether there is a resource with this identifier.
    pub resource: &'a dyn Fn(&str) -> bool,
    /// Whether this resource has this scope.
    pub owns: &'a dyn Fn(&str, &str) -> bool,
    /// Whether there is, or may be, a client of this id.
    pub client: &'a dyn Fn(&str) -> bool,
    /// The schemes that redirect URIs may have although they are no domain names.
    pub schemes: &'a [String],
    /// Whether the server is, or may be, one of local development, which may call others on loopback.
    pub local: bool,
}

/// Everything that is wrong with a client declared outside a document.
pub fn client_problems(client: &ClientConfig, known: &Referable<'_>) -> Vec<Problem> {
    let mut check = Check::default();
    check.client(client, "client", known);
    check.found
}

fn scope_owners(resources: &[ResourceConfig]) -> BTreeMap<&str, &str> {
    let pairs = resources.iter().flat_map(|resource| {
        resource.scopes.iter().map(|scope| (scope.as_str(), resource.identifier.as_str()))
    });
    pairs.collect()
}

#[derive(Default)]
pub(super) struct Check {
    found: Vec<Problem>,
}

impl Check {
    pub(super) fn say(&mut self, path: impl Into<String>, message: impl Into<String>) {
        self.found.push(Problem { path: path.into(), message: message.into() });
    }

    /// How many problems have been found so far.
    pub(super) fn count(&self) -> usize {
        self.found.len()
    }

    fn settings(&mut self, config: &Config) {
        if let Some(Err(error)) = config.issuer.as_deref().map(Issuer::parse) {
            self.say("issuer", error.to_string());
        }
        if !(7..=3650).contains(&config.keys.rotate_every_days) {
            self.say("keys.rotate_every_days", "7 to 3650 days");
        }
        self.ttl("tokens.access_token_ttl", Some(config.tokens.access_token_ttl));
        self.login_settings(config);
        if config.resource.len() > MAX_RESOURCES {
            self.say("resource", format!("at most {MAX_RESOURCES} resources"));
        }
        if config.client.len() > MAX_CLIENTS {
            self.say(
                "client",
                format!("at most {MAX_CLIENTS} clients in the file; register more through the API"),
            );
        }
    }

    fn resources(&mut self, resources: &[ResourceConfig], own: Option<&str>) {
        let mut identifiers = BTreeSet::new();
        let mut owners: BTreeMap<&str, &str> = BTreeMap::new();
        for (index, resource) in resources.iter().enumerate() {
            let at = format!("resource[{index}]");
            self.resource(resource, &at);
            let identifier = resource.identifier.as_str();
            // What is issued for the server itself, such as for `/userinfo`, is no token of a resource.
            if own.is_some_and(|own| identifier.strip_suffix('/').unwrap_or(identifier) == own) {
                self.say(
                    format!("{at}.identifier"),
                    "this is the server itself; a resource has another name",
                );
            }
            if !identifiers.insert(canonical(&resource.identifier)) {
                let message = format!(
                    "the resource `{}` is there twice; a slash after a bare origin and upper case in scheme and host make no difference",
                    resource.identifier
                );
                self.say(format!("{at}.identifier"), message);
            }
            for (number, scope) in resource.scopes.iter().enumerate() {
                if let Some(owner) = owners.insert(scope, &resource.identifier) {
                    let message =
                        format!("the scope `{scope}` belongs to `{owner}` already; a scope has one resource");
                    self.say(format!("{at}.scopes[{number}]"), message);
                }
            }
        }
    }

    fn resource(&mut self, resource: &ResourceConfig, at: &str) {
        let identifier = &resource.identifier;
        if identifier.is_empty()
            || identifier.len() > MAX_TEXT
            || !identifier.bytes().all(|byte| byte.is_ascii_graphic())
        {
            self.say(
                format!("{at}.identifier"),
                "an identifier is 1 to 256 characters of printable ASCII without spaces",
            );
        }
        if identifier.contains('#') {
            self.say(format!("{at}.identifier"), "an identifier has no fragment (RFC 8707 §2)");
        }
        let is_web = identifier.starts_with("https:") || identifier.starts_with("http:");
        if let Some(problem) = Uri::parse(identifier).err().filter(|_| is_web && !identifier.contains('#')) {
            self.say(format!("{at}.identifier"), format!("`{identifier}` is no URL: {problem}"));
        }
        self.text(&format!("{at}.name"), resource.name.as_deref());
        self.ttl(&format!("{at}.access_token_ttl"), resource.access_token_ttl);
        self.scope_relations(resource, at);
        self.resource_metadata(resource, at);
        self.claims(&format!("{at}.claims"), &resource.claims);
        if resource.scopes.len() > MAX_SCOPES {
            self.say(format!("{at}.scopes"), format!("at most {MAX_SCOPES} scopes"));
        }
        for (number, scope) in resource.scopes.iter().enumerate() {
            let path = format!("{at}.scopes[{number}]");
            if !is_scope(scope) {
                self.say(path, format!("`{scope}` is no scope: 1 to 128 printable ASCII characters, no space, quote or backslash"));
            } else if scope.starts_with(ADMIN_SCOPE_PREFIX) {
                self.say(path, "scopes that start with `mintedge:` belong to the server's own admin API");
            } else if USER_SCOPES.contains(&scope.as_str()) {
                self.say(path, format!("`{scope}` is a scope of OpenID Connect and belongs to no resource"));
            }
        }
    }

    fn clients(&mut self, clients: &[ClientConfig], known: &Referable<'_>) {
        let mut seen = BTreeSet::new();
        for (index, client) in clients.iter().enumerate() {
            let at = format!("client[{index}]");
            self.client(client, &at, known);
            if is_generated_client_id(&client.client_id) || is_carried_client_id(&client.client_id) {
                self.say(
                    format!("{at}.client_id"),
                    "ids that start with `mec_` or `mei_` are generated; choose another one",
                );
            }
            if !seen.insert(client.client_id.as_str()) {
                self.say(
                    format!("{at}.client_id"),
                    format!("the client `{}` is there twice", client.client_id),
                );
            }
        }
    }

    fn lookalikes(&mut self, config: &Config) {
        for (index, resource) in config.resource.iter().enumerate() {
            let is_client = config.client.iter().any(|client| client.client_id == resource.identifier);
            if let Some(problem) = lookalike(resource.access_token_typ).filter(|_| is_client) {
                self.say(format!("resource[{index}].access_token_typ"), problem);
            }
        }
    }

    fn client(&mut self, client: &ClientConfig, at: &str, known: &Referable<'_>) {
        self.client_keys(client, at, known);
        self.login_client(client, at, known);
        self.exchange(client, at, known);
        self.native_sso(client, at);
        self.ciba(client, at, known);
        if let Some(problem) = client_id_problem(&client.client_id) {
            self.say(format!("{at}.client_id"), problem);
        }
        self.text(&format!("{at}.client_name"), client.client_name.as_deref());
        self.ttl(&format!("{at}.access_token_ttl"), client.access_token_ttl);
        self.claims(&format!("{at}.claims"), &client.claims);
        if client.is_public() {
            for (number, grant) in client.grant_types.iter().enumerate() {
                if grant.info().confidential_only {
                    let message =
                        format!("`{}` needs a client that authenticates; this one has `none`", grant.name());
                    self.say(format!("{at}.grant_types[{number}]"), message);
                }
            }
        }
        if client.scopes.len() > MAX_SCOPES {
            self.say(format!("{at}.scopes"), format!("at most {MAX_SCOPES} scopes"));
        }
        for (number, scope) in client.scopes.iter().enumerate() {
            let of_admin = ADMIN_SCOPES.contains(&scope);
            // Anybody can be a guest of a client, and so anybody would be an administrator.
            if of_admin && client.grant_types.contains(&GrantType::Guest) {
                let message = format!("`{scope}` is for administrators, and the client has guests");
                self.say(format!("{at}.scopes[{number}]"), message);
            } else if USER_SCOPES.contains(&scope) {
                if !client.grant_types.iter().any(|grant| grant.info().speaks_of_user) {
                    let message =
                        format!("`{scope}` speaks of a person, and none of the client's grants does");
                    self.say(format!("{at}.scopes[{number}]"), message);
                }
            } else if !of_admin && !(known.scope)(scope) {
                self.say(format!("{at}.scopes[{number}]"), format!("no resource has the scope `{scope}`"));
            }
        }
        for (number, scope) in client.default_scopes.iter().enumerate() {
            if !client.scopes.contains(scope) {
                let message = format!("the client doesn't have the scope `{scope}`");
                self.say(format!("{at}.default_scopes[{number}]"), message);
            }
        }
        if client.allowed_origins.len() > MAX_ORIGINS {
            self.say(format!("{at}.allowed_origins"), format!("at most {MAX_ORIGINS} origins"));
        }
        for (number, origin) in client.allowed_origins.iter().enumerate() {
            if !is_origin(origin) || origin.len() > MAX_TEXT {
                self.say(format!("{at}.allowed_origins[{number}]"), origin_advice(origin));
            }
        }
    }

    fn ttl(&mut self, path: &str, ttl: Option<u32>) {
        if ttl.is_some_and(|ttl| !(30..=86_400).contains(&ttl)) {
            self.say(path, "30 to 86400 seconds");
        }
    }

    fn text(&mut self, path: &str, text: Option<&str>) {
        if text.is_some_and(|text| {
            text.is_empty() || text.len() > MAX_TEXT || text.chars().any(char::is_control)
        }) {
            self.say(path, "1 to 256 bytes without control characters");
        }
    }

    fn claims(&mut self, path: &str, set: &serde_json::Map<String, serde_json::Value>) {
        for (name, message) in claims::problems(set) {
            let place = if name.is_empty() { path.to_owned() } else { format!("{path}.{name}") };
            self.say(place, message);
        }
    }
}

fn origin_advice(origin: &str) -> String {
    format!(
        "`{origin}` is no origin: scheme, host in lower case and port only, such as `https://app.example.com`"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn origins_are_what_an_independent_parser_writes(
            text in "https?://([a-zA-Z0-9.:@_\\[\\]-]{1,12}|127\\.0\\.0\\.1|[a-z]{1,3}\\.example)(:[0-9]{1,5})?/?"
        ) {
            if !is_origin(&text) || text.contains("xn--") { return Ok(()) }
            let url = url::Url::parse(&text).expect("a URL");
            proptest::prop_assert_eq!(url.origin().ascii_serialization(), text);
        }
    }

    #[test]
    fn no_resource_is_called_like_the_server_itself() {
        let found = |identifier: &str, own: &str| {
            let config = serde_json::json!({ "resource": [{ "identifier": identifier, "scopes": ["a"] }] });
            problems_at(&serde_json::from_value(config).expect("a configuration"), Some(own))
        };
        for (own, refused, allowed) in [
            ("https://id.example", ["https://id.example", "https://id.example/"], "https://id.example/api"),
            ("https://a.example/id", ["https://a.example/id", "https://a.example/id/"], "https://a.example"),
        ] {
            for identifier in refused {
                let found = found(identifier, own);
                assert!(found.iter().any(|problem| problem.path == "resource[0].identifier"), "{identifier}");
            }
            assert!(found(allowed, own).is_empty(), "{allowed}");
        }
    }

    #[test]
    fn urls_that_name_resources_are_urls() {
        let found = |identifier: &str| {
            let config = serde_json::json!({ "resource": [{ "identifier": identifier, "scopes": ["a"] }] });
            problems(&serde_json::from_value(config).expect("a configuration")).len()
        };
        for good in [
            "https://a.example",
            "http://inside:8080/x",
            "https://a.example/x?y",
            "urn:a:b",
            "orders",
            "a{b}",
        ] {
            assert_eq!(found(good), 0, "{good}");
        }
        for bad in [
            "https://",
            "https:a",
            "https://a..example",
            "https://a.example/{id}",
            "https://a.example/#x",
            "http://u@a.example",
            "https://a.example:99999",
        ] {
            assert_eq!(found(bad), 1, "{bad}");
        }
    }

    #[test]
    fn origins_are_scheme_host_port_only() {
        for good in ["https://app.example.com", "http://localhost:3000", "http://[::1]:3000"] {
            assert!(is_origin(good), "{good}");
        }
        for bad in [
            "null",
            "*",
            "https://app.example.com/",
            "https://a/b",
            "app.example.com",
            "https://A.example",
            "https://*.example.com",
            "https://u@h",
            "https://a.example:443",
            "https://a:b:c",
            "https://.",
        ] {
            assert!(!is_origin(bad), "{bad}");
        }
    }
}
