//! The admin API: hashes of passwords that other products made, verified once and then replaced.

use serde_json::json;

use crate::suite::browser::form;
use crate::suite::harness::{Fixture, Req, Resp, TestClient};
use crate::suite::login::web_client;
use crate::suite::{harness, login};

/// Scheme, who wrote it, password, hash; `generate.py` beside it says how they were made.
const HASHES: &str = include_str!("../../password_hashes/hashes.txt");

/// A client that logs people in without a page.
fn legacy_client(f: &Fixture<'_>) -> TestClient {
    web_client(f, &json!({ "grant_types": ["password"], "redirect_uris": [] }))
}

fn log_in(f: &Fixture<'_>, client: &TestClient, login: &str, password: &str) -> Resp {
    let fields =
        [("grant_type", "password"), ("username", login), ("password", password), ("scope", "openid")];
    f.send(&Req::token(&form(&fields)).basic(&client.id, &client.secret))
}

pub fn hashes_of_other_products_are_verified_once_and_renewed(f: &Fixture<'_>) {
    let client = legacy_client(f);
    for line in HASHES.lines() {
        let [scheme, maker, password, hash] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("four fields: {line}")
        };
        let login = format!("{}@example.com", f.unique("user"));
        let created = f.admin("POST", "users", Some(&json!({ "login": login, "password_hash": hash })));
        let user = created.expect(201).json()["user"].clone();
        let path = format!("users/{}", user["sub"].as_str().expect("a sub"));
        let shown = || f.admin("GET", &path, None).expect(200).json();
        assert_eq!(user["password_scheme"], scheme, "{maker}");
        log_in(f, &client, &login, "another password").expect_error(400, "invalid_grant");
        assert_eq!(shown(), user, "a wrong password changes nothing: {maker}");
        assert_eq!(log_in(f, &client, &login, password).status, 200, "{scheme}, {maker}");
        let mut renewed = user.clone();
        renewed["password_scheme"] = json!("argon2id");
        assert_eq!(shown(), renewed, "nothing but the hash changes: {maker}");
        assert_eq!(log_in(f, &client, &login, password).status, 200, "renewed: {scheme}, {maker}");
        log_in(f, &client, &login, "another password").expect_error(400, "invalid_grant");
    }
}

pub fn what_is_no_hash_or_too_costly_says_why(f: &Fixture<'_>) {
    let salt_and_hash = "c2FsdHNhbHRzYWx0$kH3pXm1OgFSTbvDTlvBSCbF7sNSTCGTnBBK0lSKcXmU";
    let cases = [
        ("correct horse battery staple".to_owned(), "no password hash in a form that is known"),
        ("5f4dcc3b5aa765d61d8327deb882cf99".to_owned(), "without a salt"),
        ("5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8".to_owned(), "without a salt"),
        (format!("$argon2d$v=19$m=19456,t=2,p=1${salt_and_hash}"), "in a form that is known"),
        ("$1$saltsalt$qjXMvbEw8oaL.CzflDtaK/".to_owned(), "in a form that is known"),
        (format!("$argon2id$v=19$m=102400,t=2,p=8${salt_and_hash}"), "costs more"),
        (format!("$pbkdf2-sha256$i=2000001${salt_and_hash}"), "costs more"),
        (format!("$scrypt$ln=20,r=8,p=1${salt_and_hash}"), "costs more"),
        ("$2b$15$gLQL3W9j01hoZN.3sKURier1R0H/OEO0Y6QqJEIzJB2hCEmOlRMoe".to_owned(), "costs more"),
        (format!("$pbkdf2-sha256$i=-1${salt_and_hash}"), "not of that scheme's form"),
        ("$2b$04$short".to_owned(), "not of that scheme's form"),
        ("$aspnet-identity$AQAAAAEAACcQ".to_owned(), "not of that scheme's form"),
    ];
    for (hash, expected) in cases {
        let body = json!({ "login": format!("{}@example.com", f.unique("user")), "password_hash": hash });
        let answer = f.admin("POST", "users", Some(&body));
        answer.expect_error(422, "invalid_user");
        let problem = answer.json()["problems"][0].clone();
        assert_eq!(problem["path"], "password_hash");
        assert!(problem["message"].as_str().is_some_and(|text| text.contains(expected)), "{hash}: {problem}");
    }
}

pub fn a_renewed_hash_leaves_sessions_and_links_alone(f: &Fixture<'_>) {
    let (scheme, hash) = HASHES
        .lines()
        .next()
        .and_then(|line| {
            let fields: Vec<&str> = line.split('\t').collect();
            Some((*fields.first()?, *fields.get(3)?))
        })
        .expect("a hash");
    let client = legacy_client(f);
    let login = login::Login::new(f, &json!({}));
    let refresh = login.tokens(&[])["refresh_token"].as_str().expect("a token").to_owned();
    // A password that an administrator sets ends everything; so the hash comes first and what has to stay after it.
    let path = format!("users/{}", harness::encode(&login.email));
    f.admin("PATCH", &path, Some(&json!({ "password_hash": hash }))).expect(200);
    login.refresh(&refresh, "").expect_error(400, "invalid_grant");
    let linked = f.admin("POST", &format!("{path}/reset"), None).expect(200).json();
    assert_eq!(linked["user"]["password_scheme"], scheme);
    let granted = log_in(f, &client, &login.email, "a password from elsewhere").expect(200);
    assert!(granted.json()["access_token"].is_string());
    let shown = f.admin("GET", &path, None).expect(200).json();
    assert_eq!(shown["password_scheme"], "argon2id");
    assert_eq!(shown["link_expires_at"], linked["user"]["link_expires_at"], "the link is still out");
}
