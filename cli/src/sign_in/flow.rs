//! The authorization code flow of a native app (RFC 8252): a browser, PKCE (RFC 7636), a loopback address, and `iss` (RFC 9207).

use std::io::Write as _;
use std::time::Duration;

use mintedge::protocol::admin::WhoView;
use mintedge::protocol::codec::encoding::{base64url, secret_base64url};
use mintedge::protocol::model::client::CLI_CLIENT_ID;
use mintedge::protocol::model::entropy::Entropy as _;
use mintedge::protocol::model::scope::ScopeSet;
use mintedge::protocol::model::secret::Secret;
use sha2::{Digest as _, Sha256};

use super::browser;
use super::loopback::{Answer, Loopback, Outcome};
use super::place::{Login, Tokens};
use super::renew::check_role;
use crate::encoding::form;
use crate::failure::{Exit, Failure};
use crate::random::SystemEntropy;
use crate::remote::{Server, TokenResponse, redeem_code, revoke, who};
use crate::time::now;

/// How long somebody has to sign in.
const PATIENCE: Duration = Duration::from_mins(5);

/// How somebody wants to sign in.
#[derive(Debug)]
pub(crate) struct How<'a> {
    /// The scopes to ask for.
    pub(crate) scopes: &'a ScopeSet,
    /// Whether to open a browser.
    pub(crate) opens_browser: bool,
    /// Whether to ask which account, although the browser has one.
    pub(crate) other_account: bool,
}

impl How<'_> {
    /// The value of `scope`: the login outlives the browser's.
    pub(super) fn asked(&self) -> String {
        format!("offline_access {}", self.scopes.to_wire())
    }
}

/// Has somebody sign in at `server` with a browser on this machine.
///
/// # Errors
/// If they don't, say no or are no administrator, or if the answer isn't one to this request.
pub(crate) fn sign_in(server: &Server, how: &How<'_>) -> Result<Login, Failure> {
    let (state, verifier) = (random(), random());
    let mut listener = Loopback::start(&state)?;
    let url = url(server, how, listener.redirect_uri(), (&state, &verifier));
    invite(&url, how.opens_browser && browser::open(&url));
    let mut answer = listener.wait(PATIENCE)?;
    let login = checked(server, &answer)
        .and_then(|code| redeem_code(server, &code, listener.redirect_uri(), &verifier))
        .and_then(|issued| login(server, issued));
    answer.finish(match &login {
        Ok(login) => Outcome::Done(&login.account),
        Err(failure) => Outcome::Failed(failure.description()),
    });
    login
}

/// 256 bits in base64url: as long as RFC 7636 §4.1 wants a verifier to be.
fn random() -> Secret {
    let mut bytes = [0_u8; 32];
    SystemEntropy.fill(&mut bytes);
    Secret::received(secret_base64url(&bytes))
}

fn url(server: &Server, how: &How<'_>, redirect_uri: &str, (state, verifier): (&Secret, &Secret)) -> String {
    let challenge = base64url(&Sha256::digest(verifier.expose().as_bytes()));
    let scope = how.asked();
    let resource = server.issuer().admin_resource();
    let mut parameters = vec![
        ("response_type", "code"),
        ("client_id", CLI_CLIENT_ID),
        ("redirect_uri", redirect_uri),
        ("scope", &scope),
        ("resource", &resource),
        ("state", state.expose()),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ];
    if how.other_account {
        parameters.push(("prompt", "select_account"));
    }
    format!("{}?{}", server.issuer().endpoint("/authorize"), form(&parameters))
}

/// Says where to sign in. Standard output belongs to the answer.
fn invite(url: &str, is_open: bool) {
    let begin = if is_open {
        "Your browser opens a page to sign in. If it doesn't, open this one on this machine:"
    } else {
        "Open this page in a browser on this machine, and sign in:"
    };
    // Whoever can't read it gives up after a while.
    let _ = writeln!(anstream::stderr(), "{begin}\n\n  {url}\n\nWaiting for up to five minutes …");
}

/// The code of an answer that is the server's.
fn checked(server: &Server, answer: &Answer) -> Result<Secret, Failure> {
    let issuer = server.issuer().as_str();
    // RFC 9207 §2.4: an answer of another server is a mix-up, whatever else it says.
    if answer.parameter("iss") != Some(issuer) {
        let description =
            format!("the answer in the browser is not one of {issuer}; nothing was done with it");
        return Err(Failure::new(Exit::Refused, "issuer_mismatch", description));
    }
    if let Some(error) = answer.parameter("error") {
        return Err(refused(error, answer.parameter("error_description").unwrap_or_default()));
    }
    let code = answer.parameter("code").map(Secret::received);
    code.ok_or_else(|| {
        Failure::new(Exit::Refused, "invalid_response", "the answer in the browser has no code")
    })
}

pub(super) fn refused(error: &str, description: &str) -> Failure {
    // It comes from outside, by way of the browser.
    let plain = |text: &str| text.chars().filter(|letter| !letter.is_control()).take(300).collect::<String>();
    let advice = match error {
        "access_denied" => {
            ". An administrator stands in `[[administrator]]` of the configuration; to sign in with another account: \
             `mintedge login --other-account`"
        }
        _ => "",
    };
    let description = if description.is_empty() { plain(error) } else { plain(description) };
    Failure::new(Exit::Refused, plain(error), format!("{description}{advice}"))
}

/// What was issued, as a login that can be kept.
pub(super) fn login(server: &Server, issued: TokenResponse) -> Result<Login, Failure> {
    let unexpected = |what: &str| {
        let description =
            format!("{} issued no {what}; is this command as new as the server?", server.issuer().as_str());
        Failure::new(Exit::Unreachable, "unexpected_answer", description)
    };
    let scopes = ScopeSet::parse(issued.scope.as_deref().unwrap_or_default()).unwrap_or_default();
    let tokens = Tokens {
        expires_at: now().plus(issued.expires_in.unwrap_or_default()),
        refresh_token: issued.refresh_token.ok_or_else(|| unexpected("refresh token"))?,
        access_token: issued.access_token,
    };
    let refresh_token = tokens.refresh_token.clone();
    let login = known(server, scopes, tokens);
    if login.is_err() {
        // Nobody keeps it. If that fails it ends by itself.
        let _ = revoke(server, &refresh_token);
    }
    login
}

/// The login that these tokens are of, if it is an administrator's.
fn known(server: &Server, scopes: ScopeSet, tokens: Tokens) -> Result<Login, Failure> {
    let WhoView { sub, login, .. } = who(server, Secret::received(tokens.access_token.clone()))?;
    let login = login.unwrap_or_else(|| sub.clone());
    let login = Login::new(server, (sub, login), scopes, tokens);
    check_role(&login)?;
    Ok(login)
}
