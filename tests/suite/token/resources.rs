//! `/token`: which audiences and scopes a token has, and that the two agree.

use serde_json::{Value, json};

use crate::suite::browser::{form, parameters};
use crate::suite::harness::{Fixture, Req, Resp, TestClient, base_config};
use crate::suite::jws::{header, verifies};
use crate::suite::login::{Login, claims, text};
use crate::suite::token::token_exchange::{LEDGER, ORDERS, api, exchange};

pub fn post(f: &Fixture<'_>, path: &str, client: &TestClient, fields: &[(&str, &str)]) -> Resp {
    let request = Req::new("POST", path).header("content-type", "application/x-www-form-urlencoded");
    f.send(&request.body(form(fields)).basic(&client.id, &client.secret))
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
