//! Resources, and scopes that stand beside them.

use std::collections::BTreeMap;

use mintedge::protocol::config::ResourceConfig;
use mintedge::protocol::model::jwk::Alg;
use mintedge::protocol::model::scope::{ADMIN_SCOPE_PREFIX, ScopeSet, USER_SCOPES, is_scope};
use mintedge::protocol::model::token_type::AccessTokenTyp;
use serde_json::{Map, Value};

use super::convert::Imported;
use super::read::Loose;
use super::remarks::Remarks;

const MEMBERS: [&str; 8] = [
    "name",
    "display_name",
    "scopes",
    "enabled",
    "user_claims",
    "api_secrets",
    "allowed_access_token_signing_algorithms",
    "show_in_discovery_document",
];

/// Adds the resource that `value` describes; `asked_for` are the scopes that clients want.
pub(super) fn add(imported: &mut Imported, value: &Value, index: usize, asked_for: &[&str]) {
    let mut remarks = Remarks::default();
    let object = Loose::new(value).map(|object| object.spelled(&MEMBERS, &mut remarks));
    let Some((name, object)) = object.and_then(|object| Some((object.text("name")?, object))) else {
        imported.general.decide(format!("resource {} has no name and is not imported", index + 1));
        return;
    };
    if imported.resources.iter().any(|(known, _)| known.identifier == name) {
        imported.general.decide(format!("the resource `{name}` is there twice; only the first is imported"));
        return;
    }
    let resource = ResourceConfig {
        identifier: name.to_owned(),
        name: object.text("display_name").map(str::to_owned),
        scopes: scopes_of(imported, name, &object, asked_for, &mut remarks),
        scope_descriptions: BTreeMap::new(),
        default_scopes: ScopeSet::default(),
        scope_includes: BTreeMap::new(),
        metadata: None,
        signing_alg: signing_alg(&object, &mut remarks),
        access_token_typ: AccessTokenTyp::default(),
        access_token_ttl: None,
        claims: Map::new(),
    };
    if object.flag("enabled", &mut remarks) == Some(false) {
        remarks.decide("it was switched off; remove it, or leave its scopes to no client");
    }
    if !object.list("user_claims").is_empty() {
        remarks.decide(
            "its access tokens carried `user_claims` about people; here an API asks /userinfo for them",
        );
    }
    if !object.list("api_secrets").is_empty() {
        remarks.decide(
            "its `api_secrets` are not imported: who asks about tokens at /introspect is a client that `serves` the resource",
        );
    }
    remarks.others(&object, &MEMBERS);
    imported.resources.push((resource, remarks));
}

fn signing_alg(object: &Loose<'_>, remarks: &mut Remarks) -> Alg {
    let names = object.names("allowed_access_token_signing_algorithms", "algorithm", remarks);
    let known = Alg::ALL.iter().find(|alg| names.contains(&alg.name()));
    if known.is_none() && !names.is_empty() {
        remarks.decide(format!("none of its algorithms is there: {}", names.join(", ")));
    }
    known.copied().unwrap_or_default()
}

fn scopes_of(
    imported: &Imported,
    name: &str,
    object: &Loose<'_>,
    asked_for: &[&str],
    remarks: &mut Remarks,
) -> Vec<String> {
    let mut scopes = object.names("scopes", "scope", remarks);
    if scopes.is_empty() && asked_for.contains(&name) {
        remarks.note(format!("it lists no scopes, so it got `{name}`, as older servers understand it"));
        scopes.push(name);
    }
    own_scopes(imported, &scopes, remarks)
}

fn own_scopes(imported: &Imported, scopes: &[&str], remarks: &mut Remarks) -> Vec<String> {
    let mut own: Vec<String> = Vec::new();
    for scope in scopes {
        let reason = if !is_scope(scope) {
            "is no valid scope".to_owned()
        } else if scope.starts_with(ADMIN_SCOPE_PREFIX) {
            "starts with `mintedge:`, which is the admin API's".to_owned()
        } else if USER_SCOPES.contains(scope) {
            "belongs to OpenID Connect".to_owned()
        } else if let Some(owner) = imported.owner_of(scope) {
            format!("belongs to `{owner}` already; a scope has one resource")
        } else {
            if !own.iter().any(|known| known == scope) {
                own.push((*scope).to_owned());
            }
            continue;
        };
        remarks.decide(format!("the scope `{scope}` is not imported: it {reason}"));
    }
    own
}

/// Newer servers list scopes on their own, with words for people, and resources refer to them.
pub(super) fn scopes(imported: &mut Imported, root: &Loose<'_>) {
    for value in root.list("api_scopes") {
        let object = Loose::new(value);
        let name = object.as_ref().map_or_else(|| value.as_str(), |object| object.text("name"));
        let Some(name) = name else {
            imported.general.decide("an API scope has no name and is not imported");
            continue;
        };
        let owner =
            imported.resources.iter_mut().find(|(resource, _)| resource.scopes.iter().any(|own| own == name));
        let Some((resource, _)) = owner else {
            imported.general.decide(format!("the scope `{name}` belongs to no resource and is not imported"));
            continue;
        };
        let words = object.and_then(|object| object.text("description").or(object.text("display_name")));
        if let Some(words) = words {
            resource.scope_descriptions.insert(name.to_owned(), words.to_owned());
        }
    }
}
