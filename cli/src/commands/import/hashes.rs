//! Client secrets of another server: hashes stay, plain ones are hashed, and what has ended stays ended.

use clap::ValueEnum;
use mintedge::protocol::codec::encoding::{from_secret_base64, from_secret_base64url};
use mintedge::protocol::model::secret::{Secret, SecretHash};
use mintedge::protocol::model::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::convert::Reading;
use super::read::{Loose, plain};
use super::remarks::Remarks;
use crate::time::{read_date, utc};

/// Length below which a plain secret can be guessed.
const SHORT: usize = 20;

const MEMBERS: [&str; 6] = ["value", "type", "expiration", "description", "created", "id"];

/// What the values of secrets are that could be either: 32 bytes in base64, or 64 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SecretForm {
    /// SHA-256 hashes, as `IdentityServer` stores them.
    Hashed,
    /// The secrets themselves.
    Plain,
}

/// A secret on its way to the server: its hash, and when it ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum ImportedSecret {
    /// One that doesn't end.
    Lasting(SecretHash),
    /// One that ends.
    #[serde(rename_all = "snake_case")]
    Ending {
        /// SHA-256 in base64url.
        sha256: SecretHash,
        /// Seconds since 1970.
        expires_at: Timestamp,
    },
}

impl ImportedSecret {
    /// Its hash, and when it ends.
    pub(crate) fn parts(&self) -> (&SecretHash, Option<Timestamp>) {
        match self {
            Self::Lasting(hash) => (hash, None),
            Self::Ending { sha256, expires_at } => (sha256, Some(*expires_at)),
        }
    }
}

/// One entry of `client_secrets`, unless it can't be used. What there is to say about it never shows it.
pub(super) fn secret(
    entry: &Value,
    number: usize,
    reading: Reading,
    remarks: &mut Remarks,
) -> Option<ImportedSecret> {
    let mut own = Remarks::default();
    let object = Loose::new(entry).map(|object| object.spelled(&MEMBERS, &mut own));
    own.iter().for_each(|remark| remarks.note(format!("secret {number}: {}", remark.text)));
    let mut lost = |reason: String| remarks.decide(format!("secret {number} is not imported: {reason}"));
    let Some(object) = object else {
        let hash = digest(entry.as_str().unwrap_or_default(), reading).map_err(&mut lost).ok()?;
        return Some(ImportedSecret::Lasting(noted(hash, number, remarks)));
    };
    let kind = object.text("type").unwrap_or("SharedSecret");
    if plain(kind) != "sharedsecret" {
        lost(format!("its type is `{kind}`"));
        return None;
    }
    let hash = digest(object.text("value").unwrap_or_default(), reading).map_err(&mut lost).ok()?;
    let Some(expiration) = object.member("expiration") else {
        return Some(ImportedSecret::Lasting(noted(hash, number, remarks)));
    };
    match expiration.as_str().and_then(read_date) {
        None => lost("its expiration can't be read".to_owned()),
        Some(end) if end <= reading.now => {
            remarks.note(format!("secret {number} is not imported: it ended {}", utc(end)));
        }
        Some(expires_at) => {
            return Some(ImportedSecret::Ending { sha256: noted(hash, number, remarks), expires_at });
        }
    }
    None
}

/// A hash, and whether the secret can be guessed.
type Digest = (SecretHash, bool);

fn noted((hash, can_be_guessed): Digest, number: usize, remarks: &mut Remarks) -> SecretHash {
    if can_be_guessed {
        remarks.note(format!("secret {number} is shorter than 20 characters and can be guessed; rotate it"));
    }
    hash
}

fn digest(value: &str, reading: Reading) -> Result<Digest, String> {
    if value.is_empty() {
        return Err("it has no value".to_owned());
    }
    let plain = || Ok((Secret::received(value).hash(), value.len() < SHORT));
    if reading.secrets == Some(SecretForm::Plain) {
        return plain();
    }
    if let Some(digest) = sha256(value) {
        let either =
            "it may be a SHA-256 hash or 32 random bytes; say which with --secrets-are hashed or plain";
        let hash = reading.secrets.map(|_| (SecretHash::from_sha256(digest), false));
        return hash.ok_or_else(|| either.to_owned());
    }
    if from_secret_base64(value).is_some_and(|bytes| bytes.len() == 64) {
        return Err("it looks like a SHA-512 hash, and this server compares SHA-256".to_owned());
    }
    plain()
}

/// A value that may be a SHA-256, in base64 as `IdentityServer` stores it, in base64url or in hexadecimal.
fn sha256(value: &str) -> Option<[u8; 32]> {
    let base64 = || from_secret_base64(value).or_else(|| from_secret_base64url(value));
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
    use mintedge::protocol::codec::encoding::secret_base64;
    use serde_json::json;

    /// SHA-256 of "secret".
    const HEX: &str = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b";
    const BASE64: &str = "K7gNU3sdo+OL0wNhqoVWhr3g6s1xYv72ol/pe/Unols=";
    const NOW: Timestamp = Timestamp(1_800_000_000);

    fn import(entry: &Value, secrets: Option<SecretForm>) -> (Option<ImportedSecret>, Remarks) {
        let mut remarks = Remarks::default();
        (secret(entry, 1, Reading { secrets, now: NOW }, &mut remarks), remarks)
    }

    #[test]
    fn what_could_be_a_hash_or_a_secret_is_what_the_option_says() {
        let hash = Secret::received("secret").hash();
        for value in [json!(HEX), json!(HEX.to_uppercase()), json!(BASE64), json!({ "Value": BASE64 })] {
            let text = value.as_str().unwrap_or(BASE64);
            let hashed = import(&value, Some(SecretForm::Hashed)).0;
            assert_eq!(hashed, Some(ImportedSecret::Lasting(hash.clone())), "{value}");
            let plain = import(&value, Some(SecretForm::Plain)).0;
            assert_eq!(plain, Some(ImportedSecret::Lasting(Secret::received(text).hash())), "{value}");
            let (unsaid, remarks) = import(&value, None);
            assert_eq!(unsaid, None, "{value}");
            assert!(
                remarks.iter().any(|remark| remark.is_open && remark.text.contains("--secrets-are")),
                "{value}"
            );
        }
        assert_eq!(import(&json!("secret"), None).0, Some(ImportedSecret::Lasting(hash)));
    }

    #[test]
    fn what_has_ended_stays_ended_and_what_ends_still_ends() {
        let entry = |end: &str| json!({ "Value": "a plain secret of enough length", "Expiration": end });
        for end in ["2019-01-01T00:00:00Z", "2027-01-15T08:00:00", "2027-01-15T10:00:00+02:00"] {
            let (secret, remarks) = import(&entry(end), None);
            assert_eq!(secret, None, "{end}");
            assert!(
                remarks.iter().all(|remark| !remark.is_open && remark.text.contains("it ended")),
                "{end}"
            );
        }
        let (secret, _) = import(&entry("2027-01-15T08:00:01.5Z"), None);
        assert_eq!(secret.and_then(|secret| secret.parts().1), Some(Timestamp(1_800_000_001)));
        let (secret, remarks) = import(&entry("next year"), None);
        assert!(secret.is_none() && remarks.iter().any(|remark| remark.is_open));
    }

    #[test]
    fn what_is_wrong_with_a_secret_is_said_without_showing_it() {
        let cases = [
            (json!("hunter2"), true, "shorter than 20"),
            (json!({ "vlaue": "hunter2" }), true, "is read as `value`"),
            (json!({ "Value": "x", "Type": "X509Thumbprint" }), false, "X509Thumbprint"),
            (json!({ "Value": secret_base64(&[7; 64]) }), false, "SHA-512"),
            (json!({ "Description": "d" }), false, "no value"),
            (json!(7), false, "no value"),
        ];
        for (value, imported, expected) in cases {
            let (secret, remarks) = import(&value, None);
            assert_eq!(secret.is_some(), imported, "{value}");
            let text: String = remarks.iter().map(|remark| remark.text.as_str()).collect();
            assert!(text.contains(expected) && !text.contains("hunter2"), "{value}: {text}");
        }
        assert!(import(&json!("a plain secret of enough length"), None).1.is_empty());
    }
}
