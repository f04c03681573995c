//! The terms that `[registration]` makes, and what an open registration can carry.

use super::metadata::Terms;
use crate::protocol::config::{ClientConfig, RegistrationConfig};
use crate::protocol::model::client::AuthMethod;
use crate::protocol::model::scope::ScopeSet;

/// Calls `read` with the terms of `policy`. `local` is whether this server is one of local development.
pub fn with_terms<T>(policy: &RegistrationConfig, local: bool, read: impl FnOnce(&Terms<'_>) -> T) -> T {
    read(&Terms {
        auth_methods: &policy.token_endpoint_auth_methods,
        default_auth_method: AuthMethod::ClientSecretBasic,
        grant_types: &policy.grant_types,
        scopes: &policy.scopes,
        schemes: &policy.private_use_schemes,
        redirect_objection: &|uri| policy.redirect_objection(uri),
        strict_redirect_uris: policy.strict_redirect_uris,
        local,
    })
}

/// What of `config` an id carries. Scopes only if the client named some: else it has those that policy permits at the time. Of
/// signatures only those that there are keys for (logout tokens are signed, too), and nothing that a client of the operator's own would need.
pub fn to_carry(mut config: ClientConfig, named_scopes: bool, policy: &RegistrationConfig) -> ClientConfig {
    if !named_scopes {
        config.scopes = ScopeSet::default();
    }
    if policy.algs().is_empty() {
        config.id_token_signed_response_alg = None;
        config.userinfo_signed_response_alg = None;
        config.frontchannel_logout_uri = None;
        config.backchannel_logout_uri = None;
    }
    config.introspection_signed_response_alg = None;
    config
}
