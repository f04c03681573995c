//! Root secret and `KEK` are replaced while people log in and clients refresh: nothing fails, nobody is logged out. Then an
//! emergency, after which nothing that was handed out before is worth anything, and people log in again.
//!
//! Runs once for every set of secrets that the deployment has had, against the same storage: `MINTEDGE_TEST_PHASE` says what
//! is to be tried, `MINTEDGE_TEST_MEMORY` names the file that carries on what everybody holds.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod suite;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use suite::browser::{Browser, PASSWORD, parameters};
use suite::harness::{Fixture, Req, Target, TestClient};
use suite::http::{target, variable};
use suite::login::{Login, text};

const PEOPLE: usize = 4;

/// What a person holds from one moment to the next.
struct Held {
    email: String,
    client: TestClient,
    cookies: BTreeMap<String, String>,
    refresh: String,
}

#[test]
fn every_key_is_replaced_under_load() {
    let path = variable("MINTEDGE_TEST_MEMORY");
    let target = target();
    let phase = variable("MINTEDGE_TEST_PHASE");
    let people = if let Ok(memory) = std::fs::read_to_string(&path) {
        remembered(&serde_json::from_str(&memory).expect("JSON"))
    } else {
        let f = Fixture::new(&target);
        (0..PEOPLE).map(|_| begin(&f)).collect()
    };
    let people = match phase.as_str() {
        "rotate" => under_load(people, |f| {
            for body in [json!({ "immediately": true }), json!({}), json!({ "immediately": true })] {
                let mut body = body;
                body["kind"] = "root".into();
                f.admin("POST", "keys/rotate", Some(&body)).expect(200);
                std::thread::sleep(Duration::from_secs(3));
            }
            assert_eq!(active(f), "root-2");
        }),
        "go_on" => under_load(people, |f| {
            let kek = f.admin("GET", "keys", None).expect(200).json()["kek"].clone();
            assert!(kek["others"] == 0 && kek["id"].is_string(), "{kek}");
            std::thread::sleep(Duration::from_secs(4));
        }),
        "wrong_kek" => refused(people, &target),
        "emergency" => emergency(people, &Fixture::resume(&target)),
        other => panic!("no phase {other}"),
    };
    let memory: Vec<Value> = people.iter().map(to_json).collect();
    std::fs::write(path, json!(memory).to_string()).expect("written");
}

fn to_json(held: &Held) -> Value {
    let Held { email, client, cookies, refresh } = held;
    json!({ "email": email, "id": client.id, "secret": client.secret, "cookies": cookies, "refresh": refresh })
}

fn remembered(memory: &Value) -> Vec<Held> {
    let held = |value: &Value| {
        let pairs = value["cookies"].as_object().expect("cookies").iter();
        Held {
            email: text(value, "email").to_owned(),
            client: TestClient { id: text(value, "id").to_owned(), secret: text(value, "secret").to_owned() },
            cookies: pairs
                .map(|(name, value)| (name.clone(), value.as_str().expect("text").to_owned()))
                .collect(),
            refresh: text(value, "refresh").to_owned(),
        }
    };
    memory.as_array().expect("people").iter().map(held).collect()
}

fn begin(f: &Fixture<'_>) -> Held {
    // So many that none gives way to what the load logs in elsewhere: a session's own grants go first.
    let login = Login::new(f, &json!({ "refresh": { "max_grants": 100 } }));
    let tokens = login.tokens(&[]);
    kept(login, text(&tokens, "refresh_token").to_owned())
}

fn kept(login: Login<'_>, refresh: String) -> Held {
    Held { email: login.email, client: login.client, cookies: login.browser.cookies.take(), refresh }
}

fn resume<'a>(f: &'a Fixture<'a>, held: Held) -> (Login<'a>, String) {
    let browser = Browser::new(f);
    browser.cookies.replace(held.cookies);
    (Login { f, client: held.client, browser, email: held.email }, held.refresh)
}

fn active(f: &Fixture<'_>) -> String {
    let shown = f.admin("GET", "keys", None).expect(200).json();
    let roots = shown["roots"].as_array().expect("roots").clone();
    let active = roots.iter().find(|root| root["state"] == "active").expect("one");
    text(active, "id").to_owned()
}

/// Everybody refreshes and logs in for as long as `work` lasts.
fn under_load(people: Vec<Held>, work: impl FnOnce(&Fixture<'_>)) -> Vec<Held> {
    let (over, rounds) = (AtomicBool::new(false), AtomicU32::new(0));
    let people = std::thread::scope(|scope| {
        let (over, rounds) = (&over, &rounds);
        let threads: Vec<_> =
            people.into_iter().map(|held| scope.spawn(move || live(held, over, rounds))).collect();
        let target = target();
        work(&Fixture::resume(&target));
        over.store(true, Ordering::Relaxed);
        threads.into_iter().map(|thread| thread.join().expect("nothing failed")).collect()
    });
    println!("{} rounds", rounds.into_inner());
    people
}

fn live(held: Held, over: &AtomicBool, rounds: &AtomicU32) -> Held {
    let target = target();
    let f = Fixture::resume(&target);
    let (login, mut refresh) = resume(&f, held);
    while !over.load(Ordering::Relaxed) {
        let tokens = login.refresh(&refresh, "").expect(200).json();
        login.userinfo(text(&tokens, "access_token")).expect(200);
        text(&tokens, "refresh_token").clone_into(&mut refresh);
        // In the browser that is logged in, and in one that isn't.
        login.redeem(&login.code(&[("prompt", "none")])).expect(200);
        let number = rounds.fetch_add(1, Ordering::Relaxed);
        if number.is_multiple_of(8) {
            let other = Browser::new(&f);
            let page = other.authorize(&login.request(&[])).expect(200);
            let answer = other.log_in(&page, &login.email, PASSWORD).expect(303);
            login.redeem(&parameters(&answer)["code"]).expect(200);
        }
    }
    kept(login, refresh)
}

/// With another `KEK` nothing is served that needs a key, the answer says why, and nothing is lost.
fn refused(people: Vec<Held>, target: &dyn Target) -> Vec<Held> {
    let body = format!("grant_type=refresh_token&refresh_token={}", people[0].refresh);
    let request = Req::token(&body).basic(&people[0].client.id, &people[0].client.secret);
    let answer = target.send(&request);
    answer.expect_error(500, "server_error");
    assert!(text(&answer.json(), "error_description").contains("the deployment's secrets"), "{answer:?}");
    target.send(&Req::new("GET", "/jwks")).expect(200);
    people
}

fn emergency(people: Vec<Held>, f: &Fixture<'_>) -> Vec<Held> {
    // An edge holds all generations, so all of them have leaked: those that are retiring made the cookies.
    let shown = f.admin("GET", "keys", None).expect(200).json();
    for root in shown["roots"].as_array().expect("roots") {
        f.admin("POST", &format!("keys/{}/retire", text(root, "id")), None).expect(200);
    }
    f.target.settle();
    people
        .into_iter()
        .map(|held| {
            let (login, refresh) = resume(f, held);
            login.refresh(&refresh, "").expect_error(400, "invalid_grant");
            let refused = parameters(&login.authorize(&[("prompt", "none")]).expect(303));
            assert_eq!(refused["error"], "login_required");
            let page = login.authorize(&[]).expect(200);
            let answer = login.browser.log_in(&page, &login.email, PASSWORD).expect(303);
            let tokens = login.redeem(&parameters(&answer)["code"]).expect(200).json();
            let refresh = text(&tokens, "refresh_token").to_owned();
            login.refresh(&refresh, "").expect(200);
            kept(login, refresh)
        })
        .collect()
}
