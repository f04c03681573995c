//! `private_key_jwt`: a client authenticates with a JWT that it signs with a key of its own (RFC 7523 §3 as revised by
//! draft-ietf-oauth-rfc7523bis, `OpenID Connect Core` §9, FAPI 2.0 §5.3.2.1).
//!
//! What costs nothing is checked first. Keys come from the client's registration and from nowhere else: whatever a header brings
//! along (`jwk`, `jku`, `x5c`, `x5u`) is not looked at.

use std::rc::Rc;

use serde_json::{Map, Value};

use super::{AuthenticatedClient, failed};
use crate::protocol::config::registered_client::Client;
use crate::protocol::config::{AssertionAudience, ClientAssertionConfig};
use crate::protocol::federation::header::Unverified;
use crate::protocol::federation::{Rejected, SKEW, check_signature, date, is_short, note_token};
use crate::protocol::http::error::{Cause, Code, Failure};
use crate::protocol::model::client::AuthMethod;
use crate::protocol::model::time::Timestamp;
use crate::protocol::server::Server;
use crate::protocol::server::foreign_keys::Holder;
use crate::protocol::server::lookup::Found;
use crate::protocol::server::ports::Platform;
use crate::protocol::server::request::RequestContext;

/// The path of the token endpoint, below the issuer. Faces know it as theirs; here it is a name that clients may use.
const TOKEN_ENDPOINT: &str = "/token";

/// When an accepted assertion ends, and its `jti`, if it counts once.
type Use = (Timestamp, Option<String>);

/// Authenticates the client `name`, which `token` says it is of; `client_id` has to be the same, if the request has one.
///
/// # Errors
/// `invalid_client`, in the same words whatever it was.
pub(super) async fn authenticate<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    token: &Unverified<'_>,
    (name, client_id): (&str, Option<&str>),
) -> Result<AuthenticatedClient, Failure> {
    if client_id.is_some_and(|client_id| client_id != name) {
        return Err(failed(Cause::ClientIdMismatch).into());
    }
    if !token.may_authenticate_client() {
        return Err(failed(Cause::AssertionType).into());
    }
    let known = match server.client_named(name, context).await? {
        Found::Client(client) => client,
        Found::None(cause) => return Err(failed(cause).into()),
    };
    context.note_client(&known.client_id);
    let (client, usage) = match judge(server, context, &known, token).await {
        Ok(usage) => (known, usage),
        // What is known here may be a minute old: a key that was registered meanwhile must work at once.
        Err(Rejected::Refused(cause)) if may_be_newer(cause) => {
            let client = newer(server, context, &known).await?.ok_or(failed(cause))?;
            let usage = judge(server, context, &client, token).await.map_err(refused)?;
            (client, usage)
        }
        Err(rejected) => return Err(refused(rejected)),
    };
    if let (exp, Some(jti)) = usage {
        let used = ["client assertion", &client.client_id, &jti];
        note_token(server, context, used, exp, Code::InvalidClient).await.map_err(refused)?;
    }
    Ok(AuthenticatedClient(client))
}

/// Whether a refusal may turn around with what the Control object knows.
fn may_be_newer(cause: Cause) -> bool {
    matches!(
        cause,
        Cause::AuthMethodNotRegistered
            | Cause::AssertionAlgorithm
            | Cause::AssertionAudience
            | Cause::AssertionKeyUnknown
            | Cause::AssertionSignature
    )
}

/// The client as the Control object knows it, if that is something else than `known`, within the budget of its secrets.
async fn newer<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    known: &Rc<Client>,
) -> Result<Option<Rc<Client>>, Failure> {
    match server.client_with_newer_secret(&known.client_id, context).await? {
        Found::Client(client) if client != *known => Ok(Some(client)),
        Found::Client(_) | Found::None(_) => Ok(None),
    }
}

/// Holds an assertion against what is known of its client.
async fn judge<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    client: &Client,
    token: &Unverified<'_>,
) -> Result<Use, Rejected> {
    if !client.accepts(AuthMethod::PrivateKeyJwt) {
        return Err(Cause::AuthMethodNotRegistered.into());
    }
    if client.token_endpoint_auth_signing_alg.is_some_and(|only| !only.is_same(token.alg)) {
        return Err(Cause::AssertionAlgorithm.into());
    }
    let own = server.issuer.as_str();
    let rules = &client.client_assertion;
    let audiences = (own, server.issuer.endpoint(TOKEN_ENDPOINT));
    let usage = check_claims(rules, &token.claims, (audiences.0, &audiences.1), context.now)?;
    check_signature(server, context, &Holder::client(client, own), token, rules.one_time).await?;
    if client.is_enabled() { Ok(usage) } else { Err(Cause::ClientDisabled.into()) }
}

/// RFC 7523 §3, items 3 to 7, for a server whose issuer and token endpoint are `own`.
fn check_claims(
    rules: &ClientAssertionConfig,
    claims: &Map<String, Value>,
    own: (&str, &str),
    now: Timestamp,
) -> Result<Use, Cause> {
    if !is_meant_for_us(rules.audience, claims.get("aud"), own) {
        return Err(Cause::AssertionAudience);
    }
    let exp = check_times(rules.max_lifetime, claims, now)?;
    if !rules.one_time {
        return Ok((exp, None));
    }
    let jti = claims.get("jti").and_then(Value::as_str).filter(|jti| is_short(jti));
    jti.map(|jti| (exp, Some(jti.to_owned()))).ok_or(Cause::AssertionIdMissing)
}

/// An assertion that names somebody else besides could be shown there, too, or have been shown there first.
fn is_meant_for_us(
    audience: AssertionAudience,
    aud: Option<&Value>,
    (issuer, token_endpoint): (&str, &str),
) -> bool {
    let named: Option<Vec<&str>> = match aud {
        Some(Value::String(one)) => Some(vec![one]),
        Some(Value::Array(_)) if audience == AssertionAudience::IssuerString => None,
        Some(Value::Array(several)) => several.iter().map(Value::as_str).collect(),
        _ => None,
    };
    let Some(named) = named else { return false };
    match audience {
        AssertionAudience::Issuer | AssertionAudience::IssuerString => named == [issuer],
        AssertionAudience::TokenEndpoint => {
            !named.is_empty() && named.iter().all(|aud| *aud == issuer || *aud == token_endpoint)
        }
    }
}

/// `iat` may be missing (RFC 7523 §3 item 6); `exp` bounds what has to be remembered in any case.
fn check_times(max_lifetime: u64, claims: &Map<String, Value>, now: Timestamp) -> Result<Timestamp, Cause> {
    let there = |name: &str| claims.get(name).filter(|value| !value.is_null());
    let time = |name: &str| there(name).map(|value| date(value).ok_or(Cause::AssertionClaims)).transpose();
    let (Some(exp), iat, nbf) = (time("exp")?, time("iat")?, time("nbf")?) else {
        return Err(Cause::AssertionClaims);
    };
    if exp.plus(SKEW) <= now {
        return Err(Cause::AssertionExpired);
    }
    let is_ahead = |time: Option<Timestamp>| time.is_some_and(|time| time > now.plus(SKEW));
    if is_ahead(iat) || is_ahead(nbf) {
        return Err(Cause::AssertionNotYetValid);
    }
    let is_long = |since: Timestamp| exp <= since || exp.since(since) > max_lifetime;
    if exp > now.plus(SKEW).plus(max_lifetime) || iat.is_some_and(is_long) {
        return Err(Cause::AssertionLifetime);
    }
    Ok(exp)
}

/// Keys that can't be had now are no fault of the client, which would forget its registration on `invalid_client`.
fn refused(rejected: Rejected) -> Failure {
    match rejected {
        Rejected::Refused(cause) if cause != Cause::IssuerUnreachable => failed(cause).into(),
        other => other.on_wire(Code::InvalidClient),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const OWN: (&str, &str) = ("https://id.example", "https://id.example/token");
    const NOW: Timestamp = Timestamp(1_000_000);

    #[test]
    fn an_audience_is_this_server_and_nobody_else() {
        use AssertionAudience::{Issuer, IssuerString, TokenEndpoint};
        for (aud, taken) in [
            (json!("https://id.example"), vec![Issuer, IssuerString, TokenEndpoint]),
            (json!(["https://id.example"]), vec![Issuer, TokenEndpoint]),
            (json!("https://id.example/token"), vec![TokenEndpoint]),
            (json!(["https://id.example/token"]), vec![TokenEndpoint]),
            (json!(["https://id.example", "https://id.example/token"]), vec![TokenEndpoint]),
            (json!("https://id.example/"), vec![]),
            (json!("https://ID.example"), vec![]),
            (json!("https://id.example/par"), vec![]),
            (json!(["https://id.example", "https://other.example"]), vec![]),
            (json!(["https://id.example", 1]), vec![]),
            (json!([]), vec![]),
            (json!(["https://id.example", "https://id.example"]), vec![TokenEndpoint]),
            (json!({ "aud": "https://id.example" }), vec![]),
            (json!(1), vec![]),
            (json!(null), vec![]),
        ] {
            for audience in [Issuer, IssuerString, TokenEndpoint] {
                let expected = taken.contains(&audience);
                assert_eq!(is_meant_for_us(audience, Some(&aud), OWN), expected, "{aud} {audience:?}");
                assert!(!is_meant_for_us(audience, None, OWN));
            }
        }
    }

    #[test]
    fn an_assertion_is_current_and_short() {
        let now = NOW.0;
        for (claims, expected) in [
            (json!({ "exp": now + 300 }), Ok(now + 300)),
            (json!({ "exp": now + 300, "iat": now, "nbf": now }), Ok(now + 300)),
            (json!({ "exp": now + 600, "iat": now }), Ok(now + 600)),
            (json!({ "exp": now - 59 }), Ok(now - 59)),
            (json!({ "exp": now + 300, "iat": now + 60 }), Ok(now + 300)),
            (json!({ "exp": now + 660 }), Ok(now + 660)),
            (json!({ "exp": now - 60 }), Err(Cause::AssertionExpired)),
            (json!({ "exp": now + 300, "iat": now + 61 }), Err(Cause::AssertionNotYetValid)),
            (json!({ "exp": now + 300, "nbf": now + 61 }), Err(Cause::AssertionNotYetValid)),
            (json!({ "exp": now + 661 }), Err(Cause::AssertionLifetime)),
            (json!({ "exp": now + 601, "iat": now }), Err(Cause::AssertionLifetime)),
            (json!({ "exp": now + 10, "iat": now + 10 }), Err(Cause::AssertionLifetime)),
            (json!({ "exp": u64::MAX }), Err(Cause::AssertionClaims)),
            (json!({ "exp": "soon" }), Err(Cause::AssertionClaims)),
            (json!({ "exp": now + 300, "iat": "now" }), Err(Cause::AssertionClaims)),
            (json!({ "iat": now }), Err(Cause::AssertionClaims)),
        ] {
            let read = check_times(600, claims.as_object().expect("claims"), NOW);
            assert_eq!(read, expected.map(Timestamp), "{claims}");
        }
    }

    #[test]
    fn a_name_is_needed_where_assertions_count_once() {
        let claims = |jti: &Value| json!({ "aud": OWN.0, "exp": NOW.0 + 60, "jti": jti });
        let long = "j".repeat(1025);
        for (jti, kept) in [(json!("a"), true), (json!(""), false), (json!(1), false), (json!(long), false)] {
            let claims = claims(&jti);
            let claims = claims.as_object().expect("claims");
            let once = check_claims(&ClientAssertionConfig::default(), claims, OWN, NOW);
            assert_eq!(once.is_ok(), kept, "{jti}");
            let often = ClientAssertionConfig { one_time: false, ..ClientAssertionConfig::default() };
            assert_eq!(check_claims(&often, claims, OWN, NOW), Ok((NOW.plus(60), None)));
        }
    }
}
