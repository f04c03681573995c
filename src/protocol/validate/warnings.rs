//! What is allowed and probably not meant. `mintedge validate`, `plan` and `apply` show it; nothing is refused for it.

use super::{Problem, has_full_administrator};
use crate::protocol::config::federation::{IssuerKind, TrustedIssuerConfig};
use crate::protocol::config::{ClientConfig, Config};
use crate::protocol::model::jwk_set::KeySet;
use crate::protocol::model::token_type::AccessTokenTyp;

/// Audiences that belong to somebody else, and to whom. A slash at the end makes no difference.
const FOREIGN: [(&str, &str); 13] = [
    ("kubernetes", API_SERVER),
    ("kubernetes.default", API_SERVER),
    ("kubernetes.default.svc", API_SERVER),
    ("kubernetes.default.svc.cluster.local", API_SERVER),
    ("sts.amazonaws.com", "AWS"),
    ("api://AzureADTokenExchange", "Microsoft Entra"),
    ("graph.microsoft.com", "Microsoft Graph"),
    ("00000003-0000-0000-c000-000000000000", "Microsoft Graph"),
    ("management.azure.com", "Azure"),
    ("management.core.windows.net", "Azure"),
    ("account", "Keycloak"),
    ("vault", "Vault"),
    ("sigstore", "Sigstore"),
];
/// What starts an audience that belongs to somebody else, and to whom.
const FOREIGN_STARTS: [(&str, &str); 4] = [
    ("container.googleapis.com/", API_SERVER),
    ("iam.googleapis.com/", "Google Cloud"),
    ("//iam.googleapis.com/", "Google Cloud"),
    ("github.com/", "nobody in particular: it is GitHub's default"),
];
const API_SERVER: &str = "an API server of Kubernetes: every pod has one";

/// All that is allowed in `config` and deserves a second look.
pub fn warnings(config: &Config) -> Vec<Problem> {
    let mut found = Vec::new();
    for (index, resource) in config.resource.iter().enumerate() {
        if resource.access_token_typ == AccessTokenTyp::Jwt {
            let message = "such access tokens look like ID tokens to whoever doesn't compare `aud` (RFC 9068 §2.1): only for \
                           verifiers that refuse at+jwt";
            let path = format!("resource[{index}].access_token_typ");
            found.push(Problem { path, message: message.to_owned() });
        }
    }
    if !config.administrator.is_empty() && !has_full_administrator(config) {
        let message = "no administrator has `mintedge:write`: whatever their scopes don't cover needs the deployment's ADMIN_SECRET, \
                       or a client with that scope";
        found.push(Problem { path: "administrator".to_owned(), message: message.to_owned() });
    }
    if config.experimental.transaction_tokens.is_some() {
        let message = "this follows a draft (draft-ietf-oauth-transaction-tokens-09) and changes with it, in any release";
        let path = "experimental.transaction_tokens".to_owned();
        found.push(Problem { path, message: message.to_owned() });
    }
    for (index, client) in config.client.iter().enumerate() {
        let Some(name) = &client.native_sso else { continue };
        let shares = |other: &ClientConfig| {
            other.client_id != client.client_id && other.native_sso.as_ref() == Some(name)
        };
        if !config.client.iter().any(shares) {
            let message = format!(
                "no other client of the file has the name `{name}`, so the login is shared with none of them"
            );
            found.push(Problem { path: format!("client[{index}].native_sso"), message });
        }
    }
    for (index, issuer) in config.trusted_issuer.iter().enumerate() {
        let at = format!("trusted_issuer[{index}]");
        for (number, audience) in issuer.audiences.iter().enumerate() {
            if let Some(owner) = owner(audience, issuer) {
                let message = format!(
                    "`{audience}` is the audience of tokens for {owner}; whoever gets hold of such a token can present it \
                     here. Have tokens made for this server: its issuer is the usual audience"
                );
                found.push(Problem { path: format!("{at}.audiences[{number}]"), message });
            }
        }
        let keys = issuer.jwks.as_ref().and_then(KeySet::of);
        if let Some(name) = keys.as_ref().and_then(KeySet::ambiguous) {
            let message = format!("different keys are called `{name}`: a token that names it is refused");
            found.push(Problem { path: format!("{at}.jwks"), message });
        }
    }
    found
}

/// Whose an audience is, if it is the usual one of somebody else.
fn owner(audience: &str, issuer: &TrustedIssuerConfig) -> Option<&'static str> {
    if audience == issuer.issuer() {
        let of_cluster = issuer.kind == IssuerKind::Kubernetes;
        return Some(if of_cluster { API_SERVER } else { "the issuer itself" });
    }
    let plain = audience.strip_prefix("https://").unwrap_or(audience);
    let known = FOREIGN.iter().find(|(name, _)| plain.strip_suffix('/').unwrap_or(plain) == *name);
    let begun = || FOREIGN_STARTS.iter().find(|(start, _)| plain.starts_with(start));
    known.or_else(begun).map(|(_, owner)| *owner)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn paths(issuer: &Value) -> Vec<String> {
        let config = json!({ "trusted_issuer": [issuer] });
        let config: Config = serde_json::from_value(config).expect("a configuration");
        warnings(&config).into_iter().map(|warning| warning.path).collect()
    }

    #[test]
    fn an_audience_of_somebody_else_is_warned_of() {
        for audience in [
            "https://kubernetes.default.svc",
            "https://kubernetes.default.svc/",
            "https://kubernetes.default.svc.cluster.local",
            "kubernetes.default.svc",
            "https://container.googleapis.com/v1/projects/p/locations/l/clusters/c",
            "https://cluster.example/id/1",
            "sts.amazonaws.com",
            "api://AzureADTokenExchange",
            "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q",
            "https://management.azure.com/",
            "https://github.com/octo-org",
            "account",
        ] {
            let issuer = json!({ "id": "k", "kind": "kubernetes", "issuer": "https://cluster.example/id/1",
                "audiences": ["https://id.example.com", audience] });
            assert_eq!(paths(&issuer), ["trusted_issuer[0].audiences[1]"], "{audience}");
        }
        for audience in ["https://id.example.com", "mintedge", "https://kubernetes.example.com"] {
            let issuer =
                json!({ "id": "k", "kind": "oidc", "issuer": "https://a.example", "audiences": [audience] });
            assert!(paths(&issuer).is_empty(), "{audience}");
        }
    }

    #[test]
    fn keys_that_share_a_name_are_warned_of() {
        let key = |x: &str| json!({ "kty": "OKP", "crv": "Ed25519", "kid": "a", "x": x.repeat(43) });
        let issuer = |keys: Value| json!({ "id": "k", "kind": "oidc", "issuer": "https://a.example", "jwks": { "keys": keys } });
        assert_eq!(paths(&issuer(json!([key("A"), key("E")]))), ["trusted_issuer[0].jwks"]);
        assert!(paths(&issuer(json!([key("A"), key("A")]))).is_empty());
    }
}
