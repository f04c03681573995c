//! Step 3: the authorization server's metadata, at every place where clients look for it.

use serde_json::Value;
use ureq::http::Method;

use super::fetch::{Ask, Fetcher, Reply, list, text};
use super::place;
use super::report::{Report, quoted};
use super::rule;

/// The members that every document has to say the same of.
const SHARED: [&str; 5] = [
    "authorization_endpoint",
    "token_endpoint",
    "registration_endpoint",
    "jwks_uri",
    "code_challenge_methods_supported",
];

/// Looks at all places; the metadata that a client of today would use, if there is any.
pub(super) fn check(report: &mut Report, fetcher: &Fetcher, issuer: &str) -> Option<Value> {
    report.step("server metadata");
    let mut found: Vec<(String, Value)> = Vec::new();
    for place in place::server_metadata(issuer) {
        match fetcher.get(&place) {
            Ok(reply) => found.extend(judge_answer(report, &place, &reply).map(|metadata| (place, metadata))),
            Err(why) => report.fail(rule::WELL_KNOWN, format!("{}: {why}", quoted(&place))),
        }
    }
    let mut documents = found.iter();
    let Some((place, metadata)) = documents.next() else {
        report.fail(rule::SERVER_METADATA, format!("{} has no metadata at any place", quoted(issuer)));
        return None;
    };
    for (other, document) in documents {
        let differs = SHARED.iter().find(|name| document.get(**name) != metadata.get(**name));
        if let Some(name) = differs {
            let said = format!("{} and {} differ in `{name}`", quoted(place), quoted(other));
            report.warn(rule::DOCUMENTS_AGREE, said);
        }
    }
    judge(report, issuer, metadata);
    check_cross_origin(report, fetcher, place);
    Some(metadata.clone())
}

/// Every place answers with the metadata or says that it has none: what is neither ends some clients' search.
fn judge_answer(report: &mut Report, place: &str, reply: &Reply) -> Option<Value> {
    match reply.status {
        200 => match reply.object() {
            Ok(metadata) => {
                report.ok(format!("found at {}", quoted(place)));
                return Some(metadata);
            }
            Err(why) => {
                report.fail(rule::WELL_KNOWN, format!("{} is answered with 200, but {why}", quoted(place)));
            }
        },
        404 => report.skip(format!("nothing at {}", quoted(place))),
        status @ 400..=499 => {
            report.warn(
                rule::WELL_KNOWN,
                format!("{} is answered with {status} in place of 404", quoted(place)),
            );
        }
        status => {
            let said = format!("{} is answered with {status}: clients stop looking there", quoted(place));
            report.fail(rule::WELL_KNOWN, said);
        }
    }
    None
}

fn judge(report: &mut Report, issuer: &str, metadata: &Value) {
    let named = text(metadata, "issuer").unwrap_or_default();
    let said =
        format!("`issuer` is {} and has to be {}, character by character", quoted(named), quoted(issuer));
    if report.demand(named == issuer, rule::ISSUER, said) {
        report.ok("`issuer` is the URL that the metadata was found with");
    }
    judge_endpoints(report, metadata);
    let has = |name: &str, value: &str| list(metadata, name).is_some_and(|values| values.contains(&value));
    let said = "`response_types_supported` has no `code`";
    report.demand(has("response_types_supported", "code"), rule::RESPONSE_TYPE, said);
    let said = "`code_challenge_methods_supported` has no `S256`: MCP clients have to go no further";
    if report.demand(has("code_challenge_methods_supported", "S256"), rule::PKCE, said) {
        report.ok("PKCE with S256 is advertised");
    }
    let said =
        "`token_endpoint_auth_methods_supported` has no `none`: Claude and most programs are public clients";
    report.advise(has("token_endpoint_auth_methods_supported", "none"), rule::PUBLIC_CLIENTS, said);
    let sends_iss =
        metadata.get("authorization_response_iss_parameter_supported") == Some(&Value::Bool(true));
    let said = "`authorization_response_iss_parameter_supported` isn't true: ChatGPT registers once per connection then";
    report.advise(sends_iss, rule::RESPONSE_ISSUER, said);
    let said = "`grant_types_supported` has no `refresh_token`: people sign in again whenever a token ends";
    report.advise(has("grant_types_supported", "refresh_token"), rule::REFRESH, said);
}

fn judge_endpoints(report: &mut Report, metadata: &Value) {
    for name in ["authorization_endpoint", "token_endpoint"] {
        let said = format!("the metadata has no `{name}`");
        report.demand(text(metadata, name).is_some(), rule::ENDPOINTS, said);
    }
    let members = metadata.as_object().into_iter().flatten();
    for (name, value) in members.filter(|(name, _)| name.ends_with("_endpoint") || *name == "jwks_uri") {
        let problem = value.as_str().and_then(mintedge::protocol::codec::uri::web_problem);
        if let Some(problem) = problem {
            report.fail(rule::ENDPOINTS_HTTPS, format!("`{}`: {problem}", name.escape_default()));
        }
    }
}

/// Clients in browsers send `MCP-Protocol-Version`, which takes a preflight.
fn check_cross_origin(report: &mut Report, fetcher: &Fetcher, place: &str) {
    let headers = [
        ("origin", "https://client.example"),
        ("access-control-request-method", "GET"),
        ("access-control-request-headers", "mcp-protocol-version"),
    ];
    let reply = fetcher.send(Ask { method: &Method::OPTIONS, url: place, headers: &headers, body: None });
    let allowed = reply.is_ok_and(|reply| {
        let names = |name: &str, wanted: &str| {
            let value = reply.header(name).unwrap_or_default().to_ascii_lowercase();
            value.split(',').map(str::trim).any(|item| item == "*" || item == wanted)
        };
        (200..300).contains(&reply.status)
            && names("access-control-allow-origin", "https://client.example")
            && names("access-control-allow-headers", "mcp-protocol-version")
    });
    let said = "pages of other origins may not send `MCP-Protocol-Version` there: clients in browsers fail";
    report.advise(allowed, rule::DISCOVERY_CORS, said);
}
