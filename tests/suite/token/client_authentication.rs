//! `/token`: how a client says who it is.

use serde_json::json;

use crate::suite::harness::{Fixture, Req, Resp, TestClient, encode};
use crate::suite::token::form::CC;

pub fn two_auth_methods_are_refused(f: &Fixture<'_>) {
    let client = f.client(&json!({}));
    let TestClient { id, secret } = &client;
    let assertion = "&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion=x.y.z";
    let both = [
        format!("&client_secret={secret}"),
        format!("&client_id={id}&client_secret={secret}"),
        assertion.to_owned(),
    ];
    for second in both {
        f.request_token(&client, &second).expect_error(400, "invalid_request");
    }
    let form = format!("{CC}&client_id={id}&client_secret={secret}{assertion}");
    f.send(&Req::token(&form)).expect_error(400, "invalid_request");
    f.send(&Req::token(&format!("{CC}&client_id={id}{assertion}"))).expect_error(401, "invalid_client");
}

pub fn basic_and_body_have_to_name_the_same_client(f: &Fixture<'_>) {
    let client = f.client(&json!({}));
    f.request_token(&client, &format!("&client_id={}", client.id)).expect(200);
    f.request_token(&client, "&client_id=another").expect_error(400, "invalid_request");
}

fn in_body(f: &Fixture<'_>, id: &str, secret: &str) -> Resp {
    f.send(&Req::token(&format!("{CC}&client_id={id}&client_secret={secret}")))
}

pub fn a_client_with_a_secret_may_send_it_either_way(f: &Fixture<'_>) {
    let client = f.client(&json!({}));
    f.request_token(&client, "").expect(200);
    in_body(f, &client.id, &client.secret).expect(200);
    in_body(f, &client.id, "mes_wrong").expect_error(401, "invalid_client");
    let path = format!("clients/{}", client.id);
    let shown = f.admin("GET", &path, None).expect(200).json();
    assert!(shown.get("token_endpoint_auth_method").is_none(), "RFC 7591: basic, unless it says: {shown}");
}

pub fn only_the_auth_method_that_a_client_is_pinned_to_works(f: &Fixture<'_>) {
    let basic = f.client(&json!({ "token_endpoint_auth_method": "client_secret_basic" }));
    let post = f.client(&json!({ "token_endpoint_auth_method": "client_secret_post" }));
    f.request_token(&basic, "").expect(200);
    in_body(f, &post.id, &post.secret).expect(200);
    let description = |response: Resp| {
        response.expect_error(401, "invalid_client");
        response.json()["error_description"].as_str().expect("a description").to_owned()
    };
    let advice = description(in_body(f, &basic.id, &basic.secret));
    assert!(advice.contains("client_secret_basic"), "{advice}");
    let advice = description(f.request_token(&post, ""));
    assert!(advice.contains("client_secret_post"), "{advice}");
    // Nobody else learns how a client is registered, not even that its secret is wrong rather than misplaced.
    assert_eq!(description(in_body(f, &basic.id, "mes_wrong")), "client authentication failed");
    let wrong = f.send(&Req::token(CC).basic(&post.id, "mes_wrong"));
    assert_eq!(description(wrong), "client authentication failed");
}

pub fn a_confidential_client_without_secret_is_refused(f: &Fixture<'_>) {
    let client = f.client(&json!({}));
    let no_secret = format!("{CC}&client_id={}", client.id);
    f.send(&Req::token(&no_secret)).expect_error(401, "invalid_client");
    f.send(&Req::token(&format!("{no_secret}&client_secret="))).expect_error(401, "invalid_client");
    f.send(&Req::token(CC).basic(&client.id, "")).expect_error(401, "invalid_client");
    f.send(&Req::token(CC)).expect_error(401, "invalid_client");
}

pub fn a_public_client_with_a_secret_is_refused(f: &Fixture<'_>) {
    let members = json!({ "token_endpoint_auth_method": "none", "grant_types": [] });
    let client = f.client(&members);
    assert_eq!(client.secret, "", "a public client gets no secret");
    for secret in ["", "x"] {
        f.send(&Req::token(CC).basic(&client.id, secret)).expect_error(401, "invalid_client");
    }
    f.send(&Req::token(&format!("{CC}&client_id={}&client_secret=x", client.id)))
        .expect_error(401, "invalid_client");
}

pub fn unknown_client_and_wrong_secret_look_the_same(f: &Fixture<'_>) {
    let client = f.client(&json!({}));
    let generated = f.client(&json!({ "client_id": "" }));
    let made_up = format!("{}A", generated.id.get(..generated.id.len() - 1).expect("ascii"));
    let answers: Vec<_> = [&client.id, &generated.id, &made_up, &f.unique("nobody")]
        .into_iter()
        .map(|id| {
            let response = f.send(&Req::token(CC).basic(id, "mes_wrong"));
            let mut body = response.json();
            body["request_id"] = "".into();
            let challenge = response.header("www-authenticate").map(str::to_owned);
            (response.status, body, challenge, response.header("cache-control").map(str::to_owned))
        })
        .collect();
    assert_eq!(answers[0].1["error"], "invalid_client");
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
}

pub fn invalid_client_has_401_and_a_challenge(f: &Fixture<'_>) {
    let requests = [
        Req::token(CC).basic("nobody", "x"),
        Req::token(CC).header("authorization", "Basic !"),
        Req::token(CC).header("authorization", "Bearer x"),
        Req::token(&format!("{CC}&client_id=nobody&client_secret=x")),
    ];
    for request in requests {
        let response = f.send(&request);
        response.expect_error(401, "invalid_client");
        let challenge = response.header("www-authenticate").unwrap_or_default();
        assert!(challenge.starts_with("Basic realm=\""), "{challenge}");
    }
}

pub fn basic_credentials_are_percent_decoded(f: &Fixture<'_>) {
    let id = f.unique("a:b+c%d/ü".replace('ü', "~").as_str());
    let client = f.client(&json!({ "client_id": id }));
    assert_eq!(client.id, id);
    f.send(&Req::token(CC).basic(&encode(&id), &encode(&client.secret))).expect(200);
    f.send(&Req::token(CC).basic(&id, &client.secret)).expect_error(401, "invalid_client");
}

pub fn a_client_registered_a_moment_ago_works(f: &Fixture<'_>) {
    let id = f.unique("late");
    // Asked for before it exists, so that "there is none" is cached wherever it may be.
    f.send(&Req::token(CC).basic(&id, "x")).expect_error(401, "invalid_client");
    let client = f.client(&json!({ "client_id": id }));
    f.request_token(&client, "").expect(200);
    let generated = f.client(&json!({ "client_id": "" }));
    assert!(generated.id.starts_with("mec_"), "{}", generated.id);
    f.request_token(&generated, "").expect(200);
}

pub fn a_rotated_secret_works_at_once_and_the_old_one_until_its_end(f: &Fixture<'_>) {
    let old = f.client(&json!({}));
    f.request_token(&old, "").expect(200);
    let path = format!("clients/{}/secrets", old.id);
    let rotated = f.admin("POST", &path, Some(&json!({ "others_expire_in": 3600 }))).expect(201).json();
    let secret = rotated["secret"]["client_secret"].as_str().expect("a secret");
    assert!(secret.starts_with("mes_") && secret.len() == 53, "{secret}");
    let new = TestClient { id: old.id.clone(), secret: secret.to_owned() };
    f.request_token(&new, "").expect(200);
    f.request_token(&old, "").expect(200);
}

pub fn a_secret_ended_at_once_stops_working(f: &Fixture<'_>) {
    let old = f.client(&json!({}));
    let path = format!("clients/{}/secrets", old.id);
    f.admin("POST", &path, Some(&json!({ "others_expire_in": 0 }))).expect(201);
    f.target.settle();
    f.request_token(&old, "").expect_error(401, "invalid_client");
}

pub fn a_disabled_or_deleted_client_stops_working(f: &Fixture<'_>) {
    let client = f.client(&json!({}));
    f.request_token(&client, "").expect(200);
    f.admin("POST", &format!("clients/{}/disable", client.id), None).expect(200);
    f.target.settle();
    f.request_token(&client, "").expect_error(401, "invalid_client");
    f.admin("POST", &format!("clients/{}/enable", client.id), None).expect(200);
    f.target.settle();
    f.request_token(&client, "").expect(200);
    f.admin("DELETE", &format!("clients/{}", client.id), None).expect(204);
    f.target.settle();
    f.request_token(&client, "").expect_error(401, "invalid_client");
}
