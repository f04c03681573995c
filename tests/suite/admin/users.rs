//! The admin API: people's accounts.

use serde_json::{Value, json};

use crate::suite::browser::{Browser, PASSWORD};
use crate::suite::harness::{Fixture, Req, Resp, encode};
use crate::suite::login;
use crate::suite::login::{Login, web_client};

/// An Argon2id hash of "a password from elsewhere" (4 MiB, three passes, two lanes) that argon2-cffi 25.1 made.
const HASH: &str =
    "$argon2id$v=19$m=4096,t=3,p=2$c2FsdHNhbHRzYWx0c2FsdA$+esSnnCYQcGSAI26hEyI8IFctpfgkZmPu9k+AAsn2Z4";

pub fn create(f: &Fixture<'_>, body: &Value) -> Resp {
    f.admin("POST", "users", Some(body))
}

/// A new user with an email address of their own; `members` come on top.
#[track_caller]
pub fn made(f: &Fixture<'_>, members: &Value) -> Value {
    let mut body = json!({ "login": format!("{}@example.com", f.unique("user")) });
    for (name, value) in members.as_object().expect("an object") {
        body[name] = value.clone();
    }
    create(f, &body).expect(201).json()
}

pub fn path(user: &Value, rest: &str) -> String {
    format!("users/{}{rest}", user["sub"].as_str().expect("a sub"))
}

pub fn login_path(user: &Value) -> String {
    format!("users/{}", encode(user["login"].as_str().expect("a login")))
}

/// What the page of a link says to a password.
#[track_caller]
pub fn set_password(browser: &Browser<'_>, page: &Resp, password: &str) -> Resp {
    browser.submit(page, &[("password", password), ("password_again", password), ("action", "sign_up")])
}

/// Whether somebody gets in with this password.
#[track_caller]
pub fn gets_in(f: &Fixture<'_>, login: &str, password: &str) -> bool {
    let browser = Browser::new(f);
    let client = web_client(f, &json!({}));
    let request = login::plain_request(&client);
    let page = browser.authorize(&request).expect(200);
    browser.log_in(&page, login, password).status == 303
}

/// Everyone in the list, by `sub`.
fn listed(f: &Fixture<'_>, limit: u32) -> Vec<Value> {
    let (mut found, mut after) = (Vec::new(), String::new());
    for _ in 0..2000 {
        let page = f.admin("GET", &format!("users?limit={limit}{after}"), None).expect(200).json();
        let users = page["users"].as_array().expect("users");
        assert!(users.len() <= usize::try_from(limit).expect("small"));
        found.extend(users.iter().cloned());
        match page["next"].as_str() {
            Some(next) => after = format!("&after={}", encode(next)),
            None => return found,
        }
    }
    panic!("the list has no end");
}

pub fn a_user_is_found_by_login_and_by_sub(f: &Fixture<'_>) {
    let login = format!("{}@Example.COM", f.unique("Ada"));
    let body = json!({ "login": login, "claims": { "name": "Ada" }, "password": PASSWORD });
    let created = create(f, &body).expect(201).json();
    let user = &created["user"];
    let normal = login.to_lowercase();
    assert_eq!(user["claims"], json!({ "name": "Ada", "email": normal }));
    assert_eq!(
        (&user["login"], &user["enabled"], &user["has_password"]),
        (&json!(normal), &json!(true), &json!(true))
    );
    assert!(user["sub"].as_str().is_some_and(|sub| sub.starts_with("usr_")), "{user}");
    assert_eq!(created.get("link"), None);
    for name in [path(user, ""), login_path(user), format!("users/{}", encode(&login))] {
        assert_eq!(&f.admin("GET", &name, None).expect(200).json(), user);
    }
    for name in ["users/nobody@example.com", "users/usr_AAAAAAAAAAAAAAAAAAAAAA", "users/usr_x"] {
        f.admin("GET", name, None).expect_error(404, "not_found");
        f.admin("DELETE", name, None).expect_error(404, "not_found");
        f.admin("PATCH", name, None).expect_error(404, "not_found");
    }
    assert!(gets_in(f, &login, PASSWORD));
    assert!(!gets_in(f, &login, "another password"));
}

pub fn users_are_listed_in_pages(f: &Fixture<'_>) {
    let made: Vec<Value> = (0..6).map(|_| made(f, &json!({}))["user"].clone()).collect();
    for limit in [2, 100] {
        let listed = listed(f, limit);
        for user in &made {
            let entry = json!({ "sub": user["sub"], "login": user["login"] });
            let times = listed.iter().filter(|one| **one == entry).count();
            assert_eq!(times, 1, "{entry} with a limit of {limit}");
        }
    }
    for wrong in ["limit=x", "after=x", "after=256", "after=-1.x"] {
        f.admin("GET", &format!("users?{wrong}"), None).expect_error(400, "invalid_request");
    }
}

pub fn users_are_ordered_and_searched_by_login(f: &Fixture<'_>) {
    let stem = f.unique("order").to_lowercase();
    let logins: Vec<String> =
        ["c", "a", "b", "e", "d"].map(|last| format!("{stem}{last}@example.com")).to_vec();
    for login in &logins {
        create(f, &json!({ "login": login })).expect(201);
    }
    let page = |query: &str| f.admin("GET", &format!("users?order=login&{query}"), None).expect(200).json();
    let names = |page: &Value| -> Vec<String> {
        let users = page["users"].as_array().expect("users").iter();
        users.map(|user| user["login"].as_str().expect("a login").to_owned()).collect()
    };
    let mut expected = logins;
    expected.sort();
    let whole = page(&format!("search={}", encode(&stem.to_uppercase())));
    assert_eq!((names(&whole), whole.get("next")), (expected.clone(), None));
    let (mut found, mut after) = (Vec::new(), String::new());
    for size in [2, 2, 1] {
        let part = page(&format!("search={}&limit=2{after}", encode(&stem)));
        assert_eq!(names(&part).len(), size);
        found.extend(names(&part));
        after = part["next"].as_str().map(|next| format!("&after={}", encode(next))).unwrap_or_default();
    }
    assert_eq!((found, after), (expected, String::new()));
    assert_eq!(names(&page("search=nobody-begins-like-this")), Vec::<String>::new());
    let all = names(&page(""));
    assert!(all.is_sorted(), "{all:?}");
    f.admin("GET", "users?order=sub", None).expect_error(400, "invalid_request");
}

pub fn what_can_be_no_user_is_refused_with_its_place(f: &Fixture<'_>) {
    let login = format!("{}@example.com", f.unique("nobody"));
    let full = |members: Value| {
        let mut body = json!({ "login": login });
        body.as_object_mut().expect("an object").extend(members.as_object().expect("an object").clone());
        body
    };
    let hash = |head: &str| {
        full(
            json!({ "password_hash": format!("{head}c2FsdHNhbHRzYWx0$kH3pXm1OgFSTbvDTlvBSCbF7sNSTCGTnBBK0lSKcXmU") }),
        )
    };
    let cases = [
        (json!({}), "login"),
        (json!({ "login": "  " }), "login"),
        (json!({ "login": "a\nb" }), "login"),
        (json!({ "login": "x".repeat(255) }), "login"),
        (json!({ "login": ".." }), "login"),
        (json!({ "login": "usr_ada" }), "login"),
        (json!({ "login": "USR_ada" }), "login"),
        (full(json!({ "password": "1234567" })), "password"),
        (full(json!({ "password": "ü".repeat(129) })), "password"),
        (full(json!({ "claims": { "email": "" } })), "claims.email"),
        (full(json!({ "claims": { "email": null } })), "claims.email"),
        (full(json!({ "claims": { "email_verified": "yes" } })), "claims.email_verified"),
        (full(json!({ "claims": { "sub": "x" } })), "claims.sub"),
        (full(json!({ "claims": { "updated_at": 1 } })), "claims.updated_at"),
        (full(json!({ "claims": { "role": "admin" } })), "claims.role"),
        (full(json!({ "claims": { "address": "London" } })), "claims.address"),
        (full(json!({ "password": PASSWORD, "invite": true })), "invite"),
        (full(json!({ "password": PASSWORD, "password_hash": HASH })), "password_hash"),
        (full(json!({ "password_hash": PASSWORD })), "password_hash"),
        (hash("$argon2d$v=19$m=19456,t=2,p=1$"), "password_hash"),
        (hash("$argon2id$v=19$m=1048576,t=2,p=1$"), "password_hash"),
        (hash("$argon2id$v=19$m=19456,t=200,p=1$"), "password_hash"),
    ];
    for (body, place) in cases {
        let refused = create(f, &body);
        refused.expect_error(422, "invalid_user");
        assert_eq!(refused.json()["problems"][0]["path"], place, "{body}");
        assert!(!refused.body.contains(PASSWORD), "{refused:?}");
    }
    create(f, &full(json!({ "role": "admin" }))).expect_error(400, "invalid_request");
    create(f, &full(json!({ "password": 12_345_678 }))).expect_error(400, "invalid_request");
    let nobody = format!("users/{}", encode(&login));
    f.admin("GET", &nobody, None).expect_error(404, "not_found");
}

pub fn a_user_is_changed_member_by_member(f: &Fixture<'_>) {
    let claims =
        json!({ "name": "Ada", "nickname": "A", "email_verified": true, "address": { "country": "UK" } });
    let user = made(f, &json!({ "claims": claims, "password": PASSWORD }))["user"].clone();
    let change = |body: Value| f.admin("PATCH", &path(&user, ""), Some(&body));
    let changed = change(json!({ "claims": { "name": "Ada L.", "nickname": null } })).expect(200).json();
    let expected = json!({ "name": "Ada L.", "email": user["login"], "email_verified": true, "address": { "country": "UK" } });
    assert_eq!(changed["claims"], expected);
    let changed = change(json!({ "claims": { "email": "other@example.com" } })).expect(200).json();
    assert_eq!(changed["claims"].get("email_verified"), None, "it was another address that was verified");
    let both = json!({ "claims": { "email": "third@example.com", "email_verified": true } });
    assert_eq!(change(both).expect(200).json()["claims"]["email_verified"], true);
    let refused = change(json!({ "enabled": false, "claims": { "name": 7 } }));
    refused.expect_error(422, "invalid_user");
    assert_eq!(f.admin("GET", &path(&user, ""), None).json()["enabled"], true, "all of it or nothing");
    change(json!({ "disabled": true })).expect_error(400, "invalid_request");

    let login = user["login"].as_str().expect("a login");
    change(json!({ "password": "a new password" })).expect(200);
    assert!(gets_in(f, login, "a new password") && !gets_in(f, login, PASSWORD));
}

pub fn a_disabled_user_is_out_until_enabled(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    login.redeem(&login.code(&[])).expect(200);
    let user = format!("users/{}", encode(&login.email));
    assert_eq!(f.admin("POST", &format!("{user}/disable"), None).expect(200).json()["enabled"], false);
    login.authorize(&[]).expect(200);
    assert!(!gets_in(f, &login.email, PASSWORD));
    let overview = f.admin("GET", &format!("{user}/sessions"), None).expect(200).json();
    assert_eq!((&overview["sessions"], &overview["grants"]), (&json!([]), &json!([])));
    f.admin("POST", &format!("{user}/reset"), None).expect_error(409, "disabled");
    assert_eq!(f.admin("POST", &format!("{user}/enable"), None).expect(200).json()["enabled"], true);
    assert!(gets_in(f, &login.email, PASSWORD));
}

pub fn a_deleted_user_frees_the_login_identifier_but_never_the_sub(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let tokens = login.redeem(&login.code(&[("scope", "openid offline_access")])).expect(200).json();
    let user = f.admin("GET", &format!("users/{}", encode(&login.email)), None).expect(200).json();
    let body = f.admin("DELETE", &path(&user, ""), None).expect(204).body;
    assert_eq!(body, "");
    for name in [path(&user, ""), login_path(&user)] {
        f.admin("GET", &name, None).expect_error(404, "not_found");
        f.admin("DELETE", &name, None).expect_error(404, "not_found");
    }
    for rest in ["/export", "/sessions"] {
        f.admin("GET", &path(&user, rest), None).expect_error(404, "not_found");
    }
    assert!(!listed(f, 100).iter().any(|entry| entry["login"] == user["login"]));
    let refresh = tokens["refresh_token"].as_str().expect("a token");
    let body = format!("grant_type=refresh_token&refresh_token={}", encode(refresh));
    login.token(&login.client, &body).expect_error(400, "invalid_grant");
    login.authorize(&[("prompt", "none")]);
    let again = create(f, &json!({ "login": user["login"], "password": PASSWORD })).expect(201).json();
    assert_ne!(again["user"]["sub"], user["sub"]);
    login.token(&login.client, &body).expect_error(400, "invalid_grant");
}

pub fn a_password_hash_from_elsewhere_works(f: &Fixture<'_>) {
    let user = made(f, &json!({ "password_hash": HASH }))["user"].clone();
    assert_eq!(user["has_password"], true);
    let login = user["login"].as_str().expect("a login");
    assert!(gets_in(f, login, "a password from elsewhere") && !gets_in(f, login, PASSWORD));
}

pub fn sessions_grants_and_consents_are_shown_and_ended(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let tokens = login.redeem(&login.code(&[("scope", "openid offline_access")])).expect(200).json();
    let refresh = tokens["refresh_token"].as_str().expect("a token").to_owned();
    let user = format!("users/{}", encode(&login.email));
    let overview = || f.admin("GET", &format!("{user}/sessions"), None).expect(200).json();
    let seen = overview();
    assert_eq!(seen["sessions"][0]["amr"], json!(["pwd"]));
    assert_eq!(seen["grants"][0]["client_id"], json!(login.client.id));
    assert_eq!(
        (&seen["grants"][0]["offline"], &seen["grants"][0]["sid"]),
        (&json!(true), &seen["sessions"][0]["sid"])
    );
    for rest in ["sessions/x", "sessions/AAAAAAAAAAAAAAAAAAAAAA", "grants/x", "grants/AAAAAAAAAAAAAAAAAAAAAA"]
    {
        f.admin("DELETE", &format!("{user}/{rest}"), None).expect_error(404, "not_found");
    }
    let sid = seen["sessions"][0]["sid"].as_str().expect("a sid");
    f.admin("DELETE", &format!("{user}/sessions/{sid}"), None).expect(204);
    f.admin("DELETE", &format!("{user}/sessions/{sid}"), None).expect_error(404, "not_found");
    login.authorize(&[]).expect(200);
    let left = overview();
    assert_eq!(
        (&left["sessions"], &left["grants"][0]["grant_id"]),
        (&json!([]), &seen["grants"][0]["grant_id"])
    );
    let grant = left["grants"][0]["grant_id"].as_str().expect("an id");
    f.admin("DELETE", &format!("{user}/grants/{grant}"), None).expect(204);
    let body = format!("grant_type=refresh_token&refresh_token={}", encode(&refresh));
    login.token(&login.client, &body).expect_error(400, "invalid_grant");
    assert_eq!(overview()["grants"], json!([]));
}

pub fn a_client_loses_everything_of_a_user(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    login.redeem(&login.code(&[("scope", "openid offline_access")])).expect(200);
    let user = format!("users/{}", encode(&login.email));
    let outstanding = login.code(&[]);
    f.admin("DELETE", &format!("{user}/clients/{}", login.client.id), None).expect(204);
    login.redeem(&outstanding).expect_error(400, "invalid_grant");
    let overview = f.admin("GET", &format!("{user}/sessions"), None).expect(200).json();
    assert_eq!((&overview["grants"], &overview["consents"]), (&json!([]), &json!([])));
    login.redeem(&login.code(&[("scope", "openid offline_access")])).expect(200);
    f.admin("DELETE", &format!("{user}/sessions"), None).expect(204);
    let overview = f.admin("GET", &format!("{user}/sessions"), None).expect(200).json();
    assert_eq!((&overview["sessions"], &overview["grants"]), (&json!([]), &json!([])));
    f.admin("DELETE", "users/nobody@example.com/sessions", None).expect_error(404, "not_found");
}

pub fn reading_users_does_not_permit_changing_them(f: &Fixture<'_>) {
    let user = made(f, &json!({}))["user"].clone();
    let reader = f.fetch_admin_token("mintedge:read");
    let call = |method: &'static str, path: &str| {
        f.send(&Req::new(method, &format!("/admin/v1/{path}")).bearer(&reader))
    };
    for rest in ["", "/export", "/sessions"] {
        call("GET", &path(&user, rest)).expect(200);
    }
    call("GET", "users").expect(200);
    let changes = [
        ("POST", "users".to_owned()),
        ("PATCH", path(&user, "")),
        ("DELETE", path(&user, "")),
        ("POST", path(&user, "/disable")),
        ("POST", path(&user, "/reset")),
        ("DELETE", path(&user, "/sessions")),
    ];
    for (method, path) in changes {
        call(method, &path).expect_error(403, "insufficient_scope");
    }
    let writer = f.fetch_admin_token("mintedge:write");
    let read = Req::new("GET", "/admin/v1/users").bearer(&writer);
    f.send(&read).expect_error(403, "insufficient_scope");
    assert_eq!(f.admin("GET", &path(&user, ""), None).expect(200).json(), user);
}

pub fn hashes_and_seeds_of_users_are_never_shown(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    login.redeem(&login.code(&[("scope", "openid offline_access")])).expect(200);
    let user = format!("users/{}", encode(&login.email));
    let reset = f.admin("POST", &format!("{user}/reset"), None).expect(200).json();
    let token =
        reset["link"].as_str().and_then(|link| link.split("token=").nth(1)).expect("a token").to_owned();
    let shown = [
        f.admin("GET", &user, None).expect(200),
        f.admin("PATCH", &user, Some(&json!({}))).expect(200),
        f.admin("GET", &format!("{user}/export"), None).expect(200),
        f.admin("GET", &format!("{user}/sessions"), None).expect(200),
        f.admin("POST", &format!("{user}/enable"), None).expect(200),
    ];
    for answer in shown {
        for private in ["$argon2", "sha256", "seed", "family", &token, PASSWORD] {
            assert!(!answer.body.contains(private), "{private}: {answer:?}");
        }
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
    let export = f.admin("GET", &format!("{user}/export"), None).expect(200).json();
    assert_eq!(export["user"]["login"], json!(login.email));
    let has =
        |prefix: &str| export.as_object().is_some_and(|rows| rows.keys().any(|key| key.starts_with(prefix)));
    assert!(has("session/") && has("grant/"), "{export}");
}
