//! What the server checks of a token before any rule is looked at, but for the signature.

use mintedge::protocol::config::TrustedIssuerConfig;
use mintedge::protocol::config::federation::AssertionKind;
use mintedge::protocol::federation::check_claims;
use mintedge::protocol::federation::header::take_apart;
use mintedge::protocol::http::error::Cause;
use mintedge::protocol::model::signature_alg::SignatureAlg;
use mintedge::protocol::model::time::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};

use super::Token;

/// How far clocks may differ, in seconds.
const SKEW: u64 = 60;

/// One check.
#[derive(Debug, Serialize)]
pub(super) struct Check {
    /// The claim or header member.
    name: &'static str,
    /// Whether the server would go on.
    pub(super) ok: bool,
    /// What was found.
    pub(super) says: String,
    /// Whether it fails only because of what time it is now: the token was right, or will be.
    #[serde(skip)]
    pub(super) passes_with_time: bool,
}

impl Check {
    fn new(name: &'static str, ok: bool, says: impl Into<String>) -> Self {
        Self { name, ok, says: says.into(), passes_with_time: false }
    }

    /// Its name.
    pub(super) fn name(&self) -> &'static str {
        self.name
    }
}

/// What kind of JWT it says it is; `application/` may be left out (RFC 7515 §4.1.9).
pub(super) fn kind(header: &Map<String, Value>) -> Option<AssertionKind> {
    let Some(typ) = header.get("typ") else { return Some(AssertionKind::Jwt) };
    let typ = typ.as_str()?.to_ascii_lowercase();
    match typ.strip_prefix("application/").unwrap_or(&typ) {
        "jwt" | "jose" => Some(AssertionKind::Jwt),
        "oauth-id-jag+jwt" => Some(AssertionKind::IdJag),
        "at+jwt" => Some(AssertionKind::AccessToken),
        _ => None,
    }
}

/// All checks, in the order people think of them.
pub(super) fn all(
    token: &Token,
    issuer: Option<&TrustedIssuerConfig>,
    own: Option<&str>,
    now: u64,
) -> Vec<Check> {
    let mut checks = vec![typ(&token.header, issuer)];
    let iss = token.claims.get("iss").map_or("is missing".to_owned(), ToString::to_string);
    let Some(issuer) = issuer else {
        checks.push(Check::new(
            "iss",
            false,
            format!("{iss}: no trusted issuer has exactly this address, or the trust domain of `sub`"),
        ));
        return checks;
    };
    checks.push(Check::new("iss", true, format!("{iss}: the trusted issuer `{}`", issuer.id)));
    checks.push(alg(&token.header, issuer));
    checks.push(aud(&token.claims, issuer, own));
    if token.claims.get("sub").and_then(Value::as_str).is_none_or(str::is_empty) {
        checks.push(Check::new("sub", false, "is missing"));
    }
    if token.claims.get("cnf").is_some_and(|cnf| !cnf.is_null()) {
        checks.push(Check::new(
            "cnf",
            false,
            "the token is bound to a key, and there is no way to prove it here",
        ));
    }
    checks.extend(times(&token.claims, issuer, now));
    checks.push(jti(&token.claims, issuer));
    let is_well = checks.iter().all(|check| check.ok);
    checks.extend(unseen(token, issuer, (own, now), is_well));
    checks
}

/// The server's own judgment, where it is another than all of these come to.
fn unseen(
    token: &Token,
    issuer: &TrustedIssuerConfig,
    (own, now): (Option<&str>, u64),
    is_well: bool,
) -> Option<Check> {
    match take_apart(&token.text).err() {
        None | Some(Cause::AssertionAlgorithm) => {}
        Some(Cause::AssertionType) => {
            let says = "it is a security event, such as a logout token, or of no kind that is taken";
            return Some(Check::new("form", false, says));
        }
        Some(_) => {
            let says = "the server doesn't read it: a member comes twice or has another type than it should, or `crit` asks \
                        for an extension";
            return Some(Check::new("form", false, says));
        }
    }
    let about = (kind(&token.header)?, &token.claims);
    let refused = check_claims(issuer, about, own.unwrap_or_default(), Timestamp(now)).err()?;
    let name = serde_json::to_value(refused).unwrap_or_default();
    is_well.then(|| Check::new("claims", false, format!("the server refuses them: {name}")))
}

fn typ(header: &Map<String, Value>, issuer: Option<&TrustedIssuerConfig>) -> Check {
    let says = header.get("typ").map_or("not there".to_owned(), ToString::to_string);
    let of_svid = header.get("typ").and_then(Value::as_str).is_some_and(|typ| {
        let typ = typ.to_ascii_lowercase();
        typ.strip_prefix("application/").unwrap_or(&typ) == "jose"
    });
    if of_svid && issuer.is_none_or(|issuer| issuer.trust_domain.is_none()) {
        return Check::new("typ", false, format!("{says}: taken of a SPIFFE trust domain only"));
    }
    match kind(header) {
        Some(AssertionKind::Jwt) => Check::new("typ", true, format!("{says}: a plain JWT, `jwt` in rules")),
        Some(AssertionKind::IdJag) => {
            Check::new("typ", true, format!("{says}: an ID-JAG, `id_jag` in rules"))
        }
        Some(AssertionKind::AccessToken) => {
            Check::new("typ", true, format!("{says}: an access token, `access_token` in rules"))
        }
        None => Check::new("typ", false, format!("{says}: no kind of token that is taken")),
    }
}

fn alg(header: &Map<String, Value>, issuer: &TrustedIssuerConfig) -> Check {
    let name = header.get("alg").and_then(Value::as_str).unwrap_or("none");
    let ok = SignatureAlg::named(name).is_some_and(|alg| issuer.accepts(alg));
    let says = if ok { "accepted" } else { "not accepted from this issuer" };
    Check::new("alg", ok, format!("\"{name}\": {says}"))
}

fn aud(claims: &Map<String, Value>, issuer: &TrustedIssuerConfig, own: Option<&str>) -> Check {
    let Some(aud) = claims.get("aud") else { return Check::new("aud", false, "is missing") };
    if issuer.audiences.is_empty() && own.is_none() {
        let says =
            format!("{aud}: has to be the server's issuer, which the file doesn't name; pass --issuer");
        return Check::new("aud", false, says);
    }
    let own = own.unwrap_or_default();
    let known = |aud: &Value| aud.as_str().is_some_and(|aud| issuer.knows_us_as(aud, own));
    let ok = aud.as_array().map_or_else(|| known(aud), |all| all.iter().any(known));
    let wanted = if issuer.audiences.is_empty() { own.to_owned() } else { issuer.audiences.join(" or ") };
    Check::new(
        "aud",
        ok,
        if ok { format!("{aud}: this server") } else { format!("{aud}: has to be {wanted}") },
    )
}

fn times(claims: &Map<String, Value>, issuer: &TrustedIssuerConfig, now: u64) -> Vec<Check> {
    let time = |name: &str| claims.get(name).and_then(Value::as_f64).map(|time| time.max(0.0).to_string());
    let time =
        |name: &str| time(name).and_then(|text| text.split('.').next().and_then(|text| text.parse().ok()));
    let exp: Option<u64> = time("exp");
    // A JWT-SVID may leave `iat` out: then it is as if it were made now.
    let iat = time("iat").or(issuer.trust_domain.as_ref().and(exp).map(|exp| exp.min(now)));
    let (Some(iat), Some(exp)): (Option<u64>, Option<u64>) = (iat, exp) else {
        return vec![Check::new(
            "exp",
            false,
            "`iat` and `exp` are both needed: without them nobody knows its age",
        )];
    };
    let nbf = time("nbf").unwrap_or(iat);
    let (age, left) = (now.saturating_sub(iat), exp.saturating_sub(now));
    let expiry =
        if exp + SKEW > now { format!("{left} s left") } else { format!("ended {} s ago", now - exp) };
    let lifetime = exp.saturating_sub(iat);
    let passing = |name, ok, says: String| Check { passes_with_time: true, ..Check::new(name, ok, says) };
    vec![
        passing("exp", exp + SKEW > now, expiry),
        passing(
            "nbf",
            iat.max(nbf) <= now + SKEW,
            if iat.max(nbf) <= now + SKEW { "valid by now" } else { "not valid yet" }.to_owned(),
        ),
        passing("age", age <= issuer.max_age(), format!("{age} s old, at most {} s", issuer.max_age())),
        Check::new(
            "lifetime",
            exp > iat && lifetime <= issuer.max_lifetime(),
            format!("made for {lifetime} s, at most {} s", issuer.max_lifetime()),
        ),
    ]
}

fn jti(claims: &Map<String, Value>, issuer: &TrustedIssuerConfig) -> Check {
    let has = claims.get("jti").and_then(Value::as_str).is_some_and(|jti| !jti.is_empty());
    match (issuer.one_time(), has) {
        (true, true) => Check::new(
            "jti",
            true,
            "there: the token counts once (whether it was used, only the server knows)",
        ),
        (true, false) => Check::new("jti", false, "is missing, and a token of this issuer counts once"),
        (false, _) => Check::new("jti", true, "not needed: a token of this issuer may be used again"),
    }
}
