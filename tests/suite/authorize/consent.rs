//! `/authorize`: who is asked for consent, and what it is worth.

use serde_json::json;

use crate::suite::browser::{Browser, PageForm, form, parameters};
use crate::suite::harness::Fixture;
use crate::suite::login::{Login, REDIRECT, web_client};

pub fn consent_is_asked_once_and_binds_to_the_request(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({ "first_party": false }));
    let page = login.authorize(&[]).expect(200);
    assert!(page.body.contains("Acme Shop") && page.body.contains("app.example"), "{}", page.body);
    // Another browser can't answer for this one, and neither can a form without its proof.
    let other = Browser::new(f);
    other.authorize(&login.request(&[]));
    let begun = other.submit(&page, &[("action", "allow")]).expect(200);
    assert!(begun.body.contains("name=\"password\""), "{}", begun.body);
    let shown = PageForm::of(&page.body);
    let without = form(&[("flow", shown.field("flow")), ("action", "allow")]);
    login.browser.post("/consent", &without).expect(200);
    // The proof belongs to one request.
    let wider = login.authorize(&[("scope", "openid orders:write")]).expect(200);
    let mixed = form(&[
        ("flow", PageForm::of(&wider.body).field("flow")),
        ("csrf", shown.field("csrf")),
        ("action", "allow"),
    ]);
    login.browser.post("/consent", &mixed).expect(200);
    login.authorize(&[]).expect(200);
    let answer = login.browser.submit(&page, &[("action", "allow")]).expect(303);
    login.redeem(&parameters(&answer)["code"]).expect(200);
    // Remembered from now on, but not for more than was asked.
    login.authorize(&[]).expect(303);
    login.authorize(&[("scope", "openid")]).expect(303);
    login.authorize(&[("scope", "openid orders:write")]).expect(200);
    login.authorize(&[("prompt", "consent")]).expect(200);
}

pub fn saying_no_is_access_denied(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({ "first_party": false }));
    let page = login.authorize(&[]).expect(200);
    let sent = parameters(&login.browser.submit(&page, &[("action", "deny")]).expect(303));
    assert_eq!((sent["error"].as_str(), sent["state"].as_str()), ("access_denied", "the state"));
    let stranger = Browser::new(f);
    let page = stranger.authorize(&login.request(&[])).expect(200);
    let sent = parameters(&stranger.submit(&page, &[("action", "cancel")]).expect(303));
    assert_eq!(sent["error"], "access_denied");
}

pub fn a_public_client_that_anybody_could_pose_as_asks_every_time(f: &Fixture<'_>) {
    let uris = [REDIRECT, "http://127.0.0.1/cb", "http://localhost:3000/cb", "com.example.app:/cb"];
    let public = Login::new(
        f,
        &json!({ "token_endpoint_auth_method": "none", "redirect_uris": uris, "first_party": true }),
    );
    for uri in ["http://127.0.0.1:49152/cb", "http://localhost:3000/cb", "com.example.app:/cb"] {
        let to = [("redirect_uri", uri)];
        for _ in 0..2 {
            let page = public.authorize(&to).expect(200);
            let answer = public.browser.submit(&page, &[("action", "allow")]).expect(303);
            let code = parameters(&answer)["code"].clone();
            public.redeem_with(&public.client, &code, &to).expect(200);
        }
        let sent = parameters(&public.authorize(&[to[0], ("prompt", "none")]).expect(303));
        assert_eq!(sent["error"], "consent_required", "{uri}");
    }
    assert!(parameters(&public.authorize(&[("prompt", "none")]).expect(303)).contains_key("code"));
    // A client with a secret is known for what it is, wherever it listens.
    let confidential = web_client(f, &json!({ "redirect_uris": uris, "first_party": true }));
    let more = [("client_id", confidential.id.as_str()), ("redirect_uri", "http://127.0.0.1:7/cb")];
    assert!(parameters(&public.authorize(&more).expect(303)).contains_key("code"));
}
