//! One of 256 shards of the login identifiers: which identifier belongs to which user, and how often somebody tried to log in.
//! `login` calls it through `server::calls`, and the admin API lists users with it.
//!
//! Keys are MACs of the normalized identifier or address, so nobody outside can compute the shard of an identifier or what is
//! stored for it. Attempts are counted *before* a password is looked at, in the same step that looks the identifier up: parallel
//! guesses can't outrun the count. Whether the identifier exists makes no difference to it.

use serde::{Deserialize, Serialize};

use super::SWEEP_EVERY;
use super::rows::{Rows, Transaction};
use crate::protocol::http::error::ServerError;
use crate::protocol::model::time::{MINUTE, Timestamp};
use crate::protocol::model::user_id::UserId;

const LOGIN: &str = "login/";
const BUCKET: &str = "bucket/";
/// The row that says where a sweep goes on that has more rows to look at.
const CURSOR: &str = "sweep";
/// The most rows that one alarm looks at.
const SWEEP: u32 = 1000;

/// A bucket that counts attempts: at most `limit` in `window` seconds.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Bucket {
    /// The key that the bucket is stored under.
    pub key: String,
    /// The most attempts in one window.
    pub limit: u32,
    /// The length of a window, in seconds.
    pub window: u64,
}

/// The commands that the object carries out.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DirectoryCommand {
    /// Counts an attempt in every bucket, unless one is full, and looks an identifier up.
    Attempt {
        /// The key of the identifier to look up, if any.
        login: Option<String>,
        /// The buckets in which the attempt counts.
        buckets: Vec<Bucket>,
    },
    /// Takes attempts out of buckets, because the login succeeded.
    Forgive {
        /// The keys of buckets to empty.
        buckets: Vec<String>,
        /// The keys of buckets that hold the attempts of others, too. From each is taken as much as the first of `buckets` held;
        /// one attempt, if there is no such bucket.
        #[serde(default)]
        shared: Vec<String>,
    },
    /// Looks an identifier up without counting an attempt.
    Find {
        /// The key of the identifier.
        login: String,
    },
    /// Gives an identifier to a user, unless another user has it. Idempotent for the same user.
    Claim {
        /// The key of the identifier.
        login: String,
        /// The identifier in its normal form, for lists.
        name: String,
        /// The user who is to have it.
        owner: UserId,
    },
    /// Takes an identifier from a user. Nothing happens if it belongs to another user.
    Release {
        /// The key of the identifier.
        login: String,
        /// The user who had it.
        owner: UserId,
    },
    /// Returns a page of identifiers in the order of their keys.
    List {
        /// The last key of the page before; unset for the first page.
        after: Option<String>,
        /// The most entries to return.
        limit: u32,
    },
    /// Returns a page of identifiers in their own order: those that begin with `prefix` and come after `after`.
    Page {
        /// The text that they begin with; empty for all identifiers.
        prefix: String,
        /// The last identifier of the page before; unset for the first page.
        after: Option<String>,
        /// The most entries to return.
        limit: u32,
    },
    /// Drops the buckets whose window is over; the object's alarm sends it.
    Tend,
}

/// An identifier and its user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The user who has the identifier.
    pub owner: UserId,
    /// The identifier in its normal form.
    pub name: String,
}

/// The replies to the commands.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DirectoryReply {
    /// To `Attempt`: the attempt may go on.
    Allowed {
        /// The user who has the identifier, if anybody does.
        owner: Option<UserId>,
        /// The number of attempts in the fullest bucket, this one included.
        used: u32,
        /// Whether a bucket is half full or more.
        #[serde(default)]
        crowded: bool,
    },
    /// To `Attempt`: a bucket is full, for as many more seconds.
    Full(u64),
    /// To `Find`: the user who has the identifier. To `Claim`: another user who has it.
    Owner(Option<UserId>),
    /// To `Claim`: the user has the identifier now.
    Claimed,
    /// To `List` and `Page`: the entries, each with its key.
    Entries(Vec<(String, Entry)>),
    /// To all other commands: it is done.
    Done,
}

#[derive(Serialize, Deserialize)]
struct Count {
    count: u32,
    ends_at: Timestamp,
}

/// How far a sweep over the buckets has come.
#[derive(Default, Serialize, Deserialize)]
struct Cursor {
    /// The key of the last bucket that the sweep looked at.
    after: Option<String>,
    /// Whether the sweep has left a bucket in place.
    left: bool,
}

/// Carries out `command`.
pub(super) fn handle<R: Rows>(
    rows: &mut Transaction<'_, R>,
    now: Timestamp,
    command: DirectoryCommand,
) -> Result<DirectoryReply, ServerError> {
    match command {
        DirectoryCommand::Attempt { login, buckets } => attempt(rows, now, login.as_deref(), &buckets),
        DirectoryCommand::Forgive { buckets, shared } => forgive(rows, &buckets, &shared),
        DirectoryCommand::Find { login } => Ok(DirectoryReply::Owner(owner(rows, &login)?)),
        DirectoryCommand::Claim { login, name, owner: wanted } => match owner(rows, &login)? {
            Some(other) if other != wanted => Ok(DirectoryReply::Owner(Some(other))),
            Some(_) => Ok(DirectoryReply::Claimed),
            None => {
                rows.write(format!("{LOGIN}{login}"), &Entry { owner: wanted, name })?;
                Ok(DirectoryReply::Claimed)
            }
        },
        DirectoryCommand::Release { login, owner: from } => {
            if owner(rows, &login)? == Some(from) {
                rows.delete(format!("{LOGIN}{login}"));
            }
            Ok(DirectoryReply::Done)
        }
        DirectoryCommand::List { after, limit } => {
            Ok(DirectoryReply::Entries(rows.list(LOGIN, after.as_deref(), limit)?))
        }
        DirectoryCommand::Page { prefix, after, limit } => page(rows, &prefix, after.as_deref(), limit),
        DirectoryCommand::Tend => tend(rows, now),
    }
}

fn owner<R: Rows>(rows: &Transaction<'_, R>, login: &str) -> Result<Option<UserId>, ServerError> {
    Ok(rows.read::<Entry>(&format!("{LOGIN}{login}"))?.map(|entry| entry.owner))
}

/// Looks at every row, because rows are in the order of their keys, which say nothing of the identifiers.
fn page<R: Rows>(
    rows: &Transaction<'_, R>,
    prefix: &str,
    after: Option<&str>,
    limit: u32,
) -> Result<DirectoryReply, ServerError> {
    let fits = |entry: &Entry| {
        entry.name.starts_with(prefix) && after.is_none_or(|after| entry.name.as_str() > after)
    };
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut found: Vec<(String, Entry)> = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let entries = rows.list::<Entry>(LOGIN, cursor.as_deref(), SWEEP)?;
        let is_last = entries.len() < usize::try_from(SWEEP).unwrap_or(usize::MAX);
        cursor = entries.last().map(|(key, _)| key.clone());
        found.extend(entries.into_iter().filter(|(_, entry)| fits(entry)));
        found.sort_unstable_by(|(_, one), (_, other)| one.name.cmp(&other.name));
        found.truncate(most);
        if is_last {
            return Ok(DirectoryReply::Entries(found));
        }
    }
}

fn attempt<R: Rows>(
    rows: &mut Transaction<'_, R>,
    now: Timestamp,
    login: Option<&str>,
    buckets: &[Bucket],
) -> Result<DirectoryReply, ServerError> {
    let mut counts = Vec::new();
    for bucket in buckets {
        let key = format!("{BUCKET}{}", bucket.key);
        let known = rows.read::<Count>(&key)?.filter(|count| now < count.ends_at);
        let count = known.unwrap_or(Count { count: 0, ends_at: now.plus(bucket.window) });
        if count.count >= bucket.limit {
            return Ok(DirectoryReply::Full(count.ends_at.since(now)));
        }
        counts.push((key, Count { count: count.count + 1, ..count }));
    }
    let used = counts.iter().map(|(_, count)| count.count).max().unwrap_or_default();
    let crowded =
        counts.iter().zip(buckets).any(|((_, count), bucket)| count.count >= bucket.limit.div_ceil(2));
    for (key, count) in counts {
        rows.write(key, &count)?;
        rows.wake(now.plus(SWEEP_EVERY));
    }
    let owner = login.map(|login| owner(rows, login)).transpose()?;
    Ok(DirectoryReply::Allowed { owner: owner.flatten(), used, crowded })
}

/// Empties `buckets`. From each of `shared` it takes as many attempts as the first of `buckets` held; one, if there is none.
fn forgive<R: Rows>(
    rows: &mut Transaction<'_, R>,
    buckets: &[String],
    shared: &[String],
) -> Result<DirectoryReply, ServerError> {
    let mut own = u32::from(buckets.is_empty());
    for (index, key) in buckets.iter().enumerate() {
        let key = format!("{BUCKET}{key}");
        if let Some(count) = rows.read::<Count>(&key)? {
            if index == 0 {
                own = count.count;
            }
            rows.delete(key);
        }
    }
    for key in shared {
        let key = format!("{BUCKET}{key}");
        if let Some(count) = rows.read::<Count>(&key)? {
            rows.write(key, &Count { count: count.count.saturating_sub(own), ..count })?;
        }
    }
    Ok(DirectoryReply::Done)
}

/// Drops buckets whose window is over, [`SWEEP`] rows at a time. The next alarm goes on where this one stopped: rows that stay
/// must not keep it from ever reaching those behind them.
fn tend<R: Rows>(rows: &mut Transaction<'_, R>, now: Timestamp) -> Result<DirectoryReply, ServerError> {
    let known = rows.read::<Cursor>(CURSOR)?;
    let has_cursor = known.is_some();
    let mut cursor = known.unwrap_or_default();
    let buckets = rows.list::<Count>(BUCKET, cursor.after.as_deref(), SWEEP)?;
    let is_last = buckets.len() < usize::try_from(SWEEP).unwrap_or(usize::MAX);
    for (key, count) in buckets {
        if count.ends_at <= now {
            rows.delete(format!("{BUCKET}{key}"));
        } else {
            cursor.left = true;
        }
        cursor.after = Some(key);
    }
    if !is_last {
        // There are more rows than one alarm may look at, so somebody is trying hard.
        rows.write(CURSOR, &cursor)?;
        rows.wake(now.plus(MINUTE));
        return Ok(DirectoryReply::Done);
    }
    if has_cursor {
        rows.delete(CURSOR);
    }
    if cursor.left {
        rows.wake(now.plus(SWEEP_EVERY));
    }
    Ok(DirectoryReply::Done)
}
