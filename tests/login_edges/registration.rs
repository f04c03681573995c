//! Clients that register themselves (RFC 7591): what they get, what they never get, and what a flood of them costs.

use mintedge::memory::World;
use serde_json::{Value, json};

use crate::costs::spent;
use crate::incarnations::isolate;
use crate::suite::browser::{Browser, CHALLENGE, VERIFIER, form, parameters};
use crate::suite::harness::{Fixture, Req, Resp, Target, base_config, encode};
use crate::suite::in_memory::{InMemory, target};
use crate::suite::login::text;

pub(crate) const CURSOR: &str = "cursor://anysphere.cursor-mcp/oauth/callback";
pub(crate) const LOOPBACK: &str = "http://localhost:8787/callback";

pub(crate) fn policy(members: &Value) -> Value {
    let mut config = base_config();
    config["registration"] = json!({ "mode": "open", "scopes": ["openid", "offline_access", "orders:read"] });
    for (name, value) in members.as_object().expect("an object") {
        config["registration"][name] = value.clone();
    }
    config
}

pub(crate) fn opened<'a>(target: &'a InMemory, members: &Value) -> Fixture<'a> {
    let f = Fixture::new(target);
    f.apply(&policy(members)).expect(200);
    target.settle();
    f
}

pub(crate) fn register(f: &Fixture<'_>, metadata: &Value) -> Resp {
    f.send(&Req::new("POST", "/register").json(metadata))
}

pub(crate) fn cursor() -> Value {
    json!({
        "client_name": "Cursor",
        "redirect_uris": [CURSOR, "https://www.cursor.com/agents/mcp/oauth/callback", LOOPBACK],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
        "application_type": "native",
    })
}

pub(crate) fn request<'a>(client_id: &'a str, redirect_uri: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("client_id", client_id),
        ("response_type", "code"),
        ("redirect_uri", redirect_uri),
        ("scope", "openid offline_access orders:read"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ]
}

/// Makes an account, permits what is asked and returns the code.
pub(crate) fn code(f: &Fixture<'_>, client_id: &str, redirect_uri: &str) -> String {
    let browser = Browser::new(f);
    let email = format!("{}@example.com", f.unique("ada"));
    let page = browser.sign_up(&request(client_id, redirect_uri), &email).expect(200);
    assert!(page.body.contains("action"), "consent is asked");
    let answer = browser.submit(&page, &[("action", "allow")]).expect(303);
    assert!(answer.header("location").is_some_and(|to| to.starts_with(redirect_uri)), "{answer:?}");
    parameters(&answer)["code"].clone()
}

pub(crate) fn redemption(code: &str, redirect_uri: &str) -> String {
    form(&[
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", redirect_uri),
        ("code_verifier", VERIFIER),
    ])
}

pub(crate) fn public_token(f: &Fixture<'_>, client_id: &str, body: &str) -> Resp {
    f.send(&Req::token(&format!("{body}&client_id={}", encode(client_id))))
}

/// The work costs no call of any object, no row and no KV.
fn costs_nothing(world: &World, work: impl FnOnce()) {
    assert_eq!(spent(world, work), (0, 0));
}

#[test]
fn an_editor_registers_logs_somebody_in_and_refreshes() {
    let target = target();
    let f = opened(&target, &json!({}));
    let answer = register(&f, &cursor()).expect(201);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    let client = answer.json();
    let id = text(&client, "client_id");
    assert!(id.starts_with("mei_") && id.len() < 128, "{id}");
    for (member, value) in cursor().as_object().expect("members") {
        assert_eq!(&client[member], value, "{member}");
    }
    assert_eq!(client["scope"], "openid offline_access orders:read");
    assert_eq!(client["client_id_issued_at"], target.world.now().0);
    for absent in ["client_secret", "client_secret_expires_at", "registration_client_uri"] {
        assert!(client.get(absent).is_none(), "{absent}");
    }
    for redirect_uri in [CURSOR, "http://localhost:51000/callback"] {
        let tokens = public_token(&f, id, &redemption(&code(&f, id, redirect_uri), redirect_uri));
        let tokens = tokens.expect(200).json();
        let refresh = format!("grant_type=refresh_token&refresh_token={}", text(&tokens, "refresh_token"));
        // Another isolate, which has never heard of the client, nor has anybody else.
        let other = isolate(&target);
        let f = Fixture::resume(&other);
        let next = public_token(&f, id, &refresh).expect(200).json();
        assert_eq!(next["scope"], "openid offline_access orders:read");
    }
    assert!(!target.world.at_rest().contains("Cursor"), "nothing is stored");
}

#[test]
fn a_secret_is_derived_survives_bad_encoding_and_is_its_clients_only() {
    let target = target();
    let f = opened(&target, &json!({}));
    let web = |method: Option<&str>| {
        let mut metadata = json!({ "redirect_uris": ["https://app.example/cb"], "grant_types": ["authorization_code", "refresh_token"] });
        if let Some(method) = method {
            metadata["token_endpoint_auth_method"] = method.into();
        }
        register(&f, &metadata).expect(201).json()
    };
    let (basic, other, post) = (web(None), web(None), web(Some("client_secret_post")));
    assert_eq!(basic["token_endpoint_auth_method"], "client_secret_basic", "RFC 7591 §2");
    let end = target.world.now().0 + 180 * 24 * 3600;
    assert_eq!(basic["client_secret_expires_at"], end);
    let (id, secret) = (text(&basic, "client_id"), text(&basic, "client_secret"));
    assert!(
        secret.starts_with("mes_") && secret.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    );
    assert_ne!(secret, text(&other, "client_secret"));
    let body = redemption(&code(&f, id, "https://app.example/cb"), "https://app.example/cb");
    for wrong in [text(&other, "client_secret"), "x", "mes_x"] {
        f.send(&Req::token(&body).basic(id, wrong)).expect_error(401, "invalid_client");
    }
    public_token(&f, id, &body).expect_error(401, "invalid_client");
    f.send(&Req::token(&body).basic(text(&other, "client_id"), text(&other, "client_secret")))
        .expect_error(400, "invalid_grant");
    f.send(&Req::token(&body).basic(id, secret)).expect(200);
    let id = text(&post, "client_id");
    let body = redemption(&code(&f, id, "https://app.example/cb"), "https://app.example/cb");
    f.send(&Req::token(&body).basic(id, text(&post, "client_secret"))).expect_error(401, "invalid_client");
    let credentials = form(&[("client_id", id), ("client_secret", text(&post, "client_secret"))]);
    f.send(&Req::token(&format!("{body}&{credentials}"))).expect(200);
    assert!(!target.world.log().iter().any(|line| line.contains(secret)), "secrets stay out of the log");
}

#[test]
fn nobody_registers_for_more_than_policy_gives() {
    let target = target();
    let f = opened(&target, &json!({ "redirect_hosts": ["app.example"] }));
    let client = register(
        &f,
        &json!({
            "redirect_uris": ["https://app.example/cb", "https://evil.example/cb", "javascript:alert(1)"],
            "grant_types": ["authorization_code", "client_credentials", "urn:ietf:params:oauth:grant-type:token-exchange", "password"],
            "scope": "orders:read orders:write mintedge:write mintedge:clients",
            "client_id": "mintedge-admin", "first_party": true, "serves": ["https://orders.example"],
            "allowed_origins": ["https://evil.example"], "claims": { "admin": true }, "client_secret": "chosen",
        }),
    );
    let client = client.expect(201).json();
    assert_eq!(client["redirect_uris"], json!(["https://app.example/cb"]));
    assert_eq!(client["grant_types"], json!(["authorization_code"]));
    assert_eq!(client["scope"], "orders:read");
    assert_ne!(client["client_secret"], "chosen");
    for unknown in ["first_party", "serves", "allowed_origins", "claims"] {
        assert!(client.get(unknown).is_none(), "{unknown}");
    }
    let (id, secret) = (text(&client, "client_id"), text(&client, "client_secret"));
    for body in ["grant_type=client_credentials&scope=orders:read", "grant_type=client_credentials"] {
        f.send(&Req::token(body).basic(id, secret)).expect_error(400, "unauthorized_client");
    }
    let introspection = Req::new("POST", "/introspect")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(format!("token={}", f.fetch_admin_token("mintedge:read")))
        .basic(id, secret);
    assert_eq!(f.send(&introspection).expect(200).json()["active"], false);
    let browser = Browser::new(&f);
    let elsewhere = browser.authorize(&request(id, "https://evil.example/cb"));
    assert!(elsewhere.status == 400 && elsewhere.header("location").is_none(), "{elsewhere:?}");
}

#[test]
fn what_makes_no_client_is_refused_with_the_words_of_rfc_7591() {
    let target = target();
    let f = opened(&target, &json!({}));
    let good = "https://app.example/cb";
    let pairwise = json!({ "redirect_uris": [good, "https://b.example/cb"], "subject_type": "pairwise" });
    for (metadata, error) in [
        (json!({}), "invalid_redirect_uri"),
        (json!({ "redirect_uris": [] }), "invalid_redirect_uri"),
        (json!({ "redirect_uris": ["https://app.example/cb#x"] }), "invalid_redirect_uri"),
        (json!({ "redirect_uris": ["http://app.example/cb"] }), "invalid_redirect_uri"),
        (json!({ "redirect_uris": [good], "grant_types": ["implicit"] }), "invalid_client_metadata"),
        (json!({ "redirect_uris": [good], "response_types": ["token"] }), "invalid_client_metadata"),
        (json!({ "redirect_uris": [good], "scope": "orders:write" }), "invalid_client_metadata"),
        (
            json!({ "redirect_uris": [good], "token_endpoint_auth_method": "tls_client_auth" }),
            "invalid_client_metadata",
        ),
        (
            json!({ "redirect_uris": [good], "jwks": { "keys": [{ "kty": "RSA", "d": "x" }] } }),
            "invalid_client_metadata",
        ),
        (
            json!({ "redirect_uris": [good], "jwks_uri": "https://169.254.169.254/" }),
            "invalid_client_metadata",
        ),
        (pairwise, "invalid_client_metadata"),
        (
            json!({ "redirect_uris": (0..20).map(|n| format!("https://app.example/{n}/{}", "x".repeat(60))).collect::<Vec<_>>() }),
            "invalid_client_metadata",
        ),
        (json!([]), "invalid_client_metadata"),
    ] {
        // Each from a sender of its own, so that none is refused for being one of many.
        target.world.advance(5);
        register(&f, &metadata).expect_error(400, error);
    }
    let send = |content_type: &'static str, body: &str| {
        target.world.advance(5);
        f.send(&Req::new("POST", "/register").header("content-type", content_type).body(body))
    };
    send("application/json", "{\"redirect_uris\":").expect_error(400, "invalid_client_metadata");
    send("application/json", "{\"a\":1,\"a\":2}").expect_error(400, "invalid_client_metadata");
    send("application/json", "").expect_error(400, "invalid_client_metadata");
    send("text/plain", &cursor().to_string()).expect_error(400, "invalid_client_metadata");
    send("application/x-www-form-urlencoded", "redirect_uris=x").expect_error(400, "invalid_client_metadata");
    let long = json!({ "redirect_uris": [good], "x": "x".repeat(16 * 1024) }).to_string();
    send("application/json", &long).expect_error(413, "invalid_request");
    send("application/json; charset=utf-8", &cursor().to_string()).expect(201);
    f.send(&Req::new("GET", "/register")).expect_error(405, "invalid_request");
}

#[test]
fn a_flood_of_registrations_costs_no_row_and_no_call() {
    let target = target();
    let f = opened(&target, &json!({}));
    register(&f, &cursor()).expect(201);
    let objects = target.world.objects();
    let mut registered = 0;
    costs_nothing(&target.world, || {
        for number in 0..2000 {
            let address = format!("198.51.{}.{}", number / 250, number % 250);
            let request = Req::new("POST", "/register").json(&cursor()).header("cf-connecting-ip", address);
            let answer = f.send(&request);
            if answer.status == 201 {
                registered += 1;
            } else {
                answer.expect_error(429, "temporarily_unavailable");
            }
        }
    });
    assert!((256..=256 * 4 + 16).contains(&registered), "{registered}");
    assert_eq!(target.world.objects(), objects);
    // One sender among them has little, and gets more with time.
    let one = || {
        f.send(&Req::new("POST", "/register").json(&cursor()).header("cf-connecting-ip", "203.0.113.9"))
            .status
    };
    let burst = (0..50).filter(|_| one() == 201).count();
    assert!(burst <= 20, "{burst}");
    target.world.advance(60);
    assert_eq!(one(), 201);
}

#[test]
fn made_up_ids_and_ids_that_have_ended_cost_nothing() {
    let target = target();
    let f = opened(&target, &json!({}));
    let client = register(&f, &cursor()).expect(201).json();
    let id = text(&client, "client_id").to_owned();
    let other = id.replace(&id[20..21], if &id[20..21] == "A" { "B" } else { "A" });
    let browser = Browser::new(&f);
    costs_nothing(&target.world, || {
        for made_up in ["mei_", "mei_x", &other, &"mei_".repeat(200)] {
            public_token(&f, made_up, "grant_type=refresh_token&refresh_token=x")
                .expect_error(401, "invalid_client");
            let page = browser.authorize(&request(made_up, CURSOR));
            assert!(page.status >= 400 && page.header("location").is_none(), "{made_up}: {page:?}");
        }
    });
}

#[test]
fn a_registration_ends_with_its_time_and_its_grants_with_it() {
    let target = target();
    let f = opened(&target, &json!({ "lifetime": 7200 }));
    let client = register(&f, &cursor()).expect(201).json();
    let id = text(&client, "client_id");
    let tokens = public_token(&f, id, &redemption(&code(&f, id, CURSOR), CURSOR)).expect(200).json();
    target.world.advance(7100);
    let refresh = |tokens: &Value| {
        public_token(
            &f,
            id,
            &format!("grant_type=refresh_token&refresh_token={}", text(tokens, "refresh_token")),
        )
    };
    let tokens = refresh(&tokens).expect(200).json();
    target.world.advance(100);
    refresh(&tokens).expect_error(401, "invalid_client");
    let page = Browser::new(&f).authorize(&request(id, CURSOR));
    assert!(page.status >= 400 && page.header("location").is_none(), "{page:?}");
}

#[test]
fn a_client_that_is_denied_is_out_and_its_grants_with_it() {
    let target = target();
    let f = opened(&target, &json!({}));
    let ids: Vec<String> =
        (0..2).map(|_| text(&register(&f, &cursor()).expect(201).json(), "client_id").to_owned()).collect();
    let tokens: Vec<Value> = ids
        .iter()
        .map(|id| public_token(&f, id, &redemption(&code(&f, id, CURSOR), CURSOR)).expect(200).json())
        .collect();
    f.apply(&policy(&json!({ "denied": [ids[0]] }))).expect(200);
    target.settle();
    let refresh = |number: usize| {
        let token = text(&tokens[number], "refresh_token");
        public_token(&f, &ids[number], &format!("grant_type=refresh_token&refresh_token={token}"))
    };
    refresh(0).expect_error(401, "invalid_client");
    refresh(1).expect(200);
    f.apply(&policy(&json!({}))).expect(200);
    target.settle();
    refresh(0).expect(200);
    f.apply(&base_config()).expect(200);
    target.settle();
    refresh(0).expect_error(401, "invalid_client");
}

#[test]
fn there_is_no_registration_unless_it_is_switched_on() {
    let target = target();
    let f = Fixture::new(&target);
    let metadata = || f.send(&Req::new("GET", "/.well-known/oauth-authorization-server")).expect(200).json();
    assert!(metadata().get("registration_endpoint").is_none());
    register(&f, &cursor()).expect_error(404, "not_found");
    f.apply(&policy(&json!({}))).expect(200);
    target.settle();
    assert_eq!(metadata()["registration_endpoint"], format!("{}/register", target.issuer()));
    register(&f, &cursor()).expect(201);
}

#[test]
fn scripts_register_from_anywhere_and_read_tokens_of_their_own_only() {
    let target = target();
    let f = opened(&target, &json!({}));
    let preflight = Req::new("OPTIONS", "/register").header("origin", "https://inspector.example");
    let answer = f.send(&preflight).expect(204);
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    assert!(answer.header("access-control-allow-headers").is_some_and(|list| list.contains("content-type")));
    assert_eq!(answer.header("access-control-allow-credentials"), None);
    let metadata = json!({ "redirect_uris": ["http://localhost:6274/oauth/callback"], "token_endpoint_auth_method": "none" });
    let client = register(&f, &metadata).expect(201).json();
    let id = text(&client, "client_id");
    let redirect = "http://localhost:6274/oauth/callback";
    for (origin, own) in [("http://localhost:6274", true), ("https://evil.example", false), ("null", false)] {
        let body = format!("{}&client_id={id}", redemption(&code(&f, id, redirect), redirect));
        let answer = f.send(&Req::token(&body).header("origin", origin)).expect(200);
        assert_eq!(answer.header("access-control-allow-origin"), own.then_some(origin), "{origin}");
    }
    let preflight =
        |origin: &str| f.send(&Req::new("OPTIONS", "/token").header("origin", origin)).expect(204);
    let origin = "http://localhost:6274";
    assert_eq!(preflight(origin).header("access-control-allow-origin"), Some(origin));
    assert_eq!(preflight("null").header("access-control-allow-origin"), None);
}

#[test]
fn a_sector_is_a_list_that_has_all_redirect_uris() {
    let target = target();
    let f = opened(&target, &json!({}));
    let (uri, uris) =
        ("https://sector.example/uris.json", json!(["https://a.example/cb", "https://b.example/cb"]));
    let ask = |sector: &str| {
        target.world.advance(5);
        register(
            &f,
            &json!({ "redirect_uris": uris, "subject_type": "pairwise", "sector_identifier_uri": sector,
            "policy_uri": "https://a.example/p", "initiate_login_uri": "https://a.example/login" }),
        )
    };
    ask(uri).expect_error(400, "invalid_client_metadata");
    for bad in [
        "[\"https://a.example/cb\"]",
        "{}",
        "[1]",
        "\u{0}",
        "[\"https://a.example/cb\",\"https://b.example/cb/\"]",
    ] {
        target.world.set_document(uri, Some(bad.as_bytes().to_vec()));
        ask(uri).expect_error(400, "invalid_client_metadata");
    }
    target.world.set_document(uri, Some(uris.to_string().into_bytes()));
    let client = ask(uri).expect(201).json();
    assert_eq!(
        (&client["sector_identifier_uri"], &client["subject_type"]),
        (&json!(uri), &json!("pairwise"))
    );
    assert_eq!(client["initiate_login_uri"], "https://a.example/login");
    let asked = target.world.document_reads().len();
    for inside in [
        "https://10.0.0.1/uris",
        "https://127.0.0.1/uris",
        "https://[::1]/uris",
        "https://[::ffff:169.254.169.254]/uris",
        "https://2130706433/uris",
        "https://metadata.internal/uris",
        "http://sector.example/uris",
        "file:///etc/passwd",
    ] {
        ask(inside).expect_error(400, "invalid_client_metadata");
    }
    assert_eq!(target.world.document_reads().len(), asked, "nothing inside was asked");
}

#[test]
fn a_new_root_secret_leaves_registered_clients_alone_and_one_taken_out_ends_them() {
    let target = target();
    let f = opened(&target, &json!({}));
    let client = register(
        &f,
        &json!({ "redirect_uris": ["https://app.example/cb"], "grant_types": ["authorization_code", "refresh_token"] }),
    );
    let client = client.expect(201).json();
    let (id, secret) = (text(&client, "client_id"), text(&client, "client_secret"));
    let redirect = "https://app.example/cb";
    let body = redemption(&code(&f, id, redirect), redirect);
    let tokens = f.send(&Req::token(&body).basic(id, secret)).expect(200).json();
    let before = f.admin("GET", "keys", None).expect(200).json();
    let active = before["roots"].as_array().expect("roots").iter().find(|root| root["state"] == "active");
    let active = text(active.expect("one"), "id").to_owned();
    f.admin("POST", "keys/rotate", Some(&json!({ "kind": "root", "immediately": true }))).expect(200);
    target.settle();
    let refresh = |token: &Value| {
        let body = format!("grant_type=refresh_token&refresh_token={}", text(token, "refresh_token"));
        f.send(&Req::token(&body).basic(id, secret))
    };
    let tokens = refresh(&tokens).expect(200).json();
    let new = register(&f, &cursor()).expect(201).json();
    let retire = json!({ "purposes": ["registration"] });
    f.admin("POST", &format!("keys/{active}/retire"), Some(&retire)).expect(200);
    target.settle();
    refresh(&tokens).expect_error(401, "invalid_client");
    let page = Browser::new(&f).authorize(&request(text(&new, "client_id"), CURSOR));
    page.expect(200);
}

#[test]
fn where_it_takes_an_initial_access_token_nobody_registers_without_a_live_one() {
    use base64ct::{Base64UrlUnpadded, Encoding as _};
    use sha2::{Digest as _, Sha256};
    let target = target();
    let hash = |token: &str| Base64UrlUnpadded::encode_string(&Sha256::digest(token.as_bytes()));
    let (good, old, short) =
        ("met_0123456789abcdef0123456789abcdef", "met_an-old-one-an-old-one-an-old-one", "short");
    let end = target.world.now().0 + 3600;
    let tokens = json!([
        { "name": "ci", "sha256": hash(good), "expires_at": end },
        { "name": "old", "sha256": hash(old), "expires_at": 1 },
        { "name": "short", "sha256": hash(short) },
    ]);
    let f = opened(&target, &json!({ "mode": "initial_access_token", "initial_access_token": tokens }));
    let metadata = f.send(&Req::new("GET", "/.well-known/openid-configuration")).expect(200).json();
    assert!(metadata["registration_endpoint"].is_string());
    let with = |token: &str| f.send(&Req::new("POST", "/register").json(&cursor()).bearer(token));
    let refused = register(&f, &cursor());
    refused.expect_error(401, "invalid_token");
    assert!(refused.header("www-authenticate").is_some_and(|challenge| challenge.starts_with("Bearer")));
    for wrong in [old, short, "", "met_0123456789abcdef0123456789abcdeX", &hash(good)] {
        target.world.advance(5);
        with(wrong).expect_error(401, "invalid_token");
    }
    let client = with(good).expect(201).json();
    let id = text(&client, "client_id");
    public_token(&f, id, &redemption(&code(&f, id, CURSOR), CURSOR)).expect(200);
    assert!(!target.world.log().iter().any(|line| line.contains(good)));
    target.world.advance(3600);
    with(good).expect_error(401, "invalid_token");
}

#[test]
fn what_a_registration_may_not_be_given_is_refused_by_apply() {
    let target = target();
    let f = Fixture::new(&target);
    for wrong in [
        json!({ "scopes": [] }),
        json!({ "scopes": ["mintedge:write"] }),
        json!({ "scopes": ["orders:delete"] }),
        json!({ "grant_types": ["authorization_code", "client_credentials"] }),
        json!({ "grant_types": ["refresh_token"] }),
        json!({ "token_endpoint_auth_methods": [] }),
        json!({ "token_endpoint_auth_methods": ["none", "none"] }),
        json!({ "redirect_hosts": ["https://a.example"] }),
        json!({ "redirect_hosts": ["*"] }),
        json!({ "private_use_schemes": ["javascript"] }),
        json!({ "lifetime": 60 }),
        json!({ "denied": ["app"] }),
        json!({ "mode": "initial_access_token" }),
        json!({ "initial_access_token": [{ "name": "ci", "sha256": "in the clear" }] }),
    ] {
        let answer = f.apply(&policy(&wrong));
        assert_eq!(answer.status, 422, "{wrong}: {answer:?}");
        assert!(answer.body.contains("registration."), "{wrong}: {answer:?}");
    }
}
