//! The admin API.

use serde_json::{Value, json};

use super::harness::{Fixture, Req, TestClient, base_config};

fn with_clients(clients: &Value) -> Value {
    let mut config = base_config();
    config["client"] = clients.clone();
    config
}

fn call(f: &Fixture<'_>, token: &str) -> super::harness::Resp {
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
    let header = super::jws::header(&token);
    let claims = super::jws::claims(&token);
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

pub fn applying_is_idempotent_and_shows_secrets_once(f: &Fixture<'_>) {
    let _guard = f.target.configuration_lock();
    let id = f.unique("declared");
    let config = with_clients(
        &json!([{ "client_id": id, "grant_types": ["client_credentials"], "scopes": ["orders:read"] }]),
    );
    let applied = f.apply(&config).expect(200).json();
    assert_eq!(applied["changes"], json!([{ "client_id": id, "change": "create" }]));
    let secret = applied["secrets"][0]["client_secret"].as_str().expect("a secret").to_owned();
    f.request_token(&TestClient { id: id.clone(), secret: secret.clone() }, "").expect(200);
    let again = f.apply(&config).expect(200).json();
    assert_eq!(
        (&again["version"], &again["changes"], &again["secrets"]),
        (&applied["version"], &json!([]), &json!([]))
    );
    let shown = f.admin("GET", "config", None).expect(200);
    assert_eq!(shown.json()["config"]["client"][0]["client_id"], id);
    assert!(!shown.body.contains(&secret));
    f.apply(&base_config()).expect(200);
}

pub fn a_concurrent_apply_loses(f: &Fixture<'_>) {
    let _guard = f.target.configuration_lock();
    let version = f.version();
    let mut config = base_config();
    config["tokens"] = json!({ "access_token_ttl": 301 });
    f.apply_at(version, &config).expect(200);
    let loser = f.apply_at(version, &base_config());
    loser.expect_error(412, "version_conflict");
    assert_eq!(f.admin("GET", "config", None).json()["config"]["tokens"]["access_token_ttl"], 301);
    f.apply(&base_config()).expect(200);
}

pub fn apply_without_a_version_is_428(f: &Fixture<'_>) {
    f.admin("PUT", "config", Some(&base_config())).expect_error(428, "precondition_required");
}

pub fn an_invalid_configuration_is_refused_whole(f: &Fixture<'_>) {
    let _guard = f.target.configuration_lock();
    let version = f.version();
    let client = |members: Value| with_clients(&json!([members]));
    let id = f.unique("bad");
    let cases = [
        (client(json!({ "client_id": id, "scopes": ["nope"] })), "client[0].scopes[0]"),
        (client(json!({ "client_id": "usr_1" })), "client[0].client_id"),
        (client(json!({ "client_id": "mec_1" })), "client[0].client_id"),
        (client(json!({ "client_id": id, "access_token_ttl": 5 })), "client[0].access_token_ttl"),
        (client(json!({ "client_id": id, "allowed_origins": ["*"] })), "client[0].allowed_origins[0]"),
        (with_clients(&json!([{ "client_id": id }, { "client_id": id }])), "client[1].client_id"),
        (
            json!({ "resource": [{ "identifier": "https://a.example", "scopes": ["openid"] }] }),
            "resource[0].scopes[0]",
        ),
        (
            json!({ "resource": [{ "identifier": "a", "scopes": ["x"] }, { "identifier": "b", "scopes": ["x"] }] }),
            "resource[1].scopes[0]",
        ),
        (
            json!({ "resource": [{ "identifier": format!("{}/admin", f.target.issuer()) }] }),
            "resource[0].identifier",
        ),
        (json!({ "issuer": "https://another.example" }), "issuer"),
        (json!({ "keys": { "rotate_every_days": 1 } }), "keys.rotate_every_days"),
    ];
    for (config, path) in cases {
        let refused = f.apply_at(version, &config);
        refused.expect_error(422, "invalid_config");
        assert_eq!(refused.json()["problems"][0]["path"], path, "{}", refused.body);
    }
    assert_eq!(f.version(), version);
    assert_eq!(f.admin("GET", &format!("clients/{id}"), None).status, 404);
}

pub fn unknown_members_are_refused(f: &Fixture<'_>) {
    let version = f.version();
    for config in [
        json!({ "clients": [] }),
        json!({ "resource": [{ "identifier": "a", "scope": [] }] }),
        json!({ "tokens": { "ttl": 1 } }),
    ] {
        f.apply_at(version, &config).expect_error(400, "invalid_request");
    }
    f.admin("POST", "clients", Some(&json!({ "client_secret": "x" }))).expect_error(400, "invalid_request");
    f.admin("POST", "clients", Some(&json!({ "grant_types": ["implicit"] })))
        .expect_error(400, "invalid_request");
    f.admin("POST", "clients", Some(&json!([]))).expect_error(400, "invalid_request");
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

pub fn applied_clients_are_changed_and_removed_by_apply_only(f: &Fixture<'_>) {
    let _guard = f.target.configuration_lock();
    let id = f.unique("owned");
    let declared = |scopes: Value| {
        with_clients(&json!([{ "client_id": id, "grant_types": ["client_credentials"], "scopes": scopes }]))
    };
    let created = f.apply(&declared(json!(["orders:read"]))).expect(200).json();
    let secret = created["secrets"][0]["client_secret"].as_str().expect("a secret").to_owned();
    let change = json!({ "scopes": ["orders:write"] });
    f.admin("PUT", &format!("clients/{id}"), Some(&change)).expect_error(409, "managed_by_config");
    let updated = f.apply(&declared(json!(["orders:write"]))).expect(200).json();
    assert_eq!((&updated["changes"][0]["change"], &updated["secrets"]), (&json!("update"), &json!([])));
    f.target.settle();
    let client = TestClient { id: id.clone(), secret };
    assert_eq!(f.request_token(&client, "").expect(200).json()["scope"], "orders:write");
    let removed = f.apply(&base_config()).expect(200).json();
    assert_eq!(removed["changes"], json!([{ "client_id": id, "change": "delete" }]));
    f.target.settle();
    f.request_token(&client, "").expect_error(401, "invalid_client");
}

pub fn an_api_client_named_by_a_configuration_is_adopted(f: &Fixture<'_>) {
    let _guard = f.target.configuration_lock();
    let client = f.client(&json!({}));
    let declared =
        json!([{ "client_id": client.id, "grant_types": ["client_credentials"], "scopes": ["orders:read"] }]);
    let applied = f.apply(&with_clients(&declared)).expect(200).json();
    assert_eq!((&applied["changes"][0]["change"], &applied["secrets"]), (&json!("adopt"), &json!([])));
    f.target.settle();
    assert_eq!(f.request_token(&client, "").expect(200).json()["scope"], "orders:read");
    f.apply(&base_config()).expect(200);
}

/// More than one alarm publishes.
pub fn a_hundred_clients_stopped_at_once_stop_everywhere(f: &Fixture<'_>) {
    let _guard = f.target.configuration_lock();
    let stem = f.unique("many");
    let declared = |number: usize, disabled: bool| {
        json!({ "client_id": format!("{stem}-{number}"), "grant_types": ["client_credentials"],
            "scopes": ["orders:read"], "disabled": disabled })
    };
    let all: Vec<Value> = (0..100).map(|number| declared(number, false)).collect();
    let applied = f.apply(&with_clients(&json!(all))).expect(200).json();
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let secrets = applied["secrets"].as_array().expect("secrets").iter();
    let clients: Vec<TestClient> = secrets
        .map(|secret| TestClient { id: text(&secret["client_id"]), secret: text(&secret["client_secret"]) })
        .collect();
    assert_eq!(clients.len(), 100);
    f.target.settle();
    for client in &clients {
        f.request_token(client, "").expect(200);
    }
    let disabled: Vec<Value> = (0..50).map(|number| declared(number, true)).collect();
    f.apply(&with_clients(&json!(disabled))).expect(200);
    f.target.settle();
    for client in &clients {
        f.request_token(client, "").expect_error(401, "invalid_client");
    }
    f.apply(&base_config()).expect(200);
}

pub fn clients_are_listed_in_pages(f: &Fixture<'_>) {
    let mut made: Vec<String> = (0..5).map(|_| f.client(&json!({})).id).collect();
    made.sort_unstable();
    let mut listed = Vec::new();
    let mut after = String::new();
    for _ in 0..500 {
        let page = f.admin("GET", &format!("clients?limit=2&after={after}"), None).expect(200).json();
        let clients = page["clients"].as_array().expect("clients");
        assert!(clients.len() <= 2);
        listed.extend(clients.iter().map(|client| client["client_id"].as_str().expect("an id").to_owned()));
        match page["next"].as_str() {
            Some(next) => after = super::harness::encode(next),
            None => break,
        }
    }
    assert!(listed.is_sorted(), "{listed:?}");
    assert!(made.iter().all(|id| listed.contains(id)), "{made:?} {listed:?}");
    for limit in ["x", "0", "101", "-1"] {
        f.admin("GET", &format!("clients?limit={limit}"), None).expect_error(400, "invalid_request");
    }
}

pub fn a_client_has_at_most_five_live_secrets(f: &Fixture<'_>) {
    let client = f.client(&json!({}));
    let path = format!("clients/{}/secrets", client.id);
    for _ in 0..4 {
        f.admin("POST", &path, None).expect(201);
    }
    f.admin("POST", &path, None).expect_error(409, "too_many_secrets");
    let shown = f.admin("GET", &format!("clients/{}", client.id), None).expect(200).json();
    let first = shown["secrets"][0]["secret_id"].as_str().expect("an id");
    f.admin("DELETE", &format!("{path}/{first}"), None).expect(204);
    f.admin("DELETE", &format!("{path}/{first}"), None).expect_error(404, "not_found");
    f.admin("POST", &path, Some(&json!({ "expires_in": 60 }))).expect(201);
    f.target.settle();
    f.request_token(&client, "").expect_error(401, "invalid_client");
    let public = f.client(&json!({ "token_endpoint_auth_method": "none", "grant_types": [] }));
    f.admin("POST", &format!("clients/{}/secrets", public.id), None).expect_error(409, "public_client");
}

pub fn hashes_and_private_keys_are_never_shown(f: &Fixture<'_>) {
    let client = f.client(&json!({}));
    let hash = serde_json::to_value(
        mintedge::protocol::model::secret::Secret::received(client.secret.clone()).hash(),
    )
    .expect("JSON");
    let hash = hash.as_str().expect("text");
    for path in ["config", "clients", "keys", &format!("clients/{}", client.id)] {
        let shown = f.admin("GET", path, None).expect(200).body;
        for private in [client.secret.as_str(), hash, "sha256", "private", "\"d\"", "mac_key"] {
            assert!(!shown.contains(private), "{path} shows {private}");
        }
    }
}

pub fn a_secret_may_be_brought_along_as_a_hash(f: &Fixture<'_>) {
    let client = f.client(&json!({}));
    let known = "a secret that another server made";
    let hash = serde_json::to_value(mintedge::protocol::model::secret::Secret::received(known).hash())
        .expect("JSON");
    let added = f
        .admin("POST", &format!("clients/{}/secrets", client.id), Some(&json!({ "sha256": hash })))
        .expect(201)
        .json();
    assert_eq!(added["secret"].get("client_secret"), None);
    f.target.settle();
    let request =
        Req::token("grant_type=client_credentials").basic(&client.id, &super::harness::encode(known));
    f.send(&request).expect(200);
}

pub fn a_live_secret_brought_along_again_keeps_its_id(f: &Fixture<'_>) {
    let client = f.client(&json!({}));
    let path = format!("clients/{}/secrets", client.id);
    let hash = serde_json::to_value(
        mintedge::protocol::model::secret::Secret::received(client.secret.clone()).hash(),
    )
    .expect("JSON");
    let shown =
        || f.admin("GET", &format!("clients/{}", client.id), None).expect(200).json()["secrets"].clone();
    let first = shown()[0]["secret_id"].clone();
    for others_expire_in in [None, Some(0)] {
        f.admin("POST", &path, None).expect(201);
        let again = json!({ "sha256": hash, "expires_in": 3600, "others_expire_in": others_expire_in });
        let kept = f.admin("POST", &path, Some(&again)).expect(201).json()["secret"].clone();
        assert_eq!(kept["secret_id"], first);
        let all = shown();
        let all = all.as_array().expect("secrets");
        assert_eq!(all.len(), if others_expire_in.is_some() { 1 } else { 2 });
        let own: Vec<_> = all.iter().filter(|secret| secret["secret_id"] == first).collect();
        assert_eq!(own.len(), 1);
        assert_eq!(own[0]["expires_at"], kept["expires_at"]);
    }
    let id = first.as_str().expect("an id");
    f.admin("DELETE", &format!("{path}/{id}"), None).expect(204);
    f.target.settle();
    f.request_token(&client, "").expect_error(401, "invalid_client");
}

pub fn reserved_client_ids_are_refused(f: &Fixture<'_>) {
    for id in [
        "usr_alice",
        "mintedge-admin",
        "mintedge-x",
        "mec_made_up",
        "with space",
        ".",
        "..",
        "quote\"",
        "ü",
        &"x".repeat(129),
    ] {
        f.admin("POST", "clients", Some(&json!({ "client_id": id }))).expect_error(422, "invalid_config");
    }
    let taken = f.client(&json!({}));
    f.admin("POST", "clients", Some(&json!({ "client_id": taken.id }))).expect_error(409, "already_exists");
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
    assert_eq!(count, 30);
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
