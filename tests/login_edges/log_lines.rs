//! What the log says of people: who tried to log in and from where, and whom an administrator did what to. Never in the clear.

use serde_json::{Value, json};

use crate::suite::browser::{Browser, PASSWORD, PageForm, form};
use crate::suite::harness::{Fixture, Req, Target as _, base_config, encode};
use crate::suite::in_memory::{InMemory, target};
use crate::suite::login::{Login, web_client};

fn lines(target: &InMemory) -> Vec<Value> {
    let lines = target.world.log();
    lines.iter().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[track_caller]
fn last(target: &InMemory) -> Value {
    lines(target).pop().expect("a line")
}

fn attempt(line: &Value) -> (Option<&str>, Option<&str>) {
    (line["login"].as_str(), line["address"].as_str())
}

fn from<'a>(login: &Login<'a>, address: &str, name: &str, password: &str) -> Browser<'a> {
    let browser = Browser::new(login.f);
    address.clone_into(&mut browser.address.borrow_mut());
    let page = browser.authorize(&login.request(&[])).expect(200);
    browser.log_in(&page, name, password);
    browser
}

#[test]
fn a_failed_login_says_who_and_from_where_as_keyed_hashes() {
    let target = target();
    let f = Fixture::new(&target);
    let login = Login::new(&f, &json!({}));
    let failed = |address: &str, name: &str| {
        from(&login, address, name, "a wrong password");
        let line = last(&target);
        assert_eq!(
            (&line["outcome"], &line["cause"]),
            (&json!("refused"), &json!("password_wrong")),
            "{line}"
        );
        let (name, address) = attempt(&line);
        (name.expect("a login").to_owned(), address.expect("an address").to_owned())
    };
    let one = failed("203.0.113.9", &login.email);
    assert_eq!(one, failed("203.0.113.9", &login.email.to_uppercase()), "the same for the same");
    assert!(one.0.len() == 16 && one.1.len() == 16 && one.0 != one.1, "{one:?}");
    let elsewhere = failed("203.0.113.10", &login.email);
    assert!(elsewhere.0 == one.0 && elsewhere.1 != one.1);
    let nobody = failed("203.0.113.9", "nobody@example.com");
    assert!(nobody.0 != one.0 && nobody.1 == one.1, "a name that nobody has is hashed like others");
    assert_eq!(failed("2001:db8:1:2::1", "a").1, failed("2001:db8:1:2:3::4", "b").1, "a line of IPv6");
    assert_ne!(failed("2001:db8:1:2::1", "a").1, failed("2001:db8:1:3::1", "b").1);
    let log = target.world.log().join("\n");
    for secret in [login.email.as_str(), "nobody@example.com", "203.0.113.", "2001:db8", "wrong password"] {
        assert!(!log.to_lowercase().contains(secret), "{secret}");
    }
}

#[test]
fn every_way_to_fail_says_so() {
    let target = target();
    let f = Fixture::new(&target);
    let login = Login::new(&f, &json!({}));
    let legacy = web_client(&f, &json!({ "grant_types": ["password"], "redirect_uris": [] }));
    from(&login, "203.0.113.9", &login.email, "a wrong password");
    let line = last(&target);
    let (name, address) = attempt(&line);
    let through = |password: &str, address: &str| {
        let fields = [
            ("grant_type", "password"),
            ("username", login.email.as_str()),
            ("password", password),
            ("end_user_address", address),
        ];
        f.send(&Req::token(&form(&fields)).basic(&legacy.id, &legacy.secret));
        last(&target)
    };
    let line = through("a wrong password", "203.0.113.9");
    assert_eq!((attempt(&line), &line["cause"]), ((name, address), &json!("password_wrong")), "the grant");
    assert_eq!(attempt(&through(PASSWORD, "203.0.113.9")), (None, None), "a success is nobody's business");
    assert_eq!(attempt(&through(&"x".repeat(300), "203.0.113.9")), (name, address), "an over-long password");
    for _ in 0..10 {
        through("a wrong password", "203.0.113.9");
    }
    let line = through(PASSWORD, "203.0.113.9");
    assert_eq!((attempt(&line), &line["cause"]), ((name, address), &json!("too_many_attempts")));
    let page = login.browser.get("/account").expect(200);
    let csrf = PageForm::of(&page.body).field("csrf").to_owned();
    let fields = [
        ("flow", "account"),
        ("csrf", csrf.as_str()),
        ("current_password", "a wrong password"),
        ("password", "another fine password"),
        ("password_again", "another fine password"),
        ("action", "change_password"),
    ];
    login.browser.post("/account", &form(&fields)).expect(200);
    assert_eq!(attempt(&last(&target)).0, name, "on the account page");
    login.browser.get("/account").expect(200);
    assert_eq!(attempt(&last(&target)), (None, None));
}

#[test]
fn with_people_none_nobody_is_in_the_log() {
    let target = target();
    let f = Fixture::new(&target);
    let login = Login::new(&f, &json!({}));
    let mut config = base_config();
    config["log"] = json!({ "people": "none" });
    f.apply(&config).expect(200);
    f.target.settle();
    let before = lines(&target).len();
    from(&login, "203.0.113.9", &login.email, "a wrong password");
    f.admin("POST", &format!("users/{}/disable", encode(&login.email)), None).expect(200);
    let after = lines(&target);
    assert!(after.len() > before + 2);
    for line in &after[before..] {
        assert_eq!((attempt(line), &line["target"]), ((None, None), &Value::Null), "{line}");
    }
    f.admin("POST", "keys/rotate", Some(&json!({}))).expect(200);
    assert_eq!(last(&target)["target"], "all", "what isn't a person goes on being named");
}

#[test]
fn every_administrative_act_names_its_target() {
    let target = target();
    let f = Fixture::new(&target);
    let client = f.client(&json!({}));
    let line = last(&target);
    assert_eq!((&line["endpoint"], &line["target"]), (&json!("admin.create_client"), &json!(client.id)));
    let generated = f.admin("POST", "clients", Some(&json!({ "grant_types": ["client_credentials"] })));
    assert_eq!(last(&target)["target"], generated.expect(201).json()["client"]["client_id"]);
    let login = format!("{}@example.com", f.unique("ada"));
    let made = f.admin("POST", "users", Some(&json!({ "login": login, "password": PASSWORD }))).expect(201);
    let user = made.json()["user"].clone();
    let name = user["log_name"].as_str().expect("what the log calls them").to_owned();
    let person = |rest: &str| format!("users/{}{rest}", encode(&login));
    let by_sub = format!("users/{}", user["sub"].as_str().expect("a sub"));
    let of_client = |rest: &str| format!("clients/{}{rest}", client.id);
    let key = f.admin("GET", "keys", None).json()["keys"][0]["kid"].as_str().expect("a key").to_owned();
    let id = "A".repeat(22);
    let acts = [
        ("POST", of_client("/disable"), "admin.disable_client", client.id.as_str()),
        ("POST", of_client("/enable"), "admin.enable_client", &client.id),
        ("POST", of_client("/secrets"), "admin.add_secret", &client.id),
        ("DELETE", of_client("/secrets/x"), "admin.remove_secret", &client.id),
        ("DELETE", of_client(""), "admin.delete_client", &client.id),
        ("PATCH", person(""), "admin.change_user", &name),
        ("PATCH", by_sub.clone(), "admin.change_user", &name),
        ("POST", person("/disable"), "admin.disable_user", &name),
        ("POST", person("/enable"), "admin.enable_user", &name),
        ("POST", person("/reset"), "admin.reset_user", &name),
        ("POST", format!("{by_sub}/reset"), "admin.reset_user", &name),
        ("DELETE", person("/sessions"), "admin.end_sessions", &name),
        ("DELETE", person(&format!("/sessions/{id}")), "admin.end_session", &name),
        ("DELETE", person(&format!("/grants/{id}")), "admin.revoke_grant", &name),
        ("DELETE", person("/clients/x"), "admin.revoke_client", &name),
        ("GET", person("/export"), "admin.read", &name),
        ("DELETE", by_sub.clone(), "admin.delete_user", &name),
        ("POST", "keys/rotate".to_owned(), "admin.rotate_keys", "all"),
        ("POST", format!("keys/{key}/retire"), "admin.retire_key", &key),
    ];
    for (method, path, endpoint, expected) in acts {
        f.admin(method, &path, (method != "DELETE" && method != "GET").then_some(&json!({})));
        let line = last(&target);
        assert_eq!((&line["endpoint"], &line["target"]), (&json!(endpoint), &json!(expected)), "{line}");
    }
    f.admin("DELETE", "users/nobody@example.com", None).expect_error(404, "not_found");
    assert!(last(&target)["target"].as_str().is_some_and(|target| target.len() == 16 && target != name));
    f.apply(&base_config()).expect(200);
    assert_eq!(last(&target)["target"], format!("version {}", f.version()));
    f.admin("GET", &format!("clients/{}", "x".repeat(300)), None);
    assert_eq!(last(&target)["target"], Value::Null, "what can be no name is left out");
    let log = target.world.log().join("\n");
    assert!(!log.contains(&login) && !log.contains("nobody@example.com"));
}

#[test]
fn a_person_has_one_name_in_the_log() {
    let target = target();
    let f = Fixture::new(&target);
    let login = Login::new(&f, &json!({}));
    from(&login, "203.0.113.9", &login.email, "a wrong password");
    let line = last(&target);
    let user = f.admin("GET", &format!("users/{}", encode(&login.email)), None).expect(200).json();
    assert_eq!(user["log_name"], line["login"]);
}

#[test]
fn with_requests_failures_what_goes_well_has_no_line() {
    let target = target();
    let f = Fixture::new(&target);
    let client = f.client(&json!({}));
    let mut config = base_config();
    config["log"] = json!({ "requests": "failures" });
    f.apply(&config).expect(200);
    f.target.settle();
    f.request_token(&client, "").expect(200);
    let before = lines(&target).len();
    f.request_token(&client, "").expect(200);
    f.send(&Req::new("GET", "/jwks")).expect(200);
    assert_eq!(lines(&target).len(), before, "two that went well");
    f.request_token(&client, "&scope=nothing").expect(400);
    assert_eq!(last(&target)["error"], "invalid_scope");
    f.admin("GET", "clients", None).expect(200);
    let line = last(&target);
    assert_eq!(
        (&line["outcome"], &line["client_id"]),
        (&json!("ok"), &json!("mintedge-admin")),
        "administration"
    );
    assert_eq!(line["endpoint"], "admin.read");
}

#[test]
fn what_an_administrator_does_names_them_by_sub() {
    let target = target();
    let f = Fixture::new(&target);
    let login =
        Login::new(&f, &json!({ "scopes": ["openid", "profile", "email", "orders:read", "mintedge:keys"] }));
    let user = f.admin("GET", &format!("users/{}", encode(&login.email)), None).expect(200).json();
    let mut config = base_config();
    config["administrator"] = json!([{ "user": user["sub"], "scopes": ["mintedge:keys"] }]);
    config["log"] = json!({ "people": "none" });
    f.apply(&config).expect(200);
    f.target.settle();
    let tokens = login.tokens(&[("scope", "mintedge:keys")]);
    let token = tokens["access_token"].as_str().expect("a token");
    let act = |path: &str| {
        let request = Req::new("POST", &format!("/admin/v1/{path}")).bearer(token).json(&json!({}));
        f.send(&request);
        last(&target)
    };
    for (path, endpoint, outcome) in [
        ("keys/rotate", "admin.rotate_keys", "ok"),
        ("revoke-clients", "admin.revoke_all_clients", "refused"),
    ] {
        let line = act(path);
        let said = (&line["endpoint"], &line["outcome"], &line["sub"], &line["client_id"]);
        let client = json!(login.client.id);
        assert_eq!(said, (&json!(endpoint), &json!(outcome), &user["sub"], &client), "{line}");
    }
    // Who logs in at an application is nobody's business.
    login.tokens(&[("scope", "openid")]);
    assert_eq!(last(&target)["sub"], Value::Null);
    f.admin("GET", "keys", None).expect(200);
    assert_eq!(last(&target)["sub"], Value::Null, "a client is named by its id");
    let log = target.world.log().join("\n");
    assert!(!log.contains(token) && !log.contains(&login.email));
}

#[test]
fn with_administrators_a_deployment_needs_no_admin_secret() {
    let target = target();
    let f = Fixture::new(&target);
    let login = Login::new(
        &f,
        &json!({ "scopes": ["openid", "profile", "email", "orders:read", "offline_access", "mintedge:read"] }),
    );
    let user = f.admin("GET", &format!("users/{}", encode(&login.email)), None).expect(200).json();
    let mut config = base_config();
    config["administrator"] = json!([{ "user": user["sub"], "scopes": ["mintedge:read"] }]);
    f.apply(&config).expect(200);
    f.target.settle();
    let server = target.world.isolate(None);
    let without = InMemory { world: target.world.clone(), server };
    let tokens = login.tokens(&[("scope", "offline_access mintedge:read")]);
    let refresh =
        format!("grant_type=refresh_token&refresh_token={}", tokens["refresh_token"].as_str().expect("one"));
    let request = Req::token(&refresh).basic(&login.client.id, &login.client.secret);
    let renewed = without.send(&request).expect(200).json();
    let request =
        Req::new("GET", "/admin/v1/config").bearer(renewed["access_token"].as_str().expect("a token"));
    without.send(&request).expect(200);
    let guess = Req::token("grant_type=client_credentials").basic("mintedge-admin", "");
    without.send(&guess).expect_error(401, "invalid_client");
}
