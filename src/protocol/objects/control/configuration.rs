//! Commands about the configuration as a whole.

use std::collections::BTreeMap;

use super::clients;
use super::head;
use super::head::Head;
use super::keys;
use super::outbox::Urgency;
use super::{Context, ControlRefusal, ControlReply, Stop};
use crate::protocol::config::Config;
use crate::protocol::config::administrator::administrators;
use crate::protocol::config::registered_client::{Client, ManagedBy};
use crate::protocol::http::error::ServerError;
use crate::protocol::model::entropy::Entropy;
use crate::protocol::objects::rows::{Rows, Transaction};
use crate::protocol::state::config::{Change, reconcile};
use crate::protocol::validate::{Problem, lookalike, problems_at, unresolved};

/// The configuration as it is in force: declared clients are read back from their rows, so that what was
/// changed through the API since shows as a difference.
#[inline(never)]
pub(super) fn read<R: Rows>(rows: &Transaction<'_, R>, head: Head) -> Result<ControlReply, Stop> {
    let mut config = head.config;
    for client_id in &head.declared {
        if let Some(client) = clients::load(rows, client_id)? {
            config.client.push(client.config);
        }
    }
    Ok(ControlReply::Config { version: head.config_version, config: Box::new(config) })
}

/// Puts `desired` into force, all of it or nothing. Applying what is in force already changes nothing.
#[inline(never)]
pub(super) fn apply<R: Rows, E: Entropy>(
    rows: &mut Transaction<'_, R>,
    context: &mut Context<'_, E>,
    mut head: Head,
    base_version: u64,
    mut desired: Config,
) -> Result<ControlReply, Stop> {
    if base_version != head.config_version {
        return Err(Stop::Refused(ControlRefusal::VersionConflict { current: head.config_version }));
    }
    check(context, &desired)?;
    check_lookalikes(rows, &desired)?;
    let existing = concerned(rows, &head, &desired)?;
    let result = reconcile(&existing, &desired, context.epoch(), context.now);
    let declared: Vec<String> = desired.client.iter().map(|client| client.client_id.clone()).collect();
    desired.client.clear();
    desired.issuer = None;
    if result.put.is_empty()
        && result.delete.is_empty()
        && desired == head.config
        && declared == head.declared
    {
        return Ok(ControlReply::Applied {
            version: head.config_version,
            changes: Vec::new(),
            secrets: Vec::new(),
            administrators_changed: false,
        });
    }
    let administrators_changed =
        administrators(&head.config.administrator) != administrators(&desired.administrator);
    head.client_algs.extend(result.put.iter().flat_map(|(client, _)| client.algs()));
    head.config = desired;
    head.declared = declared;
    head.config_version += 1;
    keys::make_wanted(context, &mut head)?;
    let mut changes = Vec::new();
    let mut secrets = Vec::new();
    for (mut client, change) in result.put {
        secrets.extend(clients::first_secret(&mut client, context));
        client.config_version = head.config_version;
        let urgency = if change == Change::Create { Urgency::Gives } else { Urgency::TakesAway };
        clients::save(rows, context, &client, urgency)?;
        changes.push((client.config.client_id, change));
    }
    for client_id in result.delete {
        clients::remove(rows, context, &client_id)?;
        changes.push((client_id, Change::Delete));
    }
    head::save(rows, context, &mut head)?;
    clients::refresh_summary(rows, context, &mut head, true)?;
    Ok(ControlReply::Applied { version: head.config_version, changes, secrets, administrators_changed })
}

fn check<E: Entropy>(context: &Context<'_, E>, desired: &Config) -> Result<(), Stop> {
    let own = context.issuer.as_str();
    let mut found = problems_at(desired, Some(own));
    found.extend(unresolved(&desired.administrator));
    if desired.issuer.as_deref().is_some_and(|issuer| issuer != own) {
        found
            .push(Problem { path: "issuer".to_owned(), message: format!("this server's issuer is `{own}`") });
    }
    let admin = context.issuer.admin_resource();
    for (index, resource) in desired.resource.iter().enumerate() {
        if resource.identifier == admin {
            let path = format!("resource[{index}].identifier");
            found.push(Problem { path, message: "this is the server's own admin API".to_owned() });
        }
    }
    if found.is_empty() { Ok(()) } else { Err(Stop::Refused(ControlRefusal::Invalid(found))) }
}

/// Clients that the document doesn't have may have the name of one of its resources.
fn check_lookalikes<R: Rows>(rows: &Transaction<'_, R>, desired: &Config) -> Result<(), Stop> {
    let mut found = Vec::new();
    for (index, resource) in desired.resource.iter().enumerate() {
        let Some(message) = lookalike(resource.access_token_typ) else { continue };
        if clients::load(rows, &resource.identifier)?
            .is_some_and(|client| client.managed_by == ManagedBy::Api)
        {
            let path = format!("resource[{index}].access_token_typ");
            found.push(Problem { path, message: message.to_owned() });
        }
    }
    if found.is_empty() { Ok(()) } else { Err(Stop::Refused(ControlRefusal::Invalid(found))) }
}

fn concerned<R: Rows>(
    rows: &Transaction<'_, R>,
    head: &Head,
    desired: &Config,
) -> Result<BTreeMap<String, Client>, ServerError> {
    let wanted = desired.client.iter().map(|client| &client.client_id);
    let mut found = BTreeMap::new();
    for client_id in head.declared.iter().chain(wanted) {
        if let Some(client) = clients::load(rows, client_id)? {
            let is_declared = client.managed_by == ManagedBy::Config;
            if is_declared || desired.client.iter().any(|config| config.client_id == *client_id) {
                found.insert(client_id.clone(), client);
            }
        }
    }
    Ok(found)
}
