//! `/authorize`: what a request may say, where its answer goes, and in which form.

use base64ct::{Base64UrlUnpadded, Encoding as _};
use serde_json::{Value, json};

use crate::suite::browser::{Browser, CHALLENGE, PageForm, form, parameters};
use crate::suite::harness::{Fixture, Req};
use crate::suite::login::{Login, REDIRECT};

pub fn an_unregistered_redirect_uri_is_a_page_and_no_redirect(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    for uri in [
        "https://evil.example/cb",
        "https://app.example/cb/",
        "https://app.example/cb?x=1",
        "https://app.example@evil.example/cb",
        "http://app.example/cb",
        "javascript:alert(1)",
        "https://app.example/cb#x",
    ] {
        let answer = login.authorize(&[("redirect_uri", uri)]).expect(400);
        assert_eq!(answer.header("location"), None, "{uri}");
        assert!(answer.header("content-type").is_some_and(|kind| kind.starts_with("text/html")), "{uri}");
    }
    let unknown = login.authorize(&[("client_id", "nobody")]).expect(400);
    assert_eq!(unknown.header("location"), None);
}

pub fn errors_go_to_the_client_with_state_and_iss(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let long = "x".repeat(3000);
    let cases: [(&[(&str, &str)], &str); 12] = [
        (&[("response_type", "token")], "unsupported_response_type"),
        (&[("response_type", "")], "invalid_request"),
        (&[("response_mode", "jwt")], "invalid_request"),
        (&[("scope", "nonsense")], "invalid_scope"),
        (&[("scope", "stock:read")], "invalid_scope"),
        (&[("code_challenge", "")], "invalid_request"),
        (&[("code_challenge", ""), ("code_challenge_method", "")], "invalid_request"),
        (&[("code_challenge_method", "plain")], "invalid_request"),
        (&[("code_challenge_method", "")], "invalid_request"),
        (&[("prompt", "none login")], "invalid_request"),
        (&[("resource", "https://nowhere.example")], "invalid_target"),
        (&[("nonce", &long)], "invalid_request"),
    ];
    for (more, error) in cases {
        let sent = parameters(&login.authorize(more).expect(303));
        assert_eq!(sent["error"], error, "{more:?}");
        assert_eq!(sent["state"], "the state");
        assert_eq!(sent["iss"], f.target.issuer());
        assert!(!sent.contains_key("code"));
    }
    let objects = parameters(&login.authorize(&[("request", "eyJ")]).expect(303));
    assert_eq!(objects["error"], "request_not_supported");
}

pub fn a_repeated_parameter_is_refused(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    for name in ["redirect_uri", "client_id", "scope", "state"] {
        let mut request = login.request(&[]);
        request.push((name, "again"));
        let answer = login.browser.authorize(&request).expect(400);
        assert_eq!(answer.header("location"), None, "{name}");
    }
}

pub fn answers_come_as_query_fragment_or_form(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let fragment = login.authorize(&[("response_mode", "fragment")]).expect(303);
    assert!(fragment.header("location").is_some_and(|uri| uri.starts_with("https://app.example/cb#code=")));
    let page = login.authorize(&[("response_mode", "form_post")]).expect(200);
    let sent = PageForm::of(&page.body);
    assert_eq!(sent.action, REDIRECT);
    assert_eq!(sent.field("state"), "the state");
    assert_eq!(sent.field("iss"), f.target.issuer());
    login.redeem(sent.field("code")).expect(200);
    let policy = page.header("content-security-policy").expect("a policy");
    // That one form leads to the client, and from there wherever the client likes.
    assert!(!policy.contains("form-action") && policy.contains("default-src 'none'"), "{policy}");
}

pub fn pages_cannot_be_framed_or_cached(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({ "first_party": false }));
    let consent = login.authorize(&[]).expect(200);
    let page = Browser::new(f).authorize(&login.request(&[])).expect(200);
    for page in [consent, page] {
        assert_eq!(page.header("x-frame-options"), Some("DENY"));
        assert_eq!(page.header("cache-control"), Some("no-store"));
        assert_eq!(page.header("referrer-policy"), Some("no-referrer"));
        let policy = page.header("content-security-policy").expect("a policy");
        assert!(
            policy.contains("frame-ancestors 'none'") && policy.contains("default-src 'none'"),
            "{policy}"
        );
        assert!(!policy.contains("unsafe"), "{policy}");
    }
    f.send(&Req::new("GET", "/assets/style.css")).expect(200);
    f.send(&Req::new("GET", "/assets/submit.js")).expect(200);
}

pub fn the_authorization_request_may_be_posted(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let body = form(&login.request(&[]));
    assert!(parameters(&login.browser.post("/authorize", &body).expect(303)).contains_key("code"));
    // Without a cookie it becomes a GET first: browsers keep the cookie back from another site's POST.
    let stranger = Browser::new(f);
    let turned = stranger.post("/authorize", &body).expect(303);
    let location = turned.header("location").expect("a location").to_owned();
    let path = location.strip_prefix(&f.target.issuer()).expect("our own endpoint").to_owned();
    assert!(path.starts_with("/authorize?"), "{path}");
    stranger.get(&path).expect(200);
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

fn unsigned(claims: &Value) -> String {
    let part = |json: &str| Base64UrlUnpadded::encode_string(json.as_bytes());
    format!("{}.{}.", part(r#"{"alg":"none"}"#), part(&claims.to_string()))
}

pub fn oidcc_unsigned_request_object_supported_correctly_or_rejected_as_unsupported(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let claims = json!({
        "client_id": login.client.id, "response_type": "code", "redirect_uri": "https://evil.example/cb",
        "scope": "openid", "nonce": "n", "state": "the object's", "response_mode": "form_post",
        "code_challenge": CHALLENGE, "code_challenge_method": "S256",
    });
    let object = unsigned(&claims);
    // What stands in the object only says which way the refusal goes.
    let page = login.authorize(&[("request", &object), ("state", "")]).expect(200);
    let sent = PageForm::of(&page.body);
    assert_eq!(sent.action, REDIRECT);
    assert_eq!(sent.field("error"), "request_not_supported");
    assert_eq!((sent.field("state"), sent.field("iss")), ("the object's", f.target.issuer().as_str()));
    // What the request itself says counts.
    let outside = [("request", object.as_str()), ("response_mode", "query")];
    let sent = parameters(&login.authorize(&outside).expect(303));
    assert_eq!((sent["error"].as_str(), sent["state"].as_str()), ("request_not_supported", "the state"));
    // Nor is anything sent to an address that stands there.
    let nowhere = login.authorize(&[("request", &object), ("redirect_uri", "https://evil.example/cb")]);
    assert_eq!(nowhere.expect(400).header("location"), None);
    let odd = unsigned(&json!({ "response_mode": "jwt" }));
    let sent = parameters(&login.authorize(&[("request", &odd)]).expect(303));
    assert_eq!(sent["error"], "invalid_request");
}
