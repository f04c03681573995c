//! Mistyped names, names from elsewhere, and names that must not be in a file.

use std::sync::OnceLock;

use schemars::schema_for;
use serde_json::{Map, Value, json};

/// Least similarity (0 to 1) of a name that is worth suggesting.
const SIMILAR: f64 = 0.8;

/// What people write for a key, and what it is called here: names of other servers and of earlier habits.
const ALIASES: [(&str, &str); 20] = [
    ("id", "client_id"),
    ("clientid", "client_id"),
    ("name", "client_name"),
    ("grants", "grant_types"),
    ("allowed_grant_types", "grant_types"),
    ("allowed_scopes", "scopes"),
    ("scope", "scopes"),
    ("auth_method", "token_endpoint_auth_method"),
    ("token_auth_method", "token_endpoint_auth_method"),
    ("ttl", "access_token_ttl"),
    ("lifetime", "access_token_ttl"),
    ("access_token_lifetime", "access_token_ttl"),
    ("origins", "allowed_origins"),
    ("cors_origins", "allowed_origins"),
    ("allowed_cors_origins", "allowed_origins"),
    ("audience", "identifier"),
    ("aud", "identifier"),
    ("resource", "identifier"),
    ("alg", "signing_alg"),
    ("enabled", "disabled"),
];

/// The known name nearest to `word`, if one is near.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = word.to_lowercase().replace('-', "_");
    let known: Vec<&str> = known.into_iter().collect();
    let alias = ALIASES.iter().find(|(from, to)| *from == lower && known.contains(to));
    if let Some((_, to)) = alias {
        return known.into_iter().find(|name| name == to);
    }
    let scored = known.into_iter().map(|name| (similarity(&lower, name), name));
    let best = scored.max_by(|one, other| one.0.total_cmp(&other.0));
    best.filter(|(score, _)| *score >= SIMILAR).map(|(_, name)| name)
}

/// Jaro-Winkler favors common beginnings, the edit distance swapped and dropped letters: either may be right.
fn similarity(word: &str, name: &str) -> f64 {
    let name = name.to_lowercase();
    strsim::jaro_winkler(word, &name).max(strsim::normalized_damerau_levenshtein(word, &name))
}

/// Whether `key` wants to hold a secret.
pub(crate) fn is_secret(key: &str) -> bool {
    let key = key.to_lowercase().replace(['-', '_'], "");
    ["secret", "password", "passwd", "apikey", "privatekey", "sharedkey"]
        .iter()
        .any(|word| key.contains(word))
        || ["kek", "pwd", "sha256"].contains(&key.as_str())
}

/// The kinds of entries that a file declares, each with the key that names an entry, such as `client`, `client_id`.
pub(crate) fn known_kinds() -> Vec<(String, String)> {
    let schema = config_schema();
    let properties = schema.get("properties").and_then(Value::as_object);
    let entries = properties.into_iter().flatten().filter_map(|(kind, property)| {
        let item = resolve(schema, property.get("items")?);
        let name = item.get("required")?.get(0)?.as_str()?;
        Some((kind.clone(), name.to_owned()))
    });
    entries.collect()
}

/// The JSON Schema of a configuration file.
pub(crate) fn config_schema() -> &'static Value {
    static SCHEMA: OnceLock<Value> = OnceLock::new();
    SCHEMA.get_or_init(|| with_jwks_file(schema_for!(mintedge::protocol::config::Config).to_value()))
}

/// The file has one key that the server never sees: [`super::inline`] puts what it names in its place.
fn with_jwks_file(mut schema: Value) -> Value {
    let member = json!({
        "type": ["string", "null"],
        "description": "A file with its keys (RFC 7517 §5), relative to this one; instead of `jwks`.",
    });
    for kind in ["TrustedIssuerConfig", "ClientConfig"] {
        let members = schema.pointer_mut(&format!("/$defs/{kind}/properties")).and_then(Value::as_object_mut);
        members.map(|members| members.insert("jwks_file".to_owned(), member.clone()));
    }
    schema
}

/// The members of an entry of `kind`, with their schemas.
pub(crate) fn members_of(kind: &str) -> Option<&'static Map<String, Value>> {
    let schema = config_schema();
    resolve(schema, schema.get("properties")?.get(kind)?.get("items")?).get("properties")?.as_object()
}

/// What a member of an entry of `kind` says if it is left out.
pub(crate) fn default_of(kind: &str, member: &str) -> Option<Value> {
    members_of(kind)?.get(member)?.get("default").cloned()
}

/// Follows `$ref`s, and passes over the `null` that an optional member has. Where there are several other forms, see
/// [`forms`].
pub(crate) fn resolve<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        let target = reference.strip_prefix('#').and_then(|pointer| root.pointer(pointer));
        return target.map_or(schema, |target| resolve(root, target));
    }
    match options(schema).as_slice() {
        [only] => resolve(root, only),
        _ => schema,
    }
}

fn options(schema: &Value) -> Vec<&Value> {
    let is_null = |option: &Value| option.get("type").and_then(Value::as_str) == Some("null");
    let options = schema.get("anyOf").and_then(Value::as_array).into_iter().flatten();
    options.filter(|option| !is_null(option)).collect()
}

/// The forms a value may have: one, but where the schema leaves a choice.
pub(super) fn forms<'a>(root: &'a Value, schema: &'a Value) -> Vec<&'a Value> {
    let schema = resolve(root, schema);
    match options(schema) {
        options if options.is_empty() => vec![schema],
        options => options.into_iter().flat_map(|option| forms(root, option)).collect(),
    }
}
