//! Step 4: how a client that nobody has registered gets a `client_id`.

use serde_json::{Value, json};
use ureq::http::Method;

use super::fetch::{Ask, Fetcher, Reply, list, text};
use super::report::{Report, quoted};
use super::rule;

/// Where a client of the walk gets its answers; nobody listens there.
pub(super) const REDIRECT_URI: &str = "http://127.0.0.1:33418/callback";

/// Looks at the ways to become a client. With `register` a client is registered, and its id returned.
pub(super) fn check(
    report: &mut Report,
    fetcher: &Fetcher,
    metadata: &Value,
    register: bool,
) -> Option<String> {
    report.step("registration");
    let documents = metadata.get("client_id_metadata_document_supported") == Some(&Value::Bool(true));
    let endpoint = text(metadata, "registration_endpoint");
    if documents {
        judge_documents(report, metadata);
    }
    let Some(endpoint) = endpoint else {
        let said = if documents {
            "there is no `registration_endpoint`: Cursor and others without a client id document need a registered client"
        } else {
            "neither client id documents nor registration: every client has to be registered by hand"
        };
        report.warn(rule::ONBOARDING, said);
        return None;
    };
    if !documents {
        report.warn(
            rule::ONBOARDING,
            "client id metadata documents aren't supported: newer clients prefer them",
        );
    }
    if register {
        return register_one(report, fetcher, endpoint);
    }
    check_refusal(report, fetcher, endpoint);
    None
}

fn judge_documents(report: &mut Report, metadata: &Value) {
    let methods = list(metadata, "token_endpoint_auth_methods_supported").unwrap_or_default();
    let usable = ["none", "private_key_jwt"].iter().any(|method| methods.contains(method));
    let said = "client id documents are supported, but neither `none` nor `private_key_jwt`, the ways such clients have";
    if report.advise(usable, rule::PUBLIC_CLIENTS, said) {
        report.ok("client id metadata documents are supported");
    }
}

/// Sends what registers nothing anywhere, and looks at the refusal.
fn check_refusal(report: &mut Report, fetcher: &Fetcher, endpoint: &str) {
    let reply = match post(fetcher, endpoint, "\"made up by mintedge doctor\"") {
        Ok(reply) => reply,
        Err(why) => return report.fail(rule::REGISTRATION_REFUSAL, format!("{}: {why}", quoted(endpoint))),
    };
    match reply.status {
        401 | 403 => {
            let said = format!(
                "a registration takes a token ({}): clients of the public can't register",
                reply.status
            );
            report.warn(rule::REGISTRATION_OPEN, said);
        }
        400 => match reply.object() {
            Ok(error) if text(&error, "error").is_some() => {
                report.ok("there is a `registration_endpoint`, and it refuses nonsense as it should");
                report.skip("whether it registers clients: `--register` tries, and leaves a client behind");
            }
            _ => report.fail(rule::REGISTRATION_REFUSAL, "nonsense is refused without a JSON `error`"),
        },
        status => {
            let said = format!("nonsense is answered with {status} in place of 400");
            report.fail(rule::REGISTRATION_REFUSAL, said);
        }
    }
}

/// Registers a public client as a program on somebody's computer does.
fn register_one(report: &mut Report, fetcher: &Fetcher, endpoint: &str) -> Option<String> {
    let body = json!({
        "client_name": "mintedge doctor",
        "redirect_uris": [REDIRECT_URI],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
        "application_type": "native",
    });
    let reply = match post(fetcher, endpoint, &body.to_string()) {
        Ok(reply) => reply,
        Err(why) => {
            report.fail(rule::REGISTRATION_ANSWER, format!("{}: {why}", quoted(endpoint)));
            return None;
        }
    };
    if matches!(reply.status, 401 | 403) {
        report.warn(
            rule::REGISTRATION_OPEN,
            "a registration takes a token: clients of the public can't register",
        );
        return None;
    }
    judge_registered(report, &reply)
}

fn judge_registered(report: &mut Report, reply: &Reply) -> Option<String> {
    let answer = reply.object();
    if reply.status != 201 || answer.is_err() {
        let why = answer.as_ref().ok().and_then(|answer| text(answer, "error")).unwrap_or("no `error`");
        let said =
            format!("a native client is answered with {} ({}) in place of 201", reply.status, quoted(why));
        report.fail(rule::REGISTRATION_ANSWER, said);
        return None;
    }
    let answer = answer.unwrap_or_default();
    let id = text(&answer, "client_id").filter(|id| !id.is_empty());
    let echoes = list(&answer, "redirect_uris").is_some_and(|uris| uris.contains(&REDIRECT_URI));
    let expires = answer.get("client_secret").is_none() || answer.get("client_secret_expires_at").is_some();
    let is_kept_private = reply.header("cache-control").is_some_and(|value| value.contains("no-store"));
    let is_plain = id.is_some_and(|id| !id.starts_with("https://"));
    let mut fine = true;
    for (holds, said) in [
        (id.is_some(), "the answer has no `client_id`"),
        (echoes, "the answer doesn't say which `redirect_uris` were registered"),
        (expires, "a `client_secret` without `client_secret_expires_at`"),
        (is_kept_private, "the answer may be cached: it has no `Cache-Control: no-store`"),
        (is_plain || id.is_none(), "a generated `client_id` looks like the address of a client's document"),
    ] {
        fine &= report.demand(holds, rule::REGISTRATION_ANSWER, said);
    }
    if fine {
        report.ok(format!("a client was registered: {}", quoted(id.unwrap_or_default())));
    }
    id.map(str::to_owned)
}

fn post(fetcher: &Fetcher, endpoint: &str, body: &str) -> Result<Reply, String> {
    let headers = [("accept", "application/json"), ("mcp-protocol-version", super::REVISION)];
    fetcher.send(Ask {
        method: &Method::POST,
        url: endpoint,
        headers: &headers,
        body: Some(("application/json", body)),
    })
}
