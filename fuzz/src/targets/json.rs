//! Any JSON: what is read is what another reader reads, and no object in it names a member twice.

use std::collections::BTreeSet;

use mintedge::protocol::codec::json::from_str;
use serde_json::Value;

/// Runs one input.
pub fn run(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let other = serde_json::from_str::<Value>(text);
    match from_str::<Value>(text) {
        Ok(value) => assert_eq!(Some(value), other.ok()),
        Err(error) if error.to_string().contains("comes twice") => {
            assert!(other.is_err() || has_doubled(text));
        }
        Err(_) => assert!(other.is_err(), "{text}"),
    }
}

/// Whether the same name stands before a colon twice, anywhere. Escapes hide names from this, so they are given up on.
fn has_doubled(text: &str) -> bool {
    let mut names = BTreeSet::new();
    let parts: Vec<&str> = text.split('"').skip(1).collect();
    let mut doubled = false;
    for (name, after) in parts.iter().zip(parts.iter().skip(1)) {
        doubled |= after.trim_start().starts_with(':') && !names.insert(*name);
    }
    doubled || text.contains('\\')
}
