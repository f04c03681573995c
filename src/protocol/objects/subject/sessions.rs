//! Sessions and consents, and telling clients of a sign-out (`Back-Channel Logout` §2.5). The object's dispatch calls it;
//! `notices` sends what is due.

use super::asked;
use super::grant_rows;
use super::records::{Consent, Grant, Notice, Session, User, Why};
use super::removals;
use super::request_code;
use super::{CONSENT, GRANT, NOTICE, NewSession, Overview, SESSION, SessionState, SubjectReply, user};
use crate::protocol::http::error::ServerError;
use crate::protocol::model::id::Id;
use crate::protocol::model::incarnation::Standing;
use crate::protocol::model::secret::SecretHash;
use crate::protocol::model::time::{HOUR, MINUTE, Timestamp};
use crate::protocol::objects::SWEEP_EVERY;
use crate::protocol::objects::rows::{Rows, Transaction};

/// The most sessions that a user has at once; the oldest is ended first.
const MAX_SESSIONS: usize = 50;
/// The most clients whose consent is remembered for a user. For further clients the person is asked every time.
const MAX_CONSENTS: usize = 500;
/// The most notices that one alarm sends, because on the free plan an invocation may make 50 requests.
const NOTICES_AT_ONCE: usize = 40;
/// How long to wait before telling a client of a sign-out again, after each failed attempt, in seconds.
const RETRIES: [u64; 5] = [10, MINUTE, 10 * MINUTE, HOUR, 6 * HOUR];

fn session_key(sid: Id) -> String {
    format!("{SESSION}{sid}")
}

pub(super) fn live<R: Rows>(
    rows: &Transaction<'_, R>,
    now: Timestamp,
    sid: Id,
) -> Result<Option<Session>, ServerError> {
    Ok(rows.read::<Session>(&session_key(sid))?.filter(|session| session.is_live(now)))
}

pub(super) fn start<R: Rows>(
    rows: &mut Transaction<'_, R>,
    now: Timestamp,
    new: NewSession,
) -> Result<SubjectReply, ServerError> {
    let Some(user) = user(rows)?.filter(|user| user.enabled) else { return Ok(SubjectReply::None) };
    let mut sessions = rows.all::<Session>(SESSION)?;
    sessions.retain(|(_, session)| session.is_live(now));
    if sessions.len() >= MAX_SESSIONS
        && let Some((oldest, _)) = sessions.iter().min_by_key(|(_, session)| session.seen_at)
        && let Some(sid) = Id::parse(oldest)
    {
        end_one(rows, now, sid)?;
    }
    // The same session gets a new secret, so codes that are on their way stay good.
    let earlier = rows.read::<Session>(&session_key(new.sid))?;
    let code_key = earlier.map(|earlier| earlier.code_key.unwrap_or(earlier.sha256));
    let session = Session {
        code_key,
        sha256: new.sha256,
        auth: new.auth,
        created_at: now,
        seen_at: now,
        idle: new.idle,
        expires_at: now.plus(new.absolute),
        label: new.label,
    };
    rows.write(session_key(new.sid), &session)?;
    rows.wake(now.plus(SWEEP_EVERY));
    state(rows, user, session, new.client_id.as_deref())
}

/// The session, with what the user has permitted the client.
fn state<R: Rows>(
    rows: &Transaction<'_, R>,
    user: User,
    session: Session,
    client_id: Option<&str>,
) -> Result<SubjectReply, ServerError> {
    let (consent, removed_at) = match client_id {
        Some(client_id) => {
            (rows.read::<Consent>(&format!("{CONSENT}{client_id}"))?, removals::last(rows, client_id)?)
        }
        None => (None, None),
    };
    let (consented, consented_to, consented_document) =
        consent.map(|consent| (consent.scopes, consent.incarnation, consent.document)).unwrap_or_default();
    let state = SessionState { user, session, consented, consented_to, consented_document, removed_at };
    Ok(SubjectReply::Session(Box::new(state)))
}

/// Whether a session counts. Notes that it was used, exact to a tenth of its idle lifetime.
pub(super) fn touch<R: Rows>(
    rows: &mut Transaction<'_, R>,
    now: Timestamp,
    sid: Id,
) -> Result<bool, ServerError> {
    let Some(mut session) = live(rows, now, sid)? else { return Ok(false) };
    if now.since(session.seen_at) * 10 >= session.idle {
        session.seen_at = now;
        rows.write(session_key(sid), &session)?;
    }
    Ok(true)
}

pub(super) fn look<R: Rows>(
    rows: &mut Transaction<'_, R>,
    now: Timestamp,
    (sid, sha256): (Id, &SecretHash),
    client_id: Option<&str>,
    quiet: bool,
) -> Result<SubjectReply, ServerError> {
    let session = live(rows, now, sid)?.filter(|session| session.sha256 == *sha256);
    let user = user(rows)?.filter(|user| user.enabled);
    let (Some(session), Some(user)) = (session, user) else { return Ok(SubjectReply::None) };
    if !quiet {
        touch(rows, now, sid)?;
    }
    state(rows, user, session, client_id)
}

pub(super) fn overview<R: Rows>(
    rows: &Transaction<'_, R>,
    now: Timestamp,
) -> Result<SubjectReply, ServerError> {
    let Some(user) = user(rows)? else { return Ok(SubjectReply::None) };
    let mut sessions = rows.all::<Session>(SESSION)?;
    sessions.retain(|(_, session)| session.is_live(now));
    // The newest comes first: what somebody doesn't recognize is likely to be new.
    sessions.sort_by_key(|(_, session)| std::cmp::Reverse(session.created_at));
    let mut grants = Vec::new();
    for (key, grant) in rows.all::<Grant>(GRANT)? {
        if grant.is_live(now) && grant_rows::lives_with_its_parents(rows, now, &grant)? {
            grants.push((key, grant));
        }
    }
    Ok(SubjectReply::Overview(Box::new(Overview {
        user,
        sessions: sessions
            .into_iter()
            .filter_map(|(key, session)| Some((Id::parse(&key)?, session)))
            .collect(),
        grants: grants.into_iter().filter_map(|(key, grant)| Some((Id::parse(&key)?, grant))).collect(),
        consents: rows.all(CONSENT)?,
        asked: asked::open(rows, now)?,
        allowed: asked::allowed(rows, now)?,
        has_request_code: request_code::is_set(rows)?,
    })))
}

pub(super) fn end<R: Rows>(
    rows: &mut Transaction<'_, R>,
    now: Timestamp,
    sid: Option<Id>,
) -> Result<SubjectReply, ServerError> {
    match sid {
        Some(sid) => Ok(SubjectReply::Ended(end_one(rows, now, sid)?)),
        None => Ok(SubjectReply::Ended(end_all(rows, now, None)?)),
    }
}

/// Ends a session and what is bound to it. Returns the notices for its clients.
pub(super) fn end_one<R: Rows>(
    rows: &mut Transaction<'_, R>,
    now: Timestamp,
    sid: Id,
) -> Result<Vec<Notice>, ServerError> {
    let Some(user) = user(rows)? else { return Ok(Vec::new()) };
    if rows.read::<Session>(&session_key(sid))?.is_none() {
        return Ok(Vec::new());
    }
    rows.delete(session_key(sid));
    let mut notices: Vec<Notice> = Vec::new();
    for (id, mut grant) in rows.all::<Grant>(GRANT)? {
        if grant.sid != Some(sid) {
            continue;
        }
        let (client_id, incarnation) = (grant.client_id.clone(), grant.incarnation);
        match notices.iter_mut().find(|notice| notice.client_id == client_id) {
            Some(notice) if notice.incarnation.standing(incarnation) == Standing::Ended => {
                notice.incarnation = incarnation;
            }
            Some(_) => {}
            None => {
                notices.push(Notice { owner: user.id, client_id, incarnation, sid, attempts: 0, due: now });
            }
        }
        if grant.bound_to_session {
            grant_rows::revoke_row(rows, now, &id, &mut grant, Why::Logout)?;
        }
    }
    for notice in &notices {
        rows.write(format!("{NOTICE}{sid}/{}", notice.client_id), notice)?;
        rows.wake(now);
    }
    Ok(notices)
}

/// Ends every session but `keep`, and every grant, whatever it came from ("sign out everywhere").
pub(super) fn end_all<R: Rows>(
    rows: &mut Transaction<'_, R>,
    now: Timestamp,
    keep: Option<Id>,
) -> Result<Vec<Notice>, ServerError> {
    let mut notices = Vec::new();
    for (key, _) in rows.all::<Session>(SESSION)? {
        if let Some(sid) = Id::parse(&key).filter(|sid| Some(*sid) != keep) {
            notices.extend(end_one(rows, now, sid)?);
        }
    }
    for (id, mut grant) in rows.all::<Grant>(GRANT)? {
        grant_rows::revoke_row(rows, now, &id, &mut grant, Why::Logout)?;
    }
    Ok(notices)
}

pub(super) fn consent<R: Rows>(
    rows: &mut Transaction<'_, R>,
    client_id: &str,
    given: Consent,
) -> Result<SubjectReply, ServerError> {
    if user(rows)?.is_none() {
        return Ok(SubjectReply::None);
    }
    let key = format!("{CONSENT}{client_id}");
    let known = rows.read::<Consent>(&key)?;
    if known.is_none() && rows.all::<Consent>(CONSENT)?.len() >= MAX_CONSENTS {
        return Ok(SubjectReply::Done);
    }
    let scopes = match known {
        Some(known) if known.incarnation == given.incarnation && known.document == given.document => {
            known.scopes.iter().chain(given.scopes.iter()).collect()
        }
        // The edge doesn't know yet that the client is another one by now; what it gives ends as soon as it does.
        // How it authenticates is no part of that.
        Some(known)
            if given.incarnation.standing(known.incarnation.with_keys_of(given.incarnation))
                == Standing::Ended =>
        {
            return Ok(SubjectReply::Done);
        }
        Some(_) | None => given.scopes,
    };
    rows.write(key, &Consent { scopes, ..given })?;
    Ok(SubjectReply::Done)
}

pub(super) fn due_notices<R: Rows>(
    rows: &Transaction<'_, R>,
    now: Timestamp,
) -> Result<SubjectReply, ServerError> {
    let mut notices = rows.all::<Notice>(NOTICE)?;
    notices.retain(|(_, notice)| notice.due <= now);
    notices.truncate(NOTICES_AT_ONCE);
    Ok(SubjectReply::Notices(notices))
}

pub(super) fn told<R: Rows>(
    rows: &mut Transaction<'_, R>,
    now: Timestamp,
    key: &str,
    delivered: bool,
) -> Result<SubjectReply, ServerError> {
    let row = format!("{NOTICE}{key}");
    let Some(mut notice) = rows.read::<Notice>(&row)? else { return Ok(SubjectReply::None) };
    let wait = usize::try_from(notice.attempts).ok().and_then(|attempt| RETRIES.get(attempt));
    match wait.filter(|_| !delivered) {
        Some(wait) => {
            notice.attempts += 1;
            notice.due = now.plus(*wait);
            rows.wake(notice.due);
            rows.write(row, &notice)?;
        }
        None => rows.delete(row),
    }
    Ok(SubjectReply::Done)
}
