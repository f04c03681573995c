//! Client secrets of another server: hashes stay, plain ones are hashed.

use base64ct::{Base64, Base64UrlUnpadded, Encoding as _};
use mintedge::protocol::secret::{Secret, SecretHash};
use serde_json::Value;

use super::read::{Loose, plain};

/// Length below which a plain secret can be guessed.
const SHORT: usize = 20;

/// The hash of one entry of `client_secrets`, and what to say about it; never the secret itself.
pub(super) fn hash(entry: &Value, number: usize) -> (Option<SecretHash>, Vec<String>) {
    match read(entry) {
        Ok((hash, None)) => (Some(hash), Vec::new()),
        Ok((hash, Some(remark))) => (Some(hash), vec![format!("secret {number} {remark}")]),
        Err(reason) => (None, vec![format!("secret {number} is not imported: {reason}")]),
    }
}

fn read(entry: &Value) -> Result<(SecretHash, Option<&'static str>), String> {
    let Some(object) = Loose::new(entry) else {
        return digest(entry.as_str().unwrap_or_default());
    };
    let kind = object.text(&["type"]).unwrap_or("SharedSecret");
    if plain(kind) != "sharedsecret" {
        return Err(format!("its type is `{kind}`"));
    }
    let (hash, remark) = digest(object.text(&["value"]).unwrap_or_default())?;
    let expired = object.member(&["expiration"]).map(|_| "had an expiration; it is imported without one");
    Ok((hash, expired.or(remark)))
}

fn digest(value: &str) -> Result<(SecretHash, Option<&'static str>), String> {
    if value.is_empty() {
        return Err("it has no value".to_owned());
    }
    if let Some(digest) = sha256(value) {
        return Ok((SecretHash::from_sha256(digest), None));
    }
    if Base64::decode_vec(value).is_ok_and(|bytes| bytes.len() == 64) {
        return Err("it is a SHA-512 hash, and this server compares SHA-256".to_owned());
    }
    let is_short = value.len() < SHORT;
    let remark = is_short.then_some("is shorter than 20 characters and can be guessed; rotate it");
    Ok((Secret::received(value).hash(), remark))
}

/// A value that is a SHA-256 already, in base64 as `IdentityServer` stores it, in base64url or in hexadecimal.
fn sha256(value: &str) -> Option<[u8; 32]> {
    let base64 = || Base64::decode_vec(value).or_else(|_| Base64UrlUnpadded::decode_vec(value)).ok();
    hex(value).or_else(base64)?.try_into().ok()
}

fn hex(value: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u32>> = value.chars().map(|digit| digit.to_digit(16)).collect();
    let bytes = digits?;
    let bytes = bytes.chunks_exact(2).map(|pair| match pair {
        [high, low] => u8::try_from(high * 16 + low).ok(),
        _ => None,
    });
    (value.len() == 64).then_some(())?;
    bytes.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// SHA-256 of "secret".
    const HEX: &str = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b";
    const BASE64: &str = "K7gNU3sdo+OL0wNhqoVWhr3g6s1xYv72ol/pe/Unols=";

    #[test]
    fn hashes_are_recognized_and_plain_secrets_hashed() {
        let expected = Some(Secret::received("secret").hash());
        for value in [
            json!(HEX),
            json!(HEX.to_uppercase()),
            json!(BASE64),
            json!({ "Value": BASE64 }),
            json!("secret"),
        ] {
            assert_eq!(hash(&value, 1).0, expected, "{value}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_secret_is_said_without_showing_it() {
        let cases = [
            (json!("hunter2"), true, "shorter than 20"),
            (json!({ "Value": BASE64, "Expiration": "2030-01-01" }), true, "without one"),
            (json!({ "Value": "x", "Type": "X509Thumbprint" }), false, "X509Thumbprint"),
            (json!({ "Value": Base64::encode_string(&[7; 64]) }), false, "SHA-512"),
            (json!({ "Description": "d" }), false, "no value"),
            (json!(7), false, "no value"),
        ];
        for (value, imported, expected) in cases {
            let (hash, warnings) = hash(&value, 1);
            assert_eq!(hash.is_some(), imported, "{value}");
            let text = warnings.concat();
            assert!(
                text.contains(expected) && !text.contains("hunter2") && !text.contains(BASE64),
                "{value}: {text}"
            );
        }
        assert_eq!(hash(&json!("a plain secret of enough length"), 1).1, Vec::<String>::new());
    }
}
