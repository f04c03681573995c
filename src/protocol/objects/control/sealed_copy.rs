//! The sealed copy of the private keys in KV: when it is made anew, what it holds, and when it is taken back.
//!
//! An edge that starts reads it instead of asking this object (`server/lookup.rs`). It says no more than [`super::keys::open`]
//! would, and only edges with the `KEK` can read it (`keys/published.rs`).

use serde::{Deserialize, Serialize};

use super::head::{self, Head};
use super::{Context, keys};
use crate::protocol::http::error::ServerError;
use crate::protocol::keys::published;
use crate::protocol::model::entropy::Entropy;
use crate::protocol::model::time::Timestamp;
use crate::protocol::objects::rows::{Rows, Transaction};

/// Which keys the copy holds, under which `KEK`, since when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SealedCopy {
    keys_version: u64,
    kek: String,
    made_at: Timestamp,
}

impl SealedCopy {
    /// The copy as it should be from now on; none without a `KEK`.
    pub(super) fn wanted<E: Entropy>(head: &Head, context: &Context<'_, E>) -> Option<Self> {
        let kek = context.keks.id()?;
        Some(Self { keys_version: head.keys_version, kek, made_at: context.now })
    }

    /// Whether the keys or the `KEK` are others than those of the copy, or it is old enough to be made anew.
    pub(super) fn is_outdated<E: Entropy>(head: &Head, context: &Context<'_, E>) -> bool {
        match (&head.sealed_copy, Self::wanted(head, context)) {
            (None, None) => false,
            (Some(copy), Some(wanted)) => {
                let same = (copy.keys_version, &copy.kek) == (wanted.keys_version, &wanted.kek);
                !same || copy.renewal() <= context.now
            }
            _ => true,
        }
    }

    /// When it is made anew though nothing has changed.
    pub(super) fn renewal(&self) -> Timestamp {
        self.made_at.plus(published::RENEW_AFTER)
    }
}

/// The value to publish. None without a `KEK`, and none with one that doesn't open the keys: then there is nothing to publish, and
/// edges that ask are told why.
pub(super) fn value<E: Entropy>(
    context: &Context<'_, E>,
    head: &Head,
) -> Result<Option<String>, ServerError> {
    match keys::parcel(context, head) {
        Ok(parcel) => published::seal(&parcel, context.keks, context.issuer, context.now, context.entropy),
        Err(ServerError::Misconfigured(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Takes the copy back if the `KEK` is gone. Nothing else can be done then, as the keys can't be opened any more; so this is not
/// part of looking after them, but of publishing.
#[inline(never)]
pub(super) fn withdraw<R: Rows, E: Entropy>(
    rows: &mut Transaction<'_, R>,
    context: &Context<'_, E>,
    mut head: Head,
) -> Result<(), ServerError> {
    if context.keks.is_empty() && head.sealed_copy.is_some() {
        head::save(rows, context, &mut head)?;
    }
    Ok(())
}
