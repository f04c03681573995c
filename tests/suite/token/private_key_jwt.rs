//! A client that authenticates with a JWT that it signs itself (`private_key_jwt`).

use std::cell::Cell;

use serde_json::{Value, json};

use crate::suite::foreign::{Key, changed, encode as base64url};
use crate::suite::harness::{Fixture, Req, Resp, encode};
use crate::suite::jws;

const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A client with one key, and what it needs to make assertions.
struct Signing<'f> {
    f: &'f Fixture<'f>,
    id: String,
    key: Key,
    now: u64,
    serial: Cell<u32>,
}

impl<'f> Signing<'f> {
    fn new(f: &'f Fixture<'f>, key: Key, members: &Value) -> Self {
        let usual = json!({
            "token_endpoint_auth_method": "private_key_jwt", "jwks": { "keys": [key.jwk("k1")] },
        });
        let id = f.client(&changed(&usual, members)).id;
        let own = jws::claims(&f.fetch_admin_token("mintedge:read"));
        Self { f, id, key, now: own["iat"].as_u64().expect("a time"), serial: Cell::default() }
    }

    /// Claims that are right now, with a `jti` of their own.
    fn claims(&self, changes: &Value) -> Value {
        self.serial.set(self.serial.get() + 1);
        let usual = json!({
            "iss": self.id, "sub": self.id, "aud": self.f.target.issuer(), "iat": self.now, "exp": self.now + 300,
            "jti": format!("{} {}", self.id, self.serial.get()),
        });
        changed(&usual, changes)
    }

    fn assertion(&self, changes: &Value) -> String {
        self.key.token("k1", &self.claims(changes))
    }

    fn headed(&self, header: &Value) -> String {
        let usual = json!({ "alg": self.key.alg(), "typ": "JWT", "kid": "k1" });
        self.key.token_with(&changed(&usual, header), &self.claims(&json!({})))
    }

    /// Asks for a token of the client's own.
    fn token(&self, assertion: &str) -> Resp {
        self.post("/token", assertion, "grant_type=client_credentials&scope=orders%3Aread")
    }

    fn post(&self, path: &str, assertion: &str, form: &str) -> Resp {
        let form = format!("{form}&client_assertion_type={}&client_assertion={assertion}", encode(TYPE));
        let request = Req::token(&form);
        self.f.send(&Req { path: path.to_owned(), ..request })
    }
}

pub fn a_client_authenticates_with_its_key_wherever_clients_do(f: &Fixture<'_>) {
    let ciba = "urn:openid:params:grant-type:ciba";
    let client = Signing::new(
        f,
        Key::ed(41),
        &json!({
            "grant_types": [
                "client_credentials", "authorization_code", "urn:ietf:params:oauth:grant-type:device_code", ciba,
            ],
            "scopes": ["openid", "orders:read", "orders:write"],
            "redirect_uris": ["https://app.example/cb"],
        }),
    );
    let response = client.token(&client.assertion(&json!({}))).expect(200).json();
    let token = response["access_token"].as_str().expect("a token");
    assert_eq!(jws::claims(token)["sub"], client.id);
    let fresh = || client.assertion(&json!({}));
    let found = client.post("/introspect", &fresh(), &format!("token={token}")).expect(200).json();
    assert_eq!((&found["active"], &found["client_id"]), (&json!(true), &json!(client.id)));
    client.post("/revoke", &fresh(), "token=unknown").expect(200);
    let pushed = format!(
        "client_id={}&response_type=code&redirect_uri={}&scope=openid&code_challenge={}&code_challenge_method=S256",
        client.id,
        encode("https://app.example/cb"),
        "a".repeat(43)
    );
    client.post("/par", &fresh(), &pushed).expect(201);
    client.post("/device_authorization", &fresh(), "scope=orders%3Aread").expect(200);
    let asked = "scope=openid&login_hint=nobody%40example.com";
    client.post("/bc-authorize", &fresh(), asked).expect(200);
    for (path, form) in [
        ("/introspect", format!("token={token}")),
        ("/revoke", "token=unknown".to_owned()),
        ("/par", pushed),
        ("/device_authorization", "scope=orders%3Aread".to_owned()),
        ("/bc-authorize", asked.to_owned()),
    ] {
        let forged = Key::ed(42).token("k1", &client.claims(&json!({})));
        client.post(path, &forged, &form).expect_error(401, "invalid_client");
        let used = fresh();
        client.token(&used).expect(200);
        client.post(path, &used, &form).expect_error(401, "invalid_client");
    }
}

pub fn every_algorithm_in_the_metadata_is_accepted(f: &Fixture<'_>) {
    let metadata = f.send(&Req::new("GET", "/.well-known/oauth-authorization-server")).expect(200).json();
    let rsa = Key::rsa(2048, "RS256");
    for face in ["token", "introspection", "revocation"] {
        let methods = &metadata[format!("{face}_endpoint_auth_methods_supported")];
        assert!(methods.as_array().expect("methods").contains(&json!("private_key_jwt")), "{face}");
        let algs = &metadata[format!("{face}_endpoint_auth_signing_alg_values_supported")];
        assert_eq!(algs, &metadata["token_endpoint_auth_signing_alg_values_supported"]);
    }
    let algs = metadata["token_endpoint_auth_signing_alg_values_supported"].as_array().expect("algorithms");
    assert_eq!(algs.len(), 11, "{algs:?}");
    for alg in algs {
        let key = match alg.as_str().expect("a name") {
            "EdDSA" | "Ed25519" => Key::ed(43),
            "ES256" => Key::ec(43),
            "ES384" => Key::ec384(43),
            "ES512" => Key::ec521(43),
            _ => rsa.with_alg(alg.as_str().expect("a name")),
        };
        let client = Signing::new(f, key, &json!({ "token_endpoint_auth_signing_alg": alg }));
        let good = client.headed(&json!({ "alg": alg }));
        let (signed, signature) = good.rsplit_once('.').expect("three parts");
        let first = if signature.starts_with('A') { "B" } else { "A" };
        let flipped = format!("{signed}.{first}{}", &signature[1..]);
        client.token(&flipped).expect_error(401, "invalid_client");
        client.token(&good).expect(200);
    }
}

pub fn an_assertion_counts_once(f: &Fixture<'_>) {
    let client = Signing::new(f, Key::ed(44), &json!({}));
    let assertion = client.assertion(&json!({}));
    // What is refused after authentication uses nothing up.
    client
        .post("/token", &assertion, "grant_type=client_credentials&scope=unknown")
        .expect_error(400, "invalid_scope");
    client.token(&assertion).expect(200);
    client.token(&assertion).expect_error(401, "invalid_client");
    client.post("/introspect", &assertion, "token=x").expect_error(401, "invalid_client");
    // A name is each client's own.
    let named = json!({ "jti": "the same" });
    client.token(&client.assertion(&named)).expect(200);
    let other = Signing::new(f, Key::ed(45), &json!({}));
    other.token(&other.assertion(&named)).expect(200);
    // Another assertion of the same name is another attempt with it.
    client
        .token(&client.assertion(&changed(&named, &json!({ "exp": client.now + 299 }))))
        .expect_error(401, "invalid_client");
    let lenient = Signing::new(f, Key::ed(46), &json!({ "client_assertion": { "one_time": false } }));
    for assertion in [lenient.assertion(&json!({})), lenient.assertion(&json!({ "jti": null }))] {
        lenient.token(&assertion).expect(200);
        lenient.token(&assertion).expect(200);
    }
}

pub fn whatever_is_wrong_with_an_assertion_reads_the_same(f: &Fixture<'_>) {
    let client = Signing::new(f, Key::ed(47), &json!({}));
    let other = Signing::new(f, Key::ed(48), &json!({ "jwks": { "keys": [Key::ed(48).jwk("theirs")] } }));
    let now = client.now;
    let good = client.assertion(&json!({}));
    let parts: Vec<&str> = good.split('.').collect();
    let unsigned = |header: &Value, signature: &str| {
        format!("{}.{}.{signature}", base64url(header.to_string()), parts[1])
    };
    let changes = [
        json!({ "iss": "somebody" }),
        json!({ "sub": other.id }),
        json!({ "iss": other.id, "sub": other.id }),
        json!({ "iss": null }),
        json!({ "sub": null }),
        json!({ "iss": "", "sub": "" }),
        json!({ "iss": "unknown", "sub": "unknown" }),
        json!({ "aud": null }),
        json!({ "aud": "https://other.example" }),
        json!({ "aud": [f.target.issuer(), "https://other.example"] }),
        json!({ "aud": [f.target.issuer(), 7] }),
        json!({ "aud": format!("{}/token", f.target.issuer()) }),
        json!({ "aud": format!("{}/", f.target.issuer()) }),
        json!({ "exp": null }),
        json!({ "exp": now - 120, "iat": now - 300 }),
        json!({ "exp": now + 4000 }),
        json!({ "exp": now + 90_000, "iat": now + 89_900 }),
        json!({ "iat": now + 300, "exp": now + 600 }),
        json!({ "nbf": now + 300, "exp": now + 600 }),
        json!({ "jti": null }),
        json!({ "jti": "" }),
        json!({ "jti": "j".repeat(1025) }),
    ];
    let mut assertions: Vec<String> = changes.iter().map(|changes| client.assertion(changes)).collect();
    let intruder = Key::ed(49);
    for header in [
        json!({ "kid": "theirs" }),
        json!({ "kid": "unknown" }),
        json!({ "alg": "ES256" }),
        json!({ "typ": "at+jwt" }),
        json!({ "typ": "dpop+jwt" }),
        json!({ "typ": "oauth-id-jag+jwt" }),
        json!({ "typ": "oauth-authz-req+jwt" }),
        json!({ "crit": ["exp"] }),
    ] {
        assertions.push(client.headed(&header));
    }
    // A key that a header brings along is nobody's, and neither is another client's.
    let brought = json!({
        "alg": "EdDSA", "kid": "k1", "jwk": intruder.jwk("k1"), "jku": "https://evil.example/keys",
        "x5u": "https://evil.example/chain", "x5c": ["AAAA"],
    });
    assertions.push(intruder.token_with(&brought, &client.claims(&json!({}))));
    assertions.push(other.key.token("theirs", &client.claims(&json!({}))));
    assertions.push(unsigned(&json!({ "alg": "none" }), ""));
    assertions.push(unsigned(&json!({ "alg": "None" }), ""));
    assertions.push(unsigned(&json!({ "alg": null }), parts[2]));
    // An HMAC whose key is the public key's text: it is refused for its name.
    assertions.push(unsigned(&json!({ "alg": "HS256", "kid": "k1" }), parts[2]));
    assertions.push(format!("{}.{}.", parts[0], parts[1]));
    assertions.push("nonsense".to_owned());
    let mut answers = std::collections::BTreeSet::new();
    for assertion in &assertions {
        let response = client.token(assertion);
        response.expect_error(401, "invalid_client");
        answers.insert(response.json()["error_description"].to_string());
    }
    assert_eq!(answers.len(), 1, "{answers:?}");
    client.token(&good).expect(200);
}

pub fn one_way_to_authenticate_and_one_client_a_request(f: &Fixture<'_>) {
    let client = Signing::new(f, Key::ed(50), &json!({}));
    let with_secret = f.client(&json!({}));
    let grant = "grant_type=client_credentials&scope=orders%3Aread";
    let named = |id: &str| format!("{grant}&client_id={id}");
    client.post("/token", &client.assertion(&json!({})), &named(&client.id)).expect(200);
    client
        .post("/token", &client.assertion(&json!({})), &named(&with_secret.id))
        .expect_error(401, "invalid_client");
    let both = format!("{grant}&client_secret=x");
    client.post("/token", &client.assertion(&json!({})), &both).expect_error(400, "invalid_request");
    let twice = format!("{grant}&client_assertion=x");
    client.post("/token", &client.assertion(&json!({})), &twice).expect_error(400, "invalid_request");
    // A client with a secret has no key, one with a key no secret.
    let of_other =
        changed(&client.claims(&json!({})), &json!({ "iss": with_secret.id, "sub": with_secret.id }));
    client.token(&client.key.token("k1", &of_other)).expect_error(401, "invalid_client");
    f.send(&Req::token(grant).basic(&client.id, "x")).expect_error(401, "invalid_client");
    f.send(&Req::token(&named(&client.id))).expect_error(401, "invalid_client");
    let answer = f.admin("POST", &format!("clients/{}/secrets", client.id), Some(&json!({})));
    assert!((400..500).contains(&answer.status), "{answer:?}");
}

pub fn a_client_may_have_an_older_audience_or_a_strict_one(f: &Fixture<'_>) {
    let issuer = f.target.issuer();
    let endpoint = format!("{issuer}/token");
    let older =
        Signing::new(f, Key::ed(51), &json!({ "client_assertion": { "audience": "token_endpoint" } }));
    for aud in [json!(endpoint), json!(issuer), json!([endpoint]), json!([issuer, endpoint])] {
        older.token(&older.assertion(&json!({ "aud": aud }))).expect(200);
    }
    for aud in [json!(format!("{issuer}/par")), json!([endpoint, "https://other.example"]), json!([])] {
        older.token(&older.assertion(&json!({ "aud": aud }))).expect_error(401, "invalid_client");
    }
    let strict =
        Signing::new(f, Key::ed(52), &json!({ "client_assertion": { "audience": "issuer_string" } }));
    strict.token(&strict.assertion(&json!({ "aud": [issuer] }))).expect_error(401, "invalid_client");
    strict.token(&strict.assertion(&json!({ "aud": issuer }))).expect(200);
    let usual = Signing::new(f, Key::ed(53), &json!({}));
    usual.token(&usual.assertion(&json!({ "aud": [issuer] }))).expect(200);
}

pub fn the_registered_algorithm_and_lifetime_hold(f: &Fixture<'_>) {
    let rsa = Key::rsa(2048, "PS256");
    let client = Signing::new(f, rsa, &json!({ "token_endpoint_auth_signing_alg": "PS256" }));
    let other = client.key.with_alg("RS256").token("k1", &client.claims(&json!({})));
    client.token(&other).expect_error(401, "invalid_client");
    client.token(&client.assertion(&json!({}))).expect(200);
    let brief = Signing::new(f, Key::ed(54), &json!({ "client_assertion": { "max_lifetime": 60 } }));
    brief.token(&brief.assertion(&json!({}))).expect_error(401, "invalid_client");
    brief.token(&brief.assertion(&json!({ "exp": brief.now + 60 }))).expect(200);
    // Both names of Ed25519 are one algorithm.
    let ed = Signing::new(f, Key::ed(55), &json!({ "token_endpoint_auth_signing_alg": "EdDSA" }));
    ed.token(&ed.headed(&json!({ "alg": "Ed25519", "typ": "client-authentication+jwt" }))).expect(200);
}

pub fn a_key_registered_a_moment_ago_works(f: &Fixture<'_>) {
    let client = Signing::new(f, Key::ed(56), &json!({}));
    client.token(&client.assertion(&json!({}))).expect(200);
    let next = Key::ec(56);
    let body = json!({
        "client_id": client.id, "grant_types": ["client_credentials"], "scopes": ["orders:read"],
        "token_endpoint_auth_method": "private_key_jwt", "jwks": { "keys": [next.jwk("k2")] },
    });
    f.admin("PUT", &format!("clients/{}", client.id), Some(&body)).expect(200);
    client.token(&next.token("k2", &client.claims(&json!({})))).expect(200);
    f.target.settle();
    client.token(&client.assertion(&json!({}))).expect_error(401, "invalid_client");
    let disabled = changed(&body, &json!({ "disabled": true }));
    f.admin("PUT", &format!("clients/{}", client.id), Some(&disabled)).expect(200);
    f.target.settle();
    client.token(&next.token("k2", &client.claims(&json!({})))).expect_error(401, "invalid_client");
}

pub fn keys_that_are_weak_or_private_are_not_registered(f: &Fixture<'_>) {
    let mut private = Key::ed(57).jwk("k1");
    private["d"] = json!(base64url([57; 32]));
    let weak = json!({ "kty": "RSA", "kid": "k1", "n": base64url([0xff; 128]), "e": "AQAB" });
    for jwks in [json!({ "keys": [private] }), json!({ "keys": [weak] }), json!({ "keys": [] }), json!({})] {
        let body = json!({
            "client_id": f.unique("weak"), "grant_types": ["client_credentials"], "scopes": ["orders:read"],
            "token_endpoint_auth_method": "private_key_jwt", "jwks": jwks,
        });
        let answer = f.admin("POST", "clients", Some(&body)).expect(422);
        assert!(
            answer.body.contains("client.jwks") && !answer.body.contains(&base64url([57; 32])),
            "{answer:?}"
        );
    }
    for url in
        ["https://10.0.0.1/k", "http://keys.example/k", "https://localhost/k", "https://[::ffff:7f00:1]/k"]
    {
        let body = json!({
            "client_id": f.unique("inside"), "grant_types": ["client_credentials"], "scopes": ["orders:read"],
            "token_endpoint_auth_method": "private_key_jwt", "jwks_uri": url,
        });
        assert!(f.admin("POST", "clients", Some(&body)).expect(422).body.contains("jwks_uri"), "{url}");
    }
}
