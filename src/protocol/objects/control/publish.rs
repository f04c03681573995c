//! What the object publishes to KV, and under which names.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::Context;
use super::clients;
use super::head;
use super::sealed_copy;
use crate::protocol::codec::encoding::base64url;
use crate::protocol::config::registered_client::Client;
use crate::protocol::http::error::ServerError;
use crate::protocol::http::json::to_json;
use crate::protocol::model::entropy::Entropy;
use crate::protocol::model::issuer::Issuer;
use crate::protocol::objects::rows::{Rows, Transaction};

/// A client as an edge reads it from KV.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PublishedClient {
    /// Layout version; see [`crate::protocol::config::snapshot::LAYOUT`].
    pub layout: u32,
    /// The client, secrets as hashes.
    pub client: Client,
}

/// Name of the compiled configuration. Names start with a digest of the issuer, so that issuers that share a
/// namespace can't read each other's.
pub fn snapshot_name(issuer: &Issuer) -> String {
    format!("{}/snapshot", prefix(issuer))
}

/// Name of a client.
pub fn client_snapshot_name(issuer: &Issuer, client_id: &str) -> String {
    format!("{}/client/{client_id}", prefix(issuer))
}

/// Name of the sealed keyring; see [`crate::protocol::keys::published`].
pub fn keyring_name(issuer: &Issuer) -> String {
    format!("{}/keyring", prefix(issuer))
}

fn prefix(issuer: &Issuer) -> String {
    let digest = Sha256::digest(issuer.as_str().as_bytes());
    base64url(digest.get(..12).unwrap_or_default())
}

/// The value to publish under `name` as things stand; `None` to delete it.
pub(super) fn value<R: Rows, E: Entropy>(
    rows: &Transaction<'_, R>,
    context: &Context<'_, E>,
    name: &str,
) -> Result<Option<String>, ServerError> {
    let (issuer, now) = (context.issuer, context.now);
    if name == keyring_name(issuer) {
        let value = head::read(rows)?.map(|head| sealed_copy::value(context, &head));
        return Ok(value.transpose()?.flatten());
    }
    let layout = crate::protocol::config::snapshot::LAYOUT;
    let value = if name == snapshot_name(issuer) {
        head::read(rows)?.map(|head| to_json(&head.snapshot(issuer, now)))
    } else {
        let own = client_snapshot_name(issuer, "");
        let Some(client_id) = name.strip_prefix(&own) else {
            return Ok(None);
        };
        clients::load(rows, client_id)?.map(|client| to_json(&PublishedClient { layout, client }))
    };
    value.transpose()
}
