//! `/logout`: what ends, and where the browser goes then.

use serde_json::json;

use crate::suite::browser::{form, parameters};
use crate::suite::harness::Fixture;
use crate::suite::login::{Login, text};

pub fn signing_out_ends_session_and_tokens_and_goes_back(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let tokens = login.tokens(&[]);
    let offline = login.tokens(&[("scope", "openid offline_access")]);
    let hint = text(&tokens, "id_token");
    let state = "s".repeat(128);
    let request =
        [("id_token_hint", hint), ("post_logout_redirect_uri", "https://app.example/bye"), ("state", &state)];
    let answer = login.browser.get(&format!("/logout?{}", form(&request))).expect(303);
    assert_eq!(answer.header("location"), Some(format!("https://app.example/bye?state={state}").as_str()));
    let sent = parameters(&login.authorize(&[("prompt", "none")]).expect(303));
    assert_eq!(sent["error"], "login_required");
    login.refresh(text(&tokens, "refresh_token"), "").expect_error(400, "invalid_grant");
    login.userinfo(text(&tokens, "access_token")).expect_error(401, "invalid_token");
    // Offline access was granted to outlive the session.
    login.refresh(text(&offline, "refresh_token"), "").expect(200);
}

pub fn nobody_is_signed_out_or_sent_on_without_reason(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let tokens = login.tokens(&[]);
    let hint = text(&tokens, "id_token").to_owned();
    let bye = "https://app.example/bye";
    let forged = format!("{hint}x");
    let cases: [&[(&str, &str)]; 6] = [
        &[("id_token_hint", &hint), ("post_logout_redirect_uri", "https://evil.example")],
        &[("id_token_hint", &hint), ("post_logout_redirect_uri", "https://app.example/bye?x=1")],
        &[("id_token_hint", &forged), ("post_logout_redirect_uri", bye)],
        &[("post_logout_redirect_uri", bye)],
        &[],
        &[("state", "x")],
    ];
    for request in cases {
        let answer = login.browser.get(&format!("/logout?{}", form(request)));
        assert_eq!(answer.header("location"), None, "{request:?}: {answer:?}");
        assert!(
            parameters(&login.authorize(&[("prompt", "none")]).expect(303)).contains_key("code"),
            "{request:?}"
        );
    }
    // Asked and confirmed.
    let page = login.browser.get("/logout").expect(200);
    let forged = form(&[("flow", "x"), ("csrf", "y"), ("action", "logout")]);
    let asked = login.browser.post("/logout", &forged).expect(200);
    assert!(asked.body.contains("Sign out?"), "{}", asked.body);
    login.browser.submit(&page, &[("action", "logout")]).expect(200);
    assert_eq!(parameters(&login.authorize(&[("prompt", "none")]).expect(303))["error"], "login_required");
}

pub fn the_sign_out_page_leads_back_to_the_client(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let request =
        [("client_id", login.client.id.as_str()), ("post_logout_redirect_uri", "https://app.example/bye")];
    let page = login.browser.get(&format!("/logout?{}", form(&request))).expect(200);
    let answer = login.browser.submit(&page, &[("action", "logout")]).expect(303);
    assert_eq!(answer.header("location"), Some("https://app.example/bye"));
}
