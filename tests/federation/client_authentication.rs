//! A client that authenticates with a token of a trusted issuer.

use super::*;

pub(super) const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

impl Setup {
    pub(super) fn job(&self, changes: &Value) -> String {
        self.key.token("k1", &changed(&self.claims(&json!({ "repository": "job" })), changes))
    }

    /// Authenticates with `assertion` for whatever `fields` ask for.
    pub(super) fn authenticate_for(&self, assertion: &str, fields: &[(&str, &str)]) -> Response {
        let usual = [("client_assertion_type", TYPE), ("client_assertion", assertion)];
        self.post("", &[&usual, fields].concat())
    }

    /// Authenticates with `assertion` and asks for a token of the client's own; `client` may be empty.
    pub(super) fn authenticate(&self, client: &str, assertion: &str, fields: &[(&str, &str)]) -> Response {
        let usual = [
            ("grant_type", "client_credentials"),
            ("resource", ORDERS),
            ("client_assertion_type", TYPE),
            ("client_assertion", assertion),
        ];
        self.post(client, &[&usual, fields].concat())
    }
}

#[test]
fn the_rule_says_which_client_it_is() {
    let setup = Setup::new();
    for client in ["", "job"] {
        let claims = granted(&setup.authenticate(client, &setup.job(&json!({})), &[]));
        assert_eq!((&claims["sub"], &claims["client_id"]), (&json!("job"), &json!("job")));
    }
    let line: Value = serde_json::from_str(setup.world.log().last().expect("a line")).expect("JSON");
    assert_eq!((&line["rule"], &line["client_id"]), (&json!("job"), &json!("job")));
}

#[test]
fn every_failure_reads_the_same() {
    let setup = Setup::new();
    let now = setup.world.now().0;
    let forged = Key::ed(9).token("k1", &setup.claims(&json!({ "repository": "job" })));
    let used = setup.job(&json!({}));
    granted(&setup.authenticate("", &used, &[]));
    let jag = json!({ "alg": "EdDSA", "typ": "oauth-id-jag+jwt", "kid": "k1" });
    let cases = [
        ("no token at all", "", "nonsense".to_owned(), "assertion_malformed"),
        ("another issuer", "", setup.job(&json!({ "iss": "https://evil.example" })), "issuer_unknown"),
        ("another audience", "", setup.job(&json!({ "aud": "https://other.example" })), "assertion_audience"),
        ("ended", "", setup.job(&json!({ "iat": now - 500, "exp": now - 60 })), "assertion_expired"),
        ("without a name", "", setup.job(&json!({ "jti": null })), "assertion_id_missing"),
        ("forged", "", forged, "assertion_signature"),
        ("used before", "", used, "assertion_used"),
        ("no rule", "", setup.job(&json!({ "repository": "other" })), "rule_none"),
        ("a rule that grants", "", setup.job(&json!({ "repository": "shop" })), "rule_none"),
        ("of another client", "tool", setup.job(&json!({})), "client_id_mismatch"),
        ("an ID-JAG", "", setup.key.token_with(&jag, &setup.claims(&json!({}))), "assertion_type"),
    ];
    let mut bodies = std::collections::BTreeSet::new();
    for (name, client, token, cause) in cases {
        let response = setup.authenticate(client, &token, &[]);
        assert_eq!((response.status, setup.cause().as_str()), (401, cause), "{name}");
        let mut body = json(&response);
        body["request_id"] = json!("");
        bodies.insert(body.to_string());
    }
    setup.world.set_document(DISCOVERY, None);
    setup.world.advance(2 * 3600);
    let response = setup.authenticate("", &setup.job(&json!({})), &[]);
    assert_eq!(bodies.len(), 1, "{bodies:?}");
    setup.assert_refused(&response, "temporarily_unavailable", "issuer_unreachable");
}

#[test]
fn an_unknown_type_or_half_an_assertion_authenticates_nobody() {
    let setup = Setup::new();
    let token = setup.job(&json!({}));
    let saml = "urn:ietf:params:oauth:client-assertion-type:saml2-bearer";
    let grant = ("grant_type", "client_credentials");
    let cases: [&[(&str, &str)]; 3] = [
        &[grant, ("client_assertion", &token)],
        &[grant, ("client_assertion_type", TYPE)],
        &[grant, ("client_assertion_type", saml), ("client_assertion", &token)],
    ];
    for fields in cases {
        assert_eq!(setup.post("job", fields).status, 401, "{fields:?}");
    }
    let two = setup.authenticate("app", &token, &[]);
    setup.assert_refused(&two, "invalid_request", "several_auth_methods");
}

#[test]
fn it_has_no_secret_and_gets_none() {
    let setup = Setup::new();
    assert!(setup.secrets.iter().all(|(client, _)| client != "job" && client != "tool"));
    let command = ControlCommand::AddSecret {
        client_id: "job".to_owned(),
        expires_at: None,
        others_expire_at: None,
        sha256: None,
    };
    let reply = setup.world.control(&command).expect("a reply");
    assert!(matches!(reply, ControlReply::Refused(_)), "{reply:?}");
    let unauthenticated = setup.post("job", &[("grant_type", "client_credentials")]);
    assert_eq!(unauthenticated.status, 401);
    let form = [("grant_type", "client_credentials"), ("client_secret", "x")];
    assert_eq!(setup.post("job", &form).status, 401);
}

#[test]
fn a_client_that_becomes_federated_loses_its_secrets() {
    let setup = Setup::new();
    let mut configuration = configuration();
    configuration["client"][0]["token_endpoint_auth_method"] = json!("federated_jwt");
    apply(&setup.world, &configuration);
    let Ok(ControlReply::Client(Some(client))) =
        setup.world.control(&ControlCommand::Client { client_id: "app".to_owned() })
    else {
        panic!("no client")
    };
    assert!(client.secrets.is_empty());
}

#[test]
fn a_client_registered_for_a_secret_or_switched_off_is_refused() {
    for (change, cause) in [
        (json!({ "token_endpoint_auth_method": "client_secret_basic" }), "auth_method_not_registered"),
        (json!({ "disabled": true }), "client_disabled"),
    ] {
        let mut configuration = configuration();
        configuration["client"][3] = changed(&configuration["client"][3], &change);
        let Some(setup) = std::panic::catch_unwind(|| Setup::with(&configuration)).ok() else {
            continue; // the configuration was refused
        };
        let counts = setup.spent(|| {
            let response = setup.authenticate("", &setup.job(&json!({})), &[]);
            setup.assert_refused(&response, "invalid_client", cause);
        });
        assert_eq!(counts.object_calls, 0, "nothing was used up");
    }
}

#[test]
fn a_client_looked_up_anew_uses_its_token_once() {
    let mut configuration = configuration();
    configuration["client"][3]["scopes"] = json!(["orders:read"]);
    let setup = Setup::with(&configuration);
    granted(&setup.authenticate("", &setup.job(&json!({})), &[]));
    configuration["client"][3]["scopes"] = json!(["orders:read", "orders:write"]);
    apply(&setup.world, &configuration);
    let token = setup.job(&json!({}));
    let response = setup.authenticate("", &token, &[("scope", "orders:write")]);
    assert_eq!(granted(&response)["scope"], "orders:write", "known a moment later");
    assert_eq!(setup.authenticate("", &token, &[]).status, 401);
}

#[test]
fn what_is_advertised_is_accepted() {
    let path = "/.well-known/openid-configuration";
    let request = Request::new(Method::Get, path, Headers::default(), Body::Bytes(Vec::new()));
    let metadata = json(&pollster::block_on(Setup::new().server.handle(&request)));
    let methods = metadata["token_endpoint_auth_methods_supported"].to_string();
    assert!(methods.contains("federated_jwt") && methods.contains("private_key_jwt"), "{methods}");
    let advertised = &metadata["token_endpoint_auth_signing_alg_values_supported"];
    let mut configuration = configuration();
    configuration["trusted_issuer"][0]["algs"] = advertised.clone();
    let setup = Setup::with(&configuration);
    let rsa = Key::rsa(2048, "RS256");
    let of_rsa = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"].map(|alg| rsa.with_alg(alg));
    let mut keys = vec![Key::ed(1), Key::ec(2), Key::ec384(3), Key::ec521(4)];
    keys.extend(of_rsa);
    setup.publish_keys(&keys.iter().map(|key| key.jwk(key.alg())).collect::<Vec<_>>());
    let advertised = advertised.as_array().expect("a list");
    // Ed25519 has two names.
    assert_eq!(advertised.len(), keys.len() + 1);
    for key in &keys {
        assert!(advertised.contains(&json!(key.alg())));
        let token = key.token(key.alg(), &setup.claims(&json!({ "repository": "job" })));
        granted(&setup.authenticate("", &token, &[]));
    }
    let header = json!({ "alg": "Ed25519", "kid": "EdDSA" });
    let token = keys[0].token_with(&header, &setup.claims(&json!({ "repository": "job" })));
    granted(&setup.authenticate("", &token, &[]));
}

#[test]
fn a_flood_of_made_up_issuers_leaves_known_clients_what_they_need() {
    let setup = Setup::new();
    setup.post("app", &[("grant_type", "client_credentials"), ("resource", ORDERS)]);
    let flood = setup.spent(|| {
        for _ in 0..200 {
            let made_up = Key::ed(9).token("k1", &setup.claims(&json!({ "iss": "https://nobody.example" })));
            let response = setup.authenticate("", &made_up, &[]);
            setup.assert_refused(&response, "invalid_client", "issuer_unknown");
        }
    });
    assert!(flood.control_calls <= 20, "{flood:?}");
    let mut configuration = configuration();
    configuration["client"][0]["grant_types"] = json!([JWT_BEARER, "client_credentials"]);
    apply(&setup.world, &configuration);
    granted(&setup.post("app", &[("grant_type", "client_credentials"), ("resource", ORDERS)]));
}
