//! What an application asks for, grouped for the pages where somebody permits it: about the user, then for each resource.

use crate::protocol::config::snapshot::Snapshot;
use crate::protocol::model::scope::{ScopeSet, USER_SCOPES};
use crate::protocol::pages::{ConsentGroup, ConsentScope};

/// The groups of what is asked for: `about_you` says which scopes speak of the user, and `scopes` are those of resources.
pub(crate) fn consent_groups<'a>(
    snapshot: &'a Snapshot,
    about_you: &ScopeSet,
    scopes: &'a ScopeSet,
) -> Vec<ConsentGroup<'a>> {
    let mut groups = Vec::new();
    let of_user = USER_SCOPES.into_iter().filter(|scope| about_you.contains(scope));
    let of_user: Vec<_> = of_user.map(|scope| ConsentScope { scope, description: None }).collect();
    if !of_user.is_empty() {
        groups.push(ConsentGroup { resource: None, scopes: of_user });
    }
    for resource in &snapshot.resources {
        let own = scopes.iter().filter(|scope| resource.scopes.contains(scope));
        let description = |scope: &str| resource.scope_descriptions.get(scope).map(String::as_str);
        let own: Vec<_> = own.map(|scope| ConsentScope { scope, description: description(scope) }).collect();
        if !own.is_empty() {
            let name = resource.name.as_deref().unwrap_or(&resource.identifier);
            groups.push(ConsentGroup { resource: Some(name), scopes: own });
        }
    }
    groups
}
