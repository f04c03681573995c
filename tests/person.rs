//! The object of a person, command by command: which grants give way, and when its alarm rings.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

use std::cell::{Cell, RefCell};

use mintedge::memory::{FakeEntropy, Object};
use mintedge::protocol::model::id::Id;
use mintedge::protocol::model::user_id::UserId;
use mintedge::protocol::objects::{Answer, Class, Setting, handle};
use mintedge::protocol::{model::time::DAY, model::time::Timestamp};
use serde_json::{Value, json};

const START: u64 = 1_800_000_000;

/// The object of a person, at a time.
struct Person {
    object: RefCell<Object>,
    entropy: FakeEntropy,
    now: Cell<u64>,
}

fn id(number: u32) -> Id {
    Id::from_bytes(u128::from(number).to_be_bytes())
}

fn auth() -> Value {
    json!({ "auth_time": START, "acr": "x", "amr": ["pwd"] })
}

impl Person {
    fn new() -> Self {
        let person =
            Self { object: RefCell::default(), entropy: FakeEntropy::seeded(0), now: Cell::new(START) };
        let account = json!({
            "id": UserId::from_bytes([1; 16]), "login": "ada", "enabled": true, "created_at": 0, "updated_at": 0,
        });
        assert!(person.call(&json!({ "create": account }))["user"].is_object());
        person
    }

    fn call(&self, command: &Value) -> Value {
        let now = Timestamp(self.now.get());
        let command = command.to_string();
        let answer = handle(
            Class::Subject,
            &*self.object.borrow(),
            &Setting::anonymous(now, &self.entropy),
            &command,
            None,
        );
        let (reply, changes) = answer.expect("an answer");
        let Answer::Reply(reply) = reply else { panic!("{reply:?}") };
        self.object.borrow_mut().commit(changes);
        serde_json::from_str(&reply).expect("JSON")
    }

    fn later(&self, seconds: u64) {
        self.now.set(self.now.get() + seconds);
    }

    fn session(&self, sid: u32, idle: u64) {
        let session = json!({
            "sid": id(sid), "sha256": "A".repeat(43), "auth": auth(), "idle": idle, "absolute": 100 * DAY, "label": "",
        });
        assert!(self.call(&json!({ "start_session": session }))["session"].is_object());
    }

    /// Redeems code `number`, which came from `sid`; at most three grants live, and each for a day without use.
    fn redeem(&self, number: u32, sid: u32, bound_to_session: bool) -> Value {
        self.redeem_issued_at(&self.removed_at(sid), number, sid, bound_to_session)
    }

    fn redeem_issued_at(&self, removed_at: &Value, number: u32, sid: u32, bound_to_session: bool) -> Value {
        let grant = json!({
            "client_id": "app", "sid": id(sid), "bound_to_session": bound_to_session, "scopes": ["openid"],
            "auth": auth(), "created_at": 0, "expires_at": START + 1000 * DAY,
        });
        let redemption = json!({
            "id": id(number), "grant": grant, "refresh": true, "max_grants": 3, "idle": DAY, "removed_at": removed_at,
        });
        self.call(&json!({ "redeem": redemption }))
    }

    #[track_caller]
    fn granted(&self, number: u32, sid: u32, bound_to_session: bool) {
        let reply = self.redeem(number, sid, bound_to_session);
        assert!(reply["granted"].is_object(), "{reply}");
        self.later(1);
    }

    /// What the session knows of the last removal of the client.
    fn removed_at(&self, sid: u32) -> Value {
        let look = json!({ "sid": id(sid), "sha256": "A".repeat(43), "client_id": "app" });
        self.call(&json!({ "session": look }))["session"]["removed_at"].clone()
    }

    fn remove_client(&self, client_id: &str) {
        let remove = json!({ "client_id": client_id, "why": "by_user" });
        assert_eq!(self.call(&json!({ "revoke_client": remove })), "done");
    }

    fn alarm(&self) -> Option<u64> {
        self.object.borrow().alarm().map(|at| at.0)
    }

    fn rows(&self, prefix: &str) -> usize {
        self.object.borrow().rows().keys().filter(|key| key.starts_with(prefix)).count()
    }

    /// The grants that weren't evicted or revoked.
    fn kept(&self) -> Vec<u32> {
        let kept = |number: &u32| {
            let row = self.object.borrow().rows().get(&format!("grant/{}", id(*number))).cloned();
            row.is_some_and(|row| !row.contains("\"revoked\""))
        };
        (100..200).filter(kept).collect()
    }
}

#[test]
fn silent_logins_of_one_device_end_its_own_grants_only() {
    let person = Person::new();
    for sid in [1, 2, 3] {
        person.session(sid, 10 * DAY);
        person.granted(100 + sid, sid, false);
    }
    for number in 110..130 {
        person.granted(number, 2, false);
    }
    assert_eq!(person.kept(), [101, 103, 129]);
    // A fourth device is one too many: the one unused longest gives way.
    person.session(4, 10 * DAY);
    person.granted(150, 4, false);
    assert_eq!(person.kept(), [103, 129, 150]);
}

#[test]
fn what_a_session_replaced_itself_gives_way_before_another_devices_only_grant() {
    let person = Person::new();
    for (number, sid) in [(101, 1), (102, 2), (103, 2)] {
        person.session(sid, 10 * DAY);
        person.granted(number, sid, false);
    }
    person.session(3, 10 * DAY);
    person.granted(104, 3, false);
    assert_eq!(person.kept(), [101, 103, 104]);
}

#[test]
fn a_grant_that_nobody_can_use_any_more_gives_way_first() {
    // Bound to a session that ended by itself, or idle for too long.
    for (bound_to_session, idle, pause) in [(true, 600, 700), (false, 10 * DAY, DAY)] {
        let person = Person::new();
        person.session(1, 10 * DAY);
        person.session(2, idle);
        person.granted(102, 2, bound_to_session);
        person.later(pause);
        person.granted(103, 1, false);
        person.granted(104, 1, false);
        person.granted(105, 1, false);
        assert_eq!(person.kept(), [103, 104, 105], "{pause}");
    }
}

#[test]
fn a_code_issued_before_a_client_was_removed_is_refused_and_one_after_is_not() {
    let person = Person::new();
    person.session(1, 10 * DAY);
    // All of it within one second.
    let mut known = person.removed_at(1);
    for number in 110..113 {
        person.remove_client("app");
        let reply = person.redeem_issued_at(&known, number, 1, false);
        assert_eq!(reply, json!({ "refused": "client_removed" }));
        known = person.removed_at(1);
    }
    assert!(person.redeem_issued_at(&known, 113, 1, false)["granted"].is_object());
    // Another client's removal changes nothing.
    person.remove_client("other");
    assert!(person.redeem_issued_at(&known, 114, 1, false)["granted"].is_object());
    // A code that old has expired by now, so nothing needs to be remembered any more.
    person.later(DAY);
    person.call(&json!("tend"));
    assert_eq!(person.rows("removed/"), 0);
}

#[test]
fn removing_clients_again_and_again_gathers_no_rows() {
    let person = Person::new();
    for number in 0..300 {
        person.remove_client(&format!("app-{number}"));
    }
    assert_eq!(person.rows("removed/"), 100);
    // Longer than what somebody approved for a device can wait to be fetched.
    person.later(2000);
    person.remove_client("app");
    assert_eq!(person.rows("removed/"), 1);
}

#[test]
fn what_was_redeemed_is_known_for_longer_than_any_code_lives() {
    let person = Person::new();
    person.session(1, 10 * DAY);
    // A client's grants may be shorter than the time that a device has to ask.
    let redeem = || {
        let now = person.now.get();
        let grant = json!({
            "client_id": "app", "bound_to_session": false, "scopes": ["openid"], "auth": auth(),
            "created_at": now, "expires_at": now + 60,
        });
        person.call(&json!({ "redeem": {
            "id": id(7), "grant": grant, "refresh": true, "max_grants": 3, "idle": 60, "approved_in": id(1),
            "repeats": true, "removed_at": person.removed_at(1),
        } }))
    };
    assert!(redeem()["granted"].is_object());
    person.later(120);
    person.call(&json!("tend"));
    assert!(redeem().get("granted").is_none(), "{}", redeem());
    person.later(2 * 3600);
    person.call(&json!("tend"));
    assert_eq!(person.rows("grant/"), 0);
}

/// Rings the alarm when it is due, as the platform and the server do it; no client takes what it is told. Returns when.
fn ring(person: &Person) -> Option<u64> {
    let at = person.object.borrow_mut().take_alarm()?.0;
    assert!(at >= person.now.get(), "it should have rung before");
    person.now.set(at);
    let due = person.call(&json!("due_notices"));
    for notice in due["notices"].as_array().expect("notices") {
        person.call(&json!({ "told": { "key": notice[0], "delivered": false } }));
    }
    person.call(&json!("tend"));
    Some(at)
}

#[test]
fn clients_that_take_nothing_do_not_keep_the_alarm_ringing() {
    let person = Person::new();
    // More sign-outs at once than one alarm tells.
    for sid in 1..=45 {
        person.session(sid, 10 * DAY);
        assert!(person.redeem(100 + sid, sid, true)["granted"].is_object());
    }
    person.call(&json!({ "end_sessions": { "sid": null } }));
    assert_eq!(person.rows("notice/"), 45);
    assert_eq!(person.alarm(), Some(START), "the first comes at once");
    let mut rung = Vec::new();
    while person.rows("notice/") > 0 {
        rung.push(ring(&person).expect("somebody has to be told"));
        assert!(person.alarm().is_none_or(|next| next > person.now.get()), "{rung:?}");
        assert!(rung.len() <= 2 * 6, "{rung:?}");
    }
    // Six attempts each, in two batches, within the eight hours that are promised.
    assert!(person.now.get() - START < 8 * 3600, "{rung:?}");
}

#[test]
fn the_alarm_comes_at_once_for_a_sign_out_and_then_goes_back_to_once_a_day() {
    let person = Person::new();
    person.session(1, 10 * DAY);
    assert_eq!(person.alarm(), Some(START + DAY));
    person.later(DAY / 2);
    person.session(2, 10 * DAY);
    person.granted(101, 2, true);
    assert_eq!(person.alarm(), Some(START + DAY), "what comes later doesn't put it off");
    let now = person.now.get();
    person.call(&json!({ "end_sessions": { "sid": id(2) } }));
    assert_eq!(person.alarm(), Some(now));
    assert_eq!(ring(&person), Some(now));
    assert_eq!(person.alarm(), Some(now + 10), "the client is told again");
    while person.rows("notice/") > 0 {
        ring(&person);
    }
    assert_eq!(person.alarm(), Some(person.now.get() + DAY));
    // Nothing is left that could expire, so it is silent.
    person.call(&json!("delete"));
    ring(&person);
    assert_eq!(person.alarm(), None);
}

#[test]
fn sessions_are_told_the_newest_first() {
    let person = Person::new();
    for sid in [2, 3, 1] {
        person.session(sid, DAY);
        person.later(60);
    }
    let overview = person.call(&json!("overview"));
    let sids: Vec<_> =
        overview["overview"]["sessions"].as_array().expect("sessions").iter().map(|row| &row[0]).collect();
    assert_eq!(sids, [1, 3, 2].map(|sid| json!(id(sid))).iter().collect::<Vec<_>>());
}
