//! Attempts that are counted: by account, by address, by browser.

use serde_json::json;

use crate::sign_outs::ring;
use crate::suite::browser::{Browser, PASSWORD, form};
use crate::suite::harness::{Fixture, Req};
use crate::suite::in_memory::target;
use crate::suite::login::Login;
use crate::suite::{harness, login};

#[test]
fn guesses_are_damped_without_locking_the_owner_out() {
    let target = target();
    let f = Fixture::new(&target);
    let login = Login::new(&f, &json!({}));
    let attacker = Browser::new(&f);
    *attacker.address.borrow_mut() = "203.0.113.9".to_owned();
    let mut page = attacker.authorize(&login.request(&[])).expect(200);
    for _ in 0..10 {
        page = attacker.log_in(&page, &login.email, "a wrong password").expect(200);
        assert!(!page.body.contains("Too many"), "{}", page.body);
    }
    // From here on even the right password is not looked at.
    let answer = attacker.log_in(&page, &login.email, PASSWORD).expect(200);
    assert!(answer.body.contains("Too many"), "{}", answer.body);
    // A name that nobody has is damped in the same way.
    let mut page = attacker.authorize(&login.request(&[])).expect(200);
    for _ in 0..10 {
        page = attacker.log_in(&page, "nobody@example.com", "a wrong password").expect(200);
    }
    assert!(attacker.log_in(&page, "nobody@example.com", "x").expect(200).body.contains("Too many"));
    // The owner gets in from elsewhere.
    let elsewhere = Browser::new(&f);
    *elsewhere.address.borrow_mut() = "198.51.100.7".to_owned();
    let page = elsewhere.authorize(&login.request(&[])).expect(200);
    elsewhere.log_in(&page, &login.email, PASSWORD).expect(303);
    // And a browser that they have used before gets in even if the whole world guesses.
    for number in 0..15 {
        let stranger = Browser::new(&f);
        *stranger.address.borrow_mut() = format!("203.0.113.{}", 100 + number);
        let mut page = stranger.authorize(&login.request(&[])).expect(200);
        for _ in 0..8 {
            page = stranger.log_in(&page, &login.email, "").expect(200);
        }
    }
    let stranger = Browser::new(&f);
    *stranger.address.borrow_mut() = "198.51.100.99".to_owned();
    let page = stranger.authorize(&login.request(&[])).expect(200);
    assert!(stranger.log_in(&page, &login.email, PASSWORD).expect(200).body.contains("Too many"));
    let page = login.authorize(&[("prompt", "login")]).expect(200);
    login.browser.log_in(&page, &login.email, PASSWORD).expect(303);
    // The window passes.
    target.world.advance(3601);
    let page = attacker.authorize(&login.request(&[])).expect(200);
    attacker.log_in(&page, &login.email, PASSWORD).expect(303);
}

#[test]
fn one_address_cannot_try_any_number_of_people() {
    let target = target();
    let f = Fixture::new(&target);
    let login = Login::new(&f, &json!({}));
    let mut config = harness::base_config();
    config["login"]["attempts_per_address"] = json!(10);
    f.apply(&config).expect(200);
    f.target.settle();
    let spray = Browser::new(&f);
    *spray.address.borrow_mut() = "203.0.113.9".to_owned();
    let mut page = spray.authorize(&login.request(&[])).expect(200);
    for number in 0..10 {
        page = spray.log_in(&page, &format!("somebody-{number}@example.com"), "Winter2026!").expect(200);
        assert!(!page.body.contains("Too many"), "{number}: {}", page.body);
    }
    let objects = target.world.objects();
    page = spray.log_in(&page, &login.email, PASSWORD).expect(200);
    assert!(page.body.contains("Too many"), "{}", page.body);
    assert_eq!(target.world.objects(), objects, "one more attempt makes no object");
    *spray.address.borrow_mut() = "203.0.113.10".to_owned();
    spray.log_in(&page, &login.email, PASSWORD).expect(303);
}

#[test]
fn one_known_browsers_attempts_do_not_count_for_another() {
    let target = target();
    let f = Fixture::new(&target);
    let login = Login::new(&f, &json!({}));
    let device = |browser: &Browser<'_>| {
        let cookies = browser.cookies.borrow();
        cookies.iter().find(|(name, _)| name.ends_with("-device")).expect("a device").1.clone()
    };
    let other = Browser::new(&f);
    let page = other.authorize(&login.request(&[])).expect(200);
    other.log_in(&page, &login.email, PASSWORD).expect(303);
    let (first, second) = (device(&login.browser), device(&other));
    assert_ne!(first, second);
    // Logging in again leaves a browser the one it was.
    let page = other.authorize(&login.request(&[("prompt", "login")])).expect(200);
    other.log_in(&page, &login.email, PASSWORD).expect(303);
    assert_eq!(device(&other), second);
    // Somebody has stolen one browser's mark and guesses.
    let thief = Browser::new(&f);
    *thief.address.borrow_mut() = "203.0.113.9".to_owned();
    thief.authorize(&login.request(&[])).expect(200);
    let name = other.cookies.borrow().keys().find(|name| name.ends_with("-device")).expect("one").clone();
    thief.cookies.borrow_mut().insert(name, second);
    let mut page = thief.authorize(&login.request(&[])).expect(200);
    for _ in 0..11 {
        page = thief.log_in(&page, &login.email, "a wrong password").expect(200);
    }
    assert!(page.body.contains("Too many"), "{}", page.body);
    let page = login.authorize(&[("prompt", "login")]).expect(200);
    login.browser.log_in(&page, &login.email, PASSWORD).expect(303);
}

#[test]
fn requests_that_anybody_can_push_are_bounded_per_address() {
    let target = target();
    let f = Fixture::new(&target);
    let login = Login::new(&f, &json!({}));
    let public = login::web_client(&f, &json!({ "token_endpoint_auth_method": "none" }));
    let push = |client: &harness::TestClient, address: &str| {
        let fields = login.request(&[("client_id", &client.id)]);
        let request = Req::new("POST", "/par")
            .header("content-type", "application/x-www-form-urlencoded")
            .header("cf-connecting-ip", address)
            .body(form(&fields));
        f.send(&if client.secret.is_empty() { request } else { request.basic(&client.id, &client.secret) })
    };
    for _ in 0..300 {
        push(&public, "192.0.2.1").expect(201);
    }
    let objects = target.world.objects();
    let refused = push(&public, "192.0.2.1");
    refused.expect_error(429, "temporarily_unavailable");
    assert_eq!(refused.header("retry-after"), Some("60"));
    assert_eq!(target.world.objects(), objects);
    push(&public, "192.0.2.2").expect(201);
    push(&login.client, "192.0.2.1").expect(201);
    target.world.advance(15 * 60);
    push(&public, "192.0.2.1").expect(201);
}

#[test]
fn attempts_that_keep_coming_do_not_put_the_sweep_off() {
    let target = target();
    let f = Fixture::new(&target);
    let login = Login::new(&f, &json!({}));
    for number in 0..12 {
        let stranger = Browser::new(&f);
        *stranger.address.borrow_mut() = format!("203.0.113.{number}");
        let page = stranger.authorize(&login.request(&[])).expect(200);
        stranger.log_in(&page, &login.email, "a wrong password").expect(200);
        target.world.advance(43_200);
        ring(&target);
    }
    let pairs = target.world.at_rest().matches("\"bucket/p/").count();
    assert!(pairs <= 3, "{pairs}");
}
