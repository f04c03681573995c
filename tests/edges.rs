//! What edges do with stale reads, floods, failures and cold starts; and what a request may cost (operation counts).

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

#[path = "edges/strangers.rs"]
mod strangers;

use mintedge::memory::{Counts, FailAt, Memory, World};
use mintedge::protocol::Server;
use mintedge::protocol::config::Config;
use mintedge::protocol::http::{Body, Headers, Method, Request, Response, SensitiveHeader};
use mintedge::protocol::keys::kek::Keks;
use mintedge::protocol::model::secret::Secret;
use mintedge::protocol::objects::control::{ControlCommand, ControlReply};
use serde_json::{Value, json};

const ISSUER: &str = "https://id.example.com";
const ADMIN_SECRET: &str = "an admin secret that is long enough to be accepted";

fn world() -> World {
    World::new(ISSUER).expect("an issuer")
}

fn isolate(world: &World) -> Server<Memory> {
    world.isolate(Some(&Secret::received(ADMIN_SECRET)))
}

fn post(server: &Server<Memory>, id: &str, secret: &str, form: &str) -> Response {
    post_from(server, None, (id, secret), form)
}

fn post_from(
    server: &Server<Memory>,
    address: Option<&str>,
    (id, secret): (&str, &str),
    form: &str,
) -> Response {
    use base64ct::{Base64, Encoding as _};
    let basic = format!("Basic {}", Base64::encode_string(format!("{id}:{secret}").as_bytes()));
    let headers = Headers {
        authorization: Some(SensitiveHeader::new(basic)),
        content_type: Some("application/x-www-form-urlencoded".to_owned()),
        client_ip: address.map(str::to_owned),
        ..Headers::default()
    };
    let request = Request::new(Method::Post, "/token", headers, Body::Bytes(form.as_bytes().to_vec()));
    pollster::block_on(server.handle(&request))
}

fn token(server: &Server<Memory>, id: &str, secret: &str) -> Response {
    post(server, id, secret, "grant_type=client_credentials")
}

fn get(server: &Server<Memory>, path: &str) -> Response {
    let request = Request::new(Method::Get, path, Headers::default(), Body::Bytes(Vec::new()));
    pollster::block_on(server.handle(&request))
}

/// Puts a configuration with one client into force and returns the client's secret.
fn apply(world: &World, members: &Value) -> String {
    let mut client =
        json!({ "client_id": "app", "grant_types": ["client_credentials"], "scopes": ["orders:read"] });
    for (name, value) in members.as_object().expect("an object") {
        client[name] = value.clone();
    }
    let config = json!({
        "resource": [{ "identifier": "https://orders.example", "scopes": ["orders:read", "orders:write"] }],
        "client": [client],
    });
    let config: Config = serde_json::from_value(config).expect("a configuration");
    let Ok(ControlReply::Config { version, .. }) = world.control(&ControlCommand::Config) else {
        panic!("no configuration")
    };
    let command = ControlCommand::Apply { base_version: version, config: Box::new(config) };
    match world.control(&command) {
        Ok(ControlReply::Applied { secrets, .. }) => secrets.first().map_or_else(String::new, |secret| {
            String::from_utf8(secret.client_secret.expose().to_vec()).expect("text")
        }),
        other => panic!("{other:?}"),
    }
}

fn spent(world: &World, work: impl FnOnce()) -> Counts {
    let before = world.counts();
    work();
    world.counts().since(before)
}

#[test]
fn a_warm_isolate_asks_nobody_and_a_cold_one_little() {
    let world = world();
    let secret = apply(&world, &json!({}));
    world.publish().expect("published");
    let server = isolate(&world);
    let cold = spent(&world, || assert_eq!(token(&server, "app", &secret).status, 200));
    assert_eq!(cold, Counts { control_calls: 1, snapshot_reads: 1, ..Counts::default() }, "cold");
    world.set_keks(Keks::parse(Some("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"), None).expect("a KEK"));
    world.control(&ControlCommand::Tend).expect("tended");
    world.publish().expect("published");
    let server_with_kek = isolate(&world);
    let cold = spent(&world, || assert_eq!(token(&server_with_kek, "app", &secret).status, 200));
    assert_eq!(cold, Counts { snapshot_reads: 1, ..Counts::default() }, "cold, with a KEK");
    let warm = spent(&world, || {
        for _ in 0..100 {
            assert_eq!(token(&server, "app", &secret).status, 200);
        }
    });
    assert_eq!(warm, Counts::default(), "warm");
    // The cache lasts 25 s: one read of two names, no call of the object.
    world.advance(26);
    let stale = spent(&world, || assert_eq!(token(&server, "app", &secret).status, 200));
    assert_eq!(stale, Counts { snapshot_reads: 1, ..Counts::default() }, "after 26 s");
    let documents = spent(&world, || {
        assert_eq!(get(&server, "/jwks").status, 200);
        assert_eq!(get(&server, "/.well-known/openid-configuration").status, 200);
    });
    assert_eq!(documents, Counts::default(), "discovery and keys");
}

#[test]
fn registering_a_client_costs_one_call_two_rows_and_one_snapshot_write() {
    let world = world();
    apply(&world, &json!({}));
    world.publish().expect("published");
    let client = serde_json::from_value(json!({ "client_id": "second" })).expect("a client");
    let counts = spent(&world, || {
        world.control(&ControlCommand::CreateClient { client: Box::new(client) }).expect("created");
        world.publish().expect("published");
    });
    assert_eq!(counts, Counts { rows_written: 2, snapshot_writes: 1, ..Counts::default() });
}

#[test]
fn of_a_hundred_changes_those_that_take_something_away_are_published_first() {
    let world = world();
    apply(&world, &json!({}));
    let create = |id: String| {
        let members =
            json!({ "client_id": id, "grant_types": ["client_credentials"], "scopes": ["orders:read"] });
        let client = serde_json::from_value(members).expect("a client");
        match world.control(&ControlCommand::CreateClient { client: Box::new(client) }) {
            Ok(ControlReply::ClientWithSecret { client, secret: Some(secret) }) => (client, secret),
            other => panic!("{other:?}"),
        }
    };
    let old: Vec<_> = (0..50).map(|number| create(format!("old-{number}"))).collect();
    world.publish().expect("published");
    for (number, (client, secret)) in old.iter().enumerate() {
        create(format!("new-{number}"));
        let client_id = client.client_id.clone();
        let change = match number % 5 {
            0 => ControlCommand::SetEnabled { client_id, enabled: false },
            1 => ControlCommand::DeleteClient { client_id },
            2 => ControlCommand::RemoveSecret { client_id, secret_id: secret.secret_id.clone() },
            3 => ControlCommand::AddSecret {
                client_id,
                expires_at: None,
                others_expire_at: Some(world.now()),
                sha256: None,
            },
            _ => {
                let mut config = client.config.clone();
                config.grant_types.clear();
                ControlCommand::UpdateClient { client: Box::new(config) }
            }
        };
        world.control(&change).expect("changed");
        // What gives something afterward makes it no less urgent.
        if number % 5 == 3 {
            let client_id = client.client_id.clone();
            world.control(&ControlCommand::SetEnabled { client_id, enabled: true }).expect("as it was");
        }
    }
    world.publish_some(50).expect("published");
    let server = isolate(&world);
    for (client, secret) in &old {
        let secret = String::from_utf8(secret.client_secret.expose().to_vec()).expect("text");
        let refused = token(&server, &client.client_id, &secret).status;
        assert!(matches!(refused, 400 | 401), "{} {refused}", client.client_id);
    }
    assert!((0..50).all(|number| !world.at_rest().contains(&format!("/client/new-{number}\": \""))));
}

#[test]
fn fifty_cold_isolates_get_the_same_one_key() {
    let world = world();
    let bodies: std::collections::BTreeSet<String> =
        (0..50).map(|_| get(&isolate(&world), "/jwks").body).collect();
    assert_eq!(bodies.len(), 1);
    let keys: Value = serde_json::from_str(bodies.first().expect("one")).expect("JSON");
    assert_eq!(keys["keys"].as_array().map(Vec::len), Some(1));
}

#[test]
fn a_disabled_client_stops_within_a_minute_at_an_edge_with_stale_snapshots() {
    let world = world();
    let secret = apply(&world, &json!({}));
    world.publish().expect("published");
    let server = isolate(&world);
    assert_eq!(token(&server, "app", &secret).status, 200);
    world
        .control(&ControlCommand::SetEnabled { client_id: "app".to_owned(), enabled: false })
        .expect("disabled");
    world.publish_unseen().expect("published");
    // KV may go on showing the old value for 30 s; what the isolate read at the end of that lasts 25 s.
    world.advance(30);
    token(&server, "app", &secret);
    world.publish().expect("KV has caught up");
    world.advance(25);
    assert_eq!(token(&server, "app", &secret).status, 401);
}

#[test]
fn a_client_works_at_once_where_snapshots_say_there_is_none() {
    let world = world();
    let server = isolate(&world);
    assert_eq!(token(&server, "app", "x").status, 401);
    let secret = apply(&world, &json!({}));
    world.publish_unseen().expect("published");
    assert_eq!(token(&server, "app", &secret).status, 200);
}

#[test]
fn a_new_scope_and_a_new_secret_work_at_once_at_a_warm_edge() {
    let world = world();
    let secret = apply(&world, &json!({}));
    world.publish().expect("published");
    let server = isolate(&world);
    let wanted = "grant_type=client_credentials&scope=orders:write";
    assert_eq!(post(&server, "app", &secret, wanted).status, 400);
    apply(&world, &json!({ "scopes": ["orders:read", "orders:write"] }));
    world.publish_unseen().expect("published");
    assert_eq!(post(&server, "app", &secret, wanted).status, 200);
    let rotate = ControlCommand::AddSecret {
        client_id: "app".to_owned(),
        expires_at: None,
        others_expire_at: Some(world.now().plus(60)),
        sha256: None,
    };
    let Ok(ControlReply::ClientWithSecret { secret: Some(new), .. }) = world.control(&rotate) else {
        panic!("no secret")
    };
    let new = String::from_utf8(new.client_secret.expose().to_vec()).expect("text");
    assert_eq!(token(&server, "app", &new).status, 200);
    assert_eq!(token(&server, "app", &secret).status, 200);
    world.publish().expect("KV has caught up");
    world.advance(60);
    assert_eq!(token(&server, "app", &secret).status, 401, "the overlap is over");
    assert_eq!(token(&server, "app", &new).status, 200);
}

#[test]
fn private_keys_are_wrapped_at_rest_once_there_is_a_kek() {
    let world = world();
    let server = isolate(&world);
    let before = get(&server, "/jwks").body;
    assert!(world.at_rest().contains("clear"), "without a KEK the key lies in the clear");
    let kek = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
    world.set_keks(Keks::parse(Some(kek), None).expect("a KEK"));
    world.control(&ControlCommand::Tend).expect("tended");
    assert!(!world.at_rest().contains("clear") && world.at_rest().contains("wrapped"));
    assert_eq!(get(&isolate(&world), "/jwks").body, before, "the key is the same");
    assert_eq!(token(&isolate(&world), "mintedge-admin", ADMIN_SECRET).status, 200);
    for wrong in [None, Some("ZZECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8")] {
        world.set_keks(Keks::parse(wrong, None).expect("a KEK"));
        let response = token(&isolate(&world), "mintedge-admin", ADMIN_SECRET);
        assert_eq!(response.status, 500);
        assert!(!response.body.contains("KEK"), "{}", response.body);
    }
    assert!(Keks::parse(Some("too short"), None).is_err());
}

#[test]
fn an_apply_that_fails_leaves_nothing_half_done() {
    for at in [FailAt::BeforeCommit, FailAt::AfterCommit] {
        let world = world();
        apply(&world, &json!({}));
        let config: Config =
            serde_json::from_value(json!({ "tokens": { "access_token_ttl": 60 } })).expect("valid");
        let command = ControlCommand::Apply { base_version: 1, config: Box::new(config) };
        world.fail_next(at);
        assert!(world.control(&command).is_err());
        let Ok(ControlReply::Config { version, config }) = world.control(&ControlCommand::Config) else {
            panic!("unreadable")
        };
        let committed = at == FailAt::AfterCommit;
        assert_eq!((version, config.client.len()), if committed { (2, 0) } else { (1, 1) }, "{at:?}");
        let again = world.control(&command).expect("an answer");
        let conflict = matches!(again, ControlReply::Refused(_));
        assert_eq!(conflict, committed, "a repeated apply that had taken effect says so");
    }
}

#[test]
fn an_unreachable_control_object_is_a_503_and_a_warm_edge_goes_on() {
    let world = world();
    let secret = apply(&world, &json!({}));
    world.publish().expect("published");
    let warm = isolate(&world);
    assert_eq!(token(&warm, "app", &secret).status, 200);
    world.set_unreachable(true);
    assert_eq!(token(&warm, "app", &secret).status, 200);
    world.advance(3600);
    assert_eq!(token(&warm, "app", &secret).status, 200, "KV still has everything but private keys");
    let cold = token(&isolate(&world), "app", &secret);
    assert_eq!(cold.status, 503);
    assert_eq!(cold.header("retry-after"), Some("1"));
}

#[test]
fn without_an_admin_secret_there_is_no_admin_client() {
    let world = world();
    for secret in [None, Some(""), Some("short"), Some("thirty-one characters, no more.")] {
        let secret = secret.map(Secret::received);
        let server = world.isolate(secret.as_ref());
        for guess in ["", "short", "admin", "thirty-one characters, no more."] {
            assert_eq!(token(&server, "mintedge-admin", guess).status, 401);
        }
    }
}

#[test]
fn issuers_that_share_a_namespace_see_nothing_of_each_other() {
    let (one, other) = (world(), World::new("https://other.example.com").expect("an issuer"));
    apply(&one, &json!({}));
    apply(&other, &json!({}));
    one.publish().expect("published");
    other.publish().expect("published");
    let names = |world: &World| {
        let at_rest = world.at_rest();
        at_rest.split('"').filter(|part| part.ends_with("/snapshot")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert!(!names(&one).is_empty());
    assert!(names(&one).iter().all(|name| !names(&other).contains(name)));
}

#[test]
fn the_log_has_one_line_per_request_and_no_secret_token_or_hash() {
    let world = world();
    let secret = apply(&world, &json!({}));
    let server = isolate(&world);
    let issued = token(&server, "app", &secret);
    let hash = serde_json::to_string(&Secret::received(secret.clone()).hash()).expect("JSON");
    token(&server, "app", "wrong secret");
    token(&server, "a-secret-pasted-as-client-id", "x");
    post(&server, "app", &secret, "grant_type=client_credentials&scope=very-private");
    get(&server, "/nowhere?token=very-private");
    let log = world.log();
    assert_eq!(log.len(), 5);
    let lines: Vec<Value> = log.iter().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines[0]["client_id"], "app");
    assert_eq!((&lines[0]["outcome"], &lines[0]["grant_type"]), (&json!("ok"), &json!("client_credentials")));
    assert_eq!((&lines[1]["error"], &lines[1]["cause"]), (&json!("invalid_client"), &json!("secret_wrong")));
    assert_eq!(lines[2]["cause"], "client_unknown");
    assert_eq!(lines[3]["cause"], "scope_unknown");
    assert_eq!(lines[4]["status"], 404);
    let text = log.join("\n");
    let body: Value = serde_json::from_str(&issued.body).expect("JSON");
    let token = body["access_token"].as_str().expect("a token");
    for private in [secret.as_str(), hash.trim_matches('"'), token, "wrong secret", "very-private", "pasted"]
    {
        assert!(!text.contains(private), "{private}");
    }
    assert!(lines.iter().all(|line| line["request_id"].as_str().is_some_and(|id| id.len() == 16)));
}

#[test]
fn client_secrets_are_never_at_rest_in_the_clear() {
    let world = world();
    let secret = apply(&world, &json!({}));
    world.publish().expect("published");
    assert!(!secret.is_empty() && !world.at_rest().contains(&secret));
}

#[test]
fn an_edge_whose_clock_is_behind_signs_with_keys_that_start_at_once() {
    let world = world();
    world.set_edge_lag(5);
    let server = isolate(&world);
    let issued = token(&server, "mintedge-admin", ADMIN_SECRET);
    assert_eq!(issued.status, 200, "the first key");
    let body: Value = serde_json::from_str(&issued.body).expect("JSON");
    let headers = Headers {
        authorization: body["access_token"]
            .as_str()
            .map(|token| SensitiveHeader::new(format!("Bearer {token}"))),
        ..Headers::default()
    };
    let request = Request::new(Method::Get, "/admin/v1/keys", headers, Body::Bytes(Vec::new()));
    assert_eq!(pollster::block_on(server.handle(&request)).status, 200, "its token is accepted");
    let Ok(ControlReply::Keys(keys)) = world.control(&ControlCommand::Keys) else { panic!("no keys") };
    let kid = keys.first().expect("a key").kid.clone();
    world.control(&ControlCommand::RetireKey { kid }).expect("retired");
    world.publish().expect("published");
    assert_eq!(token(&isolate(&world), "mintedge-admin", ADMIN_SECRET).status, 200, "after an emergency");
}
