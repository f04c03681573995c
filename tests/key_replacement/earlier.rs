//! What the release before generations of keys has written and handed out.

use std::cell::RefCell;
use std::collections::BTreeMap;

use mintedge::memory::World;
use mintedge::protocol::keys::kek::Keks;
use mintedge::protocol::keys::sealed::{CODE_PREFIX, open, seal};
use mintedge::protocol::model::id::Id;
use mintedge::protocol::tokens::authorization_code::AuthorizationCode;
use serde_json::Value;

use crate::kek::{KEKS, keks};
use crate::suite::browser::{Browser, PASSWORD, PageForm};
use crate::suite::harness::{Fixture, Req, Target, TestClient};
use crate::suite::in_memory::{ISSUER, InMemory};
use crate::suite::login::{Login, claims, text};
use crate::{Held, assert_all, generation, heard, isolate, keyring, retire, rotate};

/// What release 990b797 wrote and handed out; see `tests/state/README.md`.
fn earlier() -> Value {
    serde_json::from_str(include_str!("../state/990b797.json")).expect("JSON")
}

pub(crate) fn cookies(value: &Value) -> BTreeMap<String, String> {
    let pairs = value.as_object().expect("cookies").iter();
    pairs.map(|(name, cookie)| (name.clone(), cookie.as_str().expect("text").to_owned())).collect()
}

/// A world that goes on where the earlier release ended.
fn upgraded(memory: &Value) -> InMemory {
    let world = World::from_rest(ISSUER, text(memory, "rest")).expect("a world");
    world.set_keks(Keks::parse(Some(text(memory, "kek")), None).expect("a KEK"));
    isolate(&world)
}

fn resumed<'a>(f: &'a Fixture<'a>, memory: &Value) -> Login<'a> {
    let client = TestClient {
        id: text(&memory["client"], "id").to_owned(),
        secret: text(&memory["client"], "secret").to_owned(),
    };
    let browser = Browser::new(f);
    browser.cookies.replace(cookies(&memory["cookies"]));
    Login { f, client, browser, email: text(memory, "email").to_owned() }
}

pub(crate) fn held(memory: &Value) -> Held {
    let fields = |page: &Value| {
        let fields = page["fields"].as_array().expect("fields").iter();
        let field = |field: &Value| {
            (field[0].as_str().expect("a name").to_owned(), field[1].as_str().expect("a value").to_owned())
        };
        fields.map(field).collect()
    };
    Held {
        refresh: text(memory, "refresh_token").to_owned(),
        access: text(memory, "access_token").to_owned(),
        code: text(memory, "code").to_owned(),
        link: text(memory, "invitation").to_owned(),
        request_uri: text(memory, "request_uri").to_owned(),
        page: PageForm {
            action: text(&memory["login_page"], "action").to_owned(),
            fields: fields(&memory["login_page"]),
        },
        stranger: cookies(&memory["login_page"]["cookies"]),
        account: PageForm { action: String::new(), fields: fields(&memory["account_page"]) },
    }
}

#[test]
fn what_the_release_before_generations_handed_out_is_good_for_its_life() {
    let memory = earlier();
    let target = upgraded(&memory);
    let f = Fixture::resume(&target);
    let login = resumed(&f, &memory);
    assert_all(&held(&memory).good(&login), true);
    let id_token = claims(text(&login.tokens(&[]), "id_token"));
    assert_eq!(id_token["sub"], memory["sub"]);
    let generated = &memory["generated_client"];
    let service =
        TestClient { id: text(generated, "id").to_owned(), secret: text(generated, "secret").to_owned() };
    f.token(&service, "");
    assert_eq!(generation(text(&login.tokens(&[]), "refresh_token")), 0);
}

#[test]
fn a_server_from_before_generations_rotates_root_and_kek_and_nobody_notices() {
    let memory = earlier();
    let target = upgraded(&memory);
    let world = &target.world;
    let f = Fixture::resume(&target);
    let login = resumed(&f, &memory);
    rotate(world, true);
    world.set_keks(Keks::parse(Some(KEKS[1]), Some(text(&memory, "kek"))).expect("keys"));
    heard(world);
    assert_all(&held(&memory).good(&login), true);
    world.set_keks(keks(Some(1), &[]));
    let after = isolate(world);
    let token = text(&memory, "offline_refresh_token");
    let request = Req::token(&format!("grant_type=refresh_token&refresh_token={token}"));
    let answer = after.send(&request.basic(&login.client.id, &login.client.secret)).expect(200).json();
    assert_eq!(generation(text(&answer, "refresh_token")), 1);
    retire(world, 0, &[]);
    heard(world);
    assert_all(&held(&memory).good(&login), false);
    let page = login.authorize(&[]).expect(200);
    login.browser.log_in(&page, &login.email, PASSWORD).expect(303);
    assert_eq!(claims(text(&login.tokens(&[]), "id_token"))["sub"], memory["sub"]);
    login.refresh(text(&answer, "refresh_token"), "").expect(200);
}

#[test]
fn codes_without_a_proof_end_with_the_release_that_made_them() {
    let memory = earlier();
    let target = upgraded(&memory);
    let f = Fixture::resume(&target);
    let login = resumed(&f, &memory);
    let guard = keyring(&target.world).derived.code;
    let genuine: AuthorizationCode = open(&guard, CODE_PREFIX, text(&memory, "code")).expect("a code");
    assert_eq!(genuine.proof, None);
    target.world.advance(7200);
    let id = RefCell::new(genuine);
    let forged = |expires_in: u64| {
        let mut code = id.borrow_mut();
        code.id = Id::generate(&target.world);
        code.expires_at = target.world.now().plus(expires_in);
        seal(&guard, CODE_PREFIX, &*code, &target.world).expect("sealed")
    };
    login.redeem(&forged(60)).expect_error(400, "invalid_grant");
}
