//! Reading JSON whose members may be written `client_id`, `ClientId` or `clientId`.

use serde_json::{Map, Value};

/// An object whose members are found whatever their style.
pub(super) struct Loose<'a>(&'a Map<String, Value>);

impl<'a> Loose<'a> {
    /// `value`, if it is an object.
    pub(super) fn new(value: &'a Value) -> Option<Self> {
        value.as_object().map(Self)
    }

    /// The first member that has one of `names`, which are in lower case without separators.
    pub(super) fn member(&self, names: &[&str]) -> Option<&'a Value> {
        let found =
            self.0.iter().find(|(key, value)| names.contains(&plain(key).as_str()) && !value.is_null());
        found.map(|(_, value)| value)
    }

    /// Such a member as text.
    pub(super) fn text(&self, names: &[&str]) -> Option<&'a str> {
        self.member(names)?.as_str()
    }

    /// Such a member as a list; a single value counts as a list of one, and one that is missing as empty.
    pub(super) fn list(&self, names: &[&str]) -> Vec<&'a Value> {
        match self.member(names) {
            None => Vec::new(),
            Some(Value::Array(values)) => values.iter().collect(),
            Some(single) => vec![single],
        }
    }

    /// Such a list's names: strings, or objects with a name. Second, how many were neither.
    pub(super) fn names(&self, names: &[&str]) -> (Vec<&'a str>, usize) {
        let values = self.list(names);
        let found: Vec<&str> = values.iter().filter_map(|value| name_of(value)).collect();
        let lost = values.len() - found.len();
        (found, lost)
    }

    /// The members that have none of `names` and say something.
    pub(super) fn others(&self, names: &[&str]) -> Vec<&'a str> {
        let others =
            self.0.iter().filter(|(key, value)| !names.contains(&plain(key).as_str()) && !is_empty(value));
        others.map(|(key, _)| key.as_str()).collect()
    }
}

fn name_of(value: &Value) -> Option<&str> {
    match value {
        Value::String(name) => Some(name),
        Value::Object(_) => Loose::new(value)?.text(&["name", "scope", "value", "granttype"]),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => None,
    }
}

/// A member's name in lower case, without separators.
pub(super) fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect()
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(values) => values.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}
