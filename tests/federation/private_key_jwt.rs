//! Clients that authenticate with keys of their own: where the keys come from, and what their assertions cost.

use super::client_authentication::TYPE;
use super::*;

const CLIENT_KEYS: &str = "https://reports.example/keys";

fn with_keys(members: &Value) -> Value {
    let usual = json!({
        "client_id": "reports", "grant_types": ["client_credentials"], "scopes": ["orders:read"],
        "token_endpoint_auth_method": "private_key_jwt",
    });
    let mut configuration = configuration();
    configuration["client"].as_array_mut().expect("clients").push(changed(&usual, members));
    configuration
}

fn inline() -> Value {
    with_keys(&json!({ "jwks": { "keys": [Key::ed(7).jwk("k7")] } }))
}

/// A client whose keys are at an address, with one key there.
fn remote() -> Setup {
    let setup = Setup::with(&with_keys(&json!({ "jwks_uri": CLIENT_KEYS })));
    setup.world.set_document(CLIENT_KEYS, Some(key_set(&[Key::ed(7).jwk("k7")])));
    setup
}

impl Setup {
    fn of_reports(&self, changes: &Value) -> Value {
        let own = json!({ "iss": "reports", "sub": "reports", "repository": null, "nbf": null });
        changed(&self.claims(&own), changes)
    }

    fn reports(&self, key: &Key, kid: &str) -> Response {
        self.authenticate("", &key.token(kid, &self.of_reports(&json!({}))), &[])
    }
}

fn asked(setup: &Setup) -> usize {
    setup.world.document_reads().iter().filter(|(url, _)| url == CLIENT_KEYS).count()
}

#[test]
fn a_token_with_a_key_of_its_own_costs_one_call_and_without_memory_none() {
    let key = Key::ed(7);
    for (once, calls) in [(true, 1), (false, 0)] {
        let members =
            json!({ "jwks": { "keys": [key.jwk("k7")] }, "client_assertion": { "one_time": once } });
        let setup = Setup::with(&with_keys(&members));
        granted(&setup.reports(&key, "k7"));
        let spent = setup.spent(|| drop(granted(&setup.reports(&key, "k7"))));
        assert_eq!((spent.control_calls, spent.snapshot_reads, spent.object_calls), (0, 0, calls), "{once}");
        // A row, and the alarm of the first one in its object.
        assert!(spent.object_rows_written <= 2 * calls && spent.documents_read == 0, "{once}");
    }
}

#[test]
fn what_is_refused_costs_no_call() {
    let setup = Setup::with(&inline());
    granted(&setup.reports(&Key::ed(7), "k7"));
    let claims = [json!({ "aud": "https://other.example" }), json!({ "exp": 1 }), json!({ "jti": null })];
    for changes in claims {
        let assertion = Key::ed(7).token("k7", &setup.of_reports(&changes));
        let spent = setup.spent(|| assert_eq!(setup.authenticate("", &assertion, &[]).status, 401));
        assert_eq!((spent.object_calls, spent.object_rows_written), (0, 0), "{changes}");
    }
}

#[test]
fn one_assertion_at_two_edges_is_accepted_at_one() {
    let setup = Setup::with(&inline());
    let elsewhere = setup.world.isolate(None);
    let assertion = Key::ed(7).token("k7", &setup.of_reports(&json!({})));
    let fields = [
        ("grant_type", "client_credentials"),
        ("client_assertion_type", TYPE),
        ("client_assertion", assertion.as_str()),
    ];
    granted(&setup.post("", &fields));
    assert_eq!(post(&elsewhere, &[], "", &fields).status, 401);
    // It stays used until it has ended for every clock.
    setup.world.advance(300 + 59);
    assert_eq!((setup.post("", &fields).status, setup.cause().as_str()), (401, "assertion_used"));
    setup.world.advance(1);
    assert_eq!((setup.post("", &fields).status, setup.cause().as_str()), (401, "assertion_expired"));
}

#[test]
fn every_refusal_has_a_cause_in_the_log() {
    let setup = Setup::with(&inline());
    let (key, now) = (Key::ed(7), setup.world.now().0);
    let signed = |changes: &Value| key.token("k7", &setup.of_reports(changes));
    let typ = |typ: &str| {
        let header = json!({ "alg": "EdDSA", "typ": typ, "kid": "k7" });
        key.token_with(&header, &setup.of_reports(&json!({})))
    };
    for (token, cause) in [
        (signed(&json!({ "aud": "https://other.example" })), "assertion_audience"),
        (signed(&json!({ "exp": now - 60, "iat": now - 100 })), "assertion_expired"),
        (signed(&json!({ "iat": now + 61, "exp": now + 100 })), "assertion_not_yet_valid"),
        (signed(&json!({ "exp": now + 3601 })), "assertion_lifetime"),
        (signed(&json!({ "jti": null })), "assertion_id_missing"),
        (signed(&json!({ "sub": "app", "iss": "app" })), "auth_method_not_registered"),
        (signed(&json!({ "sub": "nobody", "iss": "nobody" })), "client_unknown"),
        (key.token("k8", &setup.of_reports(&json!({}))), "assertion_key_unknown"),
        (Key::ed(8).token("k7", &setup.of_reports(&json!({}))), "assertion_signature"),
        (typ("at+jwt"), "assertion_type"),
        (typ("client-authentication+jwt"), "none"),
    ] {
        let status = setup.authenticate("", &token, &[]).status;
        assert_eq!((setup.cause().as_str(), status), (cause, if cause == "none" { 200 } else { 401 }));
    }
    let named = setup.authenticate("app", &signed(&json!({})), &[]);
    setup.assert_refused(&named, "invalid_request", "several_auth_methods");
    let named = setup.authenticate("tool", &signed(&json!({})), &[]);
    setup.assert_refused(&named, "invalid_client", "client_id_mismatch");
}

#[test]
fn keys_at_an_address_are_fetched_once_and_again_for_a_new_one() {
    let setup = remote();
    for _ in 0..3 {
        granted(&setup.reports(&Key::ed(7), "k7"));
    }
    assert_eq!(asked(&setup), 1);
    let next = Key::ec384(9);
    setup.world.set_document(CLIENT_KEYS, Some(key_set(&[next.jwk("k9")])));
    granted(&setup.reports(&next, "k9"));
    assert_eq!(asked(&setup), 2);
    assert_eq!(
        (setup.reports(&Key::ed(7), "k7").status, setup.cause().as_str()),
        (401, "assertion_key_unknown")
    );
    assert_eq!(asked(&setup), 2, "at most one question a minute");
    setup.world.advance(300);
    granted(&setup.reports(&next, "k9"));
    assert_eq!(asked(&setup), 3);
}

#[test]
fn a_flood_of_unknown_keys_costs_the_client_one_question_a_minute() {
    let setup = remote();
    granted(&setup.reports(&Key::ed(7), "k7"));
    for second in 0..180 {
        let response = setup.reports(&Key::ed(7), &format!("made up {second}"));
        assert_eq!((response.status, setup.cause().as_str()), (401, "assertion_key_unknown"));
        setup.world.advance(1);
    }
    assert_eq!(asked(&setup), 1 + 3);
    granted(&setup.reports(&Key::ed(7), "k7"));
}

#[test]
fn a_client_that_cannot_be_reached_goes_on_with_known_keys_for_an_hour() {
    let setup = remote();
    granted(&setup.reports(&Key::ed(7), "k7"));
    setup.world.set_document(CLIENT_KEYS, None);
    setup.world.advance(300 + 3599);
    granted(&setup.reports(&Key::ed(7), "k7"));
    setup.world.advance(1);
    assert_eq!(
        (setup.reports(&Key::ed(7), "k7").status, setup.cause().as_str()),
        (503, "issuer_unreachable")
    );
    assert!(setup.world.log().iter().any(|line| line.contains("client_keys_unreachable")));
    setup.world.advance(60);
    setup.world.set_document(CLIENT_KEYS, Some(key_set(&[Key::ed(7).jwk("k7")])));
    granted(&setup.reports(&Key::ed(7), "k7"));
}

#[test]
fn what_is_at_the_address_and_no_key_set_is_like_nothing() {
    let many = key_set(&vec![Key::ed(7).jwk("k7"); 65]);
    for document in [&b"<html>"[..], b"{}", br#"{"keys":"x"}"#, &many] {
        let setup = remote();
        setup.world.set_document(CLIENT_KEYS, Some(document.to_vec()));
        assert_eq!(
            (setup.reports(&Key::ed(7), "k7").status, setup.cause().as_str()),
            (503, "issuer_unreachable")
        );
    }
    let setup = remote();
    let mut weak = Key::ed(7).jwk("k7");
    weak["use"] = json!("enc");
    setup.world.set_document(CLIENT_KEYS, Some(key_set(&[weak])));
    assert_eq!(
        (setup.reports(&Key::ed(7), "k7").status, setup.cause().as_str()),
        (401, "assertion_key_unknown")
    );
}

/// Anybody can name a client whose keys are elsewhere: strangers make this server ask a bounded number of times.
#[test]
fn strangers_who_name_many_clients_cause_a_bounded_number_of_questions() {
    let mut configuration = configuration();
    for number in 0..400 {
        let client = json!({
            "client_id": format!("c{number}"), "grant_types": ["client_credentials"], "scopes": ["orders:read"],
            "token_endpoint_auth_method": "private_key_jwt", "jwks_uri": format!("https://c{number}.example/keys"),
        });
        configuration["client"].as_array_mut().expect("clients").push(client);
    }
    let setup = Setup::with(&configuration);
    for round in 0..20 {
        for number in 0..400 {
            let id = format!("c{number}");
            let claims = setup.of_reports(&json!({ "iss": id, "sub": id, "jti": format!("{round}") }));
            assert_eq!(setup.authenticate("", &Key::ed(1).token("x", &claims), &[]).status, 503);
        }
    }
    // Each client has four questions of its own within the failure's half minute at most, whatever an isolate forgets.
    let reads = setup.world.document_reads().len();
    assert!(reads <= 400 * 4 + 16, "{reads}");
}
