//! Somebody who logs in with a browser.

use std::collections::BTreeMap;

use base64ct::{Base64, Encoding as _};
use serde_json::Value;

use super::TestServer;

/// A client that logs people in.
pub(crate) const APP: &str = r#"
[[client]]
client_id = "app"
token_endpoint_auth_method = "none"
grant_types = ["authorization_code", "refresh_token"]
redirect_uris = ["https://app.example.com/cb"]
scopes = ["openid", "offline_access", "email"]
first_party = true
"#;

const REQUEST: &str = "response_type=code&prompt=consent&code_challenge_method=S256\
    &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

/// A browser with its cookies.
struct Browser<'a> {
    issuer: &'a str,
    agent: ureq::Agent,
    cookies: BTreeMap<String, String>,
}

/// A form on a page: where it leads, and what it carries hidden.
struct Form {
    action: String,
    hidden: Vec<(String, String)>,
}

impl Form {
    fn of(page: &str) -> Self {
        let form = page.split("<form").nth(1).unwrap_or_else(|| panic!("no form: {page}"));
        let hidden = form.split("<input type=\"hidden\"").skip(1);
        let hidden = hidden.map(|input| (attribute(input, "name"), attribute(input, "value")));
        Self { action: attribute(form, "action"), hidden: hidden.collect() }
    }
}

fn attribute(tag: &str, name: &str) -> String {
    let rest = tag.split(&format!(" {name}=\"")).nth(1).expect(name);
    rest.split('"').next().unwrap_or_default().to_owned()
}

impl<'a> Browser<'a> {
    fn at(server: &'a TestServer) -> Self {
        let config = ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0);
        let agent = config.max_redirects_will_error(false).build().new_agent();
        Self { issuer: server.issuer(), agent, cookies: BTreeMap::new() }
    }

    /// Sends a request; a body makes it a form. Returns where it leads, and the page.
    fn send(&mut self, path: &str, form: Option<&str>) -> (Option<String>, String) {
        let method = if form.is_some() { "POST" } else { "GET" };
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.issuer))
            .header("cookie", cookies.join("; "))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form.unwrap_or_default().to_owned());
        let mut response = self.agent.run(request.expect("a request")).expect("an answer");
        for cookie in response.headers().get_all("set-cookie") {
            let pair = cookie.to_str().expect("text").split(';').next().unwrap_or_default();
            let (name, value) = pair.split_once('=').expect("a pair");
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        let location = response.headers().get("location").map(|url| url.to_str().expect("text").to_owned());
        let page = response.body_mut().read_to_string().expect("a page");
        // The answer to a form is a page that leads on.
        let onward = page.split("http-equiv=\"refresh\" content=\"0;url=").nth(1);
        let onward = onward.and_then(|rest| rest.split('"').next()).map(|url| url.replace("&amp;", "&"));
        (location.or(onward), page)
    }

    fn submit(&mut self, page: &str, fields: &[(&str, &str)]) -> (Option<String>, String) {
        let form = Form::of(page);
        let all = form.hidden.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let all = all.chain(fields.iter().copied());
        let body: Vec<String> = all.map(|(name, value)| format!("{name}={}", encode(value))).collect();
        self.send(&form.action, Some(&body.join("&")))
    }
}

pub(crate) fn encode(text: &str) -> String {
    let byte = |byte: u8| {
        if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") }
    };
    text.bytes().map(byte).collect()
}

/// An application that logs people in.
pub(crate) struct Application<'a> {
    pub(crate) client_id: &'a str,
    pub(crate) secret: Option<&'a str>,
    pub(crate) redirect_uri: &'a str,
    pub(crate) scope: &'a str,
}

impl Application<'_> {
    /// Logs somebody in; the answer of the token endpoint, unless the login failed.
    pub(crate) fn log_in(&self, server: &TestServer, login: &str, password: &str) -> Option<Value> {
        let mut browser = Browser::at(server);
        let redirect = format!("redirect_uri={}", encode(self.redirect_uri));
        let query = format!("{REQUEST}&client_id={}&{redirect}&scope={}", self.client_id, encode(self.scope));
        let (_, page) = browser.send(&format!("/authorize?{query}"), None);
        let fields = [("username", login), ("password", password), ("action", "login")];
        let (mut location, page) = browser.submit(&page, &fields);
        if location.is_none() && page.contains("value=\"allow\"") {
            location = browser.submit(&page, &[("action", "allow")]).0;
        }
        let location = location?;
        let code = location.split("code=").nth(1).and_then(|rest| rest.split('&').next()).expect("a code");
        let form = format!("grant_type=authorization_code&{redirect}&code={code}&code_verifier={VERIFIER}");
        Some(ask_for_token(server, self.client_id, self.secret, &form))
    }
}

/// Has a device of a client ask for codes and somebody approve it; the answer of the token endpoint.
pub(crate) fn connect_device(
    server: &TestServer,
    (client_id, secret): (&str, Option<&str>),
    scope: &str,
    person: (&str, &str),
) -> Value {
    let begun =
        post(server, "/device_authorization", (client_id, secret), &format!("scope={}", encode(scope)));
    let code = begun["user_code"].as_str().unwrap_or_else(|| panic!("{client_id}: {begun}"));
    let page = begun["verification_uri"].as_str().expect("a page");
    connect(server, page, code, person, "allow");
    let device_code = begun["device_code"].as_str().expect("a device code");
    let grant = encode("urn:ietf:params:oauth:grant-type:device_code");
    ask_for_token(server, client_id, secret, &format!("grant_type={grant}&device_code={device_code}"))
}

/// Has a client ask somebody through the backchannel, who signs in and permits it. Returns the answer of the token endpoint.
pub(crate) fn ask_person(
    server: &TestServer,
    (client_id, secret): (&str, Option<&str>),
    scope: &str,
    (login, password): (&str, &str),
) -> Value {
    let token = "&client_notification_token=a-token-for-those-that-are-notified";
    let form = format!("scope={}&login_hint={}{token}", encode(&format!("openid {scope}")), encode(login));
    let begun = post(server, "/bc-authorize", (client_id, secret), &form);
    let id = begun["auth_req_id"].as_str().unwrap_or_else(|| panic!("{client_id}: {begun}"));
    let mut browser = Browser::at(server);
    let (_, page) = browser.send("/login", None);
    browser.submit(&page, &[("username", login), ("password", password), ("action", "login")]);
    let (_, page) = browser.send("/account", None);
    let fields = [("request_password", password), ("action", "allow_request")];
    let (_, page) = browser.submit(&page, &fields);
    assert!(page.contains("banner good"), "{page}");
    let grant = encode("urn:openid:params:grant-type:ciba");
    ask_for_token(server, client_id, secret, &format!("grant_type={grant}&auth_req_id={id}"))
}

/// Posts a form to the token endpoint and expects a token.
pub(crate) fn ask_for_token(server: &TestServer, client_id: &str, secret: Option<&str>, form: &str) -> Value {
    let answer = post(server, "/token", (client_id, secret), form);
    assert!(answer.get("access_token").is_some(), "{client_id} {form}: {answer}");
    answer
}

/// Posts a form as a client.
fn post(server: &TestServer, path: &str, (client_id, secret): (&str, Option<&str>), form: &str) -> Value {
    let config = ureq::Agent::config_builder().http_status_as_error(false);
    let request = ureq::http::Request::builder()
        .method("POST")
        .uri(format!("{}{path}", server.issuer()))
        .header("content-type", "application/x-www-form-urlencoded");
    let request = match secret {
        Some(secret) => {
            let basic = Base64::encode_string(format!("{client_id}:{secret}").as_bytes());
            request.header("authorization", format!("Basic {basic}")).body(form.to_owned())
        }
        None => request.body(format!("{form}&client_id={client_id}")),
    };
    let mut response = config.build().new_agent().run(request.expect("a request")).expect("an answer");
    let text = response.body_mut().read_to_string().expect("text");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Logs somebody in at [`APP`] and says whether that worked. If so, the client has a grant with a refresh token.
pub(crate) fn log_in(server: &TestServer, login: &str, password: &str) -> bool {
    let application = Application {
        client_id: "app",
        secret: None,
        redirect_uri: "https://app.example.com/cb",
        scope: "openid offline_access",
    };
    let tokens = application.log_in(server, login, password);
    assert!(tokens.as_ref().is_none_or(|tokens| tokens.get("refresh_token").is_some()), "{tokens:?}");
    tokens.is_some()
}

/// Opens the address of an authorization request, signs in, and permits it or not. Returns where the browser is sent.
pub(crate) fn answer(
    server: &TestServer,
    url: &str,
    (login, password): (&str, &str),
    action: &str,
) -> String {
    let mut browser = Browser::at(server);
    let (_, page) = browser.send(url.strip_prefix(server.issuer()).expect("the server's"), None);
    let fields = [("username", login), ("password", password), ("action", "login")];
    let (location, page) = browser.submit(&page, &fields);
    let location = location.or_else(|| browser.submit(&page, &[("action", action)]).0);
    location.unwrap_or_else(|| panic!("the browser stays: {page}"))
}

/// Goes to `url` as a browser does, and reads the page.
pub(crate) fn visit(url: &str) -> (u16, String) {
    let agent = ureq::Agent::config_builder().http_status_as_error(false).build().new_agent();
    let mut response = agent.get(url).call().expect("an answer");
    assert_eq!(response.headers()["referrer-policy"], "no-referrer");
    (response.status().as_u16(), response.body_mut().read_to_string().expect("a page"))
}

/// Opens the page of devices, signs in, types the code and permits what it asks for, or not.
pub(crate) fn connect(
    server: &TestServer,
    page: &str,
    code: &str,
    (login, password): (&str, &str),
    action: &str,
) {
    let mut browser = Browser::at(server);
    let path = page.strip_prefix(server.issuer()).expect("the server's");
    let (_, page) = browser.send(path, None);
    let fields = [("username", login), ("password", password), ("action", "login")];
    let (_, _) = browser.submit(&page, &fields);
    let (_, page) = browser.send(path, None);
    let (_, page) = browser.submit(&page, &[("user_code", code), ("action", "continue")]);
    browser.submit(&page, &[("action", action)]);
}
