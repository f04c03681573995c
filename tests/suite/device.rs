//! Devices (RFC 8628): one asks, somebody approves it on a page of this server, and the device gets its tokens.

use serde_json::{Value, json};

use super::browser::{Browser, PASSWORD, form, unescape};
use super::harness::{Fixture, Req, Resp, TestClient, encode};
use super::jws::claims;
use super::login::{Login, text};

pub const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// Where devices are.
pub const AT_HOME: &str = "192.0.2.99";

/// A public client that runs on devices; `members` override its declaration.
pub fn television(f: &Fixture<'_>, members: &Value) -> TestClient {
    let mut all = json!({
        "client_name": "Acme TV",
        "grant_types": [GRANT, "refresh_token"],
        "scopes": ["openid", "profile", "email", "orders:read", "orders:write"],
        "token_endpoint_auth_method": "none",
    });
    for (name, value) in members.as_object().expect("an object") {
        all[name] = value.clone();
    }
    f.client(&all)
}

fn post(f: &Fixture<'_>, path: &str, client: &TestClient, fields: &[(&str, &str)]) -> Resp {
    let request = Req::new("POST", path)
        .header("content-type", "application/x-www-form-urlencoded")
        .header("cf-connecting-ip", AT_HOME);
    let body = form(fields);
    f.send(&if client.secret.is_empty() {
        request.body(format!("{body}&client_id={}", encode(&client.id)))
    } else {
        request.body(body).basic(&client.id, &client.secret)
    })
}

/// Has a device of `client` ask for codes.
pub fn ask(f: &Fixture<'_>, client: &TestClient, fields: &[(&str, &str)]) -> Resp {
    post(f, "/device_authorization", client, fields)
}

#[track_caller]
pub fn begin(f: &Fixture<'_>, client: &TestClient) -> Value {
    ask(f, client, &[("scope", "openid email orders:read")]).expect(200).json()
}

/// Has the device ask whether it was approved.
pub fn poll(f: &Fixture<'_>, client: &TestClient, begun: &Value) -> Resp {
    post(f, "/token", client, &[("grant_type", GRANT), ("device_code", text(begun, "device_code"))])
}

/// Types a code on the page. Returns what comes next.
#[track_caller]
pub fn type_code(browser: &Browser<'_>, code: &str) -> Resp {
    let page = browser.get("/device").expect(200);
    browser.submit(&page, &[("user_code", code), ("action", "continue")])
}

#[track_caller]
pub fn approve(browser: &Browser<'_>, begun: &Value) {
    let page = type_code(browser, text(begun, "user_code")).expect(200);
    let done = browser.submit(&page, &[("action", "allow")]).expect(200);
    assert!(done.body.contains("Device allowed"), "{}", done.body);
}

/// Somebody who is signed in.
pub fn person<'a>(f: &'a Fixture<'a>) -> Login<'a> {
    let login = Login::new(f, &json!({}));
    login.browser.address.replace(AT_HOME.to_owned());
    login
}

pub fn a_device_gets_tokens_once_somebody_has_approved_it(f: &Fixture<'_>) {
    let (tv, person) = (television(f, &json!({})), person(f));
    let begun = ask(f, &tv, &[("scope", "openid email orders:read")]).expect(200);
    assert_eq!(begun.header("cache-control"), Some("no-store"));
    let begun = begun.json();
    let (uri, code) = (format!("{}/device", f.target.issuer()), text(&begun, "user_code"));
    assert_eq!(begun["verification_uri"], uri);
    assert_eq!(begun["verification_uri_complete"], format!("{uri}?user_code={code}"));
    assert_eq!((&begun["expires_in"], &begun["interval"]), (&json!(600), &json!(5)));
    let letters: Vec<&str> = code.split('-').collect();
    assert!(letters.len() == 2 && letters.iter().all(|four| four.len() == 4), "{code}");
    assert!(!code.contains(['A', 'E', 'I', 'O', 'U', 'Y', '0', '1']), "{code}");

    poll(f, &tv, &begun).expect_error(400, "authorization_pending");
    let page = type_code(&person.browser, code).expect(200);
    for shown in [
        "Acme TV",
        code,
        "just now",
        "The network that you are in",
        "Your email address",
        "orders:read",
        "Did you start this yourself?",
        &person.email,
    ] {
        assert!(page.body.contains(shown), "{shown}: {}", page.body);
    }
    person.browser.submit(&page, &[("action", "allow")]).expect(200);
    let tokens = poll(f, &tv, &begun).expect(200).json();
    assert_eq!(tokens["scope"], "openid email orders:read");
    let access = claims(text(&tokens, "access_token"));
    assert_eq!((&access["client_id"], &access["scope"]), (&json!(tv.id), &json!("openid email orders:read")));
    let id = claims(text(&tokens, "id_token"));
    assert_eq!(
        (&id["aud"], &id["email"], &id["amr"]),
        (&json!(tv.id), &json!(person.email), &json!(["pwd"]))
    );
    assert_eq!(id.get("sid"), None, "the device's login is no session of the browser");
    assert_eq!(person.userinfo(text(&tokens, "access_token")).expect(200).json()["sub"], id["sub"]);

    // It comes once, and asking again harms nothing.
    poll(f, &tv, &begun).expect_error(400, "invalid_grant");
    let refresh =
        |token: &str| post(f, "/token", &tv, &[("grant_type", "refresh_token"), ("refresh_token", token)]);
    let next = refresh(text(&tokens, "refresh_token")).expect(200).json();
    // The browser that approved signs out, and the device goes on.
    let page = person.browser.get("/logout").expect(200);
    person.browser.submit(&page, &[("action", "logout")]).expect(200);
    refresh(text(&next, "refresh_token")).expect(200);
}

pub fn a_confidential_client_authenticates_for_both_requests(f: &Fixture<'_>) {
    let members = json!({ "token_endpoint_auth_method": "client_secret_basic", "grant_types": [GRANT] });
    let (tv, person) = (television(f, &members), person(f));
    let anybody = TestClient { secret: String::new(), ..tv.clone() };
    ask(f, &anybody, &[]).expect_error(401, "invalid_client");
    let begun = begin(f, &tv);
    approve(&person.browser, &begun);
    poll(f, &anybody, &begun).expect_error(401, "invalid_client");
    let tokens = poll(f, &tv, &begun).expect(200).json();
    assert_eq!(tokens.get("refresh_token"), None, "it isn't registered for that");
}

pub fn a_code_is_read_however_it_is_typed(f: &Fixture<'_>) {
    let (tv, person) = (television(f, &json!({})), person(f));
    let begun = begin(f, &tv);
    let code = text(&begun, "user_code");
    let plain = code.replace('-', "");
    let spaced: String = plain.chars().flat_map(|letter| [letter, ' ']).collect();
    for typed in [
        plain.to_lowercase(),
        spaced,
        format!("  {code} "),
        plain.replace(&plain[2..3], &format!("{} – ", &plain[2..3])),
    ] {
        let page = type_code(&person.browser, &typed).expect(200);
        assert!(page.body.contains("id=\"allow\""), "{typed}: {}", page.body);
    }
    for typed in ["", "BCDF", "12345678", "AEIOUAEI", "<b>"] {
        let page = type_code(&person.browser, typed).expect(200);
        assert!(page.body.contains("A code has eight letters"), "{typed}: {}", page.body);
    }
}

pub fn a_device_that_polls_too_early_is_told_to_slow_down(f: &Fixture<'_>) {
    let (tv, person) = (television(f, &json!({})), person(f));
    let begun = begin(f, &tv);
    poll(f, &tv, &begun).expect_error(400, "authorization_pending");
    poll(f, &tv, &begun).expect_error(400, "slow_down");
    poll(f, &tv, &begun).expect_error(400, "slow_down");
    // What was decided is handed out nevertheless.
    approve(&person.browser, &begun);
    poll(f, &tv, &begun).expect(200);
}

pub fn somebody_says_no_and_the_device_learns_it(f: &Fixture<'_>) {
    let (tv, person) = (television(f, &json!({})), person(f));
    let begun = begin(f, &tv);
    let page = type_code(&person.browser, text(&begun, "user_code")).expect(200);
    let done = person.browser.submit(&page, &[("action", "deny")]).expect(200);
    assert!(done.body.contains("Device not allowed"), "{}", done.body);
    poll(f, &tv, &begun).expect_error(400, "access_denied");
    // It can't be turned around.
    let late = person.browser.submit(&page, &[("action", "allow")]).expect(200);
    assert!(late.body.contains("No device waits with this code"), "{}", late.body);
    poll(f, &tv, &begun).expect_error(400, "access_denied");
}

pub fn another_clients_device_code_is_refused_and_harms_nothing(f: &Fixture<'_>) {
    let (tv, other, person) = (television(f, &json!({})), television(f, &json!({})), person(f));
    let begun = begin(f, &tv);
    poll(f, &other, &begun).expect_error(400, "invalid_grant");
    approve(&person.browser, &begun);
    poll(f, &other, &begun).expect_error(400, "invalid_grant");
    let web = TestClient { id: person.client.id.clone(), secret: person.client.secret.clone() };
    poll(f, &web, &begun).expect_error(400, "unauthorized_client");
    poll(f, &tv, &begun).expect(200);
}

pub fn a_link_skips_no_question(f: &Fixture<'_>) {
    let (tv, person) = (television(f, &json!({})), person(f));
    let begun = begin(f, &tv);
    let link =
        text(&begun, "verification_uri_complete").strip_prefix(&f.target.issuer()).expect("here").to_owned();
    let compare = person.browser.get(&link).expect(200);
    assert!(compare.body.contains("Does your device show this code?"), "{}", compare.body);
    assert!(compare.body.contains(text(&begun, "user_code")));
    assert!(!compare.body.contains("Acme TV"), "nothing is looked up yet");
    for page in [&compare, &person.browser.get(&format!("{link}&action=allow")).expect(200)] {
        assert!(!page.body.contains("<script") && !page.body.contains("http-equiv"), "{}", page.body);
    }
    let asked = person.browser.submit(&compare, &[("action", "continue")]).expect(200);
    assert!(asked.body.contains("id=\"allow\""), "{}", asked.body);
    poll(f, &tv, &begun).expect_error(400, "authorization_pending");
    // Whoever doesn't see that code types another one.
    let other = person.browser.submit(&compare, &[("action", "other")]).expect(200);
    assert!(other.body.contains("Type the code that your device shows"), "{}", other.body);
    person.browser.submit(&asked, &[("action", "allow")]).expect(200);
    poll(f, &tv, &begun).expect(200);
}

pub fn consent_is_asked_however_little_is_asked_for_and_whatever_was_permitted(f: &Fixture<'_>) {
    // The operator's own client, and somebody who has permitted everything before, with a browser.
    let members = json!({
        "first_party": true, "redirect_uris": ["https://app.example/cb"],
        "grant_types": [GRANT, "authorization_code"], "token_endpoint_auth_method": "client_secret_basic",
    });
    let tv = television(f, &members);
    let person = person(f);
    let answer = person.authorize(&[("client_id", &tv.id), ("scope", "openid")]);
    assert_eq!(answer.status, 303, "{answer:?}");
    for fields in [vec![("scope", "openid")], vec![]] {
        let begun = ask(f, &tv, &fields).expect(200).json();
        for _ in 0..2 {
            let page = type_code(&person.browser, text(&begun, "user_code")).expect(200);
            assert!(
                page.body.contains("id=\"allow\"") && page.body.contains("Know who you are"),
                "{}",
                page.body
            );
            poll_again(f, &tv, &begun);
        }
    }
}

/// A poll while nobody has decided; the second comes too early.
#[track_caller]
fn poll_again(f: &Fixture<'_>, client: &TestClient, begun: &Value) {
    let (status, error) = poll(f, client, begun).error();
    assert!(status == 400 && ["authorization_pending", "slow_down"].contains(&error.as_str()), "{error}");
}

pub fn a_form_from_elsewhere_decides_nothing(f: &Fixture<'_>) {
    let (tv, mine, other) = (television(f, &json!({})), person(f), person(f));
    let begun = begin(f, &tv);
    let page = type_code(&mine.browser, text(&begun, "user_code")).expect(200);
    // Another person's browser, with the page of the first.
    let shown = other.browser.submit(&page, &[("action", "allow")]).expect(403);
    assert!(shown.body.contains("nothing was changed"), "{}", shown.body);
    let body = form(&[
        ("flow", "device"),
        ("csrf", "x"),
        ("user_code", text(&begun, "user_code")),
        ("action", "continue"),
    ]);
    mine.browser.post("/device", &body).expect(403);
    let body = form(&[("flow", "mef_forged"), ("csrf", "x"), ("action", "allow")]);
    mine.browser.post("/device", &body).expect(403);
    // A browser that nobody is signed in with gets no further than the sign-in.
    let stranger = Browser::new(f);
    stranger.get("/device").expect(200);
    let sign_in = stranger.submit(&page, &[("action", "allow")]).expect(200);
    assert!(sign_in.body.contains("name=\"password\""), "{}", sign_in.body);
    poll(f, &tv, &begun).expect_error(400, "authorization_pending");
}

pub fn a_device_is_decided_about_once(f: &Fixture<'_>) {
    let (tv, one, two) = (television(f, &json!({})), person(f), person(f));
    let begun = begin(f, &tv);
    let code = text(&begun, "user_code");
    let pages = [&one, &two].map(|person| type_code(&person.browser, code).expect(200));
    one.browser.submit(&pages[0], &[("action", "allow")]).expect(200);
    let late = two.browser.submit(&pages[1], &[("action", "allow")]).expect(200);
    assert!(late.body.contains("No device waits with this code"), "{}", late.body);
    let late = two.browser.submit(&pages[1], &[("action", "deny")]).expect(200);
    assert!(late.body.contains("No device waits with this code"), "{}", late.body);
    assert!(type_code(&two.browser, code).expect(200).body.contains("No device waits with this code"));
    let tokens = poll(f, &tv, &begun).expect(200).json();
    assert_eq!(claims(text(&tokens, "id_token"))["email"], one.email);
}

pub fn a_user_disabled_after_the_approval_gets_the_device_nothing(f: &Fixture<'_>) {
    let (tv, person) = (television(f, &json!({})), person(f));
    let begun = begin(f, &tv);
    approve(&person.browser, &begun);
    f.admin("POST", &format!("users/{}/disable", encode(&person.email)), None).expect(200);
    poll(f, &tv, &begun).expect_error(400, "invalid_grant");
    f.admin("POST", &format!("users/{}/enable", encode(&person.email)), None).expect(200);
    poll(f, &tv, &begun).expect_error(400, "invalid_grant");
}

pub fn signing_out_everywhere_takes_an_approval_along(f: &Fixture<'_>) {
    let (tv, person) = (television(f, &json!({})), person(f));
    let begun = begin(f, &tv);
    approve(&person.browser, &begun);
    let account = person.browser.get("/account").expect(200);
    person.browser.submit(&account, &[("action", "end_all")]).expect(303);
    poll(f, &tv, &begun).expect_error(400, "invalid_grant");
}

pub fn removing_the_client_takes_an_approval_along(f: &Fixture<'_>) {
    let (tv, person) = (television(f, &json!({})), person(f));
    let begun = begin(f, &tv);
    approve(&person.browser, &begun);
    let account = person.browser.get("/account").expect(200);
    person.browser.submit(&account, &[("action", "revoke_app"), ("client", &tv.id)]).expect(200);
    poll(f, &tv, &begun).expect_error(400, "invalid_grant");
}

pub fn a_device_of_an_ended_client_is_refused_everywhere(f: &Fixture<'_>) {
    let (tv, person) = (television(f, &json!({})), person(f));
    let (waiting, approved) = (begin(f, &tv), begin(f, &tv));
    approve(&person.browser, &approved);
    let page = type_code(&person.browser, text(&waiting, "user_code")).expect(200);
    f.admin("POST", &format!("clients/{}/revoke", tv.id), None).expect(200);
    f.target.settle();
    poll(f, &tv, &approved).expect_error(400, "invalid_grant");
    poll(f, &tv, &waiting).expect_error(400, "invalid_grant");
    let late = person.browser.submit(&page, &[("action", "allow")]).expect(200);
    assert!(late.body.contains("No device waits with this code"), "{}", late.body);
    let again = type_code(&person.browser, text(&waiting, "user_code")).expect(200);
    assert!(again.body.contains("No device waits with this code"), "{}", again.body);
    // A disabled one gets nothing either, and neither does a page that was open before.
    let begun = begin(f, &tv);
    let page = type_code(&person.browser, text(&begun, "user_code")).expect(200);
    f.admin("POST", &format!("clients/{}/disable", tv.id), None).expect(200);
    f.target.settle();
    ask(f, &tv, &[]).expect_error(401, "invalid_client");
    poll(f, &tv, &begun).expect_error(401, "invalid_client");
    let late = person.browser.submit(&page, &[("action", "allow")]).expect(200);
    assert!(late.body.contains("No device waits with this code"), "{}", late.body);
}

pub fn a_client_whose_codes_are_typed_hands_out_no_link(f: &Fixture<'_>) {
    let (tv, person) = (television(f, &json!({ "device": { "link": false, "lifetime": 120 } })), person(f));
    let begun = ask(f, &tv, &[("qr_code", "svg")]).expect(200).json();
    assert_eq!((begun.get("verification_uri_complete"), begun.get("qr_code")), (None, None));
    assert_eq!(begun["expires_in"], 120);
    // A link that a stranger makes leads nowhere.
    let code = text(&begun, "user_code");
    let page = person.browser.get(&format!("/device?user_code={code}")).expect(200);
    let asked = person.browser.submit(&page, &[("action", "continue")]).expect(200);
    assert!(asked.body.contains("a link isn’t enough"), "{}", asked.body);
    let asked = person.browser.submit(&asked, &[("user_code", code), ("action", "continue")]).expect(200);
    person.browser.submit(&asked, &[("action", "allow")]).expect(200);
    poll(f, &tv, &begun).expect(200);
}

pub fn wrong_codes_hold_up_nobody_but_who_types_them(f: &Fixture<'_>) {
    let (tv, guesser, honest) = (television(f, &json!({})), person(f), person(f));
    let begun = begin(f, &tv);
    let code = text(&begun, "user_code");
    // Right ones don't count, and a link opened from elsewhere isn't a try.
    for _ in 0..12 {
        assert!(type_code(&guesser.browser, code).expect(200).body.contains("id=\"allow\""));
        guesser.browser.get("/device?user_code=BBBB-BBBB").expect(200);
    }
    for _ in 0..10 {
        let page = type_code(&guesser.browser, "BBBB-BBBB").expect(200);
        assert!(page.body.contains("No device waits with this code"), "{}", page.body);
    }
    for tried in ["CCCC-CCCC", code] {
        let page = type_code(&guesser.browser, tried).expect(200);
        assert!(page.body.contains("Too many wrong codes"), "{}", page.body);
    }
    approve(&honest.browser, &begun);
    poll(f, &tv, &begun).expect(200);
}

pub fn signing_in_leads_back_to_the_code(f: &Fixture<'_>) {
    let (tv, person) = (television(f, &json!({})), person(f));
    let begun = begin(f, &tv);
    let code = text(&begun, "user_code");
    let browser = Browser::new(f);
    let page = browser.get(&format!("/device?user_code={code}")).expect(200);
    assert!(page.body.contains("to connect your device"), "{}", page.body);
    let page = browser.log_in(&page, &person.email, "not it").expect(200);
    let done = browser.log_in(&page, &person.email, PASSWORD).expect(303);
    let location = done.header("location").expect("a place").to_owned();
    assert_eq!(location, format!("{}/device?user_code={code}", f.target.issuer()));
    let compare = browser.get(location.strip_prefix(&f.target.issuer()).expect("here")).expect(200);
    assert!(compare.body.contains("Does your device show this code?"), "{}", compare.body);
    // Without a code, too; and what is no code is left out.
    let browser = Browser::new(f);
    let page = browser.get("/device?user_code=%3Cb%3E").expect(200);
    let done = browser.log_in(&page, &person.email, PASSWORD).expect(303);
    assert_eq!(done.header("location"), Some(format!("{}/device", f.target.issuer()).as_str()));
    // Somebody else signs in from the page that asks.
    let asked = type_code(&browser, code).expect(200);
    let page = browser.submit(&asked, &[("action", "switch")]).expect(200);
    assert!(page.body.contains("name=\"password\""), "{}", page.body);
    let other = Login::new(f, &json!({}));
    let done = browser.log_in(&page, &other.email, PASSWORD).expect(303);
    assert!(unescape(done.header("location").expect("a place")).ends_with(code), "{done:?}");
    browser.submit(&asked, &[("action", "allow")]).expect(403);
}

pub fn what_makes_no_sense_of_a_device_is_refused(f: &Fixture<'_>) {
    let tv = television(f, &json!({}));
    ask(f, &tv, &[("scope", "ledger:read")]).expect_error(400, "invalid_scope");
    ask(f, &tv, &[("scope", "mintedge:write")]).expect_error(400, "invalid_scope");
    ask(f, &tv, &[("resource", "https://ledger.example")]).expect_error(400, "invalid_target");
    ask(f, &tv, &[("qr_code", "png")]).expect_error(400, "invalid_request");
    let other = f.client(&json!({}));
    ask(f, &other, &[]).expect_error(400, "unauthorized_client");
    post(f, "/token", &tv, &[("grant_type", GRANT)]).expect_error(400, "invalid_request");
    for forged in ["x", "mev_", "mev_AAAA", &"m".repeat(300)] {
        let fields = [("grant_type", GRANT), ("device_code", forged)];
        post(f, "/token", &tv, &fields).expect_error(400, "invalid_grant");
    }
    let get = f.send(&Req::new("GET", "/device_authorization")).expect(405);
    assert_eq!(get.header("allow"), Some("POST, OPTIONS"));
    let narrowed = begin(f, &tv);
    let wide = [
        ("grant_type", GRANT),
        ("device_code", text(&narrowed, "device_code")),
        ("resource", "https://ledger.example"),
    ];
    approve(&person(f).browser, &narrowed);
    post(f, "/token", &tv, &wide).expect_error(400, "invalid_target");
    poll(f, &tv, &narrowed).expect(200);
    for (members, place) in [
        (json!({ "device": { "lifetime": 119 } }), "client.device.lifetime"),
        (json!({ "device": { "lifetime": 1801 } }), "client.device.lifetime"),
        (json!({ "device": { "same_network": true }, "grant_types": ["refresh_token"] }), "client.device"),
    ] {
        let mut body = json!({ "client_id": f.unique("tv"), "grant_types": [GRANT], "scopes": ["openid"] });
        for (name, value) in members.as_object().expect("an object") {
            body[name] = value.clone();
        }
        let refused = f.admin("POST", "clients", Some(&body)).expect(422);
        assert!(refused.body.contains(&format!("\"{place}\"")), "{}", refused.body);
    }
}

pub fn the_metadata_has_the_endpoint_where_a_client_uses_it(f: &Fixture<'_>) {
    television(f, &json!({}));
    f.target.settle();
    let metadata = f.send(&Req::new("GET", "/.well-known/oauth-authorization-server")).expect(200).json();
    let endpoint = format!("{}/device_authorization", f.target.issuer());
    assert_eq!(metadata["device_authorization_endpoint"], endpoint);
    assert!(metadata["grant_types_supported"].as_array().expect("grants").contains(&json!(GRANT)));
}

pub fn a_qr_code_is_drawn_where_it_is_asked_for(f: &Fixture<'_>) {
    let tv = television(f, &json!({}));
    let drawn = |kind: &str| {
        let begun = ask(f, &tv, &[("qr_code", kind)]).expect(200).json();
        text(&begun, "qr_code").to_owned()
    };
    let svg = drawn("svg");
    assert!(svg.starts_with("<svg xmlns=") && svg.ends_with("</svg>") && svg.len() < 12_000, "{svg}");
    assert!(!svg.contains("script") && !svg.contains("href"));
    let lines: Vec<String> = drawn("text").lines().map(str::to_owned).collect();
    let widths: Vec<usize> = lines.iter().map(|line| line.chars().count()).collect();
    assert!(widths.iter().all(|width| *width == widths[0]) && widths[0] >= 33, "{lines:?}");
    assert_eq!(begin(f, &tv).get("qr_code"), None);
}
