//! `/jwks`: the public keys (RFC 7517 §5), upcoming and retiring ones included.

use serde::Serialize;

use super::super::error::ServerError;
use super::super::http::Response;
use super::super::jwk::PublishedJwk;
use super::super::log::Exchange;
use super::super::ports::Platform;
use super::super::server::Server;
use super::super::state::keys::KeyState;
use super::public_document;

#[derive(Serialize)]
struct KeySet<'a> {
    keys: Vec<PublishedJwk<'a>>,
}

pub(super) async fn serve<P: Platform>(server: &Server<P>, exchange: &Exchange<'_>) -> Response {
    exchange.endpoint.set("jwks");
    match key_set(server, exchange).await {
        Ok(body) => public_document(server, exchange, "application/jwk-set+json", body),
        Err(error) => exchange.fail(server.issuer.as_str(), error.into()),
    }
}

async fn key_set<P: Platform>(server: &Server<P>, exchange: &Exchange<'_>) -> Result<String, ServerError> {
    let snapshot = server.snapshot(exchange.now).await?;
    let published = snapshot.keys.iter().filter(|key| key.schedule.state(exchange.now) != KeyState::Gone);
    let keys = published.map(|key| PublishedJwk { kid: &key.kid, alg: key.alg, usage: "sig", key: &key.jwk });
    serde_json::to_string(&KeySet { keys: keys.collect() })
        .map_err(|error| ServerError::internal(error.to_string()))
}
