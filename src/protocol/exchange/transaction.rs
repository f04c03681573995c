//! What a request for a transaction token comes to (draft-ietf-oauth-transaction-tokens-09): one pure decision over a verified
//! subject. `grants::transaction_token` calls it.
//!
//! A transaction token is for the services behind one call, in one trust domain. It allows nothing that its subject's token and the
//! client's registration don't both allow, there are no additional scopes, and it ends no later. One that takes the place of another
//! keeps `txn`, `sub` and everything that the first one says of the call; it can lose scopes and life, and gets one more actor.

use serde_json::Value;

use super::policy::{Ask, Subject, acting, may_exchange, unusable};
use crate::protocol::codec::json;
use crate::protocol::config::registered_client::Client;
use crate::protocol::config::snapshot::Snapshot;
use crate::protocol::http::error::{Cause, Code, OAuthError};
use crate::protocol::model::scope::{ScopeSet, is_of_admin};
use crate::protocol::model::time::Timestamp;
use crate::protocol::tokens::target::Target;

/// The longest `request_context`, in bytes of JSON.
const MAX_CONTEXT: usize = 2048;
/// The longest `request_details`, in bytes of JSON.
const MAX_DETAILS: usize = 4096;
/// How deep the JSON of both may nest.
const MAX_DEPTH: usize = 6;

/// What a transaction token says of the call that it belongs to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Transaction {
    /// The id of the call. Unset for a new one.
    pub txn: Option<String>,
    /// What the call is about (`tctx`).
    pub details: Option<Value>,
    /// Where the call comes from (`rctx`).
    pub context: Option<Value>,
}

/// What a client asks for.
#[derive(Debug, Clone, Default)]
pub struct TransactionAsk<'a> {
    /// The `scope` parameter.
    pub scope: &'a str,
    /// The values of `audience` and `resource`.
    pub targets: Vec<&'a str>,
    /// The `request_context` parameter.
    pub context: Option<&'a str>,
    /// The `request_details` parameter.
    pub details: Option<&'a str>,
}

/// What the transaction token is to say.
#[derive(Debug)]
pub struct Outcome {
    /// Scopes, trust domain and lifetime.
    pub target: Target,
    /// The `act` of the new token: the services that the call came by.
    pub act: Option<Value>,
    /// What it says of the call.
    pub transaction: Transaction,
}

/// Decides what `ask` comes to for `client`. `earlier` is what the subject's token says of the call, if it is a transaction token.
///
/// # Errors
/// `invalid_request` for the subject's token and for parameters, `invalid_target`, `invalid_scope`.
pub fn decide(
    snapshot: &Snapshot,
    own_issuer: &str,
    client: &Client,
    (subject, earlier): (&Subject, Option<Transaction>),
    ask: &TransactionAsk<'_>,
    now: Timestamp,
) -> Result<Outcome, OAuthError> {
    let settings = snapshot.transaction_tokens.as_ref().ok_or(unusable(Cause::TokenTypeNotAllowed))?;
    if subject.bound {
        return Err(unusable(Cause::SubjectBound));
    }
    // A transaction token is for everybody in the trust domain who may ask for one.
    if earlier.is_none() {
        may_exchange(client, subject, &Ask::default())?;
    }
    let act = match acting(own_issuer, client, subject, None)? {
        Some(actor) => Some(actor.on_top_of(subject.act.as_ref()).ok_or(unusable(Cause::ActTooDeep))?),
        None => subject.act.clone(),
    };
    if ask.targets != [settings.trust_domain.as_str()] {
        let description = "audience has to be the trust domain, and nothing else";
        return Err(OAuthError::new(Code::InvalidTarget, Cause::TargetMissing, description));
    }
    let scopes = scopes(snapshot, client, subject, ask.scope)?;
    let transaction = transaction(earlier, ask)?;
    let lifetime = subject.expires_at.since(now).min(settings.lifetime.into());
    if lifetime == 0 {
        return Err(unusable(Cause::BearerExpired));
    }
    let target = Target::in_trust_domain(snapshot, &settings.trust_domain, scopes, lifetime);
    Ok(Outcome { target, act, transaction })
}

/// The scopes that are asked for. Each is the subject's, the client's and a resource's.
fn scopes(
    snapshot: &Snapshot,
    client: &Client,
    subject: &Subject,
    text: &str,
) -> Result<ScopeSet, OAuthError> {
    let refused = |cause| {
        let description = "a requested scope is beyond what a transaction token can have for this token";
        OAuthError::new(Code::InvalidScope, cause, description)
    };
    let scopes = ScopeSet::parse(text).ok_or(refused(Cause::ScopeMalformed))?;
    if scopes.is_empty() {
        return Err(refused(Cause::ScopeEmpty));
    }
    let registered = snapshot.with_included(&client.scopes);
    let is_allowed = |scope: &str| {
        subject.scopes.contains(scope)
            && registered.contains(scope)
            && snapshot.resource_of_scope(scope).is_some()
            && !is_of_admin(scope)
    };
    if scopes.iter().all(is_allowed) { Ok(scopes) } else { Err(refused(Cause::ScopeBeyondSubject)) }
}

/// What is said of the call: once, by whoever began it.
fn transaction(earlier: Option<Transaction>, ask: &TransactionAsk<'_>) -> Result<Transaction, OAuthError> {
    if let Some(earlier) = earlier {
        if ask.context.is_some() || ask.details.is_some() {
            return Err(malformed(
                "request_context and request_details stay as the first transaction token has them",
            ));
        }
        return Ok(earlier);
    }
    let context = ask.context.map(|text| object(text, MAX_CONTEXT)).transpose()?;
    let details = ask.details.map(|text| object(text, MAX_DETAILS)).transpose()?;
    Ok(Transaction { txn: None, details, context })
}

fn object(text: &str, limit: usize) -> Result<Value, OAuthError> {
    let value = Some(text).filter(|text| text.len() <= limit).and_then(|text| json::from_str(text).ok());
    let is_fine = |value: &Value| value.is_object() && depth_is_at_most(value, MAX_DEPTH);
    let description = "request_context and request_details are JSON objects of at most 2048 and 4096 bytes, six levels deep";
    value.filter(is_fine).ok_or(malformed(description))
}

fn depth_is_at_most(value: &Value, depth: usize) -> bool {
    let Some(left) = depth.checked_sub(1) else { return !value.is_object() && !value.is_array() };
    match value {
        Value::Array(items) => items.iter().all(|item| depth_is_at_most(item, left)),
        Value::Object(members) => members.values().all(|member| depth_is_at_most(member, left)),
        _ => true,
    }
}

const fn malformed(description: &'static str) -> OAuthError {
    OAuthError::new(Code::InvalidRequest, Cause::ParameterMalformed, description)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_said_of_a_call_is_a_bounded_object() {
        let nested = |levels: usize| format!("{}1{}", "{\"a\":".repeat(levels), "}".repeat(levels));
        let long = |bytes: usize| format!("{{\"a\":\"{}\"}}", "x".repeat(bytes - 8));
        for good in ["{}", "{\"a\":[1,{\"b\":null}]}", &nested(MAX_DEPTH), &long(MAX_CONTEXT)] {
            assert!(object(good, MAX_CONTEXT).is_ok(), "{good}");
        }
        let bad = ["", "1", "[]", "\"a\"", "null", "{", "{\"a\":1,\"a\":2}", "{\"a\":{\"b\":1,\"b\":2}}"];
        let bad = bad.into_iter().map(str::to_owned).chain([nested(MAX_DEPTH + 1), long(MAX_CONTEXT + 1)]);
        for bad in bad {
            let refused = object(&bad, MAX_CONTEXT).expect_err("a refusal");
            assert_eq!(refused.code, Code::InvalidRequest, "{bad}");
        }
    }

    #[test]
    fn nobody_says_more_of_a_call_than_who_began_it() {
        let first = TransactionAsk { details: Some("{\"a\":1}"), ..TransactionAsk::default() };
        let begun = transaction(None, &first).expect("a transaction");
        assert_eq!(begun, Transaction { txn: None, details: Some(json!({ "a": 1 })), context: None });
        let silent = TransactionAsk::default();
        assert_eq!(transaction(Some(begun.clone()), &silent), Ok(begun.clone()));
        for more in [first, TransactionAsk { context: Some("{}"), ..silent }] {
            assert!(transaction(Some(begun.clone()), &more).is_err());
        }
    }
}
