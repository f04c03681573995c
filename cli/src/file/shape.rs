//! What the schema wants of a single value, in words.

use serde_json::{Map, Value};
use toml::de::DeValue;

use super::json;
use super::words::{nearest, resolve};

/// The values to choose from, if the schema lists them.
pub(crate) fn choices(schema: &Value) -> Vec<&str> {
    let listed = schema.get("enum").and_then(Value::as_array).into_iter().flatten();
    let documented = schema.get("oneOf").and_then(Value::as_array).into_iter().flatten();
    listed.chain(documented.filter_map(|option| option.get("const"))).filter_map(Value::as_str).collect()
}

/// `value` if it is one of `choices`, else what to say about `key`.
pub(super) fn choose(choices: &[&str], value: &DeValue<'_>, key: &str) -> Result<Value, String> {
    let known = quoted(choices);
    let key = key.split('[').next().unwrap_or(key);
    let Some(text) = value.as_str() else {
        return Err(format!("`{key}` has to be one of {known}, not {}", json::kind(value)));
    };
    if choices.contains(&text) {
        return Ok(text.into());
    }
    Err(match nearest(text, choices.iter().copied()) {
        Some(near) => format!("unknown value `{text}` in `{key}`; did you mean `{near}`?"),
        None => format!("unknown value `{text}` in `{key}`; there is {known}"),
    })
}

/// Whether `value` has the type that the schema wants, else what to say about `key`.
pub(super) fn fits(schema: &Value, value: &DeValue<'_>, key: &str) -> Result<(), String> {
    let wanted = wanted(schema);
    let fits = match wanted {
        "a string" => value.is_str(),
        "true or false" => value.is_bool(),
        "a whole number" => value.is_integer(),
        "a number" => value.is_integer() || value.is_float(),
        "a list" => value.is_array(),
        "a table" => value.is_table(),
        _ => true,
    };
    if !fits {
        return Err(format!(
            "`{key}` has to be {wanted}, not {}{}",
            json::kind(value),
            hint(wanted, value, key)
        ));
    }
    let number = value.as_integer().map(json::integer);
    match (schema.get("format").and_then(Value::as_str), number) {
        (Some("uint32"), Some(number)) if number.and_then(|number| u32::try_from(number).ok()).is_none() => {
            Err(format!("`{key}` has to be a number from 0 to {}", u32::MAX))
        }
        (Some("uint64"), Some(Some(..0))) => Err(format!("`{key}` has to be a number from 0 on")),
        _ => Ok(()),
    }
}

/// What to say about `key` if `value` has none of the forms that the schema leaves a choice of.
pub(super) fn none_of(forms: &[&Value], value: &DeValue<'_>, key: &str) -> String {
    let names: Vec<&str> = forms.iter().map(|form| wanted(form)).collect();
    format!("`{key}` has to be {}, not {}", names.join(", or "), json::kind(value))
}

/// What the schema wants, in words.
fn wanted(schema: &Value) -> &'static str {
    match type_of(schema) {
        Some("string") => "a string",
        Some("boolean") => "true or false",
        Some("integer") => "a whole number",
        Some("number") => "a number",
        Some("array") => "a list",
        Some("object") => "a table",
        _ => "",
    }
}

fn hint(wanted: &str, value: &DeValue<'_>, key: &str) -> String {
    match (wanted, value) {
        ("a list", DeValue::String(_)) => format!("; write {key} = [\"…\"]"),
        ("a list", DeValue::Table(_)) => format!("; write [[{key}]] with two brackets on each side"),
        ("a table", DeValue::Array(_)) => format!("; write [{key}] with one bracket on each side"),
        ("a string", DeValue::Boolean(_) | DeValue::Integer(_) | DeValue::Float(_)) => {
            "; put it in quotes".to_owned()
        }
        ("a whole number" | "true or false", DeValue::String(_)) => "; leave out the quotes".to_owned(),
        _ => String::new(),
    }
}

/// The type, `null` aside: TOML has none.
fn type_of(schema: &Value) -> Option<&str> {
    match schema.get("type")? {
        Value::Array(types) => types.iter().filter_map(Value::as_str).find(|name| *name != "null"),
        single => single.as_str(),
    }
}

/// An object with only what the schema requires, for the place of a broken one.
pub(super) fn stand_in(root: &Value, schema: &Value, index: usize) -> Option<Value> {
    let required = schema.get("required")?.as_array()?;
    let member = |name: &Value| {
        let name = name.as_str()?;
        let member = resolve(root, schema.get("properties")?.get(name)?);
        let value = match (choices(member).first(), type_of(member)) {
            (Some(choice), _) => Value::from(*choice),
            (None, Some("object")) => Value::Object(Map::new()),
            (None, _) => Value::from(format!("broken-entry-{index}")),
        };
        Some((name.to_owned(), value))
    };
    Some(Value::Object(required.iter().filter_map(member).collect::<Map<_, _>>()))
}

/// `names` as an enumeration.
pub(super) fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
