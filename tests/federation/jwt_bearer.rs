//! What a token of a trusted issuer comes to, and what is refused.

use super::*;

#[test]
fn a_token_of_every_accepted_algorithm_is_taken() {
    let setup = Setup::new();
    let keys = [Key::ed(1), Key::ec(2), Key::rsa(2048, "RS256")];
    let published: Vec<Value> = keys.iter().map(|key| key.jwk(key.alg())).collect();
    setup.publish_keys(&published);
    for key in &keys {
        let token = key.token(key.alg(), &setup.claims(&json!({})));
        let response = setup.present(&token, &[]);
        let claims = granted(&response);
        assert_eq!(claims["sub"], "ext:ci:workload");
        assert_eq!(claims["client_id"], "app");
        assert_eq!(claims["aud"], ORDERS);
        assert_eq!(claims["scope"], "orders:read orders:write");
        let answer = json(&response);
        assert!(answer.get("refresh_token").is_none() && answer.get("id_token").is_none(), "{answer}");
    }
    let line: Value = serde_json::from_str(setup.world.log().last().expect("a line")).expect("JSON");
    assert_eq!((&line["trusted_issuer"], &line["rule"]), (&json!("ci"), &json!("deploy")));
    let pss = Key::rsa(2048, "PS256");
    setup.publish_keys(&[pss.jwk("k1")]);
    setup.world.advance(301);
    let refused = setup.present(&pss.token("k1", &setup.claims(&json!({}))), &[]);
    setup.assert_refused(&refused, "invalid_grant", "assertion_algorithm");
}

#[test]
fn a_token_that_is_wrong_in_any_way_is_refused_in_the_same_words() {
    let setup = Setup::new();
    let now = setup.world.now().0;
    let cases = [
        ("no issuer", json!({ "iss": null }), "issuer_unknown"),
        ("another issuer", json!({ "iss": "https://evil.example" }), "issuer_unknown"),
        ("an issuer spelled otherwise", json!({ "iss": "https://ci.example/" }), "issuer_unknown"),
        ("an issuer that is no text", json!({ "iss": [ISSUER] }), "issuer_unknown"),
        ("no subject", json!({ "sub": null }), "assertion_claims"),
        ("an empty subject", json!({ "sub": "" }), "assertion_claims"),
        ("a subject that is no text", json!({ "sub": 7 }), "assertion_claims"),
        ("no audience", json!({ "aud": null }), "assertion_audience"),
        ("GitHub's default audience", json!({ "aud": "https://github.com/octocat" }), "assertion_audience"),
        ("our token endpoint", json!({ "aud": format!("{OWN}/token") }), "assertion_audience"),
        ("an audience list with more than texts", json!({ "aud": [OWN, 1] }), "assertion_audience"),
        ("an empty audience list", json!({ "aud": [] }), "assertion_audience"),
        ("no end", json!({ "exp": null }), "assertion_claims"),
        ("an end that is no number", json!({ "exp": "tomorrow" }), "assertion_claims"),
        ("an end before the beginning of time", json!({ "exp": -1 }), "assertion_claims"),
        ("an end without end", json!({ "exp": 1e300 }), "assertion_claims"),
        ("ended", json!({ "iat": now - 300, "exp": now - 60 }), "assertion_expired"),
        ("ended within the skew", json!({ "iat": now - 300, "exp": now - 1 }), "assertion_expired"),
        ("no beginning", json!({ "iat": null }), "assertion_claims"),
        ("issued in the future", json!({ "iat": now + 61 }), "assertion_not_yet_valid"),
        ("valid in the future", json!({ "nbf": now + 61 }), "assertion_not_yet_valid"),
        ("a validity that is no number", json!({ "nbf": "now" }), "assertion_claims"),
        ("issued too long ago", json!({ "iat": now - 601, "nbf": now - 601 }), "assertion_too_old"),
        ("good for a day", json!({ "exp": now + 86_400 }), "assertion_lifetime"),
        ("bound to a key", json!({ "cnf": { "jkt": "x" } }), "assertion_bound"),
        ("no name", json!({ "jti": null }), "assertion_id_missing"),
        ("a name that is no text", json!({ "jti": 1 }), "assertion_id_missing"),
        ("no rule for it", json!({ "repository": "other" }), "rule_none"),
        ("a claim of the rule missing", json!({ "repository": null }), "rule_none"),
        ("a subject that fits into no token", json!({ "sub": "a b\u{e9}" }), "rule_subject"),
    ];
    let mut words = std::collections::BTreeSet::new();
    for (name, changes, cause) in cases {
        let response = setup.present(&setup.token(&changes), &[]);
        assert_eq!((response.status, setup.cause().as_str()), (400, cause), "{name}: {response:?}");
        assert_eq!(json(&response)["error"], "invalid_grant", "{name}");
        words.insert(json(&response)["error_description"].to_string());
    }
    assert_eq!(words.len(), 1, "{words:?}");
}

#[test]
fn a_token_that_names_a_member_twice_is_refused() {
    let setup = Setup::new();
    let header = json!({ "alg": "EdDSA", "typ": "JWT", "kid": "k1" }).to_string();
    let claims = setup.claims(&json!({ "deep": { "a": 1 } })).to_string();
    let signed = |header: &str, claims: &str| {
        let signed = format!("{}.{}", foreign::encode(header), foreign::encode(claims));
        format!("{signed}.{}", foreign::encode(setup.key.sign(signed.as_bytes())))
    };
    for (header, claims) in [
        (header.replacen('{', "{\"kid\":\"k2\",", 1), claims.clone()),
        (header.clone(), claims.replacen('{', "{\"repository\":\"other\",", 1)),
        (header.clone(), claims.replacen('{', "{\"\\u0073ub\":\"other\",", 1)),
        (header.clone(), claims.replacen("{\"a\":1", "{\"a\":1,\"a\":1", 1)),
    ] {
        let response = setup.present(&signed(&header, &claims), &[]);
        setup.assert_refused(&response, "invalid_grant", "assertion_malformed");
    }
    granted(&setup.present(&signed(&header, &claims), &[]));
}

#[test]
fn an_optional_claim_that_is_null_is_not_there() {
    let setup = Setup::new();
    let mut claims = setup.claims(&json!({}));
    claims["nbf"] = Value::Null;
    claims["cnf"] = Value::Null;
    granted(&setup.present(&setup.key.token("k1", &claims), &[]));
}

/// How old the tokens of a product are when they are used, and how long they live, with nothing set or with what the guide says.
#[test]
fn tokens_are_taken_for_as_long_as_their_products_use_them() {
    let cases = [
        ("GitLab, late in a job of an hour", "gitlab", json!({}), 900, 3600, true),
        (
            "GitLab, at the end of the longest job of its own runners",
            "gitlab",
            json!({}),
            10_700,
            10_800,
            true,
        ),
        ("GitLab, a job of a day", "gitlab", json!({}), 900, 86_400, false),
        (
            "GitLab, a job of a day, said so",
            "gitlab",
            json!({ "max_age": 86_400, "max_lifetime": 86_400 }),
            80_000,
            86_400,
            true,
        ),
        ("Microsoft Entra", "oidc", json!({}), 30, 3900, true),
        ("Microsoft Entra, the longest", "oidc", json!({}), 30, 5700, true),
        ("an Azure managed identity", "oidc", json!({}), 30, 86_700, false),
        (
            "an Azure managed identity, said so",
            "oidc",
            json!({ "max_age": 86_700, "max_lifetime": 86_700, "one_time": false }),
            80_000,
            86_700,
            true,
        ),
        ("Google, kept by its library", "oidc", json!({ "max_age": 3600 }), 3500, 3600, true),
        ("Kubernetes, as the kubelet renews it", "kubernetes", json!({}), 2900, 3607, true),
        ("an API server's own", "kubernetes", json!({}), 30, 31_536_000, false),
        ("a workflow that kept its token", "oidc", json!({}), 601, 900, false),
    ];
    for (name, kind, settings, age, lifetime, taken) in cases {
        let mut configuration = configuration();
        let issuer = json!({ "id": "ci", "kind": kind, "issuer": ISSUER, "multi_tenant": false });
        configuration["trusted_issuer"][0] = changed(&issuer, &settings);
        let setup = Setup::with(&configuration);
        let iat = setup.world.now().0 - age;
        let times = json!({ "iat": iat, "nbf": iat, "exp": iat + lifetime });
        assert_eq!(
            setup.present(&setup.token(&times), &[]).status == 200,
            taken,
            "{name}: {}",
            setup.cause()
        );
    }
    let google: mintedge::protocol::config::TrustedIssuerConfig =
        serde_json::from_value(json!({ "id": "g", "kind": "google" })).expect("an issuer");
    assert_eq!((google.max_age(), google.one_time()), (3600, false));
}

#[test]
fn headers_with_another_meaning_are_refused() {
    let setup = Setup::new();
    let header = json!({ "alg": "EdDSA", "typ": "JWT", "kid": "k1" });
    let intruder = Key::ed(9);
    let cases = [
        ("no algorithm", json!({ "alg": "none" }), "assertion_algorithm"),
        ("a symmetric one", json!({ "alg": "HS256" }), "assertion_algorithm"),
        ("an extension", json!({ "crit": ["b64"], "b64": false }), "assertion_malformed"),
        ("a logout token", json!({ "typ": "logout+jwt" }), "assertion_type"),
        ("a DPoP proof", json!({ "typ": "dpop+jwt" }), "assertion_type"),
        ("an access token, for which there is no rule", json!({ "typ": "at+jwt" }), "rule_none"),
        ("an unknown key", json!({ "kid": "k2" }), "assertion_key_unknown"),
        ("another algorithm than the key's", json!({ "alg": "ES256" }), "assertion_key_unknown"),
    ];
    for (name, changes, cause) in cases {
        let token = setup.key.token_with(&changed(&header, &changes), &setup.claims(&json!({})));
        let response = setup.present(&token, &[]);
        assert_eq!((response.status, setup.cause().as_str()), (400, cause), "{name}");
    }
    let own = changed(&header, &json!({ "jwk": intruder.jwk("k1"), "jku": "https://evil.example/keys" }));
    let response = setup.present(&intruder.token_with(&own, &setup.claims(&json!({}))), &[]);
    setup.assert_refused(&response, "invalid_grant", "assertion_signature");
    assert!(setup.world.document_reads().iter().all(|(url, _)| url.starts_with(ISSUER)));
    for plain in [json!({ "alg": "EdDSA", "kid": "k1" }), json!({ "alg": "EdDSA" })] {
        granted(&setup.present(&setup.key.token_with(&plain, &setup.claims(&json!({}))), &[]));
    }
}

/// The public key set, taken for a secret.
#[test]
fn a_token_signed_with_the_text_of_the_key_set_is_refused() {
    use hmac::{Hmac, Mac as _};
    let setup = Setup::new();
    for secret in [key_set(&[setup.key.jwk("k1")]), setup.key.jwk("k1").to_string().into_bytes()] {
        let header = json!({ "alg": "HS256", "typ": "JWT", "kid": "k1" });
        let signed = format!(
            "{}.{}",
            foreign::encode(header.to_string()),
            foreign::encode(setup.claims(&json!({})).to_string())
        );
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&secret).expect("a key");
        mac.update(signed.as_bytes());
        let token = format!("{signed}.{}", foreign::encode(mac.finalize().into_bytes()));
        setup.assert_refused(&setup.present(&token, &[]), "invalid_grant", "assertion_algorithm");
    }
}

#[test]
fn a_token_with_any_part_changed_is_refused() {
    let setup = Setup::new();
    let token = setup.token(&json!({}));
    for index in 0..3 {
        let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
        let mut bytes = Base64UrlUnpadded::decode_vec(&parts[index]).expect("base64url");
        let last = bytes.len() - 3;
        bytes[last] ^= 1;
        parts[index] = foreign::encode(bytes);
        assert_eq!(setup.present(&parts.join("."), &[]).status, 400, "part {index}");
    }
    for broken in ["", "a.b", "a.b.c", &format!("{token}."), &format!("{token}="), &"x".repeat(9000)] {
        assert_eq!(setup.present(broken, &[]).status, 400);
    }
    granted(&setup.present(&token, &[]));
}

#[test]
fn only_the_clients_of_the_rule_may_present_a_token() {
    let setup = Setup::new();
    let token = setup.token(&json!({}));
    let response = setup.present_as("stranger", &token, &[]);
    setup.assert_refused(&response, "invalid_grant", "rule_none");
    let claims = granted(&setup.present_as("tool", &token, &[]));
    assert_eq!(claims["client_id"], "tool", "a public client that the rule names");
    let authenticating = setup.token(&json!({ "repository": "job" }));
    let response = setup.present(&authenticating, &[]);
    setup.assert_refused(&response, "invalid_grant", "rule_none");
}

#[test]
fn two_rules_that_fit_are_none() {
    // A list can fit rules that no single value fits both of, which is why their proof lets them pass.
    let mut configuration = configuration();
    configuration["rule"][0]["match"] = json!({ "stages": "build" });
    let mut second = configuration["rule"][0].clone();
    second["id"] = json!("second");
    second["match"] = json!({ "stages": "deploy" });
    configuration["rule"].as_array_mut().expect("rules").push(second);
    let setup = Setup::with(&configuration);
    let response = setup.present(&setup.token(&json!({ "stages": ["build", "deploy"] })), &[]);
    setup.assert_refused(&response, "invalid_grant", "rule_several");
    granted(&setup.present(&setup.token(&json!({ "stages": ["build", "test"] })), &[]));
}

#[test]
fn scopes_and_audience_stay_within_rule_and_client() {
    let setup = Setup::new();
    let ask = |fields: &[(&str, &str)]| setup.present(&setup.token(&json!({})), fields);
    assert_eq!(granted(&ask(&[("scope", "orders:read")]))["scope"], "orders:read");
    assert_eq!(granted(&ask(&[("resource", ORDERS)]))["aud"], ORDERS);
    let cases = [
        ("scope", "ledger:read", "invalid_scope", "scope_beyond_rule"),
        ("scope", "orders:read ledger:read", "invalid_scope", "scope_beyond_rule"),
        ("scope", "nothing:known", "invalid_scope", "scope_unknown"),
        ("scope", "openid", "invalid_scope", "scope_needs_user"),
        ("scope", "orders:read\"", "invalid_scope", "scope_malformed"),
        ("resource", LEDGER, "invalid_target", "resource_beyond_rule"),
        ("resource", "https://unknown.example", "invalid_target", "resource_beyond_rule"),
    ];
    for (name, value, error, cause) in cases {
        setup.assert_refused(&ask(&[(name, value)]), error, cause);
    }
}

#[test]
fn a_token_ends_with_the_one_it_came_from_and_with_the_rule() {
    let mut configuration = configuration();
    configuration["resource"][0]["access_token_ttl"] = json!(7200);
    let lifetime = |setup: &Setup, left: u64| {
        let exp = setup.world.now().0 + left;
        json(&setup.present(&setup.token(&json!({ "exp": exp })), &[]))["expires_in"].clone()
    };
    let setup = Setup::with(&configuration);
    assert_eq!((lifetime(&setup, 40), lifetime(&setup, 3000)), (json!(40), json!(900)));
    configuration["rule"][0]["ttl"] = json!(60);
    let setup = Setup::with(&configuration);
    assert_eq!((lifetime(&setup, 40), lifetime(&setup, 3000)), (json!(40), json!(60)));
}

#[test]
fn claims_are_handed_on_but_never_instead_of_our_own() {
    let setup = Setup::new();
    let claims = json!({ "environment": { "name": "production" }, "tier": "admin", "groups": ["root"] });
    let claims = granted(&setup.present(&setup.token(&claims), &[]));
    assert_eq!(claims["environment"], json!({ "name": "production" }));
    assert_eq!(claims["tier"], "base", "the resource's own");
    assert!(claims.get("groups").is_none() && claims.get("repository").is_none(), "{claims}");
}

#[test]
fn workflows_that_strangers_can_start_need_a_rule_that_names_them() {
    let mut configuration = configuration();
    configuration["trusted_issuer"] = json!([{ "id": "ci", "kind": "github_actions", "issuer": ISSUER }]);
    configuration["rule"][0]["match"] = json!({ "repository_id": "74", "repository": "shop" });
    configuration["rule"].as_array_mut().expect("rules").truncate(1);
    let event = |event: &str| json!({ "repository_id": "74", "event_name": event });
    let setup = Setup::with(&configuration);
    granted(&setup.present(&setup.token(&event("push")), &[]));
    for foreign in ["pull_request_target", "workflow_run"] {
        let response = setup.present(&setup.token(&event(foreign)), &[]);
        setup.assert_refused(&response, "invalid_grant", "rule_none");
    }
    configuration["rule"][0]["match"]["event_name"] = json!("workflow_run");
    let setup = Setup::with(&configuration);
    granted(&setup.present(&setup.token(&event("workflow_run")), &[]));
}

#[test]
fn the_grant_is_advertised_where_a_client_has_it() {
    let grants = |setup: &Setup| {
        let path = "/.well-known/oauth-authorization-server";
        let request = Request::new(Method::Get, path, Headers::default(), Body::Bytes(Vec::new()));
        json(&pollster::block_on(setup.server.handle(&request)))["grant_types_supported"].clone()
    };
    assert!(grants(&Setup::new()).to_string().contains(JWT_BEARER));
    assert!(!grants(&Setup::with(&json!({}))).to_string().contains(JWT_BEARER));
}
