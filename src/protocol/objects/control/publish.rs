//! What the object publishes to KV: which of its marks is due, and the value of each as things stand.

use serde::{Deserialize, Serialize};

use super::head::{self, Head};
use super::names::{client_snapshot_name, keyring_name, snapshot_name};
use super::outbox::{self, DueSnapshot, Urgency};
use super::{Context, ControlReply, clients, keys};
use crate::protocol::config::registered_client::Client;
use crate::protocol::http::error::ServerError;
use crate::protocol::http::json::to_json;
use crate::protocol::keys::published;
use crate::protocol::model::entropy::Entropy;
use crate::protocol::objects::rows::{Rows, Transaction};

/// A client as an edge reads it from KV.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PublishedClient {
    /// Layout version; see [`crate::protocol::config::snapshot::LAYOUT`].
    pub layout: u32,
    /// The client, secrets as hashes.
    pub client: Client,
}

/// Some snapshots to publish, the most urgent ones first: the keys and the configuration before any client, however many of those
/// there are, because what ends for all clients is in the configuration.
pub(super) fn due<R: Rows, E: Entropy>(
    rows: &Transaction<'_, R>,
    context: &Context<'_, E>,
    limit: u32,
) -> Result<ControlReply, ServerError> {
    let mut marks = Vec::new();
    for name in [keyring_name(context.issuer), snapshot_name(context.issuer)] {
        marks.extend(outbox::mark(rows, &name)?);
    }
    for mark in outbox::marks(rows, limit)? {
        if !marks.contains(&mark) {
            marks.push(mark);
        }
    }
    marks.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let due = marks.into_iter().map(|(place, change)| {
        let name = outbox::name(&place).to_owned();
        // One row that can't be read holds up nobody else: what was taken away has to be published within a minute.
        let (value, problem) = match value(rows, context, &name) {
            Ok(value) => (value, None),
            Err(error) => (None, Some(error.detail().to_owned())),
        };
        DueSnapshot { place, change, name, value, problem }
    });
    Ok(ControlReply::Snapshots(due.collect()))
}

/// The value to publish under `name` as things stand; `None` to delete it.
fn value<R: Rows, E: Entropy>(
    rows: &Transaction<'_, R>,
    context: &Context<'_, E>,
    name: &str,
) -> Result<Option<String>, ServerError> {
    let (issuer, now) = (context.issuer, context.now);
    if name == keyring_name(issuer) {
        let value = head::read(rows)?.map(|head| sealed_keyring(context, &head));
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

/// The sealed copy of the keys. None without a `KEK`, and none with one that doesn't open the keys: then there is nothing to
/// publish, and edges that ask are told why.
fn sealed_keyring<E: Entropy>(context: &Context<'_, E>, head: &Head) -> Result<Option<String>, ServerError> {
    match keys::parcel(context, head) {
        Ok(parcel) => published::seal(&parcel, context.keks, context.issuer, context.now, context.entropy),
        Err(ServerError::Misconfigured(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Takes the sealed copy back if the `KEK` is gone, or if it is to be published anew and the `KEK` doesn't open the keys. Nothing else
/// can be done then, so this is not part of looking after keys, but of publishing. The head says that there is none, so that a
/// `KEK` which opens them brings one back.
#[inline(never)]
pub(super) fn withdraw<R: Rows, E: Entropy>(
    rows: &mut Transaction<'_, R>,
    context: &Context<'_, E>,
    mut head: Head,
) -> Result<(), ServerError> {
    let name = keyring_name(context.issuer);
    let is_closed = || matches!(keys::parcel(context, &head), Err(ServerError::Misconfigured(_)));
    let goes = context.keks.is_empty() || outbox::mark(rows, &name)?.is_some() && is_closed();
    if head.sealed_copy.is_some() && goes {
        head.sealed_copy = None;
        head::write(rows, &head)?;
        outbox::enqueue(rows, &name, Urgency::TakesAway, context.now)?;
    }
    Ok(())
}
