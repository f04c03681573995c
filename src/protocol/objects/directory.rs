//! One of 256 shards of the login identifiers: which identifier is whose, and how often somebody tried.
//!
//! Keys are MACs of the normalized identifier or address, so the shard of an identifier, and what is stored for it,
//! can't be computed outside. Attempts are counted *before* a password is looked at, in the same step that looks the
//! identifier up: parallel guesses can't outrun the count. Whether the identifier exists makes no difference to it.

use serde::{Deserialize, Serialize};

use super::SWEEP_EVERY;
use super::rows::{Rows, Transaction};
use crate::protocol::http::error::ServerError;
use crate::protocol::model::time::{MINUTE, Timestamp};
use crate::protocol::model::user_id::UserId;

const LOGIN: &str = "login/";
const BUCKET: &str = "bucket/";
/// Where a sweep that has more to look at goes on.
const CURSOR: &str = "sweep";
/// Most rows one alarm looks at.
const SWEEP: u32 = 1000;

/// So many attempts in so many seconds.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Bucket {
    /// Which one.
    pub key: String,
    /// Most attempts in a window.
    pub limit: u32,
    /// The window's length, in seconds.
    pub window: u64,
}

/// What the object is asked to do.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DirectoryCommand {
    /// Counts an attempt in every bucket, unless one is full, and looks an identifier up.
    Attempt {
        /// The identifier to look up, if any.
        login: Option<String>,
        /// Where to count.
        buckets: Vec<Bucket>,
    },
    /// Forgets attempts: the login succeeded.
    Forgive {
        /// The keys of buckets to empty.
        buckets: Vec<String>,
        /// The keys of buckets that others' attempts are in too: from each is taken what the first of `buckets` held, or one
        /// attempt without any.
        #[serde(default)]
        shared: Vec<String>,
    },
    /// Looks an identifier up.
    Find {
        /// Its key.
        login: String,
    },
    /// Gives an identifier to a person, unless somebody has it. Idempotent for the same person.
    Claim {
        /// Its key.
        login: String,
        /// The identifier itself, for lists.
        name: String,
        /// Whose it is to be.
        owner: UserId,
    },
    /// Takes an identifier from a person; nothing happens if it is somebody else's.
    Release {
        /// Its key.
        login: String,
        /// Whose it was.
        owner: UserId,
    },
    /// A page of identifiers in the order of their keys.
    List {
        /// The last key of the page before.
        after: Option<String>,
        /// Most entries to return.
        limit: u32,
    },
    /// The first identifiers in their own order, of those that begin with `prefix` and come after `after`.
    Page {
        /// What they begin with; empty for all.
        prefix: String,
        /// The last identifier of the page before.
        after: Option<String>,
        /// Most entries to return.
        limit: u32,
    },
    /// The alarm: drops buckets whose window is over.
    Tend,
}

/// One identifier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Whose it is.
    pub owner: UserId,
    /// The identifier in its normal form.
    pub name: String,
}

/// What it answers.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DirectoryReply {
    /// To `Attempt`: it may go on.
    Allowed {
        /// Who has the identifier.
        owner: Option<UserId>,
        /// Attempts in the fullest bucket, this one included.
        used: u32,
        /// Whether a bucket is half full or more.
        #[serde(default)]
        crowded: bool,
    },
    /// To `Attempt`: a bucket is full for so many more seconds.
    Full(u64),
    /// To `Find`, and to `Claim` when somebody else has it.
    Owner(Option<UserId>),
    /// To `Claim`.
    Claimed,
    /// To `List` and `Page`: key and entry.
    Entries(Vec<(String, Entry)>),
    /// To everything else.
    Done,
}

#[derive(Serialize, Deserialize)]
struct Count {
    count: u32,
    ends_at: Timestamp,
}

/// How far a sweep has come.
#[derive(Default, Serialize, Deserialize)]
struct Cursor {
    /// The last bucket it looked at.
    after: Option<String>,
    /// Whether it has left one.
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

/// Looks at every row: they are in the order of their keys, which say nothing of what they stand for.
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

/// Empties `buckets`, and takes the attempts that the first one held out of `shared`; one, if there is none.
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
        // There is more than one alarm can look at: somebody is trying hard.
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
