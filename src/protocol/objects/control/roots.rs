//! Commands about the root secret's generations, and about the `KEK` that wraps everything at rest.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::head::{Head, ROOT, save};
use super::keys;
use super::{Context, ControlRefusal, ControlReply, Stop};
use crate::protocol::http::error::ServerError;
use crate::protocol::keys::derived::{Purpose, Root};
use crate::protocol::keys::kek::StoredPrivate;
use crate::protocol::keys::schedule::PublicKey;
use crate::protocol::keys::schedule::{KeyState, Schedule};
use crate::protocol::model::entropy::Entropy;
use crate::protocol::model::secret::SecretBytes;
use crate::protocol::model::time::{HOUR, Timestamp};
use crate::protocol::objects::rows::{Rows, Transaction};
use crate::protocol::state::keys::Rotation;
use crate::protocol::state::roots::{MOST, StoredRoot};

/// All keys of a server, without anything secret.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Inventory {
    /// The signing keys.
    pub keys: Vec<PublicKey>,
    /// The root secret's generations.
    pub roots: Vec<RootInfo>,
    /// What wraps all of them at rest.
    pub kek: KekInfo,
}

/// A generation of the root secret.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RootInfo {
    /// What values call it.
    pub id: u8,
    /// Whether it is the one that values are made with.
    pub writing: bool,
    /// Its states.
    pub schedule: Schedule,
    /// What it was taken out for.
    pub retired_for: BTreeSet<Purpose>,
}

/// How the keys lie at rest.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct KekInfo {
    /// Names the `KEK`, if there is one.
    pub id: Option<String>,
    /// How many keys it wraps.
    pub wrapped: usize,
    /// How many lie otherwise: wrapped by another one, or in the clear.
    pub others: usize,
}

/// All keys and how they lie. Does what is due first, so that whoever replaces the `KEK` and looks finds everything wrapped anew;
/// with a wrong `KEK` it shows what there is.
#[inline(never)]
pub(super) fn show<R: Rows, E: Entropy>(
    rows: &mut Transaction<'_, R>,
    context: &mut Context<'_, E>,
    mut head: Head,
) -> Result<ControlReply, Stop> {
    match keys::tend_head(rows, context, &mut head) {
        Ok(()) | Err(Stop::Server(ServerError::Misconfigured(_))) => {
            Ok(ControlReply::Inventory(Box::new(inventory(context, &head))))
        }
        Err(stop) => Err(stop),
    }
}

fn inventory<E: Entropy>(context: &Context<'_, E>, head: &Head) -> Inventory {
    let roots = head.roots.all.iter().map(|root| RootInfo {
        id: root.id,
        writing: root.id == head.roots.writing,
        schedule: root.schedule,
        retired_for: root.retired_for.clone(),
    });
    let id = context.keks.id();
    let lying: Vec<Option<&str>> = at_rest(head).map(StoredPrivate::kek).collect();
    let wrapped = lying.iter().filter(|kek| kek.is_some() && **kek == id.as_deref()).count();
    Inventory {
        keys: head.public_keys(context.now),
        roots: roots.collect(),
        kek: KekInfo { id, wrapped, others: lying.len() - wrapped },
    }
}

fn at_rest(head: &Head) -> impl Iterator<Item = &StoredPrivate> {
    let roots = head.roots.all.iter().filter_map(|root| root.secret.as_ref());
    head.keys.iter().map(|key| &key.private).chain(roots).chain([&head.root])
}

/// Whether every key that is still needed can be opened: with another `KEK` nothing may be made or written.
pub(super) fn check<E: Entropy>(context: &Context<'_, E>, head: &Head) -> Result<(), ServerError> {
    let needed = head.keys.iter().filter(|key| may_sign(key.public.schedule, context.now));
    let roots = head.roots.all.iter().filter_map(|root| root.secret.as_ref());
    let mut all = needed.map(|key| &key.private).chain(roots).chain([&head.root]);
    all.try_for_each(|stored| context.keks.check(stored))
}

/// A retiring key never signs.
pub(super) fn may_sign(schedule: Schedule, now: Timestamp) -> bool {
    matches!(schedule.state(now), KeyState::Next | KeyState::Active)
}

/// Wraps everything by the current `KEK`: what lies in the clear because there was none, and what an earlier one wraps.
/// All of it is one row, so it happens to all or to none.
pub(super) fn rewrap<E: Entropy>(context: &Context<'_, E>, head: &mut Head) -> Result<bool, ServerError> {
    let rewrap = |stored: &mut StoredPrivate, name: &str| {
        let new = context.keks.rewrap(stored, context.issuer.as_str(), name, context.entropy)?;
        let changed = new.is_some();
        *stored = new.unwrap_or_else(|| stored.clone());
        Ok::<bool, ServerError>(changed)
    };
    let mut changed = rewrap(&mut head.root, ROOT)?;
    for root in &mut head.roots.all {
        if let Some(secret) = &mut root.secret {
            changed |= rewrap(secret, &name(root.id))?;
        }
    }
    for key in &mut head.keys {
        // One that is of no use any more may lie under a KEK that nobody has.
        let needed = may_sign(key.public.schedule, context.now) || context.keks.check(&key.private).is_ok();
        if needed {
            changed |= rewrap(&mut key.private, &key.public.kid)?;
        }
    }
    Ok(changed)
}

/// The name under which a generation is wrapped.
fn name(id: u8) -> String {
    format!("root/{id}")
}

/// What is due: the first generation of a server that had none, successors, the switch to them, the end of old ones.
pub(super) fn tend<E: Entropy>(context: &Context<'_, E>, head: &mut Head) -> Result<bool, ServerError> {
    if head.roots.all.is_empty() {
        // An earlier release made values with the secret that names come from.
        head.roots.add(None, context.now, context.now);
        head.keys_version += 1;
        return Ok(true);
    }
    let wanted = head.roots.wanted(context.now);
    if let Some(starts) = wanted {
        add(context, head, starts)?;
    }
    let switched = head.roots.switch(context.now);
    let swept = head.roots.sweep(context.now);
    let changed = wanted.is_some() || switched || swept;
    head.keys_version += u64::from(changed);
    Ok(changed)
}

/// Makes a generation that is used from `starts` on.
pub(super) fn add<E: Entropy>(
    context: &Context<'_, E>,
    head: &mut Head,
    starts: Timestamp,
) -> Result<(), ServerError> {
    let secret = SecretBytes::generate(context.entropy);
    let name = name(head.roots.next_id);
    let secret = context.keks.wrap(secret, context.issuer.as_str(), &name, context.entropy)?;
    head.roots.add(Some(secret), starts, context.now);
    Ok(())
}

/// The generations in the clear, for the edges.
pub(super) fn open<E: Entropy>(
    context: &Context<'_, E>,
    head: &Head,
    names: &SecretBytes,
) -> Result<Vec<Root>, ServerError> {
    let open = |root: &StoredRoot| {
        let secret = match &root.secret {
            Some(secret) => context.keks.open(secret, context.issuer.as_str(), &name(root.id))?,
            None => names.clone(),
        };
        // For as long as a deployment may take, and then some.
        let unnamed_until = root.secret.is_none().then(|| root.schedule.created_at.plus(HOUR));
        Ok(Root { id: root.id, secret, retired_for: root.retired_for.clone(), unnamed_until })
    };
    head.roots.all.iter().map(open).collect()
}

#[inline(never)]
pub(super) fn rotate<R: Rows, E: Entropy>(
    rows: &mut Transaction<'_, R>,
    context: &mut Context<'_, E>,
    mut head: Head,
    immediately: bool,
) -> Result<ControlReply, Stop> {
    keys::tend_head(rows, context, &mut head)?;
    if let Rotation::NeedsKey(starts) = head.roots.rotate(immediately, context.now) {
        if head.roots.all.len() >= MOST {
            return Err(Stop::Refused(ControlRefusal::TooManyRoots));
        }
        add(context, &mut head, starts)?;
    }
    finish(rows, context, head)
}

#[inline(never)]
pub(super) fn retire<R: Rows, E: Entropy>(
    rows: &mut Transaction<'_, R>,
    context: &mut Context<'_, E>,
    mut head: Head,
    id: u8,
    purposes: &BTreeSet<Purpose>,
) -> Result<ControlReply, Stop> {
    keys::tend_head(rows, context, &mut head)?;
    if !head.roots.all.iter().any(|root| root.id == id) {
        return Err(Stop::Refused(ControlRefusal::NotFound));
    }
    if id == head.roots.writing {
        if let Rotation::NeedsKey(starts) = head.roots.rotate(true, context.now) {
            add(context, &mut head, starts)?;
        }
        head.roots.switch(context.now);
    }
    head.roots.retire(id, purposes);
    finish(rows, context, head)
}

fn finish<R: Rows, E: Entropy>(
    rows: &mut Transaction<'_, R>,
    context: &Context<'_, E>,
    mut head: Head,
) -> Result<ControlReply, Stop> {
    head.roots.switch(context.now);
    head.keys_version += 1;
    save(rows, context, &mut head)?;
    Ok(ControlReply::Inventory(Box::new(inventory(context, &head))))
}
