//! The rules that a server is held to, each with its name and where it stands.
//!
//! `docs/guides/mcp.md` lists them; `cli/tests/cli/doctor.rs` has a server that breaks each.

/// A rule: its name in the report, and the specification and section that it stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) name: &'static str,
    pub(super) specification: &'static str,
}

/// Declares the rules, and the list of all of them.
macro_rules! rules {
    ($($constant:ident, $name:literal, $specification:literal;)*) => {
        $(pub(super) const $constant: Rule = Rule { name: $name, specification: $specification };)*
        /// Every rule there is.
        #[cfg(test)]
        pub(super) const ALL: &[Rule] = &[$($constant),*];
    };
}

rules! {
    RESOURCE_URL, "resource-url", "MCP Authorization, Canonical Server URI; RFC 8707 §2";
    REACHABLE, "reachable", "MCP Authorization, Communication Security";
    PROTECTED, "protected", "MCP Authorization, Token Handling; RFC 9110 §15.5.2";
    CHALLENGE, "challenge", "RFC 6750 §3; RFC 9110 §11.6.1";
    CHALLENGE_METADATA, "challenge-resource-metadata", "RFC 9728 §5.1";
    CHALLENGE_SCOPE, "challenge-scope", "MCP Authorization, Scope Selection Strategy; RFC 6750 §3";
    RESOURCE_METADATA, "resource-metadata", "RFC 9728 §3.1, §3.2";
    RESOURCE_IDENTIFIER, "resource-identifier", "RFC 9728 §3.3";
    AUTHORIZATION_SERVERS, "authorization-servers", "MCP Authorization, Authorization Server Location; RFC 9728 §2";
    ONE_SERVER, "one-authorization-server", "MCP Authorization, Authorization Server Location";
    BEARER_HEADER, "bearer-header", "MCP Authorization, Token Requirements; RFC 9728 §2";
    RESOURCE_SCOPES, "resource-scopes", "MCP Authorization, Refresh Tokens";
    SERVER_METADATA, "server-metadata", "RFC 8414 §3; OpenID Connect Discovery 1.0 §4";
    WELL_KNOWN, "well-known-answers", "MCP Authorization, Authorization Server Metadata Discovery; RFC 8414 §3.2";
    ISSUER, "issuer", "RFC 8414 §3.3";
    DOCUMENTS_AGREE, "documents-agree", "RFC 8414 §5";
    ENDPOINTS, "endpoints", "RFC 8414 §2";
    ENDPOINTS_HTTPS, "endpoints-https", "MCP Authorization, Communication Security; OAuth 2.1 §1.5";
    RESPONSE_TYPE, "response-type", "RFC 8414 §2; OAuth 2.1 §4.1";
    PKCE, "pkce", "MCP Authorization, Authorization Code Protection; RFC 8414 §2";
    PUBLIC_CLIENTS, "public-clients", "OAuth 2.1 §2.1; RFC 8414 §2";
    RESPONSE_ISSUER, "response-issuer", "RFC 9207 §3";
    REFRESH, "refresh", "MCP Authorization, Refresh Tokens; RFC 8414 §2";
    DISCOVERY_CORS, "discovery-cors", "MCP Authorization, MCP-Protocol-Version; Fetch §3.2";
    KEYS, "keys", "RFC 8414 §2; RFC 7517 §5";
    KEYS_PUBLIC, "keys-public", "RFC 7518 §6.2.2, §6.3.2";
    ONBOARDING, "onboarding", "MCP Authorization, Client Registration Approaches";
    REGISTRATION_OPEN, "registration-open", "RFC 7591 §3";
    REGISTRATION_REFUSAL, "registration-refusal", "RFC 7591 §3.2.2";
    REGISTRATION_ANSWER, "registration-answer", "RFC 7591 §3.2.1";
    NO_OPEN_REDIRECT, "no-open-redirect", "RFC 6749 §4.1.2.1; RFC 9700 §4.11";
    AUTHORIZE, "authorize", "RFC 6749 §4.1.1";
    AUTHORIZE_ERROR, "authorize-error", "RFC 6749 §4.1.2.1; RFC 9207 §2";
    PKCE_REQUIRED, "pkce-required", "OAuth 2.1 §4.1.1; RFC 7636 §4.4.1";
    TOKEN_ERROR, "token-error", "RFC 6749 §5.2";
    UNKNOWN_CLIENT, "unknown-client", "RFC 6749 §5.2";
    TOKEN_CHECKED, "token-checked", "MCP Authorization, Token Handling; RFC 6750 §3.1";
    INVALID_TOKEN, "invalid-token", "RFC 6750 §3.1";
    ISSUER_URL, "issuer-url", "RFC 8414 §2; OpenID Connect Core 1.0 §16.17";
    CLOCK, "clock", "RFC 7519 §4.1.4";
    ADMIN_API, "admin-api", "docs/operations.md";
    KEYS_IN_FORCE, "keys-in-force", "docs/operations.md";
    KEYS_WRAPPED, "keys-wrapped", "docs/deploy.md";
    KEYS_PUBLISHED, "keys-published", "docs/architecture.md, State and consistency";
    CONFIGURATION, "configuration", "docs/configuration.md";
    PEOPLE, "people", "docs/users.md";
}

#[cfg(test)]
mod tests {
    use super::ALL;

    #[test]
    fn every_rule_is_documented_under_its_own_name() {
        let text = include_str!("../../../docs/doctor.md");
        for (index, rule) in ALL.iter().enumerate() {
            assert!(text.contains(&format!("| `{}` |", rule.name)), "{}", rule.name);
            assert!(ALL.iter().take(index).all(|other| other.name != rule.name), "{} twice", rule.name);
        }
    }
}
