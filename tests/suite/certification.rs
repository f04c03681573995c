//! What modules of the `OpenID Foundation`'s conformance suite look for, under their names.

use base64ct::{Base64UrlUnpadded, Encoding as _};
use serde_json::{Value, json};

use super::authorize::{Login, REDIRECT, text};
use super::browser::{CHALLENGE, PageForm, form, parameters};
use super::harness::{Fixture, Resp};

const BYE: &str = "https://app.example/bye";

fn unsigned(claims: &Value) -> String {
    let part = |json: &str| Base64UrlUnpadded::encode_string(json.as_bytes());
    format!("{}.{}.", part(r#"{"alg":"none"}"#), part(&claims.to_string()))
}

pub fn oidcc_unsigned_request_object_supported_correctly_or_rejected_as_unsupported(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let claims = json!({
        "client_id": login.client.id, "response_type": "code", "redirect_uri": "https://evil.example/cb",
        "scope": "openid", "nonce": "n", "state": "the object's", "response_mode": "form_post",
        "code_challenge": CHALLENGE, "code_challenge_method": "S256",
    });
    let object = unsigned(&claims);
    // What stands in the object only says which way the refusal goes.
    let page = login.authorize(&[("request", &object), ("state", "")]).expect(200);
    let sent = PageForm::of(&page.body);
    assert_eq!(sent.action, REDIRECT);
    assert_eq!(sent.field("error"), "request_not_supported");
    assert_eq!((sent.field("state"), sent.field("iss")), ("the object's", f.target.issuer().as_str()));
    // What the request itself says counts.
    let outside = [("request", object.as_str()), ("response_mode", "query")];
    let sent = parameters(&login.authorize(&outside).expect(303));
    assert_eq!((sent["error"].as_str(), sent["state"].as_str()), ("request_not_supported", "the state"));
    // Nor is anything sent to an address that stands there.
    let nowhere = login.authorize(&[("request", &object), ("redirect_uri", "https://evil.example/cb")]);
    assert_eq!(nowhere.expect(400).header("location"), None);
    let odd = unsigned(&json!({ "response_mode": "jwt" }));
    let sent = parameters(&login.authorize(&[("request", &odd)]).expect(303));
    assert_eq!(sent["error"], "invalid_request");
}

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
