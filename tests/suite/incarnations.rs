//! What a client was given ends with the client: when it is deleted, when it stops authenticating, and when somebody says so.

use serde_json::{Value, json};

use super::browser::{Browser, CHALLENGE, VERIFIER, form, parameters};
use super::harness::{Fixture, Req, TestClient, base_config};
use super::login::{Login, REDIRECT, text, web_client};
use super::token::token_exchange::{LEDGER, api, exchange};

const ELSEWHERE: &str = "https://elsewhere.example/cb";

/// Everything a client can have of a person, and of itself.
struct Given {
    access: String,
    refresh: String,
    code: String,
    own: String,
}

fn third_party() -> Value {
    json!({
        "first_party": false, "serves": ["https://orders.example"],
        "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
    })
}

/// Has a person permit everything to `login`'s client.
fn give(f: &Fixture<'_>, login: &Login<'_>) -> Given {
    let page = login.authorize(&[]);
    if page.status == 200 {
        login.browser.submit(&page, &[("action", "allow")]).expect(303);
    }
    let tokens = login.tokens(&[]);
    let own = f.token(&login.client, "&scope=orders%3Aread");
    let given = Given {
        access: text(&tokens, "access_token").to_owned(),
        refresh: text(&tokens, "refresh_token").to_owned(),
        code: login.code(&[]),
        own,
    };
    assert_eq!(active(f, &given.access), (true, true));
    assert_eq!(active(f, &given.own), (true, true));
    given
}

/// Whether a token is active for an API and for whoever exchanges it.
fn active(f: &Fixture<'_>, token: &str) -> (bool, bool) {
    let orders = api(f, &json!({}));
    let request = Req::new("POST", "/introspect")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form(&[("token", token)]));
    let seen = f.send(&request.basic(&orders.id, &orders.secret)).expect(200).json();
    let exchanged = exchange(f, &orders, token, &[("resource", LEDGER)]);
    assert!(exchanged.status == 200 || exchanged.error().1 == "invalid_request", "{exchanged:?}");
    (seen["active"] == true, exchanged.status == 200)
}

#[track_caller]
fn assert_all_of_it_ended(f: &Fixture<'_>, login: &Login<'_>, client: &TestClient, given: &Given) {
    let refresh = format!("grant_type=refresh_token&refresh_token={}", given.refresh);
    login.token(client, &refresh).expect_error(400, "invalid_grant");
    login.redeem_with(client, &given.code, &[]).expect_error(400, "invalid_grant");
    login.userinfo(&given.access).expect_error(401, "invalid_token");
    assert_eq!(active(f, &given.access), (false, false));
    assert_eq!(active(f, &given.own), (false, false));
}

/// What the new incarnation is given works.
#[track_caller]
fn assert_all_of_it_works(f: &Fixture<'_>, login: &Login<'_>, given: &Given) {
    login.redeem(&given.code).expect(200);
    login.userinfo(&given.access).expect(200);
    login.refresh(&given.refresh, "").expect(200);
    assert_eq!(active(f, &given.access), (true, true));
    assert_eq!(active(f, &given.own), (true, true));
}

/// Deletes a client and registers another one under its id.
fn register_anew(f: &Fixture<'_>, client_id: &str, members: &Value) -> TestClient {
    f.admin("DELETE", &format!("clients/{client_id}"), None).expect(204);
    let mut members = members.clone();
    members["client_id"] = client_id.into();
    web_client(f, &members)
}

pub fn a_client_registered_anew_has_nothing_of_the_one_before(f: &Fixture<'_>) {
    let mut login = Login::new(f, &third_party());
    let given = give(f, &login);
    let mut members = third_party();
    members["redirect_uris"] = json!([ELSEWHERE, REDIRECT]);
    login.client = register_anew(f, &login.client.id.clone(), &members);
    f.target.settle();
    assert_all_of_it_ended(f, &login, &login.client, &given);
    let silently = login.authorize(&[("prompt", "none"), ("redirect_uri", ELSEWHERE)]).expect(303);
    assert_eq!(parameters(&silently)["error"], "consent_required");
    let account = login.browser.get("/account").expect(200);
    assert!(!account.body.contains("Acme Shop"), "{}", account.body);
    let anew = give(f, &login);
    assert_all_of_it_works(f, &login, &anew);
    assert!(login.browser.get("/account").expect(200).body.contains("Acme Shop"));
    login.authorize(&[("prompt", "none")]).expect(303);
}

pub fn a_client_that_was_removed_and_added_by_apply_starts_anew(f: &Fixture<'_>) {
    let _guard = f.target.configuration_lock();
    let id = f.unique("declared");
    let mut config = base_config();
    config["client"] = json!([{
        "client_id": id, "scopes": ["openid", "orders:read"], "redirect_uris": [REDIRECT],
        "grant_types": ["authorization_code", "refresh_token"], "token_endpoint_auth_method": "none", "first_party": true,
    }]);
    f.apply(&config).expect(200);
    let client = TestClient { id, secret: String::new() };
    let login =
        Login { f, client, browser: Browser::new(f), email: format!("{}@example.com", f.unique("ada")) };
    let scope = ("scope", "openid orders:read");
    login.browser.sign_up(&login.request(&[scope]), &login.email).expect(303);
    let tokens = login.tokens(&[scope]);
    let (refresh, access) = (text(&tokens, "refresh_token"), text(&tokens, "access_token"));
    f.apply(&base_config()).expect(200);
    f.apply(&config).expect(200);
    f.target.settle();
    login.refresh(refresh, "").expect_error(400, "invalid_grant");
    login.userinfo(access).expect_error(401, "invalid_token");
    let tokens = login.tokens(&[scope]);
    // Applying the same once more changes nothing.
    f.apply(&config).expect(200);
    f.target.settle();
    login.refresh(text(&tokens, "refresh_token"), "").expect(200);
    f.apply(&base_config()).expect(200);
}

pub fn a_client_that_stops_authenticating_loses_what_it_was_given(f: &Fixture<'_>) {
    let mut login = Login::new(f, &json!({}));
    let tokens = login.tokens(&[]);
    let (refresh, access) = (text(&tokens, "refresh_token"), text(&tokens, "access_token"));
    let change = |method: &str, more: &Value| {
        let mut members = json!({
            "grant_types": ["authorization_code", "refresh_token"], "first_party": true, "redirect_uris": [REDIRECT],
            "scopes": ["openid", "profile", "email", "orders:read"], "token_endpoint_auth_method": method,
        });
        for (name, value) in more.as_object().expect("an object") {
            members[name] = value.clone();
        }
        f.admin("PUT", &format!("clients/{}", login.client.id), Some(&members)).expect(200);
        f.target.settle();
    };
    // Whatever else changes, what it has stays its own.
    change("client_secret_basic", &json!({ "redirect_uris": [REDIRECT, ELSEWHERE] }));
    let next = login.refresh(refresh, "").expect(200).json();
    login.userinfo(access).expect(200);
    change("none", &json!({}));
    login.client.secret = String::new();
    login.refresh(text(&next, "refresh_token"), "").expect_error(400, "invalid_grant");
    login.userinfo(access).expect_error(401, "invalid_token");
    let tokens = login.tokens(&[]);
    login.refresh(text(&tokens, "refresh_token"), "").expect(200);
}

pub fn revoking_a_client_ends_everything_it_was_given_and_nothing_else(f: &Fixture<'_>) {
    let login = Login::new(f, &third_party());
    let given = give(f, &login);
    let other = Login::new(f, &json!({}));
    let others = other.tokens(&[]);
    let revoked = f.admin("POST", &format!("clients/{}/revoke", login.client.id), None).expect(200).json();
    assert_eq!(revoked["client_id"], login.client.id);
    f.target.settle();
    assert_all_of_it_ended(f, &login, &login.client, &given);
    // Sessions and secrets stay; the person says yes once more.
    let silently = login.authorize(&[("prompt", "none")]).expect(303);
    assert_eq!(parameters(&silently)["error"], "consent_required");
    let anew = give(f, &login);
    assert_all_of_it_works(f, &login, &anew);
    other.userinfo(text(&others, "access_token")).expect(200);
    other.refresh(text(&others, "refresh_token"), "").expect(200);
    f.admin("POST", "clients/no-such-client/revoke", None).expect_error(404, "not_found");
    f.admin("POST", "clients/mintedge-admin/revoke", None).expect_error(404, "not_found");
}

pub fn an_open_page_and_a_pushed_request_end_with_their_client(f: &Fixture<'_>) {
    let mut login = Login::new(f, &third_party());
    let page = login.authorize(&[]).expect(200);
    let push = |client: &TestClient| {
        let fields = [
            ("response_type", "code"),
            ("redirect_uri", REDIRECT),
            ("scope", "openid"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ];
        let request = Req::new("POST", "/par")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form(&fields))
            .basic(&client.id, &client.secret);
        f.send(&request).expect(201).json()["request_uri"].as_str().expect("a reference").to_owned()
    };
    let pushed = push(&login.client);
    login.client = register_anew(f, &login.client.id.clone(), &third_party());
    f.target.settle();
    login.browser.submit(&page, &[("action", "allow")]).expect(403);
    let ask = |request_uri: &str| {
        login.browser.authorize(&[("client_id", login.client.id.as_str()), ("request_uri", request_uri)])
    };
    assert_eq!(ask(&pushed).status, 400);
    let page = ask(&push(&login.client)).expect(200);
    let answer = login.browser.submit(&page, &[("action", "allow")]).expect(303);
    let redemption = [("code_verifier", VERIFIER)];
    login.redeem_with(&login.client, &parameters(&answer)["code"], &redemption).expect(200);
}

pub fn what_was_exchanged_ends_with_the_incarnations_it_came_by(f: &Fixture<'_>) {
    let refresh_token = "urn:ietf:params:oauth:token-type:refresh_token";
    let batch = || {
        api(
            f,
            &json!({
                "grant_types": ["urn:ietf:params:oauth:grant-type:token-exchange", "refresh_token"],
                "exchange": { "audiences": ["https://orders.example", LEDGER], "additional_scopes": ["ledger:read"],
                    "token_types": ["refresh_token"] },
            }),
        )
    };
    for ended in ["the person's client", "the client in between", "the client itself"] {
        let (login, between, last) = (Login::new(f, &json!({})), api(f, &json!({})), batch());
        let access = text(&login.tokens(&[]), "access_token").to_owned();
        let orders = [("resource", "https://orders.example")];
        let passed = exchange(f, &between, &access, &orders).expect(200).json();
        let passed = text(&passed, "access_token").to_owned();
        let wanted = [orders.as_slice(), &[("requested_token_type", refresh_token)]].concat();
        let swapped = exchange(f, &last, &passed, &wanted).expect(200).json();
        let refresh = format!("grant_type=refresh_token&refresh_token={}", text(&swapped, "access_token"));
        let first = login.token(&last, &refresh).expect(200).json();
        let client = match ended {
            "the person's client" => &login.client,
            "the client in between" => &between,
            _ => &last,
        };
        f.admin("POST", &format!("clients/{}/revoke", client.id), None).expect(200);
        f.target.settle();
        let next = format!("grant_type=refresh_token&refresh_token={}", text(&first, "refresh_token"));
        let refused = login.token(&last, &next);
        assert_eq!(refused.error(), (400, "invalid_grant".to_owned()), "{ended}");
        let is_own = ended == "the client in between";
        assert_eq!(active(f, &passed), if is_own { (false, false) } else { active(f, &access) }, "{ended}");
    }
}

/// Ends what all other cases have, too: for a server of its own.
pub fn everything_of_all_clients_ends_at_once(f: &Fixture<'_>) {
    let login = Login::new(f, &third_party());
    let given = give(f, &login);
    for wrong in [json!({}), json!({ "all": false }), json!({ "all": true, "more": 1 })] {
        f.admin("POST", "revoke-clients", Some(&wrong)).expect_error(400, "invalid_request");
    }
    f.admin("POST", "revoke-clients", Some(&json!({ "all": true }))).expect(200);
    f.target.settle();
    f.admin("GET", "config", None).expect_error(401, "invalid_token");
    // The administrator asks for a token again, like everybody.
    let f = &Fixture::resume(f.target);
    assert_all_of_it_ended(f, &login, &login.client, &given);
    let anew = give(f, &login);
    assert_all_of_it_works(f, &login, &anew);
}
