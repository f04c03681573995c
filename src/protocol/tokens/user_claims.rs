//! Which claims about a user go where (`OpenID Connect Core` §5.1, §5.4, §5.5). `/userinfo`, the grants that act for a user, and
//! the authorization endpoint call it.
//!
//! Scopes (`profile`, `email`, …) bring claims to `/userinfo`, and to the ID token unless the client is registered for few of
//! them. The `claims` parameter brings single claims to `/userinfo` or to the ID token.

use serde_json::{Map, Value};

use crate::protocol::codec::json;
use crate::protocol::model::scope::ScopeSet;
use crate::protocol::objects::subject::User;

/// The standard claims for each scope that brings them (`OpenID Connect Core` §5.4).
const BY_SCOPE: [(&str, &[&str]); 4] = [
    (
        "profile",
        &[
            "name",
            "family_name",
            "given_name",
            "middle_name",
            "nickname",
            "preferred_username",
            "profile",
            "picture",
            "website",
            "gender",
            "birthdate",
            "zoneinfo",
            "locale",
            "updated_at",
        ],
    ),
    ("email", &["email", "email_verified"]),
    ("address", &["address"]),
    ("phone", &["phone_number", "phone_number_verified"]),
];

/// Every claim about a user that the server can give.
pub fn supported() -> impl Iterator<Item = &'static str> {
    BY_SCOPE.iter().flat_map(|(_, names)| names.iter().copied())
}

/// Whether `name` is a claim that a user may be given: a standard one that the server doesn't make itself.
pub fn is_settable(name: &str) -> bool {
    name != "updated_at" && supported().any(|known| known == name)
}

/// Says what is wrong with the value of a claim, if anything. The types are those of §5.1.
pub fn problem(name: &str, value: &Value) -> Option<&'static str> {
    let fits = match name {
        "email_verified" | "phone_number_verified" => value.is_boolean(),
        "address" => value.as_object().is_some_and(|members| {
            members.len() <= 6
                && members.values().all(|line| line.as_str().is_some_and(|line| line.len() <= 512))
        }),
        _ => value.as_str().is_some_and(|text| !text.is_empty() && text.len() <= 512),
    };
    if !is_settable(name) {
        return Some("this is no standard claim about a person (OpenID Connect Core §5.1)");
    }
    (!fits).then_some("the value has another type than OpenID Connect Core §5.1 wants, or is too long")
}

/// The most that scopes bring into an ID token, in bytes of JSON, because it comes back in URLs as a hint. The rest is at
/// `/userinfo`.
const MAX_BY_SCOPE: usize = 2048;

fn value(user: &User, name: &str) -> Option<Value> {
    if name == "updated_at" {
        return Some(user.updated_at.0.into());
    }
    user.claims.get(name).cloned()
}

/// The claims of `/userinfo`, without `sub`.
pub fn for_userinfo(user: &User, scopes: &ScopeSet, requested: Option<&Value>) -> Map<String, Value> {
    let by_scope = names_of(scopes).filter_map(|name| Some((name.to_owned(), value(user, name)?)));
    let by_name = requested_names(requested, "userinfo");
    json::object(by_scope.chain(by_name.filter_map(|name| Some((name.to_owned(), value(user, name)?)))))
}

/// The claims about the user in the ID token: those that the `claims` parameter names, and those of `scopes` as far as there is
/// room.
pub fn for_id_token(user: &User, scopes: &ScopeSet, requested: Option<&Value>) -> Map<String, Value> {
    let names = requested_names(requested, "id_token");
    let mut claims = json::object(names.filter_map(|name| Some((name.to_owned(), value(user, name)?))));
    let mut room = MAX_BY_SCOPE;
    for name in names_of(scopes) {
        let Some(value) = value(user, name).filter(|_| !claims.contains_key(name)) else { continue };
        let Some(left) = room.checked_sub(name.len() + value.to_string().len() + 4) else { continue };
        room = left;
        claims.insert(name.to_owned(), value);
    }
    claims
}

fn names_of(scopes: &ScopeSet) -> impl Iterator<Item = &'static str> {
    let by_scope = BY_SCOPE.iter().filter(|(scope, _)| scopes.contains(scope));
    by_scope.flat_map(|(_, names)| names.iter().copied())
}

/// Whether the `claims` parameter names `claim` for the ID token.
pub fn is_requested(requested: Option<&Value>, claim: &str) -> bool {
    requested.and_then(|claims| claims.get("id_token")).is_some_and(|members| members.get(claim).is_some())
}

/// The scope that brings the claim `name`.
fn scope_of(name: &str) -> Option<&'static str> {
    BY_SCOPE.iter().find(|(_, names)| names.contains(&name)).map(|(scope, _)| *scope)
}

/// The part of a `claims` parameter that counts: the claims that the server knows and whose scopes the client may have.
/// Everything else is left out, which is no error (§5.5.1), so nothing of unknown shape is ever stored.
pub fn restrict(requested: &Value, ceiling: &ScopeSet) -> Option<Value> {
    let mut places = Map::new();
    for place in ["userinfo", "id_token"] {
        let names = requested_names(Some(requested), place);
        let names = names.filter(|name| scope_of(name).is_some_and(|scope| ceiling.contains(scope)));
        let members = json::object(names.map(|name| (name.to_owned(), Value::Null)));
        if !members.is_empty() {
            places.insert(place.to_owned(), Value::Object(members));
        }
    }
    (!places.is_empty()).then_some(Value::Object(places))
}

/// The scopes that stand for the claims of a `claims` parameter. The person is asked to permit these.
pub fn scopes_of(requested: Option<&Value>) -> impl Iterator<Item = &'static str> {
    let names = ["userinfo", "id_token"].into_iter().flat_map(move |place| requested_names(requested, place));
    names.filter_map(scope_of)
}

fn requested_names<'a>(requested: Option<&'a Value>, place: &str) -> impl Iterator<Item = &'a str> {
    let members = requested.and_then(|claims| claims.get(place)).and_then(Value::as_object);
    let names = members.into_iter().flat_map(|members| members.keys().map(String::as_str));
    names.filter(|name| supported().any(|known| known == *name))
}
