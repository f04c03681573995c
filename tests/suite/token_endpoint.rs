//! The token endpoint whatever the grant: form, client authentication, errors, headers.

use serde_json::json;

use super::harness::{Fixture, Req, Resp, TestClient, encode};

const CC: &str = "grant_type=client_credentials";

pub fn other_methods_are_405_and_name_the_allowed_ones(f: &Fixture<'_>) {
    for method in ["GET", "PUT", "DELETE"] {
        let response = f.send(&Req::new(method, "/token"));
        assert_eq!(response.status, 405, "{method}");
        assert_eq!(response.header("allow"), Some("POST, OPTIONS"), "{method}");
    }
}

pub fn other_content_types_are_400(f: &Fixture<'_>) {
    let cases = [
        Some("application/json"),
        Some("multipart/form-data; boundary=x"),
        Some("text/plain"),
        Some("application/x-www-form-urlencoded; charset=iso-8859-1"),
        None,
    ];
    for content_type in cases {
        let mut request = Req::new("POST", "/token").body(CC);
        if let Some(content_type) = content_type {
            request = request.header("content-type", content_type);
        }
        f.send(&request).expect_error(400, "invalid_request");
    }
}

pub fn repeated_parameters_are_refused(f: &Fixture<'_>) {
    let client = f.client(&json!({}));
    for form in ["&scope=orders%3Aread&scope=orders%3Aread", "&grant_type=client_credentials", "&x=1&x=2"] {
        f.request_token(&client, form).expect_error(400, "invalid_request");
    }
}

pub fn parameters_in_the_query_are_refused(f: &Fixture<'_>) {
    let client = f.client(&json!({}));
    for query in ["scope=orders%3Aread", "client_secret=x", "anything"] {
        let mut request = Req::token(CC).basic(&client.id, &client.secret);
        request.path = format!("/token?{query}");
        f.send(&request).expect_error(400, "invalid_request");
    }
}

pub fn broken_forms_are_400(f: &Fixture<'_>) {
    let many = (0..65).map(|n| format!("&p{n}=1")).collect::<Vec<_>>().concat();
    let bodies = [
        format!("{CC}&scope=%zz").into_bytes(),
        format!("{CC}&scope=%ff").into_bytes(),
        format!("{CC}{many}").into_bytes(),
        [CC.as_bytes(), b"&scope=\xff\xfe"].concat(),
        format!("{CC}&{}=1", "n".repeat(65)).into_bytes(),
    ];
    for body in bodies {
        let mut request = Req::token("");
        request.body = body;
        f.send(&request).expect_error(400, "invalid_request");
    }
}

pub fn a_body_over_the_limit_is_413(f: &Fixture<'_>) {
    let client = f.client(&json!({}));
    let pad = |size: usize| {
        let mut body = CC.to_owned();
        while body.len() < size {
            let room = (size - body.len()).min(16_000);
            let name = format!("&p{}=", body.len());
            body.push_str(&name.chars().take(room).collect::<String>());
            body.extend(std::iter::repeat_n('x', room.saturating_sub(name.len())));
        }
        body
    };
    let fits = Req::token(&pad(65_536)).basic(&client.id, &client.secret);
    f.send(&fits).expect(200);
    f.send(&Req::token(&pad(65_537)).basic(&client.id, &client.secret)).expect_error(413, "invalid_request");
}

pub fn grant_type_is_required_and_has_to_exist(f: &Fixture<'_>) {
    let client = f.client(&json!({}));
    let send = |form: &str| f.send(&Req::token(form).basic(&client.id, &client.secret));
    send("scope=orders%3Aread").expect_error(400, "invalid_request");
    send("grant_type=").expect_error(400, "invalid_request");
    for grant in
        ["implicit", "Client_Credentials", "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Aunknown", "%00"]
    {
        send(&format!("grant_type={grant}")).expect_error(400, "unsupported_grant_type");
    }
}

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

pub fn answers_are_never_stored(f: &Fixture<'_>) {
    let client = f.client(&json!({}));
    let good = f.request_token(&client, "").expect(200);
    let bad = f.request_token(&client, "&scope=nope");
    for response in [good, bad] {
        assert_eq!(response.header("cache-control"), Some("no-store"));
        assert_eq!(response.header("content-type"), Some("application/json"));
    }
}

pub fn basic_credentials_are_percent_decoded(f: &Fixture<'_>) {
    let id = f.unique("a:b+c%d/ü".replace('ü', "~").as_str());
    let client = f.client(&json!({ "client_id": id }));
    assert_eq!(client.id, id);
    f.send(&Req::token(CC).basic(&encode(&id), &encode(&client.secret))).expect(200);
    f.send(&Req::token(CC).basic(&id, &client.secret)).expect_error(401, "invalid_client");
}

pub fn a_grant_the_client_is_not_registered_for_is_unauthorized_client(f: &Fixture<'_>) {
    let client = f.client(&json!({ "grant_types": [] }));
    f.request_token(&client, "").expect_error(400, "unauthorized_client");
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

pub fn errors_carry_the_request_id(f: &Fixture<'_>) {
    let response = f.send(&Req::token(CC).header("cf-ray", "8f1e2d3c4b5a6978-VIE"));
    assert_eq!(response.json()["request_id"], "8f1e2d3c4b5a6978-VIE");
    assert_eq!(response.header("x-request-id"), Some("8f1e2d3c4b5a6978-VIE"));
    let forged = f.send(&Req::token(CC).header("cf-ray", "\"}<script>"));
    let id = forged.json()["request_id"].as_str().unwrap_or_default().to_owned();
    assert!(id.len() >= 8 && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'), "{id}");
}
