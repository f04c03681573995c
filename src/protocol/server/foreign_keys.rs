//! The public keys of others: of trusted issuers, and of clients that authenticate with keys of their own. Where they come from, and
//! how long they are used. `federation` asks for one when it verifies a signature.
//!
//! The keys are in the configuration (`jwks`), at an address in it (`jwks_uri`), or where an issuer's metadata says (`OpenID
//! Connect Discovery` §4). Fetched keys are used for [`FRESH`] and then fetched again; only if that fails they are used for
//! another [`STALE`]. A failure is remembered for [`FAILED`], and tokens that name unknown keys make this isolate ask at most
//! once per [`REFRESH`]: a flood of made-up tokens costs the issuer next to nothing. There may be more clients than an isolate
//! remembers, and anybody can name one, so what is fetched for clients draws from a budget besides.
//!
//! Requests share nothing here but finished values; none waits for another's I/O.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use serde_json::{Map, Value, json};

use super::Server;
use super::budget::{Budget, Question};
use super::ports::Platform;
use super::request::RequestContext;
use crate::protocol::config::{ClientConfig, TrustedIssuerConfig};
use crate::protocol::http::error::{Cause, ServerError};
use crate::protocol::model::jwk::PublicJwk;
use crate::protocol::model::jwk_set::KeySet;
use crate::protocol::model::outbound::{self, objection};
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
/// The most sources of issuers' keys, and the most of clients' keys, that an isolate remembers.
const MAX_SOURCES: (usize, usize) = (64, 256);

/// What an isolate knows of the keys of others.
#[derive(Default)]
pub(crate) struct Trust {
    issuers: RefCell<BTreeMap<String, KeptKeys>>,
    clients: RefCell<BTreeMap<String, KeptKeys>>,
    /// Pays for fetching the keys of clients.
    fetches: Budget,
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
    /// What is remembered of keys like those of `holder`, and of how many. Clients push out no issuer.
    fn sources(&self, holder: &Holder<'_>) -> (&RefCell<BTreeMap<String, KeptKeys>>, usize) {
        match holder.who {
            Who::Issuer(_) => (&self.issuers, MAX_SOURCES.0),
            Who::Client(_) => (&self.clients, MAX_SOURCES.1),
        }
    }

    fn step(&self, holder: &Holder<'_>, now: Timestamp) -> Step {
        let sources = self.sources(holder).0.borrow();
        sources.get(&holder.name()).map_or(Step::Fetch(None), |known| known.step(now))
    }

    fn note(&self, holder: &Holder<'_>, change: impl FnOnce(&mut KeptKeys)) {
        let (sources, most) = self.sources(holder);
        let mut sources = sources.borrow_mut();
        let name = holder.name();
        if sources.len() >= most && !sources.contains_key(&name) {
            let oldest = sources.iter().min_by_key(|(_, known)| known.tried_at).map(|(name, _)| name.clone());
            oldest.and_then(|oldest| sources.remove(&oldest));
        }
        change(sources.entry(name).or_default());
    }

    /// Whether an unknown key is worth a fetch. It is counted before the request sets out, because a flood must not outrun the
    /// count.
    fn may_refresh(&self, holder: &Holder<'_>, now: Timestamp) -> bool {
        let mut may = false;
        self.note(holder, |known| {
            let waits = |at: Option<Timestamp>, seconds| at.is_some_and(|at| now.since(at) < seconds);
            may = !waits(known.refreshed_at, REFRESH) && !waits(known.failed_at, FAILED);
            if may {
                known.refreshed_at = Some(now);
            }
        });
        may
    }
}

/// Who has keys, where they are, and whether that may be on a loopback address.
pub(crate) struct Holder<'a> {
    who: Who<'a>,
    pinned: Option<&'a Map<String, Value>>,
    place: Place<'a>,
    local: bool,
}

/// Whose keys they are, by the name that the log has.
#[derive(Clone, Copy)]
enum Who<'a> {
    Issuer(&'a str),
    Client(&'a str),
}

enum Place<'a> {
    At { url: &'a str },
    Discovery { issuer: &'a str },
}

impl<'a> Holder<'a> {
    /// A trusted issuer. `own` is this server's issuer.
    pub(crate) fn issuer(issuer: &'a TrustedIssuerConfig, own: &str) -> Self {
        let place = match issuer.jwks_uri.as_deref() {
            Some(url) => Place::At { url },
            None => Place::Discovery { issuer: issuer.issuer() },
        };
        let local = is_local(issuer, Some(own));
        Self { who: Who::Issuer(&issuer.id), pinned: issuer.jwks.as_ref(), place, local }
    }

    /// A client that authenticates with keys of its own.
    pub(crate) fn client(client: &'a ClientConfig, own: &str) -> Self {
        let url = client.jwks_uri.as_deref().unwrap_or_default();
        let (who, local) = (Who::Client(&client.client_id), outbound::is_local(own));
        Self { who, pinned: client.jwks.as_ref(), place: Place::At { url }, local }
    }

    fn name(&self) -> String {
        match self.place {
            Place::At { url } => format!("at {url}"),
            Place::Discovery { issuer } => format!("discovery of {issuer}"),
        }
    }

    fn unreachable(&self, detail: &str, now: Timestamp) -> String {
        let line = match self.who {
            Who::Issuer(id) => {
                json!({ "time": now, "event": "issuer_unreachable", "issuer": id, "detail": detail })
            }
            Who::Client(id) => {
                json!({ "time": now, "event": "client_keys_unreachable", "client_id": id, "detail": detail })
            }
        };
        line.to_string()
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

/// Finds the key of `holder` that a token names. If the token names none, it is the only key that fits.
///
/// # Errors
/// Why there is none.
pub(crate) async fn key<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    holder: &Holder<'_>,
    (kid, alg): (Option<&str>, SignatureAlg),
) -> Result<PublicJwk, Cause> {
    let unknown = Cause::AssertionKeyUnknown;
    if let Some(pinned) = holder.pinned {
        let keys = KeySet::of(pinned).ok_or(unknown)?;
        return keys.key(kid, alg).cloned().ok_or(unknown);
    }
    let keys = match server.trust.step(holder, context.now) {
        Step::Use(keys) => keys,
        Step::Fetch(stale) => match fetch(server, context, holder, false).await {
            Some(keys) => keys,
            None => stale.ok_or(Cause::IssuerUnreachable)?,
        },
        Step::GiveUp => return Err(Cause::IssuerUnreachable),
    };
    if let Some(key) = keys.key(kid, alg) {
        return Ok(key.clone());
    }
    if !server.trust.may_refresh(holder, context.now) {
        return Err(unknown);
    }
    let keys = fetch(server, context, holder, true).await.ok_or(Cause::IssuerUnreachable)?;
    keys.key(kid, alg).cloned().ok_or(unknown)
}

/// Fetches the keys of `holder` and remembers them. If that fails, it remembers the failure and leaves what is known.
async fn fetch<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    holder: &Holder<'_>,
    fresh: bool,
) -> Option<Rc<KeySet>> {
    let now = context.now;
    if let Who::Client(client_id) = holder.who {
        let question = Question { sender: context.address(), subject: Some(client_id) };
        if !server.trust.fetches.take(question, now) {
            return None;
        }
    }
    server.trust.note(holder, |known| known.tried_at = Some(now));
    match holder.fetch(&server.platform, fresh).await {
        Ok(keys) => {
            let keys = Rc::new(keys);
            server.trust.note(holder, |known| {
                known.keys = Some((Rc::clone(&keys), now));
                known.failed_at = None;
            });
            Some(keys)
        }
        Err(error) => {
            server.trust.note(holder, |known| known.failed_at = Some(now));
            server.platform.log(&holder.unreachable(error.detail(), now));
            None
        }
    }
}
