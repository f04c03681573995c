//! A small MCP server with an authorization server, all of it made up, that can be broken in one place at a time.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::{Value, json};

/// What is said to one kind of request.
#[derive(Clone)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: String,
}

impl Answer {
    pub(super) fn json(status: u16, body: &Value) -> Self {
        Self {
            status,
            headers: vec![("content-type", "application/json".to_owned())],
            body: body.to_string(),
        }
    }

    pub(super) fn html(status: u16) -> Self {
        let headers = vec![("content-type", "text/html".to_owned())];
        Self { status, headers, body: "<h1>Sign in</h1>".to_owned() }
    }

    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.retain(|(known, _)| *known != name);
        self.headers.push((name, value.into()));
        self
    }
}

/// What is said to what: by method, path and, where that isn't enough, a word.
pub(super) struct Site {
    pub(super) origin: String,
    pub(super) answers: BTreeMap<String, Answer>,
}

pub(super) const OAUTH: &str = "GET /.well-known/oauth-authorization-server";
pub(super) const OPENID: &str = "GET /.well-known/openid-configuration";
pub(super) const RESOURCE: &str = "GET /.well-known/oauth-protected-resource/mcp";

impl Site {
    pub(super) fn set(&mut self, place: &str, answer: Answer) {
        self.answers.insert(place.to_owned(), answer);
    }

    pub(super) fn remove(&mut self, place: &str) {
        assert!(self.answers.remove(place).is_some(), "{place}");
    }

    /// Changes one member of a JSON answer; null takes it out.
    pub(super) fn edit(&mut self, place: &str, member: &str, value: Value) {
        let answer = self.answers.get_mut(place).unwrap_or_else(|| panic!("nothing at {place}"));
        let mut object: Value = serde_json::from_str(&answer.body).expect("JSON");
        if value.is_null() {
            object.as_object_mut().expect("an object").remove(member).expect(member);
        } else {
            object[member] = value;
        }
        answer.body = object.to_string();
    }

    /// The same in both documents of the authorization server.
    pub(super) fn edit_metadata(&mut self, member: &str, value: &Value) {
        for place in [OAUTH, OPENID] {
            self.edit(place, member, value.clone());
        }
    }

    /// Changes one header; an empty value takes it out.
    pub(super) fn head(&mut self, place: &str, name: &'static str, value: &str) {
        let answer = self.answers.get_mut(place).unwrap_or_else(|| panic!("nothing at {place}"));
        answer.headers.retain(|(known, _)| *known != name);
        if !value.is_empty() {
            answer.headers.push((name, value.to_owned()));
        }
    }
}

fn metadata(origin: &str) -> Value {
    json!({
        "issuer": origin,
        "authorization_endpoint": format!("{origin}/authorize"),
        "token_endpoint": format!("{origin}/token"),
        "registration_endpoint": format!("{origin}/register"),
        "jwks_uri": format!("{origin}/jwks"),
        "response_types_supported": ["code"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["none", "private_key_jwt"],
        "authorization_response_iss_parameter_supported": true,
        "client_id_metadata_document_supported": true,
    })
}

/// A site at which nothing is wrong.
fn sound(origin: &str) -> Site {
    let place = format!("{origin}{}", RESOURCE.strip_prefix("GET ").expect("GET"));
    let challenge = format!("Bearer resource_metadata=\"{place}\", scope=\"notes:read\"");
    let resource = json!({ "resource": format!("{origin}/mcp"), "authorization_servers": [origin], "scopes_supported": ["notes:read"] });
    let refused = format!(
        "http://127.0.0.1:33418/callback?error=invalid_request&state=made-up-by-mintedge-doctor&iss={}",
        origin.replace(':', "%3A")
    );
    let registered = json!({ "client_id": "c1", "redirect_uris": ["http://127.0.0.1:33418/callback"] });
    let preflight = Answer { status: 204, headers: Vec::new(), body: String::new() }
        .with("access-control-allow-origin", "*")
        .with("access-control-allow-headers", "*");
    let token = json!({ "access_token": "t", "token_type": "Bearer", "expires_in": 300 });
    let config = json!({ "version": 7, "config": {} });
    let schedule = json!({ "kid": "k1", "alg": "ES256", "state": "active", "created_at": 1, "active_from": 1, "retire_from": null, "gone_at": null });
    let keys = json!({ "keys": [schedule], "roots": [], "kek": { "id": "x", "wrapped": 2, "others": 0 } });
    let answers = [
        ("POST /mcp", Answer::json(401, &json!({})).with("www-authenticate", &*challenge)),
        (
            "POST /mcp token",
            Answer::json(401, &json!({}))
                .with("www-authenticate", format!("{challenge}, error=\"invalid_token\"")),
        ),
        (RESOURCE, Answer::json(200, &resource)),
        (OAUTH, Answer::json(200, &metadata(origin)).with("date", "")),
        (OPENID, Answer::json(200, &metadata(origin))),
        ("OPTIONS /.well-known/oauth-authorization-server", preflight),
        ("GET /jwks", Answer::json(200, &json!({ "keys": [{ "kty": "EC", "kid": "k1" }] }))),
        ("POST /register nonsense", Answer::json(400, &json!({ "error": "invalid_client_metadata" }))),
        ("POST /register", Answer::json(201, &registered).with("cache-control", "no-store")),
        ("GET /authorize stranger", Answer::html(400)),
        ("GET /authorize", Answer::html(200)),
        ("GET /authorize plain", Answer::html(303).with("location", refused)),
        ("POST /token", Answer::json(401, &json!({ "error": "invalid_client" }))),
        ("POST /token admin", Answer::json(200, &token)),
        ("GET /login", Answer::html(200)),
        ("GET /admin/v1/config", Answer::json(200, &config)),
        ("GET /admin/v1/keys", Answer::json(200, &keys)),
    ];
    let answers = answers.map(|(place, answer)| (place.to_owned(), answer));
    Site { origin: origin.to_owned(), answers: answers.into() }
}

/// A site that is served until this is dropped.
pub(super) struct Served {
    pub(super) origin: String,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Served {
    /// Serves the site that `change` makes of a sound one.
    pub(super) fn start(change: impl FnOnce(&mut Site)) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let origin = format!("http://{}", listener.local_addr().expect("bound"));
        let mut site = sound(&origin);
        change(&mut site);
        let stop = Arc::new(AtomicBool::new(false));
        let thread = std::thread::spawn({
            let stop = Arc::clone(&stop);
            move || {
                for stream in listener.incoming().flatten() {
                    if stop.load(Ordering::SeqCst) {
                        return;
                    }
                    let _ = serve(&site, &stream);
                }
            }
        });
        Self { origin, stop, thread: Some(thread) }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.origin.trim_start_matches("http://"));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve(site: &Site, stream: &TcpStream) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let mut reader = BufReader::new(stream);
    let (mut first, mut length, mut authorized) = (String::new(), 0, false);
    reader.read_line(&mut first)?;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim().split_once(':') else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().unwrap_or_default(),
            "authorization" => authorized = true,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let answer = site.answers.get(&place(&first, authorized, &String::from_utf8_lossy(&body)));
    let nothing = Answer::json(404, &json!({ "error": "not_found" }));
    write(stream, answer.unwrap_or(&nothing))
}

/// The key of what is asked for.
fn place(first: &str, authorized: bool, body: &str) -> String {
    let mut words = first.split(' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let kind = match path {
        "/mcp" if authorized => " token",
        "/register" if body.starts_with('"') => " nonsense",
        "/authorize" if query.contains("client_id=made-up") => " stranger",
        "/authorize" if !query.contains("code_challenge=") => " plain",
        "/token" if body.contains("grant_type=client_credentials") => " admin",
        _ => "",
    };
    format!("{method} {path}{kind}")
}

fn write(mut stream: &TcpStream, answer: &Answer) -> std::io::Result<()> {
    write!(
        stream,
        "HTTP/1.1 {} X\r\nconnection: close\r\ncontent-length: {}\r\n",
        answer.status,
        answer.body.len()
    )?;
    for (name, value) in &answer.headers {
        write!(stream, "{name}: {value}\r\n")?;
    }
    write!(stream, "\r\n{}", answer.body)?;
    stream.flush()
}
