//! The object that remembers used one-time tokens: those of one shard that expire in the same hour. `federation::one_time` calls
//! it.
//!
//! The first request to name a token has it, since one thread answers all. A row stays until its token has expired, and one alarm
//! at the end of the hour drops them all.

use serde::{Deserialize, Serialize};

use super::rows::{Rows, Transaction};
use crate::protocol::codec::encoding::base64url;
use crate::protocol::http::error::ServerError;
use crate::protocol::keys::derived::mac;
use crate::protocol::model::secret::SecretBytes;
use crate::protocol::model::time::{HOUR, Timestamp};

/// The number of objects per hour: enough to write some thousand tokens a second, and few enough that rare tokens share one.
const SHARDS: u8 = 16;
const TOKEN: &str = "token/";
/// The most rows that one alarm drops.
const SWEEP: u32 = 1000;

/// The commands that the object carries out.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReplayCommand {
    /// Uses a token. It is not idempotent, which is its purpose.
    Use {
        /// The digest of the token's issuer and `jti`.
        key: String,
        /// When the token has expired for every clock. The object's name depends on it, too.
        until: Timestamp,
    },
    /// Takes a use back, because the request that used the token got nothing for it.
    GiveBack {
        /// The digest that the token was used with.
        key: String,
    },
    /// Drops the tokens that have expired; the object's alarm sends it.
    Tend,
}

/// The replies to the commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReplayReply {
    /// To `Use`: this is the token's first use.
    Fresh,
    /// To `Use`: the token was used before.
    Seen,
    /// To `GiveBack` and `Tend`: it is done.
    Done,
}

/// The name of the object that remembers a token which expires at `until` and whose digest has `byte` in it. Nobody outside can
/// compute it.
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
