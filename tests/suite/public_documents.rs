//! Metadata and the key set.

use serde_json::json;

use super::harness::{Fixture, Req, base_config};

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

pub fn scripts_of_any_origin_may_look_for_metadata(f: &Fixture<'_>) {
    for path in ["/jwks", OAUTH, OPENID, PROTECTED, "/.well-known/nothing"] {
        let preflight = Req::new("OPTIONS", path)
            .header("origin", "https://inspector.example")
            .header("access-control-request-method", "GET")
            .header("access-control-request-headers", "mcp-protocol-version");
        let answer = f.send(&preflight).expect(204);
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"), "{path}");
        let headers = answer.header("access-control-allow-headers").unwrap_or_default().to_lowercase();
        assert!(headers.split(", ").any(|name| name == "mcp-protocol-version"), "{path}: {headers}");
        assert_eq!(answer.header("access-control-allow-methods"), Some("GET, HEAD"), "{path}");
        assert_eq!(answer.header("access-control-allow-credentials"), None, "{path}");
    }
    // What isn't there says so in a way that a script can read, and a client goes on looking.
    for path in [PROTECTED, "/.well-known/nothing", "/.well-known/openid-configuration/x"] {
        let answer = f.send(&Req::new("GET", path));
        answer.expect_error(404, "not_found");
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"), "{path}");
        assert_eq!(answer.header("content-type"), Some("application/json"), "{path}");
    }
}

const PROTECTED: &str = "/.well-known/oauth-protected-resource";

pub fn a_resource_publishes_its_metadata_under_its_own_name(f: &Fixture<'_>) {
    let _guard = f.target.configuration_lock();
    let issuer = f.target.issuer();
    let origin = issuer.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
    let (told, silent) = (format!("{origin}/mcp"), format!("{origin}/silent"));
    let mut config = base_config();
    config["resource"].as_array_mut().expect("resources").extend([
        json!({
            "identifier": told, "name": "Tools", "scopes": ["tools:use", "tools:manage"], "default_scopes": ["tools:use"],
            "metadata": { "resource_documentation": "https://docs.example/tools", "listed": true },
        }),
        json!({ "identifier": silent, "scopes": ["silent:read"] }),
    ]);
    f.apply(&config).expect(200);
    f.target.settle();
    let answer = f.send(&Req::new("GET", &format!("{PROTECTED}/mcp"))).expect(200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    let expected = json!({
        "resource": told, "resource_name": "Tools", "authorization_servers": [issuer],
        "scopes_supported": ["tools:use", "tools:manage"], "bearer_methods_supported": ["header"],
        "resource_documentation": "https://docs.example/tools",
    });
    assert_eq!(answer.json(), expected);
    assert_eq!(f.send(&Req::new("HEAD", &format!("{PROTECTED}/mcp"))).expect(200).body, "");
    for other in ["", "/silent", "/mcp/", "/mcp?a=b", "/MCP", "-x"] {
        f.send(&Req::new("GET", &format!("{PROTECTED}{other}"))).expect_error(404, "not_found");
    }
    let metadata = f.send(&Req::new("GET", OAUTH)).expect(200).json();
    assert_eq!(metadata["protected_resources"], json!([told]));
    let shown = f.admin("GET", "resources", None).expect(200).json();
    let of = |name: &str| {
        shown["resources"].as_array().expect("a list").iter().find(|one| one["identifier"] == name).cloned()
    };
    let (of_told, of_silent) = (of(&told).expect("the resource"), of(&silent).expect("the resource"));
    assert_eq!((&of_told["published"], &of_told["metadata"]), (&json!(true), &expected));
    let url = format!("{origin}{PROTECTED}/mcp");
    assert_eq!(of_told["metadata_url"], url);
    assert_eq!(
        of_told["www_authenticate"],
        format!("Bearer resource_metadata=\"{url}\", scope=\"tools:use\"")
    );
    assert_eq!(of_silent["published"], false);
    assert!(of("stock").expect("the resource").get("metadata_url").is_none());
    f.apply(&base_config()).expect(200);
    f.target.settle();
    f.send(&Req::new("GET", &format!("{PROTECTED}/mcp"))).expect_error(404, "not_found");
}
