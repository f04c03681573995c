//! Publication: what is in the Control object's outbox is written to the snapshot store. The object's alarm calls it.
//!
//! The object has one alarm at a time and is the only writer, so values of one name can't overtake each other. A name that
//! changes again while it is written stays in the outbox, and so does one that could not be written.

use super::ports::{Platform, SnapshotWrite};
use crate::protocol::codec::json;
use crate::protocol::http::error::ServerError;
use crate::protocol::objects::control::{ControlCommand, ControlReply, DueSnapshot, PublishedSnapshot};

/// Publishes the most urgent entries of the outbox, at most `limit` of them and all at once: one after the other, the last would
/// wait for seconds. `carry_out` has the Control object carry out a command. If anything is left to publish the object has set
/// its alarm again.
///
/// # Errors
/// If the object fails or a snapshot could not be written.
pub async fn publish<P: Platform>(
    platform: &P,
    carry_out: impl AsyncFn(&str) -> Result<String, ServerError>,
    limit: u32,
) -> Result<(), ServerError> {
    let failed = |error: serde_json::Error| ServerError::internal(error.to_string());
    let ask = async |command: &ControlCommand| -> Result<ControlReply, ServerError> {
        let reply = carry_out(&serde_json::to_string(command).map_err(failed)?).await?;
        json::from_str(&reply).map_err(failed)
    };
    let ControlReply::Snapshots(due) = ask(&ControlCommand::DueSnapshots { limit }).await? else {
        return Err(ServerError::internal("the Control object gave another answer than asked for"));
    };
    if due.is_empty() {
        return Ok(());
    }
    let (made, problems): (Vec<_>, Vec<_>) = due.iter().partition(|due| due.problem.is_none());
    let writes: Vec<_> = made.iter().map(|due| as_write(due)).collect();
    let done = platform.write_snapshots(&writes).await;
    let written = made.iter().zip(&done).filter(|(_, result)| result.is_ok());
    let snapshots: Vec<_> =
        written.map(|(due, _)| PublishedSnapshot { place: due.place.clone(), change: due.change }).collect();
    let all = snapshots.len() == due.len();
    ask(&ControlCommand::Published { snapshots, all }).await?;
    let problem = problems.into_iter().find_map(|due| due.problem.clone());
    done.into_iter().chain(problem.map(|problem| Err(ServerError::internal(problem)))).collect()
}

fn as_write(due: &DueSnapshot) -> SnapshotWrite<'_> {
    SnapshotWrite { name: &due.name, value: due.value.as_deref() }
}
