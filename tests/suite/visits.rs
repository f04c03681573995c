//! What people get with a browser, wherever they go, and whatever became of their cookies and tabs.

use serde_json::json;

use super::browser::{Browser, PASSWORD, PageForm, form, parameters};
use super::harness::{Fixture, Req, Resp};
use super::login::{Login, text, web_client};

/// Follows redirects below the issuer.
fn visit(browser: &Browser<'_>, f: &Fixture<'_>, path: &str) -> Resp {
    let mut answer = browser.get(path);
    for _ in 0..4 {
        let Some(location) = answer.header("location").map(str::to_owned) else { break };
        let Some(next) = location.strip_prefix(&f.target.issuer()) else { break };
        answer = browser.get(next);
    }
    answer
}

fn is_page(answer: &Resp) -> bool {
    answer.header("content-type").is_some_and(|kind| kind.starts_with("text/html"))
}

#[track_caller]
fn location(answer: &Resp, f: &Fixture<'_>) -> String {
    let location = answer.header("location").unwrap_or_else(|| panic!("no redirect: {answer:?}"));
    location.strip_prefix(&f.target.issuer()).unwrap_or(location).to_owned()
}

pub fn a_browser_gets_a_page_with_a_way_on_wherever_it_goes(f: &Fixture<'_>) {
    let paths = [
        ("/", 200),
        ("/account", 200),
        ("/login", 200),
        ("/login?flow=x", 403),
        ("/consent", 200),
        ("/select-account", 200),
        ("/sign-up", 403),
        ("/sign-up?flow=x", 403),
        ("/password", 400),
        ("/password?token=x", 400),
        ("/logout", 200),
        ("/logout?flow=x", 200),
        ("/authorize", 400),
        ("/authorize?client_id=nobody", 400),
        ("/tokens", 404),
        ("/.well-known/nothing", 404),
        ("/token", 405),
        ("/device", 200),
        ("/device?user_code=BCDF-GHJK", 200),
        ("/device_authorization", 405),
        ("/par", 405),
        ("/introspect", 405),
        ("/revoke", 405),
        ("/userinfo", 401),
        ("/admin/v1/config", 401),
        ("/admin/v1/nothing", 401),
    ];
    for (path, status) in paths {
        let answer = visit(&Browser::new(f), f, path);
        assert_eq!(answer.status, status, "{path}: {answer:?}");
        assert!(is_page(&answer), "{path}: {answer:?}");
        let on = ["<form", "/account\"", "/login\""].iter().any(|way| answer.body.contains(way));
        assert!(on, "{path} leads nowhere: {}", answer.body);
        assert!(answer.header("content-security-policy").is_some(), "{path}");
    }
    assert_eq!(visit(&Browser::new(f), f, "/token").header("allow"), Some("POST, OPTIONS"));
    assert!(visit(&Browser::new(f), f, "/userinfo").header("www-authenticate").is_some());
}

pub fn programs_get_json_where_browsers_get_pages(f: &Fixture<'_>) {
    for (path, status) in [("/", 404), ("/tokens", 404), ("/token", 405), ("/par", 405), ("/userinfo", 401)] {
        for accept in ["application/json", "*/*", ""] {
            let answer = f.send(&Req::new("GET", path).header("accept", accept)).expect(status);
            assert!(answer.json()["error"].is_string(), "{path} {accept}");
        }
    }
}

pub fn head_on_a_page_is_get_without_the_body(f: &Fixture<'_>) {
    let browser = Browser::new(f);
    let authorize = format!("/authorize?{}", form(&Login::new(f, &json!({})).request(&[])));
    for path in
        ["/login", "/account", "/logout", &authorize, "/password", "/tokens", "/assets/style.css", "/"]
    {
        let got = browser.get(path);
        let head = browser.send(Req::new("HEAD", path));
        assert_eq!((head.status, head.body.as_str()), (got.status, ""), "{path}");
        assert_eq!(head.header("content-type"), got.header("content-type"), "{path}");
    }
}

pub fn password_managers_find_where_a_password_is_changed(f: &Fixture<'_>) {
    let answer = f.send(&Req::new("GET", "/.well-known/change-password")).expect(303);
    assert_eq!(location(&answer, f), "/account");
    // How they find out whether to believe that.
    let nothing = "/.well-known/resource-that-should-not-exist-whose-status-code-should-not-be-200";
    assert_eq!(Browser::new(f).get(nothing).status, 404);
}

pub fn the_account_is_signed_in_to_without_an_application(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let browser = Browser::new(f);
    let sent = browser.get("/account").expect(303);
    assert_eq!(location(&sent, f), "/login");
    let page = browser.get("/login").expect(200);
    let wrong = browser.log_in(&page, &login.email, "not it").expect(200);
    assert!(wrong.body.contains(&format!("value=\"{}\"", login.email)), "{}", wrong.body);
    let done = browser.log_in(&wrong, &login.email, PASSWORD).expect(303);
    assert_eq!(location(&done, f), "/account");
    assert!(browser.get("/account").expect(200).body.contains(&login.email));
    assert_eq!(location(&browser.get("/login").expect(303), f), "/account");
    // Applications find them signed in.
    assert!(
        parameters(&browser.authorize(&login.request(&[("prompt", "none")])).expect(303))
            .contains_key("code")
    );
    // Sent twice, from a tab that is behind, it does no harm.
    let again = browser.log_in(&page, &login.email, PASSWORD).expect(303);
    assert_eq!(location(&again, f), "/account");
}

pub fn a_failed_login_keeps_the_name(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let page = Browser::new(f);
    let form = page.authorize(&login.request(&[("login_hint", "bob")])).expect(200);
    let answer = page.log_in(&form, "eve\"><b>", "wrong").expect(200);
    assert!(answer.body.contains("value=\"eve&quot;&gt;&lt;b&gt;\""), "{}", answer.body);
    let answer = page.log_in(&form, &"x".repeat(4000), "wrong").expect(200);
    assert!(!answer.body.contains("xxxxxxxx") && answer.body.contains("value=\"bob\""));
}

pub fn a_second_tab_goes_on_after_a_login_in_the_first(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let browser = Browser::new(f);
    let tabs: Vec<_> = ["one", "two", "three", "four"]
        .map(|state| browser.authorize(&login.request(&[("state", state)])).expect(200))
        .into();
    let first = browser.log_in(&tabs[0], &login.email, PASSWORD).expect(303);
    assert_eq!(parameters(&first)["state"], "one");
    let second = browser.log_in(&tabs[1], &login.email, PASSWORD).expect(303);
    assert_eq!(parameters(&second)["state"], "two");
    login.redeem(&parameters(&first)["code"]).expect(200);
    login.redeem(&parameters(&second)["code"]).expect(200);
    // The same page sent twice, and one that is given up.
    let twice = browser.log_in(&tabs[1], &login.email, PASSWORD).expect(303);
    login.redeem(&parameters(&twice)["code"]).expect(200);
    let given_up = browser.submit(&tabs[2], &[("action", "cancel")]).expect(303);
    assert_eq!(parameters(&given_up)["error"], "access_denied");
    // Whoever types another name is that person from then on.
    let other = Browser::new(f);
    let email = format!("{}@example.com", f.unique("bob"));
    other.sign_up(&login.request(&[]), &email).expect(303);
    let switched = browser.log_in(&tabs[3], &email, PASSWORD).expect(303);
    let tokens = login.redeem(&parameters(&switched)["code"]).expect(200).json();
    assert_eq!(login.userinfo(text(&tokens, "access_token")).expect(200).json()["email"], email);
}

pub fn a_page_of_another_session_begins_anew_and_permits_nothing(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({ "first_party": false }));
    let asked = login.authorize(&[]).expect(200);
    let page = login.browser.get("/logout").expect(200);
    login.browser.submit(&page, &[("action", "logout")]).expect(200);
    // Nobody is signed in: the old page leads to the login, and from there on.
    let page = login.browser.submit(&asked, &[("action", "allow")]).expect(200);
    assert!(page.body.contains("name=\"password\""), "{}", page.body);
    let page = login.browser.log_in(&page, &login.email, PASSWORD).expect(200);
    assert!(page.body.contains("asks for access"), "{}", page.body);
    // Nor does the old page's yes count for the new session.
    let page = login.browser.submit(&asked, &[("action", "allow")]).expect(200);
    assert!(page.body.contains("asks for access"), "{}", page.body);
    let answer = login.browser.submit(&page, &[("action", "allow")]).expect(303);
    login.redeem(&parameters(&answer)["code"]).expect(200);
}

pub fn a_browser_without_cookies_is_told_and_goes_on_with_them(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let browser = Browser::new(f);
    for path in [None, Some("/login")] {
        let page = match path {
            Some(path) => browser.get(path).expect(200),
            None => browser.authorize(&login.request(&[])).expect(200),
        };
        browser.cookies.borrow_mut().clear();
        let turned = browser.log_in(&page, &login.email, PASSWORD).expect(303);
        let told = browser.get(&location(&turned, f)).expect(200);
        assert!(told.body.contains("Allow cookies"), "{}", told.body);
        let answer = browser.log_in(&told, &login.email, PASSWORD).expect(303);
        assert_eq!(parameters(&answer).contains_key("code"), path.is_none());
        browser.cookies.borrow_mut().clear();
    }
}

pub fn a_post_from_another_site_changes_no_cookie_and_ends_no_session(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let page = Browser::new(f).authorize(&login.request(&[])).expect(200);
    let flow = PageForm::of(&page.body).field("flow").to_owned();
    let hint = text(&login.tokens(&[]), "id_token").to_owned();
    let bodies = [
        ("/login", form(&[("flow", &flow), ("csrf", "x"), ("username", "eve"), ("password", "x")])),
        ("/consent", form(&[("flow", &flow), ("csrf", "x"), ("action", "allow")])),
        ("/select-account", form(&[("flow", &flow), ("csrf", "x"), ("action", "continue")])),
        ("/sign-up", form(&[("flow", &flow), ("csrf", "x"), ("email", "eve@example.com")])),
        ("/account", form(&[("flow", "account"), ("csrf", "x"), ("action", "end_all")])),
        (
            "/device",
            form(&[("flow", "device"), ("csrf", "x"), ("user_code", "BCDFGHJK"), ("action", "continue")]),
        ),
        ("/logout", form(&[("flow", "x"), ("csrf", "x"), ("action", "logout")])),
        ("/logout", form(&[("id_token_hint", &hint)])),
        ("/logout", String::new()),
        ("/authorize", form(&login.request(&[]))),
    ];
    for (path, body) in bodies {
        // `SameSite=Lax` cookies don't come along.
        let turned = Browser::new(f).post(path, &body).expect(303);
        assert_eq!(turned.header("set-cookie"), None, "{path}: {turned:?}");
        let next = location(&turned, f);
        assert!(next.starts_with('/'), "{path} leads to {next}");
        // They do with the GET that follows, which carries out nothing that another site couldn't ask for with a link.
        let answer = login.browser.get(&next);
        let is_request = next.contains("id_token_hint") || next.contains("flow=mef_") || path == "/authorize";
        assert!(answer.status == 200 || is_request, "{path}: {answer:?}");
        let silent = login.authorize(&[("prompt", "none")]).expect(303);
        assert_eq!(parameters(&silent).contains_key("code"), !next.contains("id_token_hint"), "{path}");
        if next.contains("id_token_hint") {
            let page = login.authorize(&[]).expect(200);
            login.browser.log_in(&page, &login.email, PASSWORD).expect(303);
        }
    }
}

pub fn only_a_cookie_that_was_sent_is_removed(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let stranger = f.send(&Req::new("GET", "/logout")).expect(200);
    assert_eq!(stranger.header("set-cookie"), None);
    let tokens = login.tokens(&[]);
    let page = login.browser.get("/logout").expect(200);
    let done = login.browser.submit(&page, &[("action", "logout")]).expect(200);
    assert!(done.header("set-cookie").is_some_and(|cookie| cookie.contains("Max-Age=0")), "{done:?}");
    assert!(done.body.contains("/login\""), "{}", done.body);
    login.userinfo(text(&tokens, "access_token")).expect_error(401, "invalid_token");
}

pub fn a_form_of_the_account_page_from_another_session_changes_nothing(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let tokens = login.tokens(&[]);
    let old = login.browser.get("/account").expect(200);
    let page = login.browser.get("/logout").expect(200);
    login.browser.submit(&page, &[("action", "logout")]).expect(200);
    let sent = login.browser.submit(&old, &[("action", "end_all")]).expect(303);
    assert_eq!(location(&sent, f), "/login");
    let page = login.browser.get("/login").expect(200);
    login.browser.log_in(&page, &login.email, PASSWORD).expect(303);
    let shown = login.browser.submit(&old, &[("action", "end_all")]).expect(403);
    assert!(shown.body.contains("Nothing was changed"), "{}", shown.body);
    login.browser.get("/account").expect(200);
    login.userinfo(text(&tokens, "access_token")).expect_error(401, "invalid_token");
}

pub fn a_refused_address_is_shown_and_obeyed_by_nobody(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let uri = "https://app.example/cb\"><script>alert(1)</script>\u{202e}?code=1";
    let page = login.authorize(&[("redirect_uri", uri)]).expect(400);
    let shown = "https://app.example/cb&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;\u{fffd}?code=1";
    assert!(page.body.contains(shown), "{}", page.body);
    assert!(!page.body.contains("<script") && page.body.contains("<details"), "{}", page.body);
    let long = format!("https://app.example/{}", "x".repeat(5000));
    let page = login.authorize(&[("redirect_uri", &long)]).expect(400);
    assert!(page.body.len() < 6000 && page.body.contains('…'));
    let bye =
        [("client_id", login.client.id.as_str()), ("post_logout_redirect_uri", "https://app.example/x")];
    let page = login.browser.get(&format!("/logout?{}", form(&bye))).expect(400);
    assert!(page.body.contains("https://app.example/x"), "{}", page.body);
}

pub fn an_answer_to_a_form_is_a_page_that_leads_on(f: &Fixture<'_>) {
    let uris = ["https://app.example/cb", "com.example.app:/cb"];
    let client = web_client(f, &json!({ "first_party": false, "redirect_uris": uris }));
    let login = Login::new(f, &json!({}));
    for (uri, form_action) in
        [(uris[0], "form-action 'self'"), (uris[1], "form-action 'self' com.example.app:")]
    {
        let page = login.authorize(&[("client_id", &client.id), ("redirect_uri", uri)]).expect(200);
        let policy = page.header("content-security-policy").expect("a policy").to_owned();
        assert!(policy.ends_with(form_action), "{policy}");
        let answer = login.browser.submit(&page, &[("action", "deny")]).expect(303);
        assert!(answer.header("location").is_some_and(|location| location.starts_with(uri)), "{answer:?}");
        // To the web by a page of its own, so that the form's policy ends there; to an app at once.
        assert_eq!(answer.body.contains("id=\"continue\""), uri.starts_with("https:"), "{answer:?}");
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
}

pub fn a_client_may_ask_for_a_new_account(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    f.target.settle();
    let metadata = f.send(&Req::new("GET", "/.well-known/openid-configuration")).expect(200).json();
    assert!(metadata["prompt_values_supported"].as_array().expect("values").contains(&json!("create")));
    // Also where somebody is signed in already.
    for browser in [&Browser::new(f), &login.browser] {
        let page = browser.authorize(&login.request(&[("prompt", "create")])).expect(200);
        assert!(page.body.contains("Create your account"), "{}", page.body);
        let email = format!("{}@example.com", f.unique("grace"));
        let fields = [("email", email.as_str()), ("password", PASSWORD), ("password_again", PASSWORD)];
        let answer = browser.submit(&page, &fields).expect(303);
        let tokens = login.redeem(&parameters(&answer)["code"]).expect(200).json();
        assert_eq!(login.userinfo(text(&tokens, "access_token")).expect(200).json()["email"], email);
    }
    // Whoever has one already signs in instead.
    let browser = Browser::new(f);
    let page = browser.authorize(&login.request(&[("prompt", "create")])).expect(200);
    let link =
        page.body.split("href=\"").find(|link| link.contains("/login?flow=")).expect("a link to sign in");
    let page = browser.get(&browser.path(link.split('"').next().expect("a link"))).expect(200);
    let answer = browser.log_in(&page, &login.email, PASSWORD).expect(303);
    assert!(parameters(&answer).contains_key("code"));
    let sent = parameters(&login.authorize(&[("prompt", "none create")]).expect(303));
    assert_eq!(sent["error"], "invalid_request");
}
