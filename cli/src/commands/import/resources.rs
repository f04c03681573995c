//! One resource.

use mintedge::protocol::config::ResourceConfig;
use mintedge::protocol::jwk::Alg;
use mintedge::protocol::scope::{ADMIN_SCOPE_PREFIX, USER_SCOPES, is_scope};
use serde_json::{Map, Value};

use super::convert::{Imported, flag, others};
use super::read::Loose;

const MEMBERS: [&str; 4] = ["name", "displayname", "scopes", "enabled"];

/// Adds the resource that `value` describes; `asked_for` are the scopes that clients want.
pub(super) fn add(imported: &mut Imported, value: &Value, index: usize, asked_for: &[&str]) {
    let name = Loose::new(value).and_then(|object| Some((object.text(&["name"])?, object)));
    let Some((name, object)) = name else {
        imported.general.push(format!("resource {} has no name and is not imported", index + 1));
        return;
    };
    if imported.resources.iter().any(|(known, _)| known.identifier == name) {
        imported.general.push(format!("the resource `{name}` is there twice; only the first is imported"));
        return;
    }
    let mut warnings = Vec::new();
    let resource = ResourceConfig {
        identifier: name.to_owned(),
        name: object.text(&["displayname"]).filter(|text| !text.is_empty()).map(str::to_owned),
        scopes: scopes(imported, name, &object, asked_for, &mut warnings),
        scope_descriptions: std::collections::BTreeMap::new(),
        signing_alg: Alg::default(),
        access_token_ttl: None,
        claims: Map::new(),
    };
    if flag(&object, "enabled", &mut warnings) == Some(false) {
        warnings.push("it was switched off; remove it, or leave its scopes to no client".to_owned());
    }
    others(&object, &MEMBERS, &mut warnings);
    imported.resources.push((resource, warnings));
}

fn scopes(
    imported: &Imported,
    name: &str,
    object: &Loose<'_>,
    asked_for: &[&str],
    warnings: &mut Vec<String>,
) -> Vec<String> {
    let (mut scopes, lost) = object.names(&["scopes"]);
    if lost > 0 {
        warnings.push(format!("{lost} scope(s) have no name and are not imported"));
    }
    if scopes.is_empty() && asked_for.contains(&name) {
        warnings.push(format!("it lists no scopes, so it got `{name}`, as older servers understand it"));
        scopes.push(name);
    }
    own_scopes(imported, &scopes, warnings)
}

fn own_scopes(imported: &Imported, scopes: &[&str], warnings: &mut Vec<String>) -> Vec<String> {
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
        warnings.push(format!("the scope `{scope}` is not imported: it {reason}"));
    }
    own
}
