//! Passwords of the user: what has to be computed about them, and what follows from the result. The object's dispatch calls it;
//! the hashing itself is in `passwords`.
//!
//! Between the two the object serves others, and the user may have changed. So a result counts only for the hash it was computed
//! with: a password that was changed meanwhile is checked again, and a renewed hash never replaces a new password.

use super::{SubjectReply, USER, user};
use crate::protocol::http::error::ServerError;
use crate::protocol::model::entropy::Entropy;
use crate::protocol::objects::rows::{Rows, Transaction};
use crate::protocol::passwords::{Computed, Order, Password, PasswordHash};

/// What has to be computed for a login: nothing, if it has been computed for the hash that is stored now. Where there is no user
/// or no password, just as much is computed, so that the time doesn't tell.
pub(super) fn to_check<R: Rows>(
    rows: &Transaction<'_, R>,
    entropy: &impl Entropy,
    password: &Password,
    computed: Option<&Computed>,
) -> Result<Option<Order>, ServerError> {
    let stored = usable(rows)?;
    let is_done = match computed {
        Some(Computed::Checked { stored: checked, .. }) => *checked == stored,
        Some(Computed::Busy) => true,
        Some(Computed::Hash(_)) | None => false,
    };
    Ok((!is_done).then(|| Order::check(password.clone(), stored, entropy)))
}

/// The hash by which the user can log in, if there is one.
fn usable<R: Rows>(rows: &Transaction<'_, R>) -> Result<Option<PasswordHash>, ServerError> {
    Ok(user(rows)?.filter(|account| account.enabled).and_then(|account| account.password))
}

pub(super) fn log_in<R: Rows>(
    rows: &mut Transaction<'_, R>,
    computed: Option<Computed>,
) -> Result<SubjectReply, ServerError> {
    let (stored, renewed) = match computed {
        Some(Computed::Checked { stored: Some(stored), fits: true, renewed }) => (stored, renewed),
        Some(Computed::Busy) => return Ok(SubjectReply::Busy),
        _ => return Ok(SubjectReply::None),
    };
    let Some(mut account) = user(rows)?.filter(|account| account.enabled) else {
        return Ok(SubjectReply::None);
    };
    if account.password.as_ref() != Some(&stored) {
        return Ok(SubjectReply::None);
    }
    // The password is the same, so sessions and links stay.
    if let Some(renewed) = renewed {
        account.password = Some(renewed);
        rows.write(USER, &account)?;
    }
    Ok(SubjectReply::User(Box::new(account)))
}

pub(super) fn hashed(computed: Option<Computed>) -> SubjectReply {
    match computed {
        Some(Computed::Hash(hash)) => SubjectReply::Hash(hash),
        _ => SubjectReply::Busy,
    }
}
