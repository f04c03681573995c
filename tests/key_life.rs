//! The life of signing keys as pure transitions: over years, and under random commands.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

use mintedge::memory::World;
use mintedge::protocol::keys::kek::StoredPrivate;
use mintedge::protocol::keys::schedule::{ANNOUNCE, KEEP, KeyState, Schedule, active};
use mintedge::protocol::keys::schedule::{PublicKey, StoredKey};
use mintedge::protocol::model::jwk::{Alg, PublicJwk};
use mintedge::protocol::model::secret::SecretBytes;
use mintedge::protocol::model::time::{DAY, HOUR, Timestamp};
use mintedge::protocol::objects::control::{ControlCommand, ControlReply};
use mintedge::protocol::state::keys::{Rotation, add, next_alarm, publics, retire, rotate, sweep, wanted};
use proptest::prelude::*;
use serde_json::json;

const ROTATE: u64 = 90 * DAY;

fn key(kid: u64, starts: Timestamp, now: Timestamp) -> StoredKey {
    let jwk = PublicJwk::Okp { crv: "Ed25519".to_owned(), x: kid.to_string() };
    let schedule = Schedule { created_at: now, active_from: starts, retire_from: None, gone_at: None };
    let public = PublicKey { kid: kid.to_string(), alg: Alg::EdDsa, jwk, schedule };
    StoredKey { public, private: StoredPrivate::Clear(SecretBytes::new(vec![0; 32])) }
}

fn tend(keys: &mut Vec<StoredKey>, made: &mut u64, now: Timestamp) {
    for (_, starts) in wanted(keys, &[Alg::EdDsa], ROTATE, now) {
        *made += 1;
        add(keys, key(*made, starts, now));
    }
    sweep(keys, now);
}

#[test]
fn over_two_years_there_is_always_one_announced_active_key_and_old_ones_outlive_their_tokens() {
    let (mut keys, mut made) = (Vec::new(), 0);
    let start = Timestamp(1_800_000_000);
    let mut now = start;
    let mut signed: Vec<(String, Timestamp)> = Vec::new();
    while now < start.plus(730 * DAY) {
        tend(&mut keys, &mut made, now);
        let alarm = next_alarm(&keys, ROTATE, now);
        assert!(alarm > now);
        while now < alarm {
            let current = active(publics(&keys), Alg::EdDsa, now).expect("an active key");
            let announced = current.schedule.active_from.since(current.schedule.created_at);
            assert!(current.kid == "1" || announced >= ANNOUNCE, "{current:?}");
            signed.push((current.kid.clone(), now));
            signed.retain(|(_, at)| now.since(*at) < DAY);
            for (id, _) in &signed {
                let known =
                    publics(&keys).any(|key| key.kid == *id && key.schedule.state(now) != KeyState::Gone);
                assert!(known, "a token of a day ago can't be verified");
            }
            now = now.plus(6 * HOUR);
        }
    }
    assert_eq!(made, 9, "one every 90 days and one prepared");
    assert!(keys.len() <= 3);
}

#[test]
fn a_missed_alarm_delays_rotation_but_never_leaves_a_gap() {
    let (mut keys, mut made) = (Vec::new(), 0);
    let start = Timestamp(1_800_000_000);
    tend(&mut keys, &mut made, start);
    let late = start.plus(200 * DAY);
    assert_eq!(active(publics(&keys), Alg::EdDsa, late).map(|key| key.kid.as_str()), Some("1"));
    tend(&mut keys, &mut made, late);
    assert_eq!(active(publics(&keys), Alg::EdDsa, late).map(|key| key.kid.as_str()), Some("1"));
    let switched = late.plus(ANNOUNCE);
    assert_eq!(active(publics(&keys), Alg::EdDsa, switched).map(|key| key.kid.as_str()), Some("2"));
    let last = switched.plus(KEEP - 1);
    assert!(publics(&keys).any(|key| key.kid == "1" && key.schedule.state(last) == KeyState::Retiring));
}

#[derive(Debug, Clone)]
enum Step {
    Wait(u64),
    Tend,
    Rotate(bool),
    Retire(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (1_u64..100 * 24).prop_map(|hours| Step::Wait(hours * HOUR)),
        Just(Step::Tend),
        any::<bool>().prop_map(Step::Rotate),
        (0_usize..4).prop_map(Step::Retire),
    ]
}

proptest! {
    #[test]
    fn whatever_happens_there_is_an_active_key_and_retired_ones_never_come_back(
        steps in proptest::collection::vec(step(), 1..60)
    ) {
        let (mut keys, mut made) = (Vec::new(), 0);
        let mut now = Timestamp(1_800_000_000);
        let mut retired: Vec<String> = Vec::new();
        tend(&mut keys, &mut made, now);
        for step in steps {
            match step {
                Step::Wait(seconds) => now = now.plus(seconds),
                Step::Tend => tend(&mut keys, &mut made, now),
                Step::Rotate(immediately) => {
                    if let Rotation::NeedsKey(starts) = rotate(&mut keys, Alg::EdDsa, immediately, now) {
                        made += 1;
                        add(&mut keys, key(made, starts, now));
                    }
                }
                Step::Retire(index) => {
                    if let Some(kid) = keys.get(index).map(|key| key.public.kid.clone()) {
                        retire(&mut keys, &kid, now);
                        retired.push(kid);
                        tend(&mut keys, &mut made, now);
                    }
                }
            }
            prop_assert!(active(publics(&keys), Alg::EdDsa, now).is_some(), "nobody signs: {keys:?}");
            prop_assert!(publics(&keys).all(|key| !retired.contains(&key.kid)));
            for key in publics(&keys) {
                let Schedule { active_from, retire_from, gone_at, .. } = key.schedule;
                prop_assert!(retire_from.is_none_or(|at| at >= active_from), "{key:?}");
                prop_assert!(gone_at.is_none_or(|at| retire_from.is_some_and(|from| at >= from.plus(KEEP))), "{key:?}");
            }
        }
    }
}

#[test]
fn the_object_rotates_by_its_alarm_and_edges_follow_by_the_schedule() {
    let world = World::new("https://id.example.com").expect("an issuer");
    let keys = |world: &World| match world.control(&ControlCommand::Keys) {
        Ok(ControlReply::Keys(keys)) => keys,
        other => panic!("{other:?}"),
    };
    let first = keys(&world);
    world.advance(89 * DAY);
    world.control(&ControlCommand::Tend).expect("tended");
    let both = keys(&world);
    assert_eq!(both.len(), 2);
    let next = both.iter().find(|key| key.kid != first[0].kid).expect("a successor");
    assert_eq!(next.schedule.state(world.now()), KeyState::Next);
    world.advance(DAY);
    assert_eq!(active(&both, Alg::Es256, world.now()).map(|key| &key.kid), Some(&next.kid));
    world.advance(KEEP);
    world.control(&ControlCommand::Tend).expect("tended");
    assert_eq!(keys(&world).iter().map(|key| &key.kid).collect::<Vec<_>>(), [&next.kid]);
}

/// Applies `resources` and `clients`, as JSON, and returns the algorithms of the published keys.
fn algs_after(world: &World, configuration: &serde_json::Value) -> Vec<Alg> {
    let Ok(ControlReply::Config { version, .. }) = world.control(&ControlCommand::Config) else {
        panic!("no configuration")
    };
    let config = serde_json::from_value(configuration.clone()).expect("a configuration");
    let applied = world.control(&ControlCommand::Apply { base_version: version, config: Box::new(config) });
    assert!(matches!(applied, Ok(ControlReply::Applied { .. })), "{applied:?}");
    published(world)
}

fn published(world: &World) -> Vec<Alg> {
    let Ok(ControlReply::Keys(keys)) = world.control(&ControlCommand::Keys) else { panic!("no keys") };
    keys.iter().map(|key| key.alg).collect()
}

#[test]
fn only_the_kinds_of_keys_that_are_used_are_published() {
    let world = World::new("https://id.example.com").expect("an issuer");
    let api = |alg: &str| json!({ "identifier": "https://a.example", "scopes": ["a"], "signing_alg": alg });
    assert_eq!(published(&world), [Alg::Es256], "the server's own, and what a resource gets unasked");
    let plain = json!({ "identifier": "https://a.example", "scopes": ["a"] });
    assert_eq!(algs_after(&world, &json!({ "resource": [plain] })), [Alg::Es256]);
    let web = json!({ "client_id": "web", "grant_types": ["authorization_code"], "scopes": ["a"],
        "redirect_uris": ["https://app.example/cb"] });
    let without_openid = json!({ "resource": [plain], "client": [web] });
    assert_eq!(algs_after(&world, &without_openid), [Alg::Es256], "nothing of it is an ID token");
    let mut with_openid = without_openid.clone();
    with_openid["client"][0]["scopes"] = json!(["openid", "a"]);
    assert_eq!(algs_after(&world, &with_openid), [Alg::Es256, Alg::Rs256]);
    let edwards = json!({ "resource": [api("EdDSA")] });
    assert_eq!(
        algs_after(&world, &edwards),
        [Alg::Es256, Alg::Rs256, Alg::EdDsa],
        "old tokens can be verified"
    );
    world.advance(KEEP + 301);
    world.control(&ControlCommand::Tend).expect("tended");
    assert_eq!(published(&world), [Alg::Es256, Alg::EdDsa]);
}

#[test]
fn a_key_that_is_used_again_before_its_end_goes_on() {
    let world = World::new("https://id.example.com").expect("an issuer");
    let with = |alg: &str| json!({ "resource": [{ "identifier": "https://a.example", "scopes": ["a"], "signing_alg": alg }] });
    algs_after(&world, &with("EdDSA"));
    algs_after(&world, &with("ES256"));
    world.advance(60);
    assert_eq!(algs_after(&world, &with("EdDSA")), [Alg::Es256, Alg::EdDsa]);
    world.advance(KEEP + 301);
    world.control(&ControlCommand::Tend).expect("tended");
    assert_eq!(published(&world), [Alg::Es256, Alg::EdDsa], "the very same keys");
    // One whose time is over gets a successor.
    algs_after(&world, &with("ES256"));
    world.advance(600);
    assert_eq!(algs_after(&world, &with("EdDSA")), [Alg::Es256, Alg::EdDsa, Alg::EdDsa]);
}
