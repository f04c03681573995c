//! Floods against a running Worker. They use up budgets that other tests need, so they run when those are done.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::disallowed_methods, reason = "the real runtime has the real time")]

mod suite;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Barrier, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::json;
use suite::browser::{Browser, CHALLENGE, PageForm, form};
use suite::harness::{Fixture, Req, Resp, Target, TestClient};
use suite::http::target;
use suite::login::{REDIRECT, web_client};

/// One flood at a time.
static ALONE: Mutex<()> = Mutex::new(());

/// How many log in at once.
const PARALLEL: usize = 16;
/// Tokens that are timed, quietly and in the flood.
const SAMPLE: usize = 400;
/// How much longer the slowest hundredth may take in the flood.
const RATIO: f64 = 5.0;
/// Other work of the machine spoils a measurement; so the best of some counts.
const ROUNDS: usize = 4;

/// Two hundred made-up client ids must not take the server down, and it has to serve others meanwhile.
#[test]
fn a_flood_of_made_up_clients_leaves_the_server_serving() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let target = target();
    for number in 0..200 {
        let request = Req::token("grant_type=client_credentials").basic(&format!("made-up-{number}"), "x");
        target.send(&request).expect_error(401, "invalid_client");
    }
    let fixture = Fixture::new(&target);
    fixture.fetch_admin_token("mintedge:read");
}

/// A password hash takes longer than a hundred tokens. Here one thread serves everything; on Cloudflare the hashes are
/// elsewhere, too.
#[test]
fn a_flood_of_logins_leaves_tokens_quick() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let target = target();
    let f = Fixture::new(&target);
    let client = f.client(&json!({}));
    let mut measured = Vec::new();
    for _ in 0..ROUNDS {
        let quiet = slowest_hundredth(&f, &client);
        let done = AtomicBool::new(false);
        let (loud, logins) = std::thread::scope(|scope| {
            let floods: Vec<_> = (0..PARALLEL).map(|_| scope.spawn(|| log_in_until(&done))).collect();
            std::thread::sleep(Duration::from_millis(500));
            let loud = slowest_hundredth(&f, &client);
            done.store(true, Ordering::Relaxed);
            let logins: usize = floods.into_iter().map(|flood| flood.join().expect("a flood")).sum();
            (loud, logins)
        });
        println!("quiet {quiet:?}, in a flood of {logins} logins {loud:?}");
        assert!(logins > 0, "there was a flood");
        if loud.as_secs_f64() <= RATIO * quiet.as_secs_f64() {
            return;
        }
        measured.push((quiet, loud));
    }
    panic!("{measured:?}");
}

/// The 99th percentile of a client's token requests, one after the other.
fn slowest_hundredth(f: &Fixture<'_>, client: &TestClient) -> Duration {
    let mut times: Vec<Duration> = (0..SAMPLE)
        .map(|_| {
            let start = Instant::now();
            f.token(client, "");
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[SAMPLE * 99 / 100]
}

/// Tries wrong passwords with names nobody has until told to stop; returns how many were looked at. A busy machine may take
/// longer than a client waits.
fn log_in_until(done: &AtomicBool) -> usize {
    let target = target();
    let f = Fixture::resume(&target);
    let (client, browser) = (web_client(&f, &json!({})), Browser::new(&f));
    let page = browser.authorize(&request(&client)).expect(200);
    let mut logins = 0;
    while !done.load(Ordering::Relaxed) {
        let login = wrong_login(&browser, &page, &f.unique("nobody"));
        let Some(answer) = target.try_send(&login) else { continue };
        assert!(answer.status == 200 || answer.status == 503, "{answer:?}");
        logins += usize::from(answer.status == 200);
    }
    logins
}

/// What the page sends when `name` types a wrong password.
fn wrong_login(browser: &Browser<'_>, page: &Resp, name: &str) -> Req {
    let page = PageForm::of(&page.body);
    let hidden: Vec<_> = page.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let cookies = browser.cookies.borrow();
    let cookies: Vec<_> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let typed = [("username", name), ("password", "a wrong password"), ("action", "login")];
    Req::new("POST", &browser.path(&page.action))
        .header("content-type", "application/x-www-form-urlencoded")
        .header("cookie", cookies.join("; "))
        .body(form(&[hidden.as_slice(), &typed].concat()))
}

fn request(client: &TestClient) -> [(&str, &str); 6] {
    [
        ("client_id", &client.id),
        ("response_type", "code"),
        ("redirect_uri", REDIRECT),
        ("scope", "openid"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ]
}

/// More than can wait are sent away at once, with a page and a word on when to come back; the others get their answer.
#[test]
fn who_finds_too_many_logins_waiting_is_asked_to_come_back() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let target = target();
    let f = Fixture::new(&target);
    let client = web_client(&f, &json!({}));
    let logins: Vec<Req> = (0..96)
        .map(|number| {
            let browser = Browser::new(&f);
            let page = browser.authorize(&request(&client)).expect(200);
            wrong_login(&browser, &page, &f.unique(&format!("somebody-{number}")))
        })
        .collect();
    // All at the same moment, however slow the machine is.
    let together = Barrier::new(logins.len());
    let answers: Vec<_> = std::thread::scope(|scope| {
        let send = |login| {
            let target = suite::http::target();
            together.wait();
            target.send(login)
        };
        let threads: Vec<_> = logins.iter().map(|login| scope.spawn(move || send(login))).collect();
        threads.into_iter().map(|thread| thread.join().expect("an answer")).collect()
    });
    let (checked, busy): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 200);
    println!("{} checked, {} sent away", checked.len(), busy.len());
    assert!(checked.len() >= 16, "{}", checked.len());
    assert!(!busy.is_empty(), "nobody was sent away");
    for answer in busy {
        assert_eq!(answer.status, 503, "{answer:?}");
        assert!(answer.header("retry-after").is_some() && answer.body.contains("Wait a few seconds"));
    }
    f.fetch_admin_token("mintedge:read");
}
