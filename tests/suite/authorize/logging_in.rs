//! `/authorize`: who has to log in, with what, and when again.

use serde_json::json;

use crate::suite::browser::{Browser, PASSWORD, PageForm, parameters};
use crate::suite::harness::{Fixture, Req, Resp};
use crate::suite::login::{Login, claims, text, web_client};

pub fn a_person_logs_in_and_the_client_gets_tokens(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let answer = login.authorize(&[]).expect(303);
    let location = answer.header("location").expect("a location");
    assert!(location.starts_with("https://app.example/cb?code="), "{location}");
    let sent = parameters(&answer);
    assert_eq!(sent["state"], "the state");
    assert_eq!(sent["iss"], f.target.issuer());
    assert!(sent["code"].len() >= 128, "{}", sent["code"]);
    let tokens = login.redeem(&sent["code"]).expect(200);
    assert_eq!(tokens.header("cache-control"), Some("no-store"));
    let tokens = tokens.json();
    assert_eq!(tokens["token_type"], "Bearer");
    assert_eq!(tokens["scope"], "openid profile email orders:read");
    let id_token = claims(text(&tokens, "id_token"));
    assert_eq!(id_token["iss"], f.target.issuer());
    assert_eq!(id_token["aud"], login.client.id);
    assert_eq!(id_token["nonce"], "the nonce");
    assert_eq!(id_token["amr"], json!(["pwd"]));
    assert!(id_token["sid"].is_string() && id_token["auth_time"].is_u64() && id_token["acr"].is_string());
    assert_eq!((&id_token["name"], &id_token["email"]), (&json!("Ada Lovelace"), &json!(login.email)));
    let access = claims(text(&tokens, "access_token"));
    assert_eq!(access["sub"], id_token["sub"]);
    assert_eq!(access["aud"], json!(["https://orders.example", f.target.issuer()]));
    let user = login.userinfo(text(&tokens, "access_token")).expect(200).json();
    assert_eq!(user["sub"], id_token["sub"]);
    assert_eq!(user["email"], login.email);
    assert_eq!(user["name"], "Ada Lovelace");
    assert_eq!(user["email_verified"], false);
}

pub fn prompt_none_never_shows_a_page(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    assert!(parameters(&login.authorize(&[("prompt", "none")]).expect(303)).contains_key("code"));
    let stranger = Browser::new(f);
    let sent = parameters(&stranger.authorize(&login.request(&[("prompt", "none")])).expect(303));
    assert_eq!(sent["error"], "login_required");
    let third = web_client(f, &json!({ "first_party": false }));
    let sent = parameters(&login.authorize(&[("client_id", &third.id), ("prompt", "none")]).expect(303));
    assert_eq!(sent["error"], "consent_required");
}

pub fn prompt_login_and_max_age_ask_again(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let silent = claims(text(&login.tokens(&[("max_age", "10000")]), "id_token"));
    for more in [("prompt", "login"), ("max_age", "0")] {
        let page = login.authorize(&[more]).expect(200);
        assert!(page.body.contains("name=\"password\""), "{more:?}");
        let answer = login.browser.log_in(&page, &login.email, PASSWORD).expect(303);
        let tokens = login.redeem(&parameters(&answer)["code"]).expect(200).json();
        let again = claims(text(&tokens, "id_token"));
        assert!(again["auth_time"].as_u64() >= silent["auth_time"].as_u64());
        assert_eq!(again["sub"], silent["sub"]);
    }
}

pub fn a_hint_at_somebody_else_is_not_answered(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let own = login.tokens(&[]);
    let hint = text(&own, "id_token").to_owned();
    let same = login.authorize(&[("prompt", "none"), ("id_token_hint", &hint)]).expect(303);
    assert!(parameters(&same).contains_key("code"));
    let other = Browser::new(f);
    let email = format!("{}@example.com", f.unique("bob"));
    other.sign_up(&login.request(&[]), &email).expect(303);
    let sent = other.authorize(&login.request(&[("prompt", "none"), ("id_token_hint", &hint)])).expect(303);
    assert_eq!(parameters(&sent)["error"], "login_required");
    let forged = format!("{hint}x");
    let sent = login.authorize(&[("prompt", "none"), ("id_token_hint", &forged)]).expect(303);
    assert_eq!(parameters(&sent)["error"], "invalid_request");
}

pub fn wrong_passwords_and_unknown_people_look_the_same(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let answers: Vec<String> = [login.email.as_str(), "nobody@example.com"]
        .into_iter()
        .map(|name| {
            let stranger = Browser::new(f);
            let page = stranger.authorize(&login.request(&[])).expect(200);
            let answer = stranger.log_in(&page, name, "a wrong password").expect(200);
            assert!(!answer.headers.iter().any(|(_, value)| value.contains("session=meu_")), "{answer:?}");
            let sealed = PageForm::of(&answer.body);
            assert!(answer.body.contains(&format!("value=\"{name}\"")), "{}", answer.body);
            let page = answer.body.replace(sealed.field("flow"), "").replace(sealed.field("csrf"), "");
            page.replace(name, "")
        })
        .collect();
    let strip =
        |page: &str| page.split("href=\"").filter(|part| !part.contains("sign-up")).collect::<String>();
    assert_eq!(strip(&answers[0]), strip(&answers[1]));
}

pub fn a_session_changes_its_name_at_login(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let session = || {
        let cookies = login.browser.cookies.borrow();
        cookies.iter().find(|(name, _)| name.ends_with("session")).map(|(_, value)| value.clone())
    };
    let before = session().expect("a session");
    let page = login.authorize(&[("prompt", "login")]).expect(200);
    login.browser.log_in(&page, &login.email, PASSWORD).expect(303);
    let after = session().expect("a session");
    assert_ne!(before, after);
    // The old name is worth nothing.
    let stolen = Browser::new(f);
    for (name, _) in login.browser.cookies.borrow().iter().filter(|(name, _)| name.ends_with("session")) {
        stolen.cookies.borrow_mut().insert(name.clone(), before.clone());
    }
    let sent = stolen.authorize(&login.request(&[("prompt", "none")])).expect(303);
    assert_eq!(parameters(&sent)["error"], "login_required");
}

pub fn nobody_becomes_an_administrator_by_logging_in(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let client =
        web_client(f, &json!({ "scopes": ["openid", "orders:read", "mintedge:read", "mintedge:write"] }));
    let ask = |scope| login.authorize(&[("client_id", client.id.as_str()), ("scope", scope)]).expect(303);
    assert_eq!(parameters(&ask("openid mintedge:write"))["error"], "access_denied");
    let code = parameters(&ask(""))["code"].clone();
    let tokens = login.redeem_with(&client, &code, &[]).expect(200).json();
    assert_eq!(tokens["scope"], "openid orders:read");
    let request = Req::new("GET", "/admin/v1/config").bearer(text(&tokens, "access_token"));
    f.send(&request).expect_error(401, "invalid_token");
}

pub fn a_page_sent_twice_is_no_replay(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({ "first_party": false }));
    let page = login.authorize(&[]).expect(200);
    let code = |answer: Resp| parameters(&answer.expect(303))["code"].clone();
    let first = code(login.browser.submit(&page, &[("action", "allow")]));
    let again = code(login.browser.submit(&page, &[("action", "allow")]));
    let tokens = login.redeem(&first).expect(200).json();
    login.redeem(&again).expect(200);
    login.userinfo(text(&tokens, "access_token")).expect(200);
}
