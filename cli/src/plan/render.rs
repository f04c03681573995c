//! The plan for people.

use std::fmt;

use serde_json::Value;

use super::{Action, Change, Member, Plan};
use crate::style::{ADD, CHANGE, DIM, REMOVE, bold, styled};

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return writeln!(f, "{}", bold("No changes."));
        }
        for change in &self.changes {
            writeln!(f, "{change}")?;
        }
        let Self { add, change, remove, .. } = self;
        writeln!(f, "{} {add} to add, {change} to change, {remove} to remove.", bold("Plan:"))
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (style, sign) = match self.action {
            Action::Add => (ADD, "+"),
            Action::Change | Action::Adopt => (CHANGE, "~"),
            Action::Remove => (REMOVE, "-"),
        };
        let sign = styled(style, sign);
        if let (Some(member), "setting") = (self.members.first(), self.kind.as_str()) {
            return writeln!(f, "  {sign} {}: {}", bold(&self.name), replacement(member));
        }
        writeln!(f, "  {sign} {} {}", self.kind, bold(Value::from(self.name.as_str())))?;
        let width = self.members.iter().map(|member| member.name.len()).max().unwrap_or_default();
        for member in &self.members {
            let what = match self.action {
                Action::Add => member.new.as_ref().map(shown).unwrap_or_default(),
                Action::Change | Action::Adopt | Action::Remove => replacement(member),
            };
            writeln!(f, "      {:width$}  {what}", member.name)?;
        }
        for note in &self.notes {
            writeln!(f, "      {}", styled(DIM, format!("({note})")))?;
        }
        Ok(())
    }
}

/// A value; of a set of keys only which they are.
fn shown(value: &Value) -> String {
    let Some(keys) = value.get("keys").and_then(Value::as_array) else { return value.to_string() };
    let name = |key: &Value| key.get("kid").or(key.get("kty")).map(ToString::to_string).unwrap_or_default();
    format!("the keys {}", keys.iter().map(name).collect::<Vec<_>>().join(", "))
}

/// Old → new; of lists only what comes and goes.
fn replacement(member: &Member) -> String {
    if let (Some(Value::Array(old)), Some(Value::Array(new))) = (&member.old, &member.new) {
        return list_change(old, new);
    }
    let side = |value: &Option<Value>| value.as_ref().map_or_else(|| "(not set)".to_owned(), shown);
    format!("{} → {}", side(&member.old), side(&member.new))
}

fn list_change(old: &[Value], new: &[Value]) -> String {
    let added = new.iter().filter(|value| !old.contains(value)).map(|value| styled(ADD, format!("+{value}")));
    let removed =
        old.iter().filter(|value| !new.contains(value)).map(|value| styled(REMOVE, format!("-{value}")));
    let parts: Vec<String> = added.chain(removed).collect();
    if parts.is_empty() { "the same, in another order".to_owned() } else { parts.join(" ") }
}
