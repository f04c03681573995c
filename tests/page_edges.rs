//! Pages that were open for too long, pages that are closed, and what is said of refusals in the log.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod suite;

use serde_json::json;
use suite::browser::{Browser, PASSWORD, parameters};
use suite::harness::{Fixture, Req, Target as _};
use suite::in_memory::target;
use suite::login::Login;

const HOUR: u64 = 3600;

#[test]
fn an_old_page_begins_anew_for_a_day() {
    let target = target();
    let f = Fixture::new(&target);
    let login = Login::new(&f, &json!({}));
    let browser = Browser::new(&f);
    let page = browser.authorize(&login.request(&[])).expect(200);
    target.world.advance(HOUR + 1);
    let again = browser.log_in(&page, &login.email, PASSWORD).expect(200);
    assert!(again.body.contains("open for too long"), "{}", again.body);
    assert!(again.body.contains(&format!("value=\"{}\"", login.email)), "{}", again.body);
    let answer = browser.log_in(&again, &login.email, PASSWORD).expect(303);
    let sent = parameters(&answer);
    assert_eq!(sent["state"], "the state");
    login.redeem(&sent["code"]).expect(200);
    // Signed in by now, the old page leads on at once.
    assert!(parameters(&browser.log_in(&page, &login.email, "whatever").expect(303)).contains_key("code"));
    target.world.advance(24 * HOUR);
    let dead = browser.log_in(&page, &login.email, PASSWORD).expect(403);
    assert!(dead.body.contains("start again") && dead.body.contains("/account\""), "{}", dead.body);
}

#[test]
fn an_old_page_permits_nothing_and_an_old_account_page_changes_nothing() {
    let target = target();
    let f = Fixture::new(&target);
    let login = Login::new(&f, &json!({ "first_party": false }));
    let page = login.authorize(&[]).expect(200);
    let sign_out = login.browser.get("/logout").expect(200);
    target.world.advance(HOUR + 1);
    let again = login.browser.submit(&page, &[("action", "allow")]).expect(200);
    assert!(again.body.contains("asks for access"), "{}", again.body);
    login.authorize(&[]).expect(200);
    let again = login.browser.submit(&sign_out, &[("action", "logout")]).expect(200);
    assert!(again.body.contains("Sign out?"), "{}", again.body);
    login.browser.get("/account").expect(200);
    login.browser.submit(&again, &[("action", "logout")]).expect(200);
    assert_eq!(login.browser.get("/account").status, 303);
}

#[test]
fn the_log_names_a_refused_redirect_uri_without_its_secrets() {
    let target = target();
    let f = Fixture::new(&target);
    let login = Login::new(&f, &json!({}));
    let uri = "https://user:hunter2@app.example/call\nback?code=hunter2#hunter2";
    login.authorize(&[("redirect_uri", uri)]).expect(400);
    let log = target.world.log();
    let line = log.last().expect("a line");
    assert!(line.contains(r#""redirect_uri":"https://app.example/call"#), "{line}");
    assert!(line.contains("redirect_uri_unregistered") && !line.contains("hunter2"), "{line}");
    let lengthy = format!("https://app.example/{}", "x".repeat(5000));
    login.authorize(&[("redirect_uri", &lengthy)]).expect(400);
    assert!(target.world.log().last().expect("a line").len() < 800);
    // What was not refused is not named.
    login.authorize(&[]).expect(303);
    assert!(!target.world.log().last().expect("a line").contains("redirect_uri"));
}

#[test]
fn nobody_is_asked_to_make_an_account_where_that_is_closed() {
    let target = target();
    let f = Fixture::new(&target);
    let login = Login::new(&f, &json!({}));
    let link = {
        let page = Browser::new(&f).authorize(&login.request(&[])).expect(200);
        page.body.split("href=\"").find(|link| link.contains("/sign-up?")).expect("a link").to_owned()
    };
    let mut config = suite::harness::base_config();
    config["login"]["sign_up"] = json!("closed");
    f.apply(&config).expect(200);
    target.settle();
    let sent = parameters(&login.authorize(&[("prompt", "create")]).expect(303));
    assert_eq!(sent["error"], "invalid_request");
    let metadata = f.send(&Req::new("GET", "/.well-known/openid-configuration")).expect(200).json();
    assert!(!metadata["prompt_values_supported"].as_array().expect("values").contains(&json!("create")));
    let browser = Browser::new(&f);
    let page = browser.get(&browser.path(link.split('"').next().expect("a link"))).expect(403);
    assert!(page.body.contains("isn’t possible here"), "{}", page.body);
}
