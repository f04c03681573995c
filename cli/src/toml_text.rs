//! Writing configuration files for people: entries in blocks, short values on one line, defaults left out.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::Value;
use toml::{Table, Value as TomlValue};

use crate::failure::Failure;
use crate::file::default_of;

/// Longest line before a list is broken up.
const MAX_LINE: usize = 100;

/// A file in the making.
#[derive(Debug, Default)]
pub(crate) struct TomlText(String);

impl TomlText {
    /// Adds comment lines.
    pub(crate) fn comment(&mut self, text: &str) {
        for line in text.lines() {
            self.0.push_str(format!("# {}", printable(line)).trim_end());
            self.0.push('\n');
        }
    }

    /// Adds an empty line.
    pub(crate) fn gap(&mut self) {
        self.0.push('\n');
    }

    /// Adds one `key = value`.
    pub(crate) fn member(&mut self, name: &str, value: &TomlValue) {
        self.0.push_str(&line(name, value));
    }

    /// Adds `[name]` with all of its members.
    ///
    /// # Errors
    /// If a value has no counterpart in TOML; so with [`Self::entry`].
    pub(crate) fn section(&mut self, name: &str, value: &impl Serialize) -> Result<(), Failure> {
        let _ = write!(self.0, "\n[{name}]\n");
        for (key, value) in &table(value)? {
            self.member(key, value);
        }
        Ok(())
    }

    /// Adds one `[[kind]]`, comments first. An entry that is `off` becomes a comment as a whole.
    pub(crate) fn entry(
        &mut self,
        kind: &str,
        value: &impl Serialize,
        comments: &[String],
        off: bool,
    ) -> Result<(), Failure> {
        let mut value = serde_json::to_value(value).map_err(|error| Failure::other(error.to_string()))?;
        let dropped = drop_nulls(&mut value);
        self.gap();
        for comment in comments {
            self.comment(comment);
        }
        for name in dropped {
            self.comment(&format!(
                "The claim {} is left out: it holds null, which TOML doesn't have.",
                Value::from(name)
            ));
        }
        let mut block = format!("[[{kind}]]\n");
        for (key, value) in &ordered(kind, &value)? {
            match value {
                // An inline table is one line, and what a rule matches deserves a line for each claim.
                TomlValue::Table(members) if key == "match" || line(key, value).len() > MAX_LINE => {
                    for (name, value) in members {
                        block.push_str(&line(&format!("{key}.{}", quoted(name)), value));
                    }
                }
                _ => block.push_str(&line(key, value)),
            }
        }
        if off {
            self.comment(&block);
        } else {
            self.0.push_str(&block);
        }
        Ok(())
    }

    /// The finished text.
    pub(crate) fn finish(self) -> String {
        self.0
    }
}

/// The members in the order they are documented in, without those that say what holds anyway.
fn ordered(kind: &str, value: &Value) -> Result<Table, Failure> {
    let mut members = table(value)?;
    members.retain(|name, value| {
        default_of(kind, name).is_none_or(|default| table_value(&default) != Some(value.clone()))
    });
    let mut members: Vec<(String, TomlValue)> = members.into_iter().collect();
    members.sort_by_key(|(name, _)| FIRST.iter().position(|first| first == name).unwrap_or(FIRST.len()));
    Ok(members.into_iter().collect())
}

/// What identifies an entry and what it is called comes first, the rest by name.
const FIRST: [&str; 12] = [
    "identifier",
    "id",
    "client_id",
    "name",
    "client_name",
    "kind",
    "issuer",
    "match",
    "clients",
    "grant_types",
    "audiences",
    "scopes",
];

fn table(value: &impl Serialize) -> Result<Table, Failure> {
    Table::try_from(value)
        .map_err(|error| Failure::other(format!("a value has no counterpart in TOML: {error}")))
}

fn table_value(value: &Value) -> Option<TomlValue> {
    TomlValue::try_from(value).ok()
}

/// A key, in quotes unless it is a bare one.
fn quoted(key: &str) -> String {
    let is_bare =
        !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    if is_bare { key.to_owned() } else { TomlValue::from(key).to_string() }
}

fn line(name: &str, value: &TomlValue) -> String {
    let single = format!("{name} = {value}\n");
    match value {
        TomlValue::Array(elements) if single.len() > MAX_LINE => {
            let lines: Vec<String> = elements.iter().map(|element| format!("  {element},")).collect();
            format!("{name} = [\n{}\n]\n", lines.join("\n"))
        }
        _ => single,
    }
}

/// Takes out claims that hold `null` somewhere; returns their names.
fn drop_nulls(entry: &mut Value) -> Vec<String> {
    let Some(claims) = entry.get_mut("claims").and_then(Value::as_object_mut) else { return Vec::new() };
    let names: Vec<String> =
        claims.iter().filter(|(_, value)| holds_null(value)).map(|(name, _)| name.clone()).collect();
    claims.retain(|name, _| !names.contains(name));
    names
}

fn holds_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(elements) => elements.iter().any(holds_null),
        Value::Object(members) => members.values().any(holds_null),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// TOML allows no control characters in comments.
fn printable(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}
