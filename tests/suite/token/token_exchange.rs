//! `/token` with the token-exchange grant (RFC 8693), and what the other cases of it share.

use serde_json::{Value, json};

use crate::suite::browser::{form, parameters};
use crate::suite::harness::{Fixture, Req, Resp, TestClient};
use crate::suite::jws::{claims, header, verifies};
use crate::suite::login::{Login, text, web_client};

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

pub const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
pub const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";
pub const ID_TOKEN: &str = "urn:ietf:params:oauth:token-type:id_token";
pub const REFRESH_TOKEN: &str = "urn:ietf:params:oauth:token-type:refresh_token";
pub const ORDERS: &str = "https://orders.example";
pub const LEDGER: &str = "https://ledger.example";

/// API One: it serves the orders and calls the ledger for people.
pub fn api(f: &Fixture<'_>, members: &Value) -> TestClient {
    let mut all = json!({
        "grant_types": [EXCHANGE, "delegation", "client_credentials"],
        "scopes": ["orders:read", "ledger:read"],
        "serves": [ORDERS],
        "exchange": { "audiences": [ORDERS, LEDGER], "additional_scopes": ["ledger:read"] },
    });
    for (name, value) in members.as_object().expect("an object") {
        all[name] = value.clone();
    }
    f.client(&all)
}

pub fn send(f: &Fixture<'_>, client: &TestClient, fields: &[(&str, &str)]) -> Resp {
    f.send(&Req::token(&form(fields)).basic(&client.id, &client.secret))
}

pub fn exchange(f: &Fixture<'_>, client: &TestClient, token: &str, more: &[(&str, &str)]) -> Resp {
    let usual = [("grant_type", EXCHANGE), ("subject_token", token), ("subject_token_type", ACCESS_TOKEN)];
    let kept = usual.into_iter().filter(|(name, _)| !more.iter().any(|(other, _)| other == name));
    let more = more.iter().copied().filter(|(_, value)| !value.is_empty());
    send(f, client, &kept.chain(more).collect::<Vec<_>>())
}

pub fn delegate(f: &Fixture<'_>, client: &TestClient, token: &str, more: &[(&str, &str)]) -> Resp {
    send(f, client, &[&[("grant_type", "delegation"), ("token", token)], more].concat())
}

/// The claims of the access token in an answer.
#[track_caller]
pub fn issued(response: Resp) -> Value {
    claims(text(&response.expect(200).json(), "access_token"))
}

/// A person's access token for the orders.
pub fn subject(login: &Login<'_>) -> String {
    text(&login.tokens(&[]), "access_token").to_owned()
}

pub fn a_service_gets_a_token_for_the_next_one_that_names_it(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let (token, api) = (subject(&login), api(f, &json!({})));
    let answer = exchange(f, &api, &token, &[("resource", LEDGER)]).expect(200);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let answer = answer.json();
    assert_eq!(answer["issued_token_type"], ACCESS_TOKEN);
    assert_eq!(answer["token_type"], "Bearer");
    assert_eq!(answer["scope"], "ledger:read");
    assert!(answer["expires_in"].as_u64().is_some_and(|seconds| (1..=300).contains(&seconds)), "{answer}");
    assert!(answer["refresh_token"].is_null() && answer["id_token"].is_null(), "{answer}");
    let jwt = text(&answer, "access_token");
    assert!(verifies(jwt, &f.key_set()));
    assert_eq!(header(jwt)["typ"], "at+jwt");
    let (before, after) = (claims(&token), claims(jwt));
    for name in ["iss", "sub", "auth_time", "acr", "amr"] {
        assert_eq!(after[name], before[name], "{name}");
    }
    assert_eq!(after["client_id"], api.id);
    assert_eq!(after["aud"], LEDGER);
    assert_eq!(after["act"], json!({ "sub": api.id, "client_id": api.id }));
    assert_ne!(after["jti"], before["jti"]);
    assert!(after["exp"].as_u64() <= before["exp"].as_u64());
    // The same by its logical name, and as what it is called besides.
    let same = [("audience", LEDGER), ("requested_token_type", JWT), ("subject_token_type", JWT)];
    assert_eq!(exchange(f, &api, &token, &same).expect(200).json()["issued_token_type"], JWT);
}

pub fn nothing_is_wider_than_subject_client_and_target(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let token = subject(&login);
    let api = api(f, &json!({ "scopes": ["orders:read", "orders:write", "ledger:read", "billing:read"] }));
    let narrow = issued(exchange(f, &api, &token, &[("scope", "orders:read")]));
    assert_eq!((narrow["scope"].as_str(), narrow["aud"].as_str()), (Some("orders:read"), Some(ORDERS)));
    for (more, error) in [
        ([("scope", "orders:write"), ("", "")], "invalid_scope"),
        ([("scope", "orders:read orders:write"), ("", "")], "invalid_scope"),
        ([("scope", "openid"), ("", "")], "invalid_scope"),
        ([("scope", "billing:read"), ("", "")], "invalid_scope"),
        ([("scope", "unheard:of"), ("", "")], "invalid_scope"),
        ([("scope", "ledger:read"), ("resource", ORDERS)], "invalid_scope"),
        ([("resource", "https://billing.example"), ("", "")], "invalid_target"),
        ([("resource", "https://unheard.example"), ("", "")], "invalid_target"),
        ([("audience", &format!("{}/admin", f.target.issuer())), ("", "")], "invalid_target"),
        // Two targets, and no word which one.
        ([("", ""), ("", "")], "invalid_target"),
    ] {
        let more: Vec<_> = more.iter().copied().filter(|(name, _)| !name.is_empty()).collect();
        let answer = exchange(f, &api, &token, &more);
        assert_eq!(answer.error(), (400, error.to_owned()), "{more:?}");
    }
    let both = issued(exchange(f, &api, &token, &[("resource", ORDERS), ("audience", LEDGER)]));
    assert_eq!(both["aud"], json!([ORDERS, LEDGER]));
    assert_eq!(both["scope"], "orders:read ledger:read");
}

pub fn a_service_that_the_token_is_not_meant_for_is_refused(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let token = subject(&login);
    let other = api(f, &json!({ "serves": [LEDGER] }));
    exchange(f, &other, &token, &[("resource", LEDGER)]).expect_error(400, "invalid_request");
    delegate(f, &other, &token, &[("scope", "ledger:read")]).expect_error(400, "invalid_grant");
    let listed = api(
        f,
        &json!({ "serves": [], "exchange": {
            "audiences": [LEDGER], "additional_scopes": ["ledger:read"], "subject_clients": [login.client.id],
        } }),
    );
    let token_for_listed = issued(exchange(f, &listed, &token, &[]));
    assert_eq!(token_for_listed["aud"], LEDGER);
    // The `delegation` grant is for those the token is meant for, and nobody else.
    delegate(f, &listed, &token, &[]).expect_error(400, "invalid_grant");
}

pub fn only_registered_clients_that_authenticate_exchange(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let token = subject(&login);
    let without = f.client(&json!({ "serves": [ORDERS] }));
    exchange(f, &without, &token, &[]).expect_error(400, "unauthorized_client");
    delegate(f, &without, &token, &[]).expect_error(400, "unauthorized_client");
    let public = f.client(&json!({
        "grant_types": [EXCHANGE], "token_endpoint_auth_method": "none", "scopes": ["orders:read"],
    }));
    let fields = [
        ("grant_type", EXCHANGE),
        ("client_id", public.id.as_str()),
        ("subject_token", token.as_str()),
        ("subject_token_type", ACCESS_TOKEN),
    ];
    f.send(&Req::token(&form(&fields))).expect_error(400, "unauthorized_client");
    let nothing_allowed = api(f, &json!({ "exchange": {} }));
    exchange(f, &nothing_allowed, &token, &[("resource", LEDGER)]).expect_error(400, "invalid_target");
}

pub fn only_live_access_tokens_are_subjects(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let api = api(f, &json!({}));
    let tokens = login.tokens(&[]);
    let token = text(&tokens, "access_token").to_owned();
    for other in [text(&tokens, "id_token"), text(&tokens, "refresh_token"), "", "a.b.c", "nonsense"] {
        for kind in [ACCESS_TOKEN, JWT, ID_TOKEN] {
            let answer = exchange(f, &api, other, &[("subject_token_type", kind)]);
            assert_eq!(answer.error(), (400, "invalid_request".to_owned()), "{other} as {kind}");
        }
    }
    for kind in [REFRESH_TOKEN, ID_TOKEN, "urn:ietf:params:oauth:token-type:saml2", "access_token"] {
        let answer = exchange(f, &api, &token, &[("subject_token_type", kind)]);
        assert_eq!(answer.error(), (400, "invalid_request".to_owned()), "{kind}");
    }
    let (signed, _) = token.rsplit_once('.').expect("a signature");
    exchange(f, &api, &format!("{signed}.AAAA"), &[]).expect_error(400, "invalid_request");
    exchange(f, &api, &token, &[("resource", LEDGER)]).expect(200);
}

pub fn what_was_exchanged_dies_with_the_grant_it_came_from(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let tokens = login.tokens(&[]);
    let token = text(&tokens, "access_token").to_owned();
    let one = api(f, &json!({}));
    let two = api(f, &json!({ "serves": [LEDGER] }));
    let derived = exchange(f, &one, &token, &[("resource", LEDGER)]).expect(200).json();
    let derived = text(&derived, "access_token").to_owned();
    let active = |token: &str, client: &TestClient| {
        let request = Req::new("POST", "/introspect")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form(&[("token", token)]))
            .basic(&client.id, &client.secret);
        f.send(&request).expect(200).json()
    };
    let seen = active(&derived, &two);
    assert_eq!(seen["active"], true);
    assert_eq!(seen["act"]["sub"], one.id);
    exchange(f, &two, &derived, &[("scope", "ledger:read")]).expect(200);
    let revocation = Req::new("POST", "/revoke")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form(&[("token", text(&tokens, "refresh_token"))]))
        .basic(&login.client.id, &login.client.secret);
    f.send(&revocation).expect(200);
    assert_eq!(active(&derived, &two), json!({ "active": false }));
    exchange(f, &one, &token, &[("resource", LEDGER)]).expect_error(400, "invalid_request");
    exchange(f, &two, &derived, &[("scope", "ledger:read")]).expect_error(400, "invalid_request");
    delegate(f, &one, &token, &[("scope", "ledger:read")]).expect_error(400, "invalid_grant");
}

pub fn actors_nest_and_a_fifth_is_refused(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let mut token = subject(&login);
    let services: Vec<_> = (0..5).map(|_| api(f, &json!({}))).collect();
    for service in &services[..4] {
        let answer = exchange(f, service, &token, &[("scope", "orders:read")]).expect(200).json();
        text(&answer, "access_token").clone_into(&mut token);
    }
    let act = &claims(&token)["act"];
    assert_eq!(act["sub"], services[3].id);
    assert_eq!(act["act"]["act"]["act"]["sub"], services[0].id);
    exchange(f, &services[4], &token, &[("scope", "orders:read")]).expect_error(400, "invalid_request");
    // Whoever acts already narrows its own token without another link in the chain.
    let again = issued(exchange(f, &services[3], &token, &[("scope", "orders:read")]));
    assert_eq!(again["act"], *act);
    assert_eq!(again["sub"], claims(&token)["sub"]);
}

pub fn an_actor_token_says_who_acts(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let api = api(f, &json!({}));
    let token = subject(&login);
    let assistant = Login::new(f, &json!({}));
    let actor = text(&assistant.tokens(&[]), "access_token").to_owned();
    let with = |more: &[(&str, &str)]| exchange(f, &api, &token, &[&[("resource", LEDGER)], more].concat());
    let delegated = issued(with(&[("actor_token", &actor), ("actor_token_type", ACCESS_TOKEN)]));
    assert_eq!(delegated["act"], json!({ "sub": claims(&actor)["sub"], "client_id": assistant.client.id }));
    assert_eq!(delegated["sub"], claims(&token)["sub"]);
    with(&[("actor_token", &actor)]).expect_error(400, "invalid_request");
    with(&[("actor_token_type", ACCESS_TOKEN)]).expect_error(400, "invalid_request");
    with(&[("actor_token", &actor), ("actor_token_type", ID_TOKEN)]).expect_error(400, "invalid_request");
    with(&[("actor_token", "nonsense"), ("actor_token_type", ACCESS_TOKEN)])
        .expect_error(400, "invalid_request");
    // Nobody acts for themselves, and nobody proves themselves with what somebody else did for them.
    with(&[("actor_token", &token), ("actor_token_type", ACCESS_TOKEN)]).expect_error(400, "invalid_request");
    let delegated = with(&[]).expect(200).json();
    with(&[("actor_token", text(&delegated, "access_token")), ("actor_token_type", ACCESS_TOKEN)])
        .expect_error(400, "invalid_request");
    // An actor's token that is meant for somebody else proves nothing here.
    let elsewhere = f.client(&json!({ "scopes": ["stock:read"] }));
    let stock = f.token(&elsewhere, "");
    with(&[("actor_token", &stock), ("actor_token_type", ACCESS_TOKEN)]).expect_error(400, "invalid_request");
}

pub fn may_act_lets_one_client_act_and_no_other(f: &Fixture<'_>) {
    let (agent, other) = (api(f, &json!({})), api(f, &json!({})));
    let strict = api(
        f,
        &json!({ "exchange": {
            "audiences": [ORDERS], "require_may_act": true,
        } }),
    );
    let login = Login::new(f, &json!({ "may_act": agent.id }));
    let token = subject(&login);
    assert_eq!(claims(&token)["may_act"], json!({ "sub": agent.id, "client_id": agent.id }));
    let more = [("scope", "orders:read")];
    let delegated = issued(exchange(f, &agent, &token, &more));
    assert_eq!(delegated["act"]["sub"], agent.id);
    assert!(delegated["may_act"].is_null(), "{delegated}");
    exchange(f, &other, &token, &more).expect_error(400, "invalid_request");
    let plain = Login::new(f, &json!({}));
    exchange(f, &strict, &subject(&plain), &more).expect_error(400, "invalid_request");
    exchange(f, &other, &subject(&plain), &more).expect(200);
}

pub fn impersonation_needs_its_own_permission(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let token = subject(&login);
    let silent = api(f, &json!({ "exchange": { "audiences": [ORDERS], "impersonation": true } }));
    let impersonated = issued(exchange(f, &silent, &token, &[]));
    assert!(impersonated["act"].is_null(), "{impersonated}");
    assert_eq!(impersonated["sub"], claims(&token)["sub"]);
    assert_eq!(impersonated["client_id"], silent.id);
    // Those who acted before stay.
    let open = api(f, &json!({}));
    let delegated = exchange(f, &open, &token, &[("scope", "orders:read")]).expect(200).json();
    let hidden = issued(exchange(f, &silent, text(&delegated, "access_token"), &[]));
    assert_eq!(hidden["act"]["sub"], open.id);
}

pub fn other_kinds_of_tokens_need_permission(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let token = subject(&login);
    let plain = api(f, &json!({}));
    for kind in [ID_TOKEN, REFRESH_TOKEN, "urn:ietf:params:oauth:token-type:saml2"] {
        let answer = exchange(f, &plain, &token, &[("scope", "orders:read"), ("requested_token_type", kind)]);
        assert_eq!(answer.error(), (400, "invalid_request".to_owned()), "{kind}");
    }
    let trusted = api(
        f,
        &json!({
            "grant_types": [EXCHANGE, "refresh_token"],
            "exchange": { "audiences": [ORDERS], "token_types": ["refresh_token", "id_token"] },
        }),
    );
    let id_token = exchange(f, &trusted, &token, &[("requested_token_type", ID_TOKEN)]).expect(200).json();
    assert_eq!(id_token["issued_token_type"], ID_TOKEN);
    assert_eq!(id_token["token_type"], "N_A");
    let about = claims(text(&id_token, "access_token"));
    assert_eq!(about["aud"], trusted.id);
    assert_eq!(about["sub"], claims(&token)["sub"]);
    assert_eq!(about["act"]["sub"], trusted.id);
    assert_eq!(header(text(&id_token, "access_token"))["typ"], "JWT");
}

pub fn a_services_own_token_is_narrowed_without_an_actor(f: &Fixture<'_>) {
    let one = api(f, &json!({}));
    let own = f.token(&one, "&scope=orders:read");
    let narrow = issued(exchange(f, &one, &own, &[("scope", "orders:read")]));
    assert_eq!(narrow["sub"], one.id);
    assert!(narrow["act"].is_null(), "{narrow}");
    // A disabled client's tokens are worth nothing to others either.
    let gone = api(f, &json!({}));
    let token = f.token(&gone, "&scope=orders:read");
    exchange(f, &one, &token, &[("scope", "orders:read")]).expect(200);
    f.admin("DELETE", &format!("clients/{}", gone.id), None).expect(204);
    f.target.settle();
    exchange(f, &one, &token, &[("scope", "orders:read")]).expect_error(400, "invalid_request");
}

pub fn the_admin_api_is_no_target_of_an_exchange(f: &Fixture<'_>) {
    let admin = format!("{}/admin", f.target.issuer());
    for exchange in [
        json!({ "audiences": [admin] }),
        json!({ "audiences": [ORDERS, admin], "additional_scopes": ["mintedge:write"] }),
    ] {
        let client = json!({
            "client_id": f.unique("api"), "grant_types": [EXCHANGE], "scopes": ["mintedge:write"], "exchange": exchange,
        });
        f.admin("POST", "clients", Some(&client)).expect_error(422, "invalid_config");
    }
}
