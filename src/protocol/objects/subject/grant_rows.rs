//! The rows of grants: finding and ending them. The other files of this object call it.

use super::GRANT;
use super::records::{Derivation, Grant, Revocation, Why};
use crate::protocol::http::error::ServerError;
use crate::protocol::model::actor::MAX_DEPTH;
use crate::protocol::model::id::Id;
use crate::protocol::model::time::Timestamp;
use crate::protocol::objects::rows::{Rows, Transaction};

/// The key of a grant's row.
pub(super) fn key(id: Id) -> String {
    format!("{GRANT}{id}")
}

/// Whether the grants are alive that an exchanged grant ends with. Chains of them are as short as those of actors.
pub(super) fn lives_with_its_parents<R: Rows>(
    rows: &Transaction<'_, R>,
    now: Timestamp,
    grant: &Grant,
) -> Result<bool, ServerError> {
    let mut derived = grant.derived.clone();
    for _ in 0..=MAX_DEPTH {
        let Some(Derivation { parent, .. }) = derived else { return Ok(true) };
        match rows.read::<Grant>(&key(parent))? {
            Some(parent) if parent.is_live(now) => derived = parent.derived,
            _ => return Ok(false),
        }
    }
    Ok(false)
}

/// Marks a grant as revoked. Its row stays until the grant would have expired, so that its tokens go on being recognized.
pub(super) fn revoke_row<R: Rows>(
    rows: &mut Transaction<'_, R>,
    now: Timestamp,
    id: &str,
    grant: &mut Grant,
    why: Why,
) -> Result<(), ServerError> {
    if grant.revoked.is_none() {
        grant.revoked = Some(Revocation { at: now, why });
        rows.write(format!("{GRANT}{id}"), grant)?;
    }
    Ok(())
}
