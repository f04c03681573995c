//! What goes on while a document can't be had, in isolates that have never seen it; and what no failure brings back.

use serde_json::json;

use mintedge::protocol::model::secret::Secret;
use mintedge::protocol::server::ports::MetadataDocument;

use crate::suite::browser::Browser;
use crate::suite::harness::{Fixture, Req, base_config, encode};
use crate::suite::in_memory::{ADMIN_SECRET, InMemory, target};
use crate::suite::login::text;
use crate::{CLIENT, REDIRECT, allow, document, open, person, publish, redeem, refresh, request, with_rules};

const CLAUDE: &str = "https://claude.ai/oauth/mcp-oauth-client-metadata";
const CALLBACK: &str = "https://claude.ai/api/mcp/auth_callback";

/// An isolate that knows nothing yet.
fn elsewhere(target: &InMemory) -> InMemory {
    let secret = Secret::received(ADMIN_SECRET);
    InMemory { world: target.world.clone(), server: target.world.isolate(Some(&secret)) }
}

#[test]
fn what_a_client_has_never_ends_because_its_document_cant_be_had() {
    let target = target();
    let world = &target.world;
    let f = with_rules(&target, &open(CLIENT));
    publish(world, &json!({}));
    let (browser, page) = person(&f);
    let tokens = redeem(&f, &allow(&browser, &page)).expect(200).json();
    world.set_metadata_document(CLIENT, None);
    world.forget_metadata_copies();
    let other = elsewhere(&target);
    let f = Fixture::resume(&other);
    let before = world.counts().documents_read;
    let access = text(&tokens, "access_token");
    f.send(&Req::new("GET", "/userinfo").bearer(access)).expect(200);
    let caller = f.client(&json!({ "serves": ["https://orders.example"] }));
    let asked = Req::token(&format!("token={access}")).basic(&caller.id, &caller.secret);
    let found = f.send(&Req { path: "/introspect".to_owned(), ..asked }).expect(200).json();
    assert_eq!(found["active"], json!(true), "{found}");
    let sub = text(&crate::suite::login::claims(access), "sub").to_owned();
    f.admin("GET", &format!("users/{sub}/sessions"), None).expect(200);
    assert_eq!(world.counts().documents_read, before, "nothing is fetched to know that");
    let refused = refresh(&f, text(&tokens, "refresh_token"));
    assert!(refused.header("retry-after").is_some());
    refused.expect_error(503, "temporarily_unavailable");
    let pushed = Req::new("POST", "/par")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(crate::form(&request(CLIENT, REDIRECT)));
    f.send(&pushed).expect_error(503, "temporarily_unavailable");
    // A failure is remembered for some seconds.
    assert_eq!(world.counts().documents_read, before + 1);
    publish(world, &json!({}));
    world.advance(5);
    refresh(&f, text(&tokens, "refresh_token")).expect(200);
}

#[test]
fn what_is_kept_nearby_costs_nothing_of_the_budget() {
    let target = target();
    let world = &target.world;
    let f = with_rules(&target, &open("*"));
    let urls: Vec<_> = (0..40).map(|number| format!("https://h{number}.example/c.json")).collect();
    for url in &urls {
        world.set_metadata_document(url, Some(document(&json!({ "client_id": url }))));
        world.advance(5);
        Browser::new(&f).authorize(&request(url, REDIRECT)).expect(200);
    }
    let other = elsewhere(&target);
    let f = Fixture::resume(&other);
    let before = world.counts().documents_read;
    for url in &urls {
        Browser::new(&f).authorize(&request(url, REDIRECT)).expect(200);
    }
    assert_eq!(world.counts().documents_read, before);
}

#[test]
fn a_flood_of_made_up_urls_hinders_nobody_who_is_on_the_way() {
    let target = target();
    let f = with_rules(&target, &open("*"));
    publish(&target.world, &json!({}));
    let (browser, page) = person(&f);
    *browser.address.borrow_mut() = "198.51.100.9".to_owned();
    target.world.forget_metadata_copies();
    let other = elsewhere(&target);
    let there = Fixture::resume(&other);
    for number in 0..100 {
        let url = format!("https://h{number}.example/client.json");
        Browser::new(&there).authorize(&request(&url, REDIRECT)).expect(503);
    }
    let moved = Browser::new(&there);
    *moved.cookies.borrow_mut() = browser.cookies.borrow().clone();
    *moved.address.borrow_mut() = browser.address.borrow().clone();
    allow(&moved, &page);
}

#[test]
fn who_was_ended_stays_so_when_a_registration_under_its_url_goes() {
    for refused in [false, true] {
        let target = target();
        let f = with_rules(&target, &open(CLIENT));
        publish(&target.world, &json!({}));
        let (browser, page) = person(&f);
        let tokens = redeem(&f, &allow(&browser, &page)).expect(200).json();
        let path = format!("clients/{}", encode(CLIENT));
        if refused {
            let body = json!({ "client_id": CLIENT, "admit": false });
            f.admin("POST", "client-documents", Some(&body)).expect(200);
        } else {
            f.admin("POST", &format!("{path}/revoke"), Some(&json!({}))).expect(200);
        }
        let mut config = base_config();
        config["client_document"] = open(CLIENT);
        let without = config.clone();
        let declared = json!({ "client_id": CLIENT, "token_endpoint_auth_method": "none", "client_name": "Ours",
            "grant_types": ["authorization_code"], "scopes": ["openid", "orders:read"], "redirect_uris": [REDIRECT] });
        let clients = config["client"].as_array_mut();
        match clients {
            Some(clients) => clients.push(declared),
            None => config["client"] = json!([declared]),
        }
        f.apply(&config).expect(200);
        f.apply(&without).expect(200);
        f.target.settle();
        let token = text(&tokens, "refresh_token");
        if refused {
            refresh(&f, token).expect_error(401, "invalid_client");
        } else {
            refresh(&f, token).expect_error(400, "invalid_grant");
            browser.authorize(&request(CLIENT, REDIRECT)).expect(200);
        }
        f.send(&Req::new("GET", "/userinfo").bearer(text(&tokens, "access_token"))).expect(401);
    }
}

#[test]
fn a_url_can_be_registered_again_after_it_was_deleted() {
    let target = target();
    let f = with_rules(&target, &json!([]));
    let declared = json!({ "client_id": CLIENT, "token_endpoint_auth_method": "none",
        "grant_types": ["authorization_code"], "scopes": ["orders:read"], "redirect_uris": [REDIRECT] });
    for _ in 0..2 {
        f.admin("POST", "clients", Some(&declared)).expect(201);
        f.admin("POST", "clients", Some(&declared)).expect(409);
        f.admin("DELETE", &format!("clients/{}", encode(CLIENT)), None).expect(204);
    }
}

fn claude(copy: &str) -> serde_json::Value {
    json!([{ "match": "https://claude.ai/*", "allow": "open", "scopes": ["openid", "offline_access", "orders:read"], "built_in_copy": copy }])
}

#[test]
fn a_copy_stands_in_only_for_a_document_that_cant_be_reached() {
    let own = |members: serde_json::Value| {
        let mut all = json!({ "client_id": CLAUDE, "redirect_uris": [CALLBACK] });
        for (name, value) in members.as_object().expect("members") {
            all[name] = value.clone();
        }
        document(&all)
    };
    let html = MetadataDocument { content_type: "text/html".to_owned(), ..own(json!({})) };
    let gone = MetadataDocument { is_gone: true, ..MetadataDocument::default() };
    let secret = own(json!({ "token_endpoint_auth_method": "client_secret_basic" }));
    for (name, answer, status) in [
        ("no answer", None, 200),
        ("a page for browsers", Some(html), 200),
        ("none any more", Some(gone), 401),
        ("one that isn't taken", Some(secret), 401),
    ] {
        let target = target();
        let f = with_rules(&target, &claude("fallback"));
        target.world.set_metadata_document(CLAUDE, answer);
        let page = Browser::new(&f).authorize(&request(CLAUDE, CALLBACK));
        assert_eq!(page.status, status, "{name}: {page:?}");
    }
}

#[test]
fn what_a_well_known_client_said_itself_goes_before_its_copy() {
    let target = target();
    let world = &target.world;
    let f = with_rules(&target, &claude("fallback"));
    let other = "https://claude.ai/another/callback";
    world.set_metadata_document(
        CLAUDE,
        Some(document(&json!({ "client_id": CLAUDE, "redirect_uris": [other] }))),
    );
    let ask = |f: &Fixture<'_>, uri: &str| Browser::new(f).authorize(&request(CLAUDE, uri)).status;
    assert_eq!((ask(&f, other), ask(&f, CALLBACK)), (200, 400));
    world.set_metadata_document(CLAUDE, None);
    world.advance(700);
    let cold = elsewhere(&target);
    for f in [&f, &Fixture::resume(&cold)] {
        assert_eq!((ask(f, other), ask(f, CALLBACK)), (200, 400), "for a day, also near the edge only");
    }
    world.advance(2 * 86_400);
    let late = Fixture::resume(&target);
    assert_eq!((ask(&late, other), ask(&late, CALLBACK)), (400, 200), "then the copy");
}

#[test]
fn a_rule_that_goes_counts_as_soon_as_the_configuration_is_read() {
    let target = target();
    let world = &target.world;
    let f = with_rules(&target, &open(CLIENT));
    publish(world, &json!({}));
    let ask = || Browser::new(&f).authorize(&request(CLIENT, REDIRECT)).status;
    assert_eq!(ask(), 200);
    world.advance(30);
    let other = elsewhere(&target);
    let admin = Fixture::resume(&other);
    // The configuration is read now, and the client of it 24 s later.
    f.send(&Req::new("GET", "/.well-known/oauth-authorization-server")).expect(200);
    world.advance(24);
    assert_eq!(ask(), 200);
    admin.apply(&base_config()).expect(200);
    world.publish().expect("published");
    world.advance(2);
    let metadata = f.send(&Req::new("GET", "/.well-known/oauth-authorization-server")).expect(200).json();
    assert!(metadata.get("client_id_metadata_document_supported").is_none(), "{metadata}");
    assert_eq!(ask(), 401);
}

#[test]
fn a_decision_of_another_release_is_no_missing_decision() {
    let target = target();
    let world = &target.world;
    let f = with_rules(&target, &open(CLIENT));
    publish(world, &json!({}));
    let body = json!({ "client_id": CLIENT, "admit": false });
    f.admin("POST", "client-documents", Some(&body)).expect(200);
    f.target.settle();
    let written = world.published();
    let (name, value) = written
        .iter()
        .find(|(_, value)| value.contains(CLIENT) && value.contains("\"document\""))
        .expect("a row");
    let layout =
        value.split("\"layout\":").nth(1).expect("a layout").split([',', '}']).next().expect("a number");
    world.tamper(name, Some(&value.replace(&format!("\"layout\":{layout}"), "\"layout\":999")));
    world.advance(30);
    Browser::new(&f).authorize(&request(CLIENT, REDIRECT)).expect(401);
}
