//! Step 6: what the token endpoint says to nonsense. Clients decide by it whether to register or to sign in anew.

use serde_json::Value;

use super::fetch::{Fetcher, Reply, text};
use super::report::{Report, quoted};
use super::rule;
use crate::encoding::form;

/// The errors of RFC 6749 §5.2 and RFC 8707 §2 that may come of a code that was never issued.
const ERRORS: [&str; 6] = [
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_target",
];

/// Sends a made-up code, as a client that nobody knows.
pub(super) fn check(report: &mut Report, fetcher: &Fetcher, metadata: &Value, resource: &str) {
    report.step("token");
    let Some(endpoint) = text(metadata, "token_endpoint") else {
        return report.skip("there is no token endpoint");
    };
    let body = form(&[
        ("grant_type", "authorization_code"),
        ("client_id", "made-up-by-mintedge-doctor"),
        ("code", "made-up-by-mintedge-doctor"),
        ("redirect_uri", super::registration::REDIRECT_URI),
        ("code_verifier", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
        ("resource", resource),
    ]);
    let error = fetcher.post_form(endpoint, &body).and_then(|reply| error_of(&reply));
    match error {
        Err(why) => report.fail(rule::TOKEN_ERROR, format!("a made-up code: {why}")),
        Ok(error) => {
            report.ok(format!("a made-up code is refused as OAuth says: {}", quoted(&error)));
            let said = format!(
                "a client that nobody knows gets {} in place of `invalid_client`: clients whose registration is gone don't register anew",
                quoted(&error)
            );
            report.advise(error == "invalid_client", rule::UNKNOWN_CLIENT, said);
        }
    }
}

/// The `error` of a refusal in the form of RFC 6749 §5.2.
fn error_of(reply: &Reply) -> Result<String, String> {
    if !matches!(reply.status, 400 | 401) {
        return Err(format!("the status is {} in place of 400 or 401", reply.status));
    }
    let object = reply.object()?;
    let error = text(&object, "error").ok_or("the answer has no `error`")?;
    let known = ERRORS.iter().find(|known| **known == error);
    known.map(|known| (*known).to_owned()).ok_or_else(|| format!("{} is no error of OAuth", quoted(error)))
}
