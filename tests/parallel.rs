//! Races against a running Worker: many requests at once for one code, one refresh token, one session.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::disallowed_methods, reason = "the real runtime has the real time")]

mod suite;

use std::collections::BTreeSet;
use std::sync::Barrier;
use std::time::{Duration, Instant};

use serde_json::json;
use suite::browser::{PageForm, VERIFIER, form};
use suite::ciba;
use suite::device::{GRANT, approve, begin, person, television};
use suite::harness::{Fixture, Req, Resp, Target};
use suite::http::{Worker, target};
use suite::login::{Login, REDIRECT, text};

const PARALLEL: usize = 64;
/// A code that is redeemed again so long after the first time counts as stolen.
const DOUBLE_SUBMIT: Duration = Duration::from_secs(10);

/// Sends all requests at the same moment and returns their answers in order.
fn at_once(requests: &[Req]) -> Vec<Resp> {
    let target: Worker = target();
    let barrier = Barrier::new(requests.len());
    std::thread::scope(|scope| {
        let threads: Vec<_> = requests
            .iter()
            .map(|request| {
                scope.spawn(|| {
                    barrier.wait();
                    target.send(request)
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("an answer")).collect()
    })
}

fn token_request(login: &Login<'_>, body: &str) -> Req {
    Req::token(body).basic(&login.client.id, &login.client.secret)
}

fn refresh_request(login: &Login<'_>, token: &str) -> Req {
    token_request(login, &format!("grant_type=refresh_token&refresh_token={token}"))
}

fn redeem_request(login: &Login<'_>, code: &str) -> Req {
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", REDIRECT),
        ("code_verifier", VERIFIER),
    ];
    token_request(login, &form(&fields))
}

#[test]
fn one_approval_found_by_many_polls_at_once_makes_one_grant() {
    let target = target();
    let f = Fixture::new(&target);
    let (tv, person) = (television(&f, &json!({})), person(&f));
    let begun = begin(&f, &tv);
    approve(&person.browser, &begun);
    let fields =
        [("grant_type", GRANT), ("device_code", text(&begun, "device_code")), ("client_id", tv.id.as_str())];
    let answers = at_once(&vec![Req::token(&form(&fields)); PARALLEL]);
    let (granted, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 200);
    assert_eq!(granted.len(), 1, "{granted:?}");
    for answer in refused {
        answer.expect_error(400, "invalid_grant");
    }
    let token = granted[0].json();
    let refresh = format!(
        "grant_type=refresh_token&client_id={}&refresh_token={}",
        tv.id,
        text(&token, "refresh_token")
    );
    f.send(&Req::token(&refresh)).expect(200);
}

#[test]
fn one_yes_on_the_account_page_found_by_many_polls_at_once_makes_one_grant() {
    let target = target();
    let f = Fixture::new(&target);
    let (agent, person) = (ciba::agent(&f, &json!({})), ciba::person(&f));
    let begun = ciba::begin(&f, &agent, &person);
    ciba::approve(&person.browser);
    let body = form(&[("grant_type", ciba::GRANT), ("auth_req_id", text(&begun, "auth_req_id"))]);
    let answers = at_once(&vec![Req::token(&body).basic(&agent.id, &agent.secret); PARALLEL]);
    let (granted, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 200);
    assert_eq!(granted.len(), 1, "{granted:?}");
    for answer in refused {
        answer.expect_error(400, "invalid_grant");
    }
    let refresh =
        format!("grant_type=refresh_token&refresh_token={}", text(&granted[0].json(), "refresh_token"));
    f.send(&Req::token(&refresh).basic(&agent.id, &agent.secret)).expect(200);
}

#[test]
fn a_yes_and_a_no_at_once_are_one_of_them() {
    let target = target();
    let f = Fixture::new(&target);
    let (agent, person) = (ciba::agent(&f, &json!({})), ciba::person(&f));
    let begun = ciba::begin(&f, &agent, &person);
    let page = PageForm::of(&person.browser.get("/account").expect(200).body);
    let decide = |action: &str| {
        let fields: Vec<_> =
            page.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let body = form(&[fields.as_slice(), &[("action", action)]].concat());
        let request =
            Req::new("POST", "/account").header("content-type", "application/x-www-form-urlencoded");
        person.browser.prepared(request.body(body))
    };
    let both = [decide("allow_request"), decide("deny_request")];
    let requests: Vec<_> = both.iter().cycle().take(16).cloned().collect();
    let answers = at_once(&requests);
    let said = |text: &str| answers.iter().any(|answer| answer.status == 200 && answer.body.contains(text));
    let (allowed, denied) = (said("Allowed. The"), said("Not allowed. The"));
    assert!(allowed != denied, "{answers:?}");
    let status = ciba::poll(&f, &agent, &begun).status;
    assert_eq!(status, if allowed { 200 } else { 400 });
    assert!(!person.browser.get("/account").expect(200).body.contains("Waiting for your answer"));
}

#[test]
fn one_code_redeemed_by_many_at_once_makes_one_grant() {
    let target = target();
    let f = Fixture::new(&target);
    let login = Login::new(&f, &json!({}));
    // On a machine that stands still in between, the last of them isn't a double submit any more.
    let answers = loop {
        let code = login.code(&[]);
        let begun = Instant::now();
        let answers = at_once(&vec![redeem_request(&login, &code); PARALLEL]);
        if begun.elapsed() < DOUBLE_SUBMIT {
            break answers;
        }
    };
    let (granted, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 200);
    assert_eq!(granted.len(), 1, "{granted:?}");
    for answer in refused {
        answer.expect_error(400, "invalid_grant");
    }
    // A double submit kills nothing.
    login.refresh(text(&granted[0].json(), "refresh_token"), "").expect(200);
}

#[test]
fn one_refresh_token_used_by_many_at_once_has_one_successor() {
    let target = target();
    let f = Fixture::new(&target);
    let login = Login::new(&f, &json!({}));
    let mut token = text(&login.tokens(&[]), "refresh_token").to_owned();
    for _ in 0..3 {
        let answers = at_once(&vec![refresh_request(&login, &token); PARALLEL]);
        let successors: BTreeSet<String> = answers
            .into_iter()
            .map(|answer| text(&answer.expect(200).json(), "refresh_token").to_owned())
            .collect();
        assert_eq!(successors.len(), 1);
        token = successors.into_iter().next().expect("a successor");
    }
    login.refresh(&token, "").expect(200);
}

/// Whatever these refreshes yielded is worth nothing now.
fn assert_dead(login: &Login<'_>, refreshes: &[Resp]) {
    for answer in refreshes.iter().filter(|answer| answer.status == 200) {
        let tokens = answer.json();
        login.refresh(text(&tokens, "refresh_token"), "").expect_error(400, "invalid_grant");
        login.userinfo(text(&tokens, "access_token")).expect_error(401, "invalid_token");
    }
}

#[test]
fn after_a_revocation_returned_no_refresh_that_raced_it_left_a_usable_token() {
    let target = target();
    let f = Fixture::new(&target);
    let login = Login::new(&f, &json!({}));
    for _ in 0..5 {
        let token = text(&login.tokens(&[]), "refresh_token").to_owned();
        let revoke = Req::new("POST", "/revoke")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form(&[("token", &token)]))
            .basic(&login.client.id, &login.client.secret);
        let mut requests = vec![refresh_request(&login, &token); 16];
        requests.push(revoke);
        let answers = at_once(&requests);
        assert_eq!(answers[16].status, 200);
        assert_dead(&login, &answers[..16]);
    }
}

#[test]
fn after_signing_out_no_refresh_that_raced_it_left_a_usable_token() {
    let target = target();
    let f = Fixture::new(&target);
    let login = Login::new(&f, &json!({}));
    let tokens = login.tokens(&[]);
    let token = text(&tokens, "refresh_token").to_owned();
    let cookies: Vec<_> =
        login.browser.cookies.borrow().iter().map(|(name, value)| format!("{name}={value}")).collect();
    let out = Req::new("GET", &format!("/logout?{}", form(&[("id_token_hint", text(&tokens, "id_token"))])))
        .header("cookie", cookies.join("; "));
    let mut requests = vec![refresh_request(&login, &token); 16];
    requests.push(out);
    let answers = at_once(&requests);
    assert_eq!(answers[16].status, 200);
    assert_dead(&login, &answers[..16]);
}
