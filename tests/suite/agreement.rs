//! Scope, audience and kind of a token agree, however the token came about.

use serde_json::{Value, json};

use super::authorize::{Login, REDIRECT, claims, text, web_client};
use super::browser::{form, parameters};
use super::exchange::{api, exchange};
use super::harness::{Fixture, Req, Resp, TestClient, base_config};
use super::jws::{header, verifies};

const ORDERS: &str = "https://orders.example";
const LEDGER: &str = "https://ledger.example";
const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ID_TOKEN: &str = "urn:ietf:params:oauth:token-type:id_token";

fn post(f: &Fixture<'_>, path: &str, client: &TestClient, fields: &[(&str, &str)]) -> Resp {
    let request = Req::new("POST", path).header("content-type", "application/x-www-form-urlencoded");
    f.send(&request.body(form(fields)).basic(&client.id, &client.secret))
}

/// A refresh token for two APIs.
fn for_two(login: &Login<'_>) -> String {
    let tokens = login.tokens(&[("scope", "openid offline_access orders:read ledger:read")]);
    text(&tokens, "refresh_token").to_owned()
}

pub fn a_narrowed_token_is_for_the_apis_of_its_scopes_only(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let issuer = f.target.issuer();
    let cases: [(&str, &str, Value); 5] = [
        ("&scope=orders:read", "orders:read", json!(ORDERS)),
        ("&scope=ledger:read+openid", "ledger:read openid", json!([LEDGER, issuer])),
        ("&scope=openid", "openid", json!(issuer)),
        ("&resource=https://orders.example&scope=orders:read+ledger:read", "orders:read", json!(ORDERS)),
        ("", "openid offline_access orders:read ledger:read", json!([ORDERS, LEDGER, issuer])),
    ];
    for (asked, scope, audience) in cases {
        let answer = login.refresh(&for_two(&login), asked).expect(200).json();
        let access = claims(text(&answer, "access_token"));
        assert_eq!((&answer["scope"], &access["scope"]), (&json!(scope), &json!(scope)), "{asked}");
        assert_eq!(access["aud"], audience, "{asked}");
    }
}

pub fn what_comes_to_no_scope_costs_no_refresh_token(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    for asked in [
        "&resource=https://orders.example&scope=ledger:read",
        "&resource=https://orders.example&scope=openid",
        "&resource=https://orders.example&resource=https://ledger.example&scope=orders:read",
    ] {
        let token = for_two(&login);
        login.refresh(&token, asked).expect_error(400, "invalid_scope");
        // Another request with the same token would be refused, had it been used up.
        let next = login.refresh(&token, "&scope=orders:read").expect(200).json();
        assert_eq!(next["scope"], "orders:read", "{asked}");
    }
}

pub fn a_bare_origin_is_the_same_resource_with_a_slash(f: &Fixture<'_>) {
    let with_slash = "https://orders.example/";
    let login = Login::new(f, &json!({}));
    let code = login.code(&[("scope", "openid orders:read"), ("resource", with_slash)]);
    let tokens = login.redeem_with(&login.client, &code, &[("resource", with_slash)]).expect(200).json();
    let issuer = f.target.issuer();
    assert_eq!(claims(text(&tokens, "access_token"))["aud"], json!([ORDERS, issuer]));
    let again = login.refresh(text(&tokens, "refresh_token"), "&resource=https://orders.example/");
    assert_eq!(claims(text(&again.expect(200).json(), "access_token"))["aud"], json!([ORDERS, issuer]));
    let client = f.client(&json!({}));
    let token = f.token(&client, "&resource=https%3A%2F%2Forders.example%2F");
    assert_eq!(claims(&token)["aud"], ORDERS);
    let service = api(f, &json!({}));
    let subject = text(&tokens, "access_token");
    for name in ["resource", "audience"] {
        let swapped = exchange(f, &service, subject, &[(name, "https://ledger.example/")]).expect(200).json();
        assert_eq!(claims(text(&swapped, "access_token"))["aud"], LEDGER);
    }
    for other in
        ["https://orders.example//", "https://orders.example/x", "https://orders.example/?", "stock/"]
    {
        let form = form(&[("grant_type", "client_credentials"), ("resource", other)]);
        f.send(&Req::token(&form).basic(&client.id, &client.secret)).expect_error(400, "invalid_target");
    }
}

pub fn two_resources_that_differ_by_a_slash_only_are_refused(f: &Fixture<'_>) {
    let twins = json!({ "resource": [
        { "identifier": "https://a.example", "scopes": ["a"] }, { "identifier": "https://a.example/", "scopes": ["b"] },
    ] });
    let refused = f.apply_at(f.version(), &twins);
    refused.expect_error(422, "invalid_config");
    assert_eq!(refused.json()["problems"][0]["path"], "resource[1].identifier");
}

pub fn unknown_scopes_are_refused_or_left_out_as_the_client_is_registered(f: &Fixture<'_>) {
    let strict = Login::new(f, &json!({}));
    let asked = [("scope", "openid email groups orders:read")];
    assert_eq!(parameters(&strict.authorize(&asked).expect(303))["error"], "invalid_scope");
    let lenient = Login::new(f, &json!({ "unknown_scopes": "drop" }));
    let tokens = lenient.tokens(&asked);
    assert_eq!(tokens["scope"], "openid email orders:read", "the answer says what was granted");
    // Libraries repeat the scope when they refresh.
    let again = lenient.refresh(text(&tokens, "refresh_token"), "&scope=openid+email+groups+orders:read");
    assert_eq!(again.expect(200).json()["scope"], "openid email orders:read");
    // What exists and is not the client's is refused all the same, and nothing known is nothing.
    for scope in ["openid stock:read", "openid mintedge:read", "groups"] {
        let sent = lenient.authorize(&[("scope", scope)]).expect(303);
        assert_eq!(parameters(&sent)["error"], "invalid_scope", "{scope}");
    }
}

pub fn an_exchanged_id_token_has_the_requesting_clients_name_for_the_person(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({ "subject_type": "pairwise", "sector_identifier": "one.example" }));
    let service = web_client(
        f,
        &json!({
            "grant_types": ["authorization_code", EXCHANGE],
            "subject_type": "pairwise", "sector_identifier": "two.example",
            "serves": [ORDERS],
            "exchange": { "audiences": [ORDERS], "token_types": ["id_token"] },
        }),
    );
    let sent = login.authorize(&[("client_id", service.id.as_str())]).expect(303);
    let own = login.redeem_with(&service, &parameters(&sent)["code"], &[]).expect(200).json();
    let own = claims(text(&own, "id_token"))["sub"].clone();
    let subject = text(&login.tokens(&[]), "access_token").to_owned();
    let answer = exchange(f, &service, &subject, &[("requested_token_type", ID_TOKEN)]).expect(200).json();
    let about = claims(text(&answer, "access_token"));
    assert_eq!((&about["aud"], &about["sub"]), (&json!(service.id), &own));
    assert_ne!(about["sub"], claims(&subject)["sub"]);
}

pub fn a_client_may_introspect_what_was_issued_to_it(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let access = text(&login.tokens(&[]), "access_token").to_owned();
    let own = f.token(&f.client(&json!({})), "");
    let seen = post(f, "/introspect", &login.client, &[("token", &access)]).expect(200).json();
    assert_eq!((&seen["active"], &seen["client_id"]), (&json!(true), &json!(login.client.id)));
    for (client, token) in [(&login.client, &own), (&web_client(f, &json!({})), &access)] {
        let seen = post(f, "/introspect", client, &[("token", token)]).expect(200).json();
        assert_eq!(seen, json!({ "active": false }), "another's");
    }
}

pub fn revocation_answers_with_json(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let token = text(&login.tokens(&[]), "refresh_token").to_owned();
    for token in [token.as_str(), "nonsense"] {
        let answer = post(f, "/revoke", &login.client, &[("token", token)]).expect(200);
        assert_eq!((answer.header("content-type"), answer.json()), (Some("application/json"), json!({})));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
}

pub fn any_port_of_loopback_is_the_registered_one(f: &Fixture<'_>) {
    let hosts = ["http://127.0.0.1", "http://[::1]", "http://localhost"];
    let registered = hosts.map(|host| format!("{host}/cb?a=b"));
    let uris = [&[REDIRECT.to_owned()], registered.as_slice()].concat();
    let login = Login::new(f, &json!({ "redirect_uris": uris }));
    for host in hosts {
        let to = format!("{host}:49152/cb?a=b");
        let code = parameters(&login.authorize(&[("redirect_uri", &to)]).expect(303))["code"].clone();
        let elsewhere = format!("{host}:49153/cb?a=b");
        let other = [("redirect_uri", elsewhere.as_str())];
        login.redeem_with(&login.client, &code, &other).expect_error(400, "invalid_grant");
        login.redeem_with(&login.client, &code, &[("redirect_uri", &to)]).expect(200);
        for bad in
            ["/cb", "/cb?a=c", "/cb?a=b&c=d", "/cb/?a=b", ".evil.example/cb?a=b", "@evil.example/cb?a=b"]
        {
            let page = login.authorize(&[("redirect_uri", &format!("{host}:49152{bad}"))]);
            assert_eq!((page.status, page.header("location")), (400, None), "{host} {bad}");
        }
    }
    for other in ["http://127.1:1/cb?a=b", "http://LOCALHOST:1/cb?a=b", "http://127.0.0.2:1/cb?a=b"] {
        assert_eq!(login.authorize(&[("redirect_uri", other)]).status, 400, "{other}");
    }
}

/// The base configuration and a resource whose tokens call themselves `JWT`.
fn with_legacy(identifier: &str) -> Value {
    let mut config = base_config();
    let legacy = json!({ "identifier": identifier, "scopes": ["legacy:read"], "access_token_typ": "JWT" });
    config["resource"].as_array_mut().expect("resources").push(legacy);
    config
}

pub fn an_access_token_that_calls_itself_jwt_is_no_id_token(f: &Fixture<'_>) {
    let _guard = f.target.configuration_lock();
    let identifier = "https://legacy.example";
    f.apply(&with_legacy(identifier)).expect(200);
    f.target.settle();
    let login =
        Login::new(f, &json!({ "scopes": ["openid", "email", "profile", "orders:read", "legacy:read"] }));
    let tokens = login.tokens(&[("scope", "openid email legacy:read")]);
    let (access, id_token) = (text(&tokens, "access_token"), text(&tokens, "id_token"));
    assert_eq!((&header(access)["typ"], &header(id_token)["typ"]), (&json!("JWT"), &json!("JWT")));
    assert!(verifies(access, &f.key_set()));
    assert_eq!(claims(access)["aud"], json!([identifier, f.target.issuer()]));
    // It is an access token wherever one is wanted, and nothing else is.
    let service = api(
        f,
        &json!({
            "scopes": ["orders:read", "ledger:read", "legacy:read"], "serves": [identifier],
            "exchange": { "audiences": [LEDGER], "additional_scopes": ["ledger:read"] },
        }),
    );
    login.userinfo(access).expect(200);
    login.userinfo(id_token).expect_error(401, "invalid_token");
    let swap = [("resource", LEDGER)];
    exchange(f, &service, access, &swap).expect(200);
    exchange(f, &service, id_token, &swap).expect_error(400, "invalid_request");
    for (token, active) in [(access, true), (id_token, false)] {
        let seen = post(f, "/introspect", &service, &[("token", token)]).expect(200).json();
        assert_eq!(seen["active"], active);
    }
    // And it is no hint about whom to log in or out, which an ID token is.
    for (hint, good) in [(id_token, true), (access, false)] {
        let sent = parameters(&login.authorize(&[("prompt", "none"), ("id_token_hint", hint)]).expect(303));
        assert_eq!(sent.contains_key("code"), good, "{sent:?}");
    }
    let own = f.token(&service, "&scope=legacy:read");
    assert_eq!(header(&own)["typ"], "JWT");
    let other = f.token(&service, "&scope=orders:read");
    assert_eq!(header(&other)["typ"], "at+jwt");
    // One token has one form.
    let both =
        "&scope=legacy:read+orders:read&resource=https://legacy.example&resource=https://orders.example";
    f.request_token(&service, both).expect_error(400, "invalid_target");
    assert_eq!(post(f, "/revoke", &login.client, &[("token", access)]).status, 200);
    login.userinfo(access).expect_error(401, "invalid_token");
    f.apply(&base_config()).expect(200);
}

pub fn no_client_has_the_name_of_a_resource_whose_tokens_look_like_id_tokens(f: &Fixture<'_>) {
    let _guard = f.target.configuration_lock();
    let name = f.unique("twin");
    let mut config = with_legacy(&name);
    config["client"] = json!([{ "client_id": name }]);
    let refused = f.apply(&config);
    refused.expect_error(422, "invalid_config");
    assert_eq!(refused.json()["problems"][0]["path"], "resource[4].access_token_typ");
    // Neither is one registered for it, nor is one that is registered overlooked.
    f.apply(&with_legacy(&name)).expect(200);
    let create = json!({ "client_id": name });
    f.admin("POST", "clients", Some(&create)).expect_error(422, "invalid_config");
    f.apply(&base_config()).expect(200);
    f.admin("POST", "clients", Some(&create)).expect(201);
    f.apply(&with_legacy(&name)).expect_error(422, "invalid_config");
}
