//! Stores that fail, answers that get lost, and hashing that is busy.

use mintedge::memory::FailAt;
use serde_json::json;

use crate::sign_outs::ring;
use crate::suite::browser::{Browser, PASSWORD, form};
use crate::suite::harness::Fixture;
use crate::suite::in_memory::target;
use crate::suite::login::{Login, text};
use crate::suite::{harness, login};

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
fn where_too_many_passwords_are_hashed_the_answer_is_503_and_nothing_changes() {
    let target = target();
    let f = Fixture::new(&target);
    let login = Login::new(&f, &json!({}));
    let user = format!("users/{}", harness::encode(&login.email));
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
    let legacy = login::web_client(&f, &json!({ "grant_types": ["password"], "redirect_uris": [] }));
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
