//! What an edge reads from KV, always in one call: the configuration, the sealed keys and a client, as far as they are needed.
//! Only `lookup` calls it.

use std::rc::Rc;

use super::Server;
use super::ports::Platform;
use crate::protocol::codec::json;
use crate::protocol::config::registered_client::Client;
use crate::protocol::config::snapshot::{LAYOUT, Snapshot};
use crate::protocol::http::error::ServerError;
use crate::protocol::keys::published;
use crate::protocol::model::time::Timestamp;
use crate::protocol::objects::control::{PublishedClient, client_snapshot_name};

/// What one read of KV found, besides the keys, which go into the cache.
pub(super) struct Published {
    pub(super) snapshot: Option<Rc<Snapshot>>,
    pub(super) client: Option<Rc<Client>>,
    /// Whether there is something about the client that can't be read here: another release wrote it.
    pub(super) is_unreadable: bool,
}

impl<P: Platform> Server<P> {
    /// Reads KV once: the configuration if the cached one is too old, the keys if there are none yet, and a client if `client_id`
    /// names one.
    pub(super) async fn read_published(
        &self,
        client_id: Option<&str>,
        now: Timestamp,
    ) -> Result<Published, ServerError> {
        let cache = &self.cache;
        let snapshot = cache.fresh_snapshot(now).is_none().then_some(cache.snapshot_name.as_str());
        let keyring = self.lacks_published_keys(now).then_some(cache.keyring_name.as_str());
        let client = client_id.map(|client_id| client_snapshot_name(&self.issuer, client_id));
        let names: Vec<&str> = [snapshot, keyring, client.as_deref()].into_iter().flatten().collect();
        let mut values = self.platform.read_snapshots(&names).await?.into_iter();
        // The values come in the order of the names that were asked for.
        let mut value = |asked: bool| asked.then(|| values.next().flatten()).flatten();
        let snapshot = value(snapshot.is_some()).and_then(|json| parse_snapshot(&json));
        let snapshot = snapshot.map(|snapshot| cache.keep_snapshot(snapshot, now));
        if keyring.is_some() {
            cache.keys_read_at.set(Some(now));
            let opened = value(true).and_then(|text| published::open(&text, &self.keks, &self.issuer, now));
            cache.keep_published_keyring(opened, now);
        }
        let json = value(client.is_some());
        let client = json.as_ref().and_then(|json| parse_client(json, client_id?));
        let is_unreadable = json.is_some() && client.is_none();
        // What is decided about a client that has a document is not yet a client.
        let keep = |client: Client| {
            if client.has_document() { Rc::new(client) } else { cache.keep_client(client, now) }
        };
        Ok(Published { snapshot, client: client.map(keep), is_unreadable })
    }

    /// Whether the keys in KV are worth reading: this edge could open them, has none yet, and has not just asked for them.
    pub(super) fn lacks_published_keys(&self, now: Timestamp) -> bool {
        !self.keks.is_empty() && self.cache.lacks_keys(now)
    }
}

fn parse_snapshot(json: &str) -> Option<Snapshot> {
    json::from_str::<Snapshot>(json).ok().filter(|snapshot| snapshot.layout == LAYOUT)
}

fn parse_client(json: &str, client_id: &str) -> Option<Client> {
    let published: PublishedClient = json::from_str(json).ok()?;
    (published.layout == LAYOUT && published.client.client_id == client_id).then_some(published.client)
}
