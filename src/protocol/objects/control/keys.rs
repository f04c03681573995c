//! Commands about signing keys.

use super::head;
use super::head::{Head, ROOT, save};
use super::outbox;
use super::roots;
use super::sealed_copy::SealedCopy;
use super::{Context, ControlReply, Stop};
use crate::protocol::http::error::ServerError;
use crate::protocol::keys::keyring::{KeyMaterial, KeyringParcel};
use crate::protocol::keys::schedule::Schedule;
use crate::protocol::keys::schedule::{PublicKey, StoredKey};
use crate::protocol::model::entropy::Entropy;
use crate::protocol::model::jwk::Alg;
use crate::protocol::model::time::Timestamp;
use crate::protocol::objects::rows::{Rows, Transaction};
use crate::protocol::state::keys as life;
use crate::protocol::state::keys::Rotation;

/// Everything an edge needs. Does what is due first, so that a missed alarm is made up for.
pub(super) fn open<R: Rows, E: Entropy>(
    rows: &mut Transaction<'_, R>,
    context: &mut Context<'_, E>,
    mut head: Head,
) -> Result<ControlReply, Stop> {
    tend_head(rows, context, &mut head)?;
    // An alarm that was lost is set again.
    rows.wake(head::next_alarm(&head, context.now));
    outbox::remind(rows, context.now)?;
    let keyring = parcel(context, &head)?;
    Ok(ControlReply::Opened { snapshot: Box::new(head.snapshot(context.issuer, context.now)), keyring })
}

/// Every key that may still sign, and the root secret's generations, in the clear.
pub(super) fn parcel<E: Entropy>(
    context: &Context<'_, E>,
    head: &Head,
) -> Result<KeyringParcel, ServerError> {
    let mut keys = Vec::new();
    for key in &head.keys {
        // An unused key is handed out early so that an edge can switch by itself; a retiring one never signs.
        if roots::may_sign(key.public.schedule, context.now) {
            let private = context.keks.open(&key.private, context.issuer.as_str(), &key.public.kid)?;
            keys.push((key.public.clone(), private));
        }
    }
    let root = context.keks.open(&head.root, context.issuer.as_str(), ROOT)?;
    let roots = roots::open(context, head, &root)?;
    let (version, writing) = (head.keys_version, head.roots.writing);
    Ok(KeyringParcel { version, root, roots, writing, keys })
}

pub(super) fn tend_head<R: Rows, E: Entropy>(
    rows: &mut Transaction<'_, R>,
    context: &mut Context<'_, E>,
    head: &mut Head,
) -> Result<(), Stop> {
    roots::check(context, head)?;
    let made = make_wanted(context, head)?;
    let swept = life::sweep(&mut head.keys, context.now);
    let turned = roots::tend(context, head)?;
    let wrapped = roots::rewrap(context, head)?;
    if swept {
        head.keys_version += 1;
    }
    if made || swept || turned || wrapped || SealedCopy::is_outdated(head, context) {
        save(rows, context, head)?;
    }
    Ok(())
}

/// Makes every key that is due for the algorithms in use and ends those of others; says whether anything changed.
pub(super) fn make_wanted<E: Entropy>(context: &mut Context<'_, E>, head: &mut Head) -> Result<bool, Stop> {
    let algs = head.algs(context.issuer);
    let kept = life::keep_used(&mut head.keys, &algs, context.now);
    if kept {
        head.keys_version += 1;
    }
    let wanted = life::wanted(&head.keys, &algs, head.rotate_every(), context.now);
    Ok(make(context, head, &wanted)? || kept)
}

fn make<E: Entropy>(
    context: &mut Context<'_, E>,
    head: &mut Head,
    wanted: &[(Alg, Timestamp)],
) -> Result<bool, Stop> {
    let missing: Vec<Alg> = wanted
        .iter()
        .map(|(alg, _)| *alg)
        .filter(|alg| *alg != Alg::EdDsa && !context.material.iter().any(|material| material.alg == *alg))
        .collect();
    if !missing.is_empty() {
        // The command begins anew then, and needs what it has used by now once more.
        return Err(Stop::NeedsKeys([context.given.as_slice(), &missing].concat()));
    }
    if !wanted.is_empty() {
        roots::check(context, head)?;
    }
    for (alg, starts) in wanted {
        let ready = context.material.iter().position(|material| material.alg == *alg);
        let material = match ready {
            Some(index) => context.material.swap_remove(index),
            None => KeyMaterial::ed25519(context.entropy),
        };
        let key = store_key(context, material, *starts)?;
        life::add(&mut head.keys, key);
        head.keys_version += 1;
    }
    Ok(!wanted.is_empty())
}

fn store_key<E: Entropy>(
    context: &Context<'_, E>,
    material: KeyMaterial,
    starts: Timestamp,
) -> Result<StoredKey, ServerError> {
    let kid = material.public.thumbprint();
    let private = context.keks.wrap(material.private, context.issuer.as_str(), &kid, context.entropy)?;
    let schedule =
        Schedule { created_at: context.now, active_from: starts, retire_from: None, gone_at: None };
    Ok(StoredKey { public: PublicKey { kid, alg: material.alg, jwk: material.public, schedule }, private })
}

#[inline(never)]
pub(super) fn rotate<R: Rows, E: Entropy>(
    rows: &mut Transaction<'_, R>,
    context: &mut Context<'_, E>,
    mut head: Head,
    alg: Option<Alg>,
    immediately: bool,
) -> Result<ControlReply, Stop> {
    let algs = alg.map_or_else(|| head.algs(context.issuer), |alg| vec![alg]);
    let mut wanted = Vec::new();
    for alg in algs {
        if let Rotation::NeedsKey(starts) = life::rotate(&mut head.keys, alg, immediately, context.now) {
            wanted.push((alg, starts));
        }
    }
    make(context, &mut head, &wanted)?;
    head.keys_version += 1;
    save(rows, context, &mut head)?;
    Ok(ControlReply::Keys(head.public_keys(context.now)))
}

#[inline(never)]
pub(super) fn retire<R: Rows, E: Entropy>(
    rows: &mut Transaction<'_, R>,
    context: &mut Context<'_, E>,
    mut head: Head,
    kid: &str,
) -> Result<ControlReply, Stop> {
    if life::retire(&mut head.keys, kid, context.now).is_none() {
        return Err(Stop::Refused(super::ControlRefusal::NotFound));
    }
    make_wanted(context, &mut head)?;
    head.keys_version += 1;
    save(rows, context, &mut head)?;
    Ok(ControlReply::Keys(head.public_keys(context.now)))
}
