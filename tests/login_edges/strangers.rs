//! Clients that registered themselves are strangers: what people see of them, where browsers are not sent, what they can't flood, and
//! how they end.

use serde_json::json;

use crate::registration::{
    CURSOR, LOOPBACK, code, cursor, opened, policy, public_token, redemption, register, request,
};
use crate::suite::browser::{Browser, form, parameters};
use crate::suite::harness::{Req, Resp, Target as _};
use crate::suite::in_memory::target;
use crate::suite::login::text;

#[test]
fn consent_names_the_app_that_gets_the_code() {
    let target = target();
    let f = opened(&target, &json!({}));
    let uri = "com.evil.app://claude.ai/cb";
    let metadata =
        json!({ "client_name": "Claude", "redirect_uris": [uri], "token_endpoint_auth_method": "none" });
    let client = register(&f, &metadata).expect(201).json();
    let browser = Browser::new(&f);
    let page = browser.sign_up(&request(text(&client, "client_id"), uri), "ada@example.com").expect(200);
    assert!(page.body.contains("<strong><bdi>com.evil.app:</bdi></strong>"), "{}", page.body);
    assert!(!page.body.contains("claude.ai</bdi>"), "{}", page.body);
    f.apply(&policy(&json!({ "redirect_hosts": ["claude.ai"] }))).expect(200);
    target.settle();
    register(&f, &metadata).expect_error(400, "invalid_redirect_uri");
}

#[test]
fn nobody_is_sent_to_a_strangers_site_by_a_link_alone() {
    let target = target();
    let f = opened(&target, &json!({}));
    let evil = "https://evil.example/";
    let metadata = json!({ "redirect_uris": [evil, LOOPBACK], "post_logout_redirect_uris": [evil], "token_endpoint_auth_method": "none" });
    let client = register(&f, &metadata).expect(201).json();
    let id = text(&client, "client_id");
    let wrong = |redirect_uri: &str, changes: &[(&'static str, &'static str)]| {
        let mut request = vec![("client_id", id), ("redirect_uri", redirect_uri), ("response_type", "x")];
        request.extend_from_slice(changes);
        Browser::new(&f).authorize(&request)
    };
    let modes: [&[(&str, &str)]; 3] =
        [&[], &[("response_mode", "form_post")], &[("response_mode", "fragment")]];
    for changes in modes {
        let page = wrong(evil, changes).expect(400);
        assert!(page.header("location").is_none() && !page.body.contains("evil.example"), "{page:?}");
    }
    let told = wrong(LOOPBACK, &[]).expect(303);
    assert!(
        told.header("location").is_some_and(|to| to.starts_with(LOOPBACK)),
        "a program of the person's own"
    );
    let mut silent = request(id, evil);
    silent.push(("prompt", "none"));
    let answer = Browser::new(&f).authorize(&silent).expect(303);
    assert!(answer.header("location").is_some_and(|to| to.contains("error=login_required")), "{answer:?}");
    let logout = form(&[("client_id", id), ("post_logout_redirect_uri", evil)]);
    let page = f.send(&Req::new("GET", &format!("/logout?{logout}"))).expect(200);
    assert!(!page.body.contains("http-equiv=\"refresh\""), "{}", page.body);
    assert!(
        page.body.contains("<bdi>evil.example</bdi>") && page.body.contains("href=\"https://evil.example/\"")
    );
    // Whoever is logged in is where the client may learn of it.
    let browser = Browser::new(&f);
    let page = browser.sign_up(&request(id, evil), "eve@example.com").expect(200);
    let code = parameters(&browser.submit(&page, &[("action", "allow")]).expect(303))["code"].clone();
    let answer =
        browser.authorize(&[("client_id", id), ("redirect_uri", evil), ("response_type", "x")]).expect(303);
    assert!(answer.header("location").is_some_and(|to| to.starts_with(evil)), "{answer:?}");
    let tokens = public_token(&f, id, &redemption(&code, evil)).expect(200).json();
    let hinted = form(&[("id_token_hint", text(&tokens, "id_token")), ("post_logout_redirect_uri", evil)]);
    let answer = f.send(&Req::new("GET", &format!("/logout?{hinted}"))).expect(303);
    assert_eq!(answer.header("location"), Some(evil), "the hint says that it knows the person");
}

#[test]
fn pages_say_that_nobody_has_checked_a_strangers_name() {
    let target = target();
    let f = opened(&target, &json!({}));
    let redirect = "https://evil.example/cb";
    for name in [Some("Orders"), None] {
        let mut metadata =
            json!({ "redirect_uris": [redirect], "logo_uri": "https://evil.example/logo.png" });
        if let Some(name) = name {
            metadata["client_name"] = name.into();
        }
        let client = register(&f, &metadata).expect(201).json();
        let id = text(&client, "client_id");
        let browser = Browser::new(&f);
        let login = browser.authorize(&request(id, redirect)).expect(200);
        let consent =
            browser.sign_up(&request(id, redirect), &format!("{}@example.com", f.unique("x"))).expect(200);
        for page in [login, consent] {
            assert!(page.body.contains("nobody has checked its name"), "{}", page.body);
            assert!(page.body.contains("<bdi>evil.example</bdi>"), "{}", page.body);
            assert!(!page.body.contains("logo.png") && !page.body.contains(id), "{}", page.body);
            assert!(page.body.contains(name.unwrap_or("an unnamed application")), "{}", page.body);
        }
    }
}

#[test]
fn a_secret_that_anybody_gets_buys_no_unlimited_pushes() {
    let target = target();
    let f = opened(&target, &json!({}));
    let client = register(&f, &json!({ "redirect_uris": ["https://app.example/cb"] })).expect(201).json();
    let (id, secret) = (text(&client, "client_id"), text(&client, "client_secret"));
    let push = || {
        let body = form(&request(id, "https://app.example/cb"));
        let request = Req::new("POST", "/par").header("content-type", "application/x-www-form-urlencoded");
        f.send(&request.body(body).basic(id, secret))
    };
    push().expect(201);
    let refused = (0..1000).map(|_| push()).find(|answer| answer.status != 201).expect("a bound");
    assert_eq!(refused.status, 429, "{refused:?}");
}

#[test]
fn what_registered_before_a_time_is_out_and_who_registers_anew_is_in() {
    let target = target();
    let f = opened(&target, &json!({}));
    let id = |answer: Resp| text(&answer.expect(201).json(), "client_id").to_owned();
    let old = id(register(&f, &cursor()));
    let tokens = public_token(&f, &old, &redemption(&code(&f, &old, CURSOR), CURSOR)).expect(200).json();
    target.world.advance(10);
    let since = target.world.now().0;
    f.apply(&policy(&json!({ "registered_since": since }))).expect(200);
    target.settle();
    let refresh = format!("grant_type=refresh_token&refresh_token={}", text(&tokens, "refresh_token"));
    public_token(&f, &old, &refresh).expect_error(401, "invalid_client");
    let new = id(register(&f, &cursor()));
    public_token(&f, &new, &redemption(&code(&f, &new, CURSOR), CURSOR)).expect(200);
    f.apply(&policy(&json!({ "registered_since": target.world.now().0 + 3600 }))).expect(200);
    target.settle();
    register(&f, &cursor()).expect_error(503, "temporarily_unavailable");
}
