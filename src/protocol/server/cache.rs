//! What an isolate remembers between requests: the configuration, the keys and the clients that it read, and the budgets for
//! asking again. Only finished values are kept, never anything of a request. `lookup` reads and fills it.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use super::budget::Budget;
use crate::protocol::config::registered_client::Client;
use crate::protocol::config::snapshot::Snapshot;
use crate::protocol::keys::keyring::{Keyring, KeyringParcel};
use crate::protocol::keys::published::Opened;
use crate::protocol::keys::schedule::PublicKey;
use crate::protocol::model::issuer::Issuer;
use crate::protocol::model::time::Timestamp;
use crate::protocol::objects::control::{keyring_name, snapshot_name};

/// The longest and the usual time for which a cached value is used, in seconds. KV's own staleness (30 s) comes on top.
pub const EDGE_CACHE: u64 = 25;
/// The most clients that an isolate remembers.
const MAX_CACHED: usize = 1024;

/// What an isolate remembers between requests.
pub(crate) struct Cache {
    pub(super) snapshot_name: String,
    /// How long a cached value is used, in seconds.
    lifetime: u64,
    snapshot: RefCell<Option<Cached<Snapshot>>>,
    /// Whether the configuration is the Control object's own answer, and not what KV says.
    is_controls_own: Cell<bool>,
    pub(super) keyring_name: String,
    keyring: RefCell<Option<Rc<Keyring>>>,
    /// When keys from KV have to be looked for again; unset for those that the Control object gave.
    keyring_until: Cell<Option<Timestamp>>,
    /// Whether the keys were asked for before anything needed them.
    pub(super) keys_sought: Cell<bool>,
    /// When KV was last asked for the keys; unset if it never was.
    pub(super) keys_read_at: Cell<Option<Timestamp>>,
    clients: RefCell<BTreeMap<String, Cached<Client>>>,
    /// Pays for looking up client ids that are unknown here.
    pub(super) unknown_ids: Budget,
    /// Pays for registrations of clients: none costs I/O, and none of them is worth a flood.
    pub(crate) registrations: Budget,
    /// Pays for looking up secrets that seem to be wrong. Anybody can make one up.
    pub(super) secrets: Budget,
    /// Pays for reading again what clients have that authenticated, or whose tokens were shown. Nobody else can use this up.
    pub(super) rereads: Budget,
    /// Pays for asking for keys of algorithms that no key is known for.
    pub(super) keys: Budget,
    /// Pays for looking up the issuers and workloads of tokens that nothing known here trusts. Anybody can make one up.
    pub(super) policies: Budget,
    /// Pays for looking up generations of the root secret that are unknown here. Anybody can make up a value that names one.
    pub(super) generations: Budget,
}

struct Cached<T> {
    value: Rc<T>,
    read_at: Timestamp,
}

impl<T> Cached<T> {
    fn new(value: T, read_at: Timestamp) -> Self {
        Self { value: Rc::new(value), read_at }
    }

    fn fresh(&self, lifetime: u64, now: Timestamp) -> Option<Rc<T>> {
        (now.since(self.read_at) < lifetime).then(|| Rc::clone(&self.value))
    }
}

impl Cache {
    pub(crate) fn new(issuer: &Issuer, edge_cache: u64) -> Self {
        Self {
            lifetime: edge_cache.min(EDGE_CACHE),
            snapshot_name: snapshot_name(issuer),
            snapshot: RefCell::default(),
            is_controls_own: Cell::default(),
            keyring_name: keyring_name(issuer),
            keyring: RefCell::default(),
            keyring_until: Cell::default(),
            keys_sought: Cell::default(),
            keys_read_at: Cell::default(),
            clients: RefCell::default(),
            unknown_ids: Budget::default(),
            registrations: Budget::default(),
            secrets: Budget::default(),
            rereads: Budget::default(),
            keys: Budget::default(),
            policies: Budget::default(),
            generations: Budget::default(),
        }
    }

    pub(super) fn fresh_snapshot(&self, now: Timestamp) -> Option<Rc<Snapshot>> {
        self.snapshot.borrow().as_ref().and_then(|cached| cached.fresh(self.lifetime, now))
    }

    pub(super) fn fresh_client(&self, client_id: &str, now: Timestamp) -> Option<Rc<Client>> {
        self.clients.borrow().get(client_id).and_then(|cached| cached.fresh(self.lifetime, now))
    }

    /// The keys that are at hand. Those from KV only until they end: what was put back there must not stay for as long as an
    /// isolate lives.
    pub(super) fn known_keyring(&self, now: Timestamp) -> Option<Rc<Keyring>> {
        let has_ended = self.keyring_until.get().is_some_and(|until| now >= until);
        self.keyring.borrow().clone().filter(|_| !has_ended)
    }

    pub(super) fn keep_keyring(&self, parcel: KeyringParcel) -> Rc<Keyring> {
        let keyring = Rc::new(Keyring::from(parcel));
        *self.keyring.borrow_mut() = Some(Rc::clone(&keyring));
        self.keyring_until.set(None);
        keyring
    }

    /// Whether this isolate has no keys yet and has not just asked KV for them.
    pub(super) fn lacks_keys(&self, now: Timestamp) -> bool {
        let asked = self.keys_read_at.get().is_some_and(|at| now.since(at) < self.lifetime);
        self.known_keyring(now).is_none() && !asked
    }

    /// Keeps keys that were read from KV, if there still are none and they are those of the configuration: no older ones, and
    /// none that `/jwks` here does not show, which may be those of a deployment that had this name before.
    pub(super) fn keep_published_keyring(&self, opened: Option<Opened>, now: Timestamp) {
        let fits = |opened: &Opened| {
            self.snapshot.borrow().as_ref().is_some_and(|cached| is_of(&opened.parcel, &cached.value))
        };
        if let Some(Opened { parcel, good_until }) = opened.filter(fits)
            && self.known_keyring(now).is_none()
        {
            self.keep_keyring(parcel);
            self.keyring_until.set(Some(good_until));
        }
    }

    /// Keeps what KV says, unless it is older than what is known already: KV may go back in time.
    pub(super) fn keep_snapshot(&self, read: Snapshot, now: Timestamp) -> Rc<Snapshot> {
        self.keep_newer(read, now, false)
    }

    /// Keeps what the Control object says, whatever KV has said: only another answer of its own that came faster may be newer.
    pub(super) fn keep_controls_snapshot(&self, read: Snapshot, now: Timestamp) -> Rc<Snapshot> {
        if !self.is_controls_own.get() {
            self.snapshot.take();
        }
        self.keep_newer(read, now, true)
    }

    fn keep_newer(&self, read: Snapshot, now: Timestamp, is_controls_own: bool) -> Rc<Snapshot> {
        let mut slot = self.snapshot.borrow_mut();
        let known = slot.take().filter(|known| {
            let known = &known.value;
            known.config_version > read.config_version
                || known.keys_version > read.keys_version
                || known.clients_epoch > read.clients_epoch
        });
        if known.is_none() {
            self.is_controls_own.set(is_controls_own);
        }
        let value = known.map_or_else(|| Rc::new(read), |known| known.value);
        *slot = Some(Cached { value: Rc::clone(&value), read_at: now });
        value
    }

    pub(super) fn keep_client(&self, client: Client, now: Timestamp) -> Rc<Client> {
        let mut clients = self.clients.borrow_mut();
        if clients.len() >= MAX_CACHED {
            clients.retain(|_, cached| cached.fresh(self.lifetime, now).is_some());
        }
        if clients.len() >= MAX_CACHED {
            clients.pop_first();
        }
        let id = client.client_id.clone();
        let cached = Cached::new(client, now);
        let value = Rc::clone(&cached.value);
        clients.insert(id, cached);
        value
    }
}

fn is_of(parcel: &KeyringParcel, snapshot: &Snapshot) -> bool {
    let is_shown = |key: &PublicKey| snapshot.keys.iter().any(|shown| shown.kid == key.kid);
    parcel.version >= snapshot.keys_version && parcel.keys.iter().all(|(key, _)| is_shown(key))
}
