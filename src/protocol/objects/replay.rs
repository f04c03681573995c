//! Tokens that were used and count once: those of one shard that end in the same hour.
//!
//! The first to name a token has it, since one thread answers all. A row is there until its token has ended, and one alarm,
//! at the end of the hour, drops them all.

use serde::{Deserialize, Serialize};

use super::rows::{Rows, Transaction};
use crate::protocol::codec::encoding::base64url;
use crate::protocol::http::error::ServerError;
use crate::protocol::keys::derived::mac;
use crate::protocol::model::secret::SecretBytes;
use crate::protocol::model::time::{HOUR, Timestamp};

/// Objects per hour: enough to write some thousand tokens a second, few enough that rare ones share one.
const SHARDS: u8 = 16;
const TOKEN: &str = "token/";
/// Most rows one alarm drops.
const SWEEP: u32 = 1000;

/// What the object is asked to do.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReplayCommand {
    /// Uses a token. Not idempotent: that is its purpose.
    Use {
        /// A digest of its issuer and `jti`.
        key: String,
        /// When it has ended for every clock; decides the object too.
        until: Timestamp,
    },
    /// Takes a use back: the request that made it got nothing for it.
    GiveBack {
        /// As it was used.
        key: String,
    },
    /// The alarm: drops tokens that have ended.
    Tend,
}

/// What it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReplayReply {
    /// To `Use`: it is the first use.
    Fresh,
    /// To `Use`: it was used before.
    Seen,
    /// To `GiveBack` and `Tend`.
    Done,
}

/// The object that remembers a token which ends at `until` and whose digest has `byte` in it. Nobody outside can compute it.
pub fn object_name(routing: &SecretBytes, byte: u8, until: Timestamp) -> String {
    let hour = (until.0 / HOUR).to_be_bytes();
    base64url(&mac(routing, &[b"replay", &[byte % SHARDS], &hour]))
}

/// Carries out `command`.
pub(super) fn handle<R: Rows>(
    rows: &mut Transaction<'_, R>,
    now: Timestamp,
    command: ReplayCommand,
) -> Result<ReplayReply, ServerError> {
    match command {
        ReplayCommand::Use { key, until } => {
            let key = format!("{TOKEN}{key}");
            if rows.read::<Timestamp>(&key)?.is_some() {
                return Ok(ReplayReply::Seen);
            }
            rows.write(key, &until)?;
            rows.wake(Timestamp((until.0 / HOUR + 1).saturating_mul(HOUR)));
            Ok(ReplayReply::Fresh)
        }
        ReplayCommand::GiveBack { key } => {
            rows.delete(format!("{TOKEN}{key}"));
            Ok(ReplayReply::Done)
        }
        ReplayCommand::Tend => {
            let tokens = rows.list::<Timestamp>(TOKEN, None, SWEEP)?;
            let full = tokens.len() >= usize::try_from(SWEEP).unwrap_or(usize::MAX);
            let latest = tokens.iter().map(|(_, until)| *until).filter(|until| *until > now).max();
            if let Some(at) = latest {
                rows.wake(at);
            } else if full {
                rows.wake(now.plus(1));
            }
            for (key, _) in tokens.into_iter().filter(|(_, until)| *until <= now) {
                rows.delete(format!("{TOKEN}{key}"));
            }
            Ok(ReplayReply::Done)
        }
    }
}
