//! Replacing the `KEK`, and a wrong one.

use mintedge::memory::{FailAt, World};
use mintedge::protocol::keys::derived::Purpose;
use mintedge::protocol::keys::kek::Keks;
use mintedge::protocol::objects::control::ControlCommand;
use serde_json::json;

use crate::suite::harness::{Fixture, Req, Resp, Target};
use crate::suite::in_memory::{InMemory, target};
use crate::suite::login::{Login, text};
use crate::{heard, inventory, isolate, rotate};

pub(crate) const KEKS: [&str; 3] = [
    "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
    "AQECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
    "AgECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
];

pub(crate) fn keks(current: Option<usize>, previous: &[usize]) -> Keks {
    let previous: Vec<&str> = previous.iter().map(|index| KEKS[*index]).collect();
    Keks::parse(current.map(|index| KEKS[index]), Some(&previous.join(" "))).expect("keys")
}

fn opens(world: &World) -> bool {
    world.control(&ControlCommand::Open).is_ok()
}

#[test]
fn a_kek_is_replaced_and_whatever_interrupts_it_the_keys_can_be_opened() {
    for at in [None, Some(FailAt::BeforeCommit), Some(FailAt::AfterCommit)] {
        let target = target();
        let world = &target.world;
        let f = Fixture::new(&target);
        let login = Login::new(&f, &json!({}));
        let refresh = text(&login.tokens(&[]), "refresh_token").to_owned();
        rotate(world, false);
        // (the KEK, those before it): none, a first one, the new one beside it, gone back in the middle, on again, done.
        let steps: [(Option<usize>, &[usize]); 8] = [
            (None, &[]),
            (Some(0), &[]),
            (Some(0), &[0]),
            (Some(1), &[0]),
            (Some(0), &[1]),
            (Some(1), &[0]),
            (Some(1), &[]),
            (Some(2), &[1, 0]),
        ];
        for (current, previous) in steps {
            world.set_keks(keks(current, previous));
            if let Some(at) = at {
                world.fail_next(at);
                assert!(!opens(world));
            }
            // Until something is tended nothing is wrapped anew, and everything can be read nevertheless.
            let edge = isolate(world);
            let request = Req::token(&format!("grant_type=refresh_token&refresh_token={refresh}"));
            edge.send(&request.basic(&login.client.id, &login.client.secret)).expect(200);
            let kek = inventory(world).kek;
            assert_eq!(
                (kek.id.is_some(), kek.others == 0),
                (current.is_some(), current.is_some()),
                "{kek:?}"
            );
            assert!(current.is_none() || !world.at_rest().contains("clear"));
        }
    }
}

/// What is at rest without the sealed copy of the keys in KV, and without the note that there is one.
fn without_copy(at_rest: &str) -> String {
    let mut left = at_rest.to_owned();
    for (from, to) in [(",\\\"sealed_copy\\\":{", "}"), ("\"PxsegGxPpiqc8ANp/keyring\": \"", "\", ")] {
        let start = left.find(from).expect("a copy");
        let end = left[start + from.len()..].find(to).expect("an end") + start + from.len() + to.len();
        left.replace_range(start..end, "");
    }
    left
}

#[test]
fn a_wrong_kek_is_refused_with_what_to_do_changes_nothing_and_is_mended() {
    let target = target();
    let world = &target.world;
    world.set_keks(keks(Some(0), &[]));
    let f = Fixture::new(&target);
    let client = f.client(&json!({}));
    f.token(&client, "");
    heard(world);
    let warm = isolate(world);
    let ask = |edge: &InMemory| -> Resp {
        edge.send(&Req::token("grant_type=client_credentials").basic(&client.id, &client.secret))
    };
    ask(&warm).expect(200);
    // Without any `KEK` the sealed copy of the keys leaves KV, and nothing else changes; after that nothing at all does.
    let with_copy = world.at_rest();
    world.set_keks(keks(None, &[]));
    assert!(world.control(&ControlCommand::Tend).is_err());
    world.publish().expect("published");
    let before = world.at_rest();
    assert_eq!(before, without_copy(&with_copy));
    for wrong in [keks(None, &[]), keks(Some(1), &[]), keks(Some(1), &[2])] {
        world.set_keks(wrong);
        let refused = ask(&isolate(world));
        refused.expect_error(500, "server_error");
        let line = world.log().last().cloned().unwrap_or_default();
        for advice in [keks(Some(0), &[]).id().expect("an id").as_str(), "set KEK back", "KEK_PREVIOUS"] {
            assert!(line.contains(advice), "{line}");
        }
        assert!(
            !line.contains(KEKS[1])
                && refused.json()["error_description"].as_str().is_some_and(|text| text.contains("secrets"))
        );
        for command in [
            ControlCommand::Tend,
            ControlCommand::RotateKeys { alg: None, immediately: true },
            ControlCommand::RotateRoot { immediately: true },
            ControlCommand::RetireRoot { id: 0, purposes: Purpose::ALL.into() },
        ] {
            assert!(world.control(&command).is_err(), "{command:?}");
        }
        assert_eq!(world.at_rest(), before, "nothing has changed");
        ask(&warm).expect(200);
        isolate(world).send(&Req::new("GET", "/jwks")).expect(200);
    }
    world.set_keks(keks(Some(1), &[0]));
    ask(&isolate(world)).expect(200);
    world.set_keks(keks(Some(1), &[]));
    ask(&isolate(world)).expect(200);
}
