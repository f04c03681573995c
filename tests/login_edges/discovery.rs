//! Where clients of the Model Context Protocol look, and what they do without having found anything.

use mintedge::protocol::http::{Body, Headers, Method, Request, Response};
use serde_json::{Value, json};

use crate::costs::spent;
use crate::suite::browser::{CHALLENGE, VERIFIER, form, parameters};
use crate::suite::harness::{Fixture, Req, Target as _, base_config};
use crate::suite::in_memory::{InMemory, target, target_at};
use crate::suite::login::{Login, REDIRECT};

fn get(target: &InMemory, url: &str) -> Response {
    let request = Request::new(Method::Get, url, Headers::default(), Body::Bytes(Vec::new()));
    pollster::block_on(target.server.handle(&request))
}

fn json_of(response: &Response) -> Value {
    serde_json::from_str(&response.body).unwrap_or_else(|error| panic!("{error}: {response:?}"))
}

#[test]
fn an_issuer_with_a_path_has_its_metadata_at_all_three_places() {
    let target = target();
    let f = Fixture::new(&target);
    for path in [
        "/.well-known/oauth-authorization-server/tenant",
        "/.well-known/openid-configuration/tenant",
        "/tenant/.well-known/openid-configuration",
    ] {
        let answer = get(&target, path);
        assert_eq!((answer.status, &json_of(&answer)["issuer"]), (200, &json!(f.target.issuer())), "{path}");
        assert_eq!(json_of(&answer)["code_challenge_methods_supported"], json!(["S256"]), "{path}");
        assert_eq!(json_of(&answer)["userinfo_endpoint"].is_string(), path.contains("openid"), "{path}");
    }
    for path in [
        "/.well-known/oauth-authorization-server",
        "/.well-known/openid-configuration",
        "/tenant/.well-known/oauth-authorization-server",
        "/.well-known/openid-configuration/tenant/",
        "/.well-known/openid-configuration/other",
    ] {
        let answer = get(&target, path);
        assert_eq!((answer.status, &json_of(&answer)["error"]), (404, &json!("not_found")), "{path}");
    }
}

#[test]
fn a_resource_on_another_host_is_found_by_its_whole_address_only() {
    let target = target();
    let f = Fixture::new(&target);
    let mut config = base_config();
    let resources = config["resource"].as_array_mut().expect("resources");
    resources
        .push(json!({ "identifier": "https://mcp.example/tools", "scopes": ["tools:use"], "metadata": {} }));
    resources.push(json!({ "identifier": "https://bare.example/", "scopes": ["bare:use"], "metadata": {} }));
    f.apply(&config).expect(200);
    target.settle();
    let place = "/.well-known/oauth-protected-resource";
    for (url, resource) in [
        (format!("https://mcp.example{place}/tools"), "https://mcp.example/tools"),
        (format!("https://bare.example{place}"), "https://bare.example/"),
    ] {
        let answer = get(&target, &url);
        assert_eq!((answer.status, &json_of(&answer)["resource"]), (200, &json!(resource)), "{url}");
        assert_eq!(json_of(&answer)["authorization_servers"], json!([f.target.issuer()]));
        let free = spent(&target.world, || assert_eq!(get(&target, &url).status, 200));
        assert_eq!(free, (0, 0), "a warm isolate asks nobody");
    }
    for url in [
        format!("https://evil.example{place}/tools"),
        format!("https://mcp.example{place}"),
        format!("https://mcp.example:8443{place}/tools"),
        format!("https://id.example.com{place}/tools"),
        format!("{place}/tools"),
    ] {
        let answer = get(&target, &url);
        assert_eq!((answer.status, &json_of(&answer)["error"]), (404, &json!("not_found")), "{url}");
    }
    // The name by which the server was reached changes nothing else.
    let elsewhere =
        json_of(&get(&target, "https://mcp.example/.well-known/oauth-authorization-server/tenant"));
    assert_eq!(elsewhere["issuer"], f.target.issuer());
    assert!(!elsewhere.to_string().contains("mcp.example"), "{elsewhere}");
}

#[test]
fn a_client_that_knows_only_the_paths_of_the_first_revision_gets_a_token() {
    let target = target_at("https://mcp.example");
    let f = Fixture::new(&target);
    let members = json!({ "token_endpoint_auth_method": "none", "first_party": true, "scopes": ["openid", "profile", "email", "orders:read"] });
    let login = Login::new(&f, &members);
    // No metadata is read, no scope and no resource is named: `/authorize` and `/token` at the origin (MCP 2025-03-26).
    let request = [
        ("response_type", "code"),
        ("client_id", login.client.id.as_str()),
        ("redirect_uri", REDIRECT),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
        ("state", "xyz"),
    ];
    let sent = parameters(&login.browser.authorize(&request).expect(303));
    assert_eq!((sent["state"].as_str(), sent["iss"].as_str()), ("xyz", "https://mcp.example"));
    let body = form(&[
        ("grant_type", "authorization_code"),
        ("code", sent["code"].as_str()),
        ("redirect_uri", REDIRECT),
        ("client_id", login.client.id.as_str()),
        ("code_verifier", VERIFIER),
    ]);
    let tokens = f.send(&Req::token(&body)).expect(200);
    assert_eq!(tokens.header("cache-control"), Some("no-store"));
    let tokens = tokens.json();
    assert_eq!(
        (&tokens["scope"], &tokens["token_type"]),
        (&json!("openid profile email orders:read"), &json!("Bearer"))
    );
    assert!(tokens["expires_in"].is_u64() && tokens["refresh_token"].is_string(), "{tokens}");
}
