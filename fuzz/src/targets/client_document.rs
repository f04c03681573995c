//! A client's metadata document: what is read of it is a client without a secret, with redirect URIs that may be registered and with keys if it has to sign.

use mintedge::protocol::config::redirect_uri::problem;
use mintedge::protocol::documents::read::{digest, read};

/// Runs one input.
pub fn run(input: &[u8]) {
    let url = "https://app.example.com/client.json";
    let Ok(client) = read(url, input, (&[], false)) else { return };
    assert_eq!(client.client_id, url);
    assert!(client.client_name.as_deref().is_some_and(|name| !name.is_empty()));
    assert!(!client.redirect_uris.is_empty() && !client.has_secret() && client.scopes.is_empty());
    assert!(client.redirect_uris.iter().all(|uri| problem(uri, &[]).is_none()));
    assert!(client.is_public() == (client.jwks.is_none() && client.jwks_uri.is_none()));
    assert_eq!(digest(&client).len(), 22);
}
