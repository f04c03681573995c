//! The Control object: one per issuer, the only writer of clients, configuration and signing keys.
//!
//! Its rows are the head (settings, keys, versions), one for each client, and the outbox: what edges may read from KV is marked there in the
//! same commit as the change, and the object's alarm publishes it afterward. So no KV call happens while the object decides, and
//! none is ever lost.

mod clients;
mod command;
mod configuration;
mod documents;
mod founding;
mod head;
mod keys;
mod names;
mod outbox;
mod publish;
mod roots;
mod sealed_copy;
mod tending;

use super::rows::{Rows, Transaction};
use crate::protocol::http::error::ServerError;
use crate::protocol::keys::kek::Keks;
use crate::protocol::keys::keyring::KeyMaterial;
use crate::protocol::model::entropy::Entropy;
use crate::protocol::model::issuer::Issuer;
use crate::protocol::model::jwk::Alg;
use crate::protocol::model::time::Timestamp;

pub use clients::MAX_PAGE;
pub use command::{ControlCommand, ControlRefusal, ControlReply, NewSecret};
pub use documents::WaitingClient;
pub use names::{client_snapshot_name, keyring_name, snapshot_name};
pub use outbox::{DueSnapshot, PublishedSnapshot};
pub use publish::PublishedClient;
pub use roots::{Inventory, KekInfo, RootInfo};

/// Whose Control object it is, and what wraps its keys at rest.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The issuer.
    pub issuer: Issuer,
    /// The deployment's key encryption keys.
    pub keks: Keks,
}

/// Everything a command needs besides the rows.
struct Context<'a, E> {
    issuer: &'a Issuer,
    keks: &'a Keks,
    now: Timestamp,
    /// For secrets, ids and Ed25519 keys.
    entropy: &'a E,
    /// Keys of the other kinds, made beforehand; see [`Stop::NeedsKeys`]. Each is used once.
    material: Vec<KeyMaterial>,
    /// The algorithms of all keys that were made beforehand.
    given: Vec<Alg>,
}

/// Why a command ends early: a failure of ours, a refusal, or keys that have to be made. None of them leaves a trace in the rows.
#[derive(Debug)]
pub(super) enum Stop {
    Server(ServerError),
    Refused(ControlRefusal),
    /// Keys of these algorithms have to be made with the platform's crypto; the command then comes again with them.
    NeedsKeys(Vec<Alg>),
}

impl From<ServerError> for Stop {
    fn from(error: ServerError) -> Self {
        Self::Server(error)
    }
}

/// Carries out `command` with keys that were made for it. The rows' changes count only if it comes to a reply.
pub(super) fn handle<R: Rows, E: Entropy>(
    rows: &mut Transaction<'_, R>,
    (now, entropy): (Timestamp, &E),
    identity: &Identity,
    command: ControlCommand,
    material: Vec<KeyMaterial>,
) -> Result<ControlReply, Stop> {
    let given = material.iter().map(|key| key.alg).collect();
    let Identity { issuer, keks } = identity;
    let mut context = Context { issuer, keks, now, entropy, material, given };
    dispatch(rows, &mut context, command)
}

/// Commands are kept out of line: a cold start waits for `Open`, and whatever is inlined here is compiled with it.
fn dispatch<R: Rows, E: Entropy>(
    rows: &mut Transaction<'_, R>,
    context: &mut Context<'_, E>,
    command: ControlCommand,
) -> Result<ControlReply, Stop> {
    let head = founding::head(rows, context)?;
    match command {
        ControlCommand::Open => keys::open(rows, context, head),
        ControlCommand::Tend => tending::tend(rows, context, head),
        ControlCommand::DueSnapshots { limit } => {
            publish::withdraw(rows, context, head)?;
            Ok(publish::due(rows, context, limit)?)
        }
        ControlCommand::Published { snapshots, all } => {
            Ok(outbox::published(rows, snapshots, all, context.now)?)
        }
        ControlCommand::Keys => Ok(ControlReply::Keys(head.public_keys(context.now))),
        ControlCommand::RotateKeys { alg, immediately } => {
            keys::rotate(rows, context, head, alg, immediately)
        }
        ControlCommand::Inventory => roots::show(rows, context, head),
        ControlCommand::RotateRoot { immediately } => roots::rotate(rows, context, head, immediately),
        ControlCommand::RetireRoot { id, purposes } => roots::retire(rows, context, head, id, &purposes),
        ControlCommand::RetireKey { kid } => keys::retire(rows, context, head, &kid),
        ControlCommand::Config => configuration::read(rows, head),
        ControlCommand::Apply { base_version, config } => {
            configuration::apply(rows, context, head, base_version, *config)
        }
        ControlCommand::Client { client_id } => {
            Ok(ControlReply::Client(clients::load(rows, &client_id)?.map(Box::new)))
        }
        ControlCommand::Clients { after, limit } => clients::page(rows, after.as_deref(), limit),
        ControlCommand::CreateClient { client } => clients::create(rows, context, head, *client),
        ControlCommand::UpdateClient { client } => clients::update(rows, context, head, &client),
        ControlCommand::AddSecret { client_id, expires_at, others_expire_at, sha256 } => {
            let addition = clients::Addition { expires_at, others_expire_at, sha256 };
            clients::add_secret(rows, context, &client_id, addition)
        }
        ControlCommand::RemoveSecret { client_id, secret_id } => {
            clients::remove_secret(rows, context, &client_id, &secret_id)
        }
        ControlCommand::SetEnabled { client_id, enabled } => {
            clients::set_enabled(rows, context, &client_id, enabled)
        }
        ControlCommand::DeleteClient { client_id } => clients::delete(rows, head, context, &client_id),
        ControlCommand::AskToAdmit { client_id, client_name } => {
            documents::ask(rows, context, &client_id, client_name)
        }
        ControlCommand::Waiting => documents::list(rows, context),
        ControlCommand::Admit { client_id, admit } => documents::decide(rows, context, &client_id, admit),
        ControlCommand::RevokeClients { client_id: Some(id) } => clients::revoke(rows, context, &id),
        ControlCommand::RevokeClients { client_id: None } => clients::revoke_all(rows, context, head),
    }
}
