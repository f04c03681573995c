//! One client.

use mintedge::protocol::config::claims::RESERVED;
use mintedge::protocol::config::{ClientConfig, ExchangeConfig};
use mintedge::protocol::model::client::{AuthMethod, client_id_problem};
use mintedge::protocol::model::grant_type::GrantType;
use mintedge::protocol::model::scope::{ScopeSet, USER_SCOPES};
use mintedge::protocol::model::secret::is_generated_client_id;
use serde_json::{Map, Value};

use super::convert::{Imported, Reading};
use super::read::{Loose, plain};
use super::remarks::Remarks;
use super::{counterparts, hashes, login};

/// Adds the client that `value` describes.
pub(super) fn add(imported: &mut Imported, value: &Value, index: usize, reading: Reading) {
    let mut remarks = Remarks::default();
    let object = Loose::new(value).map(|object| object.spelled(&counterparts::MEMBERS, &mut remarks));
    let Some((client_id, object)) = object.and_then(|object| Some((object.text("client_id")?, object)))
    else {
        imported.general.decide(format!("client {} has no client_id and is not imported", index + 1));
        return;
    };
    let twice = imported.clients.iter().any(|(known, _)| known.client_id == client_id);
    let refused = client_id_problem(client_id)
        .or(is_generated_client_id(client_id).then_some("ids that start with `mec_` are generated"))
        .or(twice.then_some("it is there twice; only the first is imported"));
    if let Some(reason) = refused {
        imported.general.decide(format!("the client `{client_id}` is not imported: {reason}"));
        return;
    }
    let mut client = declaration(imported, client_id, &object, &mut remarks);
    login::settings(&mut client, &object, &mut remarks);
    counterparts::missing(&object, &mut remarks);
    remarks.others(&object, &counterparts::MEMBERS);
    secrets(imported, &object, &client, reading, &mut remarks);
    imported.clients.push((client, remarks));
}

fn declaration(
    imported: &Imported,
    client_id: &str,
    object: &Loose<'_>,
    remarks: &mut Remarks,
) -> ClientConfig {
    let grant_types = grants(object, remarks);
    let origins = object.names("allowed_cors_origins", "origin", remarks);
    let scopes = allowed_scopes(imported, object, &grant_types, remarks);
    ClientConfig {
        exchange: exchange(imported, &grant_types, &scopes),
        client_id: client_id.to_owned(),
        client_name: object.text("client_name").map(str::to_owned),
        scopes,
        token_endpoint_auth_method: auth_method(object, &grant_types, remarks),
        grant_types,
        access_token_ttl: lifetime(object, remarks),
        allowed_origins: origins.into_iter().map(str::to_owned).collect(),
        disabled: object.flag("enabled", remarks) == Some(false),
        claims: claims(object, remarks),
        ..ClientConfig::default()
    }
}

/// The grants that a name stands for; `IdentityServer` has names for pairs of them, too.
fn grants_called(name: &str) -> Vec<GrantType> {
    match plain(name).as_str() {
        "code" => vec![GrantType::AuthorizationCode],
        "resourceownerpassword" => vec![GrantType::Password],
        "codeandclientcredentials" => vec![GrantType::AuthorizationCode, GrantType::ClientCredentials],
        "resourceownerpasswordandclientcredentials" => {
            vec![GrantType::Password, GrantType::ClientCredentials]
        }
        name => GrantType::ALL.iter().copied().filter(|grant| plain(grant.name()) == name).collect(),
    }
}

fn grants(object: &Loose<'_>, remarks: &mut Remarks) -> Vec<GrantType> {
    let mut grants = Vec::new();
    for name in object.names("allowed_grant_types", "grant", remarks) {
        let meant = grants_called(name);
        if meant.is_empty() {
            remarks.decide(format!("the grant `{name}` is not imported: this server doesn't have it"));
        }
        for grant in meant {
            if !grants.contains(&grant) {
                grants.push(grant);
            }
        }
    }
    if grants.is_empty() {
        remarks.decide("no grant is left, so it can't get tokens");
    }
    let offline = object.flag("allow_offline_access", remarks) == Some(true);
    if offline && login::logs_in(&grants) && !grants.contains(&GrantType::RefreshToken) {
        grants.push(GrantType::RefreshToken);
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

/// The scopes that a client wants.
pub(super) fn scopes_of(client: &Value) -> Vec<&str> {
    let mut unsaid = Remarks::default();
    let object = Loose::new(client).map(|object| object.spelled(&counterparts::MEMBERS, &mut unsaid));
    object.map(|object| object.names("allowed_scopes", "scope", &mut unsaid)).unwrap_or_default()
}

fn allowed_scopes(
    imported: &Imported,
    object: &Loose<'_>,
    grants: &[GrantType],
    remarks: &mut Remarks,
) -> ScopeSet {
    let logs_in = login::logs_in(grants);
    let mut allowed = ScopeSet::default();
    for scope in object.names("allowed_scopes", "scope", remarks) {
        if USER_SCOPES.contains(&scope) {
            if logs_in {
                allowed.insert(scope);
            } else {
                remarks.note(format!(
                    "the scope `{scope}` is left out: it is about people, and nobody logs in there"
                ));
            }
        } else if imported.owner_of(scope).is_some() {
            allowed.insert(scope);
        } else {
            remarks.decide(format!("the scope `{scope}` is not imported: no resource has it"));
        }
    }
    if logs_in && grants.contains(&GrantType::RefreshToken) {
        allowed.insert("offline_access");
    }
    allowed
}

fn auth_method(object: &Loose<'_>, grants: &[GrantType], remarks: &mut Remarks) -> Option<AuthMethod> {
    if object.flag("require_client_secret", remarks) != Some(false) {
        return None;
    }
    if grants.iter().any(|grant| grant.info().confidential_only) {
        remarks.decide("it needed no secret; its grants need one here");
        return None;
    }
    Some(AuthMethod::None)
}

fn lifetime(object: &Loose<'_>, remarks: &mut Remarks) -> Option<u32> {
    let seconds = object.number("access_token_lifetime", remarks)?;
    let fitting = u32::try_from(seconds).ok().filter(|seconds| (30..=86_400).contains(seconds));
    if fitting.is_none() {
        remarks.decide(format!(
            "the access token lifetime {seconds} is not imported: 30 to 86400 seconds are possible"
        ));
    }
    fitting
}

/// Claims of the client, under the names that its tokens had.
fn claims(object: &Loose<'_>, remarks: &mut Remarks) -> Map<String, Value> {
    let prefix = object.member("client_claims_prefix").and_then(Value::as_str).unwrap_or("client_");
    let mut claims: Map<String, Value> = Map::new();
    for entry in object.list("claims").into_iter().map(Loose::new) {
        let claim = entry.and_then(|entry| Some((entry.text("type")?, entry.member("value")?)));
        let Some((name, value)) = claim else {
            remarks.decide("a claim has no type or value and is not imported");
            continue;
        };
        let name = format!("{prefix}{name}");
        if RESERVED.contains(&name.as_str()) {
            remarks.decide(format!("the claim `{name}` is not imported: only the server sets it"));
            continue;
        }
        match claims.get_mut(&name) {
            None => {
                claims.insert(name, value.clone());
            }
            Some(Value::Array(values)) => values.push(value.clone()),
            Some(first) => *first = Value::from(vec![first.clone(), value.clone()]),
        }
    }
    if !claims.is_empty() && object.flag("always_send_client_claims", remarks) != Some(true) {
        remarks.note("its claims are in each of its access tokens, also in those for people");
    }
    claims
}

fn secrets(
    imported: &mut Imported,
    object: &Loose<'_>,
    client: &ClientConfig,
    reading: Reading,
    remarks: &mut Remarks,
) {
    let mut secrets = Vec::new();
    for (index, entry) in object.list("client_secrets").into_iter().enumerate() {
        secrets.extend(hashes::secret(entry, index + 1, reading, remarks));
    }
    if secrets.is_empty() {
        return;
    }
    if client.is_public() {
        remarks.decide("its secrets are not imported: a public client has none");
        return;
    }
    imported.secrets.insert(client.client_id.clone(), secrets);
}
