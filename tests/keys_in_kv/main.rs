//! The keys that lie sealed in KV: an edge that starts needs nobody but KV, and believes nothing there that the holder of
//! the `KEK` did not write for this issuer. See `docs/decisions/keys-in-kv.md`.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod kek;

use base64ct::{Base64UrlUnpadded, Encoding as _};
use mintedge::memory::{Counts, Memory, World, token_request};
use mintedge::protocol::Server;
use mintedge::protocol::http::{Body, Headers, Method, Request, Response, SensitiveHeader};
use mintedge::protocol::keys::kek::Keks;
use mintedge::protocol::keys::keyring::KeyringParcel;
use mintedge::protocol::keys::published::{GOOD_FOR, RENEW_AFTER};
use mintedge::protocol::model::issuer::Issuer;
use mintedge::protocol::model::secret::Secret;
use mintedge::protocol::model::time::{DAY, HOUR};
use mintedge::protocol::objects::control::{ControlCommand, ControlReply, keyring_name, snapshot_name};
use serde_json::{Value, json};

const ISSUER: &str = "https://id.example.com";
const ADMIN_SECRET: &str = "an admin secret that is long enough to be accepted";
const KEKS: [&str; 3] = [
    "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
    "IAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
    "QAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
];
const ONE_READ: Counts = Counts {
    snapshot_reads: 1,
    control_calls: 0,
    rows_written: 0,
    object_calls: 0,
    object_rows_written: 0,
    snapshot_writes: 0,
    documents_read: 0,
};

fn keks(current: usize, previous: &[usize]) -> Keks {
    let previous: Vec<&str> = previous.iter().map(|index| KEKS[*index]).collect();
    Keks::parse(Some(KEKS[current]), Some(&previous.join(" "))).expect("keys")
}

/// A server with a `KEK` and a client, all of it published.
struct Deployment {
    world: World,
    client: (String, String),
}

impl Deployment {
    fn new() -> Self {
        Self::of(ISSUER, "app")
    }

    fn of(issuer: &str, client_id: &str) -> Self {
        let world = World::new(issuer).expect("an issuer");
        world.set_keks(keks(0, &[]));
        world.control(&ControlCommand::Open).expect("opened");
        let client = create(&world, client_id);
        world.publish().expect("published");
        Self { world, client }
    }

    fn edge(&self) -> Server<Memory> {
        self.world.isolate(Some(&Secret::received(ADMIN_SECRET)))
    }

    fn token(&self, server: &Server<Memory>) -> Response {
        token(server, &self.client.0, &self.client.1)
    }

    /// Which key signs the first token of an edge that starts now, and what that costs.
    fn first_token(&self) -> (String, Counts) {
        let before = self.world.counts();
        let kid = kid(&self.token(&self.edge()));
        (kid, self.world.counts().since(before))
    }

    fn tend(&self) {
        self.world.control(&ControlCommand::Tend).expect("tended");
        self.world.publish().expect("published");
    }

    fn sealed(&self) -> Option<String> {
        self.world.published().get(&keyring_name(&issuer(ISSUER))).cloned()
    }

    fn seal(&self, value: Option<&str>) {
        self.world.tamper(&keyring_name(&issuer(ISSUER)), value);
    }

    fn snapshot(&self) -> String {
        self.world.published()[&snapshot_name(&issuer(ISSUER))].clone()
    }

    fn rotate(&self, immediately: bool) {
        self.world.control(&ControlCommand::RotateKeys { alg: None, immediately }).expect("rotated");
    }
}

fn issuer(text: &str) -> Issuer {
    Issuer::parse(text).expect("an issuer")
}

fn create(world: &World, client_id: &str) -> (String, String) {
    let members = json!({
        "client_id": client_id,
        "grant_types": ["client_credentials"],
        "scopes": ["mintedge:read"],
    });
    let client = serde_json::from_value(members).expect("a client");
    match world.control(&ControlCommand::CreateClient { client: Box::new(client) }) {
        Ok(ControlReply::ClientWithSecret { client, secret: Some(secret) }) => {
            let secret = String::from_utf8(secret.client_secret.expose().to_vec()).expect("text");
            (client.client_id.clone(), secret)
        }
        other => panic!("{other:?}"),
    }
}

fn token(server: &Server<Memory>, id: &str, secret: &str) -> Response {
    pollster::block_on(server.handle(&token_request(id, secret)))
}

fn get(server: &Server<Memory>, path: &str, authorization: Option<&str>) -> Response {
    let authorization = authorization.map(|text| SensitiveHeader::new(text.to_owned()));
    let headers = Headers { authorization, ..Headers::default() };
    pollster::block_on(server.handle(&Request::new(Method::Get, path, headers, Body::Bytes(Vec::new()))))
}

fn kid(response: &Response) -> String {
    assert_eq!(response.status, 200, "{}", response.body);
    let answer: Value = serde_json::from_str(&response.body).expect("JSON");
    let token = answer["access_token"].as_str().expect("a token");
    let header =
        Base64UrlUnpadded::decode_vec(token.split('.').next().expect("a header")).expect("base64url");
    let header: Value = serde_json::from_slice(&header).expect("JSON");
    header["kid"].as_str().expect("a kid").to_owned()
}

fn parcel(world: &World) -> KeyringParcel {
    match world.control(&ControlCommand::Open) {
        Ok(ControlReply::Opened { keyring, .. }) => keyring,
        other => panic!("{other:?}"),
    }
}

/// Sends one request to a server.
type Ask<'a> = dyn Fn(&Server<Memory>) -> Response + 'a;

#[test]
fn a_cold_isolate_mints_its_first_token_with_one_read_of_kv_and_no_call() {
    for client_id in ["app", ""] {
        let d = Deployment::of(ISSUER, client_id);
        let (_, counts) = d.first_token();
        assert_eq!(counts, ONE_READ, "{client_id:?}");
        d.world.set_unreachable(true);
        d.first_token();
    }
    let d = Deployment::new();
    let bearer = token(&d.edge(), "mintedge-admin", ADMIN_SECRET).body;
    let bearer: Value = serde_json::from_str(&bearer).expect("JSON");
    let bearer = format!("Bearer {}", bearer["access_token"].as_str().expect("a token"));
    let of_admin = |server: &Server<Memory>| token(server, "mintedge-admin", ADMIN_SECRET);
    let requests: [(&str, &Ask<'_>); 4] = [
        ("the admin client", &of_admin),
        ("keys", &|server| get(server, "/jwks", None)),
        ("metadata", &|server| get(server, "/.well-known/openid-configuration", None)),
        ("a token of somebody else's", &|server| get(server, "/userinfo", Some(&bearer))),
    ];
    for (description, request) in requests {
        let before = d.world.counts();
        let status = request(&d.edge()).status;
        assert!(status == 200 || status == 401 || status == 403, "{description}: {status}");
        assert_eq!(d.world.counts().since(before), ONE_READ, "{description}");
    }
}

#[test]
fn nothing_secret_lies_in_kv_in_the_clear() {
    for kek in [None, Some(0)] {
        let world = World::new(ISSUER).expect("an issuer");
        world.set_keks(kek.map(|kek| keks(kek, &[])).unwrap_or_default());
        world.control(&ControlCommand::Open).expect("opened");
        let (_, secret) = create(&world, "app");
        world.control(&ControlCommand::RotateRoot { immediately: false }).expect("rotated");
        world.control(&ControlCommand::RotateKeys { alg: None, immediately: false }).expect("rotated");
        world.publish().expect("published");
        let held = parcel(&world);
        let mut secrets: Vec<&[u8]> = vec![held.root.expose(), secret.as_bytes()];
        secrets.extend(held.roots.iter().map(|root| root.secret.expose()));
        secrets.extend(held.keys.iter().map(|(_, private)| private.expose()));
        assert!(secrets.len() >= 5, "{}", secrets.len());
        let published = world.published();
        let values: Vec<Vec<u8>> = published.values().flat_map(|value| decodings(value)).collect();
        for secret in secrets {
            for value in &values {
                assert!(!value.windows(24).any(|window| window == &secret[..24]), "{kek:?}");
            }
        }
        let expected = usize::from(kek.is_some());
        assert_eq!(published.keys().filter(|name| name.ends_with("/keyring")).count(), expected, "{kek:?}");
        assert!(!published.values().any(|value| KEKS.iter().any(|kek| value.contains(kek))));
    }
}

/// A value, and what every word in it may stand for.
fn decodings(value: &str) -> Vec<Vec<u8>> {
    let words = value.split(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_');
    let decoded = words.filter_map(|word| Base64UrlUnpadded::decode_vec(word).ok());
    decoded.chain([value.as_bytes().to_vec()]).collect()
}

/// Whoever can write to KV and has no `KEK` makes edges ask the Control object, no more.
#[test]
fn what_the_holder_of_the_kek_did_not_write_for_this_issuer_is_ignored() {
    let d = Deployment::new();
    let (kid, _) = d.first_token();
    let good = d.sealed().expect("published");
    let other_issuer = Deployment::of("https://other.example.com", "app");
    let foreign = other_issuer.world.published()[&keyring_name(&issuer("https://other.example.com"))].clone();
    let other_kek = {
        let world = World::new(ISSUER).expect("an issuer");
        world.set_keks(keks(1, &[]));
        world.control(&ControlCommand::Open).expect("opened");
        world.publish().expect("published");
        world.published()[&keyring_name(&issuer(ISSUER))].clone()
    };
    let in_the_clear = serde_json::to_string(&parcel(&other_issuer.world)).expect("JSON");
    let mut flipped = good.clone().into_bytes();
    *flipped.last_mut().expect("one") ^= 1;
    let flipped = String::from_utf8(flipped).expect("ASCII");
    let newer = good.replacen(".1.", ".2.", 1);
    for (description, value) in [
        ("another issuer's", Some(foreign.as_str())),
        ("another KEK's", Some(other_kek.as_str())),
        ("in the clear", Some(in_the_clear.as_str())),
        ("a bit changed", Some(flipped.as_str())),
        ("another version written on it", Some(newer.as_str())),
        ("truncated", Some(&good[..good.len() / 2])),
        ("of another layout", Some(good.replacen('1', "2", 1).as_str())),
        ("empty", Some("")),
        ("the snapshot", Some(d.snapshot().as_str())),
        ("none", None),
    ] {
        d.seal(value);
        let (signed_with, counts) = d.first_token();
        assert_eq!(signed_with, kid, "{description}");
        assert_eq!(counts, Counts { control_calls: 1, ..ONE_READ }, "{description}");
        d.world.set_unreachable(true);
        assert_eq!(d.token(&d.edge()).status, 503, "{description}");
        d.world.set_unreachable(false);
    }
    d.seal(Some(&good));
    assert_eq!(d.first_token(), (kid, ONE_READ));
}

#[test]
fn keys_older_than_the_configuration_says_are_ignored() {
    let d = Deployment::new();
    let older = d.sealed().expect("published");
    d.rotate(true);
    d.world.publish().expect("published");
    let (kid, counts) = d.first_token();
    assert_eq!(counts, ONE_READ);
    d.seal(Some(&older));
    assert_eq!(d.first_token(), (kid, Counts { control_calls: 1, ..ONE_READ }));
}

/// Newer keys are good, but only those that everybody can look up by now.
#[test]
fn keys_that_the_configuration_does_not_show_yet_are_not_used() {
    let d = Deployment::new();
    let (before, older) = (d.first_token().0, d.snapshot());
    d.rotate(true);
    d.world.publish().expect("published");
    d.world.tamper(&snapshot_name(&issuer(ISSUER)), Some(&older));
    let (kid, counts) = d.first_token();
    assert_eq!(counts, Counts { control_calls: 1, ..ONE_READ });
    assert_ne!(kid, before);
}

/// Whoever sets a server up anew, with the issuer, `KEK` and KV namespace of one that was there before, finds that one's keys.
#[test]
fn keys_of_an_earlier_deployment_are_ignored_whatever_their_version() {
    let earlier = Deployment::new();
    for _ in 0..5 {
        earlier.rotate(true);
    }
    earlier.world.publish().expect("published");
    let d = Deployment::new();
    d.rotate(true);
    d.world.publish().expect("published");
    let (kid, _) = d.first_token();
    d.seal(earlier.sealed().as_deref());
    assert_eq!(d.first_token(), (kid, Counts { control_calls: 1, ..ONE_READ }));
}

/// Somebody who kept an old value and can write to KV may put it back together with the configuration of that time: an edge that has
/// seen newer ones doesn't follow, and one that starts does so until the value ends.
#[test]
fn kv_that_goes_back_in_time_takes_no_edge_with_it_and_none_for_long() {
    let d = Deployment::new();
    let (old_kid, old, old_snapshot) = (d.first_token().0, d.sealed(), d.snapshot());
    let warm = d.edge();
    d.token(&warm);
    d.world.control(&ControlCommand::RetireKey { kid: old_kid.clone() }).expect("retired");
    d.world.publish().expect("published");
    d.world.advance(26);
    let new_kid = kid(&d.token(&warm));
    assert_ne!(new_kid, old_kid);
    d.seal(old.as_deref());
    d.world.tamper(&snapshot_name(&issuer(ISSUER)), Some(&old_snapshot));
    for _ in 0..3 {
        d.world.advance(26);
        assert_eq!(kid(&d.token(&warm)), new_kid);
    }
    d.world.advance(GOOD_FOR);
    let (kid, counts) = d.first_token();
    assert_eq!((kid, counts.control_calls), (new_kid, 1));
}

/// The end counts for edges that run, too: one that started with what was put back asks when that ends.
#[test]
fn an_edge_that_started_with_old_keys_gives_them_up_when_they_end() {
    let d = Deployment::new();
    let (old_kid, old, old_snapshot) = (d.first_token().0, d.sealed(), d.snapshot());
    d.world.control(&ControlCommand::RetireKey { kid: old_kid.clone() }).expect("retired");
    d.world.publish().expect("published");
    let put_back = || {
        d.seal(old.as_deref());
        d.world.tamper(&snapshot_name(&issuer(ISSUER)), Some(&old_snapshot));
    };
    put_back();
    let edge = d.edge();
    assert_eq!(kid(&d.token(&edge)), old_kid, "nothing tells it");
    d.world.advance(GOOD_FOR - 1);
    put_back();
    assert_eq!(kid(&d.token(&edge)), old_kid);
    d.world.advance(1);
    put_back();
    assert_ne!(kid(&d.token(&edge)), old_kid);
}

#[test]
fn a_configuration_that_claims_to_be_newer_than_all_is_corrected_by_the_object() {
    let d = Deployment::new();
    let genuine = d.snapshot();
    let mut forged: Value = serde_json::from_str(&genuine).expect("JSON");
    for version in ["config_version", "keys_version"] {
        forged[version] = json!(u64::MAX);
    }
    d.world.tamper(&snapshot_name(&issuer(ISSUER)), Some(&forged.to_string()));
    let edge = d.edge();
    d.token(&edge);
    d.world.tamper(&snapshot_name(&issuer(ISSUER)), Some(&genuine));
    let before = d.world.counts();
    for _ in 0..3 {
        assert_eq!(d.token(&edge).status, 200);
        d.world.advance(26);
    }
    assert_eq!(d.world.counts().since(before).control_calls, 0, "what KV says counts again");
}

#[test]
fn a_key_that_is_taken_out_signs_nowhere_after_a_minute() {
    let d = Deployment::new();
    let warm = d.edge();
    let leaked = kid(&d.token(&warm));
    d.world.control(&ControlCommand::RetireKey { kid: leaked.clone() }).expect("retired");
    // KV shows edges for 30 s what they have read; then all of it, or the configuration alone.
    d.world.publish_unseen().expect("published");
    d.world.advance(30);
    d.world.publish().expect("published");
    let (kid_now, counts) = d.first_token();
    assert_ne!(kid_now, leaked);
    assert_eq!(counts, ONE_READ, "the new keys lie there too");
    d.world.advance(25);
    assert_eq!(kid(&d.token(&warm)), kid_now, "within 60 s");
}

#[test]
fn a_root_secret_that_is_taken_out_is_known_nowhere_after_a_minute() {
    let d = Deployment::new();
    let before = parcel(&d.world).writing;
    let retire = ControlCommand::RetireRoot { id: before, purposes: std::collections::BTreeSet::new() };
    d.world.control(&retire).expect("retired");
    let older = d.sealed();
    d.world.publish().expect("published");
    assert_ne!(older, d.sealed());
    assert_eq!(d.first_token().1, ONE_READ);
    d.seal(older.as_deref());
    assert_eq!(d.first_token().1, Counts { control_calls: 1, ..ONE_READ });
}

#[test]
fn a_rotation_that_was_announced_needs_nobody_at_the_switch() {
    let d = Deployment::new();
    let (before, _) = d.first_token();
    d.rotate(false);
    d.world.publish().expect("published");
    assert_eq!(d.first_token(), (before.clone(), ONE_READ), "published, and not yet used");
    d.world.set_unreachable(true);
    d.world.advance(DAY);
    let (after, counts) = d.first_token();
    assert_ne!(after, before);
    assert_eq!(counts, ONE_READ);
}

#[test]
fn the_copy_is_made_anew_every_day_and_without_that_it_ends() {
    let d = Deployment::new();
    let first = d.sealed();
    d.world.advance(RENEW_AFTER - HOUR);
    d.tend();
    assert_eq!(d.sealed(), first, "not due yet");
    d.world.advance(HOUR);
    d.tend();
    let second = d.sealed();
    assert_ne!(second, first);
    d.world.advance(GOOD_FOR - 1);
    assert_eq!(d.first_token().1, ONE_READ);
    d.world.advance(1);
    // Every alarm since was missed: the first edge that starts makes up for that.
    assert_eq!(d.first_token().1.control_calls, 1);
    d.world.publish().expect("published");
    assert_ne!(d.sealed(), second);
    assert_eq!(d.first_token().1, ONE_READ);
}

#[test]
fn a_new_key_of_any_kind_is_published_with_the_configuration_that_names_it() {
    let d = Deployment::new();
    let changes: [(&str, &dyn Fn()); 5] = [
        ("a rotation", &|| d.rotate(false)),
        ("a rotation at once", &|| d.rotate(true)),
        ("a retirement", &|| {
            let kid = d.first_token().0;
            d.world.control(&ControlCommand::RetireKey { kid }).expect("retired");
        }),
        ("a generation of the root secret", &|| {
            d.world.control(&ControlCommand::RotateRoot { immediately: true }).expect("rotated");
        }),
        ("a new algorithm", &|| {
            let members = json!({
                "client_id": "rsa",
                "grant_types": ["authorization_code"],
                "redirect_uris": ["https://app.example/cb"],
                "scopes": ["openid"],
                "id_token_signed_response_alg": "RS256",
            });
            let client = serde_json::from_value(members).expect("a client");
            let created = d.world.control(&ControlCommand::CreateClient { client: Box::new(client) });
            assert!(matches!(created, Ok(ControlReply::ClientWithSecret { .. })), "{created:?}");
        }),
    ];
    for (description, change) in changes {
        let before = d.sealed();
        change();
        d.world.publish().expect("published");
        assert_ne!(d.sealed(), before, "{description}");
        assert_eq!(d.first_token().1, ONE_READ, "{description}");
    }
    let before = d.sealed();
    create(&d.world, "another");
    d.world.publish().expect("published");
    assert_eq!(d.sealed(), before, "a client changes no key");
}

#[test]
fn made_up_clients_make_a_cold_isolate_ask_no_more_than_a_warm_one() {
    let d = Deployment::new();
    d.seal(None);
    d.world.set_unreachable(true);
    let edge = d.edge();
    let before = d.world.counts();
    for number in 0..100 {
        assert!(token(&edge, &format!("made-up-{number}"), "x").status >= 401);
    }
    let calls = d.world.counts().since(before).control_calls;
    assert!(calls <= 20, "{calls}");
}
