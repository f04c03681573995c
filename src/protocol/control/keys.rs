//! Commands about signing keys.

use super::head::{Head, ROOT, save};
use super::{Context, Reply, Stop, Store, clients};
use crate::protocol::error::ServerError;
use crate::protocol::jwk::Alg;
use crate::protocol::keyring::{KeyMaterial, KeyringParcel, PublicKey, StoredKey, StoredPrivate};
use crate::protocol::ports::Entropy;
use crate::protocol::state::keys::{self as life, KeyState, Rotation, Schedule};
use crate::protocol::time::Timestamp;

/// Everything an edge needs. Does what is due first, so that a missed alarm is made up for.
pub(super) fn open<S: Store, E: Entropy>(
    store: &mut S,
    context: &mut Context<'_, E>,
    mut head: Head,
) -> Result<Reply, Stop> {
    tend_head(store, context, &mut head)?;
    let mut keys = Vec::new();
    for key in &head.keys {
        // An unused key is handed out early so that an edge can switch by itself; a retiring one never signs.
        if matches!(key.public.schedule.state(context.now), KeyState::Next | KeyState::Active) {
            let private = key.private.open(context.kek, context.issuer.as_str(), &key.public.kid)?;
            keys.push((key.public.clone(), private));
        }
    }
    let root = head.root.open(context.kek, context.issuer.as_str(), ROOT)?;
    let keyring = KeyringParcel { version: head.keys_version, root, keys };
    Ok(Reply::Opened { snapshot: Box::new(head.snapshot(context.issuer, context.now)), keyring })
}

/// The alarm: makes successors, drops what is gone, wraps what still lies in the clear.
#[inline(never)]
pub(super) fn tend<S: Store, E: Entropy>(
    store: &mut S,
    context: &mut Context<'_, E>,
    mut head: Head,
) -> Result<Reply, Stop> {
    tend_head(store, context, &mut head)?;
    clients::refresh_summary(store, context, &mut head, true)?;
    Ok(Reply::Tended)
}

fn tend_head<S: Store, E: Entropy>(
    store: &mut S,
    context: &mut Context<'_, E>,
    head: &mut Head,
) -> Result<(), Stop> {
    let made = make_wanted(context, head)?;
    let swept = life::sweep(&mut head.keys, context.now);
    let wrapped = wrap_clear_keys(context, head)?;
    if swept {
        head.keys_version += 1;
    }
    if made || swept || wrapped {
        save(store, context.issuer, head)?;
    }
    Ok(())
}

/// A deployment that sets its `KEK` later gets the keys it already has wrapped.
fn wrap_clear_keys<E: Entropy>(context: &Context<'_, E>, head: &mut Head) -> Result<bool, ServerError> {
    let Some(kek) = context.kek else { return Ok(false) };
    let mut changed = false;
    if let StoredPrivate::Clear(root) = &head.root {
        head.root = kek.wrap(root, context.issuer.as_str(), ROOT, context.entropy)?;
        changed = true;
    }
    for key in &mut head.keys {
        if let StoredPrivate::Clear(private) = &key.private {
            key.private = kek.wrap(private, context.issuer.as_str(), &key.public.kid, context.entropy)?;
            changed = true;
        }
    }
    Ok(changed)
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
        return Err(Stop::NeedsKeys(missing));
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
    let private = match context.kek {
        Some(kek) => kek.wrap(&material.private, context.issuer.as_str(), &kid, context.entropy)?,
        None => StoredPrivate::Clear(material.private),
    };
    let schedule =
        Schedule { created_at: context.now, active_from: starts, retire_from: None, gone_at: None };
    Ok(StoredKey { public: PublicKey { kid, alg: material.alg, jwk: material.public, schedule }, private })
}

#[inline(never)]
pub(super) fn rotate<S: Store, E: Entropy>(
    store: &mut S,
    context: &mut Context<'_, E>,
    mut head: Head,
    alg: Option<Alg>,
    immediately: bool,
) -> Result<Reply, Stop> {
    let algs = alg.map_or_else(|| head.algs(context.issuer), |alg| vec![alg]);
    let mut wanted = Vec::new();
    for alg in algs {
        if let Rotation::NeedsKey(starts) = life::rotate(&mut head.keys, alg, immediately, context.now) {
            wanted.push((alg, starts));
        }
    }
    make(context, &mut head, &wanted)?;
    head.keys_version += 1;
    save(store, context.issuer, &head)?;
    Ok(Reply::Keys(head.public_keys(context.now)))
}

#[inline(never)]
pub(super) fn retire<S: Store, E: Entropy>(
    store: &mut S,
    context: &mut Context<'_, E>,
    mut head: Head,
    kid: &str,
) -> Result<Reply, Stop> {
    if life::retire(&mut head.keys, kid, context.now).is_none() {
        return Err(Stop::Refused(super::Refusal::NotFound));
    }
    make_wanted(context, &mut head)?;
    head.keys_version += 1;
    save(store, context.issuer, &head)?;
    Ok(Reply::Keys(head.public_keys(context.now)))
}
