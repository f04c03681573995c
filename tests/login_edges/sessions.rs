//! How long codes and sessions live, and what ends with them.

use serde_json::json;

use crate::sign_outs::ring;
use crate::suite::harness::Fixture;
use crate::suite::in_memory::target;
use crate::suite::login::{Login, text};

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
