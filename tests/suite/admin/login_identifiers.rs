//! The admin API: what people log in with; who has it, and what passes for the same.

use serde_json::json;

use crate::suite::admin::users::{create, gets_in, login_path, made, path};
use crate::suite::browser::{Browser, PASSWORD};
use crate::suite::harness::{Fixture, encode};
use crate::suite::login;
use crate::suite::login::web_client;

pub fn a_login_identifier_is_given_once(f: &Fixture<'_>) {
    let user = made(f, &json!({}))["user"].clone();
    let login = user["login"].as_str().expect("a login");
    for same in [login.to_owned(), login.to_uppercase(), format!(" {login} ")] {
        create(f, &json!({ "login": same })).expect_error(409, "already_exists");
    }
    let other = made(f, &json!({}))["user"].clone();
    f.admin("PATCH", &path(&other, ""), Some(&json!({ "login": login }))).expect_error(409, "already_exists");
    assert_eq!(f.admin("GET", &path(&other, ""), None).expect(200).json(), other, "nothing changed");
    let name = f.unique("a name ");
    let named = create(f, &json!({ "login": name })).expect(201).json();
    assert_eq!(named["user"]["claims"], json!({}), "a name is no address");
}

pub fn a_new_login_identifier_frees_the_old_one(f: &Fixture<'_>) {
    let user = made(f, &json!({ "password": PASSWORD }))["user"].clone();
    let old = user["login"].as_str().expect("a login");
    let new = f.unique("New Name ");
    let changed = f.admin("PATCH", &path(&user, ""), Some(&json!({ "login": new }))).expect(200).json();
    assert_eq!((&changed["login"], &changed["sub"]), (&json!(new.to_lowercase()), &user["sub"]));
    f.admin("GET", &login_path(&user), None).expect_error(404, "not_found");
    assert_eq!(f.admin("GET", &login_path(&changed), None).expect(200).json()["sub"], user["sub"]);
    assert!(gets_in(f, &new, PASSWORD) && !gets_in(f, old, PASSWORD));
    let other = create(f, &json!({ "login": old })).expect(201).json();
    assert_ne!(other["user"]["sub"], user["sub"]);
    let same = f.admin("PATCH", &path(&user, ""), Some(&json!({ "login": new.to_uppercase() })));
    assert_eq!(same.expect(200).json()["login"], changed["login"]);
    f.admin("PATCH", &path(&user, ""), Some(&json!({ "login": "usr_x" }))).expect_error(422, "invalid_user");
}

pub fn an_identifier_is_the_same_however_it_is_typed(f: &Fixture<'_>) {
    let stem = f.unique("jos\u{e9} ");
    create(f, &json!({ "login": stem, "password": PASSWORD })).expect(201);
    let wide = |text: &str| -> String {
        let widen = |letter| if letter == 'j' { '\u{ff4a}' } else { letter };
        text.chars().map(widen).collect()
    };
    for typed in
        [stem.replace('\u{e9}', "e\u{301}"), stem.to_uppercase(), wide(&stem), format!(" {stem}\u{a0}")]
    {
        create(f, &json!({ "login": typed })).expect_error(409, "already_exists");
        assert!(gets_in(f, &typed, PASSWORD), "{typed:?}");
        let found = f.admin("GET", &format!("users/{}", encode(&typed)), None).expect(200).json();
        assert_eq!(found["login"], stem, "{typed:?}");
    }
}

pub fn identifiers_that_pass_for_others_are_refused(f: &Fixture<'_>) {
    let user = made(f, &json!({}))["user"].clone();
    let names = [
        "ada\u{200b}@example.com",
        "ada\u{202e}@example.com",
        "\u{feff}ada@example.com",
        "ada\u{ad}@example.com",
        "\u{430}dmin@example.com",
        "\u{430}\u{440}\u{440}\u{4cf}\u{435}@example.com",
        "ada  lovelace",
        "ada@example.com.",
        "ada@example.com\u{ff0e}",
    ];
    for name in names {
        let refused = create(f, &json!({ "login": name }));
        refused.expect_error(422, "invalid_user");
        assert_eq!(refused.json()["problems"][0]["path"], "login", "{name:?}");
        let change = f.admin("PATCH", &path(&user, ""), Some(&json!({ "login": name })));
        change.expect_error(422, "invalid_user");
        let browser = Browser::new(f);
        let client = web_client(f, &json!({}));
        let request = login::plain_request(&client);
        let page = browser.sign_up(&request, name).expect(200);
        assert!(page.body.contains("Enter an address like"), "{name:?}: {}", page.body);
    }
    let russian = f.unique("\u{438}\u{432}\u{430}\u{43d} ");
    create(f, &json!({ "login": russian })).expect(201);
}
