//! Clients for people.

use std::fmt::Write as _;

use mintedge::protocol::admin::ClientView;
use mintedge::protocol::client::{AuthMethod, ManagedBy};
use mintedge::protocol::grants::GrantType;

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

fn declared_by(managed_by: ManagedBy) -> &'static str {
    match managed_by {
        ManagedBy::Config => "file",
        ManagedBy::Api => "api",
    }
}
