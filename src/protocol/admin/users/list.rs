//! The list of users, who are in the directory's 256 shards: in order from all of them at once, or shard by shard where a request
//! may not make so many calls.

use futures_util::future::join_all;
use serde::Serialize;

use super::PersonView;
use crate::protocol::admin::body;
use crate::protocol::admin::{AdminFailure, Call};
use crate::protocol::http::Response;
use crate::protocol::http::error::ServerError;
use crate::protocol::login::shard_name;
use crate::protocol::objects::directory::{DirectoryCommand, DirectoryReply};
use crate::protocol::server::ports::Platform;

/// Most shards that one request asks: a free Worker may make 50 calls for a request, all of them counted.
const SHARDS_A_PAGE: usize = 30;
/// How many shards are asked at the same time for an ordered page.
const SHARDS_AT_ONCE: usize = 16;

#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "UserPage"))]
pub(in crate::protocol::admin) struct Page {
    users: Vec<PersonView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// Where a page ended: the shard, and the last key that was read from it. On the wire `17` or `17.KEY`.
struct Cursor {
    shard: u8,
    after: Option<String>,
}

impl Cursor {
    fn parse(text: &str) -> Option<Self> {
        let (shard, after) = match text.split_once('.') {
            Some((shard, after)) => (shard, Some(after.to_owned())),
            None => (text, None),
        };
        Some(Self { shard: shard.parse().ok()?, after })
    }

    fn to_wire(&self) -> String {
        match &self.after {
            Some(after) => format!("{}.{after}", self.shard),
            None => self.shard.to_string(),
        }
    }
}

/// `GET users?after=CURSOR&limit=N`: a page in no particular order. `next` is the `after` of the next one; there may be more
/// although a page is short, or empty.
pub(super) async fn list<P: Platform>(call: &Call<'_, P>) -> Result<Response, AdminFailure> {
    let limit = call.limit()?;
    match call.query("order").as_deref() {
        None => {}
        Some("login") => return ordered(call, limit).await,
        Some(_) => return Err(AdminFailure::refused(400, "invalid_request", "order can be login only")),
    }
    let start = match call.query("after") {
        Some(after) => Cursor::parse(&after).ok_or_else(|| {
            AdminFailure::refused(400, "invalid_request", "after has to be the `next` of another page")
        })?,
        None => Cursor { shard: 0, after: None },
    };
    let (users, next) = read(call, start, limit).await?;
    body::write(200, &Page { users, next: next.map(|cursor| cursor.to_wire()) })
}

/// `GET users?order=login&search=PREFIX&after=LOGIN&limit=N`: a page ordered by login identifier, of those that begin with PREFIX
/// if there is one. `next` is the `after` of the next one. Asks all shards.
async fn ordered<P: Platform>(call: &Call<'_, P>, limit: u32) -> Result<Response, AdminFailure> {
    let prefix = call.query("search").unwrap_or_default().trim().to_lowercase();
    let command =
        DirectoryCommand::Page { prefix, after: call.query("after"), limit: limit.saturating_add(1) };
    let keyring = call.server.any_keyring(call.context.now).await?;
    let names: Vec<String> = (0..=u8::MAX).map(|shard| shard_name(&keyring.derived, shard)).collect();
    let mut users = Vec::new();
    for names in names.chunks(SHARDS_AT_ONCE) {
        for reply in join_all(names.iter().map(|name| call.server.shard(name, &command))).await {
            let DirectoryReply::Entries(entries) = reply? else { return Err(unexpected()) };
            users.extend(
                entries.into_iter().map(|(_, entry)| PersonView { sub: entry.owner, login: entry.name }),
            );
        }
    }
    users.sort_unstable_by(|one, other| one.login.cmp(&other.login));
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = users.len() > most;
    users.truncate(most);
    let next = users.last().filter(|_| has_more).map(|last| last.login.clone());
    body::write(200, &Page { users, next })
}

fn unexpected() -> AdminFailure {
    ServerError::internal("a shard gave another answer than asked for").into()
}

async fn read<P: Platform>(
    call: &Call<'_, P>,
    start: Cursor,
    limit: u32,
) -> Result<(Vec<PersonView>, Option<Cursor>), AdminFailure> {
    let keyring = call.server.any_keyring(call.context.now).await?;
    let mut users = Vec::new();
    let Cursor { shard: first, mut after } = start;
    for (shard, asked) in (first..=u8::MAX).zip(0_usize..) {
        if asked == SHARDS_A_PAGE {
            return Ok((users, Some(Cursor { shard, after: None })));
        }
        let left = limit.saturating_sub(u32::try_from(users.len()).unwrap_or(limit));
        let command = DirectoryCommand::List { after: after.take(), limit: left };
        let DirectoryReply::Entries(entries) =
            call.server.shard(&shard_name(&keyring.derived, shard), &command).await?
        else {
            return Err(unexpected());
        };
        let last = entries.last().map(|(key, _)| key.clone());
        users
            .extend(entries.into_iter().map(|(_, entry)| PersonView { sub: entry.owner, login: entry.name }));
        if users.len() >= usize::try_from(limit).unwrap_or(usize::MAX) {
            return Ok((users, Some(Cursor { shard, after: last })));
        }
    }
    Ok((users, None))
}
