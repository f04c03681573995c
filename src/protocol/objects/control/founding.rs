//! The head row, made with the first keys when the object is asked for the first time.

use std::collections::BTreeSet;

use super::head::{self, Head, ROOT};
use super::{Context, Stop, keys, roots};
use crate::protocol::config::Config;
use crate::protocol::http::error::ServerError;
use crate::protocol::keys::kek::StoredPrivate;
use crate::protocol::model::entropy::Entropy;
use crate::protocol::model::secret::SecretBytes;
use crate::protocol::objects::rows::{Rows, Transaction};
use crate::protocol::state::roots::Generations;

/// Reads the head row, and makes it with the first keys if there is none: the object is the only place that
/// ever generates keys, and it has one thread, so parallel first requests all get the same.
pub(super) fn head<R: Rows, E: Entropy>(
    rows: &mut Transaction<'_, R>,
    context: &mut Context<'_, E>,
) -> Result<Head, Stop> {
    if let Some(head) = head::read(rows)? {
        return Ok(head);
    }
    let mut head = Head {
        config: Config::default(),
        declared: Vec::new(),
        config_version: 0,
        keys: Vec::new(),
        keys_version: 0,
        client_algs: BTreeSet::new(),
        root: new_root(context)?,
        roots: Generations::default(),
        origins: BTreeSet::new(),
        special_grants: Vec::new(),
        native_sso: false,
        clients_epoch: None,
        sealed_copy: None,
    };
    roots::add(context, &mut head, context.now)?;
    keys::make_wanted(context, &mut head)?;
    head::save(rows, context, &mut head)?;
    Ok(head)
}

fn new_root<E: Entropy>(context: &Context<'_, E>) -> Result<StoredPrivate, ServerError> {
    let root = SecretBytes::generate(context.entropy);
    context.keks.wrap(root, context.issuer.as_str(), ROOT, context.entropy)
}
