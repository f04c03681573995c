//! The admin API and `/login`: passwords that are guessed first.

use serde_json::json;

use crate::suite::admin::user_links::link_path;
use crate::suite::admin::users::{create, gets_in, path, set_password};
use crate::suite::browser::{Browser, PASSWORD};
use crate::suite::harness::{Fixture, encode};
use crate::suite::login::{Login, web_client};
use crate::suite::{browser, login};

/// NIST SP 800-63B-4 §3.1.1.2.
pub fn a_password_that_is_guessed_first_is_refused(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let user = f.admin("GET", &format!("users/{}", encode(&login.email)), None).expect(200).json();
    let reset = f.admin("POST", &path(&user, "/reset"), None).expect(200).json();
    let local = login.email.split('@').next().expect("a part");
    let weak = [
        "12345678".to_owned(),
        "Password1".to_owned(),
        "iloveyou".to_owned(),
        "aaaaaaaaaaaa".to_owned(),
        "abcdefghij".to_owned(),
        login.email.to_uppercase(),
        format!("{local}!"),
        "mintedge2026".to_owned(),
        "AdaLovelace1".to_owned(),
        // The same in other letters, and with what nobody sees around it.
        "\u{ff50}\u{ff41}ssword1".to_owned(),
        "  iloveyou ".to_owned(),
        "\u{a0}\u{a0}sunshine\u{3000}".to_owned(),
        "  abc    ".to_owned(),
    ];
    for password in &weak {
        let refused = f.admin("PATCH", &path(&user, ""), Some(&json!({ "password": password })));
        refused.expect_error(422, "invalid_user");
        assert_eq!(refused.json()["problems"][0]["path"], "password", "{password}");
        let link = Browser::new(f);
        let page = link.get(&link_path(f, &reset)).expect(200);
        let page = set_password(&link, &page, password).expect(200);
        assert!(page.body.contains("easy to guess"), "{password}: {}", page.body);
        let page = login.browser.get("/account").expect(200);
        let csrf = browser::PageForm::of(&page.body).field("csrf").to_owned();
        let fields = [
            ("flow", "account"),
            ("csrf", csrf.as_str()),
            ("current_password", PASSWORD),
            ("password", password),
            ("password_again", password),
            ("action", "change_password"),
        ];
        let page = login.browser.post("/account", &browser::form(&fields));
        assert!(page.body.contains("easy to guess"), "{password}: {}", page.body);
    }
    let name = f.unique("grace");
    let body = json!({ "login": format!("{name}@example.com"), "password": format!("{name}.2026") });
    create(f, &body).expect_error(422, "invalid_user");
    let taken = create(f, &json!({ "login": format!("{name}@example.com"), "password": "qwerty123" }));
    taken.expect_error(422, "invalid_user");
    assert!(gets_in(f, &login.email, PASSWORD), "nothing changed");
}

pub fn who_signs_up_needs_a_password_that_is_not_guessed_first(f: &Fixture<'_>) {
    let browser = Browser::new(f);
    let client = web_client(f, &json!({}));
    let request = login::plain_request(&client);
    let email = format!("{}@example.com", f.unique("grace"));
    let mut page = browser.sign_up_with(&request, &email, "sunshine").expect(200);
    assert!(page.body.contains("easy to guess"), "{}", page.body);
    for password in ["Grace1Hopper!", &email.to_uppercase(), "example.com"] {
        let fields = [("email", email.as_str()), ("name", "Grace Hopper"), ("action", "sign_up")];
        let passwords = [("password", password), ("password_again", password)];
        page = browser.submit(&page, &[fields.as_slice(), &passwords].concat()).expect(200);
        assert!(page.body.contains("easy to guess"), "{password}: {}", page.body);
    }
    let name = format!("users/{}", encode(&email));
    f.admin("GET", &name, None).expect_error(404, "not_found");
}
