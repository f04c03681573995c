//! The loopback address that the browser comes back to (RFC 8252 §7.3): any free port, for one answer.
//!
//! Whatever isn't the answer to this very request is turned away and waited on: other programs and pages may call at the port, too.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use mintedge::protocol::codec::encoding::form_decode;
use mintedge::protocol::model::secret::Secret;

use crate::failure::{Exit, Failure};

/// The path of the redirect URI.
const PATH: &str = "/callback";
/// Largest head of a request, in bytes.
const MAX_HEAD: u64 = 16 * 1024;
/// Most connections in one login: browsers open some that they don't use.
const MAX_CONNECTIONS: usize = 1000;
/// How long a connection may say nothing.
const SILENCE: Duration = Duration::from_secs(10);

/// A listener for one answer.
pub(super) struct Loopback {
    redirect_uri: String,
    answers: Receiver<Answer>,
}

/// The answer to the authorization request, and the browser that waits for a page.
pub(super) struct Answer {
    parameters: BTreeMap<String, String>,
    stream: TcpStream,
}

/// What the page says in the end.
#[derive(Clone, Copy)]
pub(super) enum Outcome<'a> {
    /// Somebody has signed in.
    Done(&'a str),
    /// Nobody has, for this reason.
    Failed(&'a str),
}

impl Loopback {
    /// Listens for an answer that carries `state`.
    ///
    /// # Errors
    /// If there is no loopback address to listen at.
    pub(super) fn start(state: &Secret) -> Result<Self, Failure> {
        let listener = TcpListener::bind("127.0.0.1:0").or_else(|_| TcpListener::bind("[::1]:0"));
        let bound = listener.and_then(|listener| listener.local_addr().map(|address| (listener, address)));
        let (listener, address) = bound
            .map_err(|error| Failure::other(format!("can't listen for the browser's answer: {error}")))?;
        let (sender, answers) = channel();
        let expected = Expected { authority: address.to_string(), state: state.clone() };
        std::thread::spawn(move || {
            for stream in listener.incoming().take(MAX_CONNECTIONS).flatten() {
                let (sender, expected) = (sender.clone(), expected.clone());
                std::thread::spawn(move || receive(stream, &expected, &sender));
            }
        });
        Ok(Self { redirect_uri: format!("http://{address}{PATH}"), answers })
    }

    pub(super) fn redirect_uri(&self) -> &str {
        &self.redirect_uri
    }

    /// Waits for the answer.
    ///
    /// # Errors
    /// If none comes in time.
    pub(super) fn wait(&mut self, patience: Duration) -> Result<Answer, Failure> {
        self.answers.recv_timeout(patience).map_err(|_| {
            let description = "nobody has signed in; nothing was changed. Run `mintedge login` to try again";
            Failure::new(Exit::Other, "timeout", description)
        })
    }
}

#[derive(Clone)]
struct Expected {
    authority: String,
    state: Secret,
}

/// Reads one request. An answer with the right `state` is passed on with its connection.
fn receive(stream: TcpStream, expected: &Expected, sender: &Sender<Answer>) {
    let timeouts = stream.set_read_timeout(Some(SILENCE)).and(stream.set_write_timeout(Some(SILENCE)));
    let head = timeouts.ok().and_then(|()| head(&stream));
    let Some((target, host)) = head else { return };
    let parameters = target.strip_prefix(PATH).and_then(|rest| rest.strip_prefix('?')).and_then(parameters);
    let is_own = host == expected.authority;
    let answer = parameters.filter(|parameters| is_own && expected.is_answered_by(parameters));
    let Some(parameters) = answer else {
        let text = "This is not what the <code>mintedge</code> command on this machine waits for.";
        return respond(&stream, "404 Not Found", &page("Nothing here", text));
    };
    // Nobody waits any more if the send fails.
    let _ = sender.send(Answer { parameters, stream });
}

impl Expected {
    /// Whether the answer carries the request's `state`. Other users of this machine may have seen that among the arguments of the
    /// program that opens the browser; what they can't have is a code that goes with the verifier.
    fn is_answered_by(&self, parameters: &BTreeMap<String, String>) -> bool {
        let state = parameters.get("state").map(|state| Secret::received(state.as_str()).hash());
        state.is_some_and(|state| state == self.state.hash())
    }
}

/// The target and the `Host` of a GET request.
fn head(stream: &TcpStream) -> Option<(String, String)> {
    let mut lines = BufReader::new(stream.take(MAX_HEAD)).lines();
    let first = lines.next()?.ok()?;
    let target = first.strip_prefix("GET ")?.split(' ').next()?.to_owned();
    let mut host = String::new();
    for line in lines {
        let line = line.ok()?;
        if line.is_empty() {
            return Some((target, host));
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("host")
        {
            value.trim().clone_into(&mut host);
        }
    }
    None
}

/// The parameters of a query; `None` if one is malformed or there twice.
fn parameters(query: &str) -> Option<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    for pair in query.split('&') {
        let (name, value) = pair.split_once('=')?;
        if found.insert(form_decode(name)?, form_decode(value)?).is_some() {
            return None;
        }
    }
    Some(found)
}

impl Answer {
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.get(name).map(String::as_str)
    }

    /// Shows the person at the browser what came of it.
    pub(super) fn finish(&mut self, outcome: Outcome<'_>) {
        match outcome {
            Outcome::Done(login) => {
                let text = format!(
                    "The <code>mintedge</code> command is signed in as <strong>{}</strong>. You can close this window.",
                    escaped(login)
                );
                respond(&self.stream, "200 OK", &page("You are signed in", &text));
            }
            Outcome::Failed(why) => {
                let text = format!("{}. You can close this window; the command says the same.", escaped(why));
                respond(&self.stream, "400 Bad Request", &page("You are not signed in", &text));
            }
        }
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn page(title: &str, text: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n<style>\n\
         :root {{ color-scheme: light dark; font: 1.125rem/1.5 system-ui, sans-serif; }}\n\
         main {{ max-width: 32rem; margin: 20vh auto 0; padding: 0 1.5rem; overflow-wrap: anywhere; }}\n\
         </style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n<p>{text}</p>\n</main>\n</body>\n</html>\n"
    )
}

fn respond(mut stream: &TcpStream, status: &str, page: &str) {
    let length = page.len();
    // The address holds a code: it is nobody else's to see, however little it is good for by now.
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/html; charset=utf-8\r\ncontent-length: {length}\r\n\
         cache-control: no-store\r\nreferrer-policy: no-referrer\r\nx-content-type-options: nosniff\r\n\
         content-security-policy: default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'\r\nconnection: close\r\n\r\n"
    );
    // Whoever has left misses the page and nothing else.
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(page.as_bytes()));
}
