//! Which clients may come at all: rules, administrators, and how what they were given ends.

use serde_json::{Value, json};

use crate::suite::browser::Browser;
use crate::suite::harness::{Fixture, Req, Resp, base_config, encode};
use crate::suite::in_memory::target;
use crate::suite::login::text;
use crate::{CLIENT, REDIRECT, allow, open, person, publish, redeem, refresh, request, with_rules};

fn ask(f: &Fixture<'_>, client_id: &str) -> Resp {
    Browser::new(f).authorize(&request(client_id, REDIRECT))
}

#[test]
fn nobody_comes_without_a_rule_and_nothing_is_fetched_for_them() {
    let target = target();
    let f = with_rules(&target, &json!([]));
    publish(&target.world, &json!({}));
    let before = target.world.counts().documents_read;
    let page = ask(&f, CLIENT).expect(401);
    assert!(page.body.contains("invalid_client") && page.header("location").is_none(), "{page:?}");
    redeem(&f, "code").expect_error(401, "invalid_client");
    let pushed = Req::new("POST", "/par")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(crate::form(&request(CLIENT, REDIRECT)));
    f.send(&pushed).expect_error(401, "invalid_client");
    assert_eq!(target.world.counts().documents_read, before);
    let metadata = f.send(&Req::new("GET", "/.well-known/oauth-authorization-server")).expect(200).json();
    assert!(metadata.get("client_id_metadata_document_supported").is_none(), "{metadata}");
}

#[test]
fn a_rule_that_admits_somebody_is_advertised() {
    let target = target();
    let f = with_rules(&target, &open("https://app.vendor.example/*"));
    let metadata = f.send(&Req::new("GET", "/.well-known/oauth-authorization-server")).expect(200).json();
    assert_eq!(metadata["client_id_metadata_document_supported"], true);
    let methods = metadata["token_endpoint_auth_methods_supported"].as_array().expect("methods");
    assert!(methods.contains(&json!("none")), "{metadata}");
}

#[test]
fn look_alikes_and_other_spellings_are_other_clients() {
    let target = target();
    let f = with_rules(&target, &open("https://app.vendor.example/*"));
    publish(&target.world, &json!({}));
    let before = target.world.counts().documents_read;
    for other in [
        "https://app.vendor.example.evil.example/oauth/client.json",
        "https://app-vendor.example/oauth/client.json",
        "https://APP.vendor.example/oauth/client.json",
        "https://app.vendor.example:443/oauth/client.json",
        "https://app.vendor.example@evil.example/oauth/client.json",
        "https://app.vendor.example/oauth/../oauth/client.json",
        "https://app.vendor.example/oauth/%2e/client.json",
        "https://app.vendor.example/oauth/..%2Foauth/client.json",
        "https://app.vendor.example/oauth/..;/oauth/client.json",
        "https://app.vendor.example//oauth/client.json",
        "https://app.vendor.example/%6fauth/client.json",
        "https://app.vendor.example/oauth/client.json#",
        "https://app.vendor.example/oauth/client.json?x",
        "http://app.vendor.example/oauth/client.json",
        "https://127.0.0.1/oauth/client.json",
        "https://[::ffff:169.254.169.254]/oauth/client.json",
        "https://xn--pp-nia.vendor.example/oauth/client.json",
    ] {
        // A minute later the sender has questions again.
        target.world.advance(60);
        let page = ask(&f, other);
        assert!(page.status == 401 && page.body.contains("invalid_client"), "{other}: {page:?}");
    }
    assert_eq!(target.world.counts().documents_read, before, "nothing was fetched");
}

#[test]
fn a_registered_client_may_have_a_url_for_its_id() {
    let target = target();
    let f = with_rules(&target, &json!([]));
    let declared = json!({ "client_id": CLIENT, "token_endpoint_auth_method": "none", "client_name": "Ours",
        "grant_types": ["authorization_code"], "scopes": ["openid", "orders:read", "offline_access"], "redirect_uris": [REDIRECT] });
    f.admin("POST", "clients", Some(&declared)).expect(201);
    let page = ask(&f, CLIENT).expect(200);
    assert!(page.body.contains("Ours"), "{}", page.body);
    assert_eq!(target.world.counts().documents_read, 0);
}

fn decide(f: &Fixture<'_>, admit: bool) {
    let body = json!({ "client_id": CLIENT, "admit": admit });
    f.admin("POST", "client-documents", Some(&body)).expect(200);
    f.target.settle();
}

fn waiting(f: &Fixture<'_>) -> Vec<Value> {
    let list = f.admin("GET", "client-documents", None).expect(200).json();
    list["waiting"].as_array().expect("a list").clone()
}

#[test]
fn an_administrator_is_asked_once_and_admits_or_refuses() {
    let target = target();
    let rule =
        json!([{ "match": "*", "allow": "ask", "scopes": ["openid", "offline_access", "orders:read"] }]);
    let f = with_rules(&target, &rule);
    // What has no sound document is nobody's to decide about.
    ask(&f, CLIENT).expect(503);
    assert!(waiting(&f).is_empty());
    publish(&target.world, &json!({}));
    target.world.advance(60);
    let page = ask(&f, CLIENT).expect(401);
    assert!(page.body.contains("administrator"), "{}", page.body);
    ask(&f, CLIENT).expect(401);
    let list = waiting(&f);
    assert_eq!(list.len(), 1, "{list:?}");
    assert_eq!((&list[0]["client_id"], &list[0]["client_name"]), (&json!(CLIENT), &json!("Vendor App")));
    decide(&f, true);
    assert!(waiting(&f).is_empty());
    let (browser, page) = person(&f);
    let tokens = redeem(&f, &allow(&browser, &page)).expect(200).json();
    let token = text(&tokens, "refresh_token").to_owned();
    decide(&f, false);
    refresh(&f, &token).expect_error(401, "invalid_client");
    ask(&f, CLIENT).expect(401);
    assert!(waiting(&f).is_empty(), "who was refused doesn't ask again");
    // Admitted again, nothing of before comes back.
    decide(&f, true);
    refresh(&f, &token).expect_error(400, "invalid_grant");
}

#[test]
fn a_flood_of_those_who_ask_is_a_bounded_number_of_rows() {
    let target = target();
    let rule = json!([{ "match": "*", "allow": "ask", "scopes": ["orders:read"] }]);
    let f = with_rules(&target, &rule);
    for number in 0..130 {
        let host = if number < 10 { "one.example".to_owned() } else { format!("h{number}.example") };
        let url = format!("https://{host}/{number}.json");
        target.world.set_metadata_document(&url, Some(crate::document(&json!({ "client_id": url }))));
        target.world.advance(60);
        ask(&f, &url).expect(401);
    }
    // Two hours later the administrator's token has ended.
    let f = Fixture::resume(&target);
    let list = waiting(&f);
    assert_eq!(list.len(), 100);
    assert_eq!(list.last().expect("one")["client_id"], "https://h129.example/129.json");
    assert!(list.iter().filter(|one| text(one, "client_id").starts_with("https://one.example")).count() <= 5);
}

#[test]
fn a_denied_client_ends_everywhere_within_a_minute() {
    let target = target();
    let f = with_rules(&target, &open("https://app.vendor.example/*"));
    publish(&target.world, &json!({}));
    let (browser, page) = person(&f);
    let tokens = redeem(&f, &allow(&browser, &page)).expect(200).json();
    let access = text(&tokens, "access_token").to_owned();
    let userinfo = |status| drop(f.send(&Req::new("GET", "/userinfo").bearer(&access)).expect(status));
    userinfo(200);
    decide(&f, false);
    userinfo(401);
    refresh(&f, text(&tokens, "refresh_token")).expect_error(401, "invalid_client");
    ask(&f, CLIENT).expect(401);
}

#[test]
fn everything_of_a_client_ends_by_command_and_stays_ended_when_that_is_forgotten() {
    let target = target();
    let f = with_rules(&target, &open("https://app.vendor.example/*"));
    publish(&target.world, &json!({}));
    let (browser, page) = person(&f);
    let tokens = redeem(&f, &allow(&browser, &page)).expect(200).json();
    let path = format!("clients/{}", encode(CLIENT));
    f.admin("POST", &format!("{path}/revoke"), Some(&json!({}))).expect(200);
    f.target.settle();
    refresh(&f, text(&tokens, "refresh_token")).expect_error(400, "invalid_grant");
    f.admin("DELETE", &path, None).expect(204);
    f.target.settle();
    refresh(&f, text(&tokens, "refresh_token")).expect_error(400, "invalid_grant");
    let page = browser.authorize(&request(CLIENT, REDIRECT)).expect(200);
    redeem(&f, &allow(&browser, &page)).expect(200);
}

#[test]
fn a_rule_that_goes_ends_what_it_let_in() {
    let target = target();
    let f = with_rules(&target, &open("https://app.vendor.example/*"));
    publish(&target.world, &json!({}));
    let (browser, page) = person(&f);
    let tokens = redeem(&f, &allow(&browser, &page)).expect(200).json();
    f.apply(&base_config()).expect(200);
    f.target.settle();
    refresh(&f, text(&tokens, "refresh_token")).expect_error(401, "invalid_client");
}

#[test]
fn rules_that_make_no_sense_are_refused_with_their_place() {
    let target = target();
    let f = Fixture::new(&target);
    for (rules, path) in [
        (
            json!([{ "match": "https://*/x", "allow": "open", "scopes": ["orders:read"] }]),
            "client_document[0].match",
        ),
        (
            json!([{ "match": "https://localhost/*", "allow": "open", "scopes": ["orders:read"] }]),
            "client_document[0].match",
        ),
        (json!([{ "match": "https://a.example/../x", "allow": "off" }]), "client_document[0].match"),
        (
            json!([{ "match": "*", "allow": "off" }, { "match": "*", "allow": "ask", "scopes": ["orders:read"] }]),
            "client_document[1].match",
        ),
        (json!([{ "match": "*", "allow": "open" }]), "client_document[0].scopes"),
        (
            json!([{ "match": "*", "allow": "open", "scopes": ["mintedge:read"] }]),
            "client_document[0].scopes[0]",
        ),
        (json!([{ "match": "*", "allow": "open", "scopes": ["nope"] }]), "client_document[0].scopes[0]"),
        (
            json!([{ "match": "https://a.example/x", "allow": "off", "built_in_copy": "pinned" }]),
            "client_document[0].built_in_copy",
        ),
    ] {
        let mut config = base_config();
        config["client_document"] = rules.clone();
        let refused = f.apply(&config).expect(422).json();
        assert_eq!(refused["problems"][0]["path"], path, "{refused}");
    }
}
