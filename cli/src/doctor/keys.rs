//! The published keys (RFC 7517).

use serde_json::Value;

use super::fetch::{Fetcher, text};
use super::report::{Report, quoted};
use super::rule;

/// Members of a JWK that only its owner may have.
const PRIVATE: [&str; 7] = ["d", "p", "q", "dp", "dq", "qi", "k"];

/// Looks at the key set that the metadata names; its keys' ids.
pub(super) fn check(report: &mut Report, fetcher: &Fetcher, metadata: &Value) -> Vec<String> {
    report.step("keys");
    let Some(url) = text(metadata, "jwks_uri") else {
        report.skip("the metadata names no `jwks_uri`: nobody verifies tokens or ID tokens with keys");
        return Vec::new();
    };
    let set = fetcher.get(url).and_then(|reply| {
        let set = serde_json::from_str::<Value>(&reply.body).ok().filter(|_| reply.status == 200);
        set.ok_or_else(|| format!("status {} and no key set", reply.status))
    });
    let keys = set.and_then(|set| {
        let keys = set.get("keys").and_then(Value::as_array).filter(|keys| !keys.is_empty()).cloned();
        keys.ok_or_else(|| "no keys are in it".to_owned())
    });
    let keys = match keys {
        Ok(keys) => keys,
        Err(why) => {
            report.fail(rule::KEYS, format!("{}: {why}", quoted(url)));
            return Vec::new();
        }
    };
    let private = keys.iter().any(|key| PRIVATE.iter().any(|member| key.get(*member).is_some()));
    if report.demand(!private, rule::KEYS_PUBLIC, "a private key is published: retire it now") {
        report.ok(format!("{} published", count(keys.len(), "key")));
    }
    keys.iter().filter_map(|key| text(key, "kid").map(str::to_owned)).collect()
}

/// A number of things, in words.
pub(super) fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}
