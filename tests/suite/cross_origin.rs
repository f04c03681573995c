//! Cross-origin access to the token endpoint.

use serde_json::json;

use super::harness::{Fixture, Req};

fn allowed(response: &super::harness::Resp) -> Option<&str> {
    response.header("access-control-allow-origin")
}

pub fn preflight_is_answered_for_registered_origins_only(f: &Fixture<'_>) {
    let origin = format!("https://{}.example", f.unique("app"));
    f.client(&json!({ "allowed_origins": [origin] }));
    f.target.settle();
    let preflight = |origin: &str| {
        let request = Req::new("OPTIONS", "/token").header("origin", origin);
        f.send(&request.header("access-control-request-method", "POST"))
    };
    let answer = preflight(&origin).expect(204);
    assert_eq!(allowed(&answer), Some(origin.as_str()));
    assert_eq!(answer.header("access-control-allow-methods"), Some("POST"));
    assert_eq!(answer.header("access-control-allow-credentials"), None);
    for other in
        ["null", "https://evil.example", "*", &format!("{origin}.evil.example"), &origin.to_uppercase()]
    {
        assert_eq!(allowed(&preflight(other).expect(204)), None, "{other}");
    }
}

pub fn a_token_is_readable_by_the_clients_own_origins_only(f: &Fixture<'_>) {
    let (own, others) =
        (format!("https://{}.example", f.unique("own")), format!("https://{}.example", f.unique("others")));
    let client = f.client(&json!({ "allowed_origins": [own] }));
    f.client(&json!({ "allowed_origins": [others] }));
    f.target.settle();
    let send = |origin: &str| {
        let request = Req::token("grant_type=client_credentials").basic(&client.id, &client.secret);
        f.send(&request.header("origin", origin)).expect(200)
    };
    let answer = send(&own);
    assert_eq!(allowed(&answer), Some(own.as_str()));
    assert_eq!(answer.header("vary"), Some("origin"));
    assert_eq!(answer.header("access-control-allow-credentials"), None);
    assert_eq!(allowed(&send(&others)), None);
    assert_eq!(allowed(&send("null")), None);
}

pub fn an_error_is_readable_by_registered_origins(f: &Fixture<'_>) {
    let origin = format!("https://{}.example", f.unique("err"));
    f.client(&json!({ "allowed_origins": [origin] }));
    f.target.settle();
    let send = |origin: &str| f.send(&Req::token("grant_type=x").header("origin", origin)).expect(401);
    assert_eq!(allowed(&send(&origin)), Some(origin.as_str()));
    assert_eq!(allowed(&send("https://evil.example")), None);
}

pub fn a_script_of_a_registered_origin_begins_a_device(f: &Fixture<'_>) {
    let own = format!("https://{}.example", f.unique("tv"));
    let other = format!("https://{}.example", f.unique("other"));
    let tv = super::device::television(f, &json!({ "allowed_origins": [own] }));
    f.client(&json!({ "allowed_origins": [other] }));
    f.target.settle();
    let preflight = |origin: &str| {
        let request = Req::new("OPTIONS", "/device_authorization").header("origin", origin);
        f.send(&request.header("access-control-request-method", "POST"))
    };
    let answer = preflight(&own).expect(204);
    assert_eq!(allowed(&answer), Some(own.as_str()));
    assert!(answer.header("access-control-allow-methods").is_some_and(|methods| methods.contains("POST")));
    assert_eq!(allowed(&preflight("https://evil.example")), None);
    let begin = |origin: &str, client: &str| {
        let request = Req::new("POST", "/device_authorization").header("origin", origin);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        f.send(&request.body(format!("client_id={client}&scope=openid")))
    };
    let answer = begin(&own, &tv.id).expect(200);
    assert_eq!((allowed(&answer), answer.header("vary")), (Some(own.as_str()), Some("origin")));
    assert_eq!(allowed(&begin(&other, &tv.id).expect(200)), None, "another client's origin");
    assert_eq!(allowed(&begin(&own, "nobody").expect(401)), Some(own.as_str()), "an error is readable");
    assert_eq!(allowed(&begin("https://evil.example", "nobody").expect(401)), None);
}
