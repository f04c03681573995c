//! Refresh families as pure transitions: random interleavings of everything that can happen to one.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

use std::cell::{Cell, RefCell};

use mintedge::memory::{FakeEntropy, Object};
use mintedge::protocol::config::{RecoveryConfig, RefreshConfig, RefreshMode};
use mintedge::protocol::model::id::Id;
use mintedge::protocol::model::incarnation::Incarnation;
use mintedge::protocol::model::time::Timestamp;
use mintedge::protocol::model::user_id::UserId;
use mintedge::protocol::objects::subject::{
    Authentication, Grant, GrantRefusal, NewSession, Presentation, Redemption, SubjectCommand, SubjectReply,
    User, Why,
};
use mintedge::protocol::objects::{Answer, Class, Setting, handle};
use mintedge::protocol::state::refresh::{Family, Policy, RotationOutcome, rotate};
use mintedge::protocol::{model::secret::Secret, model::secret::SecretBytes};
use proptest::prelude::*;

const START: Timestamp = Timestamp(1_800_000_000);

/// One person's object with one session and one grant.
struct Person {
    object: RefCell<Object>,
    entropy: FakeEntropy,
    now: Cell<u64>,
    policy: Policy,
    first: SecretBytes,
    grant: Id,
    sid: Id,
}

fn policy(bound: bool, refresh: RefreshConfig) -> Policy {
    Policy { refresh, bound }
}

impl Person {
    fn new(policy: Policy) -> Self {
        let mut person = Self {
            object: RefCell::default(),
            entropy: FakeEntropy::seeded(0),
            now: Cell::new(START.0),
            policy,
            first: SecretBytes::new(Vec::new()),
            grant: Id::from_bytes([7; 16]),
            sid: Id::from_bytes([9; 16]),
        };
        let id = UserId::from_bytes([1; 16]);
        person.call(SubjectCommand::Create(Box::new(User {
            id,
            login: "ada".to_owned(),
            claims: serde_json::Map::new(),
            password: None,
            password_epoch: None,
            link: None,
            enabled: true,
            created_at: START,
            updated_at: START,
        })));
        person.call(SubjectCommand::StartSession(Box::new(NewSession {
            sid: person.sid,
            sha256: Secret::received("cookie").hash(),
            auth: authentication(),
            idle: 1_000_000_000,
            absolute: 1_000_000_000,
            label: String::new(),
            client_id: None,
        })));
        let SubjectReply::Granted(granted) = person.redeem(person.grant) else { panic!("not granted") };
        person.first = granted.refresh.expect("a refresh token").1;
        person
    }

    fn redeem(&self, id: Id) -> SubjectReply {
        let now = Timestamp(self.now.get());
        self.call(SubjectCommand::Redeem(Box::new(Redemption {
            id,
            refresh: true,
            max_grants: 3,
            idle: None,
            removed_at: None,
            password_epoch: None,
            proof: None,
            device: None,
            approved_in: None,
            repeats: false,
            grant: Grant {
                client_id: "app".to_owned(),
                incarnation: Incarnation::default(),
                sid: Some(self.sid),
                bound_to_session: true,
                scopes: ["openid", "a", "b"].into_iter().collect(),
                resources: Vec::new(),
                auth: authentication(),
                claims: None,
                binding: None,
                created_at: now,
                expires_at: now.plus(self.policy.refresh.absolute),
                family: None,
                revoked: None,
                derived: None,
                device: None,
            },
        })))
    }

    #[allow(clippy::needless_pass_by_value, reason = "commands are made where they are sent")]
    fn call(&self, command: SubjectCommand) -> SubjectReply {
        let command = serde_json::to_string(&command).expect("JSON");
        let now = Timestamp(self.now.get());
        let answer = handle(
            Class::Subject,
            &*self.object.borrow(),
            &Setting::anonymous(now, &self.entropy),
            &command,
            None,
        );
        let (answer, changes) = answer.expect("handled");
        let Answer::Reply(reply) = answer else { panic!("{answer:?}") };
        self.object.borrow_mut().commit(changes);
        serde_json::from_str(&reply).expect("a reply")
    }

    fn present(
        &self,
        generation: u32,
        secret: &SecretBytes,
        client: &str,
        scopes: Option<&str>,
    ) -> SubjectReply {
        self.call(SubjectCommand::Refresh(Box::new(Presentation {
            grant: self.grant,
            generation,
            secret: secret.clone(),
            client_id: client.to_owned(),
            incarnation: Some(Incarnation::default()),
            binding: None,
            scopes: scopes.map(|text| text.split(' ').collect()),
            resources: Vec::new(),
            offers: None,
            policy: self.policy.clone(),
        })))
    }

    fn alive(&self) -> bool {
        match self.call(SubjectCommand::Grant { id: self.grant }) {
            SubjectReply::Grant(state) => state.live,
            _ => false,
        }
    }
}

fn authentication() -> Authentication {
    Authentication { auth_time: START, acr: "x".to_owned(), amr: Vec::new() }
}

fn refused(reply: &SubjectReply) -> Option<GrantRefusal> {
    match reply {
        SubjectReply::Refused(refusal) => Some(*refusal),
        _ => None,
    }
}

fn successor(reply: &SubjectReply) -> Option<(u32, SecretBytes)> {
    match reply {
        SubjectReply::Granted(granted) => granted.refresh.clone(),
        _ => None,
    }
}

#[derive(Debug, Clone)]
enum Event {
    Present { back: usize, scopes: bool },
    Guess(u8),
    OtherClient,
    Wait(u64),
    ReplayCode,
    Revoke,
    SignOut,
    Tend,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        6 => (0_usize..4, any::<bool>()).prop_map(|(back, scopes)| Event::Present { back, scopes }),
        2 => any::<u8>().prop_map(Event::Guess),
        1 => Just(Event::OtherClient),
        4 => prop_oneof![Just(1_u64), Just(5), Just(29), Just(31), Just(4000), Just(100_000)].prop_map(Event::Wait),
        1 => Just(Event::ReplayCode),
        1 => Just(Event::Revoke),
        1 => Just(Event::SignOut),
        1 => Just(Event::Tend),
    ]
}

proptest! {
    /// Whatever happens in whatever order: a generation has one successor, nothing descends from a dead family, and
    /// no guess kills one.
    #[test]
    fn families_keep_their_promises(
        events in prop::collection::vec(event(), 1..60),
        bound in any::<bool>(),
        window in prop_oneof![Just(0_u64), Just(30), Just(300)],
    ) {
        let refresh = RefreshConfig { retry_window: window, idle: 90_000, absolute: 300_000, ..RefreshConfig::default() };
        let person = Person::new(policy(bound, refresh));
        let mut known = vec![person.first.clone()];
        let mut dead = false;
        for event in events {
            let was_alive = person.alive();
            prop_assert!(!(dead && was_alive), "a dead family came back");
            match event {
                Event::Present { back, scopes } => {
                    let generation = known.len() - 1 - back.min(known.len() - 1);
                    let reply = person.present(
                        u32::try_from(generation).expect("small"),
                        &known[generation],
                        "app",
                        scopes.then_some("a"),
                    );
                    if let Some((next, secret)) = successor(&reply) {
                        prop_assert!(was_alive, "a dead family yielded a token");
                        let next = usize::try_from(next).expect("small");
                        prop_assert_eq!(next, generation + 1, "the successor of another generation");
                        if next < known.len() {
                            prop_assert_eq!(&known[next], &secret, "two different successors");
                        } else {
                            known.push(secret);
                        }
                    } else if was_alive && !person.alive() {
                        let reused = matches!(refused(&reply), Some(GrantRefusal::RefreshReused { .. }));
                        prop_assert!(reused, "{:?} killed the family", reply);
                    }
                }
                Event::Guess(byte) => {
                    let generation = u32::from(byte % 8);
                    let reply = person.present(generation, &SecretBytes::new(vec![byte; 32]), "app", None);
                    prop_assert!(successor(&reply).is_none());
                    prop_assert_eq!(was_alive, person.alive(), "a guess changed something");
                }
                Event::OtherClient => {
                    let reply = person.present(0, &known[0], "other", None);
                    prop_assert!(successor(&reply).is_none());
                    prop_assert_eq!(was_alive, person.alive(), "another client changed something");
                }
                Event::Wait(seconds) => person.now.set(person.now.get() + seconds),
                // Later an edge sees by itself that the code has expired.
                Event::ReplayCode if person.now.get() - START.0 > 60 => {}
                Event::ReplayCode => {
                    let early = person.now.get() - START.0 <= 10;
                    prop_assert!(successor(&person.redeem(person.grant)).is_none(), "a code worked twice");
                    if early {
                        prop_assert_eq!(was_alive, person.alive(), "a double submit killed the grant");
                    }
                }
                Event::Revoke => {
                    person.call(SubjectCommand::RevokeGrant { id: person.grant, client_id: Some("app".to_owned()), why: Why::ByClient });
                    prop_assert!(!person.alive());
                }
                Event::SignOut => {
                    person.call(SubjectCommand::EndSessions { sid: Some(person.sid) });
                    prop_assert!(!person.alive());
                }
                Event::Tend => {
                    person.call(SubjectCommand::Tend);
                }
            }
            dead = dead || (was_alive && !person.alive());
        }
    }

    /// The transition itself never panics and never goes back, whatever the record says.
    #[test]
    fn rotation_is_total(
        head in any::<u32>(), presented in any::<u32>(), since in any::<u64>(), used in any::<u64>(),
        now in any::<u64>(), bound in any::<bool>(), mode in 0..3_u8, window in any::<u64>(),
    ) {
        let mode = [RefreshMode::Rotate, RefreshMode::Reuse, RefreshMode::RotateLate][usize::from(mode)];
        let family = Family {
            seed: SecretBytes::new(vec![1; 32]), head, head_since: Timestamp(since), request: None, head_used: false, used_at: Timestamp(used),
        };
        let refresh = RefreshConfig { mode, retry_window: window, ..RefreshConfig::default() };
        match rotate(&family, presented, "", &policy(bound, refresh), Timestamp(now)) {
            RotationOutcome::Rotated(next) => prop_assert_eq!(next.head, head + 1),
            RotationOutcome::Repeated(generation) => prop_assert_eq!(generation, head),
            RotationOutcome::Kept(kept) => prop_assert!(kept.is_none_or(|kept| kept.head == head)),
            RotationOutcome::OtherRequest | RotationOutcome::Reused { .. } | RotationOutcome::Idle | RotationOutcome::Unknown => {}
        }
    }
}

/// A lost answer, asked for again after so many seconds: what a confidential and a public client get.
#[test]
fn a_lost_answer_is_given_again_within_the_window_and_later_to_those_who_authenticate() {
    for (seconds, confidential, public) in
        [(5, true, true), (29, true, true), (31, true, false), (3601, false, false)]
    {
        for (bound, expected) in [(true, confidential), (false, public)] {
            let person = Person::new(policy(bound, RefreshConfig::default()));
            let lost = successor(&person.present(0, &person.first, "app", None)).expect("rotated");
            person.now.set(START.0 + seconds);
            let reply = person.present(0, &person.first, "app", None);
            assert_eq!(successor(&reply) == Some(lost), expected, "{seconds} s, bound: {bound}");
            assert_eq!(person.alive(), expected, "{seconds} s, bound: {bound}");
        }
    }
}

#[test]
fn once_the_successor_was_used_its_predecessor_is_a_replay() {
    let person = Person::new(policy(true, RefreshConfig::default()));
    let second = successor(&person.present(0, &person.first, "app", None)).expect("rotated");
    successor(&person.present(second.0, &second.1, "app", None)).expect("rotated");
    let reply = person.present(0, &person.first, "app", None);
    assert_eq!(refused(&reply), Some(GrantRefusal::RefreshReused { distance: 2 }));
    assert!(!person.alive());
    // The event is told once: from now on the family is simply dead.
    let again = person.present(0, &person.first, "app", None);
    assert_eq!(refused(&again), Some(GrantRefusal::GrantRevoked));
}

#[test]
fn retries_do_not_extend_the_window() {
    let person = Person::new(policy(false, RefreshConfig::default()));
    for seconds in [0, 15, 30] {
        person.now.set(START.0 + seconds);
        assert!(successor(&person.present(0, &person.first, "app", None)).is_some(), "{seconds}");
    }
    person.now.set(START.0 + 31);
    assert!(successor(&person.present(0, &person.first, "app", None)).is_none());
}

#[test]
fn idle_time_slides_and_absolute_time_does_not() {
    let refresh = RefreshConfig { idle: 1000, absolute: 2500, ..RefreshConfig::default() };
    let person = Person::new(policy(true, refresh));
    let mut token = (0, person.first.clone());
    for step in 1..=2 {
        person.now.set(START.0 + step * 900);
        token = successor(&person.present(token.0, &token.1, "app", None)).expect("within the idle time");
    }
    person.now.set(START.0 + 2501);
    assert_eq!(refused(&person.present(token.0, &token.1, "app", None)), Some(GrantRefusal::GrantExpired));
    let refresh = RefreshConfig { idle: 1000, absolute: 2500, ..RefreshConfig::default() };
    let person = Person::new(policy(true, refresh));
    person.now.set(START.0 + 1000);
    assert_eq!(refused(&person.present(0, &person.first, "app", None)), Some(GrantRefusal::GrantExpired));
}

#[test]
fn modes_that_keep_the_token_are_for_clients_that_authenticate() {
    let reuse = RefreshConfig { mode: RefreshMode::Reuse, ..RefreshConfig::default() };
    let person = Person::new(policy(true, reuse.clone()));
    for _ in 0..3 {
        assert_eq!(
            successor(&person.present(0, &person.first, "app", None)).map(|(generation, _)| generation),
            Some(0)
        );
    }
    let public = Person::new(policy(false, reuse));
    assert_eq!(
        successor(&public.present(0, &public.first, "app", None)).map(|(generation, _)| generation),
        Some(1)
    );
    let late = RefreshConfig { mode: RefreshMode::RotateLate, idle: 1000, ..RefreshConfig::default() };
    let person = Person::new(policy(true, late));
    for (seconds, generation) in [(0, 0), (400, 0), (699, 0), (700, 1)] {
        person.now.set(START.0 + seconds);
        let reply = person.present(0, &person.first, "app", None);
        assert_eq!(successor(&reply).map(|(generation, _)| generation), Some(generation), "{seconds}");
    }
}

#[test]
fn without_a_window_and_recovery_the_first_use_is_the_only_one() {
    let strict = RefreshConfig { retry_window: 0, recovery: RecoveryConfig::Off, ..RefreshConfig::default() };
    let person = Person::new(policy(true, strict));
    assert!(successor(&person.present(0, &person.first, "app", None)).is_some());
    let reply = person.present(0, &person.first, "app", None);
    assert_eq!(refused(&reply), Some(GrantRefusal::RefreshReused { distance: 1 }));
}

#[test]
fn a_person_has_a_bounded_number_of_grants_for_a_client() {
    let person = Person::new(policy(true, RefreshConfig::default()));
    for number in 0..4_u8 {
        person.now.set(START.0 + 100 + u64::from(number));
        assert!(matches!(person.redeem(Id::from_bytes([100 + number; 16])), SubjectReply::Granted(_)));
    }
    assert!(!person.alive(), "the oldest had to give way");
}

#[test]
fn switching_a_person_off_ends_everything() {
    let person = Person::new(policy(true, RefreshConfig::default()));
    let off = mintedge::protocol::objects::subject::Change { enabled: Some(false), ..Default::default() };
    person.call(SubjectCommand::Change(Box::new(off)));
    assert!(!person.alive());
    assert!(successor(&person.present(0, &person.first, "app", None)).is_none());
    assert_eq!(refused(&person.redeem(Id::from_bytes([50; 16]))), Some(GrantRefusal::UserGone));
}

#[test]
fn an_object_that_holds_nothing_writes_nothing() {
    let object = Object::default();
    for command in [r#""user""#, r#""tend""#, r#""due_notices""#, r#"{"end_sessions":{"sid":null}}"#] {
        let (_, changes) = handle(
            Class::Subject,
            &object,
            &Setting::anonymous(START, &FakeEntropy::seeded(0)),
            command,
            None,
        )
        .expect("handled");
        assert!(changes.writes.is_empty() && changes.alarm.is_none(), "{command}: {changes:?}");
    }
}
