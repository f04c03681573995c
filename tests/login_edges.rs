//! Logging in where things go wrong: lost answers, failing stores, floods of guesses, clients that don't answer; and what a
//! request may cost.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

#[path = "login_edges/guesses.rs"]
mod guesses;
#[path = "login_edges/log_lines.rs"]
mod log_lines;
mod suite;

use mintedge::memory::{Counts, FailAt, World};
use mintedge::protocol::model::secret::Secret;
use serde_json::{Value, json};
use suite::authorize::{Login, claims, text, web_client};
use suite::browser::{Browser, PASSWORD, form, parameters};
use suite::exchange;
use suite::harness::{Fixture, Req, Target};
use suite::in_memory::{ADMIN_SECRET, InMemory, target};

fn spent(world: &World, work: impl FnOnce()) -> (u64, u64) {
    let before: Counts = world.counts();
    work();
    let after = world.counts();
    assert_eq!(after.control_calls, before.control_calls, "the Control object was asked");
    assert_eq!(after.snapshot_reads, before.snapshot_reads, "KV was read");
    (after.object_calls - before.object_calls, after.object_rows_written - before.object_rows_written)
}

#[test]
fn a_warm_isolate_spends_what_the_design_allows() {
    let target = target();
    let f = Fixture::new(&target);
    let login = Login::new(&f, &json!({ "first_party": false, "serves": ["https://orders.example"] }));
    let page = login.authorize(&[]).expect(200);
    login.browser.submit(&page, &[("action", "allow")]).expect(303);
    let world = &target.world;
    let mut code = String::new();
    assert_eq!(spent(world, || code = login.code(&[])), (1, 0), "authorize with remembered consent");
    let mut tokens = json!(null);
    assert_eq!(spent(world, || tokens = login.redeem(&code).expect(200).json()), (1, 1), "code to tokens");
    let (access, first) =
        (text(&tokens, "access_token").to_owned(), text(&tokens, "refresh_token").to_owned());
    let mut next = json!(null);
    assert_eq!(spent(world, || next = login.refresh(&first, "").expect(200).json()), (1, 1), "refresh");
    assert_eq!(spent(world, || drop(login.refresh(&first, "").expect(200))), (1, 0), "a retry");
    assert_eq!(spent(world, || drop(login.userinfo(&access).expect(200))), (1, 0), "userinfo");
    for token in [access.as_str(), text(&next, "refresh_token")] {
        let request = Req::new("POST", "/introspect")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form(&[("token", token)]))
            .basic(&login.client.id, &login.client.secret);
        assert_eq!(spent(world, || assert_eq!(f.send(&request).expect(200).json()["active"], true)), (1, 0));
    }
    let api = exchange::api(&f, &json!({}));
    let swap = [("resource", "https://ledger.example")];
    exchange::exchange(&f, &api, &access, &swap).expect(200);
    assert_eq!(
        spent(world, || drop(exchange::exchange(&f, &api, &access, &swap).expect(200))),
        (1, 0),
        "exchange"
    );
    let own = f.token(&api, "&scope=orders:read");
    let narrow = [("scope", "orders:read")];
    assert_eq!(
        spent(world, || drop(exchange::exchange(&f, &api, &own, &narrow).expect(200))),
        (0, 0),
        "own token"
    );
    assert_eq!(
        spent(world, || drop(exchange::delegate(&f, &api, &access, &[("scope", "ledger:read")]).expect(200))),
        (1, 0),
        "delegation"
    );
    let request = Req::new("POST", "/revoke")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form(&[("token", &first)]))
        .basic(&login.client.id, &login.client.secret);
    assert_eq!(spent(world, || drop(f.send(&request).expect(200))), (1, 1), "revoke");
    let stranger = Browser::new(&f);
    assert_eq!(
        spent(world, || drop(stranger.authorize(&login.request(&[])).expect(200))),
        (0, 0),
        "the login page"
    );
}

#[test]
fn made_up_tokens_codes_and_cookies_cost_no_object_call_and_make_no_object() {
    let target = target();
    let f = Fixture::new(&target);
    let login = Login::new(&f, &json!({}));
    let token = text(&login.tokens(&[]), "refresh_token").to_owned();
    let objects = target.world.objects();
    for index in (8..token.len()).step_by(7) {
        let mut forged = token.clone().into_bytes();
        forged[index] = if forged[index] == b'A' { b'B' } else { b'A' };
        let forged = String::from_utf8(forged).expect("ascii");
        if forged == token {
            continue;
        }
        let cost = spent(&target.world, || login.refresh(&forged, "").expect_error(400, "invalid_grant"));
        assert_eq!(cost, (0, 0));
        assert_eq!(spent(&target.world, || login.redeem(&forged).expect_error(400, "invalid_grant")), (0, 0));
    }
    let cookies = login.browser.cookies.borrow().clone();
    for (name, value) in cookies.iter().filter(|(name, _)| name.ends_with("session")) {
        let stranger = Browser::new(&f);
        let forged = format!("{}{}", &value[..value.len() - 1], if value.ends_with('A') { 'B' } else { 'A' });
        stranger.cookies.borrow_mut().insert(name.clone(), forged);
        assert_eq!(
            spent(&target.world, || drop(stranger.authorize(&login.request(&[])).expect(200))),
            (0, 0)
        );
    }
    assert_eq!(target.world.objects(), objects);
}

#[test]
fn a_lost_answer_is_asked_for_again() {
    let target = target();
    let f = Fixture::new(&target);
    let login = Login::new(&f, &json!({}));
    let first = text(&login.tokens(&[]), "refresh_token").to_owned();
    target.world.fail_next_object(FailAt::BeforeCommit);
    login.refresh(&first, "").expect_error(503, "temporarily_unavailable");
    target.world.fail_next_object(FailAt::AfterCommit);
    login.refresh(&first, "").expect_error(503, "temporarily_unavailable");
    let second = login.refresh(&first, "").expect(200).json();
    login.refresh(text(&second, "refresh_token"), "").expect(200);
    // A code whose answer was lost is gone, as RFC 6749 wants it, but nothing is half done.
    let code = login.code(&[]);
    target.world.fail_next_object(FailAt::BeforeCommit);
    login.redeem(&code).expect_error(503, "temporarily_unavailable");
    login.redeem(&code).expect(200);
}

#[test]
fn a_code_ends_after_a_minute_and_its_replay_after_ten_seconds_ends_the_grant() {
    let target = target();
    let f = Fixture::new(&target);
    let login = Login::new(&f, &json!({}));
    for (seconds, works) in [(59, true), (60, false), (61, false)] {
        let code = login.code(&[]);
        target.world.advance(seconds);
        assert_eq!(login.redeem(&code).status == 200, works, "{seconds}");
    }
    let code = login.code(&[]);
    let tokens = login.redeem(&code).expect(200).json();
    target.world.advance(11);
    login.redeem(&code).expect_error(400, "invalid_grant");
    login.userinfo(text(&tokens, "access_token")).expect_error(401, "invalid_token");
    login.refresh(text(&tokens, "refresh_token"), "").expect_error(400, "invalid_grant");
}

#[test]
fn a_code_is_worth_nothing_after_the_session_ended() {
    let target = target();
    let f = Fixture::new(&target);
    let login = Login::new(&f, &json!({}));
    let code = login.code(&[]);
    let page = login.browser.get("/logout").expect(200);
    login.browser.submit(&page, &[("action", "logout")]).expect(200);
    login.redeem(&code).expect_error(400, "invalid_grant");
}

#[test]
fn max_age_and_idle_sessions_are_kept_to() {
    let target = target();
    let f = Fixture::new(&target);
    let login = Login::new(&f, &json!({}));
    target.world.advance(2);
    login.authorize(&[("max_age", "1")]).expect(200);
    login.authorize(&[("max_age", "10000")]).expect(303);
    // A session in use goes on, up to its absolute end.
    for _ in 0..14 {
        target.world.advance(2 * 86_400);
        login.authorize(&[]).expect(303);
    }
    target.world.advance(2 * 86_400);
    login.authorize(&[]).expect(200);
}

#[test]
fn a_session_that_nobody_uses_ends() {
    let target = target();
    let f = Fixture::new(&target);
    let login = Login::new(&f, &json!({}));
    target.world.advance(3 * 86_400);
    login.authorize(&[]).expect(200);
}

#[test]
fn what_belongs_to_an_idle_session_ends_with_it() {
    let target = target();
    let f = Fixture::new(&target);
    let login = Login::new(&f, &json!({ "backchannel_logout_uri": "https://app.example/backchannel" }));
    let idle = login.tokens(&[]);
    let mut used = text(&login.tokens(&[]), "refresh_token").to_owned();
    // A refresh counts as use of the session.
    for _ in 0..3 {
        target.world.advance(2 * 86_400);
        used = text(&login.refresh(&used, "").expect(200).json(), "refresh_token").to_owned();
    }
    target.world.advance(3 * 86_400);
    login.refresh(&used, "").expect_error(400, "invalid_grant");
    login.refresh(text(&idle, "refresh_token"), "").expect_error(400, "invalid_grant");
    ring(&target);
    target.world.advance(2);
    ring(&target);
    assert_eq!(target.world.posts().len(), 1, "clients are told of it");
}

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
fn the_first_client_of_an_algorithm_logs_people_in_at_once() {
    let target = target();
    let f = Fixture::new(&target);
    let plain = f.client(&json!({}));
    f.token(&plain, "");
    // From here on the isolate knows the configuration, and its keys without RS256.
    let login = Login::new(&f, &json!({}));
    let tokens = login.tokens(&[]);
    let id_token = text(&tokens, "id_token");
    assert_eq!(suite::jws::header(id_token)["alg"], "RS256");
    assert!(suite::jws::verifies(id_token, &f.key_set()), "the same edge publishes the key");
}

#[test]
fn one_address_cannot_try_any_number_of_people() {
    let target = target();
    let f = Fixture::new(&target);
    let login = Login::new(&f, &json!({}));
    let mut config = suite::harness::base_config();
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
    let public = suite::authorize::web_client(&f, &json!({ "token_endpoint_auth_method": "none" }));
    let push = |client: &suite::harness::TestClient, address: &str| {
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

fn ring(target: &InMemory) {
    pollster::block_on(target.world.ring_alarms(&target.server)).expect("the alarms");
}

#[test]
fn clients_are_told_of_a_sign_out_until_they_take_it() {
    let target = target();
    let f = Fixture::new(&target);
    let members = json!({
        "backchannel_logout_uri": "https://app.example/backchannel",
        "frontchannel_logout_uri": "https://app.example/frontchannel",
    });
    let login = Login::new(&f, &members);
    let tokens = login.tokens(&[]);
    let id_token = claims(text(&tokens, "id_token"));
    target.world.set_post_status(500);
    let page = login.browser.get("/logout").expect(200);
    let page = login.browser.submit(&page, &[("action", "logout")]).expect(200);
    let sid = text(&id_token, "sid");
    let frame =
        format!("https://app.example/frontchannel?iss=https%3A%2F%2Fid.example.com%2Ftenant&amp;sid={sid}");
    assert!(page.body.contains(&frame), "{}", page.body);
    assert!(target.world.posts().is_empty(), "the answer must not wait for clients");
    ring(&target);
    assert_eq!(target.world.posts().len(), 1);
    ring(&target);
    assert_eq!(target.world.posts().len(), 1, "not before it is due again");
    target.world.advance(10);
    target.world.set_post_status(0);
    ring(&target);
    target.world.advance(60);
    target.world.set_post_status(200);
    ring(&target);
    assert_eq!(target.world.posts().len(), 3);
    target.world.advance(86_400);
    ring(&target);
    assert_eq!(target.world.posts().len(), 3, "delivered once");
    let (url, body) = target.world.posts()[2].clone();
    assert_eq!(url, "https://app.example/backchannel");
    let token = body.strip_prefix("logout_token=").expect("a logout token");
    let logout = claims(token);
    assert_eq!(logout["iss"], target.issuer());
    assert_eq!(logout["aud"], login.client.id);
    assert_eq!((&logout["sub"], &logout["sid"]), (&id_token["sub"], &id_token["sid"]));
    assert_eq!(logout["events"], json!({ "http://schemas.openid.net/event/backchannel-logout": {} }));
    assert!(logout.get("nonce").is_none() && logout["jti"].is_string() && logout["iat"].is_u64());
}

#[test]
fn a_pairwise_client_is_told_of_the_session_it_knows() {
    let target = target();
    let f = Fixture::new(&target);
    let members = json!({
        "subject_type": "pairwise",
        "backchannel_logout_uri": "https://app.example/backchannel",
        "frontchannel_logout_uri": "https://app.example/frontchannel",
    });
    let login = Login::new(&f, &members);
    let hint = text(&login.tokens(&[]), "id_token").to_owned();
    let id_token = claims(&hint);
    // The hint names this session, so nobody is asked.
    let page = login.browser.get(&format!("/logout?id_token_hint={hint}")).expect(200);
    let sid = text(&id_token, "sid");
    assert!(page.body.contains(&format!("&amp;sid={sid}\"")), "{}", page.body);
    ring(&target);
    let (_, body) = target.world.posts()[0].clone();
    let logout = claims(body.strip_prefix("logout_token=").expect("a logout token"));
    assert_eq!((&logout["sub"], &logout["sid"]), (&id_token["sub"], &id_token["sid"]));
    assert!(!target.world.at_rest().contains(sid), "it is computed");
}

#[test]
fn a_failure_of_ours_is_no_reason_to_try_without_end() {
    let target = target();
    let f = Fixture::new(&target);
    let login = Login::new(&f, &json!({ "backchannel_logout_uri": "https://app.example/backchannel" }));
    login.tokens(&[]);
    let page = login.browser.get("/logout").expect(200);
    login.browser.submit(&page, &[("action", "logout")]).expect(200);
    // An isolate that knows nothing can't find out whom to tell.
    let cold = target.world.isolate(None);
    target.world.set_unreachable(true);
    let calls = || target.world.counts().object_calls;
    pollster::block_on(target.world.ring_alarms(&cold)).expect("the alarms");
    let before = calls();
    pollster::block_on(target.world.ring_alarms(&cold)).expect("the alarms");
    assert_eq!((calls(), target.world.posts().len()), (before, 0), "it isn't due");
    target.world.set_unreachable(false);
    target.world.advance(10);
    ring(&target);
    assert_eq!(target.world.posts().len(), 1);
}

#[test]
fn a_sign_out_and_the_telling_of_it_are_one_commit() {
    for (at, told) in [(FailAt::BeforeCommit, 0), (FailAt::AfterCommit, 1)] {
        let target = target();
        let f = Fixture::new(&target);
        let login = Login::new(&f, &json!({ "backchannel_logout_uri": "https://app.example/backchannel" }));
        let refresh = text(&login.tokens(&[]), "refresh_token").to_owned();
        let page = login.browser.get("/logout").expect(200);
        // The session is looked at first.
        target.world.fail_object_after(1, at);
        assert!(login.browser.submit(&page, &[("action", "logout")]).status >= 500);
        ring(&target);
        assert_eq!(target.world.posts().len(), told, "{at:?}");
        assert_eq!(login.refresh(&refresh, "").status == 200, told == 0, "{at:?}");
        assert_eq!(login.authorize(&[]).status == 303, told == 0, "{at:?}");
    }
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

#[test]
fn a_client_that_never_answers_is_given_up() {
    let target = target();
    let f = Fixture::new(&target);
    let login = Login::new(&f, &json!({ "backchannel_logout_uri": "https://app.example/backchannel" }));
    login.tokens(&[]);
    target.world.set_post_status(0);
    let page = login.browser.get("/logout").expect(200);
    login.browser.submit(&page, &[("action", "logout")]).expect(200);
    for _ in 0..20 {
        ring(&target);
        target.world.advance(6 * 3600);
    }
    assert_eq!(target.world.posts().len(), 6);
}

#[test]
fn nothing_secret_is_at_rest_or_in_the_log() {
    let target = target();
    let f = Fixture::new(&target);
    let login = Login::new(&f, &json!({}));
    let code = login.code(&[]);
    let tokens = login.redeem(&code).expect(200).json();
    let refresh = text(&tokens, "refresh_token");
    let next = login.refresh(refresh, "").expect(200).json();
    let cookies = login.browser.cookies.borrow().clone();
    let secrets = [
        PASSWORD,
        &code,
        refresh,
        text(&next, "refresh_token"),
        text(&tokens, "access_token"),
        text(&tokens, "id_token"),
    ];
    let at_rest = target.world.at_rest();
    let log = target.world.log().join("\n");
    for secret in secrets.into_iter().chain(cookies.values().map(String::as_str)) {
        assert!(!at_rest.contains(secret) && !log.contains(secret), "{secret}");
    }
    assert!(!log.contains(&login.email), "people's addresses don't belong into the log");
    assert!(log.contains("\"endpoint\":\"token\""));
}

#[test]
fn a_stolen_refresh_token_is_said_once_with_its_client_and_its_age() {
    let target = target();
    let f = Fixture::new(&target);
    let login = Login::new(&f, &json!({}));
    let mut tokens = vec![text(&login.tokens(&[]), "refresh_token").to_owned()];
    for _ in 0..3 {
        let next = login.refresh(tokens.last().expect("one"), "").expect(200).json();
        tokens.push(text(&next, "refresh_token").to_owned());
    }
    for token in [&tokens[0], &tokens[0], &tokens[1], &tokens[3]] {
        login.refresh(token, "").expect_error(400, "invalid_grant");
    }
    let log = target.world.log();
    let said: Vec<_> = log.iter().filter(|line| line.contains("refresh_reuse_detected")).collect();
    let [line] = said.as_slice() else { panic!("{said:?}") };
    let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
    assert_eq!((&line["client_id"], &line["distance"]), (&json!(login.client.id), &json!(3)));
    assert_eq!(log.iter().filter(|line| line.contains("\"distance\"")).count(), 1);
}

#[test]
fn everything_that_expired_is_swept() {
    let target = target();
    let f = Fixture::new(&target);
    let login = Login::new(&f, &json!({}));
    login.tokens(&[]);
    for _ in 0..40 {
        target.world.advance(86_400);
        ring(&target);
    }
    let at_rest = target.world.at_rest();
    assert!(
        at_rest.contains("\"user\"") && !at_rest.contains("\"session/") && !at_rest.contains("\"bucket/"),
        "{at_rest}"
    );
}

#[test]
fn a_redirect_after_a_form_is_a_303_and_carries_nothing_but_the_code() {
    let target = target();
    let f = Fixture::new(&target);
    let login = Login::new(&f, &json!({}));
    let page = login.authorize(&[("prompt", "login")]).expect(200);
    let answer = login.browser.log_in(&page, &login.email, PASSWORD).expect(303);
    let names: Vec<_> = parameters(&answer).into_keys().collect();
    assert_eq!(names, ["code", "iss", "state"]);
    assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
    let cookies: Vec<_> = answer.headers.iter().filter(|(name, _)| name == "set-cookie").collect();
    for (_, cookie) in cookies {
        for attribute in ["__Host-", "HttpOnly", "Secure", "SameSite=Lax", "Path=/"] {
            assert!(cookie.contains(attribute), "{cookie}");
        }
        assert!(!cookie.contains("Domain"), "{cookie}");
    }
}

#[test]
fn an_icon_is_looked_for_at_the_root_of_the_host() {
    use mintedge::protocol::http::{Body, Headers, Method, Request};
    let target = target();
    let request = |path| Request::new(Method::Get, path, Headers::default(), Body::Bytes(Vec::new()));
    for (path, status) in [("/favicon.ico", 204), ("/tenant/favicon.ico", 204), ("/other/favicon.ico", 404)] {
        let answer = pollster::block_on(target.server.handle(&request(path)));
        assert_eq!(answer.status, status, "{path}");
    }
}

/// One more isolate of the same world.
fn isolate(target: &InMemory) -> InMemory {
    let server = target.world.isolate(Some(&Secret::received(ADMIN_SECRET)));
    InMemory { world: target.world.clone(), server }
}

/// A row as releases wrote it before there were incarnations.
fn without_incarnations(json: &str) -> String {
    fn strip(value: &mut Value) {
        match value {
            Value::Object(members) => {
                let is_client = members.contains_key("managed_by");
                for name in ["clients_epoch", "incarnation", "incarnations"] {
                    members.remove(name);
                }
                if is_client {
                    members.remove("epoch");
                }
                members.values_mut().for_each(strip);
            }
            Value::Array(values) => values.iter_mut().for_each(strip),
            _ => {}
        }
    }
    let mut value: Value = serde_json::from_str(json).expect("JSON");
    strip(&mut value);
    value.to_string()
}

#[test]
fn what_was_given_before_there_were_incarnations_goes_on_until_the_first_change() {
    let before = target();
    let f = Fixture::new(&before);
    let login = Login::new(&f, &json!({ "first_party": false }));
    let page = login.authorize(&[]).expect(200);
    login.browser.submit(&page, &[("action", "allow")]).expect(303);
    before.world.publish().expect("published");
    before.world.rewrite(without_incarnations);
    assert!(!before.world.at_rest().contains("incarnation"));

    let after = isolate(&before);
    let f = Fixture::resume(&after);
    let browser = Browser::new(&f);
    browser.cookies.borrow_mut().clone_from(&login.browser.cookies.borrow());
    let login = Login { f: &f, browser, ..login };
    let tokens = login.tokens(&[("prompt", "none")]);
    before.world.rewrite(without_incarnations);
    let next = login.refresh(text(&tokens, "refresh_token"), "").expect(200).json();
    login.userinfo(text(&next, "access_token")).expect(200);
    let code = login.code(&[("prompt", "none")]);
    f.admin("POST", &format!("clients/{}/revoke", login.client.id), None).expect(200);
    after.settle();
    login.refresh(text(&next, "refresh_token"), "").expect_error(400, "invalid_grant");
    login.userinfo(text(&next, "access_token")).expect_error(401, "invalid_token");
    login.redeem(&code).expect_error(400, "invalid_grant");
    assert_eq!(parameters(&login.authorize(&[("prompt", "none")]).expect(303))["error"], "consent_required");
}

#[test]
fn what_was_given_a_moment_ago_works_at_edges_that_know_an_earlier_incarnation() {
    for all in [false, true] {
        let target = target();
        let f = Fixture::new(&target);
        let login = Login::new(&f, &json!({ "serves": ["https://orders.example"] }));
        let old = login.tokens(&[]);
        target.world.publish().expect("published");
        let warm: Vec<_> = (0..5).map(|_| isolate(&target)).collect();
        let at = |index: usize| Fixture::resume(warm.get(index).expect("an isolate"));
        let fixtures: Vec<_> = (0..5).map(at).collect();
        let refresh = |f: &Fixture<'_>, token: &str| {
            let form = format!("grant_type=refresh_token&refresh_token={token}");
            f.send(&Req::token(&form).basic(&login.client.id, &login.client.secret))
        };
        let userinfo = |f: &Fixture<'_>, token: &str| f.send(&Req::new("GET", "/userinfo").bearer(token));
        for f in &fixtures {
            userinfo(f, text(&old, "access_token")).expect(200);
        }
        target.world.advance(1);
        let (path, body) = if all {
            ("revoke-clients".to_owned(), json!({ "all": true }))
        } else {
            (format!("clients/{}/revoke", login.client.id), json!({}))
        };
        f.admin("POST", &path, Some(&body)).expect(200);
        target.world.publish().expect("published");
        target.world.advance(1);

        let cold = isolate(&target);
        let fresh = Fixture::resume(&cold);
        let mut login = Login {
            f: &fresh,
            browser: Browser::new(&fresh),
            client: login.client.clone(),
            email: login.email.clone(),
        };
        let page = login.authorize(&[]).expect(200);
        let answer = login.browser.log_in(&page, &login.email.clone(), PASSWORD).expect(303);
        login.f = &fixtures[0];
        let tokens = login.redeem(&parameters(&answer)["code"]).expect(200).json();
        let next = refresh(&fixtures[1], text(&tokens, "refresh_token")).expect(200).json();
        userinfo(&fixtures[2], text(&next, "access_token")).expect(200);
        let request = Req::new("POST", "/introspect")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form(&[("token", text(&next, "access_token"))]))
            .basic(&login.client.id, &login.client.secret);
        assert_eq!(fixtures[3].send(&request).expect(200).json()["active"], true);
        // They know now, and what had ended has ended there too.
        for f in &fixtures[..4] {
            userinfo(f, text(&old, "access_token")).expect_error(401, "invalid_token");
            refresh(f, text(&old, "refresh_token")).expect_error(400, "invalid_grant");
        }
        // Where nobody brought news it takes as long as any change.
        userinfo(&fixtures[4], text(&old, "access_token")).expect(200);
        target.world.advance(25);
        userinfo(&fixtures[4], text(&old, "access_token")).expect_error(401, "invalid_token");
    }
}

#[test]
fn what_has_ended_is_no_reason_to_ask_the_control_object() {
    let target = target();
    let f = Fixture::new(&target);
    let login = Login::new(&f, &json!({}));
    let (tokens, code) = (login.tokens(&[]), login.code(&[]));
    target.world.advance(1);
    f.admin("POST", &format!("clients/{}/revoke", login.client.id), None).expect(200);
    target.settle();
    login.userinfo(text(&tokens, "access_token")).expect_error(401, "invalid_token");
    for _ in 0..10 {
        let cost = spent(&target.world, || {
            login.refresh(text(&tokens, "refresh_token"), "").expect_error(400, "invalid_grant");
            login.userinfo(text(&tokens, "access_token")).expect_error(401, "invalid_token");
            login.redeem(&code).expect_error(400, "invalid_grant");
        });
        assert_eq!(cost, (1, 0), "the refresh token is looked at, and nothing written");
    }
}

#[test]
fn a_client_registered_anew_is_not_told_of_sign_outs_it_has_nothing_to_do_with() {
    for anew in [false, true] {
        let target = target();
        let f = Fixture::new(&target);
        let members = json!({
            "backchannel_logout_uri": "https://app.example/backchannel", "frontchannel_logout_uri": "https://app.example/front",
        });
        let login = Login::new(&f, &members);
        login.tokens(&[]);
        target.world.advance(1);
        if anew {
            f.admin("DELETE", &format!("clients/{}", login.client.id), None).expect(204);
            let mut members = members.clone();
            members["client_id"] = login.client.id.as_str().into();
            web_client(&f, &members);
        }
        target.settle();
        let page = login.browser.get("/logout").expect(200);
        let page = login.browser.submit(&page, &[("action", "logout")]).expect(200);
        assert_eq!(page.body.contains("https://app.example/front"), !anew, "{}", page.body);
        ring(&target);
        assert_eq!(target.world.posts().len(), usize::from(!anew));
    }
}

#[test]
fn what_has_expired_leaves_no_object_behind() {
    let target = target();
    let f = Fixture::new(&target);
    let login = Login::new(&f, &json!({}));
    for _ in 0..10 {
        target.world.advance(86_400);
        ring(&target);
    }
    let before = target.world.objects();
    let fields = [
        ("response_type", "code"),
        ("redirect_uri", suite::authorize::REDIRECT),
        ("scope", "openid"),
        ("code_challenge", suite::browser::CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    for number in 0..30 {
        let push = Req::new("POST", "/par")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form(&fields))
            .basic(&login.client.id, &login.client.secret);
        f.send(&push).expect(201);
        let stranger = Browser::new(&f);
        let page = stranger.authorize(&login.request(&[])).expect(200);
        stranger.log_in(&page, &format!("nobody-{number}@example.com"), PASSWORD).expect(200);
    }
    let made = target.world.objects() - before;
    assert!((31..=90).contains(&made), "the pushed requests, and shards that count the attempts: {made}");
    for _ in 0..3 {
        target.world.advance(86_400);
        ring(&target);
    }
    assert_eq!(target.world.objects(), before);
}

#[test]
fn where_too_many_passwords_are_hashed_the_answer_is_503_and_nothing_changes() {
    let target = target();
    let f = Fixture::new(&target);
    let login = Login::new(&f, &json!({}));
    let user = format!("users/{}", suite::harness::encode(&login.email));
    let shown = f.admin("GET", &user, None).expect(200).body;
    let linked = f.admin("POST", &format!("{user}/reset"), None).expect(200).json();
    let link = text(&linked, "link").strip_prefix(&f.target.issuer()).expect("a page of ours").to_owned();
    let stranger = Browser::new(&f);
    let login_page = stranger.authorize(&login.request(&[])).expect(200);
    let link_page = stranger.get(&link).expect(200);
    let account_page = login.browser.get("/account").expect(200);
    let twice = [("password", "another password"), ("password_again", "another password")];
    target.world.set_busy(true);
    let objects = target.world.objects();

    let answer = stranger.log_in(&login_page, &login.email, PASSWORD).expect(503);
    assert!(
        answer.header("retry-after").is_some() && answer.body.contains("Wait a few seconds"),
        "{answer:?}"
    );
    let unknown = stranger.log_in(&answer, "nobody@example.com", PASSWORD).expect(503);
    assert!(unknown.header("retry-after").is_some());
    let answer =
        stranger.submit(&link_page, &[twice.as_slice(), &[("action", "sign_up")]].concat()).expect(503);
    assert!(answer.header("retry-after").is_some() && answer.body.contains("try again"), "{answer:?}");
    let change = [("current_password", PASSWORD), ("action", "change_password")];
    let answer = login.browser.submit(&account_page, &[twice.as_slice(), &change].concat()).expect(503);
    assert!(answer.header("retry-after").is_some(), "{answer:?}");
    let legacy =
        suite::authorize::web_client(&f, &json!({ "grant_types": ["password"], "redirect_uris": [] }));
    let fields = [("grant_type", "password"), ("username", login.email.as_str()), ("password", PASSWORD)];
    let answer = login.token(&legacy, &form(&fields));
    answer.expect_error(503, "temporarily_unavailable");
    assert!(answer.header("retry-after").is_some());
    let body = json!({ "password": "another password" });
    f.admin("PATCH", &user, Some(&body)).expect_error(503, "temporarily_unavailable");
    let body = json!({ "login": "eve@example.com", "password": "another password" });
    f.admin("POST", "users", Some(&body)).expect_error(503, "temporarily_unavailable");
    f.admin("GET", "users/eve@example.com", None).expect_error(404, "not_found");

    target.world.set_busy(false);
    // The reset is out; nothing else is new. Counts of attempts are kept for two identifiers and an address.
    assert!(target.world.objects() <= objects + 3);
    let after = f.admin("GET", &user, None).expect(200).json();
    assert_eq!(after["password_scheme"], "argon2id");
    assert_eq!(after["updated_at"], linked["user"]["updated_at"]);
    assert!(shown.contains("argon2id"));
    assert_eq!(stranger.log_in(&login_page, &login.email, PASSWORD).status, 303);
}

/// Two looks into the directory, the person's object for the password and for the session; a row for the session.
#[test]
fn a_login_costs_the_same_for_somebody_and_nobody_until_it_succeeds() {
    let target = target();
    let f = Fixture::new(&target);
    let login = Login::new(&f, &json!({}));
    let stranger = Browser::new(&f);
    let page = stranger.authorize(&login.request(&[])).expect(200);
    let world = &target.world;
    let try_in = |name: &str, password: &str| spent(world, || drop(stranger.log_in(&page, name, password)));
    // The first attempts of a quarter of an hour make the alarms of their shards.
    try_in(&login.email, "a wrong password");
    try_in("nobody@example.com", "a wrong password");
    assert_eq!(try_in(&login.email, "a wrong password"), try_in("nobody@example.com", "a wrong password"));
    assert_eq!(try_in(&login.email, "a wrong password").0, 3);
}
