//! From `IdentityServer`'s terms to ours.

use std::collections::BTreeMap;

use mintedge::protocol::config::{ClientConfig, ResourceConfig};
use mintedge::protocol::secret::SecretHash;
use serde_json::Value;

use super::read::Loose;
use super::{clients, resources};

const RESOURCES: [&str; 2] = ["resources", "apiresources"];
const CLIENTS: [&str; 1] = ["clients"];

/// What came of an import. Each entry has what there is to say about it.
#[derive(Default)]
pub(super) struct Imported {
    pub(super) resources: Vec<(ResourceConfig, Vec<String>)>,
    pub(super) clients: Vec<(ClientConfig, Vec<String>)>,
    /// What belongs to no entry.
    pub(super) general: Vec<String>,
    /// Hashes of the clients' secrets.
    pub(super) secrets: BTreeMap<String, Vec<SecretHash>>,
}

impl Imported {
    /// All there is to say, each with what it is about.
    pub(super) fn warnings(&self) -> Vec<String> {
        let resources = self.resources.iter().flat_map(|(resource, warnings)| {
            warnings.iter().map(move |warning| format!("resource {}: {warning}", resource.identifier))
        });
        let clients = self.clients.iter().flat_map(|(client, warnings)| {
            warnings.iter().map(move |warning| format!("client {}: {warning}", client.client_id))
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

/// Converts a whole document.
///
/// # Errors
/// If it holds neither resources nor clients.
pub(super) fn convert(document: &Value) -> Result<Imported, String> {
    let mut root = Loose::new(document).ok_or("the document is no JSON object")?;
    if let Some(inner) = root.member(&["identityserver"]).and_then(Loose::new) {
        root = inner;
    }
    if root.member(&RESOURCES).is_none() && root.member(&CLIENTS).is_none() {
        return Err("the document has neither `resources` nor `clients`".to_owned());
    }
    let mut imported = Imported::default();
    let asked_for: Vec<&str> = root
        .list(&CLIENTS)
        .into_iter()
        .filter_map(Loose::new)
        .flat_map(|client| clients::scopes_of(&client).0)
        .collect();
    for (index, value) in root.list(&RESOURCES).into_iter().enumerate() {
        resources::add(&mut imported, value, index, &asked_for);
    }
    scopes_without_resource(&mut imported, &root);
    for (index, value) in root.list(&CLIENTS).into_iter().enumerate() {
        clients::add(&mut imported, value, index);
    }
    let known: Vec<&str> = RESOURCES.into_iter().chain(CLIENTS).chain(["apiscopes"]).collect();
    imported.general.extend(
        root.others(&known)
            .into_iter()
            .map(|name| format!("`{name}` has no counterpart and is not imported")),
    );
    Ok(imported)
}

/// Newer servers list scopes on their own, and resources refer to them.
fn scopes_without_resource(imported: &mut Imported, root: &Loose<'_>) {
    let (scopes, _) = root.names(&["apiscopes"]);
    for scope in scopes.into_iter().filter(|scope| imported.owner_of(scope).is_none()).collect::<Vec<_>>() {
        imported.general.push(format!("the scope `{scope}` belongs to no resource and is not imported"));
    }
}

/// A member that is true or false.
pub(super) fn flag(object: &Loose<'_>, name: &str, warnings: &mut Vec<String>) -> Option<bool> {
    let value = object.member(&[name])?;
    if value.as_bool().is_none() {
        warnings.push(format!("`{name}` is neither true nor false and is not imported"));
    }
    value.as_bool()
}

/// Says which members nobody asked for.
pub(super) fn others(object: &Loose<'_>, known: &[&str], warnings: &mut Vec<String>) {
    let others = object.others(known);
    if !others.is_empty() {
        warnings.push(format!("without counterpart and not imported: {}", others.join(", ")));
    }
}
