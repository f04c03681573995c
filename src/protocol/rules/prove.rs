//! Proofs about rules, before any token comes: that no two of them ever fit the same one. Two rules that fit count for
//! nothing (see [`super::evaluate::evaluate`]), so a rule in the shadow of another is dead, and an overlap is a trap.
//!
//! One assumption: claims have single values, but for those that are lists by their nature ([`may_be_list`]). Where a
//! token breaks it, it may fit two rules after all, and then it is refused.

use std::collections::BTreeSet;

use super::evaluate::refuses_event;
use super::pattern::{fits_text, glob_within, globs_meet, listed};
use crate::protocol::config::federation::{IssuerKind, Pattern, Scalar};
use crate::protocol::config::{RuleConfig, TrustedIssuerConfig};

/// Claims, or ends of pointers, that are lists: a token may have one value for each of two rules.
const LISTS: [&str; 16] = [
    "aud",
    "amr",
    "groups",
    "groups_direct",
    "roles",
    "permissions",
    "entitlements",
    "teams",
    "scp",
    "wids",
    "memberOf",
    "member_of",
    "cognito:groups",
    "user_identities",
    "authorities",
    "audience",
];

/// How the tokens that fit one rule relate to those that fit another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// No token fits both rules.
    Disjoint,
    /// Every token that fits the first fits the second too.
    Within,
    /// Every token that fits the second fits the first too, but not the other way round.
    Around,
    /// Some token may fit both rules.
    Overlap,
}

/// Two rules that get in each other's way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// The rule that is to be changed, by index.
    pub rule: usize,
    /// Why the rules are in conflict, and what to do about it.
    pub message: String,
}

/// All pairs of rules that get in each other's way.
pub fn conflicts(rules: &[RuleConfig], issuers: &[TrustedIssuerConfig]) -> Vec<Conflict> {
    let mut found = Vec::new();
    for (index, later) in rules.iter().enumerate() {
        let Some(issuer) = issuers.iter().find(|issuer| issuer.id == later.issuer) else { continue };
        for (before, earlier) in rules.iter().enumerate().take(index) {
            if !compete(earlier, later) {
                continue;
            }
            let dead =
                |inner, outer, rule| Conflict { rule, message: unreachable(inner, outer, issuer.kind) };
            match relation(earlier, later, issuer.kind) {
                Relation::Disjoint => {}
                Relation::Within if all_clients_of(earlier, later) => {
                    found.push(dead(earlier, later, before));
                }
                Relation::Around if all_clients_of(later, earlier) => found.push(dead(later, earlier, index)),
                Relation::Within | Relation::Around | Relation::Overlap => {
                    let message = ambiguous(earlier, later, issuer.kind);
                    found.push(Conflict { rule: index, message });
                }
            }
        }
    }
    found
}

/// Whether the same token can be held against both rules.
fn compete(one: &RuleConfig, other: &RuleConfig) -> bool {
    let same_purpose = match (&one.authenticates, &other.authenticates) {
        (Some(_), Some(_)) => true,
        (None, None) => one.clients.iter().any(|client| other.clients.contains(client)),
        (Some(_), None) | (None, Some(_)) => false,
    };
    one.issuer == other.issuer && one.assertion == other.assertion && same_purpose
}

fn all_clients_of(inner: &RuleConfig, outer: &RuleConfig) -> bool {
    inner.clients.iter().all(|client| outer.clients.contains(client))
}

/// How two rules about the same kind of issuer relate.
pub fn relation(one: &RuleConfig, other: &RuleConfig, kind: IssuerKind) -> Relation {
    let claims = claims(one, other);
    if claims.iter().any(|claim| disjoint(one, other, kind, claim)) {
        Relation::Disjoint
    } else if claims.iter().all(|claim| within(one, other, kind, claim)) {
        Relation::Within
    } else if claims.iter().all(|claim| within(other, one, kind, claim)) {
        Relation::Around
    } else {
        Relation::Overlap
    }
}

fn claims<'r>(one: &'r RuleConfig, other: &'r RuleConfig) -> BTreeSet<&'r str> {
    one.matches.keys().chain(other.matches.keys()).map(String::as_str).collect()
}

/// Whether a claim is a list by its nature.
pub fn may_be_list(claim: &str) -> bool {
    LISTS.contains(&claim.rsplit('/').next().unwrap_or(claim))
}

/// Whether `claim` can't be what both rules want.
fn disjoint(one: &RuleConfig, other: &RuleConfig, kind: IssuerKind, claim: &str) -> bool {
    if may_be_list(claim) {
        return false;
    }
    let (of_one, of_other) = (one.matches.get(claim), other.matches.get(claim));
    match (of_one.and_then(listed), of_other.and_then(listed)) {
        (Some(values), _) | (None, Some(values)) => !values
            .iter()
            .any(|value| takes(one, kind, claim, &value.text()) && takes(other, kind, claim, &value.text())),
        (None, None) => match (of_one, of_other) {
            (Some(Pattern::Glob(one)), Some(Pattern::Glob(other))) => !globs_meet(&one.glob, &other.glob),
            _ => false,
        },
    }
}

/// Whether `inner` wants no less of `claim` than `outer` does.
fn within(inner: &RuleConfig, outer: &RuleConfig, kind: IssuerKind, claim: &str) -> bool {
    let (of_inner, of_outer) = (inner.matches.get(claim), outer.matches.get(claim));
    if let Some(values) = of_inner.and_then(listed) {
        let mut taken = values.iter().map(Scalar::text);
        return taken.all(|text| !takes(inner, kind, claim, &text) || takes(outer, kind, claim, &text));
    }
    match (of_inner, of_outer) {
        (_, None) => true,
        (Some(Pattern::Glob(inner)), Some(Pattern::Glob(outer))) => glob_within(&inner.glob, &outer.glob),
        (Some(Pattern::Glob(inner)), Some(outer)) => {
            !inner.glob.contains('*') && fits_text(outer, &inner.glob)
        }
        (_, Some(_)) => false,
    }
}

/// Whether a token whose `claim` says `text` can fit `rule`.
fn takes(rule: &RuleConfig, kind: IssuerKind, claim: &str, text: &str) -> bool {
    let wanted = rule.matches.get(claim).is_none_or(|pattern| fits_text(pattern, text));
    wanted && !(claim == super::evaluate::EVENT_NAME && refuses_event(rule, kind, text))
}

fn unreachable(inner: &RuleConfig, outer: &RuleConfig, kind: IssuerKind) -> String {
    let (dead, live) = (&inner.id, &outer.id);
    let tells_apart = |claim: &&&str| !within(outer, inner, kind, claim) && !may_be_list(claim);
    let advice = match inner.matches.keys().map(String::as_str).collect::<Vec<_>>().iter().find(tells_apart) {
        Some(claim) => format!("let `{live}` want another `{claim}`"),
        None => "remove one, or let them want different values of a claim".to_owned(),
    };
    format!(
        "the rule `{dead}` never counts: every token that fits it fits `{live}` too, and a token that fits two rules \
         gets nothing; {advice}"
    )
}

fn ambiguous(earlier: &RuleConfig, later: &RuleConfig, kind: IssuerKind) -> String {
    let is_id = |claim: &str| kind.immutable_ids().contains(&claim);
    let one_sided = |has: &RuleConfig, lacks: &RuleConfig| {
        let mut claims = has.matches.keys().filter(|claim| !lacks.matches.contains_key(*claim));
        claims.find(|claim| !is_id(claim) && !may_be_list(claim)).cloned()
    };
    let (one, other) = (&earlier.id, &later.id);
    let advice = if let Some(claim) = one_sided(earlier, later) {
        format!("let `{other}` want another `{claim}` than `{one}` does")
    } else if let Some(claim) = one_sided(later, earlier) {
        format!("let `{one}` want another `{claim}` than `{other}` does")
    } else {
        let shared = claims(earlier, later).into_iter().find(|claim| !is_id(claim));
        match shared.filter(|claim| may_be_list(claim)) {
            Some(claim) => format!(
                "a token can have several values in `{claim}`; let both want different values of another claim"
            ),
            None => match shared {
                Some(claim) => format!("what they want of `{claim}` overlaps; tell them apart there"),
                None => "let them want different values of a claim".to_owned(),
            },
        }
    };
    format!("a token can fit both `{one}` and `{other}`, and then it gets nothing; {advice}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, Value, json};

    use super::*;
    use crate::protocol::rules::evaluate::mismatches;

    fn issuer(kind: &str) -> TrustedIssuerConfig {
        serde_json::from_value(json!({ "id": "i", "kind": kind })).expect("an issuer")
    }

    fn rule(id: &str, matches: &Value) -> RuleConfig {
        let rule = json!({ "id": id, "issuer": "i", "match": matches, "clients": ["ci"] });
        serde_json::from_value(rule).expect("a rule")
    }

    fn relation_of(one: &Value, other: &Value) -> Relation {
        relation(&rule("one", one), &rule("other", other), IssuerKind::GithubActions)
    }

    #[test]
    fn relations_follow_from_the_claims() {
        use Relation::{Around, Disjoint, Overlap, Within};
        let glob = |glob: &str| json!({ "glob": glob });
        let cases = [
            (json!({ "a": 1 }), json!({ "a": 2 }), Disjoint),
            (json!({ "a": 1 }), json!({ "a": "1" }), Within),
            (json!({ "a": 1 }), json!({ "a": [1, 2] }), Within),
            (json!({ "a": [1, 2] }), json!({ "a": 1 }), Around),
            (json!({ "a": [1, 2] }), json!({ "a": [2, 3] }), Overlap),
            (json!({ "a": 1 }), json!({ "b": 1 }), Overlap),
            (json!({ "a": 1, "b": 1 }), json!({ "b": 1 }), Within),
            (json!({ "a": 1, "b": 1 }), json!({ "b": 2 }), Disjoint),
            (json!({ "a": "v1" }), json!({ "a": glob("v*") }), Within),
            (json!({ "a": ["v1", "w1"] }), json!({ "a": glob("v*") }), Overlap),
            (json!({ "a": glob("v*") }), json!({ "a": glob("v*.*") }), Around),
            (json!({ "a": glob("v*") }), json!({ "a": glob("*1") }), Overlap),
            (json!({ "a": glob("v*") }), json!({ "a": glob("w*") }), Disjoint),
            (json!({ "a": glob("v*") }), json!({ "a": glob("v*/*") }), Disjoint),
            (json!({ "a": glob("v1") }), json!({ "a": ["v1", "v2"] }), Within),
            (json!({ "groups": "a" }), json!({ "groups": "b" }), Overlap),
            (json!({ "/realm_access/roles": "a" }), json!({ "/realm_access/roles": "b" }), Overlap),
            (json!({ "groups": "a" }), json!({ "groups": ["a", "b"] }), Within),
            (json!({ "a": 1 }), json!({ "a": 1, "event_name": "push" }), Around),
            (json!({ "a": 1 }), json!({ "a": 1, "event_name": "workflow_run" }), Disjoint),
            (json!({ "a": 1 }), json!({ "a": 1, "event_name": ["push", "workflow_run"] }), Overlap),
            (json!({ "event_name": glob("*") }), json!({ "event_name": "pull_request_target" }), Disjoint),
            (
                json!({ "event_name": "workflow_run" }),
                json!({ "event_name": ["workflow_run", "push"] }),
                Within,
            ),
        ];
        for (one, other, expected) in cases {
            assert_eq!(relation_of(&one, &other), expected, "{one} {other}");
            let mirrored = match expected {
                Within if relation_of(&other, &one) == Within => Within,
                Within => Around,
                Around => Within,
                same => same,
            };
            assert_eq!(relation_of(&other, &one), mirrored, "{other} {one}");
        }
    }

    fn messages(rules: &[RuleConfig]) -> Vec<(usize, String)> {
        let found = conflicts(rules, &[issuer("github_actions")]);
        found.into_iter().map(|conflict| (conflict.rule, conflict.message)).collect()
    }

    #[test]
    fn a_conflict_names_both_rules_and_the_claim_that_helps() {
        let id = "repository_id";
        let cases = [
            (
                json!({ id: 1, "ref": "x" }),
                json!({ id: 1 }),
                0,
                "`one` never counts",
                "let `two` want another `ref`",
            ),
            (
                json!({ id: 1 }),
                json!({ id: 1, "ref": "x" }),
                1,
                "`two` never counts",
                "let `one` want another `ref`",
            ),
            (json!({ id: 1 }), json!({ id: 1 }), 0, "`one` never counts", "remove one"),
            (
                json!({ id: 1, "ref": "x" }),
                json!({ id: 1, "environment": "y" }),
                1,
                "fit both `one` and `two`",
                "let `two` want another `ref` than `one` does",
            ),
            (
                json!({ id: [1, 2] }),
                json!({ id: 1, "ref": "x" }),
                1,
                "never counts",
                "let `one` want another `ref`",
            ),
            (
                json!({ id: 1, "groups": "x" }),
                json!({ id: 1, "groups": "y" }),
                1,
                "fit both",
                "several values in `groups`",
            ),
            (
                json!({ id: 1, "ref": ["x", "y"] }),
                json!({ id: 1, "ref": ["y", "z"] }),
                1,
                "fit both",
                "of `ref` overlaps",
            ),
            (json!({ id: [1, 2] }), json!({ id: [2, 3] }), 1, "fit both", "different values of a claim"),
        ];
        for (one, two, index, what, advice) in cases {
            let found = messages(&[rule("one", &one), rule("two", &two)]);
            let [(at, message)] = found.as_slice() else { panic!("{one} {two}: {found:?}") };
            assert!(*at == index && message.contains(what) && message.contains(advice), "{at} {message}");
        }
    }

    type Change<'a> = &'a dyn Fn(&mut RuleConfig);

    #[test]
    fn only_rules_that_compete_conflict() {
        let claims = json!({ "repository_id": 1 });
        let other = |change: &dyn Fn(&mut RuleConfig)| {
            let mut other = rule("other", &claims);
            change(&mut other);
            other
        };
        let login = |rule: &mut RuleConfig| {
            (rule.authenticates, rule.clients) = (Some(rule.id.clone()), Vec::new());
        };
        let cases: [(Change<'_>, usize); 5] = [
            (&|rule| rule.issuer = "elsewhere".to_owned(), 0),
            (&|rule| rule.clients = vec!["cd".to_owned()], 0),
            (&|rule| rule.assertion = crate::protocol::config::federation::AssertionKind::IdJag, 0),
            (&login, 0),
            (&|rule| rule.clients.push("cd".to_owned()), 1),
        ];
        for (number, (change, expected)) in cases.into_iter().enumerate() {
            assert_eq!(messages(&[rule("one", &claims), other(change)]).len(), expected, "{number}");
        }
        let mut one = rule("one", &claims);
        login(&mut one);
        let found = messages(&[one, other(&login)]);
        assert_eq!(found.len(), 1, "one token can't authenticate two clients: {found:?}");
        let mut both = rule("both", &claims);
        both.clients.push("cd".to_owned());
        let found = messages(&[both, other(&|rule| rule.clients.push("ce".to_owned()))]);
        assert!(
            found.iter().any(|(_, message)| message.contains("fit both")),
            "each counts for a client: {found:?}"
        );
    }

    const EVENTS: [&str; 4] = ["push", "pull_request", "pull_request_target", "workflow_run"];

    fn patterns() -> impl Strategy<Value = Value> {
        let value = "[ab]{1,2}(/[ab]{0,2})?";
        prop_oneof![
            value.prop_map(Value::from),
            prop::collection::vec(value, 1..3).prop_map(Value::from),
            "[ab*]{1,3}(/[ab*]{0,2})?".prop_map(|glob| json!({ "glob": glob })),
        ]
    }

    fn events() -> impl Strategy<Value = Value> {
        let event = prop::sample::select(EVENTS.as_slice());
        prop_oneof![
            event.clone().prop_map(Value::from),
            prop::collection::vec(event, 1..3).prop_map(Value::from),
            prop::sample::select(["*", "pull_*", "pus*"].as_slice()).prop_map(|glob| json!({ "glob": glob })),
        ]
    }

    fn matches() -> impl Strategy<Value = Value> {
        let claim = prop::sample::select(["x", "y", "groups"].as_slice());
        let claims = prop::collection::btree_map(claim.prop_map(str::to_owned), patterns(), 0..3);
        (claims, prop::option::of(events())).prop_map(|(mut claims, event)| {
            claims.extend(event.map(|event| ("event_name".to_owned(), event)));
            claims.entry("pin".to_owned()).or_insert(json!(1));
            json!(claims)
        })
    }

    fn tokens() -> impl Strategy<Value = Map<String, Value>> {
        let value = || "[ab]{0,2}(/[ab]{0,2})?".prop_map(Value::from);
        let list = prop::collection::vec(value(), 0..4).prop_map(Value::from);
        let event = prop::sample::select(EVENTS.as_slice());
        (prop::option::of(value()), prop::option::of(value()), list, event).prop_map(
            |(x, y, groups, event)| {
                let mut token = Map::new();
                token.insert("pin".to_owned(), json!("1"));
                token.insert("groups".to_owned(), groups);
                token.insert("event_name".to_owned(), event.into());
                token.extend(x.map(|x| ("x".to_owned(), x)));
                token.extend(y.map(|y| ("y".to_owned(), y)));
                token
            },
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(100))]

        /// What is proven about two rules holds for tokens.
        #[test]
        fn no_token_contradicts_a_proof(
            one in matches(),
            other in matches(),
            tokens in prop::collection::vec(tokens(), 20),
        ) {
            for kind in ["github_actions", "oidc"] {
                let issuer = issuer(kind);
                let (one, other) = (rule("one", &one), rule("other", &other));
                let relation = relation(&one, &other, issuer.kind);
                for token in &tokens {
                    let fits = |rule| mismatches(rule, &issuer, token).next().is_none();
                    let (fits_one, fits_other) = (fits(&one), fits(&other));
                    let holds = match relation {
                        Relation::Disjoint => !(fits_one && fits_other),
                        Relation::Within => !fits_one || fits_other,
                        Relation::Around => !fits_other || fits_one,
                        Relation::Overlap => true,
                    };
                    prop_assert!(holds, "{:?} {:?} {:?} {:?}", relation, one, other, token);
                }
            }
        }
    }
}
