//! The admin API: links to set a password, and the page that they lead to.

use serde_json::{Value, json};

use crate::suite::admin::users::{gets_in, made, path, set_password};
use crate::suite::browser::{Browser, PASSWORD};
use crate::suite::harness::{Fixture, encode};
use crate::suite::login::Login;

/// The path below the issuer of a link that was handed out.
#[track_caller]
pub fn link_path(f: &Fixture<'_>, answer: &Value) -> String {
    let link = answer["link"].as_str().unwrap_or_else(|| panic!("no link: {answer}"));
    link.strip_prefix(&f.target.issuer()).expect("a page of this server").to_owned()
}

pub fn an_invitation_sets_a_password_once(f: &Fixture<'_>) {
    let invited = made(f, &json!({ "invite": true, "claims": { "name": "Ada" } }));
    let user = &invited["user"];
    assert_eq!(user["has_password"], false);
    // The object reads its own clock, somewhat later than the edge that reckons the end.
    let time = |member: &str| user[member].as_u64().expect("a time");
    assert!(time("link_expires_at").abs_diff(time("created_at") + 7 * 86_400) <= 60, "{user}");
    let login = user["login"].as_str().expect("a login");
    let browser = Browser::new(f);
    let path_of_link = link_path(f, &invited);
    let page = browser.get(&path_of_link).expect(200);
    assert!(page.body.contains(login) && page.header("referrer-policy").is_some(), "{page:?}");
    let stranger = Browser::new(f);
    assert_ne!(set_password(&stranger, &page, PASSWORD).status, 200, "a form of another browser");
    set_password(&browser, &page, "short");
    assert!(!gets_in(f, login, "short"));
    set_password(&browser, &page, PASSWORD).expect(200);
    assert!(gets_in(f, login, PASSWORD));
    assert_eq!(set_password(&browser, &page, "yet another one").status, 400);
    assert_eq!(browser.get(&path_of_link).status, 400);
    let after = f.admin("GET", &path(user, ""), None).expect(200).json();
    assert_eq!((&after["has_password"], after.get("link_expires_at")), (&json!(true), None));
    assert_eq!(after["claims"]["email_verified"], true);
}

pub fn a_reset_link_ends_the_one_before_and_all_sessions(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let user = f.admin("GET", &format!("users/{}", encode(&login.email)), None).expect(200).json();
    let reset = || f.admin("POST", &path(&user, "/reset"), None).expect(200).json();
    let (first, second) = (reset(), reset());
    let browser = Browser::new(f);
    assert_eq!(browser.get(&link_path(f, &first)).status, 400);
    for wrong in ["/password", "/password?token=mel_x", &format!("{}x", link_path(f, &second))] {
        assert_eq!(browser.get(wrong).status, 400, "{wrong}");
    }
    assert!(gets_in(f, &login.email, PASSWORD), "the old password works until then");
    login.code(&[]);
    let page = browser.get(&link_path(f, &second)).expect(200);
    set_password(&browser, &page, "a new password").expect(200);
    assert!(gets_in(f, &login.email, "a new password") && !gets_in(f, &login.email, PASSWORD));
    login.authorize(&[]).expect(200);
    let third = reset();
    f.admin("PATCH", &path(&user, ""), Some(&json!({ "claims": { "email": "other@example.com" } })))
        .expect(200);
    assert_eq!(browser.get(&link_path(f, &third)).status, 400, "it went to the address of before");
}
