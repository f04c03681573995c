//! The public keys of trusted issuers: where they come from, and how long they are used. `federation` asks for one when it
//! verifies a token of a trusted issuer.
//!
//! The keys are in the configuration (`jwks`), at an address in it (`jwks_uri`), or where the issuer's metadata says (`OpenID
//! Connect Discovery` §4). Fetched keys are used for [`FRESH`] and then fetched again; only if that fails they are used for
//! another [`STALE`]. A failure is remembered for [`FAILED`], and tokens that name unknown keys make this isolate ask at most
//! once per [`REFRESH`]: a flood of made-up tokens costs the issuer next to nothing.
//!
//! Requests share nothing here but finished values; none waits for another's I/O.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use serde_json::json;

use super::Server;
use super::ports::Platform;
use crate::protocol::config::TrustedIssuerConfig;
use crate::protocol::http::error::{Cause, ServerError};
use crate::protocol::model::jwk::PublicJwk;
use crate::protocol::model::jwk_set::KeySet;
use crate::protocol::model::outbound::objection;
use crate::protocol::model::signature_alg::SignatureAlg;
use crate::protocol::model::time::{HOUR, MINUTE, Timestamp};
use crate::protocol::rules::discovery;
use crate::protocol::rules::issuers::is_local;

/// How long fetched keys are used without asking again, in seconds. The platform's own copy may have been just as old.
const FRESH: u64 = 5 * MINUTE;
/// How long after [`FRESH`] keys are still used while the issuer can't be reached, in seconds.
const STALE: u64 = HOUR;
/// How long an issuer that couldn't be reached is not asked again, in seconds.
const FAILED: u64 = 30;
/// How long a request goes on with old keys because another request is fetching new ones, in seconds.
const UNDER_WAY: u64 = 10;
/// The shortest time between two fetches because of unknown keys, in seconds.
const REFRESH: u64 = MINUTE;
/// The most sources of keys that an isolate remembers.
const MAX_SOURCES: usize = 64;

/// What an isolate knows of the keys of trusted issuers.
#[derive(Default)]
pub(crate) struct Trust {
    sources: RefCell<BTreeMap<String, KeptKeys>>,
}

#[derive(Clone, Default)]
struct KeptKeys {
    keys: Option<(Rc<KeySet>, Timestamp)>,
    /// When a request last began to fetch them; other requests don't for [`UNDER_WAY`].
    tried_at: Option<Timestamp>,
    failed_at: Option<Timestamp>,
    /// When a token that names an unknown key last made a request fetch them.
    refreshed_at: Option<Timestamp>,
}

/// What to do to get an issuer's keys.
enum Step {
    Use(Rc<KeySet>),
    Fetch(Option<Rc<KeySet>>),
    GiveUp,
}

impl KeptKeys {
    fn step(&self, now: Timestamp) -> Step {
        let within = |at: Option<Timestamp>, seconds| at.is_some_and(|at| now.since(at) < seconds);
        let known = self.keys.as_ref().map(|(keys, read_at)| (Rc::clone(keys), now.since(*read_at)));
        match known.filter(|(_, age)| *age < FRESH + STALE) {
            Some((keys, age)) if age < FRESH => Step::Use(keys),
            Some((keys, _)) if within(self.failed_at, FAILED) || within(self.tried_at, UNDER_WAY) => {
                Step::Use(keys)
            }
            Some((keys, _)) => Step::Fetch(Some(keys)),
            None if within(self.failed_at, FAILED) => Step::GiveUp,
            None => Step::Fetch(None),
        }
    }
}

impl Trust {
    fn step(&self, source: &Source<'_>, now: Timestamp) -> Step {
        self.sources.borrow().get(&source.name()).map_or(Step::Fetch(None), |known| known.step(now))
    }

    fn note(&self, source: &Source<'_>, change: impl FnOnce(&mut KeptKeys)) {
        let mut sources = self.sources.borrow_mut();
        let name = source.name();
        if sources.len() >= MAX_SOURCES && !sources.contains_key(&name) {
            sources.pop_first();
        }
        change(sources.entry(name).or_default());
    }

    /// Whether an unknown key is worth a fetch. It is counted before the request sets out, because a flood must not outrun the
    /// count.
    fn may_refresh(&self, source: &Source<'_>, now: Timestamp) -> bool {
        let mut may = false;
        self.note(source, |known| {
            let waits = |at: Option<Timestamp>, seconds| at.is_some_and(|at| now.since(at) < seconds);
            may = !waits(known.refreshed_at, REFRESH) && !waits(known.failed_at, FAILED);
            if may {
                known.refreshed_at = Some(now);
            }
        });
        may
    }
}

/// Where the keys of an issuer are, and whether that may be on a loopback address.
struct Source<'a> {
    place: Place<'a>,
    local: bool,
}

enum Place<'a> {
    At { url: &'a str },
    Discovery { issuer: &'a str },
}

impl<'a> Source<'a> {
    fn of(issuer: &'a TrustedIssuerConfig, own: &str) -> Self {
        let place = match issuer.jwks_uri.as_deref() {
            Some(url) => Place::At { url },
            None => Place::Discovery { issuer: issuer.issuer() },
        };
        Self { place, local: is_local(issuer, Some(own)) }
    }

    fn name(&self) -> String {
        match self.place {
            Place::At { url } => format!("at {url}"),
            Place::Discovery { issuer } => format!("discovery of {issuer}"),
        }
    }

    async fn fetch<P: Platform>(&self, platform: &P, fresh: bool) -> Result<KeySet, ServerError> {
        let issuer = match self.place {
            Place::At { url } => return self.keys(platform, url, fresh).await,
            Place::Discovery { issuer } => issuer,
        };
        let (url, is_copy) = self.discover(platform, issuer, false).await?;
        match self.keys(platform, &url, fresh).await {
            // The keys may have moved since the copy was made.
            Err(_) if is_copy => {
                let (url, _) = self.discover(platform, issuer, true).await?;
                self.keys(platform, &url, fresh).await
            }
            answer => answer,
        }
    }

    async fn keys<P: Platform>(&self, platform: &P, url: &str, fresh: bool) -> Result<KeySet, ServerError> {
        let parse = |document: &[u8]| KeySet::parse(document).ok_or("the document is no key set");
        read(platform, (url, self.local), fresh, parse).await.map(|(keys, _)| keys)
    }

    /// The address of the keys according to the issuer's metadata, and whether a copy of the metadata says so.
    async fn discover<P: Platform>(
        &self,
        platform: &P,
        issuer: &str,
        fresh: bool,
    ) -> Result<(String, bool), ServerError> {
        let parse = |document: &[u8]| discovery::keys_address(document, issuer, self.local);
        read(platform, (&discovery::address(issuer), self.local), fresh, parse).await
    }
}

/// Gets a document and reads it; returns also whether it was a copy. Where a copy can't be read its origin is asked. Only what
/// could be read is kept as a copy: an issuer that answers nonsense for a moment does no harm a moment later.
async fn read<P: Platform, T>(
    platform: &P,
    (url, local): (&str, bool),
    fresh: bool,
    parse: impl Fn(&[u8]) -> Result<T, &'static str>,
) -> Result<(T, bool), ServerError> {
    if let Some(objection) = objection(url, local) {
        return Err(ServerError::unavailable(format!("{url} is not called: {objection}")));
    }
    let mut document = platform.get_document(url, fresh).await?;
    let mut parsed = parse(&document.bytes);
    if parsed.is_err() && document.is_copy {
        document = platform.get_document(url, true).await?;
        parsed = parse(&document.bytes);
    }
    let parsed = parsed.map_err(ServerError::unavailable)?;
    if !document.is_copy {
        platform.keep_document(url, &document.bytes).await;
    }
    Ok((parsed, document.is_copy))
}

/// Finds the key that a token of `issuer` names. If the token names none, it is the only key that fits.
///
/// # Errors
/// Why there is none.
pub(crate) async fn key<P: Platform>(
    server: &Server<P>,
    issuer: &TrustedIssuerConfig,
    (kid, alg): (Option<&str>, SignatureAlg),
    now: Timestamp,
) -> Result<PublicJwk, Cause> {
    let unknown = Cause::AssertionKeyUnknown;
    if let Some(pinned) = &issuer.jwks {
        let keys = KeySet::of(pinned).ok_or(unknown)?;
        return keys.key(kid, alg).cloned().ok_or(unknown);
    }
    let source = Source::of(issuer, server.issuer.as_str());
    let keys = match server.trust.step(&source, now) {
        Step::Use(keys) => keys,
        Step::Fetch(stale) => match fetch(server, issuer, &source, (false, now)).await {
            Some(keys) => keys,
            None => stale.ok_or(Cause::IssuerUnreachable)?,
        },
        Step::GiveUp => return Err(Cause::IssuerUnreachable),
    };
    if let Some(key) = keys.key(kid, alg) {
        return Ok(key.clone());
    }
    if !server.trust.may_refresh(&source, now) {
        return Err(unknown);
    }
    let keys = fetch(server, issuer, &source, (true, now)).await.ok_or(Cause::IssuerUnreachable)?;
    keys.key(kid, alg).cloned().ok_or(unknown)
}

/// Fetches the keys of `source` and remembers them. If that fails, it remembers the failure and leaves what is known.
async fn fetch<P: Platform>(
    server: &Server<P>,
    issuer: &TrustedIssuerConfig,
    source: &Source<'_>,
    (fresh, now): (bool, Timestamp),
) -> Option<Rc<KeySet>> {
    server.trust.note(source, |known| known.tried_at = Some(now));
    match source.fetch(&server.platform, fresh).await {
        Ok(keys) => {
            let keys = Rc::new(keys);
            server.trust.note(source, |known| {
                known.keys = Some((Rc::clone(&keys), now));
                known.failed_at = None;
            });
            Some(keys)
        }
        Err(error) => {
            let detail = error.detail();
            server.trust.note(source, |known| known.failed_at = Some(now));
            let line =
                json!({ "time": now, "event": "issuer_unreachable", "issuer": issuer.id, "detail": detail });
            server.platform.log(&line.to_string());
            None
        }
    }
}
