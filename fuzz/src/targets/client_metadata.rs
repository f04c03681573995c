//! What a client says of itself: whatever it is, what comes out leads to applications and public addresses only.

use mintedge::protocol::config::redirect_uri;
use mintedge::protocol::model::client::AuthMethod;
use mintedge::protocol::model::grant_type::GrantType;
use mintedge::protocol::model::outbound::objection;
use mintedge::protocol::model::scope::ScopeSet;
use mintedge::protocol::registration::metadata::{Terms, read};

/// Runs one input.
pub fn run(document: &[u8]) {
    let Ok(text) = std::str::from_utf8(document) else { return };
    let Ok(object) = mintedge::protocol::codec::json::from_str(text) else { return };
    let scopes: ScopeSet = ["openid", "a"].into_iter().collect();
    let schemes = ["cursor".to_owned()];
    let terms = Terms {
        auth_methods: &AuthMethod::ALL,
        default_auth_method: AuthMethod::None,
        grant_types: GrantType::ALL,
        scopes: &scopes,
        schemes: &schemes,
        redirect_objection: &|_| None,
        strict_redirect_uris: false,
        local: false,
    };
    let Ok(metadata) = read(&object, &terms) else { return };
    let config = &metadata.config;
    assert!(config.redirect_uris.iter().all(|uri| redirect_uri::problem(uri, &schemes).is_none()));
    assert!(config.redirect_uris.len() <= 20 && metadata.notes.len() <= 50);
    assert!(config.scopes.is_subset(&scopes));
    let called = [&metadata.jwks_uri, &metadata.sector_identifier_uri, &config.backchannel_logout_uri];
    assert!(called.into_iter().flatten().all(|uri| objection(uri, false).is_none()));
    assert!(metadata.jwks.is_none_or(|keys| !keys.to_string().contains("\"d\":")));
}
