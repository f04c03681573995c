//! What people have in hand against clients that ask them (CIBA): bounds, a no that counts, a yes taken back, a code of their own.

use serde_json::json;

use super::browser::PageForm;
use super::ciba::{GRANT, agent, answer, approve, ask, begin, person, poll};
use super::harness::{Fixture, Resp, TestClient, encode};
use super::login::{Login, text};

pub fn after_a_no_a_client_waits(f: &Fixture<'_>) {
    let (agent, person) = (agent(f, &json!({})), person(f));
    begin(f, &agent, &person);
    answer(&person.browser, "deny_request", &[]).expect(200);
    ask(f, &agent, &person.email, &[]).expect_error(429, "temporarily_unavailable");
    // Another client and another person have nothing to do with it.
    begin(f, &super::ciba::agent(f, &json!({})), &person);
    begin(f, &agent, &Login::new(f, &json!({})));
}

pub fn a_client_asks_all_people_together_only_so_often(f: &Fixture<'_>) {
    let agent = agent(f, &json!({ "ciba": { "hourly_limit": 3 } }));
    for _ in 0..3 {
        ask(f, &agent, &f.unique("nobody"), &[]).expect(200);
    }
    ask(f, &agent, &f.unique("nobody"), &[]).expect_error(429, "temporarily_unavailable");
    ask(f, &super::ciba::agent(f, &json!({})), &f.unique("nobody"), &[]).expect(200);
}

pub fn a_yes_can_be_taken_back_until_it_is_fetched(f: &Fixture<'_>) {
    let (agent, person) = (agent(f, &json!({})), person(f));
    let begun = ask(f, &agent, &person.email, &[("binding_message", "Order 4711")]).expect(200).json();
    approve(&person.browser);
    let page = person.browser.get("/account").expect(200);
    assert!(
        page.body.contains("Allowed, not fetched yet") && page.body.contains("Order 4711"),
        "{}",
        page.body
    );
    let other = super::ciba::person(f);
    let stolen = PageForm::of(&page.body).field("request").to_owned();
    let theirs = other.browser.get("/account").expect(200);
    other.browser.submit(&theirs, &[("action", "withdraw_request"), ("request", &stolen)]).expect(200);
    let done = person.browser.submit(&page, &[("action", "withdraw_request")]).expect(200);
    assert!(done.body.contains("banner good") && done.body.contains("Taken back."), "{}", done.body);
    poll(f, &agent, &begun).expect_error(400, "access_denied");
    assert!(!person.browser.get("/account").expect(200).body.contains("Allowed, not fetched yet"));
    // It counts as a no.
    ask(f, &agent, &person.email, &[]).expect_error(429, "temporarily_unavailable");

    let second = super::ciba::agent(f, &json!({}));
    let begun = begin(f, &second, &person);
    approve(&person.browser);
    let page = person.browser.get("/account").expect(200);
    let tokens = poll(f, &second, &begun).expect(200).json();
    let late = person.browser.submit(&page, &[("action", "withdraw_request")]).expect(200);
    assert!(late.body.contains("can’t be taken back any more"), "{}", late.body);
    person.userinfo(text(&tokens, "access_token")).expect(200);
    assert!(!person.browser.get("/account").expect(200).body.contains("Allowed, not fetched yet"));
}

/// Sets the code that clients have to send, on the account page.
fn set_code(person: &Login<'_>, code: &str) -> Resp {
    let page = person.browser.get("/account").expect(200);
    person.browser.submit(&page, &[("action", "set_request_code"), ("request_code", code)]).expect(200)
}

pub fn a_client_that_needs_a_code_asks_only_whoever_has_told_it(f: &Fixture<'_>) {
    let coded = json!({ "backchannel_user_code_parameter": true });
    let (client, person) = (agent(f, &coded), person(f));
    f.target.settle();
    let with = |client: &TestClient, code: &str| ask(f, client, &person.email, &[("user_code", code)]);
    with(&client, "").expect_error(400, "missing_user_code");
    with(&client, "123456").expect_error(400, "invalid_user_code");
    for unfit in ["12345", &"1".repeat(65)] {
        let refused = set_code(&person, unfit);
        assert!(refused.body.contains("Use 6 to 64 characters."), "{}", refused.body);
    }
    assert!(set_code(&person, "blue horse").body.contains("Your code was set."));
    with(&client, "Blue horse").expect_error(400, "invalid_user_code");
    let begun = with(&client, "blue horse").expect(200).json();
    approve(&person.browser);
    poll(f, &client, &begun).expect(200);
    // Nobody else may send it, and nobody learns from it who has an account or a code.
    with(&agent(f, &json!({})), "blue horse").expect_error(400, "invalid_request");
    ask(f, &client, &f.unique("nobody"), &[("user_code", "blue horse")])
        .expect_error(400, "invalid_user_code");
    let page = person.browser.get("/account").expect(200);
    let removed = person.browser.submit(&page, &[("action", "remove_request_code")]).expect(200);
    assert!(removed.body.contains("Your code was removed."), "{}", removed.body);
    with(&client, "blue horse").expect_error(400, "invalid_user_code");
}

pub fn guesses_at_a_code_are_damped(f: &Fixture<'_>) {
    let coded = json!({ "backchannel_user_code_parameter": true });
    let (client, person) = (agent(f, &coded), person(f));
    f.target.settle();
    set_code(&person, "123456");
    let nobody = f.unique("nobody");
    for name in [&person.email, &nobody] {
        for _ in 0..5 {
            ask(f, &client, name, &[("user_code", "654321")]).expect_error(400, "invalid_user_code");
        }
        ask(f, &client, name, &[("user_code", "123456")]).expect_error(429, "temporarily_unavailable");
    }
    // Another client still may: nobody is held up by what this one has tried.
    let other = agent(f, &coded);
    ask(f, &other, &person.email, &[("user_code", "123456")]).expect(200);
    let export = f.admin("GET", &format!("users/{}/export", encode(&person.email)), None).expect(200).json();
    assert!(export["request_code"]["set_at"].is_u64() && export["request_code"].get("sha256").is_none());
}

pub fn a_page_says_if_an_application_keeps_its_access(f: &Fixture<'_>) {
    let person = person(f);
    let keeps = "keeps this access until you remove it";
    for (grants, expected) in [(json!([GRANT]), false), (json!([GRANT, "refresh_token"]), true)] {
        let agent = agent(f, &json!({ "grant_types": grants }));
        begin(f, &agent, &person);
        let page = person.browser.get("/account").expect(200);
        assert_eq!(page.body.contains(keeps), expected, "{}", page.body);
        approve(&person.browser);
    }
}
