//! The comparison.

use mintedge::protocol::config::{ClientConfig, Config};
use mintedge::protocol::model::client::AuthMethod;
use serde::Serialize;
use serde_json::{Map, Value};

use super::{Action, Adoptable, Change, Member};
use crate::file::known_kinds;

type Object = Map<String, Value>;

pub(super) fn changes(current: &Config, desired: &Config, adoptable: &Adoptable) -> Vec<Change> {
    let (before, after) = (object(&normal(current)), object(&normal(desired)));
    let kinds = known_kinds();
    let is_entry = |name: &str| kinds.iter().any(|(kind, _)| kind == name);
    let mut changes = settings(&before, &after, is_entry);
    // Clients come last: the other entries are what they refer to.
    for (kind, id) in kinds.iter().filter(|(kind, _)| kind != "client") {
        changes.extend(entries(kind, id, &before, &after));
    }
    let mut clients = entries("client", "client_id", &before, &after);
    for change in &mut clients {
        adopt(change, &after, adoptable);
        change.notes = notes(change, current, adoptable);
    }
    changes.extend(clients);
    changes.sort_by_key(|change| change.action == Action::Remove);
    changes
}

/// `config` without what the server doesn't keep: the issuer it is meant for, and scopes said twice.
fn normal(config: &Config) -> Config {
    let mut config = Config { issuer: None, ..config.clone() };
    for client in &mut config.client {
        client.scopes = client.scopes.iter().collect();
    }
    config
}

fn object(value: &impl Serialize) -> Object {
    match serde_json::to_value(value) {
        Ok(Value::Object(object)) => object,
        _ => Object::new(),
    }
}

/// Tables such as `[tokens]`, member by member.
fn settings(before: &Object, after: &Object, is_entry: impl Fn(&str) -> bool) -> Vec<Change> {
    let mut changes = Vec::new();
    for table in names(before, after).into_iter().filter(|name| !is_entry(name)) {
        let (old, new) = (table_of(before, table), table_of(after, table));
        for mut member in members(&old, &new) {
            let name = format!("{table}.{}", member.name);
            member.name = String::new();
            changes.push(Change {
                action: Action::Change,
                kind: "setting".to_owned(),
                name,
                members: vec![member],
                notes: Vec::new(),
            });
        }
    }
    changes
}

fn table_of(object: &Object, name: &str) -> Object {
    object.get(name).and_then(Value::as_object).cloned().unwrap_or_default()
}

/// Lists of tables such as `[[client]]`; `id` is the member that names an entry.
fn entries(kind: &str, id: &str, before: &Object, after: &Object) -> Vec<Change> {
    let (old, new) = (list(before, kind), list(after, kind));
    let name_of = |entry: &Object| entry.get(id).and_then(Value::as_str).unwrap_or_default().to_owned();
    let find = |entries: &[Object], name: &str| entries.iter().find(|entry| name_of(entry) == name).cloned();
    let mut changes = Vec::new();
    for entry in &new {
        let name = name_of(entry);
        let existing = find(&old, &name);
        let action = if existing.is_some() { Action::Change } else { Action::Add };
        let mut members = members(&existing.unwrap_or_default(), entry);
        members.retain(|member| member.name != id);
        if action == Action::Add || !members.is_empty() {
            changes.push(Change { action, kind: kind.to_owned(), name, members, notes: Vec::new() });
        }
    }
    for entry in &old {
        let name = name_of(entry);
        if find(&new, &name).is_none() {
            let (members, notes) = (Vec::new(), Vec::new());
            changes.push(Change { action: Action::Remove, kind: kind.to_owned(), name, members, notes });
        }
    }
    changes
}

fn list(object: &Object, kind: &str) -> Vec<Object> {
    let entries = object.get(kind).and_then(Value::as_array).into_iter().flatten();
    entries.filter_map(Value::as_object).map(by_claim).collect()
}

/// What a rule matches, as one member for each claim: a plan shows the claim that changes.
fn by_claim(entry: &Object) -> Object {
    let mut flat = Object::new();
    for (name, value) in entry {
        match value {
            Value::Object(claims) if name == "match" => {
                flat.extend(claims.iter().map(|(claim, value)| (format!("match.{claim}"), value.clone())));
            }
            _ => drop(flat.insert(name.clone(), value.clone())),
        }
    }
    flat
}

fn names<'a>(before: &'a Object, after: &'a Object) -> Vec<&'a str> {
    let added = after.keys().filter(|name| !before.contains_key(*name));
    before.keys().chain(added).map(String::as_str).collect()
}

fn members(before: &Object, after: &Object) -> Vec<Member> {
    let changed = names(before, after).into_iter().filter(|name| before.get(*name) != after.get(*name));
    let member = |name: &str| Member {
        name: name.to_owned(),
        old: before.get(name).cloned(),
        new: after.get(name).cloned(),
    };
    changed.map(member).collect()
}

/// A client that seems new but exists outside the configuration is taken over, not added.
fn adopt(change: &mut Change, after: &Object, adoptable: &Adoptable) {
    if let (Action::Add, Some(existing)) = (change.action, adoptable.get(&change.name)) {
        let wanted = list(after, "client")
            .into_iter()
            .find(|entry| entry.get("client_id") == Some(&Value::from(change.name.clone())));
        change.action = Action::Adopt;
        change.members = members(&object(existing), &wanted.unwrap_or_default());
    }
}

fn notes(change: &Change, current: &Config, adoptable: &Adoptable) -> Vec<&'static str> {
    let existing =
        current.client.iter().find(|client| client.client_id == change.name).or(adoptable.get(&change.name));
    let has_secret = |client: &ClientConfig| client.has_secret();
    let method = change.members.iter().find(|member| member.name == "token_endpoint_auth_method");
    let becomes = method.and_then(|member| member.new.as_ref()).and_then(Value::as_str);
    let loses =
        AuthMethod::ALL.into_iter().any(|method| !method.has_secret() && becomes == Some(method.name()));
    let mut notes = Vec::new();
    if change.action == Action::Adopt {
        notes.push("registered through the API until now; the file takes it over, and its secrets stay");
    }
    match (change.action, existing) {
        (Action::Add, _) if !loses => notes.push("gets a secret, shown once"),
        (Action::Remove, Some(client)) if has_secret(client) => notes.push("its secrets stop working"),
        (Action::Change | Action::Adopt, Some(client)) if loses && has_secret(client) => {
            let public = becomes == Some(AuthMethod::None.name());
            notes.push(if public {
                "becomes public: its secrets are deleted"
            } else {
                "authenticates without a secret from now on: its secrets are deleted"
            });
        }
        (Action::Change | Action::Adopt, Some(client))
            if method.is_some() && !loses && !has_secret(client) =>
        {
            notes.push("gets a secret, shown once");
        }
        _ => {}
    }
    notes
}
