//! Refresh families, revocation, introspection and signing out, from a client's side.

use serde_json::json;

use super::authorize::{Login, claims, text, web_client};
use super::browser::{Browser, PASSWORD, form, parameters};
use super::harness::{Fixture, Req, TestClient};

pub fn a_refresh_token_rotates_and_a_retry_gets_the_same_successor(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let tokens = login.tokens(&[]);
    let first = text(&tokens, "refresh_token").to_owned();
    assert!(first.starts_with("mer_"));
    let once = login.refresh(&first, "").expect(200).json();
    let again = login.refresh(&first, "").expect(200).json();
    assert_eq!(once["refresh_token"], again["refresh_token"]);
    assert_ne!(once["access_token"], again["access_token"]);
    assert_ne!(once["refresh_token"], tokens["refresh_token"]);
    let (before, after) = (claims(text(&tokens, "id_token")), claims(text(&once, "id_token")));
    for name in ["iss", "sub", "aud", "auth_time", "sid", "acr"] {
        assert_eq!(before[name], after[name], "{name}");
    }
    login.userinfo(text(&once, "access_token")).expect(200);
}

pub fn an_old_refresh_token_ends_the_family(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let tokens = login.tokens(&[]);
    let first = text(&tokens, "refresh_token").to_owned();
    let second = login.refresh(&first, "").expect(200).json();
    let third = login.refresh(text(&second, "refresh_token"), "").expect(200).json();
    login.refresh(&first, "").expect_error(400, "invalid_grant");
    login.refresh(text(&third, "refresh_token"), "").expect_error(400, "invalid_grant");
    login.userinfo(text(&third, "access_token")).expect_error(401, "invalid_token");
}

pub fn a_guess_or_another_client_harms_nothing(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let token = text(&login.tokens(&[]), "refresh_token").to_owned();
    let other = web_client(f, &json!({}));
    login
        .token(&other, &format!("grant_type=refresh_token&refresh_token={token}"))
        .expect_error(400, "invalid_grant");
    let flipped = format!("{}{}", &token[..token.len() - 9], "AAAAAAAAA");
    for guess in [flipped.as_str(), "mer_", "nonsense", "mer_AAAA000000"] {
        login.refresh(guess, "").expect_error(400, "invalid_grant");
    }
    let wrong = TestClient { id: login.client.id.clone(), secret: "mes_x".to_owned() };
    login
        .token(&wrong, &format!("grant_type=refresh_token&refresh_token={token}"))
        .expect_error(401, "invalid_client");
    login.refresh(&token, "").expect(200);
}

pub fn scope_is_narrowed_for_one_access_token_only(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let first = text(&login.tokens(&[]), "refresh_token").to_owned();
    login.refresh(&first, "&scope=openid+orders:write").expect_error(400, "invalid_scope");
    login.refresh(&first, "&resource=https://ledger.example").expect_error(400, "invalid_target");
    let narrow = login.refresh(&first, "&scope=openid").expect(200).json();
    assert_eq!(narrow["scope"], "openid");
    // A retry that asks for something else is another request.
    login.refresh(&first, "&scope=openid+email").expect_error(400, "invalid_grant");
    let wide = login.refresh(text(&narrow, "refresh_token"), "").expect(200).json();
    assert_eq!(wide["scope"], "openid profile email orders:read");
}

pub fn two_devices_are_independent(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let here = text(&login.tokens(&[]), "refresh_token").to_owned();
    let elsewhere = Browser::new(f);
    let page = elsewhere.authorize(&login.request(&[])).expect(200);
    let answer = elsewhere.log_in(&page, &login.email, PASSWORD).expect(303);
    let there = login.redeem(&parameters(&answer)["code"]).expect(200).json();
    let next = login.refresh(&here, "").expect(200).json();
    login.refresh(text(&next, "refresh_token"), "").expect(200);
    login.refresh(&here, "").expect_error(400, "invalid_grant");
    login.refresh(text(&there, "refresh_token"), "").expect(200);
}

pub fn a_resource_is_chosen_among_the_granted_ones(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let tokens = login.tokens(&[("scope", "openid orders:read ledger:read")]);
    let token = text(&tokens, "refresh_token").to_owned();
    let one = login.refresh(&token, "&resource=https://ledger.example").expect(200).json();
    let access = claims(text(&one, "access_token"));
    assert_eq!(access["scope"], "openid ledger:read");
    assert_eq!(access["aud"], json!(["https://ledger.example", f.target.issuer()]));
}

pub fn a_client_without_the_grant_gets_no_refresh_token(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({ "grant_types": ["authorization_code"] }));
    assert!(login.tokens(&[]).get("refresh_token").is_none());
}

fn revoke(login: &Login<'_>, client: &TestClient, token: &str, hint: &str) -> u16 {
    let body = form(&[("token", token), ("token_type_hint", hint)]);
    let request =
        Req::new("POST", "/revoke").header("content-type", "application/x-www-form-urlencoded").body(body);
    login.f.send(&request.basic(&client.id, &client.secret)).status
}

pub fn revocation_takes_the_whole_grant_along(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let other = web_client(f, &json!({}));
    for (revoked, hint) in [("refresh_token", "access_token"), ("access_token", "refresh_token")] {
        let tokens = login.tokens(&[]);
        let access = text(&tokens, "access_token");
        let refresh = text(&tokens, "refresh_token");
        assert_eq!(revoke(&login, &other, text(&tokens, revoked), hint), 200, "says nothing to others");
        login.userinfo(access).expect(200);
        assert_eq!(revoke(&login, &login.client, text(&tokens, revoked), hint), 200);
        assert_eq!(revoke(&login, &login.client, "nonsense", hint), 200);
        login.userinfo(access).expect_error(401, "invalid_token");
        login.refresh(refresh, "").expect_error(400, "invalid_grant");
    }
}

fn introspect(f: &Fixture<'_>, client: &TestClient, token: &str) -> serde_json::Value {
    let request = Req::new("POST", "/introspect")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form(&[("token", token)]));
    f.send(&request.basic(&client.id, &client.secret)).expect(200).json()
}

pub fn introspection_tells_the_audience_and_nobody_else(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let orders = f.client(&json!({ "serves": ["https://orders.example"] }));
    let ledger = f.client(&json!({ "serves": ["https://ledger.example"] }));
    let tokens = login.tokens(&[]);
    let access = text(&tokens, "access_token");
    let seen = introspect(f, &orders, access);
    assert_eq!(seen["active"], true);
    assert_eq!(seen["sub"], claims(access)["sub"]);
    assert_eq!(seen["client_id"], login.client.id);
    for (client, token) in [
        (&ledger, access),
        (&orders, text(&tokens, "refresh_token")),
        (&orders, text(&tokens, "id_token")),
        (&orders, "nonsense"),
    ] {
        assert_eq!(introspect(f, client, token), json!({ "active": false }));
    }
    assert_eq!(introspect(f, &login.client, text(&tokens, "refresh_token"))["active"], true);
    // A signed answer says so in its media type, and whom it is for.
    let request = Req::new("POST", "/introspect")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("accept", "application/token-introspection+jwt")
        .body(form(&[("token", access)]));
    let signed = f.send(&request.clone().basic(&orders.id, &orders.secret)).expect(200);
    assert_eq!(signed.header("content-type"), Some("application/token-introspection+jwt"));
    let answer = claims(&signed.body);
    assert_eq!(
        (answer["aud"].as_str(), answer["token_introspection"]["active"].as_bool()),
        (Some(orders.id.as_str()), Some(true))
    );
    f.send(&request).expect_error(401, "invalid_client");
    // What is revoked is inactive at once.
    assert_eq!(revoke(&login, &login.client, access, ""), 200);
    assert_eq!(introspect(f, &orders, access), json!({ "active": false }));
}

pub fn userinfo_takes_access_tokens_only(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let tokens = login.tokens(&[]);
    login.userinfo(text(&tokens, "id_token")).expect_error(401, "invalid_token");
    login.userinfo("nonsense").expect_error(401, "invalid_token");
    f.send(&Req::new("GET", "/userinfo")).expect_error(401, "invalid_token");
    let access = text(&tokens, "access_token");
    let posted = Req::new("POST", "/userinfo").bearer(access);
    f.send(&posted).expect(200);
    let body = Req::new("POST", "/userinfo")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form(&[("access_token", access)]));
    f.send(&body).expect(200);
    let url = Req::new("GET", &format!("/userinfo?access_token={access}"));
    f.send(&url).expect_error(401, "invalid_token");
    let bare = login.tokens(&[("scope", "orders:read")]);
    login.userinfo(text(&bare, "access_token")).expect_error(401, "invalid_token");
    assert!(bare.get("id_token").is_none());
}

pub fn userinfo_is_signed_for_clients_that_want_it(f: &Fixture<'_>) {
    let login = Login::new(
        f,
        &json!({ "userinfo_signed_response_alg": "RS256", "id_token_signed_response_alg": "EdDSA" }),
    );
    let tokens = login.tokens(&[]);
    let answer = login.userinfo(text(&tokens, "access_token")).expect(200);
    assert_eq!(answer.header("content-type"), Some("application/jwt"));
    let signed = claims(&answer.body);
    assert_eq!(
        (signed["iss"].as_str(), signed["aud"].as_str()),
        (Some(f.target.issuer().as_str()), Some(login.client.id.as_str()))
    );
    assert_eq!(signed["email"], login.email);
}

pub fn signing_out_ends_session_and_tokens_and_goes_back(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let tokens = login.tokens(&[]);
    let offline = login.tokens(&[("scope", "openid offline_access")]);
    let hint = text(&tokens, "id_token");
    let state = "s".repeat(128);
    let request =
        [("id_token_hint", hint), ("post_logout_redirect_uri", "https://app.example/bye"), ("state", &state)];
    let answer = login.browser.get(&format!("/logout?{}", form(&request))).expect(303);
    assert_eq!(answer.header("location"), Some(format!("https://app.example/bye?state={state}").as_str()));
    let sent = parameters(&login.authorize(&[("prompt", "none")]).expect(303));
    assert_eq!(sent["error"], "login_required");
    login.refresh(text(&tokens, "refresh_token"), "").expect_error(400, "invalid_grant");
    login.userinfo(text(&tokens, "access_token")).expect_error(401, "invalid_token");
    // Offline access was granted to outlive the session.
    login.refresh(text(&offline, "refresh_token"), "").expect(200);
}

pub fn nobody_is_signed_out_or_sent_on_without_reason(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let tokens = login.tokens(&[]);
    let hint = text(&tokens, "id_token").to_owned();
    let bye = "https://app.example/bye";
    let forged = format!("{hint}x");
    let cases: [&[(&str, &str)]; 6] = [
        &[("id_token_hint", &hint), ("post_logout_redirect_uri", "https://evil.example")],
        &[("id_token_hint", &hint), ("post_logout_redirect_uri", "https://app.example/bye?x=1")],
        &[("id_token_hint", &forged), ("post_logout_redirect_uri", bye)],
        &[("post_logout_redirect_uri", bye)],
        &[],
        &[("state", "x")],
    ];
    for request in cases {
        let answer = login.browser.get(&format!("/logout?{}", form(request)));
        assert_eq!(answer.header("location"), None, "{request:?}: {answer:?}");
        assert!(
            parameters(&login.authorize(&[("prompt", "none")]).expect(303)).contains_key("code"),
            "{request:?}"
        );
    }
    // Asked and confirmed.
    let page = login.browser.get("/logout").expect(200);
    let forged = form(&[("flow", "x"), ("csrf", "y"), ("action", "logout")]);
    let asked = login.browser.post("/logout", &forged).expect(200);
    assert!(asked.body.contains("Sign out?"), "{}", asked.body);
    login.browser.submit(&page, &[("action", "logout")]).expect(200);
    assert_eq!(parameters(&login.authorize(&[("prompt", "none")]).expect(303))["error"], "login_required");
}

pub fn the_sign_out_page_leads_back_to_the_client(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let request =
        [("client_id", login.client.id.as_str()), ("post_logout_redirect_uri", "https://app.example/bye")];
    let page = login.browser.get(&format!("/logout?{}", form(&request))).expect(200);
    let answer = login.browser.submit(&page, &[("action", "logout")]).expect(303);
    assert_eq!(answer.header("location"), Some("https://app.example/bye"));
}

pub fn the_account_page_shows_and_ends_sessions(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let tokens = login.tokens(&[]);
    let page = login.browser.get("/account").expect(200);
    assert!(page.body.contains("Acme Shop") && page.body.contains("Firefox on Linux"), "{}", page.body);
    let csrf = super::browser::PageForm::of(&page.body).field("csrf").to_owned();
    let revoke = |csrf: &str| {
        let fields =
            [("flow", "account"), ("csrf", csrf), ("client", &login.client.id), ("action", "revoke_app")];
        login.browser.post("/account", &form(&fields))
    };
    revoke("wrong").expect(403);
    login.userinfo(text(&tokens, "access_token")).expect(200);
    revoke(&csrf).expect(200);
    login.userinfo(text(&tokens, "access_token")).expect_error(401, "invalid_token");
    let more = login.tokens(&[]);
    let pending = login.code(&[]);
    let change = form(&[
        ("flow", "account"),
        ("csrf", &csrf),
        ("current_password", PASSWORD),
        ("password", "another fine password"),
        ("password_again", "another fine password"),
        ("action", "change_password"),
    ]);
    login.browser.post("/account", &change).expect(200);
    login.userinfo(text(&more, "access_token")).expect_error(401, "invalid_token");
    login.redeem(&pending).expect_error(400, "invalid_grant");
    let more = login.tokens(&[]);
    let stranger = Browser::new(f);
    let page = stranger.authorize(&login.request(&[])).expect(200);
    let page = stranger.log_in(&page, &login.email, PASSWORD).expect(200);
    stranger.log_in(&page, &login.email, "another fine password").expect(303);
    let everywhere = form(&[("flow", "account"), ("csrf", &csrf), ("action", "end_all")]);
    login.browser.post("/account", &everywhere).expect(303);
    login.userinfo(text(&more, "access_token")).expect_error(401, "invalid_token");
    let sent = stranger.authorize(&login.request(&[("prompt", "none")])).expect(303);
    assert_eq!(parameters(&sent)["error"], "login_required");
}

pub fn the_password_grant_is_for_clients_registered_for_it(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let grants = json!({ "grant_types": ["password", "refresh_token"], "redirect_uris": [] });
    let legacy = web_client(f, &grants);
    let ask = |client: &TestClient, password: &str, scope: &str| {
        let fields = [
            ("grant_type", "password"),
            ("username", login.email.as_str()),
            ("password", password),
            ("scope", scope),
        ];
        login.token(client, &form(&fields))
    };
    ask(&login.client, PASSWORD, "openid").expect_error(400, "unauthorized_client");
    ask(&legacy, "a wrong password", "openid").expect_error(400, "invalid_grant");
    ask(&legacy, PASSWORD, "openid stock:read").expect_error(400, "invalid_scope");
    let tokens = ask(&legacy, PASSWORD, "openid email orders:read").expect(200).json();
    assert_eq!(login.userinfo(text(&tokens, "access_token")).expect(200).json()["email"], login.email);
    let refresh = format!("grant_type=refresh_token&refresh_token={}", text(&tokens, "refresh_token"));
    login.token(&legacy, &refresh).expect(200);
    // Where consent is due, a password is not enough.
    let third =
        web_client(f, &json!({ "grant_types": ["password"], "redirect_uris": [], "first_party": false }));
    ask(&third, PASSWORD, "openid").expect_error(400, "invalid_grant");
    let public = json!({
        "client_id": f.unique("public"),
        "token_endpoint_auth_method": "none",
        "grant_types": ["password"],
        "scopes": ["openid"],
    });
    f.admin("POST", "clients", Some(&public)).expect_error(422, "invalid_config");
    f.target.settle();
    let metadata = f.send(&Req::new("GET", "/.well-known/openid-configuration")).expect(200).json();
    assert!(metadata["grant_types_supported"].as_array().expect("grants").contains(&json!("password")));
}
