//! The operations under `keys`: list, rotate and retire signing keys and generations of the root secret.
//!
//! None shows anything secret. When a key changes its state is decided in `state::keys` and `state::roots`.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::body;
use super::view::KeyView;
use super::{AdminFailure, Call, unexpected};
use crate::protocol::http::Response;
use crate::protocol::keys::derived::Purpose;
use crate::protocol::keys::schedule::{KeyState, Schedule};
use crate::protocol::model::jwk::Alg;
use crate::protocol::model::time::Timestamp;
use crate::protocol::objects::control::{ControlCommand, ControlReply, Inventory, RootInfo};
use crate::protocol::server::ports::Platform;

/// All keys of the server.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct KeysView {
    /// The signing keys.
    pub keys: Vec<KeyView>,
    /// The generations of the root secret, which all keys that seal and tag are derived from.
    #[serde(default)]
    pub roots: Vec<RootView>,
    /// How these keys are wrapped at rest.
    #[serde(default)]
    pub kek: KekView,
}

/// A generation of the root secret.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RootView {
    /// Its name: `root-` and a number.
    pub id: String,
    /// The state it is in now.
    pub state: KeyState,
    /// When its states begin.
    #[serde(flatten)]
    pub schedule: Schedule,
    /// The purposes it was retired for.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub retired_for: BTreeSet<Purpose>,
}

/// How keys are stored.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct KekView {
    /// A digest that names the deployment's `KEK`; null without one.
    pub id: Option<String>,
    /// How many keys it wraps.
    pub wrapped: usize,
    /// How many lie otherwise: wrapped by an earlier one, or in the clear.
    pub others: usize,
}

/// The kind of key to rotate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(super) enum Kind {
    /// The keys that sign tokens.
    #[default]
    Signing,
    /// The root secret.
    Root,
}

/// Body of `POST keys/rotate`; all of it optional.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(super) struct Rotate {
    /// The kind of key to rotate.
    kind: Kind,
    /// Which algorithm; all in use if absent. Signing keys only.
    alg: Option<Alg>,
    /// At once instead of after the announcement: verifiers that cached `/jwks` refuse the new tokens until they
    /// fetch it again.
    immediately: bool,
}

/// Body of `POST keys/ID/retire`; optional.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(super) struct Retire {
    /// What the generation of the root secret is not good for any more; everything if absent or empty.
    purposes: BTreeSet<Purpose>,
}

/// `GET keys`: all signing keys and generations of the root secret.
pub(super) async fn list<P: Platform>(call: &Call<'_, P>) -> Result<Response, AdminFailure> {
    answer(call, call.control(ControlCommand::Inventory).await?).await
}

/// `POST keys/rotate`: brings the next key forward.
pub(super) async fn rotate<P: Platform>(call: &Call<'_, P>) -> Result<Response, AdminFailure> {
    let Rotate { kind, alg, immediately } = body::read(call.context.request)?;
    call.context.note_target(match kind {
        Kind::Signing => alg.map_or("all", Alg::name),
        Kind::Root => "root",
    });
    let command = match kind {
        Kind::Signing => ControlCommand::RotateKeys { alg, immediately },
        Kind::Root if alg.is_none() => ControlCommand::RotateRoot { immediately },
        Kind::Root => return Err(invalid("the root secret has no algorithm")),
    };
    answer(call, call.control(command).await?).await
}

/// `POST keys/ID/retire`: the emergency. The key is neither published nor used from now on, or the generation of the root
/// secret is good for nothing, and neither is what was made with it.
pub(super) async fn retire<P: Platform>(call: &Call<'_, P>, id: &str) -> Result<Response, AdminFailure> {
    let Retire { purposes } = body::read(call.context.request)?;
    let command = match id.strip_prefix("root-") {
        Some(number) => {
            let unknown = || AdminFailure::not_found("there is no such generation of the root secret");
            ControlCommand::RetireRoot { id: number.parse().map_err(|_| unknown())?, purposes }
        }
        None if purposes.is_empty() => ControlCommand::RetireKey { kid: id.to_owned() },
        None => return Err(invalid("a signing key has one purpose")),
    };
    answer(call, call.control(command).await?).await
}

fn invalid(description: &'static str) -> AdminFailure {
    AdminFailure::refused(400, "invalid_request", description)
}

async fn answer<P: Platform>(call: &Call<'_, P>, reply: ControlReply) -> Result<Response, AdminFailure> {
    let inventory = match reply {
        ControlReply::Inventory(inventory) => inventory,
        ControlReply::Keys(_) => match call.control(ControlCommand::Inventory).await? {
            ControlReply::Inventory(inventory) => inventory,
            _ => return Err(unexpected()),
        },
        _ => return Err(unexpected()),
    };
    body::write(200, &KeysView::new(*inventory, call.context.now))
}

impl KeysView {
    fn new(inventory: Inventory, now: Timestamp) -> Self {
        let Inventory { keys, roots, kek } = inventory;
        Self {
            keys: keys.iter().map(|key| KeyView::new(key, now)).collect(),
            roots: roots.into_iter().map(|root| RootView::new(root, now)).collect(),
            kek: KekView { id: kek.id, wrapped: kek.wrapped, others: kek.others },
        }
    }
}

impl RootView {
    fn new(root: RootInfo, now: Timestamp) -> Self {
        let RootInfo { id, writing, schedule, retired_for } = root;
        let state = match schedule.state(now) {
            _ if writing => KeyState::Active,
            // Its time has come, and the object's alarm has not.
            KeyState::Active => KeyState::Next,
            state => state,
        };
        Self { id: format!("root-{id}"), state, schedule, retired_for }
    }
}
