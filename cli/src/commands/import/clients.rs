//! One client.

use mintedge::protocol::client::{AuthMethod, client_id_problem};
use mintedge::protocol::config::{ClientConfig, ExchangeConfig};
use mintedge::protocol::grants::GrantType;
use mintedge::protocol::scope::ScopeSet;
use mintedge::protocol::secret::is_generated_client_id;
use serde_json::Value;

use super::convert::{Imported, flag, others};
use super::hashes;
use super::read::{Loose, plain};

const MEMBERS: [&str; 9] = [
    "clientid",
    "clientname",
    "allowedgranttypes",
    "allowedscopes",
    "clientsecrets",
    "accesstokenlifetime",
    "allowedcorsorigins",
    "enabled",
    "requireclientsecret",
];

/// Adds the client that `value` describes.
pub(super) fn add(imported: &mut Imported, value: &Value, index: usize) {
    let id = Loose::new(value).and_then(|object| Some((object.text(&["clientid"])?, object)));
    let Some((client_id, object)) = id else {
        imported.general.push(format!("client {} has no client_id and is not imported", index + 1));
        return;
    };
    let twice = imported.clients.iter().any(|(known, _)| known.client_id == client_id);
    let refused = client_id_problem(client_id)
        .or(is_generated_client_id(client_id).then_some("ids that start with `mec_` are generated"))
        .or(twice.then_some("it is there twice; only the first is imported"));
    if let Some(reason) = refused {
        imported.general.push(format!("the client `{client_id}` is not imported: {reason}"));
        return;
    }
    let mut warnings = Vec::new();
    let client = declaration(imported, client_id, &object, &mut warnings);
    others(&object, &MEMBERS, &mut warnings);
    secrets(imported, &object, &client, &mut warnings);
    imported.clients.push((client, warnings));
}

fn declaration(
    imported: &Imported,
    client_id: &str,
    object: &Loose<'_>,
    warnings: &mut Vec<String>,
) -> ClientConfig {
    let grant_types = grants(object, warnings);
    let (origins, lost) = object.names(&["allowedcorsorigins"]);
    if lost > 0 {
        warnings.push(format!("{lost} origin(s) are no text and are not imported"));
    }
    let scopes = allowed_scopes(imported, object, warnings);
    ClientConfig {
        exchange: exchange(imported, &grant_types, &scopes),
        client_id: client_id.to_owned(),
        client_name: object.text(&["clientname"]).filter(|text| !text.is_empty()).map(str::to_owned),
        scopes,
        token_endpoint_auth_method: auth_method(object, &grant_types, warnings),
        grant_types,
        access_token_ttl: lifetime(object, warnings),
        allowed_origins: origins.into_iter().map(str::to_owned).collect(),
        disabled: flag(object, "enabled", warnings) == Some(false),
        ..ClientConfig::default()
    }
}

fn grants(object: &Loose<'_>, warnings: &mut Vec<String>) -> Vec<GrantType> {
    let (names, lost) = object.names(&["allowedgranttypes"]);
    let mut grants = Vec::new();
    for name in names {
        match GrantType::ALL.iter().find(|grant| plain(grant.name()) == plain(name)) {
            Some(grant) if grants.contains(grant) => {}
            Some(grant) => grants.push(*grant),
            None => warnings.push(format!("the grant `{name}` is not imported: this server doesn't have it")),
        }
    }
    if lost > 0 {
        warnings.push(format!("{lost} grant(s) have no name and are not imported"));
    }
    if grants.is_empty() {
        warnings.push("no grant is left, so it can't get tokens".to_owned());
    }
    grants
}

/// `delegation` gave a client whatever it was allowed at the API behind; here that is written down.
fn exchange(imported: &Imported, grants: &[GrantType], scopes: &ScopeSet) -> ExchangeConfig {
    let mut exchange = ExchangeConfig::default();
    if grants.contains(&GrantType::Delegation) {
        for (resource, scope) in scopes.iter().filter_map(|scope| Some((imported.owner_of(scope)?, scope))) {
            if !exchange.audiences.iter().any(|audience| audience == resource) {
                exchange.audiences.push(resource.to_owned());
            }
            exchange.additional_scopes.insert(scope);
        }
    }
    exchange
}

/// The scopes that a client wants, and how many have no name.
pub(super) fn scopes_of<'a>(client: &Loose<'a>) -> (Vec<&'a str>, usize) {
    client.names(&["allowedscopes"])
}

fn allowed_scopes(imported: &Imported, object: &Loose<'_>, warnings: &mut Vec<String>) -> ScopeSet {
    let (scopes, lost) = scopes_of(object);
    if lost > 0 {
        warnings.push(format!("{lost} scope(s) have no name and are not imported"));
    }
    let mut allowed = ScopeSet::default();
    for scope in scopes {
        if imported.owner_of(scope).is_none() {
            warnings.push(format!("the scope `{scope}` is not imported: no resource has it"));
        } else {
            allowed.insert(scope);
        }
    }
    allowed
}

fn auth_method(object: &Loose<'_>, grants: &[GrantType], warnings: &mut Vec<String>) -> Option<AuthMethod> {
    if flag(object, "requireclientsecret", warnings) != Some(false) {
        return None;
    }
    if grants.iter().any(|grant| grant.info().confidential_only) {
        warnings.push("it needed no secret; its grants need one here".to_owned());
        return None;
    }
    Some(AuthMethod::None)
}

fn lifetime(object: &Loose<'_>, warnings: &mut Vec<String>) -> Option<u32> {
    let lifetime = object.member(&["accesstokenlifetime"])?;
    let seconds = lifetime.as_u64().and_then(|seconds| u32::try_from(seconds).ok());
    if seconds.is_none_or(|seconds| !(30..=86_400).contains(&seconds)) {
        warnings.push(format!(
            "the access token lifetime {lifetime} is not imported: 30 to 86400 seconds are possible"
        ));
        return None;
    }
    seconds
}

fn secrets(imported: &mut Imported, object: &Loose<'_>, client: &ClientConfig, warnings: &mut Vec<String>) {
    let mut hashes = Vec::new();
    for (index, entry) in object.list(&["clientsecrets"]).into_iter().enumerate() {
        let (hash, remarks) = hashes::hash(entry, index + 1);
        hashes.extend(hash);
        warnings.extend(remarks);
    }
    if !hashes.is_empty() && client.is_public() {
        warnings.push("its secrets are not imported: a public client has none".to_owned());
    } else if !hashes.is_empty() {
        imported.secrets.insert(client.client_id.clone(), hashes);
    }
}
