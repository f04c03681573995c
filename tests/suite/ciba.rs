//! Asking people through the backchannel (CIBA): a client asks, the person answers on the account page, the client gets its tokens.

use serde_json::{Value, json};

use super::browser::{Browser, PASSWORD, PageForm, form};
use super::harness::{Fixture, Req, Resp, TestClient, encode};
use super::jws::claims;
use super::login::{Login, text, web_client};

pub const GRANT: &str = "urn:openid:params:grant-type:ciba";
pub const WHERE: &str = "https://agent.example/notify";

/// A client that asks people; `members` override its declaration.
pub fn agent(f: &Fixture<'_>, members: &Value) -> TestClient {
    let mut all = json!({
        "client_name": "Acme Agent",
        "grant_types": [GRANT, "refresh_token"],
        "scopes": ["openid", "profile", "email", "orders:read", "orders:write"],
    });
    for (name, value) in members.as_object().expect("an object") {
        all[name] = value.clone();
    }
    f.client(&all)
}

pub fn post(f: &Fixture<'_>, path: &str, client: &TestClient, fields: &[(&str, &str)]) -> Resp {
    let request =
        Req::new("POST", path).header("content-type", "application/x-www-form-urlencoded").body(form(fields));
    f.send(&request.basic(&client.id, &client.secret))
}

/// Has `client` ask the person called `login`.
pub fn ask(f: &Fixture<'_>, client: &TestClient, login: &str, more: &[(&str, &str)]) -> Resp {
    let usual = [("scope", "openid email orders:read"), ("login_hint", login)];
    let kept = usual.into_iter().filter(|(name, _)| !more.iter().any(|(other, _)| other == name));
    let fields: Vec<_> = kept.chain(more.iter().copied().filter(|(_, value)| !value.is_empty())).collect();
    post(f, "/bc-authorize", client, &fields)
}

#[track_caller]
pub fn begin(f: &Fixture<'_>, client: &TestClient, person: &Login<'_>) -> Value {
    ask(f, client, &person.email, &[]).expect(200).json()
}

/// Has the client ask what became of it.
pub fn poll(f: &Fixture<'_>, client: &TestClient, begun: &Value) -> Resp {
    post(f, "/token", client, &[("grant_type", GRANT), ("auth_req_id", text(begun, "auth_req_id"))])
}

/// Somebody who is signed in.
pub fn person<'a>(f: &'a Fixture<'a>) -> Login<'a> {
    Login::new(f, &json!({}))
}

/// Answers the newest request on the account page with `action` and `more`. Returns the page that comes then.
#[track_caller]
pub fn answer(browser: &Browser<'_>, action: &str, more: &[(&str, &str)]) -> Resp {
    let page = browser.get("/account").expect(200);
    assert!(page.body.contains("Waiting for your answer"), "{}", page.body);
    browser.submit(&page, &[more, &[("action", action)]].concat())
}

#[track_caller]
pub fn approve(browser: &Browser<'_>) {
    let done = answer(browser, "allow_request", &[]).expect(200);
    assert!(done.body.contains("banner good") && done.body.contains("Allowed."), "{}", done.body);
}

pub fn a_person_says_yes_on_the_account_page_and_the_client_gets_tokens(f: &Fixture<'_>) {
    let (agent, person) = (agent(f, &json!({})), person(f));
    let message = [("binding_message", "Order 4711 <3 chairs>")];
    let begun = ask(f, &agent, &person.email, &message).expect(200);
    assert_eq!(begun.header("cache-control"), Some("no-store"));
    let begun = begun.json();
    assert_eq!((&begun["expires_in"], &begun["interval"]), (&json!(600), &json!(5)));
    assert!(text(&begun, "auth_req_id").starts_with("meb_"), "{begun}");
    poll(f, &agent, &begun).expect_error(400, "authorization_pending");
    let page = person.browser.get("/account").expect(200);
    for shown in [
        "Acme Agent",
        "Order 4711 &lt;3 chairs&gt;",
        "just now",
        "Your email address",
        "orders:read",
        "<title>1 request – Your account",
    ] {
        assert!(page.body.contains(shown), "{shown}: {}", page.body);
    }
    assert!(!page.body.contains("request_password"), "the login is new");
    approve(&person.browser);
    let page = person.browser.get("/account").expect(200);
    assert!(!page.body.contains("Waiting for your answer"), "{}", page.body);

    let tokens = poll(f, &agent, &begun).expect(200).json();
    assert_eq!(tokens["scope"], "openid email orders:read");
    let access = claims(text(&tokens, "access_token"));
    assert_eq!(
        (&access["client_id"], &access["scope"]),
        (&json!(agent.id), &json!("openid email orders:read"))
    );
    let id = claims(text(&tokens, "id_token"));
    assert_eq!(
        (&id["aud"], &id["email"], &id["amr"]),
        (&json!(agent.id), &json!(person.email), &json!(["pwd"]))
    );
    for absent in
        ["sid", "nonce", "urn:openid:params:jwt:claim:auth_req_id", "urn:openid:params:jwt:claim:rt_hash"]
    {
        assert_eq!(id.get(absent), None, "{absent}");
    }
    assert_eq!(person.userinfo(text(&tokens, "access_token")).expect(200).json()["sub"], id["sub"]);

    // It comes once, and asking again harms nothing.
    poll(f, &agent, &begun).expect_error(400, "invalid_grant");
    let refresh =
        |token: &str| post(f, "/token", &agent, &[("grant_type", "refresh_token"), ("refresh_token", token)]);
    let next = refresh(text(&tokens, "refresh_token")).expect(200).json();
    // The browser that approved signs out, and the agent goes on.
    let page = person.browser.get("/logout").expect(200);
    person.browser.submit(&page, &[("action", "logout")]).expect(200);
    refresh(text(&next, "refresh_token")).expect(200);
}

pub fn somebody_says_no_and_the_client_learns_it(f: &Fixture<'_>) {
    let (agent, person) = (agent(f, &json!({})), person(f));
    let begun = begin(f, &agent, &person);
    let page = person.browser.get("/account").expect(200);
    let done = person.browser.submit(&page, &[("action", "deny_request")]).expect(200);
    assert!(done.body.contains("Not allowed."), "{}", done.body);
    poll(f, &agent, &begun).expect_error(400, "access_denied");
    // It can't be turned around.
    for action in ["allow_request", "deny_request"] {
        let late = person.browser.submit(&page, &[("action", action)]).expect(200);
        assert!(late.body.contains("That request is over"), "{}", late.body);
    }
    poll(f, &agent, &begun).expect_error(400, "access_denied");
}

pub fn only_registered_clients_that_authenticate_ask(f: &Fixture<'_>) {
    let (agent, person) = (agent(f, &json!({})), person(f));
    let body = form(&[("client_id", &agent.id), ("scope", "openid"), ("login_hint", &person.email)]);
    let request =
        Req::new("POST", "/bc-authorize").header("content-type", "application/x-www-form-urlencoded");
    f.send(&request.body(body)).expect_error(401, "invalid_client");
    let wrong = TestClient { secret: "wrong".to_owned(), ..agent.clone() };
    ask(f, &wrong, &person.email, &[]).expect_error(401, "invalid_client");
    ask(f, &person.client, &person.email, &[]).expect_error(400, "unauthorized_client");
    let get = f.send(&Req::new("GET", "/bc-authorize")).expect(405);
    assert_eq!(get.header("allow"), Some("POST"));
    let public = json!({
        "client_id": f.unique("app"), "grant_types": [GRANT], "scopes": ["openid"],
        "token_endpoint_auth_method": "none",
    });
    f.admin("POST", "clients", Some(&public)).expect(422);
    let page = person.browser.get("/account").expect(200);
    assert!(!page.body.contains("Waiting for your answer"), "nobody was asked");
}

pub fn what_makes_no_sense_of_a_request_is_refused(f: &Fixture<'_>) {
    let (agent, person) = (agent(f, &json!({})), person(f));
    let refused = |more: &[(&str, &str)], error: &str| {
        ask(f, &agent, &person.email, more).expect_error(400, error);
    };
    refused(&[("login_hint", "")], "invalid_request");
    refused(&[("id_token_hint", "x")], "invalid_request");
    refused(&[("login_hint_token", "x")], "invalid_request");
    refused(&[("id_token_hint", "x"), ("login_hint_token", "x")], "invalid_request");
    refused(&[("login_hint", ""), ("login_hint_token", "x")], "invalid_request");
    refused(&[("login_hint", ""), ("id_token_hint", "x.y.z")], "invalid_request");
    refused(&[("request", "x.y.z")], "invalid_request");
    refused(&[("user_code", "1234")], "invalid_request");
    refused(&[("scope", "")], "invalid_request");
    refused(&[("scope", "orders:read")], "invalid_scope");
    refused(&[("scope", "openid ledger:read")], "invalid_scope");
    refused(&[("scope", "openid mintedge:write")], "invalid_scope");
    refused(&[("scope", "openid device_sso")], "invalid_scope");
    refused(&[("resource", "https://ledger.example")], "invalid_target");
    for expiry in ["0", "-5", "1.5", "ten", "+60", "1e3", "9999999999999999999999"] {
        refused(&[("requested_expiry", expiry)], "invalid_request");
    }
    // What can be nobody's name is no secret.
    refused(&[("login_hint", "\u{1}")], "unknown_user_id");
    post(f, "/token", &agent, &[("grant_type", GRANT)]).expect_error(400, "invalid_request");
    for forged in ["x", "meb_", "meb_AAAA", &"m".repeat(300)] {
        let fields = [("grant_type", GRANT), ("auth_req_id", forged)];
        post(f, "/token", &agent, &fields).expect_error(400, "invalid_grant");
    }
    let page = person.browser.get("/account").expect(200);
    assert!(!page.body.contains("Waiting for your answer"), "nobody was asked");
}

pub fn a_binding_message_is_short_and_can_be_seen(f: &Fixture<'_>) {
    let (agent, person) = (agent(f, &json!({})), person(f));
    let long = "a".repeat(101);
    for message in ["a\nb", "a\u{7}", "a\u{202e}b", "a\u{200b}b", "a\u{2028}b", "\u{feff}a", long.as_str()] {
        ask(f, &agent, &person.email, &[("binding_message", message)])
            .expect_error(400, "invalid_binding_message");
    }
    let most = "ü".repeat(100);
    ask(f, &agent, &person.email, &[("binding_message", &most)]).expect(200);
    assert!(person.browser.get("/account").expect(200).body.contains(&most));
}

pub fn a_client_may_ask_for_less_time_and_not_for_more(f: &Fixture<'_>) {
    let agent = agent(f, &json!({ "ciba": { "lifetime": 300 } }));
    for (requested, given) in [("1", 30), ("120", 120), ("300", 300), ("999999", 300), ("", 300)] {
        let person = f.unique("nobody");
        let begun = ask(f, &agent, &person, &[("requested_expiry", requested)]).expect(200).json();
        assert_eq!(begun["expires_in"], given, "{requested}");
    }
}

pub fn a_name_that_nobody_has_is_answered_like_one_that_somebody_has(f: &Fixture<'_>) {
    let (agent, person) = (agent(f, &json!({})), person(f));
    let disabled = Login::new(f, &json!({}));
    f.admin("POST", &format!("users/{}/disable", encode(&disabled.email)), None).expect(200);
    let nobody = format!("{}@example.com", f.unique("nobody"));
    let mut lengths = std::collections::BTreeSet::new();
    for name in [&person.email, &nobody, &disabled.email] {
        for _ in 0..3 {
            let begun = ask(f, &agent, name, &[]).expect(200).json();
            let members: Vec<_> = begun.as_object().expect("an object").keys().cloned().collect();
            assert_eq!(members, ["auth_req_id", "expires_in", "interval"]);
            lengths.insert(text(&begun, "auth_req_id").len());
            poll(f, &agent, &begun).expect_error(400, "authorization_pending");
            poll(f, &agent, &begun).expect_error(400, "slow_down");
        }
        ask(f, &agent, name, &[]).expect_error(429, "temporarily_unavailable");
    }
    assert_eq!(lengths.len(), 1, "{lengths:?}");
}

pub fn a_client_that_may_know_learns_that_nobody_has_a_name(f: &Fixture<'_>) {
    let (agent, person) = (agent(f, &json!({ "ciba": { "reveal_unknown_users": true } })), person(f));
    let nobody = format!("{}@example.com", f.unique("nobody"));
    ask(f, &agent, &nobody, &[]).expect_error(400, "unknown_user_id");
    ask(f, &agent, "usr_AAAAAAAAAAAAAAAAAAAAAA", &[]).expect_error(400, "unknown_user_id");
    begin(f, &agent, &person);
    f.admin("POST", &format!("users/{}/disable", encode(&person.email)), None).expect(200);
    ask(f, &agent, &person.email, &[]).expect_error(400, "unknown_user_id");
}

pub fn an_id_token_or_a_sub_says_whom_to_ask(f: &Fixture<'_>) {
    let grants = json!({ "grant_types": [GRANT, "authorization_code"] });
    let (client, other, person) = (web_client(f, &grants), agent(f, &json!({})), person(f));
    let own = Login { client: client.clone(), ..person };
    let tokens = own.tokens(&[]);
    let hint = text(&tokens, "id_token");
    let by_token = |client: &TestClient, hint: &str| {
        ask(f, client, "", &[("login_hint", ""), ("id_token_hint", hint), ("scope", "openid email")])
    };
    let begun = by_token(&client, hint).expect(200).json();
    approve(&own.browser);
    let got = poll(f, &client, &begun).expect(200).json();
    let sub = claims(hint)["sub"].clone();
    assert_eq!(claims(text(&got, "id_token"))["sub"], sub);
    by_token(&other, hint).expect_error(400, "invalid_request");
    by_token(&client, text(&tokens, "access_token")).expect_error(400, "invalid_request");
    let begun = ask(f, &other, sub.as_str().expect("a sub"), &[]).expect(200).json();
    approve(&own.browser);
    assert_eq!(claims(text(&poll(f, &other, &begun).expect(200).json(), "id_token"))["sub"], sub);
    // Who shows an ID token may learn that its person can't log in any more.
    f.admin("POST", &format!("users/{}/disable", encode(&own.email)), None).expect(200);
    by_token(&client, hint).expect_error(400, "unknown_user_id");
}

pub fn a_client_with_pairwise_names_asks_by_login_hint(f: &Fixture<'_>) {
    let members =
        json!({ "subject_type": "pairwise", "sector_identifier": "agent.example", "scopes": ["openid"] });
    let (agent, person) = (agent(f, &members), person(f));
    let public = claims(text(&person.tokens(&[]), "id_token"))["sub"].as_str().expect("a sub").to_owned();
    let only = [("scope", "openid")];
    // Another client's name for somebody is nobody's here.
    ask(f, &agent, &public, &only).expect(200);
    assert!(!person.browser.get("/account").expect(200).body.contains("Waiting for your answer"));
    let begun = ask(f, &agent, &person.email, &only).expect(200).json();
    approve(&person.browser);
    let tokens = poll(f, &agent, &begun).expect(200).json();
    let id_token = text(&tokens, "id_token");
    assert_ne!(claims(id_token)["sub"], public.as_str());
    ask(f, &agent, "", &[("login_hint", ""), ("id_token_hint", id_token), ("scope", "openid")])
        .expect_error(400, "invalid_request");
}

pub fn an_auth_req_id_is_good_for_its_client_and_its_grant_only(f: &Fixture<'_>) {
    let both = json!({ "grant_types": [GRANT, super::device::GRANT] });
    let (client, other, person) = (agent(f, &both), agent(f, &both), person(f));
    let begun = begin(f, &client, &person);
    poll(f, &other, &begun).expect_error(400, "invalid_grant");
    approve(&person.browser);
    poll(f, &other, &begun).expect_error(400, "invalid_grant");
    poll(f, &person.client, &begun).expect_error(400, "unauthorized_client");
    let id = text(&begun, "auth_req_id");
    for swapped in [id.to_owned(), id.replacen("meb_", "mev_", 1)] {
        let fields = [("grant_type", super::device::GRANT), ("device_code", swapped.as_str())];
        post(f, "/token", &client, &fields).expect_error(400, "invalid_grant");
    }
    let wide = [("grant_type", GRANT), ("auth_req_id", id), ("resource", "https://ledger.example")];
    post(f, "/token", &client, &wide).expect_error(400, "invalid_target");
    poll(f, &client, &begun).expect(200);
}

pub fn a_client_that_polls_too_early_is_told_to_slow_down(f: &Fixture<'_>) {
    let (agent, person) = (agent(f, &json!({})), person(f));
    let begun = begin(f, &agent, &person);
    poll(f, &agent, &begun).expect_error(400, "authorization_pending");
    poll(f, &agent, &begun).expect_error(400, "slow_down");
    poll(f, &agent, &begun).expect_error(400, "slow_down");
    // What was decided is handed out nevertheless.
    approve(&person.browser);
    poll(f, &agent, &begun).expect(200);
}

pub fn nobody_is_asked_again_and_again(f: &Fixture<'_>) {
    let (agent, person) = (agent(f, &json!({})), person(f));
    for _ in 0..3 {
        begin(f, &agent, &person);
    }
    let refused = ask(f, &agent, &person.email, &[]);
    refused.expect_error(429, "temporarily_unavailable");
    assert_eq!(refused.header("retry-after"), Some("60"));
    assert!(person.browser.get("/account").expect(200).body.contains("<title>3 requests – Your account"));
    // However fast somebody says yes, five are enough for a quarter of an hour.
    for _ in 0..2 {
        approve(&person.browser);
        begin(f, &agent, &person);
    }
    approve(&person.browser);
    ask(f, &agent, &person.email, &[]).expect_error(429, "temporarily_unavailable");
    // Nobody else is held up: not another person, and not another client.
    let other = Login::new(f, &json!({}));
    begin(f, &agent, &other);
    begin(f, &super::ciba::agent(f, &json!({})), &person);
}

pub fn somebody_has_only_so_many_requests_to_read(f: &Fixture<'_>) {
    let person = person(f);
    for _ in 0..6 {
        let agent = agent(f, &json!({}));
        for _ in 0..3 {
            begin(f, &agent, &person);
        }
    }
    let last = agent(f, &json!({}));
    begin(f, &last, &person);
    begin(f, &last, &person);
    ask(f, &last, &person.email, &[]).expect_error(429, "temporarily_unavailable");
    // The oldest is the first on the page, and another client's.
    answer(&person.browser, "deny_request", &[]).expect(200);
    ask(f, &last, &person.email, &[]).expect(200);
}

pub fn an_old_login_needs_the_password_again(f: &Fixture<'_>) {
    let (agent, person) = (agent(f, &json!({ "ciba": { "max_age": 0 } })), person(f));
    let begun = begin(f, &agent, &person);
    let page = person.browser.get("/account").expect(200);
    assert!(page.body.contains("name=\"request_password\""), "{}", page.body);
    for password in [vec![], vec![("request_password", "")], vec![("request_password", "not it")]] {
        let refused = answer(&person.browser, "allow_request", &password).expect(200);
        assert!(refused.body.contains("To allow it, type your password"), "{}", refused.body);
    }
    let (status, error) = poll(f, &agent, &begun).error();
    assert_eq!((status, error.as_str()), (400, "authorization_pending"));
    let done = answer(&person.browser, "allow_request", &[("request_password", PASSWORD)]).expect(200);
    assert!(done.body.contains("Allowed."), "{}", done.body);
    poll(f, &agent, &begun).expect(200);
    // To say no, nobody needs it.
    let begun = begin(f, &agent, &person);
    answer(&person.browser, "deny_request", &[]).expect(200);
    poll(f, &agent, &begun).expect_error(400, "access_denied");
}

pub fn a_form_about_a_request_from_elsewhere_decides_nothing(f: &Fixture<'_>) {
    let (agent, mine, other) = (agent(f, &json!({})), person(f), person(f));
    let begun = begin(f, &agent, &mine);
    let page = mine.browser.get("/account").expect(200);
    let shown = PageForm::of(&page.body);
    // Another person with the form of the first, and with one of their own that names the first one's request.
    other.browser.submit(&page, &[("action", "allow_request")]).expect(403);
    let own = PageForm::of(&other.browser.get("/account").expect(200).body);
    let fields = |csrf: &str, request: &str| {
        form(&[
            ("flow", own.field("flow")),
            ("csrf", csrf),
            ("request", request),
            ("action", "allow_request"),
        ])
    };
    let late = other.browser.post("/account", &fields(own.field("csrf"), shown.field("request"))).expect(200);
    assert!(late.body.contains("That request is over"), "{}", late.body);
    mine.browser.post("/account", &fields("x", shown.field("request"))).expect(403);
    mine.browser.post("/account", &fields(shown.field("csrf"), "")).expect(400);
    let stranger = Browser::new(f);
    stranger.submit(&page, &[("action", "allow_request")]).expect(303);
    poll(f, &agent, &begun).expect_error(400, "authorization_pending");
    // A request that is opened changes nothing either.
    mine.browser
        .get(&format!("/account?action=allow_request&request={}", shown.field("request")))
        .expect(200);
    poll(f, &agent, &begun).expect_error(400, "slow_down");
}

pub fn what_ends_a_grant_ends_an_approval(f: &Fixture<'_>) {
    let agent = agent(f, &json!({}));
    for end in ["disabled", "signed out everywhere", "removed"] {
        let person = person(f);
        let begun = begin(f, &agent, &person);
        approve(&person.browser);
        match end {
            "disabled" => {
                f.admin("POST", &format!("users/{}/disable", encode(&person.email)), None).expect(200);
                poll(f, &agent, &begun).expect_error(400, "invalid_grant");
                f.admin("POST", &format!("users/{}/enable", encode(&person.email)), None).expect(200);
            }
            "removed" => {
                let account = person.browser.get("/account").expect(200);
                let fields = [("action", "revoke_app"), ("client", agent.id.as_str())];
                person.browser.submit(&account, &fields).expect(200);
            }
            _ => {
                let account = person.browser.get("/account").expect(200);
                person.browser.submit(&account, &[("action", "end_all")]).expect(303);
            }
        }
        poll(f, &agent, &begun).expect_error(400, "invalid_grant");
    }
}

pub fn a_client_that_has_ended_asks_nobody(f: &Fixture<'_>) {
    let (agent, person) = (agent(f, &json!({})), person(f));
    let approved = begin(f, &agent, &person);
    approve(&person.browser);
    let waiting = begin(f, &agent, &person);
    let page = person.browser.get("/account").expect(200);
    f.admin("POST", &format!("clients/{}/revoke", agent.id), None).expect(200);
    f.target.settle();
    poll(f, &agent, &approved).expect_error(400, "invalid_grant");
    poll(f, &agent, &waiting).expect_error(400, "invalid_grant");
    assert!(!person.browser.get("/account").expect(200).body.contains("Waiting for your answer"));
    let late = person.browser.submit(&page, &[("action", "allow_request")]).expect(200);
    assert!(late.body.contains("That request is over"), "{}", late.body);
    begin(f, &agent, &person);
    let page = person.browser.get("/account").expect(200);
    f.admin("POST", &format!("clients/{}/disable", agent.id), None).expect(200);
    f.target.settle();
    ask(f, &agent, &person.email, &[]).expect_error(401, "invalid_client");
    assert!(!person.browser.get("/account").expect(200).body.contains("Waiting for your answer"));
    let late = person.browser.submit(&page, &[("action", "allow_request")]).expect(200);
    assert!(late.body.contains("That request is over"), "{}", late.body);
}

pub fn the_page_looks_for_requests_only_where_somebody_wants_it(f: &Fixture<'_>) {
    let (agent, person) = (agent(f, &json!({})), person(f));
    f.target.settle();
    let refreshes = |path: &str| {
        let page = person.browser.get(path).expect(200);
        assert!(!page.body.contains("http-equiv"), "{}", page.body);
        (page.header("refresh") == Some("10"), page)
    };
    let (by_itself, page) = refreshes("/account");
    assert!(!by_itself && page.body.contains("?watch=1\">Look for requests"), "{}", page.body);
    let (by_itself, page) = refreshes("/account?watch=1");
    assert!(by_itself && page.body.contains(">Stop</a>"), "{}", page.body);
    // Not while there is something to read or to type.
    begin(f, &agent, &person);
    let (by_itself, page) = refreshes("/account?watch=1");
    assert!(!by_itself && page.body.contains("Waiting for your answer"), "{}", page.body);
}

pub fn the_metadata_has_the_backchannel_where_a_client_uses_it(f: &Fixture<'_>) {
    agent(f, &json!({}));
    f.target.settle();
    for path in ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"] {
        let metadata = f.send(&Req::new("GET", path)).expect(200).json();
        let endpoint = format!("{}/bc-authorize", f.target.issuer());
        assert_eq!(metadata["backchannel_authentication_endpoint"], endpoint);
        assert_eq!(metadata["backchannel_token_delivery_modes_supported"], json!(["poll", "ping"]));
        assert_eq!(metadata["backchannel_user_code_parameter_supported"], true);
        let signed = "backchannel_authentication_request_signing_alg_values_supported";
        assert_eq!(metadata.get(signed), None, "signed requests are refused");
        assert!(metadata["grant_types_supported"].as_array().expect("grants").contains(&json!(GRANT)));
    }
}

pub fn settings_of_the_backchannel_fit_each_other(f: &Fixture<'_>) {
    let endpoint = "backchannel_client_notification_endpoint";
    let mode = "backchannel_token_delivery_mode";
    for (members, place) in [
        (json!({ "ciba": { "lifetime": 59 } }), "client.ciba.lifetime"),
        (json!({ "ciba": { "lifetime": 1801 } }), "client.ciba.lifetime"),
        (json!({ "ciba": { "max_age": 2_592_001 } }), "client.ciba.max_age"),
        (json!({ "ciba": { "hourly_limit": 0 } }), "client.ciba.hourly_limit"),
        (json!({ "ciba": { "hourly_limit": 1_000_001 } }), "client.ciba.hourly_limit"),
        (
            json!({ "backchannel_user_code_parameter": true, "grant_types": ["refresh_token"] }),
            "client.backchannel_user_code_parameter",
        ),
        (json!({ "ciba": { "max_age": 1 }, "grant_types": ["refresh_token"] }), "client.ciba"),
        (
            json!({ mode: "ping", endpoint: WHERE, "grant_types": ["refresh_token"] }),
            "client.backchannel_token_delivery_mode",
        ),
        (json!({ "scopes": ["orders:read"] }), "client.scopes"),
        (json!({ mode: "ping" }), "client.backchannel_client_notification_endpoint"),
        (json!({ endpoint: WHERE }), "client.backchannel_client_notification_endpoint"),
        (
            json!({ mode: "ping", endpoint: "http://agent.example/" }),
            "client.backchannel_client_notification_endpoint",
        ),
        (
            json!({ mode: "ping", endpoint: "https://169.254.169.254/" }),
            "client.backchannel_client_notification_endpoint",
        ),
        (
            json!({ mode: "ping", endpoint: "https://agent.internal/" }),
            "client.backchannel_client_notification_endpoint",
        ),
    ] {
        let mut body =
            json!({ "client_id": f.unique("agent"), "grant_types": [GRANT], "scopes": ["openid"] });
        for (name, value) in members.as_object().expect("an object") {
            body[name] = value.clone();
        }
        let refused = f.admin("POST", "clients", Some(&body)).expect(422);
        assert!(refused.body.contains(&format!("\"{place}\"")), "{place}: {}", refused.body);
    }
    let push =
        json!({ "client_id": f.unique("agent"), "grant_types": [GRANT], "scopes": ["openid"], mode: "push" });
    let refused = f.admin("POST", "clients", Some(&push));
    assert!((400..=422).contains(&refused.status), "{refused:?}");
    // In ping mode the token is needed, and has to be one.
    let ping = agent(f, &json!({ mode: "ping", endpoint: WHERE }));
    let long = "a".repeat(1025);
    for token in ["", "=", "a b", "a,b", "ä", "a=b", long.as_str()] {
        ask(f, &ping, "somebody", &[("client_notification_token", token)])
            .expect_error(400, "invalid_request");
    }
    ask(f, &ping, &f.unique("nobody"), &[("client_notification_token", "a.B-9_~+/==")]).expect(200);
}
