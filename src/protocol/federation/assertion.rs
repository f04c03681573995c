//! Verifying a token of a trusted issuer (RFC 7523 §3, RFC 8725).
//!
//! Checks that cost nothing come first: a token that isn't meant for this server, or is too old, has no keys fetched for it.

use serde_json::{Map, Value};

use super::header::{Unverified, take_apart};
use super::signature::check_signature;
use crate::protocol::config::TrustedIssuerConfig;
use crate::protocol::config::federation::AssertionKind;
use crate::protocol::config::snapshot::Snapshot;
use crate::protocol::http::error::{Cause, Code, Failure, OAuthError, ServerError};
use crate::protocol::model::time::{MINUTE, Timestamp};
use crate::protocol::server::Server;
use crate::protocol::server::foreign_keys::Holder;
use crate::protocol::server::ports::Platform;
use crate::protocol::server::request::RequestContext;

/// How far the clock of an issuer or a client may be off, in seconds.
pub(crate) const SKEW: u64 = MINUTE;
/// Longest `sub`, `jti` and single `aud`, in bytes.
const MAX_TEXT: usize = 1024;

/// A token that a trusted issuer made for this server, now. Only [`verify_assertion`] makes one.
#[derive(Debug)]
pub(crate) struct VerifiedAssertion<'s> {
    /// The trusted issuer that issued the token.
    pub(crate) issuer: &'s TrustedIssuerConfig,
    /// The kind of JWT that the token is.
    pub(crate) kind: AssertionKind,
    /// All claims of the token.
    pub(crate) claims: Map<String, Value>,
    /// When the token ends; that may be up to a minute ago.
    pub(crate) exp: Timestamp,
    /// The token's `jti`; always there if the issuer's tokens count once.
    pub(super) jti: Option<String>,
}

/// Why a token is not accepted.
#[derive(Debug)]
pub(crate) enum Rejected {
    /// Because of what it is, or because its issuer can't be asked.
    Refused(Cause),
    /// The token could not be judged, because the server failed.
    Failed(ServerError),
}

impl From<Cause> for Rejected {
    fn from(cause: Cause) -> Self {
        Self::Refused(cause)
    }
}

impl Rejected {
    /// The answer of a grant, where `code` says that a token is no good. An issuer that can't be reached may be so later.
    pub(crate) fn on_wire(self, code: Code) -> Failure {
        match self {
            Self::Refused(Cause::IssuerUnreachable) => OAuthError::new(
                Code::TemporarilyUnavailable,
                Cause::IssuerUnreachable,
                "the issuer's keys can't be had; try again",
            )
            .into(),
            Self::Refused(cause) => refusal(code, cause).into(),
            Self::Failed(error) => error.into(),
        }
    }
}

/// The one text for everything that is wrong with a token: what exactly is nobody's business but the log's.
pub(crate) fn refusal(code: Code, cause: Cause) -> OAuthError {
    OAuthError::new(code, cause, "the assertion is invalid, expired, used up or not acceptable here")
}

/// Verifies `token`: its issuer is one of the snapshot's and made it, it is meant for this server, and it is current. What
/// it is good for is another question.
///
/// # Errors
/// The first check that failed.
pub(crate) async fn verify_assertion<'s, P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    snapshot: &'s Snapshot,
    token: &str,
) -> Result<VerifiedAssertion<'s>, Rejected> {
    let token = take_apart(token)?;
    let kind = token.kind().ok_or(Cause::AssertionType)?;
    let issuer = issuer(snapshot, &token.claims).ok_or(Cause::IssuerUnknown)?;
    context.note_issuer(&issuer.id);
    if token.is_jose() && issuer.trust_domain.is_none() {
        return Err(Cause::AssertionType.into());
    }
    if !issuer.accepts(token.alg) {
        return Err(Cause::AssertionAlgorithm.into());
    }
    let own = server.issuer.as_str();
    let (exp, jti) = check_claims(issuer, (kind, &token.claims), own, context.now)?;
    check_signature(server, context, &Holder::issuer(issuer, own), &token, false).await?;
    let Unverified { claims, .. } = token;
    Ok(VerifiedAssertion { issuer, kind, claims, exp, jti })
}

fn issuer<'s>(snapshot: &'s Snapshot, claims: &Map<String, Value>) -> Option<&'s TrustedIssuerConfig> {
    snapshot.trusted_issuers.iter().find(|issuer| issuer.is_meant_by(claims))
}

/// RFC 7523 §3, items 2 to 6: when the token ends, and its name. `iat` is required here: without it nobody knows a token's age. Only
/// a JWT-SVID may leave it out, whose end then has to be near.
///
/// # Errors
/// The first check that failed.
pub fn check_claims(
    issuer: &TrustedIssuerConfig,
    (kind, claims): (AssertionKind, &Map<String, Value>),
    own: &str,
    now: Timestamp,
) -> Result<(Timestamp, Option<String>), Cause> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str).filter(|text| is_short(text));
    if !is_meant_for_us(issuer, (kind, claims), own) {
        return Err(Cause::AssertionAudience);
    }
    if text("sub").is_none() {
        return Err(Cause::AssertionClaims);
    }
    // Bound to a key: whoever presents it has to show that they have it, and there is no way to yet.
    if claims.get("cnf").is_some_and(|cnf| !cnf.is_null()) {
        return Err(Cause::AssertionBound);
    }
    let exp = check_times(issuer, claims, now)?;
    let jti = text("jti").map(str::to_owned);
    if issuer.one_time() && jti.is_none() {
        return Err(Cause::AssertionIdMissing);
    }
    Ok((exp, jti))
}

fn is_meant_for_us(
    issuer: &TrustedIssuerConfig,
    (kind, claims): (AssertionKind, &Map<String, Value>),
    own: &str,
) -> bool {
    let audience = match claims.get("aud") {
        Some(Value::String(one)) => vec![one.as_str()],
        Some(Value::Array(several)) => match several.iter().map(Value::as_str).collect() {
            Some(texts) => texts,
            None => return false,
        },
        _ => return false,
    };
    if kind == AssertionKind::IdJag {
        // Made for one authorization server, which is named by its issuer.
        return audience == [own];
    }
    audience.iter().any(|aud| issuer.knows_us_as(aud, own))
}

fn check_times(
    issuer: &TrustedIssuerConfig,
    claims: &Map<String, Value>,
    now: Timestamp,
) -> Result<Timestamp, Cause> {
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
    if exp > now.plus(SKEW).plus(issuer.max_lifetime()) {
        return Err(Cause::AssertionLifetime);
    }
    let Some(iat) = iat else {
        return if issuer.trust_domain.is_some() { Ok(exp) } else { Err(Cause::AssertionClaims) };
    };
    if now.since(iat) > issuer.max_age() {
        return Err(Cause::AssertionTooOld);
    }
    if exp <= iat || exp.since(iat) > issuer.max_lifetime() {
        return Err(Cause::AssertionLifetime);
    }
    Ok(exp)
}

/// A `NumericDate` (RFC 7519 §2), which may have a fraction.
pub(crate) fn date(value: &Value) -> Option<Timestamp> {
    /// 2^53: later than any date, and a whole number in every language.
    const END: u64 = 1 << 53;
    if let Some(seconds) = value.as_u64() {
        return (seconds <= END).then_some(Timestamp(seconds));
    }
    let seconds = value.as_f64().filter(|seconds| (0.0..=9_007_199_254_740_992.0).contains(seconds))?;
    #[expect(
        clippy::as_conversions,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it was just checked to fit"
    )]
    let whole = seconds as u64;
    Some(Timestamp(whole))
}

pub(crate) fn is_short(text: &str) -> bool {
    (1..=MAX_TEXT).contains(&text.len())
}
