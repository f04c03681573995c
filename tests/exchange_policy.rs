//! The policy of token exchange: a decision table, and properties over random parties.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

use mintedge::protocol::config::registered_client::{Client, ManagedBy};
use mintedge::protocol::config::snapshot;
use mintedge::protocol::config::snapshot::Snapshot;
use mintedge::protocol::config::{ClientConfig, Config, ExchangeConfig};
use mintedge::protocol::exchange::policy::{Ask, Outcome, Semantics, Subject, decide};
use mintedge::protocol::http::error::{Cause, Code};
use mintedge::protocol::model::actor::{Actor, MAX_DEPTH, may_act};
use mintedge::protocol::model::issuer::Issuer;
use mintedge::protocol::model::scope::ScopeSet;
use mintedge::protocol::model::time::Timestamp;
use mintedge::protocol::tokens::verify::Audience;
use proptest::prelude::*;
use proptest::sample::subsequence;
use serde_json::{Value, json};

const ISSUER: &str = "https://auth.example";
const NOW: Timestamp = Timestamp(1_800_000_000);
const RESOURCES: [(&str, &[&str]); 3] =
    [("https://a.example", &["a:1", "a:2"]), ("https://b.example", &["b:1"]), ("c", &["c:1", "c:2"])];

fn snapshot() -> Snapshot {
    let resources: Vec<Value> = RESOURCES
        .iter()
        .map(|(identifier, scopes)| json!({ "identifier": identifier, "scopes": scopes, "access_token_ttl": 300 }))
        .collect();
    let config: Config = serde_json::from_value(json!({ "resource": resources })).expect("a configuration");
    Snapshot {
        layout: snapshot::LAYOUT,
        config_version: 1,
        keys_version: 1,
        resources: snapshot::resources(&config, &Issuer::parse(ISSUER).expect("an issuer")),
        access_token_ttl: 300,
        branding: config.branding,
        login: config.login,
        sessions: config.sessions,
        log: config.log,
        special_grants: Vec::new(),
        transaction_tokens: None,
        native_sso: false,
        registration: config.registration,
        client_documents: Vec::new(),
        origins: std::iter::empty().collect(),
        trusted_issuers: Vec::new(),
        rules: Vec::new(),
        administrators: Vec::new(),
        clients_epoch: None,
        keys: Vec::new(),
    }
}

fn scopes<'a>(names: impl IntoIterator<Item = &'a str>) -> ScopeSet {
    names.into_iter().collect()
}

fn client(exchange: ExchangeConfig, own: ScopeSet, serves: &[&str]) -> Client {
    let config = ClientConfig {
        client_id: "api".to_owned(),
        scopes: own,
        serves: serves.iter().map(|name| (*name).to_owned()).collect(),
        exchange,
        ..ClientConfig::default()
    };
    let (created_at, updated_at) = (NOW, NOW);
    Client {
        config,
        managed_by: ManagedBy::Config,
        secrets: Vec::new(),
        created_at,
        updated_at,
        config_version: 0,
        epoch: None,
        admitted_at: None,
        was_refused: false,
        is_outdated: false,
    }
}

/// API A, which may go on to B.
fn usual_client() -> Client {
    let exchange = ExchangeConfig {
        audiences: vec!["https://a.example".to_owned(), "https://b.example".to_owned()],
        additional_scopes: scopes(["b:1"]),
        ..ExchangeConfig::default()
    };
    client(exchange, scopes(["a:1", "b:1"]), &["https://a.example"])
}

/// A person's token of another client, for A.
fn usual_subject() -> Subject {
    Subject {
        sub: "usr_1".to_owned(),
        client_id: "web".to_owned(),
        audience: Audience::One("https://a.example".to_owned()),
        scopes: scopes(["openid", "a:1", "a:2"]),
        expires_at: NOW.plus(200),
        act: None,
        may_act: None,
        bound: false,
    }
}

fn chain(names: &[&str]) -> Value {
    let mut act = None;
    for name in names {
        act = Some(Actor::client(name).on_top_of(act.as_ref()).expect("room"));
    }
    act.expect("a chain")
}

/// What a case changes, and what has to come of it: the audience, scopes and who it says acts, or a code and cause.
type Case = (
    &'static str,
    fn(&mut Client, &mut Subject, &mut Ask<'static>),
    Result<(&'static str, &'static str, Semantics), (Code, Cause)>,
);

const A: &str = "https://a.example";
const B: &str = "https://b.example";

#[test]
#[expect(clippy::too_many_lines, reason = "one line a case")]
fn the_decision_table() {
    use Code::{InvalidRequest, InvalidScope, InvalidTarget};
    use Semantics::{Delegation, Impersonation, Narrowing};
    let cases: &[Case] = &[
        ("addressed, to the next one", |_, _, ask| ask.targets = vec![B], Ok((B, "b:1", Delegation))),
        ("addressed, to itself", |_, _, ask| ask.scope = Some("a:1"), Ok((A, "a:1", Delegation))),
        (
            "addressed by its own id",
            |client, subject, ask| {
                client.config.serves.clear();
                subject.audience = Audience::Several(vec!["x".to_owned(), "api".to_owned()]);
                ask.targets = vec![B];
            },
            Ok((B, "b:1", Delegation)),
        ),
        (
            "not addressed",
            |client, _, ask| {
                client.config.serves.clear();
                ask.targets = vec![B];
            },
            Err((InvalidRequest, Cause::SubjectNotForClient)),
        ),
        (
            "not addressed, but the token's client is listed",
            |client, _, ask| {
                client.config.serves.clear();
                client.config.exchange.subject_clients.push("web".to_owned());
                ask.targets = vec![B];
            },
            Ok((B, "b:1", Delegation)),
        ),
        (
            "listed, but has to be addressed",
            |client, _, ask| {
                client.config.serves.clear();
                client.config.exchange.subject_clients.push("web".to_owned());
                ask.addressed_only = true;
            },
            Err((InvalidRequest, Cause::SubjectNotForClient)),
        ),
        (
            "its own token",
            |client, subject, ask| {
                client.config.serves.clear();
                subject.client_id = "api".to_owned();
                ask.scope = Some("a:1");
            },
            Ok((A, "a:1", Narrowing)),
        ),
        (
            "nothing permitted",
            |client, _, ask| {
                client.config.exchange = ExchangeConfig::default();
                ask.scope = Some("a:1");
            },
            Err((InvalidTarget, Cause::TargetNotAllowed)),
        ),
        ("two possible targets, none named", |_, _, _| {}, Err((InvalidTarget, Cause::TargetMissing))),
        (
            "an unknown target",
            |_, _, ask| ask.targets = vec!["https://x.example"],
            Err((InvalidTarget, Cause::TargetNotAllowed)),
        ),
        (
            "a target that isn't its",
            |_, _, ask| ask.targets = vec!["c"],
            Err((InvalidTarget, Cause::TargetNotAllowed)),
        ),
        (
            "the admin API",
            |client, subject, ask| {
                client.config.exchange.audiences.push("https://auth.example/admin".to_owned());
                client.config.scopes.insert("mintedge:write");
                subject.scopes.insert("mintedge:write");
                ask.scope = Some("mintedge:write");
            },
            Err((InvalidScope, Cause::ScopeBeyondSubject)),
        ),
        (
            "a scope the subject lacks",
            |client, _, ask| {
                client.config.exchange.additional_scopes = ScopeSet::default();
                ask.scope = Some("b:1");
            },
            Err((InvalidScope, Cause::ScopeBeyondSubject)),
        ),
        (
            "a scope the client lacks",
            |_, _, ask| ask.scope = Some("a:2"),
            Err((InvalidScope, Cause::ScopeBeyondSubject)),
        ),
        (
            "a scope of another target",
            |_, _, ask| {
                ask.scope = Some("a:1");
                ask.targets = vec![B];
            },
            Err((InvalidScope, Cause::ScopeNotOfResource)),
        ),
        (
            "a person's scope",
            |client, _, ask| {
                client.config.scopes.insert("openid");
                ask.scope = Some("openid");
            },
            Err((InvalidScope, Cause::ScopeEmpty)),
        ),
        ("two targets", |_, _, ask| ask.targets = vec![A, B], Ok((A, "a:1 b:1", Delegation))),
        (
            "bound to a key that isn't shown",
            |_, subject, ask| {
                subject.bound = true;
                ask.targets = vec![B];
            },
            Err((InvalidRequest, Cause::SubjectBound)),
        ),
        (
            "may_act names it",
            |_, subject, ask| {
                subject.may_act = Some(may_act("api"));
                ask.targets = vec![B];
            },
            Ok((B, "b:1", Delegation)),
        ),
        (
            "may_act names another",
            |_, subject, ask| {
                subject.may_act = Some(may_act("other"));
                ask.targets = vec![B];
            },
            Err((InvalidRequest, Cause::MayActMismatch)),
        ),
        (
            "may_act names another, whose token the client got in a call",
            |_, subject, ask| {
                subject.may_act = Some(may_act("agent"));
                ask.actor = Some(Actor::client("agent"));
                ask.targets = vec![B];
            },
            Err((InvalidRequest, Cause::MayActMismatch)),
        ),
        (
            "may_act names another's issuer",
            |_, subject, ask| {
                subject.may_act = Some(json!({ "sub": "api", "iss": "https://other.example" }));
                ask.targets = vec![B];
            },
            Err((InvalidRequest, Cause::MayActMismatch)),
        ),
        (
            "may_act is demanded and missing",
            |client, _, ask| {
                client.config.exchange.require_may_act = true;
                ask.targets = vec![B];
            },
            Err((InvalidRequest, Cause::MayActMismatch)),
        ),
        (
            "impersonation",
            |client, _, ask| {
                client.config.exchange.impersonation = true;
                ask.targets = vec![B];
            },
            Ok((B, "b:1", Impersonation)),
        ),
        (
            "impersonation of those who named somebody else",
            |client, subject, ask| {
                client.config.exchange.impersonation = true;
                subject.may_act = Some(may_act("other"));
                ask.targets = vec![B];
            },
            Err((InvalidRequest, Cause::MayActMismatch)),
        ),
        (
            "impersonation with an actor's token is delegation",
            |client, _, ask| {
                client.config.exchange.impersonation = true;
                ask.actor =
                    Some(Actor { sub: "usr_2".to_owned(), client_id: "web".to_owned(), expires_at: None });
                ask.targets = vec![B];
            },
            Ok((B, "b:1", Delegation)),
        ),
        (
            "the subject as its own actor",
            |_, _, ask| {
                ask.actor =
                    Some(Actor { sub: "usr_1".to_owned(), client_id: "web".to_owned(), expires_at: None });
                ask.targets = vec![B];
            },
            Err((InvalidRequest, Cause::ActorIsSubject)),
        ),
        (
            "three actors before",
            |_, subject, ask| {
                subject.act = Some(chain(&["x", "y", "z"]));
                ask.targets = vec![B];
            },
            Ok((B, "b:1", Delegation)),
        ),
        (
            "four actors before",
            |_, subject, ask| {
                subject.act = Some(chain(&["w", "x", "y", "z"]));
                ask.targets = vec![B];
            },
            Err((InvalidRequest, Cause::ActTooDeep)),
        ),
        (
            "expired",
            |_, subject, ask| {
                subject.expires_at = NOW;
                ask.targets = vec![B];
            },
            Err((InvalidRequest, Cause::BearerExpired)),
        ),
        (
            "an actor's token that has expired",
            |_, _, ask| {
                let (sub, client_id) = ("usr_2".to_owned(), "web".to_owned());
                ask.actor = Some(Actor { sub, client_id, expires_at: Some(NOW) });
                ask.targets = vec![B];
            },
            Err((InvalidRequest, Cause::BearerExpired)),
        ),
    ];
    let snapshot = snapshot();
    for (name, change, expected) in cases {
        let (mut client, mut subject, mut ask) = (usual_client(), usual_subject(), Ask::default());
        change(&mut client, &mut subject, &mut ask);
        let outcome = decide(&snapshot, ISSUER, &client, &subject, &ask, NOW);
        let got = match &outcome {
            Ok(outcome) => Ok((
                outcome.target.audience()[0].as_str(),
                outcome.target.scopes().to_wire(),
                outcome.semantics,
            )),
            Err(error) => Err((error.code, error.cause)),
        };
        let expected = expected.map(|(resource, scopes, semantics)| (resource, scopes.to_owned(), semantics));
        assert_eq!(got, expected, "{name}");
    }
}

fn any_scopes(at_least: usize) -> impl Strategy<Value = ScopeSet> {
    let all = vec!["openid", "a:1", "a:2", "b:1", "c:1", "c:2", "mintedge:read"];
    subsequence(all, at_least..=7).prop_map(scopes)
}

fn any_identifiers(at_least: usize, at_most: usize) -> impl Strategy<Value = Vec<String>> {
    let all = vec!["https://a.example", "https://b.example", "c", "https://auth.example/admin"];
    subsequence(all, at_least..=at_most).prop_map(|names| names.into_iter().map(str::to_owned).collect())
}

fn any_client() -> impl Strategy<Value = Client> {
    let flags = (any::<bool>(), any::<bool>(), any::<bool>());
    (any_scopes(3), any_scopes(0), any_identifiers(1, 4), any_identifiers(1, 4), flags).prop_map(
        |(own, additional_scopes, audiences, serves, (listed, require_may_act, impersonation))| {
            let subject_clients = if listed { vec!["web".to_owned()] } else { Vec::new() };
            let exchange = ExchangeConfig {
                audiences,
                additional_scopes,
                subject_clients,
                require_may_act,
                impersonation,
                token_types: Vec::new(),
            };
            client(exchange, own, &serves.iter().map(String::as_str).collect::<Vec<_>>())
        },
    )
}

fn any_subject() -> impl Strategy<Value = Subject> {
    let parties = (prop_oneof!["usr_1", "api"], prop_oneof!["web", "api", "other"], 0_usize..=MAX_DEPTH);
    let may_act = prop_oneof![Just(None), Just(Some(may_act("api"))), Just(Some(may_act("x")))];
    (any_scopes(2), any_identifiers(1, 4), 0_u64..1000, parties, may_act, prop::bool::weighted(0.1)).prop_map(
        |(scopes, audience, left, (sub, client_id, depth), may_act, bound)| Subject {
            sub,
            client_id,
            audience: Audience::Several(audience),
            scopes,
            expires_at: NOW.plus(left),
            act: (depth > 0).then(|| chain(&["w", "x", "y", "z"][..depth])),
            may_act,
            bound,
        },
    )
}

fn within(
    outcome: &Outcome,
    client: &Client,
    subject: &Subject,
    asked: Option<&ScopeSet>,
    targets: &[String],
) {
    for scope in outcome.target.scopes().iter() {
        assert!(asked.is_none_or(|asked| asked.contains(scope)), "{scope} wasn't asked for");
        let additional = client.exchange.additional_scopes.contains(scope);
        assert!(subject.scopes.contains(scope) || additional, "{scope} isn't the subject's");
        assert!(client.scopes.contains(scope), "{scope} isn't the client's");
        let owner = RESOURCES.iter().find(|(_, scopes)| scopes.contains(&scope)).expect("an owner").0;
        assert!(outcome.target.audience().iter().any(|name| name == owner), "{scope} isn't a target's");
        assert!(!scope.starts_with("mintedge:"), "{scope}");
    }
    assert!(!outcome.target.scopes().is_empty() && !outcome.target.audience().is_empty());
    for resource in outcome.target.audience() {
        assert!(client.exchange.audiences.contains(resource), "{resource}");
        assert!(targets.is_empty() || targets.contains(resource), "{resource}");
    }
    assert!(outcome.target.lifetime() > 0 && NOW.plus(outcome.target.lifetime()) <= subject.expires_at);
    assert!(outcome.target.lifetime() <= 300);
    assert!(!subject.bound);
    let addressed = client.serves.iter().any(|own| subject.audience.contains(own));
    let listed = client.exchange.subject_clients.contains(&subject.client_id);
    assert!(addressed || listed || subject.client_id == client.client_id);
    if let Some(act) = &outcome.act {
        let depth = std::iter::successors(Some(act), |act| act.get("act")).count();
        assert!(depth <= MAX_DEPTH, "{depth}");
    }
    match outcome.semantics {
        Semantics::Delegation => assert_eq!(outcome.act.as_ref().expect("an actor")["sub"], client.client_id),
        Semantics::Impersonation => assert!(client.exchange.impersonation),
        Semantics::Narrowing => assert_eq!(outcome.act, subject.act),
    }
}

/// One exchange of random parties; says whether it was granted.
fn exchange(
    client: &Client,
    subject: &Subject,
    asked: Option<&ScopeSet>,
    targets: &[String],
    addressed_only: bool,
) -> bool {
    let snapshot = snapshot();
    let wire = asked.map(ScopeSet::to_wire);
    let targets_asked = targets.iter().map(String::as_str).collect();
    let ask = Ask { scope: wire.as_deref(), targets: targets_asked, actor: None, addressed_only };
    let Ok(outcome) = decide(&snapshot, ISSUER, client, subject, &ask, NOW) else { return false };
    within(&outcome, client, subject, asked, targets);
    // What was named is what is granted: nothing is dropped silently.
    assert!(asked.is_none_or(|asked| asked.len() == outcome.target.scopes().len()));
    assert!(targets.is_empty() || targets.len() == outcome.target.audience().len());
    true
}

#[test]
fn no_exchange_is_ever_wider_than_what_it_comes_from() {
    let config = ProptestConfig::with_cases(10_000);
    let mut runner = proptest::test_runner::TestRunner::new(config);
    let parties = (any_client(), any_subject(), any::<bool>());
    let asked = (
        proptest::option::of(subsequence(vec!["a:1", "b:1", "c:1", "openid"], 1..=2)),
        any_identifiers(0, 1),
    );
    let granted = std::cell::Cell::new(0);
    let outcome = runner.run(&(parties, asked), |((client, subject, addressed_only), (asked, targets))| {
        let asked = asked.map(scopes);
        if exchange(&client, &subject, asked.as_ref(), &targets, addressed_only) {
            granted.set(granted.get() + 1);
        }
        Ok(())
    });
    outcome.expect("the property holds");
    assert!(granted.get() > 500, "only {} exchanges were granted: the property says little", granted.get());
}
