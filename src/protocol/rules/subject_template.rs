//! The `sub` of tokens that come from a foreign token: always `ext:…`, so it is never a person's or a client's.
//!
//! `grants` fills a rule's template with the claims of a token; `validate` checks it before.

use std::fmt;

use serde_json::{Map, Value};

use super::pattern::{claim, text};
use crate::protocol::config::{RuleConfig, TrustedIssuerConfig};
use crate::protocol::model::client::EXTERNAL_SUBJECT_PREFIX;

/// The longest subject, in bytes.
pub const MAX_SUBJECT: usize = 256;

/// A part of a subject template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece<'t> {
    /// A text that stands for itself.
    Text(&'t str),
    /// The name of a claim whose value stands here.
    Claim(&'t str),
}

/// Takes a template apart: text, and claims in braces. `None` if the braces don't pair up or hold nothing.
pub fn pieces(template: &str) -> Option<Vec<Piece<'_>>> {
    let mut pieces = Vec::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}')?;
        if name.is_empty() || name.contains('{') || before.contains('}') {
            return None;
        }
        pieces.extend([Piece::Text(before), Piece::Claim(name)]);
        rest = after;
    }
    pieces.push(Piece::Text(rest));
    (!rest.contains('}')).then_some(pieces)
}

/// Why a template yields no subject for a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoSubject {
    /// This claim is missing, empty or no single value.
    Missing(String),
    /// This claim holds the text that separates it from the next one.
    Ambiguous(String),
    /// The subject would have this many bytes, over [`MAX_SUBJECT`].
    TooLong(usize),
    /// The subject would have something else in it than printable ASCII, or spaces, quotes or backslashes.
    Unprintable,
    /// The template itself is malformed.
    Template,
}

impl fmt::Display for NoSubject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(claim) => {
                write!(f, "the subject needs the claim `{claim}`, which is missing, empty or no single value")
            }
            Self::Ambiguous(claim) => {
                write!(f, "the claim `{claim}` holds the text that separates it from the next in the subject")
            }
            Self::TooLong(bytes) => {
                write!(f, "the subject would have {bytes} bytes, and {MAX_SUBJECT} is the most")
            }
            Self::Unprintable => f.write_str(
                "the subject would hold something else than printable ASCII, or a space, a quote or a backslash",
            ),
            Self::Template => f.write_str("the rule's `subject` is no template"),
        }
    }
}

/// The subject that `rule` gives a token with these `claims`.
///
/// # Errors
/// Why it gives none.
pub fn subject(
    rule: &RuleConfig,
    issuer: &TrustedIssuerConfig,
    claims: &Map<String, Value>,
) -> Result<String, NoSubject> {
    let said = |name: &str| {
        let value = claim(claims, name).and_then(text).filter(|text| !text.is_empty());
        value.ok_or_else(|| NoSubject::Missing(name.to_owned()))
    };
    let subject = match &rule.subject {
        None => format!("{EXTERNAL_SUBJECT_PREFIX}{}:{}", issuer.id, said("sub")?),
        Some(template) => {
            let pieces = pieces(template).ok_or(NoSubject::Template)?;
            let mut subject = String::new();
            for (number, piece) in pieces.iter().enumerate() {
                match piece {
                    Piece::Text(text) => subject.push_str(text),
                    Piece::Claim(name) => {
                        let value = said(name)?;
                        if !ends_where_it_seems(&value, pieces.get(number + 1..).unwrap_or_default()) {
                            return Err(NoSubject::Ambiguous((*name).to_owned()));
                        }
                        subject.push_str(&value);
                    }
                }
            }
            subject
        }
    };
    match subject.len() {
        _ if subject.strip_prefix(EXTERNAL_SUBJECT_PREFIX).is_none_or(str::is_empty) => {
            Err(NoSubject::Template)
        }
        length if length > MAX_SUBJECT => Err(NoSubject::TooLong(length)),
        _ if !subject.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\') => {
            Err(NoSubject::Unprintable)
        }
        _ => Ok(subject),
    }
}

/// Whether a reader finds the end of `value` by what comes after it. Else one workload could put a separator into what it is
/// called, and be called like another.
fn ends_where_it_seems(value: &str, after: &[Piece<'_>]) -> bool {
    match after {
        [Piece::Text(separator), Piece::Claim(_), ..] => {
            format!("{value}{separator}").find(separator) == Some(value.len())
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn subject_of(template: Option<&str>, claims: Value) -> Option<String> {
        let issuer = json!({ "id": "ci", "kind": "oidc", "issuer": "https://ci.example.com" });
        let rule = json!({ "id": "r", "issuer": "ci", "match": { "sub": "x" }, "subject": template });
        let claims: Map<String, Value> = serde_json::from_value(claims).expect("an object");
        let rule = serde_json::from_value(rule).expect("a rule");
        subject(&rule, &serde_json::from_value(issuer).expect("an issuer"), &claims).ok()
    }

    #[test]
    fn a_subject_is_made_of_text_and_claims() {
        let claims = json!({ "sub": "job/7", "n": 12, "deep": { "a/b": true }, "empty": "", "list": ["x"],
            "spaced": "a b", "quoted": "a\"b", "long": "x".repeat(252), "longer": "x".repeat(253), "accent": "é" });
        let cases = [
            (None, Some("ext:ci:job/7")),
            (Some("ext:{n}"), Some("ext:12")),
            (Some("ext:gh:{n}:{/deep/a~1b}!"), Some("ext:gh:12:true!")),
            (Some("ext:fixed"), Some("ext:fixed")),
            (Some("ext:"), None),
            (Some("{sub}"), None),
            (Some("usr_{n}"), None),
            (Some("ext:{none}"), None),
            (Some("ext:a{empty}"), None),
            (Some("ext:{list}"), None),
            (Some("ext:{deep}"), None),
            (Some("ext:{spaced}"), None),
            (Some("ext:{quoted}"), None),
            (Some("ext:{accent}"), None),
            (Some("ext:{longer}"), None),
            (Some("ext:{sub"), None),
            (Some("ext:sub}"), None),
            (Some("ext:{}"), None),
            (Some("ext:{{sub}}"), None),
        ];
        for (template, expected) in cases {
            assert_eq!(subject_of(template, claims.clone()).as_deref(), expected, "{template:?}");
        }
        assert_eq!(subject_of(Some("ext:{long}"), claims).map(|subject| subject.len()), Some(256));
        assert_eq!(subject_of(None, json!({})), None);
    }

    #[test]
    fn what_could_be_taken_apart_in_two_ways_is_no_subject() {
        let claims = |one: &str, two: &str| json!({ "one": one, "two": two });
        let cases = [
            ("ext:a:{one}:{two}", "x", "y:z", true),
            ("ext:a:{one}:{two}", "x:y", "z", false),
            ("ext:a:{one}/{two}", "x:y", "z", true),
            ("ext:a:{one}{two}", "x", "y", false),
            ("ext:a:{one}aba{two}", "ab", "y", false),
            ("ext:a:{one}:", "x:y", "", true),
            ("ext:a:{one}", "x:y", "", true),
        ];
        for (template, one, two, taken) in cases {
            assert_eq!(
                subject_of(Some(template), claims(one, two)).is_some(),
                taken,
                "{template} {one} {two}"
            );
        }
    }

    #[test]
    fn a_claim_that_holds_braces_is_not_read_again() {
        let claims = json!({ "sub": "{secret}", "secret": "s" });
        assert_eq!(subject_of(Some("ext:{sub}"), claims), Some("ext:{secret}".to_owned()));
    }

    #[test]
    fn why_there_is_no_subject_is_told() {
        let issuer = json!({ "id": "ci", "kind": "oidc", "issuer": "https://ci.example.com" });
        let issuer = serde_json::from_value(issuer).expect("an issuer");
        let told = |template: Option<&str>, claims: Value| {
            let rule = json!({ "id": "r", "issuer": "ci", "match": { "sub": "x" }, "subject": template });
            let rule = serde_json::from_value(rule).expect("a rule");
            subject(&rule, &issuer, claims.as_object().expect("an object")).expect_err("none").to_string()
        };
        for (template, claims, expected) in [
            (None, json!({}), "needs the claim `sub`"),
            (None, json!({ "sub": "x".repeat(250) }), "would have 257 bytes, and 256 is the most"),
            (None, json!({ "sub": "a b" }), "printable ASCII"),
            (
                Some("ext:a:{one}:{two}"),
                json!({ "one": "x:y", "two": "z" }),
                "the claim `one` holds the text",
            ),
        ] {
            let found = told(template, claims);
            assert!(found.contains(expected), "{found}");
        }
    }
}
