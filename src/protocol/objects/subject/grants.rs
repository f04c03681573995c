//! Grants (RFC 6749 §1.3): made from codes, continued by refresh tokens (§6), revoked (RFC 7009). The object's dispatch calls it;
//! the order of rotation is decided in `state`.
//!
//! Every check comes before every change. A guess (wrong secret, another client's token) never changes anything, so it is no
//! weapon. An old token that was once right ends the grant, because two parties hold copies of it.

use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

use super::CodeProof;
use super::asked;
use super::devices;
use super::grant_rows::{key, lives_with_its_parents, revoke_row};
use super::records::{Grant, Why};
use super::removals;
use super::room;
use super::sessions;
use super::{
    CONSENT, GRANT, GrantRefusal, GrantState, GrantedState, Presentation, Redemption, SubjectReply, user,
};
use crate::protocol::http::error::ServerError;
use crate::protocol::model::entropy::Entropy;
use crate::protocol::model::id::Id;
use crate::protocol::model::incarnation::Standing;
use crate::protocol::model::secret::SecretBytes;
use crate::protocol::model::time::Timestamp;
use crate::protocol::objects::SWEEP_EVERY;
use crate::protocol::objects::rows::{Rows, Transaction};
use crate::protocol::state::refresh::{Family, RotationOutcome, rotate};

/// How long after the first redemption of a code a second one is taken for a double submit, in seconds.
const DOUBLE_SUBMIT: u64 = 10;

/// The secret of one generation of a family, derived from its seed.
fn generation_secret(family: &Family, generation: u32) -> SecretBytes {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(family.seed.expose()) else {
        return SecretBytes::new(Vec::new());
    };
    mac.update(&generation.to_be_bytes());
    SecretBytes::new(mac.finalize().into_bytes().to_vec())
}

pub(super) fn redeem<R: Rows, E: Entropy>(
    rows: &mut Transaction<'_, R>,
    now: Timestamp,
    entropy: &E,
    redemption: Redemption,
) -> Result<SubjectReply, ServerError> {
    let (approved_in, repeats) = (redemption.approved_in, redemption.repeats);
    let Redemption {
        id,
        mut grant,
        refresh,
        max_grants,
        idle,
        removed_at,
        password_epoch,
        proof,
        device,
        ..
    } = redemption;
    if let Some(mut earlier) = rows.read::<Grant>(&key(id))? {
        if repeats || now.since(earlier.created_at) <= DOUBLE_SUBMIT {
            return Ok(SubjectReply::Refused(GrantRefusal::CodeUsedJustNow));
        }
        revoke_row(rows, now, &id.to_string(), &mut earlier, Why::CodeReplayed)?;
        return Ok(SubjectReply::Refused(GrantRefusal::CodeReplayed));
    }
    let Some(user) = user(rows)?.filter(|user| user.enabled) else {
        return Ok(SubjectReply::Refused(GrantRefusal::UserGone));
    };
    if let Some(sid) = grant.sid.or(approved_in) {
        let Some(session) = sessions::live(rows, now, sid)? else {
            return Ok(SubjectReply::Refused(GrantRefusal::SessionEnded));
        };
        let fits = |proof: &CodeProof| session.prove(&proof.digest).as_bytes().ct_eq(proof.proof.as_bytes());
        if proof.is_some_and(|proof| !bool::from(fits(&proof))) {
            return Ok(SubjectReply::Refused(GrantRefusal::CodeForged));
        }
        if grant.bound_to_session {
            grant.expires_at = grant.expires_at.min(session.expires_at);
        }
    }
    if !lives_with_its_parents(rows, now, &grant)? || (repeats && asked::is_withdrawn(rows, id)?) {
        return Ok(SubjectReply::Refused(GrantRefusal::GrantRevoked));
    }
    // An exchanged grant ends with the one it came from, whose password was compared.
    if grant.derived.is_none() && user.password_epoch != password_epoch {
        return Ok(SubjectReply::Refused(GrantRefusal::SessionEnded));
    }
    if removals::last(rows, &grant.client_id)? > removed_at {
        return Ok(SubjectReply::Refused(GrantRefusal::ClientRemoved));
    }
    if let Some(offer) = device {
        grant.device = devices::kept_or_new(rows, now, grant.sid, offer)?;
    }
    room::make(rows, now, &grant, (max_grants, idle))?;
    grant.created_at = now;
    grant.family = refresh.then(|| Family {
        seed: SecretBytes::generate(entropy),
        head: 0,
        head_since: now,
        request: None,
        used_at: now,
        head_used: false,
    });
    rows.write(key(id), &grant)?;
    rows.wake(now.plus(SWEEP_EVERY));
    let refresh = grant.family.as_ref().map(|family| (0, generation_secret(family, 0)));
    Ok(SubjectReply::Granted(Box::new(GrantedState { grant, user, refresh })))
}

pub(super) fn refresh<R: Rows>(
    rows: &mut Transaction<'_, R>,
    now: Timestamp,
    presented: &Presentation,
) -> Result<SubjectReply, ServerError> {
    let Some(mut grant) = rows.read::<Grant>(&key(presented.grant))? else {
        return Ok(SubjectReply::Refused(GrantRefusal::GrantUnknown));
    };
    if !lives_with_its_parents(rows, now, &grant)? {
        return Ok(SubjectReply::Refused(GrantRefusal::GrantRevoked));
    }
    let family = match check(&grant, presented, now) {
        Ok(family) => family,
        Err(refusal) => return Ok(SubjectReply::Refused(refusal)),
    };
    let Some(user) = user(rows)?.filter(|user| user.enabled) else {
        return Ok(SubjectReply::Refused(GrantRefusal::UserGone));
    };
    if let Some(sid) = grant.sid.filter(|_| grant.bound_to_session)
        && !sessions::touch(rows, now, sid)?
    {
        return Ok(SubjectReply::Refused(GrantRefusal::SessionEnded));
    }
    let (generation, changed) =
        match rotate(&family, presented.generation, &fingerprint(presented), &presented.policy, now) {
            RotationOutcome::Rotated(family) => (family.head, Some(family)),
            RotationOutcome::Repeated(generation) => (generation, None),
            RotationOutcome::Kept(changed) => (presented.generation, changed),
            RotationOutcome::OtherRequest => return Ok(SubjectReply::Refused(GrantRefusal::OtherRequest)),
            RotationOutcome::Idle => return Ok(SubjectReply::Refused(GrantRefusal::GrantExpired)),
            RotationOutcome::Unknown => return Ok(SubjectReply::Refused(GrantRefusal::SecretWrong)),
            RotationOutcome::Reused { distance } => {
                revoke_row(rows, now, &presented.grant.to_string(), &mut grant, Why::RefreshReused)?;
                return Ok(SubjectReply::Refused(GrantRefusal::RefreshReused { distance }));
            }
        };
    let secret = generation_secret(&family, generation);
    if let Some(family) = changed {
        grant.family = Some(family);
        rows.write(key(presented.grant), &grant)?;
    }
    Ok(SubjectReply::Granted(Box::new(GrantedState { grant, user, refresh: Some((generation, secret)) })))
}

/// The checks in their order: secret, client and its incarnation, life, key, scope, resource.
fn check(grant: &Grant, presented: &Presentation, now: Timestamp) -> Result<Family, GrantRefusal> {
    let family = grant.family.clone().ok_or(GrantRefusal::GrantUnknown)?;
    let expected = generation_secret(&family, presented.generation);
    if !bool::from(expected.expose().ct_eq(presented.secret.expose())) {
        return Err(GrantRefusal::SecretWrong);
    }
    if grant.client_id != presented.client_id {
        return Err(GrantRefusal::OtherClient);
    }
    match presented.incarnation.map(|known| grant.incarnation.standing(known)) {
        Some(Standing::Ended) => return Err(GrantRefusal::ClientReplaced),
        Some(Standing::Ahead) => return Err(GrantRefusal::ClientOutdated),
        Some(Standing::Current) | None => {}
    }
    if grant.revoked.is_some() {
        return Err(GrantRefusal::GrantRevoked);
    }
    if now >= grant.expires_at {
        return Err(GrantRefusal::GrantExpired);
    }
    if grant.binding.is_some() && grant.binding != presented.binding {
        return Err(GrantRefusal::OtherKey);
    }
    if presented.scopes.as_ref().is_some_and(|scopes| !scopes.is_subset(&grant.scopes)) {
        return Err(GrantRefusal::ScopeBeyondGrant);
    }
    if !presented.resources.iter().all(|resource| grant.resources.contains(resource)) {
        return Err(GrantRefusal::ResourceBeyondGrant);
    }
    if !presented.leaves_a_token(grant) {
        return Err(GrantRefusal::NothingLeft);
    }
    Ok(family)
}

/// A digest of what a refresh asks for, which tells a retry from another request.
fn fingerprint(presented: &Presentation) -> String {
    let scopes = presented.scopes.as_ref().map(|scopes| {
        let mut sorted: Vec<&str> = scopes.iter().collect();
        sorted.sort_unstable();
        sorted.join(" ")
    });
    let mut resources = presented.resources.clone();
    resources.sort_unstable();
    format!(
        "{}|{}|{}",
        scopes.unwrap_or_default(),
        resources.join(" "),
        presented.binding.as_deref().unwrap_or_default()
    )
}

pub(super) fn look<R: Rows>(
    rows: &Transaction<'_, R>,
    now: Timestamp,
    id: Id,
) -> Result<SubjectReply, ServerError> {
    let (Some(grant), Some(user)) = (rows.read::<Grant>(&key(id))?, user(rows)?) else {
        return Ok(SubjectReply::None);
    };
    let session = grant.sid.filter(|_| grant.bound_to_session);
    let in_session = match session {
        Some(sid) => sessions::live(rows, now, sid)?.is_some(),
        None => true,
    };
    let live = grant.is_live(now) && user.enabled && in_session && lives_with_its_parents(rows, now, &grant)?;
    Ok(SubjectReply::Grant(Box::new(GrantState { grant, user, live })))
}

pub(super) fn revoke<R: Rows>(
    rows: &mut Transaction<'_, R>,
    now: Timestamp,
    id: Id,
    client_id: Option<&str>,
    why: Why,
) -> Result<SubjectReply, ServerError> {
    let Some(mut grant) = rows.read::<Grant>(&key(id))? else { return Ok(SubjectReply::None) };
    if client_id.is_some_and(|client_id| client_id != grant.client_id) {
        return Ok(SubjectReply::None);
    }
    revoke_row(rows, now, &id.to_string(), &mut grant, why)?;
    Ok(SubjectReply::Done)
}

pub(super) fn revoke_client<R: Rows>(
    rows: &mut Transaction<'_, R>,
    now: Timestamp,
    client_id: &str,
    why: Why,
) -> Result<SubjectReply, ServerError> {
    for (id, mut grant) in rows.all::<Grant>(GRANT)? {
        if grant.client_id == client_id {
            revoke_row(rows, now, &id, &mut grant, why)?;
        }
    }
    rows.delete(format!("{CONSENT}{client_id}"));
    removals::note(rows, now, client_id)?;
    Ok(SubjectReply::Done)
}
