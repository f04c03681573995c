//! `/logout` and the OpenID Foundation's tests of RP-initiated logout, each under the name it has there.

use serde_json::json;

use crate::suite::browser::{form, parameters};
use crate::suite::harness::{Fixture, Resp};
use crate::suite::login::{Login, text};

const BYE: &str = "https://app.example/bye";

fn logout(login: &Login<'_>, request: &[(&str, &str)]) -> Resp {
    login.browser.get(&format!("/logout?{}", form(request)))
}

fn is_signed_in(login: &Login<'_>) -> bool {
    parameters(&login.authorize(&[("prompt", "none")]).expect(303)).contains_key("code")
}

fn signed_in<'a>(f: &'a Fixture<'a>) -> (Login<'a>, String) {
    let login = Login::new(f, &json!({}));
    let hint = text(&login.tokens(&[]), "id_token").to_owned();
    (login, hint)
}

pub fn oidcc_rp_initiated_logout(f: &Fixture<'_>) {
    let (login, hint) = signed_in(f);
    let request = [("id_token_hint", hint.as_str()), ("post_logout_redirect_uri", BYE), ("state", "s")];
    let answer = logout(&login, &request).expect(303);
    assert_eq!(answer.header("location"), Some("https://app.example/bye?state=s"));
    assert!(!is_signed_in(&login));
}

pub fn oidcc_rp_initiated_logout_no_state(f: &Fixture<'_>) {
    let (login, hint) = signed_in(f);
    let answer = logout(&login, &[("id_token_hint", &hint), ("post_logout_redirect_uri", BYE)]).expect(303);
    assert_eq!(answer.header("location"), Some(BYE));
}

pub fn oidcc_rp_initiated_logout_no_post_logout_redirect_uri(f: &Fixture<'_>) {
    let (login, hint) = signed_in(f);
    let page = logout(&login, &[("id_token_hint", &hint), ("state", "s")]).expect(200);
    assert!(page.body.contains("signed out"), "{}", page.body);
    assert!(!is_signed_in(&login));
}

pub fn oidcc_rp_initiated_logout_no_params(f: &Fixture<'_>) {
    let (login, _) = signed_in(f);
    let page = login.browser.get("/logout").expect(200);
    assert!(is_signed_in(&login));
    login.browser.submit(&page, &[("action", "logout")]).expect(200);
    assert!(!is_signed_in(&login));
}

pub fn oidcc_rp_initiated_logout_only_state(f: &Fixture<'_>) {
    let (login, _) = signed_in(f);
    let page = logout(&login, &[("state", "s")]).expect(200);
    let done = login.browser.submit(&page, &[("action", "logout")]).expect(200);
    assert_eq!(done.header("location"), None);
}

pub fn oidcc_rp_initiated_logout_no_id_token_hint(f: &Fixture<'_>) {
    let (login, _) = signed_in(f);
    let page = logout(&login, &[("post_logout_redirect_uri", BYE), ("state", "s")]).expect(400);
    assert_eq!(page.header("location"), None);
    assert!(page.body.contains("an id_token_hint or a client_id is needed"), "{}", page.body);
    assert!(is_signed_in(&login));
    let named = [("client_id", login.client.id.as_str()), ("post_logout_redirect_uri", BYE), ("state", "s")];
    let page = logout(&login, &named).expect(200);
    let done = login.browser.submit(&page, &[("action", "logout")]).expect(303);
    assert_eq!(done.header("location"), Some("https://app.example/bye?state=s"));
}

pub fn oidcc_rp_initiated_logout_bad_post_logout_redirect_uri(f: &Fixture<'_>) {
    let (login, hint) = signed_in(f);
    let page =
        logout(&login, &[("id_token_hint", &hint), ("post_logout_redirect_uri", "https://evil.example")]);
    assert_eq!(page.clone().expect(400).header("location"), None);
    assert!(page.body.contains("not registered for it"), "{}", page.body);
    assert!(is_signed_in(&login));
}

pub fn oidcc_rp_initiated_logout_query_added_to_post_logout_redirect_uri(f: &Fixture<'_>) {
    let (login, hint) = signed_in(f);
    let uri = format!("{BYE}?foo=bar");
    let page = logout(&login, &[("id_token_hint", &hint), ("post_logout_redirect_uri", &uri)]).expect(400);
    assert_eq!(page.header("location"), None);
}

pub fn oidcc_rp_initiated_logout_modified_id_token_hint(f: &Fixture<'_>) {
    let (login, hint) = signed_in(f);
    for changed in [format!("{hint}x"), hint.replacen('.', ".A", 1), "nonsense".to_owned()] {
        let request = [("id_token_hint", changed.as_str()), ("post_logout_redirect_uri", BYE)];
        assert_eq!(logout(&login, &request).expect(400).header("location"), None);
        assert!(is_signed_in(&login));
    }
}
