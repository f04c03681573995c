//! What a token of a trusted issuer comes to. The JWT bearer grant and token exchange call it, and `mintedge explain` calls
//! [`preview`].
//!
//! The scopes are those asked for, within the rule's and the client's. The audience is one of the rule's. The token ends with the
//! one it came from, and after 15 minutes at the latest. It never speaks of a user of this server, so there is never a refresh
//! token or an ID token.

use serde_json::{Map, Value};

use super::{Decision, GrantRequest};
use crate::protocol::config::claims::RESERVED;
use crate::protocol::config::federation::AssertionKind;
use crate::protocol::config::snapshot::Snapshot;
use crate::protocol::config::{ClientConfig, RuleConfig, TrustedIssuerConfig};
use crate::protocol::federation::{VerifiedAssertion, note, refusal, verify_assertion};
use crate::protocol::http::error::{Cause, Code, Failure, OAuthError};
use crate::protocol::model::scope::ScopeSet;
use crate::protocol::model::time::{MINUTE, Timestamp};
use crate::protocol::rules::evaluate::{NoRule, Purpose, evaluate, subject};
use crate::protocol::server::ports::Platform;
use crate::protocol::tokens::target::{Wanted, choose};

/// The longest lifetime of a token that a rule issues, in seconds.
const MAX_LIFETIME: u64 = 15 * MINUTE;

/// What a grant accepts of a token, besides the request's `scope`.
pub(super) struct Accepts<'a> {
    /// The kinds of tokens that are accepted; all kinds if unset.
    pub(super) any_of: Option<&'static [AssertionKind]>,
    /// The resources that the new token is wanted for.
    pub(super) resources: Vec<&'a str>,
    /// The error code if the token isn't good.
    pub(super) refused_with: Code,
}

/// Exchanges a subject token of a trusted issuer (RFC 8693 §2); `resource` and `audience` both name resources. An ID-JAG is
/// refused, and so is a token whose `typ` doesn't agree with `subject_token_type`.
///
/// # Errors
/// `invalid_request` for the token (§2.2.2), `invalid_scope`, `invalid_target`.
pub(crate) async fn exchange_external<P: Platform>(
    request: &GrantRequest<'_, P>,
    token: &str,
) -> Result<Decision, Failure> {
    let kinds: &[AssertionKind] = match request.form.value("subject_token_type") {
        Some("urn:ietf:params:oauth:token-type:access_token") => &[AssertionKind::AccessToken],
        Some("urn:ietf:params:oauth:token-type:id_token") => &[AssertionKind::Jwt],
        _ => &[AssertionKind::Jwt, AssertionKind::AccessToken],
    };
    let resources = request.form.values("resource").chain(request.form.values("audience")).collect();
    present(request, token, Accepts { any_of: Some(kinds), resources, refused_with: Code::InvalidRequest })
        .await
}

/// Verifies `token`, finds its rule and decides. A one-time token is used up only with the answer: a refusal burns nothing.
pub(super) async fn present<P: Platform>(
    request: &GrantRequest<'_, P>,
    token: &str,
    accepts: Accepts<'_>,
) -> Result<Decision, Failure> {
    let GrantRequest { server, context, client, form, snapshot } = request;
    let code = accepts.refused_with;
    let refused = |cause| Failure::from(refusal(code, cause));
    let assertion = verify_assertion(server, context, snapshot, token).await;
    let assertion = assertion.map_err(|rejected| rejected.on_wire(code))?;
    if accepts.any_of.is_some_and(|kinds| !kinds.contains(&assertion.kind)) {
        return Err(refused(Cause::AssertionType));
    }
    let purpose = Purpose::Grant { client_id: &client.client_id };
    let rule = evaluate(&snapshot.rules, assertion.issuer, assertion.kind, &assertion.claims, purpose);
    let rule = rule.map_err(|none| refused(none.cause()))?;
    context.note_rule(&rule.id);
    let resources: Vec<&str> = accepts.resources.iter().map(|name| snapshot.registered(name)).collect();
    let wanted = Wanted { scope: form.value("scope"), resources: &resources };
    let presented = Presented::of(&assertion);
    let place = (&**snapshot, server.issuer.as_str());
    let granted = decide(place, client, (rule, &presented), wanted, (code, context.now))?;
    note(server, context, &assertion, code).await.map_err(|rejected| rejected.on_wire(code))?;
    Ok(granted)
}

/// The parts of a verified token that the decision is made of.
struct Presented<'a> {
    issuer: &'a TrustedIssuerConfig,
    kind: AssertionKind,
    claims: &'a Map<String, Value>,
    exp: Timestamp,
}

impl<'a> Presented<'a> {
    fn of(assertion: &'a VerifiedAssertion<'_>) -> Self {
        let VerifiedAssertion { issuer, kind, claims, exp, .. } = assertion;
        Self { issuer, kind: *kind, claims, exp: *exp }
    }
}

/// What a token would come to if it were verified, for `mintedge explain`.
#[derive(Debug, PartialEq, Eq)]
pub struct Preview {
    /// The `sub` of the new token.
    pub subject: String,
    /// The scopes of the new token.
    pub scopes: Vec<String>,
    /// The resources that the scopes belong to. If there are several, each has to be asked for by itself, or with `resource`.
    pub audiences: Vec<String>,
    /// The longest lifetime of the new token, in seconds.
    pub lifetime: u64,
}

/// What `rule` would give `client` for a token with these `claims` that ends at `exp`, if the client asks for everything.
///
/// # Errors
/// What the refusal would say, and its cause.
pub fn preview(
    snapshot: &Snapshot,
    client: &ClientConfig,
    (rule, issuer): (&RuleConfig, &TrustedIssuerConfig),
    (kind, claims): (AssertionKind, &Map<String, Value>),
    (exp, now): (Timestamp, Timestamp),
) -> Result<Preview, OAuthError> {
    let presented = Presented { issuer, kind, claims, exp };
    let ask = |resources: &[&str]| {
        let wanted = Wanted { scope: None, resources };
        // The server itself is never the audience of such a token.
        decide((snapshot, ""), client, (rule, &presented), wanted, (Code::InvalidGrant, now))
    };
    let parts = match ask(&[]) {
        Ok(whole) => vec![whole],
        // One request has one audience, so each is tried by itself.
        Err(refused) if matches!(refused.cause, Cause::ScopeSpansResources | Cause::ResourcesDisagree) => {
            let parts: Vec<Decision> =
                rule.audiences.iter().filter_map(|resource| ask(&[resource]).ok()).collect();
            if parts.is_empty() {
                return Err(refused);
            }
            parts
        }
        Err(refused) => return Err(refused),
    };
    let mut preview =
        Preview { subject: String::new(), scopes: Vec::new(), audiences: Vec::new(), lifetime: 0 };
    for part in parts {
        preview.lifetime = preview.lifetime.max(part.target.lifetime());
        preview.scopes.extend(part.target.scopes().iter().map(str::to_owned));
        preview.audiences.extend(part.target.audience().iter().cloned());
        preview.subject = part.subject;
    }
    Ok(preview)
}

/// Decides what a verified token comes to, without using it up.
fn decide(
    (snapshot, issuer): (&Snapshot, &str),
    client: &ClientConfig,
    (rule, assertion): (&RuleConfig, &Presented<'_>),
    wanted: Wanted<'_>,
    (code, now): (Code, Timestamp),
) -> Result<Decision, OAuthError> {
    let bounds = Bounds::of(snapshot, (rule, assertion), client).map_err(|cause| refusal(code, cause))?;
    bounds.admit(snapshot, client, wanted)?;
    let ceiling = bounds.within(snapshot, client);
    let named = bounds.names_scopes.then(|| Bounds::named_scopes(snapshot, &ceiling, wanted.resources));
    let wanted = Wanted { scope: wanted.scope.or(named.as_deref()), ..wanted };
    let target = choose(snapshot, issuer, client, &ceiling, wanted)?;
    let lifetime = rule.ttl.unwrap_or(MAX_LIFETIME).min(MAX_LIFETIME).min(assertion.exp.since(now));
    // Clocks may differ by a minute, but a token that lives for less than a second isn't issued.
    if lifetime == 0 {
        return Err(refusal(code, Cause::AssertionExpired));
    }
    let subject = subject(rule, assertion.issuer, assertion.claims);
    let subject = subject.map_err(|_| refusal(code, Cause::RuleSubject))?;
    let target = target.for_at_most(lifetime).with_claims(copied(rule, assertion.claims));
    Ok(Decision::plain(subject, &client.client_id, target))
}

/// The claims that the rule copies into the new token. The server's own configuration wins over them.
fn copied(rule: &RuleConfig, claims: &Map<String, Value>) -> Map<String, Value> {
    let names = rule.copy_claims.iter().filter(|name| !RESERVED.contains(&name.as_str()));
    names.filter_map(|name| Some((name.clone(), claims.get(name)?.clone()))).collect()
}

/// The most that a token comes to, whatever the request asks for.
struct Bounds {
    scopes: ScopeSet,
    resources: Vec<String>,
    /// Whether the token itself says which scopes it is for.
    names_scopes: bool,
}

impl Bounds {
    /// The bounds that the rule sets. An ID-JAG sets further ones (draft §4.4): it is for one client that authenticates, and its
    /// own `scope` and `resource` bound it too.
    fn of(
        snapshot: &Snapshot,
        (rule, assertion): (&RuleConfig, &Presented<'_>),
        client: &ClientConfig,
    ) -> Result<Self, Cause> {
        let scopes = snapshot.with_included(&rule.scopes).into_owned();
        let mut bounds = Self { scopes, resources: rule.audiences.clone(), names_scopes: false };
        if assertion.kind != AssertionKind::IdJag {
            return Ok(bounds);
        }
        let claims = assertion.claims;
        if claims.get("client_id").and_then(Value::as_str) != Some(&client.client_id) {
            return Err(Cause::AssertionOfOtherClient);
        }
        if client.is_public() {
            return Err(Cause::ClientPublic);
        }
        if claims.get("jti").and_then(Value::as_str).is_none_or(str::is_empty) {
            return Err(Cause::AssertionIdMissing);
        }
        // They may say less than the scopes, and nothing here could keep to it.
        if claims.get("authorization_details").is_some_and(|details| !details.is_null()) {
            return Err(Cause::AssertionClaims);
        }
        if let Some(scope) = claims.get("scope") {
            let scope = scope.as_str().and_then(ScopeSet::parse).ok_or(Cause::AssertionClaims)?;
            bounds.scopes = bounds.scopes.intersection(&snapshot.with_included(&scope));
            bounds.names_scopes = true;
        }
        if let Some(resource) = claims.get("resource") {
            let named = texts(resource).ok_or(Cause::AssertionClaims)?;
            bounds.resources.retain(|own| named.iter().any(|name| snapshot.registered(name) == own));
        }
        Ok(bounds)
    }

    /// Refuses what is asked for beyond these bounds, in the same words as what doesn't exist. What is beyond the client's own
    /// scopes is refused later.
    fn admit(
        &self,
        snapshot: &Snapshot,
        client: &ClientConfig,
        wanted: Wanted<'_>,
    ) -> Result<(), OAuthError> {
        let beyond = |resource: &&&str| !self.resources.iter().any(|own| own == **resource);
        if wanted.resources.iter().any(|resource| beyond(&resource)) {
            let description = "the resource is unknown or not for this client";
            return Err(OAuthError::new(Code::InvalidTarget, Cause::ResourceBeyondRule, description));
        }
        let scopes = wanted.scope.and_then(ScopeSet::parse).unwrap_or_default();
        let registered = snapshot.with_included(&client.scopes);
        if scopes.iter().any(|scope| registered.contains(scope) && !self.scopes.contains(scope)) {
            let description = "a requested scope is unknown or beyond what the client may have";
            return Err(OAuthError::new(Code::InvalidScope, Cause::ScopeBeyondRule, description));
        }
        Ok(())
    }

    /// What a request is for that names no scope, by a token that does: all of them at the resources that the request names.
    fn named_scopes(snapshot: &Snapshot, ceiling: &ScopeSet, resources: &[&str]) -> String {
        let is_wanted = |scope: &&str| {
            let owner = snapshot.resource_of_scope(scope);
            resources.is_empty() || owner.is_some_and(|owner| resources.contains(&owner.identifier.as_str()))
        };
        ceiling.iter().filter(is_wanted).collect::<Vec<_>>().join(" ")
    }

    /// The client's scopes that are within these bounds.
    fn within(&self, snapshot: &Snapshot, client: &ClientConfig) -> ScopeSet {
        let within = |scope: &&str| {
            let owner = snapshot.resource_of_scope(scope);
            self.scopes.contains(scope)
                && owner.is_some_and(|owner| self.resources.contains(&owner.identifier))
        };
        snapshot.with_included(&client.scopes).iter().filter(within).collect()
    }
}

/// Reads one text, or a list of nothing but texts.
fn texts(value: &Value) -> Option<Vec<&str>> {
    match value {
        Value::String(one) => Some(vec![one]),
        Value::Array(several) => several.iter().map(Value::as_str).collect(),
        _ => None,
    }
}

impl NoRule {
    /// The cause that the log names.
    pub(crate) const fn cause(self) -> Cause {
        match self {
            Self::None => Cause::RuleNone,
            Self::Several => Cause::RuleSeveral,
        }
    }
}
