//! The authorization endpoint and the code grant, from a client's and a browser's side.

use serde_json::{Value, json};

use super::browser::{Browser, CHALLENGE, PASSWORD, PageForm, VERIFIER, form, parameters};
use super::harness::{Fixture, Req, Resp, TestClient, encode};

pub const REDIRECT: &str = "https://app.example/cb";

/// A client that logs people in, and a browser in which somebody has an account.
pub struct Login<'a> {
    pub f: &'a Fixture<'a>,
    pub client: TestClient,
    pub browser: Browser<'a>,
    pub email: String,
}

/// A confidential first-party client; `members` override its declaration.
pub fn web_client(f: &Fixture<'_>, members: &Value) -> TestClient {
    let mut all = json!({
        "client_name": "Acme Shop",
        "grant_types": ["authorization_code", "refresh_token"],
        "scopes": ["openid", "profile", "email", "address", "phone", "offline_access", "orders:read", "orders:write", "ledger:read"],
        "redirect_uris": [REDIRECT],
        "post_logout_redirect_uris": ["https://app.example/bye"],
        "first_party": true,
    });
    for (name, value) in members.as_object().expect("an object") {
        all[name] = value.clone();
    }
    f.client(&all)
}

impl<'a> Login<'a> {
    #[track_caller]
    pub fn new(f: &'a Fixture<'a>, members: &Value) -> Self {
        let client = web_client(f, members);
        let browser = Browser::new(f);
        let email = format!("{}@example.com", f.unique("ada"));
        let login = Self { f, client, browser, email };
        let answer = login.browser.sign_up(&login.request(&[]), &login.email.clone());
        assert!(answer.status == 303 || answer.status == 200, "{answer:?}");
        login
    }

    /// The usual request with `more`; a value of "" takes a parameter out.
    pub fn request<'b>(&'b self, more: &[(&'b str, &'b str)]) -> Vec<(&'b str, &'b str)> {
        let usual = [
            ("client_id", self.client.id.as_str()),
            ("response_type", "code"),
            ("redirect_uri", REDIRECT),
            ("scope", "openid profile email orders:read"),
            ("state", "the state"),
            ("nonce", "the nonce"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ];
        let kept = usual.into_iter().filter(|(name, _)| !more.iter().any(|(other, _)| other == name));
        kept.chain(more.iter().copied().filter(|(_, value)| !value.is_empty())).collect()
    }

    pub fn authorize(&self, more: &[(&str, &str)]) -> Resp {
        self.browser.authorize(&self.request(more))
    }

    /// A code for the usual request.
    #[track_caller]
    pub fn code(&self, more: &[(&str, &str)]) -> String {
        let answer = self.authorize(more).expect(303);
        parameters(&answer).get("code").unwrap_or_else(|| panic!("no code: {answer:?}")).clone()
    }

    pub fn redeem_with(&self, client: &TestClient, code: &str, more: &[(&str, &str)]) -> Resp {
        let usual = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", REDIRECT),
            ("code_verifier", VERIFIER),
        ];
        let kept = usual.into_iter().filter(|(name, _)| !more.iter().any(|(other, _)| other == name));
        let more = more.iter().copied().filter(|(_, value)| !value.is_empty());
        let fields: Vec<_> = kept.chain(more).collect();
        self.token(client, &form(&fields))
    }

    pub fn redeem(&self, code: &str) -> Resp {
        self.redeem_with(&self.client, code, &[])
    }

    pub fn token(&self, client: &TestClient, body: &str) -> Resp {
        let request = if client.secret.is_empty() {
            Req::token(&format!("{body}&client_id={}", encode(&client.id)))
        } else {
            Req::token(body).basic(&client.id, &client.secret)
        };
        self.f.send(&request)
    }

    #[track_caller]
    pub fn tokens(&self, more: &[(&str, &str)]) -> Value {
        self.redeem(&self.code(more)).expect(200).json()
    }

    pub fn refresh(&self, token: &str, more: &str) -> Resp {
        self.token(&self.client, &format!("grant_type=refresh_token&refresh_token={token}{more}"))
    }

    pub fn userinfo(&self, access_token: &str) -> Resp {
        self.f.send(&Req::new("GET", "/userinfo").bearer(access_token))
    }
}

pub fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("no {name}: {value}"))
}

pub fn claims(jwt: &str) -> Value {
    use base64ct::{Base64UrlUnpadded, Encoding as _};
    let payload = jwt.split('.').nth(1).expect("a payload");
    serde_json::from_slice(&Base64UrlUnpadded::decode_vec(payload).expect("base64url")).expect("JSON")
}

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

pub fn an_unregistered_redirect_uri_is_a_page_and_no_redirect(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    for uri in [
        "https://evil.example/cb",
        "https://app.example/cb/",
        "https://app.example/cb?x=1",
        "https://app.example@evil.example/cb",
        "http://app.example/cb",
        "javascript:alert(1)",
        "https://app.example/cb#x",
    ] {
        let answer = login.authorize(&[("redirect_uri", uri)]).expect(400);
        assert_eq!(answer.header("location"), None, "{uri}");
        assert!(answer.header("content-type").is_some_and(|kind| kind.starts_with("text/html")), "{uri}");
    }
    let unknown = login.authorize(&[("client_id", "nobody")]).expect(400);
    assert_eq!(unknown.header("location"), None);
}

pub fn errors_go_to_the_client_with_state_and_iss(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let long = "x".repeat(3000);
    let cases: [(&[(&str, &str)], &str); 12] = [
        (&[("response_type", "token")], "unsupported_response_type"),
        (&[("response_type", "")], "invalid_request"),
        (&[("response_mode", "jwt")], "invalid_request"),
        (&[("scope", "nonsense")], "invalid_scope"),
        (&[("scope", "stock:read")], "invalid_scope"),
        (&[("code_challenge", "")], "invalid_request"),
        (&[("code_challenge", ""), ("code_challenge_method", "")], "invalid_request"),
        (&[("code_challenge_method", "plain")], "invalid_request"),
        (&[("code_challenge_method", "")], "invalid_request"),
        (&[("prompt", "none login")], "invalid_request"),
        (&[("resource", "https://nowhere.example")], "invalid_target"),
        (&[("nonce", &long)], "invalid_request"),
    ];
    for (more, error) in cases {
        let sent = parameters(&login.authorize(more).expect(303));
        assert_eq!(sent["error"], error, "{more:?}");
        assert_eq!(sent["state"], "the state");
        assert_eq!(sent["iss"], f.target.issuer());
        assert!(!sent.contains_key("code"));
    }
    let objects = parameters(&login.authorize(&[("request", "eyJ")]).expect(303));
    assert_eq!(objects["error"], "request_not_supported");
}

pub fn a_repeated_parameter_is_refused(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    for name in ["redirect_uri", "client_id", "scope", "state"] {
        let mut request = login.request(&[]);
        request.push((name, "again"));
        let answer = login.browser.authorize(&request).expect(400);
        assert_eq!(answer.header("location"), None, "{name}");
    }
}

pub fn answers_come_as_query_fragment_or_form(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let fragment = login.authorize(&[("response_mode", "fragment")]).expect(303);
    assert!(fragment.header("location").is_some_and(|uri| uri.starts_with("https://app.example/cb#code=")));
    let page = login.authorize(&[("response_mode", "form_post")]).expect(200);
    let sent = PageForm::of(&page.body);
    assert_eq!(sent.action, REDIRECT);
    assert_eq!(sent.field("state"), "the state");
    assert_eq!(sent.field("iss"), f.target.issuer());
    login.redeem(sent.field("code")).expect(200);
    let policy = page.header("content-security-policy").expect("a policy");
    // That one form leads to the client, and from there wherever the client likes.
    assert!(!policy.contains("form-action") && policy.contains("default-src 'none'"), "{policy}");
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

pub fn consent_is_asked_once_and_binds_to_the_request(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({ "first_party": false }));
    let page = login.authorize(&[]).expect(200);
    assert!(page.body.contains("Acme Shop") && page.body.contains("app.example"), "{}", page.body);
    // Another browser can't answer for this one, and neither can a form without its proof.
    let other = Browser::new(f);
    other.authorize(&login.request(&[]));
    let begun = other.submit(&page, &[("action", "allow")]).expect(200);
    assert!(begun.body.contains("name=\"password\""), "{}", begun.body);
    let shown = PageForm::of(&page.body);
    let without = form(&[("flow", shown.field("flow")), ("action", "allow")]);
    login.browser.post("/consent", &without).expect(200);
    // The proof belongs to one request.
    let wider = login.authorize(&[("scope", "openid orders:write")]).expect(200);
    let mixed = form(&[
        ("flow", PageForm::of(&wider.body).field("flow")),
        ("csrf", shown.field("csrf")),
        ("action", "allow"),
    ]);
    login.browser.post("/consent", &mixed).expect(200);
    login.authorize(&[]).expect(200);
    let answer = login.browser.submit(&page, &[("action", "allow")]).expect(303);
    login.redeem(&parameters(&answer)["code"]).expect(200);
    // Remembered from now on, but not for more than was asked.
    login.authorize(&[]).expect(303);
    login.authorize(&[("scope", "openid")]).expect(303);
    login.authorize(&[("scope", "openid orders:write")]).expect(200);
    login.authorize(&[("prompt", "consent")]).expect(200);
}

pub fn saying_no_is_access_denied(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({ "first_party": false }));
    let page = login.authorize(&[]).expect(200);
    let sent = parameters(&login.browser.submit(&page, &[("action", "deny")]).expect(303));
    assert_eq!((sent["error"].as_str(), sent["state"].as_str()), ("access_denied", "the state"));
    let stranger = Browser::new(f);
    let page = stranger.authorize(&login.request(&[])).expect(200);
    let sent = parameters(&stranger.submit(&page, &[("action", "cancel")]).expect(303));
    assert_eq!(sent["error"], "access_denied");
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

pub fn a_code_works_once_for_its_client_verifier_and_redirect_uri(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let other = web_client(f, &json!({}));
    let code = login.code(&[]);
    let long = "a".repeat(43);
    // None of these uses the code up.
    login.redeem_with(&other, &code, &[]).expect_error(400, "invalid_grant");
    for more in [
        ("code_verifier", ""),
        ("code_verifier", long.as_str()),
        ("code_verifier", CHALLENGE),
        ("redirect_uri", "https://app.example/other"),
        ("redirect_uri", ""),
    ] {
        login.redeem_with(&login.client, &code, &[more]).expect_error(400, "invalid_grant");
    }
    login
        .redeem_with(&login.client, &code, &[("resource", "https://ledger.example")])
        .expect_error(400, "invalid_target");
    let wrong_secret = TestClient { id: login.client.id.clone(), secret: "mes_wrong".to_owned() };
    login.redeem_with(&wrong_secret, &code, &[]).expect_error(401, "invalid_client");
    let flipped = format!("{}{}", &code[..code.len() - 1], if code.ends_with('A') { 'B' } else { 'A' });
    login.redeem(&flipped).expect_error(400, "invalid_grant");
    let tokens = login.redeem(&code).expect(200).json();
    // A double submit is refused and kills nothing.
    login.redeem(&code).expect_error(400, "invalid_grant");
    login.userinfo(text(&tokens, "access_token")).expect(200);
    login.refresh(text(&tokens, "refresh_token"), "").expect(200);
}

pub fn a_public_client_needs_pkce_and_no_secret(f: &Fixture<'_>) {
    let members =
        json!({ "token_endpoint_auth_method": "none", "redirect_uris": [REDIRECT, "http://127.0.0.1/cb"] });
    let login = Login::new(f, &members);
    let sent = login.authorize(&[("code_challenge", ""), ("code_challenge_method", "")]).expect(303);
    assert_eq!(parameters(&sent)["error"], "invalid_request");
    login.redeem(&login.code(&[])).expect(200);
}

pub fn a_public_client_that_anybody_could_pose_as_asks_every_time(f: &Fixture<'_>) {
    let uris = [REDIRECT, "http://127.0.0.1/cb", "http://localhost:3000/cb", "com.example.app:/cb"];
    let public = Login::new(
        f,
        &json!({ "token_endpoint_auth_method": "none", "redirect_uris": uris, "first_party": true }),
    );
    for uri in ["http://127.0.0.1:49152/cb", "http://localhost:3000/cb", "com.example.app:/cb"] {
        let to = [("redirect_uri", uri)];
        for _ in 0..2 {
            let page = public.authorize(&to).expect(200);
            let answer = public.browser.submit(&page, &[("action", "allow")]).expect(303);
            let code = parameters(&answer)["code"].clone();
            public.redeem_with(&public.client, &code, &to).expect(200);
        }
        let sent = parameters(&public.authorize(&[to[0], ("prompt", "none")]).expect(303));
        assert_eq!(sent["error"], "consent_required", "{uri}");
    }
    assert!(parameters(&public.authorize(&[("prompt", "none")]).expect(303)).contains_key("code"));
    // A client with a secret is known for what it is, wherever it listens.
    let confidential = web_client(f, &json!({ "redirect_uris": uris, "first_party": true }));
    let more = [("client_id", confidential.id.as_str()), ("redirect_uri", "http://127.0.0.1:7/cb")];
    assert!(parameters(&public.authorize(&more).expect(303)).contains_key("code"));
}

pub fn a_confidential_client_may_be_registered_without_pkce(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({ "pkce_optional": true }));
    let none = [("code_challenge", ""), ("code_challenge_method", ""), ("nonce", "")];
    let code = login.code(&none);
    login.redeem_with(&login.client, &code, &[]).expect_error(400, "invalid_grant"); // a verifier nobody asked for
    let tokens = login.redeem_with(&login.client, &code, &[("code_verifier", "")]).expect(200).json();
    assert!(claims(text(&tokens, "id_token")).get("nonce").is_none());
}

pub fn an_id_token_has_the_claims_of_its_scopes_and_no_others(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let bare = claims(text(&login.tokens(&[("scope", "openid orders:read")]), "id_token"));
    let all = ["name", "email", "email_verified", "updated_at"];
    assert!(all.iter().all(|name| bare.get(name).is_none()), "{bare}");
    let tokens = login.tokens(&[("scope", "openid email offline_access")]);
    let again = login.refresh(text(&tokens, "refresh_token"), "").expect(200).json();
    for tokens in [&tokens, &again] {
        let email = claims(text(tokens, "id_token"));
        assert_eq!((&email["email"], &email["email_verified"]), (&json!(login.email), &json!(false)));
        assert!(email.get("name").is_none(), "{email}");
    }
    let narrowed = login.refresh(text(&again, "refresh_token"), "&scope=openid").expect(200).json();
    assert!(claims(text(&narrowed, "id_token")).get("email").is_none());
}

pub fn a_client_registered_for_minimal_id_tokens_finds_claims_at_userinfo(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({ "id_token_claims": "minimal" }));
    let tokens = login.tokens(&[]);
    let id_token = claims(text(&tokens, "id_token"));
    assert!(id_token.get("name").is_none() && id_token.get("email").is_none(), "{id_token}");
    let user = login.userinfo(text(&tokens, "access_token")).expect(200).json();
    assert_eq!((&user["name"], &user["email"]), (&json!("Ada Lovelace"), &json!(login.email)));
    let wanted = [("claims", r#"{"id_token":{"email":null}}"#)];
    assert_eq!(claims(text(&login.tokens(&wanted), "id_token"))["email"], login.email);
}

pub fn requested_claims_go_where_they_were_asked_for(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let wanted = r#"{"id_token":{"email":{"essential":true}},"userinfo":{"name":null}}"#;
    let tokens = login.tokens(&[("scope", "openid"), ("claims", wanted)]);
    assert_eq!(claims(text(&tokens, "id_token"))["email"], login.email);
    let user = login.userinfo(text(&tokens, "access_token")).expect(200).json();
    assert_eq!(user["name"], "Ada Lovelace");
    assert!(user.get("email").is_none());
}

pub fn single_claims_are_asked_for_like_scopes(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let client = web_client(f, &json!({ "first_party": false, "scopes": ["openid", "email"] }));
    let ask = |more: &[(&str, &str)]| {
        login.authorize(&[&[("client_id", client.id.as_str()), ("scope", "openid")], more].concat())
    };
    login.browser.submit(&ask(&[]).expect(200), &[("action", "allow")]).expect(303);
    ask(&[]).expect(303);
    // What was not asked for before is asked for now, and what the client may not have is left out.
    let wanted = r#"{"userinfo":{"email":null,"name":null,"nonsense":[[[[1]]]]}}"#;
    let page = ask(&[("claims", wanted)]).expect(200);
    let answer = login.browser.submit(&page, &[("action", "allow")]).expect(303);
    let tokens = login.redeem_with(&client, &parameters(&answer)["code"], &[]).expect(200).json();
    let user = login.userinfo(text(&tokens, "access_token")).expect(200).json();
    assert_eq!(user["email"], login.email);
    assert!(user.get("name").is_none());
}

pub fn nobody_becomes_an_administrator_by_logging_in(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let client =
        web_client(f, &json!({ "scopes": ["openid", "orders:read", "mintedge:read", "mintedge:write"] }));
    let ask = |scope| login.authorize(&[("client_id", client.id.as_str()), ("scope", scope)]).expect(303);
    assert_eq!(parameters(&ask("openid mintedge:write"))["error"], "invalid_scope");
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

pub fn pairwise_subjects_differ_by_sector(f: &Fixture<'_>) {
    let pairwise = json!({ "subject_type": "pairwise" });
    let login = Login::new(f, &pairwise);
    let elsewhere =
        web_client(f, &json!({ "subject_type": "pairwise", "sector_identifier": "other.example" }));
    let same = web_client(f, &pairwise);
    let public = web_client(f, &json!({}));
    let seen = |client: &TestClient| {
        let answer = login.authorize(&[("client_id", &client.id)]).expect(303);
        let tokens = login.redeem_with(client, &parameters(&answer)["code"], &[]).expect(200).json();
        let user = login.userinfo(text(&tokens, "access_token")).expect(200).json();
        let id_token = claims(text(&tokens, "id_token"));
        assert_eq!(user["sub"], id_token["sub"]);
        (text(&id_token, "sub").to_owned(), text(&id_token, "sid").to_owned())
    };
    // Neither the person nor the session has a name that two sectors could compare.
    let own = seen(&login.client);
    assert_eq!(own, seen(&same));
    for other in [seen(&elsewhere), seen(&public)] {
        assert_ne!(own.0, other.0);
        assert_ne!(own.1, other.1);
    }
}

pub fn a_pushed_request_works_once_and_for_its_client_only(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({ "require_pushed_authorization_requests": false }));
    let push = |client: &TestClient, fields: &[(&str, &str)]| {
        let body = form(fields);
        let request =
            Req::new("POST", "/par").header("content-type", "application/x-www-form-urlencoded").body(body);
        f.send(&request.basic(&client.id, &client.secret))
    };
    let pushed = push(&login.client, &login.request(&[])).expect(201).json();
    assert!(pushed["expires_in"].as_u64().is_some_and(|seconds| (5..=90).contains(&seconds)));
    let uri = text(&pushed, "request_uri").to_owned();
    let bring = |client: &str| login.browser.authorize(&[("client_id", client), ("request_uri", &uri)]);
    let other = web_client(f, &json!({}));
    assert_eq!(bring(&other.id).expect(400).header("location"), None);
    let answer = bring(&login.client.id).expect(303);
    login.redeem(&parameters(&answer)["code"]).expect(200);
    assert_eq!(bring(&login.client.id).expect(400).header("location"), None);
    let forged =
        login.browser.authorize(&[("client_id", &login.client.id), ("request_uri", &uri.replace('a', "b"))]);
    forged.expect(400);
    push(&login.client, &login.request(&[("request_uri", "urn:x")])).expect_error(400, "invalid_request");
    push(&login.client, &login.request(&[("redirect_uri", "https://evil.example")]))
        .expect_error(400, "invalid_request");
    push(&login.client, &login.request(&[("code_challenge_method", "plain")]))
        .expect_error(400, "invalid_request");
}

pub fn a_client_that_has_to_push_can_do_nothing_else(f: &Fixture<'_>) {
    let client = web_client(f, &json!({ "require_pushed_authorization_requests": true }));
    let browser = Browser::new(f);
    let request = [
        ("client_id", client.id.as_str()),
        ("response_type", "code"),
        ("redirect_uri", REDIRECT),
        ("scope", "openid"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    assert_eq!(parameters(&browser.authorize(&request).expect(303))["error"], "invalid_request");
}

pub fn pages_cannot_be_framed_or_cached(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({ "first_party": false }));
    let consent = login.authorize(&[]).expect(200);
    let page = Browser::new(f).authorize(&login.request(&[])).expect(200);
    for page in [consent, page] {
        assert_eq!(page.header("x-frame-options"), Some("DENY"));
        assert_eq!(page.header("cache-control"), Some("no-store"));
        assert_eq!(page.header("referrer-policy"), Some("no-referrer"));
        let policy = page.header("content-security-policy").expect("a policy");
        assert!(
            policy.contains("frame-ancestors 'none'") && policy.contains("default-src 'none'"),
            "{policy}"
        );
        assert!(!policy.contains("unsafe"), "{policy}");
    }
    f.send(&Req::new("GET", "/assets/style.css")).expect(200);
    f.send(&Req::new("GET", "/assets/submit.js")).expect(200);
}

pub fn the_authorization_request_may_be_posted(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let body = form(&login.request(&[]));
    assert!(parameters(&login.browser.post("/authorize", &body).expect(303)).contains_key("code"));
    // Without a cookie it becomes a GET first: browsers keep the cookie back from another site's POST.
    let stranger = Browser::new(f);
    let turned = stranger.post("/authorize", &body).expect(303);
    let location = turned.header("location").expect("a location").to_owned();
    let path = location.strip_prefix(&f.target.issuer()).expect("our own endpoint").to_owned();
    assert!(path.starts_with("/authorize?"), "{path}");
    stranger.get(&path).expect(200);
}
