//! What is fetched when, what of it counts, and what strangers can make the server fetch.

use serde_json::json;

use mintedge::protocol::server::ports::MetadataDocument;

use crate::suite::browser::Browser;
use crate::suite::harness::{Fixture, Req, Resp};
use crate::suite::in_memory::{ADMIN_SECRET, InMemory, target};
use crate::suite::login::text;
use crate::{CLIENT, REDIRECT, allow, document, open, person, publish, redeem, refresh, request, with_rules};

fn ask(f: &Fixture<'_>) -> Resp {
    Browser::new(f).authorize(&request(CLIENT, REDIRECT))
}

#[test]
fn a_warm_client_with_a_document_costs_no_fetch_and_no_row() {
    let target = target();
    let f = with_rules(&target, &open(CLIENT));
    publish(&target.world, &json!({}));
    let (browser, page) = person(&f);
    allow(&browser, &page);
    let world = &target.world;
    let before = world.counts();
    let answer = browser.authorize(&request(CLIENT, REDIRECT)).expect(303);
    let after = world.counts().since(before);
    assert_eq!((after.documents_read, after.object_rows_written, after.rows_written), (0, 0, 0), "{after:?}");
    assert_eq!((after.control_calls, after.snapshot_reads, after.object_calls), (0, 0, 1), "{after:?}");
    let code = crate::parameters(&answer)["code"].clone();
    let before = world.counts();
    let tokens = redeem(&f, &code).expect(200).json();
    let after = world.counts().since(before);
    assert_eq!((after.documents_read, after.object_calls, after.object_rows_written), (0, 1, 1), "{after:?}");
    // The client is read again after 25 s, its document isn't.
    world.advance(30);
    let before = world.counts();
    refresh(&f, text(&tokens, "refresh_token")).expect(200);
    let after = world.counts().since(before);
    assert_eq!((after.documents_read, after.snapshot_reads, after.control_calls), (0, 1, 0), "{after:?}");
}

#[test]
fn a_copy_near_the_edge_spares_other_isolates_the_fetch() {
    let target = target();
    let f = with_rules(&target, &open(CLIENT));
    publish(&target.world, &json!({}));
    ask(&f).expect(200);
    assert_eq!(target.world.counts().documents_read, 1);
    let secret = mintedge::protocol::model::secret::Secret::received(ADMIN_SECRET);
    let other = InMemory { world: target.world.clone(), server: target.world.isolate(Some(&secret)) };
    let elsewhere = Fixture::resume(&other);
    ask(&elsewhere).expect(200);
    assert_eq!(target.world.counts().documents_read, 1);
    // As old as its headers let it be, it is fetched again.
    target.world.advance(601);
    ask(&elsewhere).expect(200);
    assert_eq!(target.world.counts().documents_read, 2);
}

#[test]
fn what_is_no_document_of_the_client_is_refused_and_not_kept() {
    let raw = |bytes: &[u8]| MetadataDocument { bytes: bytes.to_vec(), ..document(&json!({})) };
    let of_type = |content_type: &str| MetadataDocument {
        content_type: content_type.to_owned(),
        ..document(&json!({}))
    };
    let cases: Vec<(&str, Option<MetadataDocument>)> = vec![
        ("nothing there, another status, a redirect, too slow", None),
        ("another client_id", Some(document(&json!({ "client_id": "https://app.vendor.example/oauth/other.json" })))),
        ("another spelling", Some(document(&json!({ "client_id": "https://app.vendor.example:443/oauth/client.json" })))),
        ("no name", Some(document(&json!({ "client_name": null })))),
        ("a blank name", Some(document(&json!({ "client_name": " \u{7}" })))),
        ("no redirect_uris", Some(document(&json!({ "redirect_uris": [] })))),
        ("only odd ones", Some(document(&json!({ "redirect_uris": ["javascript:alert(1)", "http://app.vendor.example/cb"] })))),
        ("a secret", Some(document(&json!({ "client_secret": "x" })))),
        ("an end of a secret", Some(document(&json!({ "client_secret_expires_at": 0 })))),
        ("basic", Some(document(&json!({ "token_endpoint_auth_method": "client_secret_basic" })))),
        ("jwt with a secret", Some(document(&json!({ "token_endpoint_auth_method": "client_secret_jwt" })))),
        ("a way that isn't there", Some(document(&json!({ "token_endpoint_auth_method": "tls_client_auth" })))),
        ("gone", Some(MetadataDocument { is_gone: true, ..MetadataDocument::default() })),
        ("keys that aren't there", Some(document(&json!({ "token_endpoint_auth_method": "private_key_jwt" })))),
        ("no key that can be used", Some(document(&json!({ "token_endpoint_auth_method": "private_key_jwt", "jwks": { "keys": [] } })))),
        ("private keys' address", Some(document(&json!({ "token_endpoint_auth_method": "private_key_jwt", "jwks_uri": "https://10.0.0.1/jwks" })))),
        ("an unknown algorithm", Some(document(&json!({ "token_endpoint_auth_method": "private_key_jwt", "jwks_uri": "https://app.vendor.example/jwks", "token_endpoint_auth_signing_alg": "HS256" })))),
        ("two places of keys", Some(document(&json!({ "token_endpoint_auth_method": "private_key_jwt", "jwks_uri": "https://app.vendor.example/jwks", "jwks": { "keys": [] } })))),
        ("a private key", Some(document(&json!({ "jwks": { "keys": [{ "kty": "OKP", "d": "x" }] } })))),
        ("a list", Some(raw(b"[]"))),
        ("no JSON", Some(raw(b"<html></html>"))),
        ("a doubled member", Some(raw(format!(r#"{{"client_id":"{CLIENT}","client_id":"{CLIENT}","client_name":"x","redirect_uris":["{REDIRECT}"]}}"#).as_bytes()))),
        ("HTML", Some(of_type("text/html"))),
        ("no type", Some(of_type(""))),
        ("text", Some(of_type("text/json"))),
        ("a bare suffix", Some(of_type("application/+json"))),
        ("too large", Some(document(&json!({ "padding": "x".repeat(11_000) })))),
    ];
    let target = target();
    let f = with_rules(&target, &open("https://app.vendor.example/*"));
    for (number, (name, bad)) in cases.into_iter().enumerate() {
        target.world.advance(60);
        let url = format!("https://app.vendor.example/oauth/{number}.json");
        let replaced = |document: MetadataDocument| {
            let text = String::from_utf8(document.bytes).expect("text").replace(CLIENT, &url);
            MetadataDocument { bytes: text.into_bytes(), ..document }
        };
        target.world.set_metadata_document(&url, bad.map(replaced));
        let page = Browser::new(&f).authorize(&request(&url, REDIRECT));
        let unreachable = name.starts_with("nothing there") || name == "too large";
        assert_eq!(page.status, if unreachable { 503 } else { 401 }, "{name}: {page:?}");
        assert!(page.header("location").is_none(), "{name}: {page:?}");
        // A moment later it is put right, and counts at once.
        target.world.advance(5);
        target.world.set_metadata_document(&url, Some(replaced(document(&json!({})))));
        let page = Browser::new(&f).authorize(&request(&url, REDIRECT));
        assert_eq!(page.status, 200, "{name}: {page:?}");
    }
}

#[test]
fn unknown_members_grants_and_odd_redirect_uris_do_no_harm() {
    let target = target();
    let f = with_rules(&target, &open(CLIENT));
    let members = json!({
        "redirect_uris": ["javascript:alert(1)", 7, REDIRECT],
        "grant_types": ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:jwt-bearer", 5],
        "response_types": ["code", "token"],
        "token_endpoint_auth_method": "private_key_jwt",
        "token_endpoint_auth_methods_supported": ["tls_client_auth", "none"],
        "software_version": { "x": 1 },
    });
    let kind = "application/vnd.example+json; charset=utf-8".to_owned();
    target
        .world
        .set_metadata_document(CLIENT, Some(MetadataDocument { content_type: kind, ..document(&members) }));
    let (browser, page) = person(&f);
    let tokens = redeem(&f, &allow(&browser, &page)).expect(200).json();
    assert_eq!(tokens["scope"], "openid offline_access orders:read");
    let form = format!("grant_type=client_credentials&client_id={}", crate::encode(CLIENT));
    f.send(&Req::token(&form)).expect_error(400, "unauthorized_client");
}

#[test]
fn a_flood_of_made_up_urls_costs_a_bounded_number_of_fetches() {
    let target = target();
    let f = with_rules(&target, &open("*"));
    publish(&target.world, &json!({}));
    for number in 0..200 {
        let url = format!("https://h{number}.example/client.json");
        Browser::new(&f).authorize(&request(&url, REDIRECT)).expect(503);
    }
    let read = target.world.counts().documents_read;
    assert!(read <= 20, "{read}");
    // Somebody from elsewhere still comes in.
    let other = Browser::new(&f);
    *other.address.borrow_mut() = "198.51.100.9".to_owned();
    other.authorize(&request(CLIENT, REDIRECT)).expect(200);
}

#[test]
fn while_the_document_is_out_of_reach_what_is_there_goes_on_for_a_day() {
    let target = target();
    let f = with_rules(&target, &open(CLIENT));
    publish(&target.world, &json!({}));
    let (browser, page) = person(&f);
    let mut tokens = redeem(&f, &allow(&browser, &page)).expect(200).json();
    target.world.set_metadata_document(CLIENT, None);
    let mut again = |after: u64| -> Resp {
        target.world.advance(after);
        let answer = refresh(&f, text(&tokens, "refresh_token"));
        if answer.status == 200 {
            tokens = answer.json();
        }
        answer
    };
    again(700).expect(200);
    let page = ask(&f).expect(503);
    assert!(page.body.contains("temporarily_unavailable"), "nothing new begins: {}", page.body);
    let before = target.world.counts().documents_read;
    again(1).expect(200);
    assert_eq!(target.world.counts().documents_read, before, "nobody tries again for half a minute");
    again(80_000).expect(200);
    let later = again(7_000);
    later.expect_error(503, "temporarily_unavailable");
    publish(&target.world, &json!({}));
    again(60).expect(200);
}

#[test]
fn a_copy_of_a_well_known_document_counts_where_its_rule_says_so() {
    let claude = "https://claude.ai/oauth/mcp-oauth-client-metadata";
    let rule = |copy: &str| json!([{ "match": "https://claude.ai/*", "allow": "open", "scopes": ["openid", "offline_access", "orders:read"], "built_in_copy": copy }]);
    for (copy, status, fetched) in [("fallback", 200, 1), ("pinned", 200, 0), ("off", 503, 1)] {
        let target = target();
        let f = with_rules(&target, &rule(copy));
        let fields = request(claude, "https://claude.ai/api/mcp/auth_callback");
        let page = Browser::new(&f).authorize(&fields);
        assert_eq!((page.status, target.world.counts().documents_read), (status, fetched), "{copy}");
    }
}

#[test]
fn every_copy_is_a_document_that_would_be_taken() {
    for url in mintedge::protocol::documents::copies::urls() {
        assert_eq!(mintedge::protocol::documents::url::problem(url, false), None, "{url}");
        let copy = mintedge::protocol::documents::copies::of(url).expect("a copy");
        let read = mintedge::protocol::documents::read::read(url, copy.as_bytes(), (&[], false)).expect(url);
        assert!(!read.redirect_uris.is_empty() && read.grant_types.len() == 2, "{url}");
    }
}

#[test]
fn scripts_of_its_own_origins_read_tokens_and_no_others() {
    let target = target();
    let f = with_rules(&target, &open(CLIENT));
    publish(&target.world, &json!({ "redirect_uris": [REDIRECT, "http://127.0.0.1/cb"] }));
    let (browser, page) = person(&f);
    let preflight = Req::new("OPTIONS", "/token").header("origin", "https://app.vendor.example");
    let answer = f.send(&preflight).expect(204);
    assert_eq!(answer.header("access-control-allow-origin"), Some("https://app.vendor.example"));
    let mut code = allow(&browser, &page);
    for (origin, expected) in [
        ("https://evil.example", None),
        ("http://127.0.0.1", None),
        ("null", None),
        ("https://app.vendor.example", Some("https://app.vendor.example")),
    ] {
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code.as_str()),
            ("redirect_uri", REDIRECT),
            ("code_verifier", crate::VERIFIER),
            ("client_id", CLIENT),
        ];
        let answer = f.send(&Req::token(&crate::form(&fields)).header("origin", origin)).expect(200);
        assert_eq!(answer.header("access-control-allow-origin"), expected, "{origin}");
        let next = browser.authorize(&request(CLIENT, REDIRECT)).expect(303);
        code = crate::parameters(&next)["code"].clone();
    }
    let error = f.send(&Req::token("grant_type=x").header("origin", "https://app.vendor.example"));
    assert!(error.header("access-control-allow-origin").is_some(), "{error:?}");
    let error = f.send(&Req::token("grant_type=x").header("origin", "https://evil.example"));
    assert!(error.header("access-control-allow-origin").is_none(), "{error:?}");
}
