//! What is stored and logged, and how it is swept.

use serde_json::json;

use crate::sign_outs::ring;
use crate::suite::browser::{Browser, PASSWORD, form};
use crate::suite::harness::{Fixture, Req};
use crate::suite::in_memory::target;
use crate::suite::login::{Login, text};
use crate::suite::{browser, login};

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
        ("redirect_uri", login::REDIRECT),
        ("scope", "openid"),
        ("code_challenge", browser::CHALLENGE),
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
