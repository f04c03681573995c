//! Publication of what the Control object changed: nothing is lost whatever fails, what takes something away comes first, and the
//! object's alarm goes on.

#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use mintedge::memory::{FailAt, Memory, World};
use mintedge::protocol::Server;
use mintedge::protocol::config::{ClientConfig, Config};
use mintedge::protocol::keys::kek::Keks;
use mintedge::protocol::model::grant_type::GrantType;
use mintedge::protocol::model::time::{DAY, HOUR};
use mintedge::protocol::objects::control::{ControlCommand, ControlReply, DueSnapshot, PublishedSnapshot};

const ISSUER: &str = "https://id.example.com";
const KEK: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

fn world() -> (World, Server<Memory>) {
    let world = World::new(ISSUER).expect("an issuer");
    world.control(&ControlCommand::Open).expect("opened");
    let server = world.isolate(None);
    (world, server)
}

fn create(world: &World, client_id: &str) {
    let client = ClientConfig {
        client_id: client_id.to_owned(),
        grant_types: vec![GrantType::ClientCredentials],
        ..ClientConfig::default()
    };
    match world.control(&ControlCommand::CreateClient { client: Box::new(client) }) {
        Ok(ControlReply::ClientWithSecret { .. }) => {}
        other => panic!("{other:?}"),
    }
}

fn enable(world: &World, client_id: &str, enabled: bool) {
    world.control(&ControlCommand::SetEnabled { client_id: client_id.to_owned(), enabled }).expect("done");
}

fn due(world: &World, limit: u32) -> Vec<DueSnapshot> {
    match world.control(&ControlCommand::DueSnapshots { limit }) {
        Ok(ControlReply::Snapshots(due)) => due,
        other => panic!("{other:?}"),
    }
}

fn ring(world: &World, server: &Server<Memory>) -> bool {
    pollster::block_on(world.ring_control(server)).expect("rung")
}

#[test]
fn an_alarm_publishes_what_changed_and_then_waits_for_the_keys() {
    let (world, server) = world();
    create(&world, "app");
    assert_eq!(world.control_alarm(), Some(world.now()), "at once");
    assert!(ring(&world, &server));
    assert!(due(&world, 10).is_empty());
    let snapshots = world.counts().snapshot_writes;
    assert_eq!(snapshots, 2, "the configuration and the client");
    let alarm = world.control_alarm().expect("one for the keys");
    assert!(alarm > world.now().plus(HOUR) && alarm <= world.now().plus(90 * DAY), "{alarm:?}");
    assert!(!ring(&world, &server), "not due yet");
    // Asking for the same again publishes nothing.
    enable(&world, "app", true);
    assert_eq!(world.control_alarm(), Some(alarm));
}

#[test]
fn more_than_one_alarm_can_publish_is_published_by_several() {
    let (world, server) = world();
    for number in 0..100 {
        create(&world, &format!("client-{number:02}"));
    }
    let mut alarms = 0;
    while ring(&world, &server) {
        alarms += 1;
        assert!(alarms < 10, "it goes on for ever");
    }
    assert_eq!((alarms, world.counts().snapshot_writes), (3, 101));
    assert!(due(&world, 10).is_empty());
}

#[test]
fn what_can_not_be_written_is_tried_again_soon() {
    let (world, server) = world();
    create(&world, "app");
    world.set_unwritable(true);
    pollster::block_on(world.ring_control(&server)).expect_err("nothing is written");
    assert_eq!(due(&world, 10).len(), 2);
    assert_eq!(world.control_alarm(), Some(world.now().plus(5)));
    world.set_unwritable(false);
    assert!(!ring(&world, &server), "not yet");
    world.advance(5);
    assert!(ring(&world, &server));
    assert!(due(&world, 10).is_empty());
}

#[test]
fn a_row_that_can_not_be_read_holds_nothing_back() {
    let (world, server) = world();
    create(&world, "broken");
    create(&world, "fine");
    ring(&world, &server);
    enable(&world, "broken", false);
    world.rewrite(
        |value| if value.contains(r#""client_id":"broken""#) { "{".to_owned() } else { value.to_owned() },
    );
    enable(&world, "fine", false);
    pollster::block_on(world.ring_control(&server)).expect_err("one can't be published");
    let fine =
        |value: &String| value.contains(r#""client_id":"fine""#) && value.contains(r#""disabled":true"#);
    assert!(world.published().values().any(fine), "{:?}", world.published());
    let alarm = world.control_alarm().expect("another try");
    assert!(alarm > world.now() && alarm <= world.now().plus(60), "soon, and not at once: {alarm:?}");
}

#[test]
fn a_failure_before_or_after_a_commit_loses_no_change() {
    for at in [FailAt::BeforeCommit, FailAt::AfterCommit] {
        let (world, server) = world();
        assert!(ring(&world, &server));
        // The change itself: done and to be published, or neither.
        create(&world, "app");
        assert!(ring(&world, &server));
        world.fail_next(at);
        let off = ControlCommand::SetEnabled { client_id: "app".to_owned(), enabled: false };
        world.control(&off).expect_err("told to fail");
        let committed = at == FailAt::AfterCommit;
        assert_eq!(due(&world, 10).len(), usize::from(committed), "{at:?}");
        assert_eq!(world.control_alarm() == Some(world.now()), committed, "{at:?}");
        // What says that it is published.
        world.control(&off).expect("done");
        let [snapshot] = due(&world, 10).try_into().expect("one");
        world.fail_next(at);
        let DueSnapshot { place, change, .. } = snapshot;
        let published =
            ControlCommand::Published { snapshots: vec![PublishedSnapshot { place, change }], all: true };
        world.control(&published).expect_err("told to fail");
        assert_eq!(due(&world, 10).is_empty(), committed, "{at:?}");
        // It may be said again.
        world.control(&published).expect("done");
        assert!(due(&world, 10).is_empty());
    }
}

#[test]
fn a_name_that_changes_while_it_is_published_is_published_again() {
    let (world, _) = world();
    create(&world, "app");
    let publishing = due(&world, 10);
    let written: Vec<_> = publishing
        .iter()
        .map(|due| PublishedSnapshot { place: due.place.clone(), change: due.change })
        .collect();
    enable(&world, "app", false);
    world.control(&ControlCommand::Published { snapshots: written, all: true }).expect("done");
    let [left] = due(&world, 10).try_into().expect("one");
    assert!(left.name.ends_with("/client/app") && left.value.is_some_and(|json| json.contains("disabled")));
    assert_eq!(world.control_alarm(), Some(world.now()));
}

#[test]
fn of_a_hundred_mixed_changes_those_that_take_something_away_are_due_first() {
    let (world, server) = world();
    for number in 0..50 {
        create(&world, &format!("old-{number:02}"));
    }
    while ring(&world, &server) {}
    for number in 0..50 {
        create(&world, &format!("new-{number:02}"));
        let old = format!("old-{number:02}");
        if number % 2 == 0 {
            world.control(&ControlCommand::DeleteClient { client_id: old }).expect("deleted");
        } else {
            enable(&world, &old, false);
            // What gives something back makes it no less urgent.
            enable(&world, &old, true);
        }
    }
    let due = due(&world, 100);
    assert_eq!(due.len(), 100);
    for (position, due) in due.iter().enumerate() {
        assert_eq!(due.name.contains("/client/old-"), position < 50, "{position}: {}", due.name);
    }
    // One that was only to be given and is taken away before it is published moves to the front.
    enable(&world, "new-49", false);
    let first = self::due(&world, 51);
    assert!(first.iter().any(|due| due.name.ends_with("/client/new-49")));
    assert_eq!(self::due(&world, 200).len(), 100, "once only");
}

/// What ends for all clients is in the configuration: it waits for none of them.
#[test]
fn the_configuration_comes_before_any_number_of_clients() {
    let (world, server) = world();
    for number in 0..60 {
        create(&world, &format!("old-{number:02}"));
    }
    while ring(&world, &server) {}
    for number in 0..60 {
        enable(&world, &format!("old-{number:02}"), false);
    }
    world.control(&ControlCommand::RevokeClients { client_id: None }).expect("revoked");
    let some = due(&world, 45);
    assert_eq!(some.len(), 45);
    assert!(some[0].name.ends_with("/snapshot"), "{}", some[0].name);
    assert_eq!(some.iter().filter(|due| due.name.ends_with("/snapshot")).count(), 1, "once");
}

#[test]
fn keys_that_can_not_be_tended_hold_nothing_back() {
    let world = World::new(ISSUER).expect("an issuer");
    world.set_keks(Keks::parse(Some(KEK), None).expect("a KEK"));
    world.control(&ControlCommand::Open).expect("opened");
    create(&world, "app");
    world.set_keks(Keks::default());
    pollster::block_on(world.ring_control(&world.isolate(None))).expect_err("another KEK");
    assert!(due(&world, 10).is_empty(), "the change is published");
}

#[test]
fn keys_that_the_platform_makes_are_made_once_and_all_at_once() {
    let (world, _) = world();
    let resources = ["EdDSA", "ES256", "RS256", "PS256"].map(|alg| {
        let identifier = format!("https://{}.example", alg.to_lowercase());
        serde_json::json!({ "identifier": identifier, "scopes": [alg], "signing_alg": alg })
    });
    let config = serde_json::json!({ "resource": resources }).to_string();
    let config: Config = serde_json::from_str(&config).expect("a configuration");
    let apply = |base_version| ControlCommand::Apply { base_version, config: Box::new(config.clone()) };
    let made = |world: &World| match world.control(&ControlCommand::Keys) {
        Ok(ControlReply::Keys(keys)) => keys.len(),
        other => panic!("{other:?}"),
    };
    assert_eq!(made(&world), 1);
    // A failure while it is carried out leaves neither keys nor configuration.
    world.fail_next(FailAt::BeforeCommit);
    world.control(&apply(0)).expect_err("told to fail");
    assert_eq!(made(&world), 1);
    assert!(matches!(world.control(&apply(0)), Ok(ControlReply::Applied { version: 1, .. })));
    assert_eq!(made(&world), 4);
    assert!(matches!(world.control(&apply(1)), Ok(ControlReply::Applied { version: 1, .. })));
    assert_eq!(made(&world), 4);
}

#[test]
fn an_alarm_makes_the_successors_of_keys_that_the_platform_makes() {
    let (world, server) = world();
    let config =
        r#"{ "resource": [{ "identifier": "https://a.example", "scopes": ["a"], "signing_alg": "ES256" }] }"#;
    let config: Config = serde_json::from_str(config).expect("a configuration");
    world.control(&ControlCommand::Apply { base_version: 0, config: Box::new(config) }).expect("applied");
    let made = || match world.control(&ControlCommand::Keys) {
        Ok(ControlReply::Keys(keys)) => keys.len(),
        other => panic!("{other:?}"),
    };
    let before = made();
    let mut rung = 0;
    while made() == before {
        let alarm = world.control_alarm().expect("one");
        assert!(alarm <= world.now().plus(90 * DAY), "{alarm:?}");
        world.advance(alarm.since(world.now()));
        assert!(ring(&world, &server));
        rung += 1;
        assert!(rung < 20, "no successor is made");
    }
    while ring(&world, &server) {}
    assert!(world.control_alarm().is_some_and(|at| at > world.now()), "it goes on");
}
