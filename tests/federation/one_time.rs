//! Tokens that count once: what uses them up, what doesn't, and what that costs.

use mintedge::memory::FailAt;
use mintedge::protocol::keys::keyring::Keyring;

use super::*;

#[test]
fn a_token_works_once_anywhere() {
    let setup = Setup::new();
    let token = setup.token(&json!({}));
    granted(&setup.present(&token, &[]));
    setup.assert_refused(&setup.present(&token, &[]), "invalid_grant", "assertion_used");
    let elsewhere = setup.world.isolate(None);
    let fields = [("grant_type", JWT_BEARER), ("assertion", token.as_str())];
    assert_eq!(post(&elsewhere, &setup.secrets, "app", &fields).status, 400);
    assert_eq!(post(&elsewhere, &setup.secrets, "tool", &fields).status, 400);
    granted(&setup.present(&setup.token(&json!({})), &[]));
}

#[test]
fn a_request_that_is_refused_uses_nothing_up() {
    let setup = Setup::new();
    let token = setup.token(&json!({}));
    let counts = setup.spent(|| {
        assert_eq!(setup.present_as("stranger", &token, &[]).status, 400);
        assert_eq!(setup.present(&token, &[("scope", "ledger:read")]).status, 400);
        assert_eq!(setup.present(&token, &[("resource", LEDGER)]).status, 400);
        assert_eq!(setup.present(&format!("{token}A"), &[]).status, 400);
    });
    assert_eq!(counts.object_calls, 0);
    granted(&setup.present(&token, &[]));
}

#[test]
fn nobody_is_asked_with_a_token_that_was_used() {
    let mut configuration = configuration();
    configuration["client"].as_array_mut().expect("clients").push(client(&json!({
        "client_id": "asker", "token_endpoint_auth_method": "federated_jwt",
        "grant_types": ["urn:openid:params:grant-type:ciba"], "scopes": ["openid"],
    })));
    let asks = json!({ "id": "asker", "issuer": "ci", "match": { "repository": "asker" }, "authenticates": "asker" });
    configuration["rule"].as_array_mut().expect("rules").push(asks);
    let setup = Setup::with(&configuration);
    let token = setup.token(&json!({ "repository": "asker" }));
    let ask = || {
        let fields = [
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", token.as_str()),
            ("scope", "openid"),
            ("login_hint", "ada@example.com"),
            ("binding_message", "Give me your money"),
        ];
        setup.post_to("/bc-authorize", &fields)
    };
    assert_eq!(ask().status, 200);
    let objects = setup.world.objects();
    let counts = setup.spent(|| {
        let refused = ask();
        assert_eq!(refused.status, 401, "{refused:?}");
        setup.assert_refused(&refused, "invalid_client", "assertion_used");
    });
    assert_eq!((counts.object_rows_written, setup.world.objects()), (0, objects));
}

#[test]
fn a_failure_before_the_commit_uses_nothing_up_and_one_after_it_does() {
    let setup = Setup::new();
    for (at, after) in [(FailAt::BeforeCommit, 200), (FailAt::AfterCommit, 400)] {
        let token = setup.token(&json!({}));
        setup.world.fail_next_object(at);
        assert_eq!(setup.present(&token, &[]).status, 503, "never a token without a record");
        assert_eq!(setup.present(&token, &[]).status, after, "{at:?}");
    }
}

#[test]
fn a_warm_isolate_spends_one_call_and_one_row_or_nothing() {
    let setup = Setup::new();
    // The first token of an hour also sets its object's alarm; there are 16 objects an hour.
    for _ in 0..200 {
        granted(&setup.present(&setup.token(&json!({})), &[]));
    }
    let counts = setup.spent(|| {
        granted(&setup.present(&setup.token(&json!({})), &[]));
    });
    assert_eq!(counts, Counts { object_calls: 1, object_rows_written: 1, ..Counts::default() });
    let mut configuration = configuration();
    configuration["trusted_issuer"][0]["one_time"] = json!(false);
    let setup = Setup::with(&configuration);
    let token = setup.token(&json!({ "jti": null }));
    granted(&setup.present(&token, &[]));
    let counts = setup.spent(|| {
        granted(&setup.present(&token, &[]));
    });
    assert_eq!(counts, Counts::default());
}

#[test]
fn what_is_remembered_is_bounded_by_the_longest_life_of_a_token() {
    let setup = Setup::new();
    for _ in 0..100 {
        granted(&setup.present(&setup.token(&json!({})), &[]));
    }
    assert!((1..=16).contains(&setup.world.objects()), "{}", setup.world.objects());
    setup.world.advance(2 * 3600);
    pollster::block_on(setup.world.ring_alarms(&setup.server)).expect("tended");
    assert_eq!(setup.world.objects(), 0);
}

#[test]
fn one_token_is_not_two() {
    let setup = Setup::with(&both_ways());
    let token = setup.job(&json!({}));
    let bearer = [("grant_type", JWT_BEARER), ("scope", "orders:read"), ("assertion", token.as_str())];
    let exchange = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
        ("scope", "orders:read"),
        ("subject_token", token.as_str()),
        ("subject_token_type", "urn:ietf:params:oauth:token-type:jwt"),
    ];
    for (fields, error) in [(bearer.as_slice(), "invalid_grant"), (&exchange, "invalid_request")] {
        let spent = setup.spent(|| {
            setup.assert_refused(&setup.authenticate_for(&token, fields), error, "assertion_used");
        });
        assert_eq!(spent.object_calls, 0, "a refused request burns nothing");
    }
    // Two tokens are, and each is used up by that.
    let other = setup.job(&json!({}));
    let bearer = [("grant_type", JWT_BEARER), ("scope", "orders:read"), ("assertion", other.as_str())];
    granted(&setup.authenticate_for(&token, &bearer));
    for used in [&token, &other] {
        assert_eq!(setup.authenticate("", used, &[]).status, 401);
    }
}

/// The job authenticates with its token and may get something for another one.
fn both_ways() -> Value {
    let mut configuration = configuration();
    let exchange = "urn:ietf:params:oauth:grant-type:token-exchange";
    configuration["client"][3]["grant_types"] =
        json!(["client_credentials", "authorization_code", "refresh_token", JWT_BEARER, exchange]);
    configuration["client"][3]["redirect_uris"] = json!(["https://job.example/cb"]);
    let rule = json!({
        "id": "own", "issuer": "ci", "match": { "repository": "job" }, "clients": ["job"], "audiences": [ORDERS],
        "scopes": ["orders:read"],
    });
    configuration["rule"].as_array_mut().expect("rules").push(rule);
    configuration
}

#[test]
fn a_refused_request_leaves_the_clients_own_token_good() {
    let setup = Setup::with(&both_ways());
    let token = setup.job(&json!({}));
    let stale = setup.job(&json!({ "repository": "other" }));
    let grant = |grant: &'static str| ("grant_type", grant);
    let refused: [(&str, Vec<(&str, &str)>); 6] = [
        ("scope", vec![grant("client_credentials"), ("scope", "orders:none")]),
        ("resource", vec![grant("client_credentials"), ("resource", "https://nowhere.example")]),
        ("assertion", vec![grant(JWT_BEARER), ("assertion", &stale)]),
        ("code", vec![grant("authorization_code"), ("code", "meo_made_up")]),
        ("refresh token", vec![grant("refresh_token"), ("refresh_token", "mer_made_up")]),
        ("grant", vec![grant("password"), ("username", "ada"), ("password", "x")]),
    ];
    for (name, fields) in refused {
        let spent = setup.spent(|| assert_eq!(setup.authenticate_for(&token, &fields).status, 400, "{name}"));
        assert_eq!((spent.object_calls, spent.object_rows_written), (0, 0), "{name}");
    }
    granted(&setup.authenticate("", &token, &[]));
    assert_eq!(setup.authenticate("", &token, &[]).status, 401);
}

#[test]
fn what_an_object_refuses_gives_the_clients_own_token_back() {
    let setup = Setup::with(&both_ways());
    // A refresh token that this server made, of somebody that isn't there.
    let Ok(ControlReply::Opened { keyring, .. }) = setup.world.control(&ControlCommand::Open) else {
        panic!("no keys")
    };
    let refresh = mintedge::protocol::tokens::refresh_token::RefreshToken {
        owner: mintedge::protocol::model::user_id::UserId::from_bytes([1; 16]),
        grant: mintedge::protocol::model::id::Id::from_bytes([2; 16]),
        generation: 0,
        secret: mintedge::protocol::model::secret::SecretBytes::new(vec![4; 32]),
    };
    let keys = Keyring::from(keyring).derived;
    let refresh = refresh.to_wire(&keys.refresh);
    let token = setup.job(&json!({}));
    let fields = [("grant_type", "refresh_token"), ("refresh_token", refresh.as_str())];
    for _ in 0..3 {
        setup.assert_refused(&setup.authenticate_for(&token, &fields), "invalid_grant", "grant_unknown");
    }
    granted(&setup.authenticate("", &token, &[]));
    setup.assert_refused(&setup.authenticate_for(&token, &fields), "invalid_client", "assertion_used");
    // What can't be given back stays used up.
    let token = setup.job(&json!({}));
    setup.world.fail_object_after(2, FailAt::BeforeCommit);
    setup.assert_refused(&setup.authenticate_for(&token, &fields), "invalid_grant", "grant_unknown");
    assert_eq!(setup.authenticate("", &token, &[]).status, 401);
}

#[test]
fn whoever_shows_a_used_token_is_told_nothing_and_changes_nothing_elsewhere_either() {
    let setup = Setup::with(&both_ways());
    for path in ["/introspect", "/revoke"] {
        let token = setup.job(&json!({}));
        let fields = [
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", token.as_str()),
            ("token", "nonsense"),
        ];
        assert_eq!(setup.post_to(path, &fields[..2]).status, 400, "{path}: a parameter is missing");
        assert_eq!(setup.post_to(path, &fields).status, 200, "{path}");
        let again = setup.post_to(path, &fields);
        assert_eq!((again.status, setup.cause().as_str()), (401, "assertion_used"), "{path}");
    }
}
