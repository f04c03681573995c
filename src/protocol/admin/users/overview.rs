//! What is stored of a user: sessions, grants and consents, to be shown, ended, or exported as one document.

use super::{OverviewView, no_such_user, order};
use crate::protocol::admin::body;
use crate::protocol::admin::{AdminFailure, Call};
use crate::protocol::http::Response;
use crate::protocol::model::id::Id;
use crate::protocol::objects::subject::{Overview, SubjectCommand, SubjectReply};
use crate::protocol::server::ports::Platform;

/// `GET users/ID/export`: every row of the person's object by its key, without hashes and seeds.
pub(super) async fn export<P: Platform>(call: &Call<'_, P>, name: &str) -> Result<Response, AdminFailure> {
    match order(call, name, &SubjectCommand::Export).await? {
        SubjectReply::Export(rows) => body::write(200, &rows),
        _ => Err(no_such_user()),
    }
}

/// `GET users/ID/sessions`: the user's sessions, grants and consents.
pub(super) async fn show<P: Platform>(call: &Call<'_, P>, name: &str) -> Result<Response, AdminFailure> {
    body::write(200, &OverviewView::from(&overview(call, name).await?))
}

async fn overview<P: Platform>(call: &Call<'_, P>, name: &str) -> Result<Overview, AdminFailure> {
    match order(call, name, &SubjectCommand::Overview).await? {
        SubjectReply::Overview(overview) => Ok(call.server.current_of(*overview, call.context.now).await?),
        _ => Err(no_such_user()),
    }
}

/// `DELETE users/ID/sessions`: signs the person out everywhere. All grants end, offline ones too.
pub(super) async fn end_sessions<P: Platform>(
    call: &Call<'_, P>,
    name: &str,
) -> Result<Response, AdminFailure> {
    order(call, name, &SubjectCommand::EndSessions { sid: None }).await?;
    Ok(Response::empty(204))
}

/// `DELETE users/ID/sessions/SID`: ends one session and the grants that don't outlive it.
pub(super) async fn end_session<P: Platform>(
    call: &Call<'_, P>,
    name: &str,
    sid: &str,
) -> Result<Response, AdminFailure> {
    let overview = overview(call, name).await?;
    let sid = Id::parse(sid).filter(|sid| overview.sessions.iter().any(|(known, _)| known == sid));
    let sid = sid.ok_or_else(|| AdminFailure::not_found("the user has no such session"))?;
    let command = SubjectCommand::EndSessions { sid: Some(sid) };
    call.server.subject(overview.user.id, &command, call.context.now).await?;
    Ok(Response::empty(204))
}
