//! The admin API: administrators who log in, and what each scope is good for.

use serde_json::{Value, json};

use crate::suite::admin::user_links::link_path;
use crate::suite::admin::users::set_password;
use crate::suite::browser::{Browser, PASSWORD, form, parameters};
use crate::suite::device;
use crate::suite::harness::{Fixture, Req, Resp, TestClient, base_config, encode};
use crate::suite::login::{Login, text, web_client};

const ALL: [&str; 5] =
    ["mintedge:read", "mintedge:write", "mintedge:clients", "mintedge:users", "mintedge:keys"];

/// A client that asks for administrators' tokens without further questions.
fn console() -> Value {
    let mut scopes = ALL.to_vec();
    scopes.extend(["openid", "profile", "email", "offline_access", "orders:read"]);
    json!({ "scopes": scopes })
}

/// Puts the base configuration with `administrators` into force; the caller holds the lock.
#[track_caller]
fn appoint(f: &Fixture<'_>, administrators: &Value) {
    let mut config = base_config();
    config["administrator"] = administrators.clone();
    f.apply(&config).expect(200);
    f.target.settle();
}

#[track_caller]
fn sub_of(f: &Fixture<'_>, login: &str) -> String {
    text(&f.admin("GET", &format!("users/{}", encode(login)), None).expect(200).json(), "sub").to_owned()
}

#[track_caller]
fn entry(f: &Fixture<'_>, login: &Login<'_>, scopes: &[&str]) -> Value {
    json!({ "user": login.email, "sub": sub_of(f, &login.email), "scopes": scopes })
}

fn call(f: &Fixture<'_>, token: &str, method: &'static str, path: &str, body: Option<&Value>) -> Resp {
    let request = Req::new(method, &format!("/admin/v1/{path}")).bearer(token);
    f.send(&body.map_or_else(|| request.clone(), |body| request.clone().json(body)))
}

/// The access token of somebody who logs in and asks for `scope`.
#[track_caller]
fn token(login: &Login<'_>, scope: &str) -> String {
    text(&login.tokens(&[("scope", scope)]), "access_token").to_owned()
}

/// Every operation with the scopes that are enough for it: this is the whole table.
const OPERATIONS: [(&str, &str, [&str; 2]); 34] = {
    const READ: &str = "mintedge:read";
    const WRITE: &str = "mintedge:write";
    const CLIENTS: &str = "mintedge:clients";
    const USERS: &str = "mintedge:users";
    const KEYS: &str = "mintedge:keys";
    [
        ("get", "/whoami", ["", ""]),
        ("get", "/resources", [READ, READ]),
        ("get", "/config", [READ, READ]),
        ("put", "/config", [WRITE, WRITE]),
        ("get", "/clients", [READ, CLIENTS]),
        ("post", "/clients", [WRITE, CLIENTS]),
        ("get", "/clients/{client_id}", [READ, CLIENTS]),
        ("put", "/clients/{client_id}", [WRITE, CLIENTS]),
        ("delete", "/clients/{client_id}", [WRITE, CLIENTS]),
        ("post", "/clients/{client_id}/enable", [WRITE, CLIENTS]),
        ("post", "/clients/{client_id}/disable", [WRITE, CLIENTS]),
        ("post", "/clients/{client_id}/revoke", [WRITE, CLIENTS]),
        ("get", "/client-documents", [READ, CLIENTS]),
        ("post", "/client-documents", [WRITE, CLIENTS]),
        ("post", "/revoke-clients", [WRITE, WRITE]),
        ("post", "/clients/{client_id}/secrets", [WRITE, CLIENTS]),
        ("delete", "/clients/{client_id}/secrets/{secret_id}", [WRITE, CLIENTS]),
        ("get", "/users", [READ, USERS]),
        ("post", "/users", [WRITE, USERS]),
        ("get", "/users/{user}", [READ, USERS]),
        ("patch", "/users/{user}", [WRITE, USERS]),
        ("delete", "/users/{user}", [WRITE, USERS]),
        ("post", "/users/{user}/enable", [WRITE, USERS]),
        ("post", "/users/{user}/disable", [WRITE, USERS]),
        ("post", "/users/{user}/reset", [WRITE, USERS]),
        ("get", "/users/{user}/export", [READ, USERS]),
        ("get", "/users/{user}/sessions", [READ, USERS]),
        ("delete", "/users/{user}/sessions", [WRITE, USERS]),
        ("delete", "/users/{user}/sessions/{sid}", [WRITE, USERS]),
        ("delete", "/users/{user}/grants/{grant_id}", [WRITE, USERS]),
        ("delete", "/users/{user}/clients/{client_id}", [WRITE, USERS]),
        ("get", "/keys", [READ, KEYS]),
        ("post", "/keys/rotate", [WRITE, KEYS]),
        ("post", "/keys/{kid}/retire", [WRITE, KEYS]),
    ]
};

pub fn every_operation_takes_its_scopes_and_no_other(f: &Fixture<'_>) {
    let client = f.client(&json!({ "scopes": ALL }));
    let description = f.send(&Req::new("GET", "/admin/v1/openapi.json")).expect(200).json();
    let paths = description["paths"].as_object().expect("paths");
    let described: usize =
        paths.values().map(|methods| methods.as_object().map_or(0, serde_json::Map::len)).sum();
    assert_eq!(described, OPERATIONS.len(), "the table has every operation");
    for scope in ALL {
        let token = f.token(&client, &format!("&scope={scope}"));
        for (method, path, enough) in OPERATIONS {
            let is_enough = enough == ["", ""] || enough.contains(&scope);
            let said = &description["paths"][path][method]["security"];
            let in_words = said.as_array().expect("security").contains(&json!({ "oauth": [scope] }));
            assert_eq!(in_words, is_enough, "{method} {path}, {scope}: {said}");
            let verb = match method {
                "get" => "GET",
                "put" => "PUT",
                "post" => "POST",
                "patch" => "PATCH",
                _ => "DELETE",
            };
            let concrete = path.trim_start_matches('/').replace(['{', '}'], "");
            // Nothing is changed: there is no such thing, or the body is refused.
            let body = json!({ "never": "a member" });
            let answer = call(f, &token, verb, &concrete, (verb != "GET").then_some(&body));
            if is_enough {
                assert!(![401, 403].contains(&answer.status), "{method} {path}, {scope}: {answer:?}");
            } else {
                answer.expect_error(403, "insufficient_scope");
                let challenge = answer.header("www-authenticate").expect("a challenge");
                let named = format!("error=\"insufficient_scope\", scope=\"{}\"", enough[0]);
                assert!(challenge.starts_with("Bearer ") && challenge.contains(&named), "{challenge}");
            }
        }
    }
}

pub fn an_administrator_logs_in_and_has_their_role(f: &Fixture<'_>) {
    let _guard = f.target.configuration_lock();
    let login = Login::new(f, &console());
    appoint(f, &json!([entry(f, &login, &["mintedge:read", "mintedge:keys"])]));
    let tokens = login.tokens(&[("scope", &ALL.join(" "))]);
    assert_eq!(tokens["scope"], "mintedge:read mintedge:keys", "what the role doesn't have is left out");
    let token = text(&tokens, "access_token");
    let who = call(f, token, "GET", "whoami", None).expect(200).json();
    let expected = (&json!(sub_of(f, &login.email)), &json!(login.email), &json!(login.client.id));
    assert_eq!((&who["sub"], &who["login"], &who["client_id"]), expected);
    assert_eq!(who["scopes"], json!(["mintedge:read", "mintedge:keys"]));
    call(f, token, "GET", "config", None).expect(200);
    call(f, token, "POST", "users", Some(&json!({ "login": "x" }))).expect_error(403, "insufficient_scope");
    // Without being asked for, none is given.
    assert_eq!(login.tokens(&[("scope", "")])["scope"], "openid profile email orders:read");
    appoint(f, &json!([]));
}

pub fn nobody_administers_without_a_role(f: &Fixture<'_>) {
    let _guard = f.target.configuration_lock();
    let administrator = Login::new(f, &console());
    let nobody = Login::new(f, &console());
    appoint(f, &json!([entry(f, &administrator, &ALL)]));
    let sent = parameters(&nobody.authorize(&[("scope", "openid mintedge:read")]).expect(303));
    assert_eq!(sent["error"], "access_denied", "{sent:?}");
    let legacy =
        json!({ "grant_types": ["password"], "redirect_uris": [], "scopes": ["openid", "mintedge:read"] });
    let legacy = web_client(f, &legacy);
    let fields =
        [("grant_type", "password"), ("username", administrator.email.as_str()), ("password", PASSWORD)];
    let with = |scope| form(&[fields.as_slice(), &[("scope", scope)]].concat());
    administrator.token(&legacy, &with("openid mintedge:read")).expect_error(400, "invalid_scope");
    administrator.token(&legacy, &with("openid")).expect(200);
    // The client needs the scope, too.
    let elsewhere = web_client(f, &json!({}));
    let asked = [("client_id", elsewhere.id.as_str()), ("scope", "openid mintedge:read")];
    assert_eq!(parameters(&administrator.authorize(&asked).expect(303))["error"], "invalid_scope");
    appoint(f, &json!([]));
}

pub fn other_tokens_of_an_administrator_are_refused(f: &Fixture<'_>) {
    let _guard = f.target.configuration_lock();
    let login = Login::new(f, &console());
    appoint(f, &json!([entry(f, &login, &ALL)]));
    let tokens = login.tokens(&[("scope", "openid offline_access mintedge:read")]);
    call(f, text(&tokens, "access_token"), "GET", "keys", None).expect(200);
    for wrong in ["id_token", "refresh_token"] {
        call(f, text(&tokens, wrong), "GET", "keys", None).expect_error(401, "invalid_token");
    }
    let elsewhere = token(&login, "openid orders:read");
    call(f, &elsewhere, "GET", "keys", None).expect_error(401, "invalid_token");
    let both = login.authorize(&[("scope", "orders:read mintedge:read")]).expect(303);
    assert_eq!(parameters(&both)["error"], "invalid_target", "{both:?}");
    appoint(f, &json!([]));
}

pub fn a_role_that_is_taken_away_ends_everywhere(f: &Fixture<'_>) {
    let _guard = f.target.configuration_lock();
    let login = Login::new(f, &console());
    appoint(f, &json!([entry(f, &login, &ALL)]));
    let tokens = login.tokens(&[("scope", "offline_access mintedge:read mintedge:write")]);
    let access = text(&tokens, "access_token");
    appoint(f, &json!([entry(f, &login, &["mintedge:read"])]));
    call(f, access, "POST", "keys/rotate", Some(&json!({ "x": 1 }))).expect_error(403, "insufficient_scope");
    call(f, access, "GET", "keys", None).expect(200);
    let tokens = login.refresh(text(&tokens, "refresh_token"), "").expect(200).json();
    assert_eq!(tokens["scope"], "offline_access mintedge:read");
    appoint(f, &json!([]));
    call(f, access, "GET", "keys", None).expect_error(403, "insufficient_scope");
    let only = login.refresh(text(&tokens, "refresh_token"), "&scope=mintedge%3Aread");
    only.expect_error(400, "invalid_scope");
    let left = login.refresh(text(&tokens, "refresh_token"), "").expect(200).json();
    assert_eq!(left["scope"], "offline_access", "a refused request costs no token");
    let denied = login.authorize(&[("scope", "mintedge:read")]).expect(303);
    assert_eq!(parameters(&denied)["error"], "access_denied");
}

pub fn an_administrator_who_is_signed_out_or_disabled_is_out_at_once(f: &Fixture<'_>) {
    let _guard = f.target.configuration_lock();
    let login = Login::new(f, &console());
    appoint(f, &json!([entry(f, &login, &ALL)]));
    let user = format!("users/{}", encode(&login.email));
    let first = token(&login, "offline_access mintedge:read");
    call(f, &first, "GET", "keys", None).expect(200);
    f.admin("DELETE", &format!("{user}/sessions"), None).expect(204);
    call(f, &first, "GET", "keys", None).expect_error(401, "invalid_token");
    let page = login.authorize(&[("scope", "mintedge:read")]).expect(200);
    let answer = login.browser.log_in(&page, &login.email, PASSWORD).expect(303);
    let second = login.redeem(&parameters(&answer)["code"]).expect(200).json();
    let second = text(&second, "access_token");
    call(f, second, "GET", "keys", None).expect(200);
    f.admin("POST", &format!("{user}/disable"), None).expect(200);
    call(f, second, "GET", "keys", None).expect_error(401, "invalid_token");
    appoint(f, &json!([]));
}

pub fn a_part_of_the_api_is_no_way_to_the_rest(f: &Fixture<'_>) {
    let _guard = f.target.configuration_lock();
    let administrator = Login::new(f, &console());
    let somebody = Login::new(f, &json!({}));
    let ci = f.client(&json!({ "scopes": ["mintedge:read"] }));
    let plain = f.client(&json!({}));
    let helper = f.client(&json!({ "scopes": ["mintedge:users", "mintedge:clients"] }));
    appoint(f, &json!([entry(f, &administrator, &["mintedge:keys"])]));
    let helper = f.token(&helper, "");
    let user = |login: &Login<'_>, rest: &str| format!("users/{}{rest}", encode(&login.email));
    let refused = |method, path: &str, body: Option<&Value>| {
        call(f, &helper, method, path, body).expect_error(403, "insufficient_scope");
    };
    let sub = format!("users/{}", sub_of(f, &administrator.email));
    refused("POST", &user(&administrator, "/reset"), Some(&json!({})));
    refused("PATCH", &user(&administrator, ""), Some(&json!({ "password": "a password of mine" })));
    refused("PATCH", &sub, Some(&json!({ "login": "somebody-else" })));
    refused("DELETE", &sub, None);
    call(f, &helper, "GET", &sub, None).expect(200);
    call(f, &helper, "POST", &user(&somebody, "/reset"), Some(&json!({}))).expect(200);
    let with = |scopes: &[&str]| json!({ "grant_types": ["client_credentials"], "scopes": scopes });
    refused("POST", "clients", Some(&with(&["mintedge:write"])));
    refused("POST", "clients", Some(&with(&["mintedge:users"])));
    refused("PUT", &format!("clients/{}", plain.id), Some(&with(&["orders:read", "mintedge:read"])));
    refused("PUT", &format!("clients/{}", ci.id), Some(&with(&["orders:read"])));
    refused("POST", &format!("clients/{}/secrets", ci.id), Some(&json!({})));
    refused("DELETE", &format!("clients/{}", ci.id), None);
    call(f, &helper, "GET", &format!("clients/{}", ci.id), None).expect(200);
    call(f, &helper, "POST", &format!("clients/{}/secrets", plain.id), Some(&json!({}))).expect(201);
    call(f, &helper, "POST", "clients", Some(&with(&["orders:read"]))).expect(201);
    f.token(&ci, "");
    appoint(f, &json!([]));
}

pub fn a_promotion_counts_at_once_against_a_part_of_the_api(f: &Fixture<'_>) {
    let _guard = f.target.configuration_lock();
    let login = Login::new(f, &json!({}));
    let helper = f.client(&json!({ "scopes": ["mintedge:users"] }));
    let helper = f.token(&helper, "");
    let user = format!("users/{}", encode(&login.email));
    let reset = format!("{user}/reset");
    let linked = call(f, &helper, "POST", &reset, Some(&json!({}))).expect(200).json();
    let browser = Browser::new(f);
    let page = browser.get(&link_path(f, &linked)).expect(200);
    let mut config = base_config();
    config["administrator"] = json!([entry(f, &login, &["mintedge:read"])]);
    // No edge has heard of it.
    f.apply(&config).expect(200);
    let mine = json!({ "password": "a password of mine" });
    call(f, &helper, "PATCH", &user, Some(&mine)).expect_error(403, "insufficient_scope");
    call(f, &helper, "POST", &reset, Some(&json!({}))).expect_error(403, "insufficient_scope");
    assert_eq!(set_password(&browser, &page, "a password of mine").status, 400, "a link from before");
    f.target.settle();
    assert_eq!(browser.get(&link_path(f, &linked)).status, 400);
    let linked = f.admin("POST", &reset, None).expect(200).json();
    let page = browser.get(&link_path(f, &linked)).expect(200);
    set_password(&browser, &page, "a password of hers").expect(200);
    appoint(f, &json!([]));
}

pub fn an_administrator_is_named_by_sub(f: &Fixture<'_>) {
    let _guard = f.target.configuration_lock();
    let login = Login::new(f, &console());
    let mut config = base_config();
    config["administrator"] = json!([{ "user": login.email, "scopes": ["mintedge:read"] }]);
    let refused = f.apply(&config);
    refused.expect_error(422, "invalid_config");
    assert_eq!(refused.json()["problems"][0]["path"], "administrator[0].user", "{refused:?}");
    // Whoever gets the login identifier of a deleted account is nobody.
    appoint(f, &json!([entry(f, &login, &ALL)]));
    f.admin("DELETE", &format!("users/{}", encode(&login.email)), None).expect(204);
    let browser = Browser::new(f);
    let other = Login { f, client: login.client.clone(), browser, email: login.email.clone() };
    other.browser.sign_up(&other.request(&[]), &other.email);
    let sent = parameters(&other.authorize(&[("scope", "mintedge:read")]).expect(303));
    assert_eq!(sent["error"], "access_denied");
    appoint(f, &json!([]));
}

pub fn the_command_is_a_client_that_is_there_already(f: &Fixture<'_>) {
    let _guard = f.target.configuration_lock();
    let login = Login::new(f, &json!({}));
    let scope = format!("offline_access {}", ALL.join(" "));
    let cli = TestClient { id: "mintedge-cli".to_owned(), secret: String::new() };
    let to = |uri| [("client_id", "mintedge-cli"), ("scope", scope.as_str()), ("redirect_uri", uri)];
    for uri in ["http://127.0.0.1:49152/callback", "http://[::1]:7/callback"] {
        appoint(f, &json!([entry(f, &login, &["mintedge:read", "mintedge:users"])]));
        // Any program could listen there, so the person is asked each time.
        let page = login.authorize(&to(uri)).expect(200);
        for said in ["The mintedge command", "people’s accounts", "configuration, applications"] {
            assert!(page.body.contains(said), "{said}: {}", page.body);
        }
        assert!(!page.body.contains("Change everything"), "what the role doesn't have is not asked for");
        // Nor is it permitted by that page, when the role has grown meanwhile.
        appoint(f, &json!([entry(f, &login, &ALL)]));
        let answer = login.browser.submit(&page, &[("action", "allow")]).expect(303);
        let sent = parameters(&answer);
        assert_eq!(sent["iss"], f.target.issuer());
        let tokens = login.redeem_with(&cli, &sent["code"], &[("redirect_uri", uri)]).expect(200).json();
        assert_eq!(tokens["scope"], "offline_access mintedge:read mintedge:users");
        let refresh = format!("grant_type=refresh_token&refresh_token={}", text(&tokens, "refresh_token"));
        let tokens = login.token(&cli, &refresh).expect(200).json();
        let access = text(&tokens, "access_token");
        call(f, access, "GET", "users?limit=1", None).expect(200);
        let form = form(&[("token", text(&tokens, "refresh_token")), ("client_id", "mintedge-cli")]);
        let revoke = Req::new("POST", "/revoke").header("content-type", "application/x-www-form-urlencoded");
        f.send(&revoke.body(form)).expect(200);
        call(f, access, "GET", "users?limit=1", None).expect_error(401, "invalid_token");
    }
    for uri in ["http://127.0.0.1:1/other", "http://localhost:1/callback", "https://app.example/cb"] {
        login.authorize(&to(uri)).expect(400);
    }
    let own = form(&[("grant_type", "client_credentials"), ("client_id", "mintedge-cli")]);
    f.send(&Req::token(&own)).expect_error(400, "unauthorized_client");
    f.admin("POST", "clients", Some(&json!({ "client_id": "mintedge-cli" })))
        .expect_error(422, "invalid_config");
    appoint(f, &json!([]));
}

pub fn the_command_signs_in_as_a_device(f: &Fixture<'_>) {
    let _guard = f.target.configuration_lock();
    let (login, nobody) = (Login::new(f, &json!({})), Login::new(f, &json!({})));
    let metadata = || f.send(&Req::new("GET", "/.well-known/openid-configuration")).expect(200).json();
    appoint(f, &json!([entry(f, &login, &["mintedge:read", "mintedge:users"])]));
    let endpoint = metadata()["device_authorization_endpoint"].clone();
    assert_eq!(endpoint, format!("{}/device_authorization", f.target.issuer()));
    let cli = TestClient { id: "mintedge-cli".to_owned(), secret: String::new() };
    let scope = format!("offline_access {}", ALL.join(" "));
    let ask = || device::ask(f, &cli, &[("scope", &scope)]).expect(200).json();
    let begun = ask();
    assert!(begun.get("verification_uri_complete").is_none(), "a link leads nowhere: {begun}");
    // Somebody without a role can permit nothing, and the code stays good.
    let page = device::type_code(&nobody.browser, text(&begun, "user_code")).expect(200);
    assert!(page.body.contains("no administrator"), "{}", page.body);
    let page = device::type_code(&login.browser, text(&begun, "user_code")).expect(200);
    assert!(
        page.body.contains("people’s accounts") && !page.body.contains("Change everything"),
        "{}",
        page.body
    );
    login.browser.submit(&page, &[("action", "allow")]).expect(200);
    // What was permitted is what was shown, although the role has grown.
    appoint(f, &json!([entry(f, &login, &ALL)]));
    let tokens = device::poll(f, &cli, &begun).expect(200).json();
    assert_eq!(tokens["scope"], "offline_access mintedge:read mintedge:users");
    call(f, text(&tokens, "access_token"), "GET", "users?limit=1", None).expect(200);
    // A role that went before the device asked is gone.
    let begun = ask();
    device::approve(&login.browser, &begun);
    appoint(f, &json!([]));
    let tokens = device::poll(f, &cli, &begun).expect(200).json();
    assert_eq!(tokens["scope"], "offline_access");
    call(f, text(&tokens, "access_token"), "GET", "users?limit=1", None).expect_error(401, "invalid_token");
}
