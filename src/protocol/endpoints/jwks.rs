//! `/jwks`: the public signing keys (RFC 7517 §5), upcoming and retiring ones included. It needs no token and is cached.

use serde::Serialize;

use crate::protocol::http::Response;
use crate::protocol::http::error::ServerError;
use crate::protocol::http::json::to_json;
use crate::protocol::keys::schedule::KeyState;
use crate::protocol::model::jwk::PublishedJwk;
use crate::protocol::server::Server;
use crate::protocol::server::answer::public_document;
use crate::protocol::server::ports::Platform;
use crate::protocol::server::request::RequestContext;

#[derive(Serialize)]
struct KeySet<'a> {
    keys: Vec<PublishedJwk<'a>>,
}

pub(crate) async fn serve<P: Platform>(server: &Server<P>, context: &RequestContext<'_>) -> Response {
    context.endpoint.set("jwks");
    match key_set(server, context).await {
        Ok(body) => public_document(server, context, "application/jwk-set+json", body),
        Err(error) => context.fail(server.issuer.as_str(), error.into()),
    }
}

async fn key_set<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
) -> Result<String, ServerError> {
    let snapshot = server.snapshot(context.now).await?;
    let published = snapshot.keys.iter().filter(|key| key.schedule.state(context.now) != KeyState::Gone);
    let keys = published.map(|key| PublishedJwk { kid: &key.kid, alg: key.alg, usage: "sig", key: &key.jwk });
    to_json(&KeySet { keys: keys.collect() })
}
