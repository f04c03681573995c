//! What there is to say about an import.

use serde_json::Value;

use super::read::Loose;
use crate::file::is_secret;

/// One thing to say.
#[derive(Debug, Clone)]
pub(super) struct Remark {
    pub(super) text: String,
    /// Whether somebody has to decide something: what was imported does less, or other than, what there was.
    pub(super) is_open: bool,
}

/// All there is to say about one entry.
#[derive(Debug, Default)]
pub(super) struct Remarks(Vec<Remark>);

impl Remarks {
    /// Something to know.
    pub(super) fn note(&mut self, text: impl Into<String>) {
        self.0.push(Remark { text: text.into(), is_open: false });
    }

    /// Something to decide.
    pub(super) fn decide(&mut self, text: impl Into<String>) {
        self.0.push(Remark { text: text.into(), is_open: true });
    }

    /// Each remark.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Remark> {
        self.0.iter()
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Says which members of `object` nobody asked for. What may be a secret is never passed over lightly.
    pub(super) fn others(&mut self, object: &Loose<'_>, known: &[&str]) {
        let (secret, plain): (Vec<_>, Vec<_>) =
            object.others(known).partition(|(name, value)| is_secret(name) || holds_secret(value));
        let names =
            |members: &[(&str, &Value)]| members.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
        if !secret.is_empty() {
            self.decide(format!("not imported, and looks like a secret: {}", names(&secret)));
        }
        if !plain.is_empty() {
            self.note(format!("without counterpart and not imported: {}", names(&plain)));
        }
    }
}

/// Whether a member somewhere inside is called like a secret.
fn holds_secret(value: &Value) -> bool {
    match value {
        Value::Object(members) => members.iter().any(|(name, value)| is_secret(name) || holds_secret(value)),
        Value::Array(values) => values.iter().any(holds_secret),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}
