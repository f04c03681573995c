//! JWT-SVIDs: tokens of a SPIFFE trust domain, which may have no `iss`, no `iat`, no `jti`, and `typ: JOSE`.

use super::*;

fn domain(members: &Value) -> Setup {
    let mut configuration = configuration();
    let bundle = json!({ "keys": [changed(&Key::ec384(3).jwk("svid"), &json!({ "use": "jwt-svid" }))] });
    let usual = json!({ "id": "mesh", "kind": "oidc", "trust_domain": "mesh.example", "jwks": bundle, "algs": ["ES384"] });
    configuration["trusted_issuer"].as_array_mut().expect("issuers").push(changed(&usual, members));
    configuration["rule"].as_array_mut().expect("rules").push(json!({
        "id": "mesh-job", "issuer": "mesh", "match": { "sub": "spiffe://mesh.example/job" }, "authenticates": "job",
    }));
    Setup::with(&configuration)
}

fn svid(setup: &Setup, changes: &Value) -> String {
    let claims =
        json!({ "sub": "spiffe://mesh.example/job", "aud": [OWN], "exp": setup.world.now().0 + 300 });
    let header = json!({ "alg": "ES384", "typ": "JOSE", "kid": "svid" });
    Key::ec384(3).token_with(&header, &changed(&claims, changes))
}

#[test]
fn a_workload_authenticates_a_client_with_its_svid() {
    let setup = domain(&json!({}));
    let token = svid(&setup, &json!({}));
    for _ in 0..2 {
        assert_eq!(granted(&setup.authenticate("", &token, &[]))["sub"], "job");
    }
}

#[test]
fn an_svid_is_of_its_trust_domain_for_us_and_current() {
    let setup = domain(&json!({}));
    let now = setup.world.now().0;
    for (changes, cause) in [
        (json!({ "sub": "spiffe://other.example/job" }), "issuer_unknown"),
        (json!({ "sub": "spiffe://mesh.example.evil/job" }), "issuer_unknown"),
        (json!({ "sub": "spiffe://mesh.example" }), "issuer_unknown"),
        (json!({ "sub": "spiffe://mesh.example/" }), "issuer_unknown"),
        (json!({ "sub": "mesh.example/job" }), "issuer_unknown"),
        (json!({ "iss": "https://mesh.example" }), "issuer_unknown"),
        (json!({ "iss": null, "sub": "spiffe://mesh.example/other" }), "rule_none"),
        (json!({ "aud": ["https://other.example"] }), "assertion_audience"),
        (json!({ "exp": null }), "assertion_claims"),
        (json!({ "exp": now - 60 }), "assertion_expired"),
        (json!({ "exp": now + 7261 }), "assertion_lifetime"),
        (json!({ "iat": now + 61 }), "assertion_not_yet_valid"),
    ] {
        assert_eq!(setup.authenticate("", &svid(&setup, &changes), &[]).status, 401);
        assert_eq!(setup.cause(), cause, "{changes}");
    }
}

#[test]
fn an_iss_has_to_be_the_one_that_is_configured() {
    let setup = domain(&json!({ "issuer": "https://oidc.mesh.example" }));
    granted(&setup.authenticate("", &svid(&setup, &json!({})), &[]));
    granted(&setup.authenticate("", &svid(&setup, &json!({ "iss": "https://oidc.mesh.example" })), &[]));
    let other = svid(&setup, &json!({ "iss": "https://evil.example" }));
    assert_eq!((setup.authenticate("", &other, &[]).status, setup.cause().as_str()), (401, "issuer_unknown"));
    // It speaks for workloads of its domain only.
    let person = svid(&setup, &json!({ "iss": "https://oidc.mesh.example", "sub": "ada" }));
    assert_eq!(
        (setup.authenticate("", &person, &[]).status, setup.cause().as_str()),
        (401, "issuer_unknown")
    );
}

#[test]
fn other_issuers_need_all_that_and_another_type() {
    let setup = Setup::new();
    let jose = json!({ "alg": "EdDSA", "typ": "JOSE", "kid": "k1" });
    let token = setup.key.token_with(&jose, &setup.claims(&json!({ "repository": "job" })));
    assert_eq!((setup.authenticate("", &token, &[]).status, setup.cause().as_str()), (401, "assertion_type"));
    let token = setup.job(&json!({ "iat": null }));
    assert_eq!(
        (setup.authenticate("", &token, &[]).status, setup.cause().as_str()),
        (401, "assertion_claims")
    );
}

#[test]
fn issuers_tokens_may_be_signed_with_longer_hashes_and_curves() {
    let rsa = Key::rsa(2048, "RS256");
    for key in [
        Key::ec384(4),
        Key::ec521(4),
        rsa.with_alg("RS384"),
        rsa.with_alg("RS512"),
        rsa.with_alg("PS384"),
        rsa.with_alg("PS512"),
    ] {
        let mut configuration = configuration();
        configuration["trusted_issuer"][0]["algs"] = json!([key.alg()]);
        let setup = Setup::with(&configuration);
        setup.publish_keys(&[key.jwk("k1")]);
        granted(&setup.present(&key.token("k1", &setup.claims(&json!({}))), &[]));
        granted(&setup.authenticate(
            "",
            &key.token("k1", &setup.claims(&json!({ "repository": "job" }))),
            &[],
        ));
        let forged =
            Key::ec384(9).token_with(&json!({ "alg": key.alg(), "kid": "k1" }), &setup.claims(&json!({})));
        setup.assert_refused(&setup.present(&forged, &[]), "invalid_grant", "assertion_signature");
    }
}
