//! Step 1: what the MCP server says to a request without a token, and to one with a made-up token.

use ureq::http::Method;

use super::fetch::{Ask, Fetcher, Reply};
use super::report::Report;
use super::rule;

/// The first request of every MCP client (MCP, Lifecycle).
const INITIALIZE: &str = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"mintedge-doctor","version":"1"}}}"#;

/// What a `WWW-Authenticate` header says about bearer tokens.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Challenge {
    pub(super) resource_metadata: Option<String>,
    pub(super) scope: Option<String>,
    pub(super) error: Option<String>,
}

/// Sends the first request of an MCP client.
///
/// # Errors
/// Says why there is no answer.
pub(super) fn initialize(fetcher: &Fetcher, url: &str, authorization: Option<&str>) -> Result<Reply, String> {
    let mut headers =
        vec![("accept", "application/json, text/event-stream"), ("mcp-protocol-version", super::REVISION)];
    headers.extend(authorization.map(|value| ("authorization", value)));
    fetcher.send(Ask {
        method: &Method::POST,
        url,
        headers: &headers,
        body: Some(("application/json", INITIALIZE)),
    })
}

/// Asks without a token. `None` if nobody answers.
pub(super) fn check(report: &mut Report, fetcher: &Fetcher, url: &str) -> Option<Challenge> {
    report.step("challenge");
    let reply = match initialize(fetcher, url, None) {
        Ok(reply) => reply,
        Err(why) => {
            report.fail(rule::REACHABLE, format!("{url} can't be asked: {why}"));
            return None;
        }
    };
    let said = format!("a request without a token is answered with {}, not 401", reply.status);
    if !report.demand(reply.status == 401, rule::PROTECTED, said) {
        return Some(Challenge::default());
    }
    report.ok("a request without a token is answered with 401");
    let Some(challenge) = reply.headers("www-authenticate").find_map(parse) else {
        report.fail(rule::CHALLENGE, "the 401 has no `WWW-Authenticate: Bearer`");
        return Some(Challenge::default());
    };
    let without = "the challenge names no `resource_metadata`: clients have to guess the well-known place";
    if report.advise(challenge.resource_metadata.is_some(), rule::CHALLENGE_METADATA, without) {
        report.ok("the challenge says where the resource's metadata is");
    }
    let without = "the challenge names no `scope`: clients ask for every scope that the metadata lists";
    report.advise(challenge.scope.is_some(), rule::CHALLENGE_SCOPE, without);
    Some(challenge)
}

/// Asks with a token that nobody issued.
pub(super) fn check_made_up_token(report: &mut Report, fetcher: &Fetcher, url: &str) {
    report.step("audience");
    let reply = match initialize(fetcher, url, Some("Bearer made-up-by-mintedge-doctor")) {
        Ok(reply) => reply,
        Err(why) => return report.fail(rule::REACHABLE, format!("{url} can't be asked: {why}")),
    };
    let said = format!("a made-up token is answered with {}, not 401", reply.status);
    if !report.demand(reply.status == 401, rule::TOKEN_CHECKED, said) {
        return;
    }
    let error = reply.headers("www-authenticate").find_map(parse).and_then(|challenge| challenge.error);
    let said = "the refusal of a made-up token doesn't say `error=\"invalid_token\"`: clients don't refresh";
    if report.advise(error.as_deref() == Some("invalid_token"), rule::INVALID_TOKEN, said) {
        report.ok("a made-up token is refused with `invalid_token`");
    }
}

/// Reads the `Bearer` challenge of a header (RFC 9110 §11.6.1): others may stand beside it.
pub(super) fn parse(header: &str) -> Option<Challenge> {
    let at = find_scheme(header, "bearer")?;
    let mut rest = header.get(at..)?.trim_start();
    let mut challenge = Challenge::default();
    while let Some((name, value, after)) = parameter(rest) {
        match name.to_ascii_lowercase().as_str() {
            "resource_metadata" => challenge.resource_metadata = Some(value),
            "scope" => challenge.scope = Some(value),
            "error" => challenge.error = Some(value),
            _ => {}
        }
        rest = after;
    }
    Some(challenge)
}

/// Where the parameters of a scheme begin; what stands in quotes is no scheme.
fn find_scheme(header: &str, scheme: &str) -> Option<usize> {
    let mut quoted = false;
    let mut may_begin = true;
    for (at, letter) in header.char_indices() {
        let word = header.get(at..).and_then(|rest| rest.get(..scheme.len()));
        let after = header.get(at + scheme.len()..).and_then(|rest| rest.chars().next());
        let ends = after.is_none_or(|letter| letter.is_ascii_whitespace() || letter == ',');
        if !quoted && may_begin && ends && word.is_some_and(|word| word.eq_ignore_ascii_case(scheme)) {
            return Some(at + scheme.len());
        }
        quoted ^= letter == '"';
        may_begin = !quoted && (letter == ',' || letter.is_ascii_whitespace() && may_begin);
    }
    None
}

/// The next `name=value` or `name="value"`, and what follows it.
fn parameter(text: &str) -> Option<(&str, String, &str)> {
    let text = text.trim_start_matches([' ', '\t', ',']);
    let (name, rest) = text.split_once('=')?;
    let name = name.trim();
    // A blank in the name: the next scheme begins here.
    if name.is_empty() || name.contains([' ', ',', '"']) {
        return None;
    }
    let rest = rest.trim_start();
    let Some(inside) = rest.strip_prefix('"') else {
        let end = rest.find([',', ' ']).unwrap_or(rest.len());
        let (value, after) = rest.split_at_checked(end)?;
        return Some((name, value.to_owned(), after));
    };
    let mut value = String::new();
    let mut letters = inside.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some((name, value, inside.get(at + 1..).unwrap_or_default())),
            '\\' => value.extend(letters.next().map(|(_, escaped)| escaped)),
            other => value.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bearer_challenge_is_found_among_others() {
        let whole = Challenge {
            resource_metadata: Some("https://a.example/x".to_owned()),
            scope: Some("a b".to_owned()),
            error: None,
        };
        let cases = [
            ("Bearer", Some(Challenge::default())),
            ("Basic realm=\"Bearer \"", None),
            ("Bearer resource_metadata=\"https://a.example/x\", scope=\"a b\"", Some(whole)),
            (
                "Basic realm=\"x, Bearer error=\\\"no\\\"\", bearer error=invalid_token",
                Some(Challenge { error: Some("invalid_token".to_owned()), ..Challenge::default() }),
            ),
            (
                "Bearer realm=\"a \\\"b\\\"\", error=\"invalid_token\", DPoP algs=\"ES256\", scope=\"no\"",
                Some(Challenge { error: Some("invalid_token".to_owned()), ..Challenge::default() }),
            ),
            ("Bearer scope=\"unfinished", Some(Challenge::default())),
            ("Bearerish scope=\"x\"", None),
            ("", None),
        ];
        for (header, expected) in cases {
            assert_eq!(parse(header), expected, "{header}");
        }
    }
}
