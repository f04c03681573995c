//! Accounts live in two objects. Every operation on them may be cut off at every step, before or after it persisted, and
//! asked for again.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

use mintedge::memory::{FailAt, Memory, World};
use mintedge::protocol::Server;
use mintedge::protocol::http::{Body, Headers, Method, Request, SensitiveHeader};
use mintedge::protocol::model::secret::Secret;
use serde_json::{Value, json};

const ISSUER: &str = "https://id.example.com";
const ADMIN_SECRET: &str = "an admin secret that is long enough to be accepted";

struct Place {
    world: World,
    server: Server<Memory>,
    token: String,
}

impl Place {
    fn new() -> Self {
        let world = World::new(ISSUER).expect("an issuer");
        let server = world.isolate(Some(&Secret::received(ADMIN_SECRET)));
        let mut place = Self { world, server, token: String::new() };
        let form = "grant_type=client_credentials&scope=mintedge:read+mintedge:write";
        let body = Body::Bytes(form.as_bytes().to_vec());
        let basic =
            "Basic ".to_owned() + &base64(&format!("mintedge-admin:{}", ADMIN_SECRET.replace(' ', "+")));
        let granted = place.send(Method::Post, "/token", &basic, "application/x-www-form-urlencoded", body);
        assert_eq!(granted.0, 200, "{granted:?}");
        granted.1["access_token"].as_str().expect("a token").clone_into(&mut place.token);
        place
    }

    fn send(
        &self,
        method: Method,
        path: &str,
        authorization: &str,
        media_type: &str,
        body: Body,
    ) -> (u16, Value) {
        let headers = Headers {
            authorization: Some(SensitiveHeader::new(authorization.to_owned())),
            content_type: Some(media_type.to_owned()),
            ..Headers::default()
        };
        let response = pollster::block_on(self.server.handle(&Request::new(method, path, headers, body)));
        (response.status, serde_json::from_str(&response.body).unwrap_or_default())
    }

    fn admin(&self, method: Method, path: &str, body: &Value) -> (u16, Value) {
        let body = Body::Bytes(if body.is_null() { Vec::new() } else { body.to_string().into_bytes() });
        let bearer = format!("Bearer {}", self.token);
        self.send(method, &format!("/admin/v1/{path}"), &bearer, "application/json", body)
    }

    fn create(&self, login: &str) -> (u16, Value) {
        self.admin(Method::Post, "users", &json!({ "login": login }))
    }

    fn find(&self, name: &str) -> Option<Value> {
        let (status, user) = self.admin(Method::Get, &format!("users/{name}"), &Value::Null);
        assert!(status == 200 || status == 404, "{user}");
        (status == 200).then_some(user)
    }

    /// Everyone in the directory: login and sub, in order.
    fn listed(&self) -> Vec<(String, String)> {
        let (mut all, mut after) = (Vec::new(), String::new());
        loop {
            let (_, page) = self.admin(Method::Get, &format!("users{after}"), &Value::Null);
            for user in page["users"].as_array().expect("users") {
                let text = |name: &str| user[name].as_str().expect("text").to_owned();
                all.push((text("login"), text("sub")));
            }
            match page["next"].as_str() {
                Some(next) => after = format!("?after={next}"),
                None => break,
            }
        }
        all.sort();
        all
    }

    /// Cuts `work` off at its call number `calls`. False if it has no such call.
    fn cut_off(&self, calls: u64, at: FailAt, work: impl Fn(&Self) -> (u16, Value)) -> bool {
        self.world.fail_object_after(calls, at);
        let (status, _) = work(self);
        let failed = !self.world.fail_no_object();
        assert_eq!(failed, status == 503, "call {calls}");
        failed
    }
}

fn base64(text: &str) -> String {
    use base64ct::{Base64, Encoding as _};
    Base64::encode_string(text.as_bytes())
}

/// Runs `check` with every call of `work` failing, before and after it persisted. Says how many calls there are.
fn at_every_step(
    prepare: impl Fn(&Place),
    work: impl Fn(&Place) -> (u16, Value),
    check: impl Fn(&Place, &str),
) -> u64 {
    for calls in 0..20 {
        for at in [FailAt::BeforeCommit, FailAt::AfterCommit] {
            let place = Place::new();
            prepare(&place);
            if !place.cut_off(calls, at, &work) {
                return calls;
            }
            check(&place, &format!("call {calls}, {at:?}"));
        }
    }
    panic!("there is no end of calls");
}

fn sub(user: &Value) -> String {
    user["sub"].as_str().expect("a sub").to_owned()
}

#[test]
fn making_an_account_may_be_cut_off_and_repeated() {
    let calls = at_every_step(
        |_| {},
        |place| place.create("ada"),
        |place, when| {
            let (status, answer) = place.create("ada");
            assert!(status == 201 || status == 409, "{when}: {answer}");
            let user = place.find("ada").expect(when);
            assert_eq!(place.listed(), [("ada".to_owned(), sub(&user))], "{when}");
        },
    );
    assert_eq!(calls, 2);
}

#[test]
fn an_abandoned_identifier_goes_to_somebody_new_and_its_sub_to_nobody() {
    let place = Place::new();
    assert!(place.cut_off(0, FailAt::AfterCommit, |place| place.create("ada")));
    let abandoned = place.listed()[0].1.clone();
    assert_eq!(place.find("ada"), None);
    assert_eq!(place.create("ada").0, 201);
    assert_ne!(place.listed(), [("ada".to_owned(), abandoned)]);
}

#[test]
fn deleting_an_account_may_be_cut_off_and_repeated() {
    let before = std::cell::RefCell::new(String::new());
    let calls = at_every_step(
        |place| *before.borrow_mut() = sub(&place.create("ada").1["user"]),
        |place| place.admin(Method::Delete, "users/ada", &Value::Null),
        |place, when| {
            let (status, _) = place.admin(Method::Delete, "users/ada", &Value::Null);
            assert!(status == 204 || status == 404, "{when}");
            assert_eq!((place.find("ada"), place.listed()), (None, Vec::new()), "{when}");
            assert_eq!(place.create("ada").0, 201, "{when}");
            assert_ne!(sub(&place.find("ada").expect(when)), *before.borrow(), "{when}");
        },
    );
    assert_eq!(calls, 4);
}

#[test]
fn a_deletion_that_was_cut_off_still_gives_the_sub_to_nobody() {
    at_every_step(
        |place| drop(place.create("ada")),
        |place| place.admin(Method::Delete, "users/ada", &Value::Null),
        |place, when| {
            let before = place.listed();
            let (status, answer) = place.create("ada");
            if status == 201 {
                assert!(before.iter().all(|(_, known)| *known != sub(&answer["user"])), "{when}");
                assert_eq!(place.listed().len(), 1, "{when}");
            } else {
                assert_eq!((status, place.find("ada").is_some()), (409, true), "{when}");
            }
        },
    );
}

#[test]
fn renaming_may_be_cut_off_and_repeated() {
    let before = std::cell::RefCell::new(String::new());
    let path = |sub: &str| format!("users/{sub}");
    let rename = |place: &Place| {
        place.admin(
            Method::Patch,
            &path(&before.borrow()),
            &json!({ "login": "lovelace", "claims": { "name": "Ada" } }),
        )
    };
    let calls = at_every_step(
        |place| *before.borrow_mut() = sub(&place.create("ada").1["user"]),
        rename,
        |place, when| {
            let (status, answer) = rename(place);
            assert_eq!(status, 200, "{when}: {answer}");
            assert_eq!(
                (&answer["login"], &answer["claims"]),
                (&json!("lovelace"), &json!({ "name": "Ada" }))
            );
            assert_eq!(place.listed(), [("lovelace".to_owned(), before.borrow().clone())], "{when}");
            assert_eq!(place.create("ada").0, 201, "{when}");
        },
    );
    assert_eq!(calls, 4);
}

#[test]
fn a_page_of_users_asks_thirty_shards_at_most() {
    let place = Place::new();
    place.create("ada");
    let before = place.world.counts();
    place.admin(Method::Get, "users", &Value::Null);
    let after = place.world.counts();
    assert!(after.object_calls - before.object_calls <= 30);
    assert_eq!(after.object_rows_written, before.object_rows_written);
}
