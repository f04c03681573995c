//! Step 2: the resource's metadata (RFC 9728), and which authorization server it names.

use serde_json::Value;

use super::challenge::Challenge;
use super::fetch::{Fetcher, list, text};
use super::place;
use super::report::{Report, quoted};
use super::rule;

/// What the rest of the walk needs of the resource.
#[derive(Debug)]
pub(super) struct Resource {
    /// What to name in `resource`.
    pub(super) identifier: String,
    /// The issuer of its authorization server.
    pub(super) issuer: String,
}

/// Finds and judges the metadata. Without any, the authorization server is at the resource's origin, as the revision of 2025-03-26 has it.
pub(super) fn check(report: &mut Report, fetcher: &Fetcher, url: &str, challenge: &Challenge) -> Resource {
    report.step("resource metadata");
    let Some(metadata) = find(report, fetcher, url, challenge) else {
        let issuer = place::origin(url).to_owned();
        report.skip(format!("clients of the first revision try {issuer} as the authorization server"));
        return Resource { identifier: url.to_owned(), issuer };
    };
    let identifier = judge_identifier(report, url, &metadata);
    judge_members(report, &metadata);
    let servers = list(&metadata, "authorization_servers").unwrap_or_default();
    let issuer = if let Some(first) = servers.first() {
        (*first).to_owned()
    } else {
        report.fail(rule::AUTHORIZATION_SERVERS, "`authorization_servers` names none");
        place::origin(url).to_owned()
    };
    let several = format!("{} authorization servers are named: most clients take the first", servers.len());
    report.advise(servers.len() < 2, rule::ONE_SERVER, several);
    report.ok(format!("the authorization server is {}", quoted(&issuer)));
    Resource { identifier, issuer }
}

/// The metadata from where the challenge says, or else from the well-known places.
fn find(report: &mut Report, fetcher: &Fetcher, url: &str, challenge: &Challenge) -> Option<Value> {
    let places = match &challenge.resource_metadata {
        Some(named) => vec![named.clone()],
        None => place::resource_metadata(url),
    };
    let mut said = Vec::new();
    for place in places {
        let found = fetcher.get(&place).and_then(|reply| match reply.status {
            200 => reply.object(),
            status => Err(format!("its status is {status}")),
        });
        match found {
            Ok(metadata) => {
                report.ok(format!("found at {}", quoted(&place)));
                return Some(metadata);
            }
            Err(why) => said.push(format!("{}: {why}", quoted(&place))),
        }
    }
    report.fail(
        rule::RESOURCE_METADATA,
        format!("there is no metadata of the resource at {}", said.join("; ")),
    );
    None
}

/// `resource` has to be the URL that is called: it is what clients ask tokens for.
fn judge_identifier(report: &mut Report, url: &str, metadata: &Value) -> String {
    let identifier = text(metadata, "resource").unwrap_or_default();
    let is_same = place::with_path(identifier) == place::with_path(url);
    if is_same {
        report.ok("`resource` is the URL that is called");
    } else if place::is_above(identifier, url) {
        let said =
            format!("`resource` is {}, above {url}: claude.ai demands the URL itself", quoted(identifier));
        report.warn(rule::RESOURCE_IDENTIFIER, said);
    } else {
        let said = format!("`resource` is {} and not {url}: clients refuse the metadata", quoted(identifier));
        report.fail(rule::RESOURCE_IDENTIFIER, said);
        return url.to_owned();
    }
    identifier.to_owned()
}

fn judge_members(report: &mut Report, metadata: &Value) {
    if let Some(methods) = list(metadata, "bearer_methods_supported") {
        let said = "`bearer_methods_supported` leaves out `header`, the one way that MCP has";
        report.demand(methods.contains(&"header"), rule::BEARER_HEADER, said);
    }
    let scopes = list(metadata, "scopes_supported").unwrap_or_default();
    let said = "`scopes_supported` lists `offline_access`: a refresh token is between client and authorization server";
    report.advise(!scopes.contains(&"offline_access"), rule::RESOURCE_SCOPES, said);
}
