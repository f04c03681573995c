//! `/account`: what people see of their own sessions.

use serde_json::json;

use crate::suite::browser::{Browser, PASSWORD, form, parameters};
use crate::suite::harness::Fixture;
use crate::suite::login::{Login, text};

pub fn the_account_page_shows_and_ends_sessions(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let tokens = login.tokens(&[]);
    let page = login.browser.get("/account").expect(200);
    assert!(page.body.contains("Acme Shop") && page.body.contains("Firefox on Linux"), "{}", page.body);
    let csrf = super::browser::PageForm::of(&page.body).field("csrf").to_owned();
    let revoke = |csrf: &str| {
        let fields =
            [("flow", "account"), ("csrf", csrf), ("client", &login.client.id), ("action", "revoke_app")];
        login.browser.post("/account", &form(&fields))
    };
    revoke("wrong").expect(403);
    login.userinfo(text(&tokens, "access_token")).expect(200);
    revoke(&csrf).expect(200);
    login.userinfo(text(&tokens, "access_token")).expect_error(401, "invalid_token");
    let more = login.tokens(&[]);
    let pending = login.code(&[]);
    let change = form(&[
        ("flow", "account"),
        ("csrf", &csrf),
        ("current_password", PASSWORD),
        ("password", "another fine password"),
        ("password_again", "another fine password"),
        ("action", "change_password"),
    ]);
    login.browser.post("/account", &change).expect(200);
    login.userinfo(text(&more, "access_token")).expect_error(401, "invalid_token");
    login.redeem(&pending).expect_error(400, "invalid_grant");
    let more = login.tokens(&[]);
    let stranger = Browser::new(f);
    let page = stranger.authorize(&login.request(&[])).expect(200);
    let page = stranger.log_in(&page, &login.email, PASSWORD).expect(200);
    stranger.log_in(&page, &login.email, "another fine password").expect(303);
    let everywhere = form(&[("flow", "account"), ("csrf", &csrf), ("action", "end_all")]);
    login.browser.post("/account", &everywhere).expect(303);
    login.userinfo(text(&more, "access_token")).expect_error(401, "invalid_token");
    let sent = stranger.authorize(&login.request(&[("prompt", "none")])).expect(303);
    assert_eq!(parameters(&sent)["error"], "login_required");
}
