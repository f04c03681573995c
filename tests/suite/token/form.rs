//! `/token`: methods, content types, and the form that every grant is asked for with.

use serde_json::json;

use crate::suite::harness::{Fixture, Req};

pub const CC: &str = "grant_type=client_credentials";

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

pub fn answers_are_never_stored(f: &Fixture<'_>) {
    let client = f.client(&json!({}));
    let good = f.request_token(&client, "").expect(200);
    let bad = f.request_token(&client, "&scope=nope");
    for response in [good, bad] {
        assert_eq!(response.header("cache-control"), Some("no-store"));
        assert_eq!(response.header("content-type"), Some("application/json"));
    }
}

pub fn a_grant_the_client_is_not_registered_for_is_unauthorized_client(f: &Fixture<'_>) {
    let client = f.client(&json!({ "grant_types": [] }));
    f.request_token(&client, "").expect_error(400, "unauthorized_client");
}

pub fn errors_carry_the_request_id(f: &Fixture<'_>) {
    let response = f.send(&Req::token(CC).header("cf-ray", "8f1e2d3c4b5a6978-VIE"));
    assert_eq!(response.json()["request_id"], "8f1e2d3c4b5a6978-VIE");
    assert_eq!(response.header("x-request-id"), Some("8f1e2d3c4b5a6978-VIE"));
    let forged = f.send(&Req::token(CC).header("cf-ray", "\"}<script>"));
    let id = forged.json()["request_id"].as_str().unwrap_or_default().to_owned();
    assert!(id.len() >= 8 && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'), "{id}");
}
