//! Writing configuration files for people: entries in blocks with a blank line between them, short values on one line,
//! defaults left out.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::Value;
use toml_edit::{ArrayOfTables, Decor, DocumentMut, Item, RawString, Table, value};

use crate::failure::Failure;
use crate::file::default_of;

/// Longest line before a list is broken up.
const MAX_LINE: usize = 100;

/// A file in the making: comments, then members, then sections and entries, then what is there as a comment only.
#[derive(Debug, Default)]
pub(crate) struct TomlText {
    preface: String,
    document: DocumentMut,
    commented_out: String,
}

impl TomlText {
    /// Adds comment lines at the beginning of the file.
    pub(crate) fn comment(&mut self, text: &str) {
        self.preface.push_str(&commented(text));
    }

    /// Adds an empty line at the beginning of the file.
    pub(crate) fn gap(&mut self) {
        self.preface.push('\n');
    }

    /// Adds one `key = value`.
    pub(crate) fn member(&mut self, name: &str, text: &str) {
        self.document.insert(name, value(text));
    }

    /// Adds `[name]` with all of its members.
    ///
    /// # Errors
    /// If a value has no counterpart in TOML; so with [`Self::entry`].
    pub(crate) fn section(&mut self, name: &str, value: &impl Serialize) -> Result<(), Failure> {
        let mut table = table(value)?;
        table.iter_mut().for_each(|(key, item)| break_up(&key, item));
        table.decor_mut().set_prefix("\n");
        self.document.insert(name, Item::Table(table));
        Ok(())
    }

    /// Adds one `[[kind]]`, comments first. An entry that is `off` becomes a comment as a whole, at the end of the file.
    pub(crate) fn entry(
        &mut self,
        kind: &str,
        value: &impl Serialize,
        comments: &[String],
        off: bool,
    ) -> Result<(), Failure> {
        let mut value = serde_json::to_value(value).map_err(|error| Failure::other(error.to_string()))?;
        let dropped = drop_nulls(&mut value);
        let mut comments: String = comments.iter().map(|comment| commented(comment)).collect();
        for name in dropped {
            comments.push_str(&commented(&format!(
                "The claim {} is left out: it holds null, which TOML doesn't have.",
                Value::from(name)
            )));
        }
        let mut entry = entry(kind, value)?;
        if off {
            let mut alone = DocumentMut::new();
            push(&mut alone, kind, entry);
            let _ = write!(self.commented_out, "\n{comments}{}", commented(&alone.to_string()));
        } else {
            entry.decor_mut().set_prefix(format!("\n{comments}"));
            push(&mut self.document, kind, entry);
        }
        Ok(())
    }

    /// The finished text.
    pub(crate) fn finish(self) -> String {
        format!("{}{}{}", self.preface, self.document, self.commented_out)
    }
}

fn push(document: &mut DocumentMut, kind: &str, entry: Table) {
    let entries = document.entry(kind).or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()));
    if let Some(entries) = entries.as_array_of_tables_mut() {
        entries.push(entry);
    }
}

/// The members of an entry in the order they are documented in, without those that say what holds anyway.
fn entry(kind: &str, mut value: Value) -> Result<Table, Failure> {
    if let Some(members) = value.as_object_mut() {
        members.retain(|name, value| default_of(kind, name).as_ref() != Some(value));
    }
    let mut table = table(&value)?;
    let rank = |name: &str| FIRST.iter().position(|first| *first == name).unwrap_or(FIRST.len());
    table.sort_values_by(|one, _, other, _| {
        (rank(one.get()), one.get()).cmp(&(rank(other.get()), other.get()))
    });
    for (key, item) in table.iter_mut() {
        // An inline table is one line, and what a rule matches deserves a line for each claim.
        if item.is_inline_table() && (key == "match" || is_long(&key, item)) {
            dot(&key, item);
        } else {
            break_up(&key, item);
        }
    }
    Ok(table)
}

/// What identifies an entry and what it is called comes first, the rest by name.
const FIRST: [&str; 14] = [
    "user",
    "sub",
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
    toml_edit::ser::to_document(value)
        .map(DocumentMut::into_table)
        .map_err(|error| Failure::other(format!("a value has no counterpart in TOML: {error}")))
}

fn is_long(key: &str, item: &Item) -> bool {
    format!("{key} = {item}").len() >= MAX_LINE
}

/// Gives every member of an inline table a line of its own, `key.member = value`.
fn dot(key: &str, item: &mut Item) {
    let Some(inline) = item.as_inline_table().cloned() else { return };
    let mut members = inline.into_table();
    members.set_dotted(true);
    members.iter_mut().for_each(|(name, member)| break_up(&format!("{key}.{name}"), member));
    *item = Item::Table(members);
}

/// Gives every element of a list that is too long for one line a line of its own.
fn break_up(key: &str, item: &mut Item) {
    if is_long(key, item)
        && let Some(list) = item.as_array_mut()
    {
        list.iter_mut().for_each(|element| element.decor_mut().set_prefix("\n  "));
        list.set_trailing_comma(true);
        list.set_trailing("\n");
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

/// Turns a member of `document` into a comment in its place, before the table that comes next. What was said about it
/// stays.
pub(crate) fn comment_out(document: &mut DocumentMut, name: &str) {
    let Some((key, item)) = document.remove_entry(name) else { return };
    let said = raw(key.leaf_decor());
    let line = commented(&format!("{name} ={item}"));
    let next = document.iter().find(|(_, item)| item.is_table()).map(|(name, _)| name.to_owned());
    match next.and_then(|name| document.get_mut(&name)?.as_table_mut()) {
        Some(table) => {
            let gap = raw(table.decor());
            table.decor_mut().set_prefix(format!("{said}{line}{gap}"));
        }
        None => document.set_trailing(format!("{said}{line}")),
    }
}

/// What stands before something: comments and blank lines.
fn raw(decor: &Decor) -> String {
    decor.prefix().and_then(RawString::as_str).unwrap_or_default().to_owned()
}

/// The lines of `text` as comments.
fn commented(text: &str) -> String {
    let mut comments = String::new();
    for line in text.lines() {
        comments.push_str(format!("# {}", printable(line)).trim_end());
        comments.push('\n');
    }
    comments
}

/// TOML allows no control characters in comments.
fn printable(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn entries_are_blocks_with_what_matters_first_and_long_values_broken_up() {
        let mut text = TomlText::default();
        text.comment("Made by a test.\n\nFor a test.");
        text.gap();
        text.member("issuer", "https://id.example");
        text.section("keys", &json!({ "rotate_every_days": 30 })).expect("written");
        let long: Vec<String> = (0..5).map(|number| format!("orders:scope-number-{number}")).collect();
        let api =
            json!({ "scopes": long, "name": "An \"API\"", "identifier": "urn:api", "signing_alg": "ES256" });
        text.entry("resource", &api, &["Look at this.".to_owned()], false).expect("written");
        let generated = json!({ "client_id": "mec_1", "claims": { "x": { "y": null } } });
        text.entry("client", &generated, &[], true).expect("written");
        let rule =
            json!({ "issuer": "ci", "match": { "repository": "acme/app", "https://ci/x": ["a", "b"] } });
        text.entry("rule", &rule, &[], false).expect("written");
        text.entry("rule", &json!({ "issuer": "ci", "ttl": 60 }), &[], false).expect("written");
        assert_eq!(text.finish(), WRITTEN);
        toml::from_str::<toml::Table>(WRITTEN).expect("TOML");
    }

    const WRITTEN: &str = r#"# Made by a test.
#
# For a test.

issuer = "https://id.example"

[keys]
rotate_every_days = 30

# Look at this.
[[resource]]
identifier = "urn:api"
name = 'An "API"'
scopes = [
  "orders:scope-number-0",
  "orders:scope-number-1",
  "orders:scope-number-2",
  "orders:scope-number-3",
  "orders:scope-number-4",
]

[[rule]]
issuer = "ci"
match."https://ci/x" = ["a", "b"]
match.repository = "acme/app"

[[rule]]
issuer = "ci"
ttl = 60

# The claim "x" is left out: it holds null, which TOML doesn't have.
# [[client]]
# client_id = "mec_1"
# claims = {}
"#;

    #[test]
    fn a_member_becomes_a_comment_in_its_place_and_nothing_else_changes() {
        let file = |line: &str| {
            format!("# Above.\n\n# About it.\n{line}\n\n# A table.\n[a] # here\nb = 1   # left\n")
        };
        let mut document: DocumentMut = file("issuer = \"x\"").parse().expect("TOML");
        comment_out(&mut document, "absent");
        comment_out(&mut document, "issuer");
        assert_eq!(document.to_string(), file("# issuer = \"x\""));
        let mut alone: DocumentMut = "# It.\nissuer = \"x\"\n".parse().expect("TOML");
        comment_out(&mut alone, "issuer");
        assert_eq!(alone.to_string(), "# It.\n# issuer = \"x\"\n");
    }
}
