//! Clients that come with a metadata document: fetched, kept, and made a client of. `lookup` asks here for a `client_id` that is a URL
//! and that nobody registered.
//!
//! * The configuration's rules come first: without one that admits the URL nothing is fetched. What administrators decided about a
//!   client is a row of the Control object, which edges read where they read a registered client.
//! * A document is used for as long as its headers say, within bounds (`documents::freshness`), by the isolate and by everybody near
//!   this edge. One that can't be fetched or is wrong is never kept, and changes nothing of what is known.
//! * While no newer one can be had, the last sound one counts for [`STALE`] longer, for what the client has already: tokens are
//!   refreshed, and nothing new begins ([`Client::is_outdated`]).
//! * Fetches are paid from a budget: a flood of made-up URLs costs a bounded number. What others near this edge have fetched costs
//!   nothing. Requests of an isolate can't wait for each other's I/O: while one fetches, the others use what is known.
//! * Whoever only has to know whether a client may come, and whether it is the same one as before, needs no document
//!   ([`Needs::Standing`]): tokens and grants go on whether or not it can be fetched.

use std::rc::Rc;

use serde_json::json;

use super::Server;
use super::budget::Question;
use super::known_documents::{Failure, Known, STALE, Step};
use super::lookup::{Asker, Found, Needs};
use super::ports::{MetadataDocument, Platform};
use super::request::RequestContext;
use crate::protocol::config::ClientConfig;
use crate::protocol::config::client_document::{BuiltInCopy, ClientDocumentConfig};
use crate::protocol::config::registered_client::{Client, ManagedBy};
use crate::protocol::config::snapshot::Snapshot;
use crate::protocol::documents::admission::{Admission, Refusal, admission};
use crate::protocol::documents::{copies, freshness, read};
use crate::protocol::http::error::{Cause, ServerError};
use crate::protocol::model::client::AuthMethod;
use crate::protocol::model::outbound::is_local;
use crate::protocol::model::time::Timestamp;
use crate::protocol::objects::control::{ControlCommand, ControlReply};

/// What a request fails with whose client has a document that can't be had at the moment. That is never said as if the client were none:
/// it would throw away what it has.
pub(crate) const NO_DOCUMENT: &str = "the metadata document of the client can't be had at the moment";

/// The rule by which a client may come, with what administrators decided about it; or why it may not.
fn judge<'a>(
    snapshot: &'a Snapshot,
    client_id: &str,
    decided: Option<&Client>,
    local: bool,
) -> Result<&'a ClientDocumentConfig, Cause> {
    let is_admitted = decided.is_some_and(|client| client.admitted_at.is_some());
    match admission(&snapshot.client_documents, client_id, local) {
        _ if decided.is_some_and(|client| !client.is_enabled()) => Err(Cause::ClientDisabled),
        Admission::Open(rule) => Ok(rule),
        Admission::Ask(rule) if is_admitted => Ok(rule),
        Admission::Ask(_) => Err(Cause::DocumentNotAdmitted),
        Admission::Refused(Refusal::NoUrl(_)) => Err(Cause::DocumentUrl),
        Admission::Refused(_) => Err(Cause::DocumentRule),
    }
}

impl<P: Platform> Server<P> {
    /// The client called `client_id`, a URL under which nobody is registered as far as is known here. `decided` is what
    /// administrators decided about it, as it was at most 60 s ago.
    pub(super) async fn client_by_document(
        &self,
        client_id: &str,
        mut decided: Option<Rc<Client>>,
        asker: Asker,
        now: Timestamp,
    ) -> Result<Found, ServerError> {
        let sender = asker.sender;
        let local = is_local(self.issuer.as_str());
        let mut snapshot = self.snapshot(now).await?;
        if judge(&snapshot, client_id, decided.as_deref(), local).is_err() {
            // It may have been registered or admitted a moment ago, or a rule may have come.
            if !self.cache.unknown_ids.take(Question { sender, subject: None }, now) {
                return Ok(Found::None(Cause::ClientLookupsExhausted));
            }
            decided = match self.decided_now(client_id).await? {
                Some(client) if !client.has_document() => {
                    return Ok(Found::Client(self.cache.keep_client(*client, now)));
                }
                decided => decided.map(|client| Rc::new(*client)),
            };
            self.reread_snapshot(Question { sender, subject: None }, now).await?;
            snapshot = self.snapshot(now).await?;
        }
        match judge(&snapshot, client_id, decided.as_deref(), local) {
            Ok(rule) => self.described(client_id, (&snapshot, rule), decided.as_deref(), (asker, now)).await,
            Err(cause) => Ok(Found::None(cause)),
        }
    }

    /// Whether an administrator may be asked about the client called `client_id`: its document is sound, and the budget allows it.
    /// The name is what it gives itself.
    ///
    /// # Errors
    /// Why not.
    pub(crate) async fn asks_to_be_admitted(
        &self,
        client_id: &str,
        context: &RequestContext<'_>,
    ) -> Result<String, Cause> {
        let (asker, now) = (Asker { sender: context.address(), needs: Needs::Whole }, context.now);
        let snapshot = self.snapshot(now).await.map_err(|_| Cause::DocumentRule)?;
        let local = is_local(self.issuer.as_str());
        let Admission::Ask(rule) = admission(&snapshot.client_documents, client_id, local) else {
            return Err(Cause::DocumentRule);
        };
        let schemes = &snapshot.login.private_use_schemes;
        let (client, _) = self.document(client_id, rule, schemes, (asker, now)).await?;
        if !self.cache.unknown_ids.take(Question { sender: asker.sender, subject: None }, now) {
            return Err(Cause::ClientLookupsExhausted);
        }
        Ok(client.client_name.clone().unwrap_or_default())
    }

    async fn decided_now(&self, client_id: &str) -> Result<Option<Box<Client>>, ServerError> {
        match self.platform.control(ControlCommand::Client { client_id: client_id.to_owned() }).await? {
            ControlReply::Client(client) => Ok(client),
            _ => Err(ServerError::internal("the Control object gave another answer than asked for")),
        }
    }

    /// Whether a client with a document that is remembered here serves `asker`: the rules of now admit it, with the same scopes, and what
    /// is needed of it is known. So a rule that goes ends it as soon as the configuration is read.
    pub(super) async fn still_serves(
        &self,
        client: &Client,
        asker: Asker,
        now: Timestamp,
    ) -> Result<bool, ServerError> {
        let snapshot = self.snapshot(now).await?;
        let rule = judge(&snapshot, &client.client_id, Some(client), is_local(self.issuer.as_str()));
        let is_admitted = rule.is_ok_and(|rule| rule.scopes == client.scopes);
        Ok(is_admitted && (client.is_described() || asker.needs == Needs::Standing))
    }

    /// Makes a client of its document, and remembers it like any other. Whoever needs none of the document's members gets the client
    /// without, and nothing is fetched.
    async fn described(
        &self,
        client_id: &str,
        (snapshot, rule): (&Snapshot, &ClientDocumentConfig),
        decided: Option<&Client>,
        (asker, now): (Asker, Timestamp),
    ) -> Result<Found, ServerError> {
        let schemes = &snapshot.login.private_use_schemes;
        let (declared, is_outdated) = if asker.needs == Needs::Standing {
            let known = self.documents.known(client_id, now).filter(|known| known.is_fresh(now));
            (known.map_or_else(|| bare(client_id), |known| known.client), false)
        } else {
            match self.document(client_id, rule, schemes, (asker, now)).await {
                Ok(found) => found,
                Err(Cause::DocumentUnreachable | Cause::DocumentFetchesExhausted) => {
                    return Err(ServerError::unavailable(NO_DOCUMENT));
                }
                Err(cause) => return Ok(Found::None(cause)),
            }
        };
        let client = Client {
            config: ClientConfig { scopes: rule.scopes.clone(), ..declared.as_ref().clone() },
            managed_by: ManagedBy::Document,
            secrets: Vec::new(),
            created_at: decided.map_or(Timestamp(0), |client| client.created_at),
            updated_at: decided.map_or(Timestamp(0), |client| client.updated_at),
            config_version: 0,
            epoch: decided.and_then(|client| client.epoch),
            admitted_at: decided.and_then(|client| client.admitted_at),
            was_refused: false,
            is_outdated,
        };
        Ok(Found::Client(self.cache.keep_client(client, now)))
    }

    /// What the document at `url` says, and whether it is an old one.
    async fn document(
        &self,
        url: &str,
        rule: &ClientDocumentConfig,
        schemes: &[String],
        (asker, now): (Asker, Timestamp),
    ) -> Result<(Rc<ClientConfig>, bool), Cause> {
        let policy = (schemes, is_local(self.issuer.as_str()));
        let copy = |wanted| {
            let text = copies::of(url).filter(|_| rule.built_in_copy == wanted)?;
            read::read(url, text.as_bytes(), policy).ok().map(Rc::new)
        };
        if let Some(client) = copy(BuiltInCopy::Pinned) {
            return Ok((client, false));
        }
        let renews = asker.needs == Needs::Newer;
        let mut old = self.documents.known(url, now).filter(|known| known.counts(now));
        if let Some(known) = old.as_ref().filter(|known| known.is_new(now) || known.is_fresh(now) && !renews)
        {
            return Ok((Rc::clone(&known.client), false));
        }
        let stand_in = copy(BuiltInCopy::Fallback);
        let failure = match self.documents.step(url, old.is_some() || stand_in.is_some(), now) {
            Step::GiveUp(failure) => failure,
            Step::Wait if old.is_some() => {
                return old.map(|known| (known.client, false)).ok_or(Cause::DocumentUnreachable);
            }
            Step::Wait | Step::Fetch => match self.newer(url, policy, &mut old, (asker, now)).await {
                Ok(known) => return Ok((known.client, false)),
                Err(failure) => failure,
            },
        };
        let stand_in = stand_in.filter(|_| failure.is_barred);
        match (old, stand_in) {
            // What the client itself said a day ago is nearer to the truth than a copy, and where that would do, it does.
            (Some(known), stand_in) => {
                let is_outdated = stand_in.is_none() && !known.is_fresh(now);
                Ok((known.client, is_outdated))
            }
            (None, Some(copy)) => Ok((copy, false)),
            (None, None) => Err(failure.cause),
        }
    }

    /// A newer document than `old`: from near this edge if somebody else got it a while ago, which costs nothing of the budget, or from
    /// its host.
    async fn newer(
        &self,
        url: &str,
        policy: (&[String], bool),
        old: &mut Option<Known>,
        (asker, now): (Asker, Timestamp),
    ) -> Result<Known, Failure> {
        if let Some(copy) = self.kept_nearby(url, policy, now).await {
            let is_newer = old.as_ref().is_none_or(|old| old.fetched_at < copy.fetched_at);
            if is_newer {
                self.documents.keep(url, copy.clone(), now);
                *old = Some(copy.clone());
            }
            if copy.is_fresh(now) && (is_newer || asker.needs != Needs::Newer) {
                return Ok(copy);
            }
        }
        let exists = old.is_some() || copies::of(url).is_some();
        let question = Question { sender: asker.sender, subject: exists.then_some(url) };
        if !self.documents.fetches.take(question, now) {
            return Err(Failure { cause: Cause::DocumentFetchesExhausted, is_barred: false });
        }
        self.documents.begin(url, now);
        let fetched = self.fetch_document(url, policy, now).await;
        self.documents.end(url, fetched.as_ref().err().copied(), now);
        if let Ok(known) = &fetched {
            self.documents.keep(url, known.clone(), now);
        }
        fetched
    }

    async fn kept_nearby(&self, url: &str, policy: (&[String], bool), now: Timestamp) -> Option<Known> {
        let copy = self.platform.kept_metadata_document(url).await?;
        known(url, &copy, policy, now).ok().filter(|copy| copy.counts(now))
    }

    /// Gets the document from its host. Only what could be read is kept for everybody near this edge.
    async fn fetch_document(
        &self,
        url: &str,
        policy: (&[String], bool),
        now: Timestamp,
    ) -> Result<Known, Failure> {
        let (failure, detail) = match self.platform.get_metadata_document(url).await {
            Ok(document) => match known(url, &document, policy, now) {
                Ok(fresh) => {
                    let seconds = fresh.lifetime.saturating_add(STALE);
                    self.platform.keep_metadata_document(url, &document, seconds).await;
                    return Ok(fresh);
                }
                Err(problem) => {
                    // A page for browsers in its place says nothing about the document.
                    let is_barred = !document.is_gone && !read::is_media_type(&document.content_type);
                    (Failure { cause: Cause::DocumentWrong, is_barred }, problem.to_owned())
                }
            },
            Err(error) => {
                let failure = Failure { cause: Cause::DocumentUnreachable, is_barred: true };
                (failure, error.detail().to_owned())
            }
        };
        let line =
            json!({ "time": now, "event": "client_document_refused", "client_id": url, "detail": detail });
        self.platform.log(&line.to_string());
        Err(failure)
    }
}

/// A client of which nothing is known but that it may come.
fn bare(client_id: &str) -> Rc<ClientConfig> {
    let token_endpoint_auth_method = Some(AuthMethod::None);
    let client_id = client_id.to_owned();
    Rc::new(ClientConfig { client_id, token_endpoint_auth_method, ..ClientConfig::default() })
}

/// The document as it came, read.
fn known(
    url: &str,
    document: &MetadataDocument,
    policy: (&[String], bool),
    now: Timestamp,
) -> Result<Known, &'static str> {
    if document.is_gone {
        return Err("there is none: the answer has status 404 or 410");
    }
    if !read::is_media_type(&document.content_type) {
        return Err("the document's media type is neither application/json nor application/…+json");
    }
    let client = Rc::new(read::read(url, &document.bytes, policy)?);
    let fetched_at = Timestamp(now.0.saturating_sub(document.kept_for.unwrap_or_default()));
    let lifetime = freshness::lifetime(&document.cache_control, &document.age);
    Ok(Known { client, fetched_at, lifetime, used_at: now })
}
