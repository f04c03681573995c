//! The structure of a file held against the JSON Schema of [`mintedge::protocol::config::Config`].
//!
//! This is no general validator: it knows the parts of JSON Schema that the derivation writes. Ranges are left to
//! the server's rules, which explain themselves.

use std::collections::BTreeSet;
use std::ops::Range;

use serde_json::{Map, Value};
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::source::{Finding, Source};
use super::words::{config_schema, forms, is_secret, nearest, resolve};
use super::{json, shape};

const NO_SECRETS: &str = "secrets have no place in the file. `mintedge apply` makes a client's first one and shows it \
    once, `mintedge clients rotate-secret` makes more; the server keeps only hashes";

/// What became of a file.
pub(super) struct Outcome {
    /// What is wrong.
    pub(super) findings: Vec<Finding>,
    /// The document as JSON. What is wrong is left out; a broken entry of a list has a stand-in, so that the
    /// indexes of the others stay.
    pub(super) value: Value,
    /// Paths of the broken parts: entries such as `client[1]`, and tables.
    pub(super) broken: BTreeSet<String>,
}

/// Holds `root` against the schema.
pub(super) fn check(source: &Source, root: &DeTable<'_>) -> Outcome {
    let schema = config_schema();
    let mut walk = Walk { source, schema, findings: Vec::new(), broken: BTreeSet::new() };
    let value = walk.table(schema, root, &Place::top()).unwrap_or_default();
    Outcome { findings: walk.findings, value, broken: walk.broken }
}

struct Walk<'a> {
    source: &'a Source,
    schema: &'a Value,
    findings: Vec<Finding>,
    broken: BTreeSet<String>,
}

impl Walk<'_> {
    fn say(&mut self, span: Range<usize>, path: &str, message: &str) {
        self.findings.push(self.source.finding(span, path, message));
    }

    /// `None` if something is wrong with the value itself.
    fn value(&mut self, schema: &Value, value: &Spanned<DeValue<'_>>, place: &Place) -> Option<Value> {
        let schema = self.form(schema, value, place)?;
        let choices = shape::choices(schema);
        let problem = if !choices.is_empty() {
            match shape::choose(&choices, value.get_ref(), &place.key) {
                Ok(choice) => return Some(choice),
                Err(problem) => problem,
            }
        } else if let Err(problem) = shape::fits(schema, value.get_ref(), &place.key) {
            problem
        } else {
            match value.get_ref() {
                DeValue::Table(table) => return self.table(schema, table, place),
                DeValue::Array(list) => return Some(self.list(schema, list.iter(), place)),
                single => match json::scalar(single) {
                    Ok(value) => return Some(value),
                    Err(problem) => problem,
                },
            }
        };
        self.say(value.span(), &place.path, &problem);
        None
    }

    /// The form of `schema` that `value` is meant to have; `None` if it has none of several.
    fn form<'s>(
        &mut self,
        schema: &'s Value,
        value: &Spanned<DeValue<'_>>,
        place: &Place,
    ) -> Option<&'s Value>
    where
        Self: 's,
    {
        let forms = forms(self.schema, schema);
        if let [only] = forms.as_slice() {
            return Some(only);
        }
        let fitting = forms.iter().find(|form| shape::fits(form, value.get_ref(), &place.key).is_ok());
        if fitting.is_none() {
            let message = shape::none_of(&forms, value.get_ref(), &place.key);
            self.say(value.span(), &place.path, &message);
        }
        fitting.copied()
    }

    fn list<'v, 'i: 'v>(
        &mut self,
        schema: &Value,
        elements: impl Iterator<Item = &'v Spanned<DeValue<'i>>>,
        place: &Place,
    ) -> Value {
        let any = Value::Bool(true);
        let item = schema.get("items").unwrap_or(&any);
        let mut values = Vec::new();
        for (index, element) in elements.enumerate() {
            let before = self.findings.len();
            let place = place.element(index, element.span());
            let value = self.value(item, element, &place);
            if self.findings.len() > before {
                self.broken.insert(place.path);
                values.extend(shape::stand_in(self.schema, resolve(self.schema, item), index).or(value));
            } else {
                values.extend(value);
            }
        }
        Value::Array(values)
    }

    fn table(&mut self, schema: &Value, table: &DeTable<'_>, place: &Place) -> Option<Value> {
        let any = Value::Bool(true);
        let known = schema.get("properties").and_then(Value::as_object);
        let free = schema.get("additionalProperties").unwrap_or(&any);
        let open = (free != &Value::Bool(false)).then_some(free);
        let mut members = Map::new();
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            let Some(schema) = known.and_then(|known| known.get(name)).or(open) else {
                self.unknown(key, known, place);
                continue;
            };
            let member = place.member(name, key.span());
            match self.value(schema, value, &member) {
                Some(value) => drop(members.insert(name.to_owned(), value)),
                None => drop(self.broken.insert(member.path)),
            }
        }
        self.missing(schema, table, place)?;
        Some(Value::Object(members))
    }

    fn unknown(&mut self, key: &Spanned<DeString<'_>>, known: Option<&Map<String, Value>>, place: &Place) {
        let name = key.get_ref().as_ref();
        let known: Vec<&str> = known.into_iter().flat_map(Map::keys).map(String::as_str).collect();
        let table = &place.table;
        let message = if is_secret(name) {
            format!("`{name}` {table}: {NO_SECRETS}")
        } else if let Some(near) = nearest(name, known.iter().copied()) {
            // What was meant to be there is missing; nobody is to be told what only follows from that.
            self.broken.insert(place.member(near, 0..0).path);
            format!("unknown key `{name}` {table}; did you mean `{near}`?")
        } else {
            format!("unknown key `{name}` {table}; known are {}", shape::quoted(&known))
        };
        self.say(key.span(), &place.member(name, 0..0).path, &message);
    }

    fn missing(&mut self, schema: &Value, table: &DeTable<'_>, place: &Place) -> Option<()> {
        let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
        let absent: Vec<&str> =
            required.filter_map(Value::as_str).filter(|name| !table.contains_key(*name)).collect();
        for name in &absent {
            self.say(place.span.clone(), &place.path, &format!("`{name}` is missing {}", place.table));
        }
        absent.is_empty().then_some(())
    }
}

/// Where the walk is.
struct Place {
    /// As the server writes it, such as `client[0].claims`.
    path: String,
    /// The key alone, with an index for an element of a list.
    key: String,
    /// The table in TOML's notation, such as `in [[client]]`.
    table: String,
    span: Range<usize>,
}

impl Place {
    fn top() -> Self {
        Self { path: String::new(), key: String::new(), table: "at the top level".to_owned(), span: 0..0 }
    }

    fn member(&self, name: &str, span: Range<usize>) -> Self {
        let (path, table) = if self.path.is_empty() {
            (name.to_owned(), format!("in [{name}]"))
        } else {
            let outer = self.table.trim_start_matches("in ").trim_matches(['[', ']']);
            (format!("{}.{name}", self.path), format!("in [{outer}.{name}]"))
        };
        Self { path, key: name.to_owned(), table, span }
    }

    fn element(&self, index: usize, span: Range<usize>) -> Self {
        let table = format!("in [{}]", self.table.trim_start_matches("in "));
        Self { path: format!("{}[{index}]", self.path), key: format!("{}[{index}]", self.key), table, span }
    }
}
