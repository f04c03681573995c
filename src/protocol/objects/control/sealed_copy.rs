//! The sealed copy of the private keys in KV: when it is made anew, what it holds, and when it is taken back.
//!
//! An edge that starts reads it instead of asking this object (`server/lookup.rs`). It says no more than [`super::keys::open`]
//! would, and only edges with the `KEK` can read it (`keys/published.rs`).

use serde::{Deserialize, Serialize};

use super::Context;
use super::head::Head;
use crate::protocol::keys::published;
use crate::protocol::model::entropy::Entropy;
use crate::protocol::model::time::Timestamp;

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
