//! Metadata and the key set.

use serde_json::json;

use super::harness::{Fixture, Req};

const OAUTH: &str = "/.well-known/oauth-authorization-server";
const OPENID: &str = "/.well-known/openid-configuration";

pub fn metadata_names_what_is_there_and_nothing_else(f: &Fixture<'_>) {
    f.target.settle();
    let issuer = f.target.issuer();
    let metadata = f.send(&Req::new("GET", OAUTH)).expect(200).json();
    assert_eq!(metadata["issuer"], issuer);
    let grants = metadata["grant_types_supported"].as_array().expect("grants");
    for grant in ["authorization_code", "client_credentials", "refresh_token"] {
        assert!(grants.contains(&json!(grant)), "{grants:?}");
    }
    assert!(!grants.contains(&json!("implicit")), "{grants:?}");
    assert_eq!(
        metadata["token_endpoint_auth_methods_supported"],
        json!(["client_secret_basic", "client_secret_post", "private_key_jwt", "federated_jwt", "none"])
    );
    assert_eq!(
        metadata["token_endpoint_auth_signing_alg_values_supported"],
        json!([
            "EdDSA", "Ed25519", "ES256", "ES384", "ES512", "RS256", "RS384", "RS512", "PS256", "PS384",
            "PS512"
        ])
    );
    assert_eq!(metadata["response_types_supported"], json!(["code"]));
    assert_eq!(metadata["code_challenge_methods_supported"], json!(["S256"]));
    let scopes = metadata["scopes_supported"].as_array().expect("scopes");
    assert!(
        scopes.contains(&json!("orders:read")) && !scopes.contains(&json!("mintedge:write")),
        "{scopes:?}"
    );
    let members = metadata.as_object().expect("an object");
    for (name, value) in members {
        let endpoint = name.ends_with("_endpoint") || name.ends_with("_uri");
        if let Some(path) = value.as_str().filter(|_| endpoint).and_then(|url| url.strip_prefix(&issuer)) {
            assert_ne!(f.send(&Req::new("GET", path)).status, 404, "{name} is advertised and not there");
        }
    }
    assert!(members.contains_key("token_endpoint") && members.contains_key("jwks_uri"));
}

pub fn both_metadata_documents_agree(f: &Fixture<'_>) {
    let oauth = f.send(&Req::new("GET", OAUTH)).expect(200).json();
    let openid = f.send(&Req::new("GET", OPENID)).expect(200).json();
    for (name, value) in oauth.as_object().expect("an object") {
        assert_eq!(openid.get(name), Some(value), "{name}");
    }
}

pub fn the_issuer_does_not_follow_the_host_header(f: &Fixture<'_>) {
    let request = Req::new("GET", OAUTH)
        .header("x-forwarded-host", "evil.example")
        .header("forwarded", "host=evil.example")
        .header("x-forwarded-proto", "gopher");
    let response = f.send(&request).expect(200);
    assert!(!response.body.contains("evil.example"), "{}", response.body);
}

pub fn the_key_set_has_public_members_only(f: &Fixture<'_>) {
    let response = f.send(&Req::new("GET", "/jwks")).expect(200);
    assert_eq!(response.header("content-type"), Some("application/jwk-set+json"));
    let set = response.json();
    let keys = set["keys"].as_array().expect("keys");
    let mut kids: Vec<_> = keys.iter().map(|key| key["kid"].as_str().expect("a kid")).collect();
    assert!(!keys.is_empty());
    for key in keys {
        for private in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
            assert!(key.get(private).is_none(), "{private}");
        }
        assert_eq!(key["use"], "sig");
        assert!(["EdDSA", "ES256", "RS256", "PS256"].contains(&key["alg"].as_str().expect("an alg")));
        let thumbprint = serde_json::from_value::<mintedge::protocol::model::jwk::PublicJwk>(key.clone())
            .expect("a key")
            .thumbprint();
        assert_eq!(key["kid"], thumbprint);
    }
    kids.sort_unstable();
    kids.dedup();
    assert_eq!(kids.len(), keys.len(), "kids repeat");
}

pub fn documents_have_an_etag_and_answer_304(f: &Fixture<'_>) {
    let _guard = f.target.configuration_lock();
    f.target.settle();
    for path in ["/jwks", OAUTH, OPENID] {
        let first = f.send(&Req::new("GET", path)).expect(200);
        assert_eq!(first.header("cache-control"), Some("public, max-age=300"), "{path}");
        assert_eq!(first.header("access-control-allow-origin"), Some("*"), "{path}");
        let tag = first.header("etag").expect("an ETag").to_owned();
        for known in [tag.clone(), format!("W/{tag}"), format!("\"other\", {tag}"), "*".to_owned()] {
            let again = f.send(&Req::new("GET", path).header("if-none-match", known.clone()));
            assert_eq!((again.status, again.body.as_str()), (304, ""), "{path} {known}");
        }
        f.send(&Req::new("GET", path).header("if-none-match", "\"other\"")).expect(200);
        assert_eq!(f.send(&Req::new("HEAD", path)).expect(200).body, "");
        assert_eq!(f.send(&Req::new("POST", path)).status, 405);
    }
}

pub fn a_browser_that_looks_for_an_icon_asks_once(f: &Fixture<'_>) {
    for method in ["GET", "HEAD"] {
        let answer = f.send(&Req::new(method, "/favicon.ico")).expect(204);
        assert_eq!(
            (answer.header("cache-control"), answer.body.as_str()),
            (Some("public, max-age=86400"), "")
        );
    }
    assert_eq!(f.send(&Req::new("POST", "/favicon.ico")).status, 405);
}

pub fn unknown_paths_are_404(f: &Fixture<'_>) {
    for path in
        ["/", "/authorize/", "/token/", "/tokens", "/.well-known/oauth-authorization-server/x", "/admin/v2/x"]
    {
        f.send(&Req::new("GET", path)).expect_error(404, "not_found");
    }
}
