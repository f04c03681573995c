//! Where an issuer's keys come from, how long they are used, and what a flood costs it.

use mintedge::protocol::server::ports::Platform as _;

use super::*;

const MINUTE: u64 = 60;

fn reads(setup: &Setup) -> usize {
    setup.world.document_reads().len()
}

#[test]
fn keys_are_discovered_once_and_used_for_five_minutes() {
    let setup = Setup::new();
    granted(&setup.present(&setup.token(&json!({})), &[]));
    let urls: Vec<_> = setup.world.document_reads();
    assert_eq!(urls, [(DISCOVERY.to_owned(), false), (KEYS.to_owned(), false)]);
    setup.world.advance(299);
    granted(&setup.present(&setup.token(&json!({})), &[]));
    assert_eq!(reads(&setup), 2);
    setup.world.advance(1);
    granted(&setup.present(&setup.token(&json!({})), &[]));
    assert_eq!(reads(&setup), 4);
}

#[test]
fn written_down_keys_are_never_asked_for() {
    let mut configuration = configuration();
    configuration["trusted_issuer"][0]["jwks"] = json!({ "keys": [Key::ed(1).jwk("k1")] });
    let setup = Setup::with(&configuration);
    granted(&setup.present(&setup.token(&json!({})), &[]));
    let unknown = setup.key.token("k2", &setup.claims(&json!({})));
    setup.assert_refused(&setup.present(&unknown, &[]), "invalid_grant", "assertion_key_unknown");
    assert_eq!(reads(&setup), 0);
}

#[test]
fn a_token_that_is_not_for_us_has_no_keys_fetched() {
    let setup = Setup::new();
    for changes in [json!({ "aud": "https://other.example" }), json!({ "exp": 1 }), json!({ "jti": null })] {
        assert_eq!(setup.present(&setup.token(&changes), &[]).status, 400);
    }
    assert_eq!(reads(&setup), 0);
}

#[test]
fn a_new_key_works_at_once_and_a_removed_one_stops_soon() {
    let setup = Setup::new();
    granted(&setup.present(&setup.token(&json!({})), &[]));
    let next = Key::ec(5);
    setup.publish_keys(&[next.jwk("k2")]);
    granted(&setup.present(&next.token("k2", &setup.claims(&json!({}))), &[]));
    assert_eq!(setup.world.document_reads().last(), Some(&(KEYS.to_owned(), true)), "asked for a fresh one");
    setup.assert_refused(
        &setup.present(&setup.token(&json!({})), &[]),
        "invalid_grant",
        "assertion_key_unknown",
    );
}

#[test]
fn a_flood_of_unknown_keys_costs_the_issuer_one_question_a_minute() {
    let setup = Setup::new();
    granted(&setup.present(&setup.token(&json!({})), &[]));
    let before = reads(&setup);
    for second in 0..180 {
        for number in 0..3 {
            let made_up = setup.key.token(&format!("{second} {number}"), &setup.claims(&json!({})));
            let response = setup.present(&made_up, &[]);
            setup.assert_refused(&response, "invalid_grant", "assertion_key_unknown");
        }
        setup.world.advance(1);
    }
    let asked = setup.world.document_reads()[before..].iter().filter(|(url, _)| url == KEYS).count();
    assert_eq!(asked, 3);
    granted(&setup.present(&setup.token(&json!({})), &[]));
}

#[test]
fn metadata_that_is_not_the_issuers_own_is_not_believed() {
    let cases = [
        json!({ "issuer": "https://evil.example", "jwks_uri": KEYS }),
        json!({ "issuer": "https://ci.example/", "jwks_uri": KEYS }),
        json!({ "jwks_uri": KEYS }),
        json!({ "issuer": ISSUER }),
        json!({ "issuer": ISSUER, "jwks_uri": "http://ci.example/keys" }),
        json!({ "issuer": ISSUER, "jwks_uri": "http://127.0.0.1/keys" }),
        json!({ "issuer": ISSUER, "jwks_uri": "https://169.254.169.254/keys" }),
        json!({ "issuer": ISSUER, "jwks_uri": "https://[::ffff:10.0.0.1]/keys" }),
        json!({ "issuer": ISSUER, "jwks_uri": "https://ci.example@10.0.0.1/keys" }),
        json!([]),
    ];
    for metadata in cases {
        let setup = Setup::new();
        setup.put(DISCOVERY, &metadata);
        let response = setup.present(&setup.token(&json!({})), &[]);
        assert_eq!((response.status, setup.cause().as_str()), (503, "issuer_unreachable"), "{metadata}");
        assert_eq!(reads(&setup), 1, "{metadata}: the keys were asked for");
    }
}

#[test]
fn a_key_set_that_is_none_is_like_none() {
    for document in ["", "{}", "[]", "<html>", r#"{"keys":{}}"#] {
        let setup = Setup::new();
        setup.world.set_document(KEYS, Some(document.as_bytes().to_vec()));
        assert_eq!(setup.present(&setup.token(&json!({})), &[]).status, 503, "{document}");
    }
}

#[test]
fn an_address_that_only_this_server_reaches_is_not_put_into_force() {
    for url in
        ["http://ci.example/keys", "https://10.0.0.1/keys", "https://localhost/keys", "https://vault/keys"]
    {
        let mut configuration = configuration();
        configuration["trusted_issuer"][0]["jwks_uri"] = json!(url);
        let config: Config = serde_json::from_value(configuration).expect("a configuration");
        let world = World::new(OWN).expect("an issuer");
        let reply = world.control(&ControlCommand::Apply { base_version: 0, config: Box::new(config) });
        let Ok(ControlReply::Refused(refusal)) = reply else { panic!("{url}: {reply:?}") };
        assert!(format!("{refusal:?}").contains("this server can't call"), "{refusal:?}");
    }
}

#[test]
fn the_log_says_why_keys_cannot_be_had() {
    let cases = [
        (DISCOVERY, Some("<html>"), "the document is no provider metadata"),
        (DISCOVERY, None, "there is no such document"),
        (
            DISCOVERY,
            Some(r#"{"issuer":"https://ci.example","jwks_uri":"https://10.0.0.1/keys"}"#),
            "the metadata points to keys at an address that can't be called",
        ),
        (KEYS, Some("<html>"), "the document is no key set"),
    ];
    for (url, document, reason) in cases {
        let setup = Setup::new();
        setup.world.set_document(url, document.map(|text| text.as_bytes().to_vec()));
        assert_eq!(setup.present(&setup.token(&json!({})), &[]).status, 503, "{reason}");
        let log = setup.world.log();
        let line = log.iter().find(|line| line.contains("\"issuer_unreachable\"")).expect("a line");
        assert!(line.contains(reason) && line.contains("\"issuer\":\"ci\""), "{line}");
    }
}

#[test]
fn what_an_issuer_answers_by_mistake_is_kept_for_nobody() {
    for (url, good) in [
        (KEYS, key_set(&[Key::ed(1).jwk("k1")])),
        (DISCOVERY, json!({ "issuer": ISSUER, "jwks_uri": KEYS }).to_string().into_bytes()),
    ] {
        let setup = Setup::new();
        setup.world.set_document(url, Some(b"<html>Try again later</html>".to_vec()));
        assert_eq!(setup.present(&setup.token(&json!({})), &[]).status, 503, "{url}");
        setup.world.set_document(url, Some(good));
        let elsewhere = setup.world.isolate(None);
        let fields = |token| [("grant_type", JWT_BEARER), ("assertion", token)];
        let token = setup.token(&json!({}));
        granted(&post(&elsewhere, &setup.secrets, "app", &fields(&token)));
        let token = setup.token(&json!({}));
        assert_eq!(setup.present(&token, &[]).status, 503, "this isolate leaves it alone for half a minute");
        setup.world.advance(30);
        granted(&setup.present(&setup.token(&json!({})), &[]));
    }
}

#[test]
fn a_copy_that_cannot_be_read_is_asked_for_afresh_and_once() {
    let setup = Setup::new();
    let keep = |url, document: &str| {
        pollster::block_on(setup.server.platform().keep_document(url, document.as_bytes()));
    };
    keep(DISCOVERY, "<html>");
    keep(KEYS, r#"{"keys":{}}"#);
    granted(&setup.present(&setup.token(&json!({})), &[]));
    let urls: Vec<_> = setup.world.document_reads();
    let expected = [(DISCOVERY, false), (DISCOVERY, true), (KEYS, false), (KEYS, true)];
    assert_eq!(urls, expected.map(|(url, fresh)| (url.to_owned(), fresh)));
}

#[test]
fn keys_that_have_moved_since_a_copy_of_the_metadata_are_found() {
    let setup = Setup::new();
    let before = json!({ "issuer": ISSUER, "jwks_uri": "https://ci.example/old" }).to_string();
    pollster::block_on(setup.server.platform().keep_document(DISCOVERY, before.as_bytes()));
    granted(&setup.present(&setup.token(&json!({})), &[]));
    assert_eq!(reads(&setup), 4);
}

#[test]
fn a_copy_serves_other_isolates_for_five_minutes() {
    let setup = Setup::new();
    granted(&setup.present(&setup.token(&json!({})), &[]));
    setup.world.set_document(KEYS, None);
    setup.world.set_document(DISCOVERY, None);
    setup.world.advance(299);
    let ask = || {
        let token = setup.token(&json!({}));
        let fields = [("grant_type", JWT_BEARER), ("assertion", token.as_str())];
        post(&setup.world.isolate(None), &setup.secrets, "app", &fields)
    };
    granted(&ask());
    setup.world.advance(1);
    assert_eq!(ask().status, 503);
}

#[test]
fn a_set_with_doubled_keys_and_nulls_works_fetched_and_written_down() {
    let jwk = changed(&Key::ed(1).jwk("k1"), &json!({}));
    let mut nulls = jwk.clone();
    for member in ["use", "alg", "key_ops", "d"] {
        nulls[member] = Value::Null;
    }
    let setup = Setup::new();
    setup.publish_keys(&[jwk.clone(), nulls.clone()]);
    granted(&setup.present(&setup.token(&json!({})), &[]));
    let mut configuration = configuration();
    configuration["trusted_issuer"][0]["jwks"] = json!({ "keys": [jwk, nulls] });
    let setup = Setup::with(&configuration);
    granted(&setup.present(&setup.token(&json!({})), &[]));
    assert_eq!(reads(&setup), 0);
}

#[test]
fn an_issuer_that_ends_in_a_slash_is_discovered_without_it() {
    for kind in ["kubernetes", "oidc"] {
        let issuer = "https://ci.example/";
        let mut configuration = configuration();
        configuration["trusted_issuer"][0] = json!({ "id": "ci", "kind": kind, "issuer": issuer });
        let setup = Setup::with(&configuration);
        setup.put(DISCOVERY, &json!({ "issuer": issuer, "jwks_uri": KEYS }));
        granted(&setup.present(&setup.token(&json!({ "iss": issuer })), &[]));
        let without = setup.present(&setup.token(&json!({})), &[]);
        setup.assert_refused(&without, "invalid_grant", "issuer_unknown");
    }
}

#[test]
fn an_issuer_that_is_down_is_left_alone_for_half_a_minute() {
    let setup = Setup::new();
    setup.world.set_document(DISCOVERY, None);
    for _ in 0..5 {
        let response = setup.present(&setup.token(&json!({})), &[]);
        setup.assert_refused(&response, "temporarily_unavailable", "issuer_unreachable");
    }
    assert_eq!(reads(&setup), 1);
    setup.put(DISCOVERY, &json!({ "issuer": ISSUER, "jwks_uri": KEYS }));
    setup.world.advance(30);
    granted(&setup.present(&setup.token(&json!({})), &[]));
}

#[test]
fn while_an_issuer_is_down_its_keys_are_used_for_another_hour_and_no_longer() {
    let setup = Setup::new();
    granted(&setup.present(&setup.token(&json!({})), &[]));
    setup.world.set_document(DISCOVERY, None);
    let before = reads(&setup);
    for _ in 0..64 {
        setup.world.advance(MINUTE);
        granted(&setup.present(&setup.token(&json!({})), &[]));
    }
    assert!(reads(&setup) - before <= 64, "{}", reads(&setup) - before);
    setup.world.advance(MINUTE);
    let response = setup.present(&setup.token(&json!({})), &[]);
    setup.assert_refused(&response, "temporarily_unavailable", "issuer_unreachable");
}

#[test]
fn a_key_of_one_issuer_verifies_nothing_of_another() {
    let mut configuration = configuration();
    let other = json!({ "id": "other", "kind": "oidc", "issuer": "https://other.example", "jwks": { "keys": [Key::ed(7).jwk("k7")] } });
    configuration["trusted_issuer"].as_array_mut().expect("issuers").push(other);
    let setup = Setup::with(&configuration);
    let theirs = Key::ed(7).token("k7", &setup.claims(&json!({})));
    setup.assert_refused(&setup.present(&theirs, &[]), "invalid_grant", "assertion_key_unknown");
    let ours = setup.token(&json!({ "iss": "https://other.example" }));
    setup.assert_refused(&setup.present(&ours, &[]), "invalid_grant", "assertion_key_unknown");
}

#[test]
fn weak_keys_verify_nothing() {
    let setup = Setup::new();
    let (weak, encryption) = (Key::rsa(1024, "RS256"), Key::ec(3));
    let mut jwk = encryption.jwk("enc");
    jwk["use"] = json!("enc");
    setup.publish_keys(&[weak.jwk("weak"), jwk]);
    for token in
        [weak.token("weak", &setup.claims(&json!({}))), encryption.token("enc", &setup.claims(&json!({})))]
    {
        setup.assert_refused(&setup.present(&token, &[]), "invalid_grant", "assertion_key_unknown");
    }
}
