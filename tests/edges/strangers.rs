//! Made-up client ids and guessed secrets: what they cost, and whom they hold up.

use mintedge::memory::{Counts, Memory, World};
use mintedge::protocol::Server;
use mintedge::protocol::model::secret::Secret;
use mintedge::protocol::objects::control::{ControlCommand, ControlReply};
use serde_json::json;

use crate::{apply, isolate, post_from, spent, token, world};

#[test]
fn a_forged_generated_id_costs_no_call_and_a_flood_of_others_a_bounded_number() {
    let world = world();
    let secret = apply(&world, &json!({}));
    world.publish().expect("published");
    let server = isolate(&world);
    assert_eq!(token(&server, "app", &secret).status, 200);
    let forged = spent(&world, || {
        for number in 0..1000 {
            let id = format!("mec_{number:028}");
            assert_eq!(token(&server, &id, "x").status, 401);
        }
    });
    assert_eq!(forged, Counts::default());
    let flood = spent(&world, || {
        for number in 0..1000 {
            assert_eq!(token(&server, &format!("made-up-{number}"), "x").status, 401);
        }
    });
    assert!(flood.control_calls <= 20, "{flood:?}");
    assert_eq!(flood.rows_written, 0);
    world.advance(5);
    let later = spent(&world, || {
        for number in 0..1000 {
            token(&server, &format!("later-{number}"), "x");
        }
    });
    assert!(later.control_calls <= 5, "{later:?}");
}

#[test]
fn a_flood_of_made_up_ids_leaves_known_clients_what_they_need() {
    let world = world();
    let secret = apply(&world, &json!({}));
    world.publish().expect("published");
    let server = isolate(&world);
    assert_eq!(token(&server, "app", &secret).status, 200);
    for number in 0..200 {
        token(&server, &format!("made-up-{number}"), "x");
    }
    let brought_along = "a secret from elsewhere";
    let add = ControlCommand::AddSecret {
        client_id: "app".to_owned(),
        expires_at: None,
        others_expire_at: None,
        sha256: Some(Secret::received(brought_along).hash()),
    };
    world.control(&add).expect("added");
    world.publish_unseen().expect("published");
    assert_eq!(token(&server, "app", &brought_along.replace(' ', "+")).status, 200);
}

#[test]
fn wrong_secrets_cost_the_object_a_bounded_number_of_calls() {
    let world = world();
    apply(&world, &json!({}));
    world.publish().expect("published");
    let server = isolate(&world);
    // The first look-up of an isolate asks for the keys beside it.
    token(&server, "app", "mes_no_checksum");
    let typed = spent(&world, || {
        for _ in 0..200 {
            token(&server, "app", "mes_no_checksum");
        }
    });
    assert_eq!(typed.control_calls, 0, "a broken checksum is no reason to ask");
    let guessed = spent(&world, || {
        for _ in 0..200 {
            let guess = Secret::generate("mes_", &world);
            assert_eq!(token(&server, "app", guess.expose()).status, 401);
        }
    });
    assert!(guessed.control_calls <= 20, "{guessed:?}");
}

/// Four senders try forty secrets of ours, made up, for `client_id`.
fn spray(world: &World, server: &Server<Memory>, client_id: &str) {
    for number in 0..40 {
        let guess = Secret::generate("mes_", world);
        let address = format!("192.0.2.{}", number % 4);
        let form = "grant_type=client_credentials";
        let response = post_from(server, Some(&address), (client_id, guess.expose()), form);
        assert_eq!(response.status, 401);
    }
}

/// Makes another secret for `client_id` that no snapshot shows yet.
pub(crate) fn rotate(world: &World, client_id: &str) -> String {
    let rotate = ControlCommand::AddSecret {
        client_id: client_id.to_owned(),
        expires_at: None,
        others_expire_at: Some(world.now()),
        sha256: None,
    };
    let Ok(ControlReply::ClientWithSecret { secret: Some(new), .. }) = world.control(&rotate) else {
        panic!("no secret")
    };
    world.publish_unseen().expect("published");
    String::from_utf8(new.client_secret.expose().to_vec()).expect("text")
}

#[test]
fn a_secret_of_a_moment_ago_works_while_strangers_try_others() {
    let world = world();
    apply(&world, &json!({}));
    let attacked = serde_json::from_value(json!({ "client_id": "attacked" })).expect("a client");
    world.control(&ControlCommand::CreateClient { client: Box::new(attacked) }).expect("created");
    world.publish().expect("published");
    let server = isolate(&world);
    let form = "grant_type=client_credentials";
    // Whose it is, and where it comes from; the third and fourth have one of the two in common with the strangers.
    let honest = [
        ("app", None),
        ("app", Some("198.51.100.1")),
        ("app", Some("192.0.2.1")),
        ("attacked", Some("198.51.100.2")),
    ];
    let mut refused = 0;
    for second in 0..300 {
        spray(&world, &server, "attacked");
        if second % 10 == 0 {
            for (client_id, address) in honest {
                let secret = rotate(&world, client_id);
                let response = post_from(&server, address, (client_id, &secret), form);
                refused += u64::from(response.status == 401);
            }
        }
        spray(&world, &server, "attacked");
        world.advance(1);
    }
    assert_eq!(refused, 0);
    assert!(world.counts().control_calls < 300 * 5, "{:?}", world.counts());
}

#[test]
fn a_client_of_a_moment_ago_works_while_strangers_make_ids_up() {
    let world = world();
    apply(&world, &json!({}));
    world.publish().expect("published");
    let server = isolate(&world);
    let form = "grant_type=client_credentials";
    for second in 0..60 {
        for number in 0..40 {
            let address = format!("192.0.2.{}", number % 4);
            let made_up = format!("made-up-{second}-{number}");
            assert_eq!(post_from(&server, Some(&address), (&made_up, "x"), form).status, 401);
        }
        if second % 5 == 0 {
            let id = format!("new-{second}");
            let members =
                json!({ "client_id": id, "grant_types": ["client_credentials"], "scopes": ["orders:read"] });
            let client = serde_json::from_value(members).expect("a client");
            let Ok(ControlReply::ClientWithSecret { secret: Some(new), .. }) =
                world.control(&ControlCommand::CreateClient { client: Box::new(client) })
            else {
                panic!("no secret")
            };
            let secret = String::from_utf8(new.client_secret.expose().to_vec()).expect("text");
            let response = post_from(&server, Some("198.51.100.1"), (&id, &secret), form);
            assert_eq!(response.status, 200, "{second}");
        }
        world.advance(1);
    }
}
