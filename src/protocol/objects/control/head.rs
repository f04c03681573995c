//! The head row: everything of an issuer that is not a client.

use crate::protocol::keys::schedule::KeyState;
use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::Context;
use super::names;
use super::outbox;
use super::outbox::Urgency;
use super::sealed_copy::SealedCopy;
use crate::protocol::config::ClientDocumentConfig;
use crate::protocol::config::Config;
use crate::protocol::config::snapshot;
use crate::protocol::config::snapshot::Snapshot;
use crate::protocol::http::error::ServerError;
use crate::protocol::keys::kek::StoredPrivate;
use crate::protocol::keys::schedule::{PublicKey, StoredKey};
use crate::protocol::model::entropy::Entropy;
use crate::protocol::model::grant_type::GrantType;
use crate::protocol::model::incarnation::Epoch;
use crate::protocol::model::issuer::Issuer;
use crate::protocol::model::jwk::Alg;
use crate::protocol::model::time::{DAY, HOUR, Timestamp};
use crate::protocol::objects::rows::{Rows, Transaction};
use crate::protocol::state::keys as life;
use crate::protocol::state::roots::Generations;

/// The key of the head row.
const HEAD: &str = "head";

/// The head row as it is stored.
#[derive(Serialize, Deserialize)]
pub(crate) struct Head {
    /// Settings and resources; its clients are rows of their own.
    pub(crate) config: Config,
    /// Ids of the clients that the configuration declared.
    pub(crate) declared: Vec<String>,
    /// Rises with every applied configuration.
    pub(crate) config_version: u64,
    /// The signing keys.
    pub(crate) keys: Vec<StoredKey>,
    /// Rises with every change of the keys.
    pub(crate) keys_version: u64,
    /// Algorithms that clients have tokens signed with, besides the resources'.
    #[serde(default)]
    pub(crate) client_algs: BTreeSet<Alg>,
    /// What the keys are derived from that never change. Releases before there were generations derived all keys from it.
    pub(crate) root: StoredPrivate,
    /// The generations of what all other MAC and sealing keys are derived from.
    #[serde(default)]
    pub(crate) roots: Generations,
    /// Every client's allowed origins.
    pub(crate) origins: BTreeSet<String>,
    /// Grants that are advertised only because a client is registered for them.
    #[serde(default)]
    pub(crate) special_grants: Vec<GrantType>,
    /// Whether some client shares a login with others.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) native_sso: bool,
    /// When everything that any client was given ended last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) clients_epoch: Option<Epoch>,
    /// What the outbox was last told to publish of the private keys; nothing without a `KEK`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sealed_copy: Option<SealedCopy>,
}

impl Head {
    pub(crate) fn rotate_every(&self) -> u64 {
        u64::from(self.config.keys.rotate_every_days) * DAY
    }

    pub(crate) fn algs(&self, issuer: &Issuer) -> Vec<Alg> {
        let mut of_clients = self.client_algs.clone();
        of_clients.extend(self.config.registration.algs());
        // A client that comes with a document is in no row.
        let logs_in = |rule: &ClientDocumentConfig| rule.scopes.contains("openid");
        if self.config.client_document.iter().any(logs_in) {
            of_clients.insert(Alg::Rs256);
        }
        snapshot::algs(&snapshot::resources(&self.config, issuer), &of_clients)
    }

    pub(crate) fn public_keys(&self, now: Timestamp) -> Vec<PublicKey> {
        let keys = life::publics(&self.keys);
        keys.filter(|key| key.schedule.state(now) != KeyState::Gone).cloned().collect()
    }

    pub(crate) fn snapshot(&self, issuer: &Issuer, now: Timestamp) -> Snapshot {
        Snapshot {
            config_version: self.config_version,
            keys_version: self.keys_version,
            special_grants: self.special_grants.clone(),
            native_sso: self.native_sso,
            origins: self.origins.clone(),
            clients_epoch: self.clients_epoch,
            keys: self.public_keys(now),
            ..Snapshot::of(&self.config, issuer)
        }
    }
}

/// The name under which the root secret is wrapped.
pub(crate) const ROOT: &str = "root";

/// Writes the head row, and has the snapshot published and, if it is not what it should be, the sealed copy of the keys.
pub(crate) fn save<R: Rows, E: Entropy>(
    rows: &mut Transaction<'_, R>,
    context: &Context<'_, E>,
    head: &mut Head,
) -> Result<(), ServerError> {
    if SealedCopy::is_outdated(head, context) {
        head.sealed_copy = SealedCopy::wanted(head, context);
        outbox::enqueue(rows, &names::keyring_name(context.issuer), Urgency::TakesAway, context.now)?;
    }
    write(rows, head)?;
    outbox::enqueue(rows, &names::snapshot_name(context.issuer), Urgency::TakesAway, context.now)
}

/// Writes the row and nothing else.
pub(super) fn write<R: Rows>(rows: &mut Transaction<'_, R>, head: &Head) -> Result<(), ServerError> {
    rows.write(HEAD, head)
}

pub(crate) fn read<R: Rows>(rows: &Transaction<'_, R>) -> Result<Option<Head>, ServerError> {
    rows.read(HEAD)
}

/// When the object has to look after its keys next.
pub(crate) fn next_alarm(head: &Head, now: Timestamp) -> Timestamp {
    let keys = life::next_alarm(&head.keys, head.rotate_every(), now);
    let roots = head.roots.next_alarm(now).map_or(keys, |roots| roots.max(now.plus(HOUR)));
    let copy = head.sealed_copy.as_ref().map_or(keys, |copy| copy.renewal().max(now.plus(HOUR)));
    keys.min(roots).min(copy)
}
