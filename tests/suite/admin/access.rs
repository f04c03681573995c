//! The admin API: which tokens and requests it takes, and its description.

use serde_json::{Value, json};

use crate::suite::harness::{Fixture, Req};
use crate::suite::{harness, jws};

fn call(f: &Fixture<'_>, token: &str) -> harness::Resp {
    f.send(&Req::new("GET", "/admin/v1/keys").bearer(token))
}

pub fn without_a_token_it_is_401_with_a_bearer_challenge(f: &Fixture<'_>) {
    let basic = Req::new("GET", "/admin/v1/keys").basic("mintedge-admin", &f.target.admin_secret());
    for request in [
        Req::new("GET", "/admin/v1/config"),
        Req::new("DELETE", "/admin/v1/clients/x"),
        Req::new("GET", "/admin/v1/nothing"),
        basic,
    ] {
        let response = f.send(&request);
        response.expect_error(401, "invalid_token");
        assert!(
            response.header("www-authenticate").is_some_and(|challenge| challenge.starts_with("Bearer "))
        );
    }
    for wrong in ["", "x", &"x".repeat(64), "mea_0000000000000000000000000000000000000000000000000"] {
        let request = Req::token("grant_type=client_credentials").basic("mintedge-admin", wrong);
        f.send(&request).expect_error(401, "invalid_client");
    }
}

pub fn a_token_for_another_audience_is_refused(f: &Fixture<'_>) {
    let client = f.client(&json!({}));
    call(f, &f.token(&client, "")).expect_error(401, "invalid_token");
}

pub fn a_token_with_any_part_changed_is_refused(f: &Fixture<'_>) {
    let token = f.fetch_admin_token("mintedge:read");
    call(f, &token).expect(200);
    let parts: Vec<&str> = token.split('.').collect();
    let encode = |value: &Value| mintedge::protocol::codec::encoding::base64url(value.to_string().as_bytes());
    let header = jws::header(&token);
    let claims = jws::claims(&token);
    let with = |base: &Value, name: &str, value: Value| {
        let mut changed = base.clone();
        changed[name] = value;
        encode(&changed)
    };
    let flipped = parts[2].chars().rev().collect::<String>();
    let forgeries = [
        format!("{}.{}.{}", with(&header, "alg", json!("none")), parts[1], ""),
        format!("{}.{}.{}", with(&header, "alg", json!("HS256")), parts[1], parts[2]),
        format!("{}.{}.{}", with(&header, "typ", json!("JWT")), parts[1], parts[2]),
        format!("{}.{}.{}", with(&header, "kid", json!("unknown")), parts[1], parts[2]),
        format!("{}.{}.{}", parts[0], with(&claims, "scope", json!("mintedge:write")), parts[2]),
        format!("{}.{}.{}", parts[0], parts[1], flipped),
        format!("{}.{}", parts[0], parts[1]),
        format!("{token}."),
        format!("{token}.{}", parts[2]),
        "x".repeat(9000),
        String::new(),
    ];
    for forgery in forgeries {
        call(f, &forgery).expect_error(401, "invalid_token");
    }
}

pub fn reading_does_not_permit_writing(f: &Fixture<'_>) {
    let read = f.fetch_admin_token("mintedge:read");
    call(f, &read).expect(200);
    let response = f.send(&Req::new("POST", "/admin/v1/clients").bearer(&read).json(&json!({})));
    response.expect_error(403, "insufficient_scope");
    let write = f.fetch_admin_token("mintedge:write");
    call(f, &write).expect_error(403, "insufficient_scope");
}

pub fn a_declared_client_may_be_given_admin_scopes(f: &Fixture<'_>) {
    let client = f.client(&json!({ "scopes": ["mintedge:read"] }));
    let token = f.token(&client, "");
    call(f, &token).expect(200);
    f.admin("POST", &format!("clients/{}/disable", client.id), None).expect(200);
    f.target.settle();
    call(f, &token).expect_error(401, "invalid_token");
}

pub fn doubled_members_are_refused_by_name(f: &Fixture<'_>) {
    let client = f.client(&json!({}));
    let token = f.fetch_admin_token("mintedge:read mintedge:write");
    let own = format!("clients/{}", client.id);
    let before = f.admin("GET", &own, None).expect(200).body;
    let if_match = format!("\"{}\"", f.version());
    let cases = [
        ("POST", "clients", r#"{"scopes":["orders:read"],"scopes":[]}"#, "scopes"),
        ("POST", "clients", r#"{"claims":{"tier":1,"tier":2}}"#, "tier"),
        ("PUT", &own, r#"{"client_name":"a","client_name":"b"}"#, "client_name"),
        ("PUT", "config", r#"{"resource":[],"resource":[]}"#, "resource"),
        ("PUT", "config", r#"{"resource":[{"identifier":"a","claims":{"x":1,"x":1}}]}"#, "x"),
        ("POST", &format!("{own}/secrets"), r#"{"expires_in":60,"expires_in":61}"#, "expires_in"),
        ("POST", "keys/rotate", r#"{"alg":"EdDSA","alg":"EdDSA"}"#, "alg"),
    ];
    for (method, path, body, member) in cases {
        let request = Req::new(method, &format!("/admin/v1/{path}")).bearer(&token);
        let request = request.header("if-match", if_match.clone());
        let refused = f.send(&request.header("content-type", "application/json").body(body));
        refused.expect_error(400, "invalid_request");
        assert!(refused.body.contains(&format!("`{member}` comes twice")), "{}", refused.body);
    }
    assert_eq!(f.admin("GET", &own, None).expect(200).body, before);
}

pub fn the_description_lists_every_operation(f: &Fixture<'_>) {
    let description = f.send(&Req::new("GET", "/admin/v1/openapi.json")).expect(200).json();
    assert!(description["openapi"].as_str().is_some_and(|version| version.starts_with("3.1")));
    assert!(description.to_string().contains(&f.target.issuer()));
    let paths = description["paths"].as_object().expect("paths");
    for (path, operations) in paths {
        for method in operations.as_object().expect("operations").keys().filter(|name| *name != "parameters")
        {
            let method: &'static str = match method.as_str() {
                "get" => "GET",
                "put" => "PUT",
                "patch" => "PATCH",
                "post" => "POST",
                "delete" => "DELETE",
                other => panic!("unexpected member {other}"),
            };
            let concrete = path.trim_start_matches('/').replace(['{', '}'], "");
            let answer = f.admin(method, &concrete, Some(&json!({ "never": "a member" })));
            let missing = answer.status == 405 || answer.body.contains("no such operation");
            assert!(!missing, "{method} {path} is described and not there");
        }
    }
    let count: usize = paths
        .values()
        .map(|operations| {
            operations.as_object().map_or(0, |all| all.keys().filter(|name| *name != "parameters").count())
        })
        .sum();
    assert_eq!(count, 34);
}

pub fn other_methods_are_405_and_name_the_allowed_ones(f: &Fixture<'_>) {
    let description = f.send(&Req::new("GET", "/admin/v1/openapi.json")).expect(200).json();
    let paths = description["paths"].as_object().expect("paths");
    let undescribed = json!({ "get": {} });
    for (path, operations) in paths.iter().chain([(&"/openapi.json".to_owned(), &undescribed)]) {
        let has = |method: &str| operations.get(method.to_lowercase()).is_some();
        let mut allowed: Vec<_> =
            ["GET", "PUT", "PATCH", "POST", "DELETE"].into_iter().filter(|name| has(name)).collect();
        if has("get") {
            allowed.push("HEAD");
        }
        allowed.sort_unstable();
        let path = path.trim_start_matches('/').replace(['{', '}'], "");
        for method in ["GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS", "PATCH"] {
            if allowed.contains(&method) {
                continue;
            }
            let refused = f.admin(method, &path, None).expect(405);
            let mut named: Vec<_> = refused.header("allow").expect("Allow").split(", ").collect();
            named.sort_unstable();
            assert_eq!(named, allowed, "{method} {path}");
        }
    }
    f.admin("PATCH", "nothing", None).expect_error(404, "not_found");
}

pub fn a_body_that_got_lost_replaces_nothing(f: &Fixture<'_>) {
    let client = f.client(&json!({ "client_name": "Named" }));
    let path = format!("clients/{}", client.id);
    let before = f.admin("GET", &path, None).expect(200).json();
    for (method, path) in [("PUT", path.as_str()), ("POST", "clients"), ("POST", "users")] {
        f.admin(method, path, None).expect_error(400, "invalid_request");
    }
    assert_eq!(f.admin("GET", &path, None).expect(200).json(), before);
}

pub fn head_is_get_without_the_body(f: &Fixture<'_>) {
    let client = f.client(&json!({}));
    for path in ["openapi.json", "config", "clients", "keys", &format!("clients/{}", client.id)] {
        let (get, head) = (f.admin("GET", path, None).expect(200), f.admin("HEAD", path, None).expect(200));
        for name in ["content-type", "cache-control", "etag"] {
            assert_eq!(get.header(name), head.header(name), "{path} {name}");
        }
        assert!(!get.body.is_empty() && head.body.is_empty(), "{path}");
    }
    assert_eq!(f.admin("HEAD", "clients/nobody", None).expect(404).body, "");
    let write = f.fetch_admin_token("mintedge:write");
    f.send(&Req::new("HEAD", "/admin/v1/keys").bearer(&write)).expect(403);
}
