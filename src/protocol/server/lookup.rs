//! Where an edge finds clients, configuration and keys: in the isolate's cache, then in KV, then in the Control object. Every
//! endpoint that needs one of them calls this.
//!
//! * Cached values are used for [`super::cache::EDGE_CACHE`] at most, and KV may be 30 s behind. Together that is under 60 s, so
//!   a disabled client stops working within that time at every edge.
//! * "KV has no such client" may be just as old, so the Control object is asked before a client is called unknown;
//!   so is it before a well-formed secret is called wrong. A generated id proves itself by its MAC. For all other
//!   look-ups of that kind an isolate has a `Budget`, of which every sender and every client has a share: a flood of made-up
//!   ids or wrong secrets costs the object a bounded number, and others nothing.
//! * A `client_id` that is a URL and that nobody registered is a client with a metadata document (`client_documents`).
//! * A value that names a generation of the root secret which is younger than all that are known here was made at an edge that
//!   knows more: the Control object is asked, within a budget of its own.
//! * A refusal for lack of a scope, a grant or a resource is looked up once more in the same way: what was granted a
//!   moment ago works at once. Only what was taken away may work for another minute.
//! * A cold isolate whose deployment has a `KEK` reads client, configuration and keys from KV in one call. It asks the Control
//!   object only if the keys are not there, can't be opened, are older than the configuration says, or are not those that the
//!   configuration shows.
//! * Without a `KEK` it reads KV and asks the Control object for the keys at the same time. It does so once, so that
//!   made-up ids don't make every request of an isolate ask when the object is out of reach.
//! * What is not cached is found by boxed futures: the warm path stays a small state machine, which a cold isolate
//!   compiles in a moment.
//! * Nothing here is shared between requests but finished values; a request never waits for another's I/O.

use std::rc::Rc;

use core::net::IpAddr;
use futures_util::future::{FutureExt as _, LocalBoxFuture, join};

use super::budget::Question;
use super::ports::Platform;
use super::published::Published;
use super::request::RequestContext;
use super::{Server, cli_client};
use crate::protocol::config::registered_client::Client;
use crate::protocol::config::snapshot::Snapshot;
use crate::protocol::documents::url::is_url;
use crate::protocol::http::error::{Cause, ServerError};
use crate::protocol::keys::keyring::Keyring;
use crate::protocol::model::client::{ADMIN_CLIENT_ID, CLI_CLIENT_ID, RESERVED_CLIENT_PREFIX};
use crate::protocol::model::jwk::Alg;
use crate::protocol::model::secret::{client_id_is_ours, is_carried_client_id, is_generated_client_id};
use crate::protocol::model::time::Timestamp;
use crate::protocol::objects::control::{ControlCommand, ControlReply};
use crate::protocol::registration::carried;

/// What the Control object gives an edge: configuration and keys.
struct Opened {
    snapshot: Rc<Snapshot>,
    keyring: Rc<Keyring>,
}

/// The result of looking a client up.
pub(crate) enum Found {
    /// The client as it was at most 60 s ago.
    Client(Rc<Client>),
    /// There is no client that counts, for this reason.
    None(Cause),
}

/// What somebody has to know of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Needs {
    /// Whether it may come, and whether it is the same one as before. If it has a metadata document, that is left out.
    Standing,
    /// All.
    Whole,
    /// All, and what is known may be out of date.
    Newer,
}

/// Who needs a client, and what of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asker {
    pub(super) sender: Option<IpAddr>,
    pub(super) needs: Needs,
}

impl<P: Platform> Server<P> {
    /// The compiled configuration, if it is in this isolate's cache.
    pub(crate) fn known_snapshot(&self, now: Timestamp) -> Option<Rc<Snapshot>> {
        self.cache.fresh_snapshot(now)
    }

    /// The compiled configuration as it was at most 60 s ago.
    pub(crate) async fn snapshot(&self, now: Timestamp) -> Result<Rc<Snapshot>, ServerError> {
        if let Some(snapshot) = self.cache.fresh_snapshot(now) {
            return Ok(snapshot);
        }
        self.read_snapshot(now).boxed_local().await
    }

    async fn read_snapshot(&self, now: Timestamp) -> Result<Rc<Snapshot>, ServerError> {
        match self.read_published(None, now).await?.snapshot {
            Some(snapshot) => Ok(snapshot),
            None => Ok(self.open(now).await?.snapshot),
        }
    }

    /// The compiled configuration as it was at most 60 s ago, and no older than the one that `client` was declared in.
    pub(crate) async fn snapshot_for(
        &self,
        client: &Client,
        now: Timestamp,
    ) -> Result<Rc<Snapshot>, ServerError> {
        let snapshot = self.snapshot(now).await?;
        if snapshot.config_version >= client.config_version {
            return Ok(snapshot);
        }
        Ok(self.open(now).await?.snapshot)
    }

    /// The keys to sign with, with one for each of `algs`. They are fetched once per isolate and again when they have changed.
    /// The first client of an algorithm makes a key come into being, and its tokens don't wait until that key is known
    /// everywhere.
    pub(crate) async fn keyring(
        &self,
        snapshot: &Snapshot,
        algs: &[Alg],
        now: Timestamp,
    ) -> Result<Rc<Keyring>, ServerError> {
        let known = self.names(now).await?;
        if known.version < snapshot.keys_version {
            return Ok(self.open(now).await?.keyring);
        }
        let Some(missing) = algs.iter().find(|alg| known.key(**alg, now).is_none()) else {
            return Ok(known);
        };
        if !self.cache.keys.take(Question { sender: None, subject: Some(missing.name()) }, now) {
            return Ok(known);
        }
        Ok(self.open(now).await?.keyring)
    }

    /// Asks the Control object for configuration and keys.
    fn open(&self, now: Timestamp) -> LocalBoxFuture<'_, Result<Opened, ServerError>> {
        self.ask_for_everything(now).boxed_local()
    }

    async fn ask_for_everything(&self, now: Timestamp) -> Result<Opened, ServerError> {
        let ControlReply::Opened { snapshot, keyring } = self.platform.control(ControlCommand::Open).await?
        else {
            return Err(ServerError::internal("the Control object gave another answer than asked for"));
        };
        let keyring = self.cache.keep_keyring(keyring);
        Ok(Opened { snapshot: self.cache.keep_controls_snapshot(*snapshot, now), keyring })
    }

    /// Finds the client that a stored value or a token of this server names. Nothing is fetched for that: of one with a metadata
    /// document there may be no more than its standing ([`Client::is_described`]).
    pub(crate) async fn client(&self, client_id: &str, now: Timestamp) -> Result<Found, ServerError> {
        self.client_asked_for(client_id, Asker { sender: None, needs: Needs::Standing }, now).await
    }

    /// Finds the client that a request names. There may be none, and finding that out is paid from the sender's share of the
    /// budget.
    pub(crate) async fn client_named(
        &self,
        client_id: &str,
        context: &RequestContext<'_>,
    ) -> Result<Found, ServerError> {
        let asker = Asker { sender: context.address(), needs: Needs::Whole };
        self.client_asked_for(client_id, asker, context.now).await
    }

    async fn client_asked_for(
        &self,
        client_id: &str,
        asker: Asker,
        now: Timestamp,
    ) -> Result<Found, ServerError> {
        if client_id.starts_with(RESERVED_CLIENT_PREFIX) {
            return Ok(self.built_in(client_id));
        }
        if let Some(client) = self.cache.fresh_client(client_id, now)
            && (!client.has_document() || self.still_serves(&client, asker, now).boxed_local().await?)
        {
            return Ok(Found::Client(client));
        }
        self.find_client(client_id, asker, now).boxed_local().await
    }

    /// Finds a client that no configuration declares.
    fn built_in(&self, client_id: &str) -> Found {
        match (client_id, &self.admin) {
            (ADMIN_CLIENT_ID, Some(admin)) => Found::Client(Rc::clone(admin)),
            (CLI_CLIENT_ID, _) => Found::Client(Rc::new(cli_client())),
            _ => Found::None(Cause::ClientUnknown),
        }
    }

    async fn find_client(&self, client_id: &str, asker: Asker, now: Timestamp) -> Result<Found, ServerError> {
        if is_carried_client_id(client_id) {
            return self.carried_client(client_id, now).await;
        }
        let cold = self.cache.known_keyring(now).is_none() && !self.cache.keys_sought.replace(true);
        let read = if cold { Some(self.first_look(client_id, now).await) } else { None };
        let generated = is_generated_client_id(client_id);
        if generated && !client_id_is_ours(&self.names(now).await?.derived.client_id, client_id) {
            return Ok(Found::None(Cause::ClientIdForged));
        }
        let read = match read {
            Some(read) => read,
            None => self.read_published(Some(client_id), now).await,
        };
        let Published { client: known, is_unreadable, .. } = read?;
        // It may say that the client is refused, or that what it was given has ended.
        if is_url(client_id) && is_unreadable {
            return self.client_from_control(client_id, asker, now).await;
        }
        if is_url(client_id) && known.as_ref().is_none_or(|client| client.has_document()) {
            return self.client_by_document(client_id, known, asker, now).boxed_local().await;
        }
        if let Some(client) = known {
            return Ok(Found::Client(client));
        }
        let question = Question { sender: asker.sender, subject: None };
        if !generated && !self.cache.unknown_ids.take(question, now) {
            return Ok(Found::None(Cause::ClientLookupsExhausted));
        }
        self.client_from_control(client_id, asker, now).await
    }

    /// Finds a client whose id carries its registration: nothing is stored, so there is nothing to ask for. What policy says counts as it is
    /// known here, which is at most a minute old.
    async fn carried_client(&self, client_id: &str, now: Timestamp) -> Result<Found, ServerError> {
        let keyring = self.keyring_for(client_id, now).await?;
        let snapshot = self.snapshot(now).await?;
        let Some(carried) = carried::open(&keyring.derived.registration, client_id) else {
            return Ok(Found::None(Cause::ClientIdForged));
        };
        let policy = &snapshot.registration;
        if policy.denies(client_id) {
            return Ok(Found::None(Cause::RegistrationDenied));
        }
        if !policy.is_live(carried.issued_at, now) {
            return Ok(Found::None(Cause::RegistrationEnded));
        }
        // It isn't remembered: reading it costs no I/O, and anybody can have any number of them made.
        let client = carried.into_client(policy).map(Rc::new);
        Ok(client.map_or(Found::None(Cause::RegistrationEnded), Found::Client))
    }

    /// Reads what an isolate needs that knows nothing yet: the configuration, the client and the keys.
    async fn first_look(&self, client_id: &str, now: Timestamp) -> Result<Published, ServerError> {
        let read = self.read_published(Some(client_id), now);
        if !self.keks.is_empty() {
            return read.await;
        }
        // A failure is ignored here: whoever needs the keys asks again.
        join(read, self.open(now)).await.0
    }

    /// Asks the Control object whether a secret that seems to be wrong is a new one, if the budget allows.
    pub(crate) async fn client_with_newer_secret(
        &self,
        client_id: &str,
        context: &RequestContext<'_>,
    ) -> Result<Found, ServerError> {
        let question = Question { sender: context.address(), subject: Some(client_id) };
        if client_id.starts_with(RESERVED_CLIENT_PREFIX) || !self.cache.secrets.take(question, context.now) {
            return Ok(Found::None(Cause::ClientLookupsExhausted));
        }
        let asker = Asker { sender: context.address(), needs: Needs::Newer };
        self.client_from_control(client_id, asker, context.now).await
    }

    /// Asks the Control object whether what is known of a client is out of date, if the budget allows. Call it only because of
    /// something that the client itself showed: it has authenticated, or a token was issued to it.
    pub(crate) async fn reread_client(
        &self,
        client_id: &str,
        sender: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<Found, ServerError> {
        self.reread(client_id, Asker { sender, needs: Needs::Whole }, now).await
    }

    /// The same, for whoever only has to know whether it is the same client as before.
    pub(crate) async fn reread_standing(
        &self,
        client_id: &str,
        now: Timestamp,
    ) -> Result<Found, ServerError> {
        self.reread(client_id, Asker { sender: None, needs: Needs::Standing }, now).await
    }

    async fn reread(&self, client_id: &str, asker: Asker, now: Timestamp) -> Result<Found, ServerError> {
        if client_id.starts_with(RESERVED_CLIENT_PREFIX) {
            return Ok(self.built_in(client_id));
        }
        let sender = asker.sender;
        let question = Question { sender, subject: Some(client_id) };
        if !self.cache.rereads.take(question, now) {
            return Ok(Found::None(Cause::ClientLookupsExhausted));
        }
        self.client_from_control(client_id, asker, now).await
    }

    /// Asks the Control object, if the budget allows, whether there is a newer configuration, or whether everything that clients
    /// were given has ended.
    pub(crate) async fn reread_snapshot(
        &self,
        question: Question<'_>,
        now: Timestamp,
    ) -> Result<bool, ServerError> {
        let known = self.snapshot(now).await?;
        if !self.cache.policies.take(question, now) {
            return Ok(false);
        }
        let read = self.open(now).await?.snapshot;
        Ok(read.config_version > known.config_version || read.clients_epoch != known.clients_epoch)
    }

    fn client_from_control<'a>(
        &'a self,
        client_id: &'a str,
        asker: Asker,
        now: Timestamp,
    ) -> LocalBoxFuture<'a, Result<Found, ServerError>> {
        self.ask_for_client(client_id, asker, now).boxed_local()
    }

    async fn ask_for_client(
        &self,
        client_id: &str,
        asker: Asker,
        now: Timestamp,
    ) -> Result<Found, ServerError> {
        if is_carried_client_id(client_id) {
            return self.carried_client(client_id, now).await;
        }
        let command = ControlCommand::Client { client_id: client_id.to_owned() };
        match self.platform.control(command).await? {
            ControlReply::Client(known)
                if is_url(client_id) && known.as_ref().is_none_or(|client| client.has_document()) =>
            {
                self.client_by_document(client_id, known.map(|client| Rc::new(*client)), asker, now).await
            }
            ControlReply::Client(Some(client)) => Ok(Found::Client(self.cache.keep_client(*client, now))),
            ControlReply::Client(None) => Ok(Found::None(Cause::ClientUnknown)),
            _ => Err(ServerError::internal("the Control object gave another answer than asked for")),
        }
    }

    /// The keys that this isolate knows, however old they are. They are good for deriving names, which never change.
    pub(crate) async fn names(&self, now: Timestamp) -> Result<Rc<Keyring>, ServerError> {
        match self.cache.known_keyring(now) {
            Some(keyring) => Ok(keyring),
            None => self.first_keyring(now).boxed_local().await,
        }
    }

    /// The keys for an isolate that has none yet: those sealed in KV, or else those of the Control object.
    async fn first_keyring(&self, now: Timestamp) -> Result<Rc<Keyring>, ServerError> {
        if self.lacks_published_keys(now) {
            // If KV can't be reached the Control object is asked.
            let _ = self.read_published(None, now).await;
        }
        match self.cache.known_keyring(now) {
            Some(keyring) => Ok(keyring),
            None => Ok(self.open(now).await?.keyring),
        }
    }

    /// The keys as they were at most 60 s ago.
    pub(crate) async fn any_keyring(&self, now: Timestamp) -> Result<Rc<Keyring>, ServerError> {
        match (self.cache.known_keyring(now), self.cache.fresh_snapshot(now)) {
            (Some(known), Some(snapshot)) if known.version >= snapshot.keys_version => Ok(known),
            _ => self.find_keyring(now).boxed_local().await,
        }
    }

    async fn find_keyring(&self, now: Timestamp) -> Result<Rc<Keyring>, ServerError> {
        let known = self.names(now).await?;
        let current = known.version >= self.snapshot(now).await?.keys_version;
        if current { Ok(known) } else { Ok(self.open(now).await?.keyring) }
    }

    /// The keys to read `text` with, which a request brought. If it claims to be made with a generation of the root secret that
    /// is unknown here, the Control object is asked, if the budget allows.
    pub(crate) async fn keyring_for(&self, text: &str, now: Timestamp) -> Result<Rc<Keyring>, ServerError> {
        let keyring = self.any_keyring(now).await?;
        if keyring.derived.is_outdated_for(text) && self.cache.generations.take(Question::default(), now) {
            return Ok(self.open(now).await?.keyring);
        }
        Ok(keyring)
    }
}
