//! Which rules a token fits, by the server's own judgment.

use mintedge::protocol::config::federation::{AssertionKind, Pattern};
use mintedge::protocol::config::snapshot::Snapshot;
use mintedge::protocol::config::{ClientConfig, Config, RuleConfig, TrustedIssuerConfig};
use mintedge::protocol::grants::preview;
use mintedge::protocol::http::error::{Cause, OAuthError};
use mintedge::protocol::model::grant_type::GrantType;
use mintedge::protocol::model::issuer::Issuer;
use mintedge::protocol::model::time::{DAY, Timestamp};
use mintedge::protocol::rules::evaluate::{NoSubject, Obstacle, Purpose, mismatches, obstacle, subject};
use serde::Serialize;
use serde_json::{Map, Value};

/// How one rule sees the token.
#[derive(Debug, Serialize)]
pub(super) struct RuleReport {
    /// The rule.
    pub(super) id: String,
    /// Whether the token fits.
    pub(super) fits: bool,
    /// Why it is not about such a token at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) obstacle: Option<String>,
    /// Each claim that isn't what the rule wants.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) mismatches: Vec<ClaimReport>,
}

/// One claim that isn't what a rule wants.
#[derive(Debug, Serialize)]
pub(super) struct ClaimReport {
    pub(super) claim: String,
    /// Unset if the token doesn't have it.
    pub(super) seen: Option<Value>,
    /// Unset for a risky event that the rule doesn't name.
    pub(super) wanted: Option<Pattern>,
}

/// What comes of it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case", tag = "verdict")]
pub(super) enum Outcome {
    /// Nothing: no rule fits.
    None,
    /// Nothing: several rules fit.
    Several { rules: Vec<String> },
    /// Nothing, although one rule fits: nobody that it names gets anything.
    Nothing { rule: String, refused: Vec<Reason> },
    /// A token is issued.
    Grant(Issued),
    /// A client is authenticated.
    Authenticates { rule: String, client: String },
}

/// What would be issued.
#[derive(Debug, Serialize)]
pub(super) struct Issued {
    pub(super) rule: String,
    pub(super) sub: String,
    /// The clients that get it.
    pub(super) clients: Vec<String>,
    pub(super) audiences: Vec<String>,
    /// The most that one of them gets.
    pub(super) scopes: Vec<String>,
    /// Seconds, at most: the token never outlives the one it comes from.
    pub(super) ttl: u64,
    /// The clients that the rule names and that get nothing all the same.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) refused: Vec<Reason>,
}

/// Why a client gets nothing.
#[derive(Debug, Serialize)]
pub(super) struct Reason {
    pub(super) client: String,
    pub(super) why: String,
}

/// What comes of it, by what it is presented for.
#[derive(Debug, Serialize)]
pub(super) struct Verdicts {
    /// With the JWT bearer grant, or in token exchange.
    pub(super) as_grant: Outcome,
    /// As a client's assertion.
    pub(super) in_place_of_a_secret: Outcome,
}

impl Verdicts {
    /// Nothing, either way.
    pub(super) const NOTHING: Self = Self { as_grant: Outcome::None, in_place_of_a_secret: Outcome::None };

    /// Those that there is something to say of.
    pub(super) fn told(&self) -> Vec<&Outcome> {
        let all = [&self.as_grant, &self.in_place_of_a_secret];
        let found: Vec<_> = all.into_iter().filter(|outcome| !matches!(outcome, Outcome::None)).collect();
        if found.is_empty() { vec![&Outcome::None] } else { found }
    }

    /// Whether exactly one rule fits for each purpose that one fits for, and something comes of it.
    pub(super) fn is_good(&self) -> bool {
        self.told().into_iter().all(Outcome::is_one)
    }
}

impl Outcome {
    /// Whether exactly one rule fits, and something comes of it.
    fn is_one(&self) -> bool {
        match self {
            Self::None | Self::Several { .. } | Self::Nothing { .. } => false,
            Self::Grant(_) | Self::Authenticates { .. } => true,
        }
    }
}

/// Holds the claims against all rules. Without `client`, rules for any client count.
pub(super) fn decide(
    (config, own): (&Config, Option<&str>),
    issuer: &TrustedIssuerConfig,
    (assertion, claims): (AssertionKind, &Map<String, Value>),
    client: Option<&str>,
    now: u64,
) -> (Vec<RuleReport>, Verdicts) {
    let reports: Vec<RuleReport> =
        config.rule.iter().map(|rule| report(rule, issuer, assertion, claims, client)).collect();
    let fitting: Vec<&RuleConfig> =
        config.rule.iter().zip(&reports).filter(|(_, report)| report.fits).map(|(rule, _)| rule).collect();
    let (clients, grants): (Vec<&RuleConfig>, Vec<&RuleConfig>) =
        fitting.into_iter().partition(|rule| rule.authenticates.is_some());
    let outcome = |fitting: &[&RuleConfig]| match fitting {
        [] => Outcome::None,
        [only] => match &only.authenticates {
            Some(client) => authenticates(config, only, client),
            None => issued((config, own), (only, issuer), (assertion, claims), client, now),
        },
        several => Outcome::Several { rules: several.iter().map(|rule| rule.id.clone()).collect() },
    };
    (reports, Verdicts { as_grant: outcome(&grants), in_place_of_a_secret: outcome(&clients) })
}

fn report(
    rule: &RuleConfig,
    issuer: &TrustedIssuerConfig,
    assertion: AssertionKind,
    claims: &Map<String, Value>,
    client: Option<&str>,
) -> RuleReport {
    let purpose = match (&rule.authenticates, client.or(rule.clients.first().map(String::as_str))) {
        (None, Some(client_id)) => Purpose::Grant { client_id },
        (Some(_), _) | (None, None) => Purpose::ClientAuthentication,
    };
    let obstacle = obstacle(rule, issuer, assertion, purpose).map(|obstacle| words(obstacle, rule, client));
    let mismatches: Vec<ClaimReport> = if obstacle.is_some() {
        Vec::new()
    } else {
        let found = mismatches(rule, issuer, claims);
        let report = found.map(|mismatch| ClaimReport {
            claim: mismatch.claim.to_owned(),
            seen: mismatch.seen.cloned(),
            wanted: mismatch.wanted.cloned(),
        });
        report.collect()
    };
    RuleReport {
        id: rule.id.clone(),
        fits: obstacle.is_none() && mismatches.is_empty(),
        obstacle,
        mismatches,
    }
}

fn authenticates(config: &Config, rule: &RuleConfig, id: &str) -> Outcome {
    let disabled = config.client.iter().any(|client| client.client_id == id && client.disabled);
    let (rule, client) = (rule.id.clone(), id.to_owned());
    if disabled {
        let why = "it is switched off".to_owned();
        return Outcome::Nothing { rule, refused: vec![Reason { client, why }] };
    }
    Outcome::Authenticates { rule, client }
}

fn words(obstacle: Obstacle, rule: &RuleConfig, client: Option<&str>) -> String {
    match obstacle {
        Obstacle::Issuer => format!("it is about the issuer `{}`", rule.issuer),
        Obstacle::Assertion => "it is about another kind of token".to_owned(),
        Obstacle::Purpose => "it is for another purpose".to_owned(),
        Obstacle::Client => format!("it is not for the client `{}`", client.unwrap_or_default()),
        Obstacle::Empty => "it wants nothing of the claims, so nothing fits".to_owned(),
    }
}

/// What the server would issue to each client, by its own judgment.
fn issued(
    (config, own): (&Config, Option<&str>),
    (rule, issuer): (&RuleConfig, &TrustedIssuerConfig),
    (kind, claims): (AssertionKind, &Map<String, Value>),
    client: Option<&str>,
    now: u64,
) -> Outcome {
    // Only the identifier of the admin API follows from it.
    let own = own.and_then(|own| Issuer::parse(own).ok());
    let Some(own) = own.or_else(|| Issuer::parse("https://issuer.invalid").ok()) else {
        return Outcome::None;
    };
    let snapshot = Snapshot::of(config, &own);
    let named = client.map_or_else(|| rule.clients.clone(), |id| vec![id.to_owned()]);
    // How much of its life is left says another check.
    let times = (Timestamp(now.saturating_add(DAY)), Timestamp(now));
    let (mut given, mut refused) = (Vec::new(), Vec::new());
    for id in named {
        let client = config.client.iter().find(|client| client.client_id == id);
        let outcome = match client.map(|client| (client, unfit(client, kind))) {
            None => Err("there is no such client in the file".to_owned()),
            Some((_, Some(unfit))) => Err(unfit.to_owned()),
            Some((client, None)) => preview(&snapshot, client, (rule, issuer), (kind, claims), times)
                .map_err(|error| why(&error, (rule, issuer), claims)),
        };
        match outcome {
            Ok(preview) => given.push((id, preview)),
            Err(why) => refused.push(Reason { client: id, why }),
        }
    }
    let rule = rule.id.clone();
    let Some(sub) = given.first().map(|(_, preview)| preview.subject.clone()) else {
        return Outcome::Nothing { rule, refused };
    };
    let ttl = given.iter().map(|(_, preview)| preview.lifetime).max().unwrap_or_default();
    let audiences = distinct(given.iter().flat_map(|(_, preview)| &preview.audiences));
    let scopes = distinct(given.iter().flat_map(|(_, preview)| &preview.scopes));
    let clients = given.into_iter().map(|(id, _)| id).collect();
    Outcome::Grant(Issued { rule, sub, clients, audiences, scopes, ttl, refused })
}

fn distinct<'a>(all: impl Iterator<Item = &'a String>) -> Vec<String> {
    let mut known: Vec<String> = Vec::new();
    for one in all {
        if !known.contains(one) {
            known.push(one.clone());
        }
    }
    known
}

/// Why a client can't present such a token at all.
fn unfit(client: &ClientConfig, kind: AssertionKind) -> Option<&'static str> {
    let has = |grant| client.grant_types.contains(&grant);
    if client.disabled {
        return Some("it is switched off");
    }
    // That a client has one of the two grants, `validate` has seen to.
    (kind == AssertionKind::IdJag && !has(GrantType::JwtBearer))
        .then_some("an ID-JAG comes with the JWT bearer grant, which it hasn't")
}

fn why(
    error: &OAuthError,
    (rule, issuer): (&RuleConfig, &TrustedIssuerConfig),
    claims: &Map<String, Value>,
) -> String {
    let words = match error.cause {
        Cause::RuleSubject => {
            return subject(rule, issuer, claims).err().unwrap_or(NoSubject::Template).to_string();
        }
        Cause::ScopeEmpty => "it has none of the rule's scopes at the rule's audiences",
        Cause::AssertionOfOtherClient => "the token is for another client: see `client_id`",
        Cause::ClientPublic => "it is public, and an ID-JAG is for a client that authenticates",
        Cause::AssertionIdMissing => "the token has no `jti`",
        Cause::AssertionClaims => "the token's `scope` or `resource` can't be read",
        _ => error.description.as_str(),
    };
    words.to_owned()
}
