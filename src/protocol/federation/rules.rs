//! What tokens of trusted issuers are good for: exactly one rule has to fit.

use serde_json::{Map, Value};

use crate::protocol::client::EXTERNAL_SUBJECT_PREFIX;
use crate::protocol::config::federation::{AssertionKind, Glob, IssuerKind, Pattern, Scalar};
use crate::protocol::config::{RuleConfig, TrustedIssuerConfig};

/// Longest subject, in bytes.
const MAX_SUBJECT: usize = 255;

/// What a matching rule is wanted for.
#[derive(Debug, Clone, Copy)]
pub enum Purpose<'a> {
    /// To issue to this client.
    Grant {
        /// The client.
        client_id: &'a str,
    },
    /// To authenticate a client.
    ClientAuthentication,
}

/// Why there is no rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoRule {
    /// None fits.
    None,
    /// More than one fits.
    Several,
}

/// The one rule that fits.
///
/// # Errors
/// If none or more than one does.
pub fn evaluate<'r>(
    rules: &'r [RuleConfig],
    issuer: &TrustedIssuerConfig,
    assertion: AssertionKind,
    claims: &Map<String, Value>,
    purpose: Purpose<'_>,
) -> Result<&'r RuleConfig, NoRule> {
    let serves = |rule: &&RuleConfig| match purpose {
        Purpose::Grant { client_id } => {
            rule.authenticates.is_none() && rule.clients.iter().any(|client| client == client_id)
        }
        Purpose::ClientAuthentication => rule.authenticates.is_some(),
    };
    let about = |rule: &&RuleConfig| rule.issuer == issuer.id && rule.assertion == assertion;
    let mut fitting = rules.iter().filter(about).filter(serves).filter(|rule| fits(rule, issuer, claims));
    let rule = fitting.next().ok_or(NoRule::None)?;
    if fitting.next().is_some() { Err(NoRule::Several) } else { Ok(rule) }
}

fn fits(rule: &RuleConfig, issuer: &TrustedIssuerConfig, claims: &Map<String, Value>) -> bool {
    let foreign = ["pull_request_target", "workflow_run"];
    if issuer.kind == IssuerKind::GithubActions
        && !rule.matches.contains_key("event_name")
        && claims.get("event_name").and_then(Value::as_str).is_some_and(|event| foreign.contains(&event))
    {
        return false;
    }
    !rule.matches.is_empty()
        && rule.matches.iter().all(|(name, pattern)| match claim(claims, name) {
            Some(Value::Array(values)) => values.iter().any(|value| is(pattern, value)),
            Some(value) => is(pattern, value),
            None => false,
        })
}

fn claim<'c>(claims: &'c Map<String, Value>, name: &str) -> Option<&'c Value> {
    let Some(pointer) = name.strip_prefix('/') else { return claims.get(name) };
    let mut parts = pointer.split('/').map(|part| part.replace("~1", "/").replace("~0", "~"));
    let first = claims.get(&parts.next()?)?;
    parts.try_fold(first, |value, part| value.get(&part))
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn is(pattern: &Pattern, value: &Value) -> bool {
    let Some(value) = text(value) else { return false };
    let same = |scalar: &Scalar| match scalar {
        Scalar::Text(text) => *text == value,
        Scalar::Bool(truth) => truth.to_string() == value,
        Scalar::Number(number) => number.to_string() == value,
    };
    match pattern {
        Pattern::Exactly(scalar) => same(scalar),
        Pattern::OneOf(scalars) => scalars.iter().any(same),
        Pattern::Glob(Glob { glob }) => glob_fits(glob.as_bytes(), value.as_bytes()),
    }
}

fn glob_fits(glob: &[u8], value: &[u8]) -> bool {
    match (glob.split_first(), value.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), Some((first, after))) => {
            glob_fits(rest, value) || !matches!(first, b'/' | b':') && glob_fits(glob, after)
        }
        (Some((b'*', rest)), None) => glob_fits(rest, value),
        (Some((one, rest)), Some((first, after))) => one == first && glob_fits(rest, after),
        _ => false,
    }
}

/// The `sub` of the tokens a rule issues; `None` if a claim is missing or doesn't fit into one.
pub fn subject(
    rule: &RuleConfig,
    issuer: &TrustedIssuerConfig,
    claims: &Map<String, Value>,
) -> Option<String> {
    let usual = format!("{}:{{sub}}", issuer.id);
    let mut rest = rule.subject.as_deref().unwrap_or(&usual);
    let mut subject = EXTERNAL_SUBJECT_PREFIX.to_owned();
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}')?;
        subject.push_str(before);
        subject.push_str(&text(claim(claims, name)?)?);
        rest = after;
    }
    subject.push_str(rest);
    let plain = subject.bytes().all(|byte| byte.is_ascii_graphic());
    (plain && subject.len() <= MAX_SUBJECT).then_some(subject)
}
