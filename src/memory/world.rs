//! A world to run servers in: one Control object, other objects, one KV that lags, and any number of isolates. Tests and fuzzing
//! make one and steer it.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use futures_util::FutureExt as _;

use super::crypto;
use super::entropy::FakeEntropy;
use super::objects::Objects;
use crate::protocol::codec::json;
use crate::protocol::http::error::ServerError;
use crate::protocol::keys::kek::Keks;
use crate::protocol::keys::keyring::SigningKey;
use crate::protocol::model::entropy::Entropy;
use crate::protocol::model::issuer::Issuer;
use crate::protocol::model::secret::Secret;
use crate::protocol::model::time::Timestamp;
use crate::protocol::objects::control::{ControlCommand, ControlReply, Identity};
use crate::protocol::objects::{Class, Setting};
use crate::protocol::server::cache::EDGE_CACHE;
use crate::protocol::server::ports::{Document, MetadataDocument, Platform, SnapshotWrite};
use crate::protocol::server::publish;
use crate::protocol::{Deployment, Server};
use crate::protocol::{model::jwk::PublicJwk, model::signature_alg::SignatureAlg};

/// How long a copy of a document is kept for all isolates, in seconds; the same as in `edge/documents.mjs`.
const KEPT_FOR: u64 = 300;

/// The moment at which a store or an object is told to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailAt {
    /// The call fails before anything was persisted.
    BeforeCommit,
    /// Everything was persisted, and then the answer is lost.
    AfterCommit,
}

/// How much the servers have asked of the outside so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// The number of calls of the Control object.
    pub control_calls: u64,
    /// The number of rows that the Control object wrote before it answered. Publishing them afterward costs an alarm, a row of
    /// the outbox, and the next alarm.
    pub rows_written: u64,
    /// The number of calls of all other objects.
    pub object_calls: u64,
    /// The number of rows that all other objects wrote, with each alarm counted as a row.
    pub object_rows_written: u64,
    /// The number of reads of the snapshot store. Several names in one read count once.
    pub snapshot_reads: u64,
    /// The number of writes of the snapshot store.
    pub snapshot_writes: u64,
    /// The number of documents that were asked for from other servers.
    pub documents_read: u64,
}

impl Counts {
    /// What was asked of the outside since `earlier`.
    #[must_use]
    pub fn since(self, earlier: Self) -> Self {
        Self {
            control_calls: self.control_calls - earlier.control_calls,
            rows_written: self.rows_written - earlier.rows_written,
            object_calls: self.object_calls - earlier.object_calls,
            object_rows_written: self.object_rows_written - earlier.object_rows_written,
            snapshot_reads: self.snapshot_reads - earlier.snapshot_reads,
            snapshot_writes: self.snapshot_writes - earlier.snapshot_writes,
            documents_read: self.documents_read - earlier.documents_read,
        }
    }
}

/// A copy of a document, and when it was made.
type Kept = (Vec<u8>, Timestamp);

/// A metadata document, when it was kept, and for how many seconds.
type MetadataCopy = (MetadataDocument, Timestamp, u64);

/// A world, which can be cloned: clones are the same world.
#[derive(Clone)]
pub struct World {
    pub(super) issuer: Issuer,
    pub(super) now: Rc<Cell<u64>>,
    pub(super) entropy: Rc<FakeEntropy>,
    pub(super) control: Rc<RefCell<Objects>>,
    pub(super) snapshots: Rc<RefCell<BTreeMap<String, String>>>,
    seen_by_edges: Rc<RefCell<BTreeMap<String, Option<String>>>>,
    counts: Rc<Cell<Counts>>,
    keks: Rc<RefCell<Keks>>,
    log: Rc<RefCell<Vec<String>>>,
    pub(super) objects: Rc<RefCell<Objects>>,
    posts: Rc<RefCell<Vec<(String, String)>>>,
    post_status: Rc<Cell<u16>>,
    unreachable: Rc<Cell<bool>>,
    unwritable: Rc<Cell<bool>>,
    edge_lag: Rc<Cell<u64>>,
    documents: Rc<RefCell<BTreeMap<String, Vec<u8>>>>,
    document_copies: Rc<RefCell<BTreeMap<String, Kept>>>,
    document_reads: Rc<RefCell<Vec<(String, bool)>>>,
    metadata_documents: Rc<RefCell<BTreeMap<String, MetadataDocument>>>,
    metadata_copies: Rc<RefCell<BTreeMap<String, MetadataCopy>>>,
}

impl World {
    /// A world for `issuer`, in which it is always the same time at first.
    ///
    /// # Errors
    /// If `issuer` isn't an issuer identifier.
    pub fn new(issuer: &str) -> Result<Self, crate::protocol::model::issuer::InvalidIssuer> {
        Ok(Self {
            issuer: Issuer::parse(issuer)?,
            now: Rc::new(Cell::new(1_800_000_000)),
            entropy: Rc::new(FakeEntropy::seeded(0)),
            control: Rc::default(),
            snapshots: Rc::default(),
            seen_by_edges: Rc::default(),
            counts: Rc::default(),
            keks: Rc::default(),
            log: Rc::default(),
            objects: Rc::default(),
            posts: Rc::default(),
            post_status: Rc::new(Cell::new(200)),
            unreachable: Rc::default(),
            unwritable: Rc::default(),
            edge_lag: Rc::default(),
            documents: Rc::default(),
            document_copies: Rc::default(),
            document_reads: Rc::default(),
            metadata_documents: Rc::default(),
            metadata_copies: Rc::default(),
        })
    }

    /// A new isolate: a server that remembers nothing yet.
    pub fn isolate(&self, admin_secret: Option<&Secret>) -> Server<Memory> {
        let deployment = Deployment {
            issuer: self.issuer.clone(),
            admin_secret: admin_secret.cloned(),
            keks: self.keks.borrow().clone(),
            edge_cache: EDGE_CACHE,
        };
        Server::new(deployment, Memory(self.clone()))
    }

    /// The issuer of the world's servers.
    pub fn issuer(&self) -> &str {
        self.issuer.as_str()
    }

    /// Moves the clock forward.
    pub fn advance(&self, seconds: u64) {
        self.now.set(self.now.get() + seconds);
    }

    /// Puts a client's metadata document where it is fetched, or takes it away. The copies of it stay.
    pub fn set_metadata_document(&self, url: &str, document: Option<MetadataDocument>) {
        let mut all = self.metadata_documents.borrow_mut();
        match document {
            Some(document) => all.insert(url.to_owned(), document),
            None => all.remove(url),
        };
    }

    /// Loses the copies of clients' metadata documents that are kept near the edge.
    pub fn forget_metadata_copies(&self) {
        self.metadata_copies.borrow_mut().clear();
    }

    /// The present time.
    pub fn now(&self) -> Timestamp {
        Timestamp(self.now.get())
    }

    /// Sets the key encryption keys of the Control object, and of isolates that are made from now on.
    pub fn set_keks(&self, keks: Keks) {
        *self.keks.borrow_mut() = keks;
    }

    /// Makes the Control object unreachable, or reachable again.
    pub fn set_unreachable(&self, unreachable: bool) {
        self.unreachable.set(unreachable);
    }

    /// Sets how far the edges' clocks are behind the objects', in seconds.
    pub fn set_edge_lag(&self, seconds: u64) {
        self.edge_lag.set(seconds);
    }

    /// Makes the Control object's next transaction fail.
    pub fn fail_next(&self, at: FailAt) {
        self.control.borrow_mut().fail_after = Some((0, at));
    }

    /// Publishes the outbox and lets every edge see it at once, as if KV had caught up.
    ///
    /// # Errors
    /// If the object fails, or the snapshots can't be written.
    pub fn publish(&self) -> Result<(), ServerError> {
        self.publish_some(u32::MAX)
    }

    /// Publishes what comes first in the outbox, at most `limit` snapshots.
    ///
    /// # Errors
    /// If the object fails, or the snapshots can't be written.
    pub fn publish_some(&self, limit: u32) -> Result<(), ServerError> {
        let carry_out = async |command: &str| self.carry_out_control(command);
        let published = publish(&Memory(self.clone()), carry_out, limit).now_or_never();
        self.seen_by_edges.borrow_mut().clear();
        published.ok_or(ServerError::internal("memory never waits"))?
    }

    /// Publishes the outbox, but lets edges go on seeing what they have read before, absence included: KV is stale.
    ///
    /// # Errors
    /// If the object fails, or the snapshots can't be written.
    pub fn publish_unseen(&self) -> Result<(), ServerError> {
        let seen = self.seen_by_edges.borrow().clone();
        self.publish()?;
        *self.seen_by_edges.borrow_mut() = seen;
        Ok(())
    }

    /// How much was asked of the outside so far.
    pub fn counts(&self) -> Counts {
        let objects = self.objects.borrow();
        Counts {
            object_calls: objects.calls,
            object_rows_written: objects.written.rows + objects.written.alarms,
            ..self.counts.get()
        }
    }

    /// The log lines so far, in order.
    pub fn log(&self) -> Vec<String> {
        self.log.borrow().clone()
    }

    /// Everything that is stored, rows and snapshots, as text for tests that look for secrets in it.
    pub fn at_rest(&self) -> String {
        format!(
            "{} {:?} {}",
            self.control.borrow().dump(),
            self.snapshots.borrow(),
            self.objects.borrow().dump()
        )
    }

    /// The values in KV by name.
    pub fn published(&self) -> BTreeMap<String, String> {
        self.snapshots.borrow().clone()
    }

    /// Writes to KV or deletes there, as somebody could who has access to nothing else of the deployment.
    pub fn tamper(&self, name: &str, value: Option<&str>) {
        match value {
            Some(value) => self.snapshots.borrow_mut().insert(name.to_owned(), value.to_owned()),
            None => self.snapshots.borrow_mut().remove(name),
        };
        self.seen_by_edges.borrow_mut().clear();
    }

    /// Changes every row and snapshot, as if another release had written it.
    pub fn rewrite(&self, change: impl Fn(&str) -> String) {
        self.control.borrow_mut().rewrite(&change);
        self.objects.borrow_mut().rewrite(&change);
        for json in self.snapshots.borrow_mut().values_mut() {
            *json = change(json);
        }
        self.seen_by_edges.borrow_mut().clear();
    }

    /// Makes objects refuse to compute anything, or compute again.
    pub fn set_busy(&self, busy: bool) {
        self.objects.borrow_mut().busy = busy;
    }

    /// Makes the next call of an object other than the Control object fail.
    pub fn fail_next_object(&self, at: FailAt) {
        self.fail_object_after(0, at);
    }

    /// Makes a call of an object other than the Control object fail, after `calls` that don't.
    pub fn fail_object_after(&self, calls: u64, at: FailAt) {
        self.objects.borrow_mut().fail_after = Some((calls, at));
    }

    /// Takes back a failure that hasn't happened. Returns whether there was one.
    pub fn fail_no_object(&self) -> bool {
        self.objects.borrow_mut().fail_after.take().is_some()
    }

    /// The number of objects besides the Control object.
    pub fn objects(&self) -> usize {
        self.objects.borrow().count()
    }

    /// The forms that were posted to clients so far: URL and body of each.
    pub fn posts(&self) -> Vec<(String, String)> {
        self.posts.borrow().clone()
    }

    /// Sets the status that clients answer posted forms with; 0 for no answer at all.
    pub fn set_post_status(&self, status: u16) {
        self.post_status.set(status);
    }

    /// Puts a document on the world's internet, or takes it off.
    pub fn set_document(&self, url: &str, document: Option<Vec<u8>>) {
        match document {
            Some(document) => self.documents.borrow_mut().insert(url.to_owned(), document),
            None => self.documents.borrow_mut().remove(url),
        };
    }

    /// The documents that were asked for so far, each with whether it had to be fresh.
    pub fn document_reads(&self) -> Vec<(String, bool)> {
        self.document_reads.borrow().clone()
    }

    /// Rings every alarm that is due, as the platform would.
    ///
    /// # Errors
    /// If an object fails.
    pub async fn ring_alarms(&self, server: &Server<Memory>) -> Result<(), ServerError> {
        let due = self.objects.borrow_mut().ring(self.now());
        for (class, name) in due {
            let setting = Setting::anonymous(self.now(), self);
            let carry_out =
                async |command: &str| self.objects.borrow_mut().call((class, &name), &setting, command);
            server.alarm(class, carry_out).await?;
        }
        Ok(())
    }

    /// Rings the Control object's alarm if it is due. Returns whether it was.
    ///
    /// # Errors
    /// If the object fails, or the snapshots can't be written.
    pub async fn ring_control(&self, server: &Server<Memory>) -> Result<bool, ServerError> {
        let due = self.control.borrow_mut().ring(self.now());
        if due.is_empty() {
            return Ok(false);
        }
        let done = server.alarm(Class::Control, async |command: &str| self.carry_out_control(command)).await;
        self.seen_by_edges.borrow_mut().clear();
        done.map(|()| true)
    }

    /// When the Control object's alarm rings, if it is set.
    pub fn control_alarm(&self) -> Option<Timestamp> {
        self.control.borrow().get(Class::Control, self.issuer.as_str())?.alarm()
    }

    /// Makes the snapshot store refuse to write, or write again.
    pub fn set_unwritable(&self, unwritable: bool) {
        self.unwritable.set(unwritable);
    }

    /// Has the Control object carry out `command`, as its alarm or an edge would.
    ///
    /// # Errors
    /// If the object fails, or was told to fail.
    pub fn control(&self, command: &ControlCommand) -> Result<ControlReply, ServerError> {
        if self.unreachable.get() {
            return Err(ServerError::unavailable("the Control object is unreachable"));
        }
        let failed = |error: serde_json::Error| ServerError::internal(error.to_string());
        let command = serde_json::to_string(command).map_err(failed)?;
        let before = self.control.borrow().written.rows;
        let reply = self.carry_out_control(&command);
        let mut counts = self.counts.get();
        counts.rows_written += self.control.borrow().written.rows - before;
        self.counts.set(counts);
        json::from_str(&reply?).map_err(failed)
    }

    fn carry_out_control(&self, command: &str) -> Result<String, ServerError> {
        let identity = || Ok(Identity { issuer: self.issuer.clone(), keks: self.keks.borrow().clone() });
        let setting = Setting { now: self.now(), entropy: self, identity: &identity };
        self.control.borrow_mut().call((Class::Control, self.issuer.as_str()), &setting, command)
    }
}

impl Entropy for World {
    fn fill(&self, bytes: &mut [u8]) {
        self.entropy.fill(bytes);
    }
}

/// The platform of an isolate in a [`World`].
pub struct Memory(World);

impl Memory {
    fn count(&self, change: impl FnOnce(&mut Counts)) {
        let mut counts = self.0.counts.get();
        change(&mut counts);
        self.0.counts.set(counts);
    }
}

impl Entropy for Memory {
    fn fill(&self, bytes: &mut [u8]) {
        self.0.fill(bytes);
    }
}

impl Platform for Memory {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.now().0.saturating_sub(self.0.edge_lag.get()))
    }

    async fn sign(&self, key: &SigningKey, message: &[u8]) -> Result<Vec<u8>, ServerError> {
        crypto::sign(key, message, self)
    }

    async fn verify(
        &self,
        alg: SignatureAlg,
        key: &PublicJwk,
        message: &[u8],
        signature: &[u8],
    ) -> Result<bool, ServerError> {
        Ok(crypto::verify(alg, key, message, signature))
    }

    async fn get_document(&self, url: &str, fresh: bool) -> Result<Document, ServerError> {
        self.count(|counts| counts.documents_read += 1);
        self.0.document_reads.borrow_mut().push((url.to_owned(), fresh));
        let copies = self.0.document_copies.borrow();
        let is_kept = |kept_at: &Timestamp| !fresh && self.0.now().since(*kept_at) < KEPT_FOR;
        if let Some((bytes, _)) = copies.get(url).filter(|(_, kept_at)| is_kept(kept_at)) {
            return Ok(Document { bytes: bytes.clone(), is_copy: true });
        }
        let document = self.0.documents.borrow().get(url).cloned();
        let bytes = document.ok_or_else(|| ServerError::unavailable("there is no such document"))?;
        Ok(Document { bytes, is_copy: false })
    }

    async fn keep_document(&self, url: &str, bytes: &[u8]) {
        self.0.document_copies.borrow_mut().insert(url.to_owned(), (bytes.to_vec(), self.0.now()));
    }

    async fn kept_metadata_document(&self, url: &str) -> Option<MetadataDocument> {
        let copies = self.0.metadata_copies.borrow();
        let now = self.0.now();
        let (document, at, _) = copies.get(url).filter(|(_, at, seconds)| now.since(*at) < *seconds)?;
        Some(MetadataDocument { kept_for: Some(now.since(*at)), ..document.clone() })
    }

    async fn get_metadata_document(&self, url: &str) -> Result<MetadataDocument, ServerError> {
        self.count(|counts| counts.documents_read += 1);
        let document = self.0.metadata_documents.borrow().get(url).cloned();
        let document =
            document.filter(|document| document.bytes.len() <= crate::protocol::documents::read::MAX_BYTES);
        document.ok_or_else(|| ServerError::unavailable("there is no such document"))
    }

    async fn keep_metadata_document(&self, url: &str, document: &MetadataDocument, seconds: u64) {
        let kept = (document.clone(), self.0.now(), seconds);
        self.0.metadata_copies.borrow_mut().insert(url.to_owned(), kept);
    }

    async fn object(&self, class: Class, name: &str, command: &str) -> Result<String, ServerError> {
        if self.0.unreachable.get() {
            return Err(ServerError::unavailable("the objects are unreachable"));
        }
        let setting = Setting::anonymous(self.0.now(), &self.0);
        self.0.objects.borrow_mut().call((class, name), &setting, command)
    }

    async fn post_form(&self, url: &str, form: &str) -> Result<u16, ServerError> {
        self.0.posts.borrow_mut().push((url.to_owned(), form.to_owned()));
        match self.0.post_status.get() {
            0 => Err(ServerError::unavailable("the client does not answer")),
            status => Ok(status),
        }
    }

    async fn post_json(&self, url: &str, bearer: &str, json: &str) -> Result<u16, ServerError> {
        self.post_form(url, &format!("Bearer {bearer}\n{json}")).await
    }

    async fn read_snapshots(&self, names: &[&str]) -> Result<Vec<Option<String>>, ServerError> {
        self.count(|counts| counts.snapshot_reads += 1);
        let snapshots = self.0.snapshots.borrow();
        let mut seen = self.0.seen_by_edges.borrow_mut();
        let read = |name: &&str| {
            seen.entry((*name).to_owned()).or_insert_with(|| snapshots.get(*name).cloned()).clone()
        };
        Ok(names.iter().map(read).collect())
    }

    async fn write_snapshots(&self, snapshots: &[SnapshotWrite<'_>]) -> Vec<Result<(), ServerError>> {
        let write = |snapshot: &SnapshotWrite<'_>| {
            if self.0.unwritable.get() {
                return Err(ServerError::unavailable("the snapshot store takes nothing"));
            }
            self.count(|counts| counts.snapshot_writes += 1);
            let mut snapshots = self.0.snapshots.borrow_mut();
            match snapshot.value {
                Some(value) => snapshots.insert(snapshot.name.to_owned(), value.to_owned()),
                None => snapshots.remove(snapshot.name),
            };
            Ok(())
        };
        snapshots.iter().map(write).collect()
    }

    async fn control(&self, command: ControlCommand) -> Result<ControlReply, ServerError> {
        self.count(|counts| counts.control_calls += 1);
        self.0.control(&command)
    }

    fn nfkc(&self, text: &str) -> String {
        unicode_normalization::UnicodeNormalization::nfkc(text).collect()
    }

    fn log(&self, line: &str) {
        self.0.log.borrow_mut().push(line.to_owned());
    }
}
