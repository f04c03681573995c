//! Which rules a token fits, by the server's own judgment.

use mintedge::protocol::config::federation::{AssertionKind, Pattern};
use mintedge::protocol::config::{Config, RuleConfig, TrustedIssuerConfig};
use mintedge::protocol::federation::rules::{Obstacle, Purpose, mismatches, obstacle, subject};
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
    /// A token is issued.
    Grant(Issued),
    /// A client is authenticated.
    Authenticates { rule: String, client: String },
}

/// What would be issued.
#[derive(Debug, Serialize)]
pub(super) struct Issued {
    pub(super) rule: String,
    /// Unset if none comes out: a claim is missing, or it doesn't fit into a `sub`.
    pub(super) sub: Option<String>,
    pub(super) clients: Vec<String>,
    pub(super) audiences: Vec<String>,
    /// The rule's scopes, without those that the client of `--client` lacks.
    pub(super) scopes: Vec<String>,
    /// Seconds, at most: the token never outlives the one it comes from.
    pub(super) ttl: u64,
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
            Self::None | Self::Several { .. } => false,
            Self::Grant(issued) => issued.sub.is_some(),
            Self::Authenticates { .. } => true,
        }
    }
}

/// Holds the claims against all rules. Without `client`, rules for any client count.
pub(super) fn decide(
    config: &Config,
    issuer: &TrustedIssuerConfig,
    assertion: AssertionKind,
    claims: &Map<String, Value>,
    client: Option<&str>,
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
            Some(client) => Outcome::Authenticates { rule: only.id.clone(), client: client.clone() },
            None => Outcome::Grant(issued(config, only, issuer, claims, client)),
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

fn words(obstacle: Obstacle, rule: &RuleConfig, client: Option<&str>) -> String {
    match obstacle {
        Obstacle::Issuer => format!("it is about the issuer `{}`", rule.issuer),
        Obstacle::Assertion => "it is about another kind of token".to_owned(),
        Obstacle::Purpose => "it is for another purpose".to_owned(),
        Obstacle::Client => format!("it is not for the client `{}`", client.unwrap_or_default()),
        Obstacle::Empty => "it wants nothing of the claims, so nothing fits".to_owned(),
    }
}

fn issued(
    config: &Config,
    rule: &RuleConfig,
    issuer: &TrustedIssuerConfig,
    claims: &Map<String, Value>,
    client: Option<&str>,
) -> Issued {
    let presenter = client.and_then(|id| config.client.iter().find(|client| client.client_id == id));
    let may = |scope: &&str| presenter.is_none_or(|client| client.scopes.contains(scope));
    Issued {
        rule: rule.id.clone(),
        sub: subject(rule, issuer, claims),
        clients: client.map_or_else(|| rule.clients.clone(), |id| vec![id.to_owned()]),
        audiences: rule.audiences.clone(),
        scopes: rule.scopes.iter().filter(may).map(str::to_owned).collect(),
        ttl: rule.ttl.unwrap_or(900),
    }
}
