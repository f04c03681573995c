//! What the connections do: get codes, redeem them, refresh.

use std::sync::{Arc, Mutex, PoisonError};

use crate::bench::http::{Connection, Result, between, body, page_request, token_request};
use crate::bench::load::{CONNECTIONS, Errand};

const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
/// `https://app.example/cb`.
const REDIRECT: &str = "https%3A%2F%2Fapp.example%2Fcb";

/// Where a client gets tokens for people who have logged in.
#[derive(Clone)]
pub(super) struct Door {
    pub(super) port: u16,
    pub(super) client_id: String,
    /// The client's credentials, as a Basic header has them.
    pub(super) basic: String,
    /// What to ask for, percent-encoded.
    pub(super) scope: &'static str,
    /// The people.
    pub(super) cookies: Arc<[String]>,
}

impl Door {
    /// A code for the person with `cookie`.
    fn code(&self, connection: &mut Connection, cookie: &str) -> Result<String> {
        let Self { client_id, scope, .. } = self;
        let path = format!(
            "/authorize?response_type=code&client_id={client_id}&redirect_uri={REDIRECT}&scope={scope}\
             &code_challenge={CHALLENGE}&code_challenge_method=S256&state=s"
        );
        let answer = connection.ask(&page_request(self.port, cookie, &path))?;
        let text = String::from_utf8_lossy(answer);
        let found = between(&text, "?code=", &['&', '\r']).filter(|_| text.starts_with("HTTP/1.1 30"));
        found.map(str::to_owned).ok_or_else(|| format!("no code: {text}"))
    }

    /// The request that redeems `code`, which is still percent-encoded.
    fn redemption(&self, code: &str) -> Vec<u8> {
        let form = format!(
            "grant_type=authorization_code&code={code}&redirect_uri={REDIRECT}&code_verifier={VERIFIER}"
        );
        token_request(self.port, &self.basic, &form)
    }

    fn refresh(&self, token: &str) -> Vec<u8> {
        token_request(self.port, &self.basic, &format!("grant_type=refresh_token&refresh_token={token}"))
    }

    /// How long the body of the answer to a refresh is, in bytes.
    pub(super) fn answer_length(&self) -> Result<usize> {
        let connection = &mut Connection::open(self.port)?;
        let cookie = self.cookies.first().ok_or("nobody has logged in")?;
        let code = self.code(connection, cookie)?;
        let token = refresh_token(connection.expect_ok(&self.redemption(&code))?)?;
        Ok(body(connection.expect_ok(&self.refresh(&token))?).len())
    }
}

/// The refresh token of a valid answer of a token endpoint.
fn refresh_token(answer: &[u8]) -> Result<String> {
    let text = String::from_utf8_lossy(answer);
    let member =
        |name: &str| between(&text, &format!("\"{name}\":\""), &['"']).filter(|text| !text.is_empty());
    let is_bearer = member("token_type").is_some_and(|kind| kind.eq_ignore_ascii_case("bearer"));
    match (member("access_token"), member("refresh_token")) {
        (Some(_), Some(token)) if is_bearer => Ok(token.to_owned()),
        _ => Err(format!("no tokens: {text}")),
    }
}

/// Refreshes its own grants in turn, each with its newest token.
struct Refresh {
    door: Door,
    tokens: Vec<String>,
    next: usize,
}

impl Errand for Refresh {
    fn run(&mut self, connection: &mut Connection) -> Result {
        let count = self.tokens.len().max(1);
        let token = self.tokens.get_mut(self.next % count).ok_or("no grant to refresh")?;
        self.next += 1;
        let successor = refresh_token(connection.expect_ok(&self.door.refresh(token))?)?;
        if successor == *token {
            return Err("the refresh token did not change".to_owned());
        }
        *token = successor;
        Ok(())
    }
}

/// The refresh tokens of one grant of each of the first `grants` people.
pub(super) fn tokens(door: &Door, grants: usize) -> Result<Vec<String>> {
    let mut connection = Connection::open(door.port)?;
    let mut tokens = Vec::new();
    for cookie in door.cookies.iter().take(grants) {
        let code = door.code(&mut connection, cookie)?;
        tokens.push(refresh_token(connection.expect_ok(&door.redemption(&code))?)?);
    }
    Ok(tokens)
}

/// Errands that refresh with these tokens, over as many connections as there are tokens for.
pub(super) fn refreshing(door: &Door, tokens: &[String]) -> Vec<Box<dyn Errand>> {
    let share = tokens.len().div_ceil(usize::try_from(CONNECTIONS).unwrap_or(1)).max(1);
    let errand = |tokens: &[String]| -> Box<dyn Errand> {
        Box::new(Refresh { door: door.clone(), tokens: tokens.to_vec(), next: 0 })
    };
    tokens.chunks(share).map(errand).collect()
}

/// Redeems codes that it got before the round.
pub(super) struct Codes {
    door: Door,
    /// Whose codes this connection gets.
    people: Vec<String>,
    each: usize,
    /// Of all connections: whoever is quicker redeems more.
    ready: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Codes {
    /// Errands that redeem `each` codes of every person in a round.
    pub(super) fn errands(door: &Door, each: usize) -> Vec<Box<dyn Errand>> {
        let ready = Arc::new(Mutex::default());
        let share = door.cookies.len().div_ceil(usize::try_from(CONNECTIONS).unwrap_or(1)).max(1);
        let errand = |people: &[String]| -> Box<dyn Errand> {
            Box::new(Self { door: door.clone(), people: people.to_vec(), each, ready: Arc::clone(&ready) })
        };
        door.cookies.chunks(share).map(errand).collect()
    }
}

impl Errand for Codes {
    fn prepare(&mut self, connection: &mut Connection) -> Result {
        for _ in 0..self.each {
            for cookie in &self.people {
                let code = self.door.code(connection, cookie)?;
                let request = self.door.redemption(&code);
                self.ready.lock().unwrap_or_else(PoisonError::into_inner).push(request);
            }
        }
        Ok(())
    }

    fn run(&mut self, connection: &mut Connection) -> Result {
        let request = self.ready.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let request = request.ok_or("no code is left")?;
        refresh_token(connection.expect_ok(&request)?).map(drop)
    }
}
