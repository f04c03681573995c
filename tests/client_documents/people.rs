//! What people see of a client with a document, and what of their consent is remembered.

use serde_json::json;

use crate::suite::browser::{Browser, form};
use crate::suite::harness::Req;
use crate::suite::in_memory::target;
use crate::suite::login::text;
use crate::{
    CLIENT, REDIRECT, allow, open, parameters, person, publish, redeem, refresh, request, with_rules,
};

fn is_consent(browser: &Browser<'_>, redirect_uri: &str) -> bool {
    browser.authorize(&request(CLIENT, redirect_uri)).status == 200
}

#[test]
fn the_consent_page_shows_hosts_and_never_the_name_alone() {
    let target = target();
    let f = with_rules(&target, &open(CLIENT));
    let members = json!({ "client_name": "My Bank <b>", "logo_uri": "https://evil.example/bank.png",
        "client_uri": "https://evil.example/", "policy_uri": "https://evil.example/policy" });
    publish(&target.world, &members);
    let login = Browser::new(&f).authorize(&request(CLIENT, REDIRECT)).expect(200);
    assert!(login.body.contains("app.vendor.example") && !login.body.contains("My Bank"), "{}", login.body);
    let (_, page) = person(&f);
    assert!(page.body.contains("<h1><bdi>app.vendor.example</bdi> asks for access</h1>"), "{}", page.body);
    assert!(page.body.contains("calls itself “<bdi>My Bank &lt;b&gt;</bdi>”"), "{}", page.body);
    assert!(page.body.contains("<strong><bdi>app.vendor.example</bdi></strong>"), "{}", page.body);
    assert!(!page.body.contains("evil.example"), "nothing of the document leads anywhere: {}", page.body);
    assert!(!page.body.contains("this computer"), "{}", page.body);
}

#[test]
fn what_only_a_program_on_this_computer_gets_is_asked_each_time() {
    let target = target();
    let f = with_rules(&target, &open(CLIENT));
    publish(&target.world, &json!({ "redirect_uris": [REDIRECT, "http://127.0.0.1/callback"] }));
    let (browser, page) = person(&f);
    allow(&browser, &page);
    assert!(!is_consent(&browser, REDIRECT));
    for _ in 0..2 {
        let page = browser.authorize(&request(CLIENT, "http://127.0.0.1:49152/callback")).expect(200);
        assert!(page.body.contains("A program on <strong>this computer</strong> asks"), "{}", page.body);
        browser.submit(&page, &[("action", "allow")]).expect(303);
    }
}

#[test]
fn consent_is_remembered_until_what_matters_of_the_document_changes() {
    let target = target();
    let f = with_rules(&target, &open(CLIENT));
    publish(&target.world, &json!({}));
    let (browser, page) = person(&f);
    allow(&browser, &page);
    let other = "https://app.vendor.example/other";
    for (members, asks) in [
        (json!({ "client_name": "Another name" }), false),
        (json!({ "redirect_uris": [REDIRECT, other] }), true),
        (json!({ "redirect_uris": [other, REDIRECT] }), false),
        (json!({}), true),
    ] {
        publish(&target.world, &members);
        target.world.advance(700);
        let page = browser.authorize(&request(CLIENT, REDIRECT));
        assert_eq!(page.status == 200, asks, "{members}");
        if asks {
            allow(&browser, &page);
        }
    }
}

#[test]
fn a_document_that_changes_while_the_page_is_open_is_shown_again() {
    let target = target();
    let f = with_rules(&target, &open(CLIENT));
    publish(&target.world, &json!({}));
    let (browser, page) = person(&f);
    publish(&target.world, &json!({ "redirect_uris": [REDIRECT, "https://app.vendor.example/other"] }));
    target.world.advance(700);
    let again = browser.submit(&page, &[("action", "allow")]).expect(200);
    assert!(again.body.contains("asks for access"), "{}", again.body);
    allow(&browser, &again);
}

#[test]
fn a_redirect_uri_that_leaves_the_document_is_no_way_out_any_more() {
    let target = target();
    let f = with_rules(&target, &open(CLIENT));
    publish(&target.world, &json!({}));
    let (browser, page) = person(&f);
    publish(&target.world, &json!({ "redirect_uris": ["https://app.vendor.example/other"] }));
    target.world.advance(700);
    let answer = browser.submit(&page, &[("action", "allow")]);
    assert!(answer.status >= 400 && answer.header("location").is_none(), "{answer:?}");
}

#[test]
fn a_rule_may_have_people_asked_each_time() {
    let target = target();
    let mut rules = open(CLIENT);
    rules[0]["consent"] = json!("always");
    let f = with_rules(&target, &rules);
    publish(&target.world, &json!({}));
    let (browser, page) = person(&f);
    allow(&browser, &page);
    assert!(is_consent(&browser, REDIRECT) && is_consent(&browser, REDIRECT));
}

#[test]
fn every_installation_has_a_grant_of_its_own() {
    let target = target();
    let f = with_rules(&target, &open(CLIENT));
    publish(&target.world, &json!({}));
    let (browser, page) = person(&f);
    let first = redeem(&f, &allow(&browser, &page)).expect(200).json();
    let again = browser.authorize(&request(CLIENT, REDIRECT)).expect(303);
    let second = redeem(&f, &parameters(&again)["code"]).expect(200).json();
    let first = refresh(&f, text(&first, "refresh_token")).expect(200).json();
    let revoke = form(&[("token", text(&second, "refresh_token")), ("client_id", CLIENT)]);
    let kind = "application/x-www-form-urlencoded";
    f.send(&Req::new("POST", "/revoke").header("content-type", kind).body(revoke)).expect(200);
    refresh(&f, text(&second, "refresh_token")).expect_error(400, "invalid_grant");
    refresh(&f, text(&first, "refresh_token")).expect(200);
}

#[test]
fn a_url_is_a_client_id_everywhere() {
    let target = target();
    let f = with_rules(&target, &open(CLIENT));
    publish(&target.world, &json!({}));
    let (browser, page) = person(&f);
    let tokens = redeem(&f, &allow(&browser, &page)).expect(200).json();
    let claims = crate::suite::login::claims(text(&tokens, "access_token"));
    assert_eq!(claims["client_id"], CLIENT);
    assert_eq!(crate::suite::login::claims(text(&tokens, "id_token"))["aud"], CLIENT);
    let account = browser.get("/account").expect(200);
    assert!(account.body.contains("app.vendor.example (calls itself “Vendor App”)"), "{}", account.body);
    let sub = text(&claims, "sub").to_owned();
    let overview = f.admin("GET", &format!("users/{sub}/sessions"), None).expect(200).body;
    assert!(overview.contains(CLIENT), "{overview}");
    let path = format!("users/{sub}/clients/{}", crate::encode(CLIENT));
    f.admin("DELETE", &path, None).expect(204);
    refresh(&f, text(&tokens, "refresh_token")).expect_error(400, "invalid_grant");
    let log = target.world.log().join("\n");
    assert!(log.contains(&format!("\"client_id\":\"{CLIENT}\"")), "the log names it");
}
