//! A browser that knows cookies, redirects and forms, for the pages of the server.

use std::cell::RefCell;
use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

use super::harness::{Fixture, Req, Resp, encode};

pub const PASSWORD: &str = "correct horse battery staple";

/// A PKCE verifier and its challenge.
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

pub struct Browser<'a> {
    f: &'a Fixture<'a>,
    pub cookies: RefCell<BTreeMap<String, String>>,
    /// The address it comes from; the memory adapter looks at it, workerd has its own idea.
    pub address: RefCell<String>,
}

/// A form on a page: where it leads and what it carries hidden.
#[derive(Debug, Clone)]
pub struct PageForm {
    pub action: String,
    pub fields: Vec<(String, String)>,
}

impl PageForm {
    /// Reads the first form of a page.
    #[track_caller]
    pub fn of(page: &str) -> Self {
        let form = page.split("<form").nth(1).unwrap_or_else(|| panic!("no form: {page}"));
        let action = unescape(attribute(form, "action").expect("an action"));
        let inputs = form.split("<input").skip(1).filter(|input| attribute(input, "type") == Some("hidden"));
        let fields = inputs.map(|input| {
            let name = attribute(input, "name").expect("a name").to_owned();
            (name, unescape(attribute(input, "value").unwrap_or_default()))
        });
        Self { action, fields: fields.collect() }
    }

    pub fn field(&self, name: &str) -> &str {
        self.fields.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }
}

fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let tag = tag.split('>').next()?;
    let start = tag.find(&format!(" {name}=\""))? + name.len() + 3;
    tag[start..].split('"').next()
}

pub fn unescape(text: &str) -> String {
    text.replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}

pub fn form(fields: &[(&str, &str)]) -> String {
    let pairs = fields.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value)));
    pairs.collect::<Vec<_>>().join("&")
}

/// The parameters of a redirect, decoded.
#[track_caller]
pub fn parameters(response: &Resp) -> BTreeMap<String, String> {
    let location = response.header("location").unwrap_or_else(|| panic!("no redirect: {response:?}"));
    let query = location.split_once(['?', '#']).map_or("", |(_, query)| query);
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), decode(value))).collect()
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next().expect("a digit"), rest.next().expect("a digit")];
            let digits = std::str::from_utf8(&digits).expect("ascii").to_owned();
            bytes.push(u8::from_str_radix(&digits, 16).expect("hex"));
        } else {
            bytes.push(if byte == b'+' { b' ' } else { byte });
        }
    }
    String::from_utf8(bytes).expect("UTF-8")
}

pub fn challenge(verifier: &str) -> String {
    use base64ct::{Base64UrlUnpadded, Encoding as _};
    Base64UrlUnpadded::encode_string(&Sha256::digest(verifier.as_bytes()))
}

/// A page that leads on at once is to a browser what a redirect is.
fn gone_on(mut page: Resp) -> Resp {
    let onward = page.body.split("<meta http-equiv=\"refresh\" content=\"0;url=").nth(1);
    if let Some(uri) = onward.and_then(|rest| rest.split('"').next()).map(unescape) {
        page.status = 303;
        page.headers.push(("location".to_owned(), uri));
    }
    page
}

impl<'a> Browser<'a> {
    pub fn new(f: &'a Fixture<'a>) -> Self {
        let address = RefCell::new(format!("192.0.2.{}", f.unique("").len() % 200));
        Self { f, cookies: RefCell::default(), address }
    }

    /// A request as this browser would send it.
    pub fn prepared(&self, request: Req) -> Req {
        let cookies: Vec<_> =
            self.cookies.borrow().iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut request = request.header("cf-connecting-ip", self.address.borrow().clone());
        request = request.header("user-agent", "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0");
        request = request.header("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8");
        if !cookies.is_empty() {
            request = request.header("cookie", cookies.join("; "));
        }
        request
    }

    pub fn send(&self, request: Req) -> Resp {
        let response = self.f.send(&self.prepared(request));
        for (name, value) in &response.headers {
            if name.eq_ignore_ascii_case("set-cookie") {
                let (pair, attributes) = value.split_once(';').expect("attributes");
                let (key, cookie) = pair.split_once('=').expect("a pair");
                if attributes.contains("Max-Age=0") {
                    self.cookies.borrow_mut().remove(key);
                } else {
                    self.cookies.borrow_mut().insert(key.to_owned(), cookie.to_owned());
                }
            }
        }
        gone_on(response)
    }

    pub fn get(&self, path: &str) -> Resp {
        self.send(Req::new("GET", path))
    }

    pub fn post(&self, path: &str, body: &str) -> Resp {
        let request = Req::new("POST", path);
        self.send(request.header("content-type", "application/x-www-form-urlencoded").body(body))
    }

    /// Sends a page's form with more fields.
    pub fn submit(&self, page: &Resp, fields: &[(&str, &str)]) -> Resp {
        let page_form = PageForm::of(&page.body);
        let all: Vec<(&str, &str)> = page_form
            .fields
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .chain(fields.iter().copied())
            .collect();
        self.post(&self.path(&page_form.action), &form(&all))
    }

    /// The path below the issuer of one that starts at the host's root.
    pub fn path(&self, action: &str) -> String {
        let issuer = self.f.target.issuer();
        let base = issuer.splitn(4, '/').nth(3).map(|path| format!("/{path}")).unwrap_or_default();
        action.strip_prefix(&base).unwrap_or(action).to_owned()
    }

    pub fn authorize(&self, fields: &[(&str, &str)]) -> Resp {
        self.get(&format!("/authorize?{}", form(fields)))
    }

    /// Makes an account through the sign-up page and leaves the browser logged in.
    #[track_caller]
    pub fn sign_up(&self, request: &[(&str, &str)], email: &str) -> Resp {
        self.sign_up_with(request, email, PASSWORD)
    }

    #[track_caller]
    pub fn sign_up_with(&self, request: &[(&str, &str)], email: &str, password: &str) -> Resp {
        let login = self.authorize(request).expect(200);
        let link = login.body.split("href=\"").map(|rest| rest.split('"').next().unwrap_or_default());
        let link = link.map(unescape).find(|link| link.contains("/sign-up?")).expect("a link to sign up");
        let page = self.get(&self.path(&link)).expect(200);
        let fields = [
            ("email", email),
            ("name", "Ada Lovelace"),
            ("password", password),
            ("password_again", password),
        ];
        self.submit(&page, &[fields.as_slice(), &[("action", "sign_up")]].concat())
    }

    #[track_caller]
    pub fn log_in(&self, page: &Resp, email: &str, password: &str) -> Resp {
        self.submit(page, &[("username", email), ("password", password), ("action", "login")])
    }
}
