//! From `IdentityServer`'s terms to ours.

use std::collections::BTreeMap;

use mintedge::protocol::config::{ClientConfig, ResourceConfig};
use mintedge::protocol::model::scope::USER_SCOPES;
use mintedge::protocol::model::time::Timestamp;
use serde_json::Value;

use super::hashes::{ImportedSecret, SecretForm};
use super::read::Loose;
use super::remarks::{Remark, Remarks};
use super::{clients, others, resources};

const MEMBERS: [&str; 5] = ["resources", "api_resources", "api_scopes", "identity_resources", "clients"];

/// What came of an import. Each entry has what there is to say about it.
#[derive(Default)]
pub(super) struct Imported {
    pub(super) resources: Vec<(ResourceConfig, Remarks)>,
    pub(super) clients: Vec<(ClientConfig, Remarks)>,
    /// What belongs to no entry.
    pub(super) general: Remarks,
    /// The clients' secrets, hashed.
    pub(super) secrets: BTreeMap<String, Vec<ImportedSecret>>,
}

/// How to read what a file doesn't say.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading {
    /// What a secret that could be either is.
    pub(super) secrets: Option<SecretForm>,
    /// A secret that ended before has ended.
    pub(super) now: Timestamp,
}

impl Imported {
    /// All there is to say, each with what it is about.
    pub(super) fn remarks(&self) -> Vec<Remark> {
        let resources = self.resources.iter().flat_map(|(resource, remarks)| {
            remarks.iter().map(move |remark| about(&format!("resource {}", resource.identifier), remark))
        });
        let clients = self.clients.iter().flat_map(|(client, remarks)| {
            remarks.iter().map(move |remark| about(&format!("client {}", client.client_id), remark))
        });
        self.general.iter().cloned().chain(resources).chain(clients).collect()
    }

    /// The resource that has `scope`.
    pub(super) fn owner_of(&self, scope: &str) -> Option<&str> {
        let owner =
            self.resources.iter().find(|(resource, _)| resource.scopes.iter().any(|own| own == scope));
        owner.map(|(resource, _)| resource.identifier.as_str())
    }
}

fn about(entry: &str, remark: &Remark) -> Remark {
    Remark { text: format!("{entry}: {}", remark.text), ..*remark }
}

/// Converts a whole document.
///
/// # Errors
/// If it holds neither resources nor clients, or is another product's.
pub(super) fn convert(document: &Value, reading: Reading) -> Result<Imported, String> {
    if let Some(refusal) = others::recognized(document) {
        return Err(refusal);
    }
    let mut imported = Imported::default();
    let mut root = Loose::new(document).ok_or("the document is no JSON object")?;
    if let Some(inner) = root.member("identity_server").and_then(Loose::new) {
        root = inner;
    }
    let root = root.spelled(&MEMBERS, &mut imported.general);
    if !["resources", "api_resources", "clients"].iter().any(|name| root.member(name).is_some()) {
        return Err("the document has neither `resources` nor `clients`".to_owned());
    }
    let asked_for: Vec<&str> = root.list("clients").into_iter().flat_map(clients::scopes_of).collect();
    for (index, value) in root.list("resources").into_iter().chain(root.list("api_resources")).enumerate() {
        resources::add(&mut imported, value, index, &asked_for);
    }
    resources::scopes(&mut imported, &root);
    people(&mut imported, &root);
    for (index, value) in root.list("clients").into_iter().enumerate() {
        clients::add(&mut imported, value, index, reading);
    }
    imported.general.others(&root, &MEMBERS);
    Ok(imported)
}

/// Identity resources: the standard ones are scopes here, too.
fn people(imported: &mut Imported, root: &Loose<'_>) {
    for name in root.names("identity_resources", "identity resource", &mut imported.general) {
        if !USER_SCOPES.contains(&name) {
            imported
                .general
                .decide(format!("the identity resource `{name}` has no counterpart and is not imported"));
        }
    }
}
