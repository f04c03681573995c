//! TOML values as JSON, which is what travels to the server.

use serde_json::Value;
use toml::de::{DeInteger, DeValue};

/// `value` as JSON.
///
/// # Errors
/// Says why there is no such JSON: dates, infinities and numbers beyond 64 bits have none.
pub(super) fn scalar(value: &DeValue<'_>) -> Result<Value, String> {
    match value {
        DeValue::String(text) => Ok(Value::from(text.as_ref())),
        DeValue::Boolean(value) => Ok(Value::from(*value)),
        DeValue::Integer(number) => {
            integer(number).map(Value::from).ok_or_else(|| "the number is too large".to_owned())
        }
        DeValue::Float(number) => {
            let parsed = number.as_str().parse::<f64>().ok().and_then(serde_json::Number::from_f64);
            parsed.map(Value::from).ok_or_else(|| "JSON has no such number, and tokens are JSON".to_owned())
        }
        DeValue::Datetime(_) => {
            Err("JSON has no dates, and tokens are JSON; write a string or a number".to_owned())
        }
        DeValue::Array(_) | DeValue::Table(_) => Err("not a single value".to_owned()),
    }
}

/// The value of an integer, in whatever base it was written.
pub(super) fn integer(number: &DeInteger<'_>) -> Option<i64> {
    i64::from_str_radix(number.as_str(), number.radix()).ok()
}

/// What a value is, in TOML's words.
pub(super) fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Boolean(_) => "true or false",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a fraction",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
