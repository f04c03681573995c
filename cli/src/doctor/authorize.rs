//! Step 5: the authorization endpoint, as far as it goes without a person.

use mintedge::protocol::codec::encoding::form_decode;
use serde_json::Value;
use ureq::http::Method;

use super::fetch::{Ask, Fetcher, Reply, text};
use super::report::{Report, quoted};
use super::rule;
use crate::encoding::form;

/// The example of RFC 7636, Appendix B: nobody redeems what it is for.
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const STATE: &str = "made-up-by-mintedge-doctor";
/// Where nobody may be sent.
const STRANGER: &str = "https://mintedge-doctor.invalid/callback";

/// A client to ask as, and what for.
pub(super) struct Client<'a> {
    pub(super) id: &'a str,
    pub(super) redirect_uri: &'a str,
    pub(super) resource: &'a str,
    pub(super) scope: Option<&'a str>,
}

impl Client<'_> {
    fn request(&self, endpoint: &str, with_pkce: bool) -> String {
        let mut parameters = vec![
            ("response_type", "code"),
            ("client_id", self.id),
            ("redirect_uri", self.redirect_uri),
            ("state", STATE),
            ("resource", self.resource),
        ];
        parameters.extend(self.scope.map(|scope| ("scope", scope)));
        if with_pkce {
            parameters.extend([("code_challenge", CHALLENGE), ("code_challenge_method", "S256")]);
        }
        let separator = if endpoint.contains('?') { '&' } else { '?' };
        format!("{endpoint}{separator}{}", form(&parameters))
    }
}

/// Looks at the endpoint, with a client that nobody knows and with `client` if there is one.
pub(super) fn check(
    report: &mut Report,
    fetcher: &Fetcher,
    metadata: &Value,
    resource: &str,
    client: Option<&Client<'_>>,
) {
    report.step("authorize");
    let Some(endpoint) = text(metadata, "authorization_endpoint") else {
        return report.skip("there is no authorization endpoint");
    };
    check_stranger(report, fetcher, endpoint, resource);
    let Some(client) = client else {
        return report
            .skip("whether a client gets to the login page: name one with --client-id, or pass --register");
    };
    check_client(report, fetcher, metadata, endpoint, client);
}

/// A client that isn't known is never answered at its redirect URI.
fn check_stranger(report: &mut Report, fetcher: &Fetcher, endpoint: &str, resource: &str) {
    let stranger = Client { id: "made-up-by-mintedge-doctor", redirect_uri: STRANGER, resource, scope: None };
    let reply = match visit(fetcher, &stranger.request(endpoint, true)) {
        Ok(reply) => reply,
        Err(why) => return report.fail(rule::AUTHORIZE, format!("{}: {why}", quoted(endpoint))),
    };
    let leads_out =
        location(&reply).is_some_and(|location| location.starts_with("https://mintedge-doctor.invalid"));
    let said = "a client that nobody knows has people sent to its address: an open redirector";
    if report.demand(!leads_out, rule::NO_OPEN_REDIRECT, said)
        && report.demand(
            reply.status < 500,
            rule::AUTHORIZE,
            format!("an unknown client is answered with {}", reply.status),
        )
    {
        report.ok("a client that nobody knows leads nowhere");
    }
}

fn check_client(
    report: &mut Report,
    fetcher: &Fetcher,
    metadata: &Value,
    endpoint: &str,
    client: &Client<'_>,
) {
    let reply = match visit(fetcher, &client.request(endpoint, true)) {
        Ok(reply) => reply,
        Err(why) => return report.fail(rule::AUTHORIZE, format!("{}: {why}", quoted(endpoint))),
    };
    if let Some(answer) = answer_of(&reply, client.redirect_uri) {
        let said = answer.get("error").unwrap_or("no error");
        let why = answer.get("error_description").unwrap_or_default();
        report.fail(rule::AUTHORIZE, format!("the client is refused: {} {}", quoted(said), quoted(why)));
        judge_error(report, metadata, &answer);
        return;
    }
    let said = format!("the client gets no login page, but {}", reply.status);
    if report.demand(reply.status < 400, rule::AUTHORIZE, said) {
        report.ok("the client gets to a page, or is sent on to one");
    }
    check_pkce(report, fetcher, metadata, endpoint, client);
}

/// Without a challenge a code would be anybody's who sees it.
fn check_pkce(report: &mut Report, fetcher: &Fetcher, metadata: &Value, endpoint: &str, client: &Client<'_>) {
    let Ok(reply) = visit(fetcher, &client.request(endpoint, false)) else { return };
    if let Some(answer) = answer_of(&reply, client.redirect_uri) {
        report.ok("a request without PKCE is refused");
        return judge_error(report, metadata, &answer);
    }
    let said = "a request without PKCE gets on: a code that leaks is worth tokens to anybody";
    if report.demand(reply.status >= 400, rule::PKCE_REQUIRED, said) {
        report.ok("a request without PKCE is refused");
    }
}

/// An error at the redirect URI carries what the client recognizes it by.
fn judge_error(report: &mut Report, metadata: &Value, answer: &Answer) {
    let said = "the error lacks the request's `state`";
    report.demand(answer.get("state") == Some(STATE), rule::AUTHORIZE_ERROR, said);
    if metadata.get("authorization_response_iss_parameter_supported") == Some(&Value::Bool(true)) {
        let said = "the error lacks the `iss` that the metadata promises, or it is another";
        report.demand(answer.get("iss") == text(metadata, "issuer"), rule::AUTHORIZE_ERROR, said);
    }
}

/// The parameters of an authorization response.
struct Answer(Vec<(String, String)>);

impl Answer {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// What the server answers at the client's redirect URI, if it leads there.
fn answer_of(reply: &Reply, redirect_uri: &str) -> Option<Answer> {
    let query = location(reply)?.strip_prefix(redirect_uri)?.strip_prefix('?')?;
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let decoded = pairs.filter_map(|(name, value)| Some((form_decode(name)?, form_decode(value)?)));
    Some(Answer(decoded.collect()))
}

fn location(reply: &Reply) -> Option<&str> {
    reply.header("location").filter(|_| (300..400).contains(&reply.status))
}

/// Opens an address as a browser does.
fn visit(fetcher: &Fetcher, url: &str) -> Result<Reply, String> {
    let headers = [("accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8")];
    fetcher.send(Ask { method: &Method::GET, url, headers: &headers, body: None })
}
