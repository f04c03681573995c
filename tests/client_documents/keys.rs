//! Clients whose document names keys: they authenticate with them, and what they got so is of no use without.

use serde_json::{Value, json};

use crate::suite::foreign::Key;
use crate::suite::harness::{Fixture, Req, Resp, encode};
use crate::suite::in_memory::target;
use crate::suite::login::text;
use crate::{
    CLIENT, REDIRECT, VERIFIER, allow, form, open, person, publish, redeem, refresh, request, with_rules,
};

const KEYS: &str = "https://app.vendor.example/jwks.json";
const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// What `ChatGPT` says of itself.
fn signing(members: &Value) -> Value {
    let mut all = json!({
        "token_endpoint_auth_method": "private_key_jwt", "token_endpoint_auth_methods_supported": ["none", "private_key_jwt"],
    });
    for (name, value) in members.as_object().expect("members") {
        all[name] = value.clone();
    }
    all
}

fn inline(key: &Key) -> Value {
    signing(&json!({ "jwks": { "keys": [key.jwk("k1")] } }))
}

fn signed(f: &Fixture<'_>, key: &Key, now: u64, fields: &[(&str, &str)]) -> Resp {
    let claims = json!({ "iss": CLIENT, "sub": CLIENT, "aud": f.target.issuer(), "iat": now, "exp": now + 300, "jti": f.unique("jti") });
    let assertion = key.token("k1", &claims);
    let proof = [("client_assertion_type", TYPE), ("client_assertion", &assertion)];
    let fields: Vec<_> = fields.iter().copied().chain(proof).collect();
    f.send(&Req::token(&form(&fields)))
}

fn redeemed(f: &Fixture<'_>, key: &Key, now: u64, code: &str) -> Resp {
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", REDIRECT),
        ("code_verifier", VERIFIER),
    ];
    signed(f, key, now, &fields)
}

fn refreshed(f: &Fixture<'_>, key: &Key, now: u64, token: &str) -> Resp {
    signed(f, key, now, &[("grant_type", "refresh_token"), ("refresh_token", token)])
}

#[test]
fn a_client_that_says_it_signs_has_to() {
    for at_address in [false, true] {
        let target = target();
        let (world, key) = (&target.world, Key::ed(57));
        let f = with_rules(&target, &open(CLIENT));
        let keys = json!({ "keys": [key.jwk("k1")] });
        world.set_document(KEYS, Some(keys.to_string().into_bytes()));
        let place = if at_address { json!({ "jwks_uri": KEYS }) } else { json!({ "jwks": keys }) };
        publish(world, &signing(&place));
        let (browser, page) = person(&f);
        let code = allow(&browser, &page);
        redeem(&f, &code).expect_error(401, "invalid_client");
        redeemed(&f, &Key::ed(58), world.now().0, &code).expect_error(401, "invalid_client");
        let tokens = redeemed(&f, &key, world.now().0, &code).expect(200).json();
        let token = text(&tokens, "refresh_token");
        refresh(&f, token).expect_error(401, "invalid_client");
        refreshed(&f, &key, world.now().0, token).expect(200);
    }
}

#[test]
fn the_algorithm_that_the_document_names_is_the_only_one() {
    let target = target();
    let (one, other) = (Key::ed(59), Key::ec(60));
    let f = with_rules(&target, &open(CLIENT));
    let keys = json!({ "keys": [one.jwk("k1"), other.jwk("k1")] });
    publish(&target.world, &signing(&json!({ "jwks": keys, "token_endpoint_auth_signing_alg": "ES256" })));
    let (browser, page) = person(&f);
    let (code, now) = (allow(&browser, &page), target.world.now().0);
    redeemed(&f, &one, now, &code).expect_error(401, "invalid_client");
    redeemed(&f, &other, now, &code).expect(200);
}

#[test]
fn what_was_given_to_keys_is_of_no_use_without_them() {
    let target = target();
    let (world, key) = (&target.world, Key::ed(51));
    let f = with_rules(&target, &open(CLIENT));
    publish(world, &inline(&key));
    let (browser, page) = person(&f);
    let tokens = redeemed(&f, &key, world.now().0, &allow(&browser, &page)).expect(200).json();
    let token = text(&tokens, "refresh_token");
    publish(world, &json!({}));
    world.advance(700);
    // Whoever stole the refresh token isn't helped by that the client has become a public one.
    refresh(&f, token).expect_error(400, "invalid_grant");
    // People are asked again, and what they give then is a public client's.
    let page = browser.authorize(&request(CLIENT, REDIRECT)).expect(200);
    let tokens = redeem(&f, &allow(&browser, &page)).expect(200).json();
    // Back to keys, that needs them, too.
    publish(world, &inline(&key));
    world.advance(700);
    refresh(&f, text(&tokens, "refresh_token")).expect_error(401, "invalid_client");
    refreshed(&f, &key, world.now().0, text(&tokens, "refresh_token")).expect(200);
}

#[test]
fn a_code_that_is_redeemed_with_keys_makes_a_grant_that_needs_them() {
    let target = target();
    let (world, key) = (&target.world, Key::ed(52));
    let f = with_rules(&target, &open(CLIENT));
    publish(world, &json!({}));
    let (browser, page) = person(&f);
    world.advance(595);
    let code = allow(&browser, &page);
    publish(world, &inline(&key));
    world.advance(30);
    let tokens = redeemed(&f, &key, world.now().0, &code).expect(200).json();
    publish(world, &json!({}));
    world.advance(700);
    refresh(&f, text(&tokens, "refresh_token")).expect_error(400, "invalid_grant");
}

#[test]
fn people_are_asked_again_when_keys_come_from_elsewhere_or_grants_are_added() {
    let target = target();
    let world = &target.world;
    let f = with_rules(&target, &open(CLIENT));
    let code_only = json!({ "grant_types": ["authorization_code"] });
    publish(world, &code_only);
    let (browser, page) = person(&f);
    allow(&browser, &page);
    for (members, asks) in [
        (code_only, false),
        (json!({}), true),
        (inline(&Key::ed(53)), true),
        (inline(&Key::ed(53)), false),
        (inline(&Key::ed(54)), true),
        (signing(&json!({ "jwks_uri": KEYS })), true),
        (signing(&json!({ "jwks_uri": KEYS, "client_name": "New" })), false),
        (signing(&json!({ "jwks_uri": "https://app.vendor.example/other.json" })), true),
    ] {
        publish(world, &members);
        world.advance(700);
        let page = browser.authorize(&request(CLIENT, REDIRECT));
        assert_eq!(page.status == 200, asks, "{members}");
        if asks {
            allow(&browser, &page);
        }
    }
}

#[test]
fn a_key_that_has_come_into_the_document_works_at_once() {
    let target = target();
    let (world, key, next) = (&target.world, Key::ed(55), Key::ed(56));
    let f = with_rules(&target, &open(CLIENT));
    publish(world, &inline(&key));
    let (browser, page) = person(&f);
    let tokens = redeemed(&f, &key, world.now().0, &allow(&browser, &page)).expect(200).json();
    publish(world, &inline(&next));
    world.advance(60);
    let before = world.counts().documents_read;
    let token = text(&tokens, "refresh_token");
    refreshed(&f, &next, world.now().0, token).expect(200);
    assert_eq!(world.counts().documents_read, before + 1);
    for _ in 0..5 {
        refreshed(&f, &key, world.now().0, token).expect_error(401, "invalid_client");
    }
    assert_eq!(world.counts().documents_read, before + 1, "and only once in half a minute");
}

#[test]
fn without_usable_keys_it_is_public_only_if_it_says_so() {
    let target = target();
    let f = with_rules(&target, &open(CLIENT));
    publish(&target.world, &signing(&json!({ "jwks_uri": "https://10.0.0.1/jwks" })));
    let (browser, page) = person(&f);
    redeem(&f, &allow(&browser, &page)).expect(200);
    let introspect = Req::token(&format!("token=x&client_id={}", encode(CLIENT)));
    f.send(&Req { path: "/introspect".to_owned(), ..introspect }).expect_error(401, "invalid_client");
}
