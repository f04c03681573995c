//! Apps of one vendor that share a login on one device (`OpenID Connect Native SSO`). The object's dispatch and `grants` call it.
//!
//! A device secret is kept as a hash in the grants of the apps that have it. It counts for as long as the session goes on and the
//! app that shows for it, the one whose ID token comes along, has a live grant with it from this session. So it ends with a
//! sign-out, a new password and a user who is switched off, and with the app being removed, and nothing has to be listed.

use super::grants;
use super::records::{Consent, Device, Grant};
use super::sessions;
use super::{CONSENT, DeviceOffer, GRANT, GrantRefusal, SignOn, SubjectReply, user};
use crate::protocol::http::error::ServerError;
use crate::protocol::model::entropy::Entropy;
use crate::protocol::model::id::Id;
use crate::protocol::model::incarnation::Standing;
use crate::protocol::model::time::Timestamp;
use crate::protocol::objects::rows::{Rows, Transaction};

/// The device of a new grant from the session `sid`: the one whose secret was shown, if an app of the same vendor has it there, or
/// else a new one. A grant from no session has none.
pub(super) fn kept_or_new<R: Rows>(
    rows: &Transaction<'_, R>,
    now: Timestamp,
    sid: Option<Id>,
    offer: DeviceOffer,
) -> Result<Option<Device>, ServerError> {
    let DeviceOffer { group, shown, new } = offer;
    let Some(sid) = sid else { return Ok(None) };
    if let Some(sha256) = shown {
        let device = Device { sha256, group: group.clone() };
        if !with_device(rows, now, sid, &device)?.is_empty() {
            return Ok(Some(device));
        }
    }
    Ok(Some(Device { sha256: new, group }))
}

/// Makes a grant for another app on the device. Every check comes before every change.
pub(super) fn sign_on<R: Rows, E: Entropy>(
    rows: &mut Transaction<'_, R>,
    now: Timestamp,
    entropy: &E,
    sign_on: SignOn,
) -> Result<SubjectReply, ServerError> {
    let SignOn { mut redemption, from, incarnation, needs_consent } = sign_on;
    let grant = &redemption.grant;
    let (Some(sid), Some(device)) = (grant.sid, &grant.device) else {
        return Ok(SubjectReply::Refused(GrantRefusal::DeviceUnknown));
    };
    if sessions::live(rows, now, sid)?.is_none() {
        return Ok(SubjectReply::Refused(GrantRefusal::SessionEnded));
    }
    let mut known = with_device(rows, now, sid, device)?;
    known.retain(|grant| grant.client_id == from);
    let has = |standing| known.iter().any(|grant| grant.incarnation.standing(incarnation) == standing);
    if !has(Standing::Current) {
        let refusal =
            if has(Standing::Ahead) { GrantRefusal::ClientOutdated } else { GrantRefusal::DeviceUnknown };
        return Ok(SubjectReply::Refused(refusal));
    }
    if needs_consent && !is_permitted(rows, grant)? {
        return Ok(SubjectReply::Refused(GrantRefusal::ConsentMissing));
    }
    // A new password ends every grant, so a device that is known is of the present one.
    redemption.password_epoch = user(rows)?.and_then(|user| user.password_epoch);
    let reply = grants::redeem(rows, now, entropy, redemption)?;
    if matches!(reply, SubjectReply::Granted(_)) {
        sessions::touch(rows, now, sid)?;
    }
    Ok(reply)
}

/// The live grants from the session `sid` that have the device.
fn with_device<R: Rows>(
    rows: &Transaction<'_, R>,
    now: Timestamp,
    sid: Id,
    device: &Device,
) -> Result<Vec<Grant>, ServerError> {
    let grants = rows.all::<Grant>(GRANT)?.into_iter().map(|(_, grant)| grant);
    let has_it =
        |grant: &Grant| grant.sid == Some(sid) && grant.is_live(now) && grant.device.as_ref() == Some(device);
    Ok(grants.filter(has_it).collect())
}

/// Whether the user has permitted the grant's client its scopes, and nobody who had the client's id before.
fn is_permitted<R: Rows>(rows: &Transaction<'_, R>, grant: &Grant) -> Result<bool, ServerError> {
    let consent = rows.read::<Consent>(&format!("{CONSENT}{}", grant.client_id))?;
    Ok(consent.is_some_and(|consent| {
        consent.incarnation.standing(grant.incarnation) == Standing::Current
            && grant.scopes.is_subset(&consent.scopes)
    }))
}
