//! Clients for people.

use std::fmt::Write as _;

use mintedge::protocol::admin::ClientView;
use mintedge::protocol::config::ClientConfig;
use mintedge::protocol::config::registered_client::ManagedBy;
use mintedge::protocol::model::client::AuthMethod;
use mintedge::protocol::model::grant_type::GrantType;
use serde_json::Value;

use crate::style::{DIM, bold, styled};
use crate::time::utc;

/// A line for each client.
pub(super) fn table(clients: &[ClientView]) -> String {
    if clients.is_empty() {
        return "There are no clients.".to_owned();
    }
    let id = |client: &ClientView| client.declaration.client_id.clone();
    let width =
        clients.iter().map(|client| id(client).len()).max().unwrap_or_default().max("CLIENT_ID".len());
    let header = format!("{:width$}  {:8}  {:8}  {:7}  SCOPES", "CLIENT_ID", "STATE", "DECLARED", "SECRETS");
    let mut text = styled(DIM, header) + "\n";
    for client in clients {
        let state = if client.declaration.disabled { "disabled" } else { "enabled" };
        let scopes = client.declaration.scopes.to_wire();
        let declared = declared_by(client.managed_by);
        let secrets = client.secrets.len();
        text.push_str(
            format!("{:width$}  {state:8}  {declared:8}  {secrets:<7}  {scopes}", id(client)).trim_end(),
        );
        text.push('\n');
    }
    text
}

/// Everything about one client.
pub(super) fn one(client: &ClientView) -> String {
    let declaration = &client.declaration;
    let name = declaration.client_name.as_ref().map(|name| format!(" ({name})")).unwrap_or_default();
    let mut text = format!("{}{name}\n", bold(&declaration.client_id));
    let mut row = |label: &str, value: String| {
        if !value.is_empty() {
            let _ = writeln!(text, "  {label:14} {value}");
        }
    };
    row("state", if declaration.disabled { "disabled".to_owned() } else { "enabled".to_owned() });
    row("declared in", declared_by(client.managed_by).to_owned());
    row("authenticates", method(declaration.token_endpoint_auth_method).to_owned());
    row("grants", declaration.grant_types.iter().copied().map(GrantType::name).collect::<Vec<_>>().join(" "));
    row("scopes", declaration.scopes.to_wire());
    row("token ttl", declaration.access_token_ttl.map(|ttl| format!("{ttl} s")).unwrap_or_default());
    row("origins", declaration.allowed_origins.join(" "));
    for (claim, value) in &declaration.claims {
        row("claim", format!("{claim} = {value}"));
    }
    for (member, value) in others(declaration) {
        row(&member, value);
    }
    row("registered", utc(client.created_at));
    row("changed", utc(client.updated_at));
    for secret in &client.secrets {
        let end =
            secret.expires_at.map_or_else(|| "does not expire".to_owned(), |at| format!("until {}", utc(at)));
        row("secret", format!("{}  made {}, {end}", secret.secret_id, utc(secret.created_at)));
    }
    text
}

fn method(pinned: Option<AuthMethod>) -> &'static str {
    pinned.map_or("client_secret_basic or client_secret_post", AuthMethod::name)
}

/// Members that have a line of their own above.
const SHOWN: [&str; 9] = [
    "access_token_ttl",
    "allowed_origins",
    "claims",
    "client_id",
    "client_name",
    "disabled",
    "grant_types",
    "scopes",
    "token_endpoint_auth_method",
];

/// The other members that say something, those of tables by `table.member`.
fn others(declaration: &ClientConfig) -> Vec<(String, String)> {
    let declaration = serde_json::to_value(declaration).unwrap_or_default();
    let members = declaration.as_object().into_iter().flatten();
    let others = members.filter(|(name, _)| !SHOWN.contains(&name.as_str()));
    let rows = others.flat_map(|(name, value)| match value {
        Value::Object(table) => {
            table.iter().map(|(member, value)| (format!("{name}.{member}"), words(value))).collect()
        }
        _ => vec![(name.clone(), words(value))],
    });
    rows.collect()
}

fn words(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(words).collect::<Vec<_>>().join(" "),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => value.to_string(),
    }
}

fn declared_by(managed_by: ManagedBy) -> &'static str {
    match managed_by {
        ManagedBy::Config => "file",
        ManagedBy::Api => "api",
        ManagedBy::Itself => "itself",
        ManagedBy::Document => "document",
    }
}
