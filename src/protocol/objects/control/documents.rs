//! Clients with a metadata document: which ones wait for an administrator, and what administrators decided.
//!
//! A decision is the row of a client that has nothing but its id: edges read it where they read registered clients, and every command
//! about clients finds it there. Who waits is a row of its own, of which there are few.

use serde::{Deserialize, Serialize};

use super::outbox::Urgency;
use super::{Context, ControlRefusal, ControlReply, Stop, clients};
use crate::protocol::config::ClientConfig;
use crate::protocol::config::registered_client::{Client, ManagedBy};
use crate::protocol::documents::url::{host, is_url};
use crate::protocol::http::error::ServerError;
use crate::protocol::model::client::AuthMethod;
use crate::protocol::model::entropy::Entropy;
use crate::protocol::model::time::{DAY, Timestamp};
use crate::protocol::objects::rows::{Rows, Transaction};
use crate::protocol::state::client as life;

/// The rows of clients that wait: this and the client's id.
const WAITING: &str = "waiting/";
/// The most clients that wait. Another one takes the place of the oldest.
const MAX_WAITING: usize = 100;
/// The most clients of one host that wait.
const MAX_OF_HOST: usize = 5;
/// How long a client waits, in seconds.
const PATIENCE: u64 = 30 * DAY;

/// A client that waits for an administrator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WaitingClient {
    /// The URL of its document.
    pub client_id: String,
    /// The name that it gives itself.
    pub client_name: String,
    /// When it asked first.
    #[cfg_attr(feature = "schema", schemars(with = "u64"))]
    pub asked_at: Timestamp,
}

/// A client without anything but what is decided about it.
fn undecided<E: Entropy>(context: &Context<'_, E>, client_id: &str) -> Client {
    let config = ClientConfig {
        client_id: client_id.to_owned(),
        token_endpoint_auth_method: Some(AuthMethod::None),
        ..ClientConfig::default()
    };
    // It may have been given something already, which no epoch tells from what comes.
    Client { epoch: None, ..life::declare(&config, ManagedBy::Document, context.epoch(), context.now) }
}

/// The client called `client_id`; for a URL that nothing is stored of, one that nothing is decided about.
pub(super) fn existing<R: Rows, E: Entropy>(
    rows: &Transaction<'_, R>,
    context: &Context<'_, E>,
    client_id: &str,
) -> Result<Client, Stop> {
    match clients::load(rows, client_id)? {
        Some(client) => Ok(client),
        None if is_url(client_id) => Ok(undecided(context, client_id)),
        None => Err(Stop::Refused(ControlRefusal::NotFound)),
    }
}

/// Puts a client on the list of those that wait, unless it is there or has been decided about.
#[inline(never)]
pub(super) fn ask<R: Rows, E: Entropy>(
    rows: &mut Transaction<'_, R>,
    context: &Context<'_, E>,
    client_id: &str,
    client_name: String,
) -> Result<ControlReply, Stop> {
    let is_decided = clients::load(rows, client_id)?
        .is_some_and(|client| client.admitted_at.is_some() || !client.is_enabled() || !client.has_document());
    let waiting = waiting(rows, context.now)?;
    let is_there = waiting.iter().any(|known| known.client_id == client_id);
    let of_host = waiting.iter().filter(|known| host(&known.client_id) == host(client_id)).count();
    if is_decided || is_there || of_host >= MAX_OF_HOST {
        return Ok(ControlReply::Client(None));
    }
    for known in rows.all::<WaitingClient>(WAITING)?.into_iter().map(|(_, known)| known) {
        let is_oldest = waiting.len() >= MAX_WAITING && waiting.first() == Some(&known);
        if is_oldest || !waiting.contains(&known) {
            rows.delete(key(&known.client_id));
        }
    }
    let asked_at = context.now;
    rows.write(key(client_id), &WaitingClient { client_id: client_id.to_owned(), client_name, asked_at })?;
    Ok(ControlReply::Client(None))
}

fn key(client_id: &str) -> String {
    format!("{WAITING}{client_id}")
}

/// Who waits, the one first that has waited longest.
fn waiting<R: Rows>(rows: &Transaction<'_, R>, now: Timestamp) -> Result<Vec<WaitingClient>, ServerError> {
    let all = rows.all::<WaitingClient>(WAITING)?.into_iter().map(|(_, known)| known);
    let mut waiting: Vec<_> = all.filter(|known| now.since(known.asked_at) < PATIENCE).collect();
    waiting.sort_by(|one, other| (one.asked_at, &one.client_id).cmp(&(other.asked_at, &other.client_id)));
    Ok(waiting)
}

#[inline(never)]
pub(super) fn list<R: Rows, E: Entropy>(
    rows: &Transaction<'_, R>,
    context: &Context<'_, E>,
) -> Result<ControlReply, Stop> {
    Ok(ControlReply::Waiting(waiting(rows, context.now)?))
}

/// Admits a client or refuses it; a refused one loses all that it was given.
#[inline(never)]
pub(super) fn decide<R: Rows, E: Entropy>(
    rows: &mut Transaction<'_, R>,
    context: &Context<'_, E>,
    client_id: &str,
    admit: bool,
) -> Result<ControlReply, Stop> {
    let mut client = existing(rows, context, client_id)?;
    if !client.has_document() {
        return Err(Stop::Refused(ControlRefusal::AlreadyExists));
    }
    life::decide(&mut client, admit, context.epoch(), context.now);
    rows.delete(key(client_id));
    clients::save(rows, context, &client, if admit { Urgency::Gives } else { Urgency::TakesAway })?;
    Ok(ControlReply::Client(Some(Box::new(client))))
}
