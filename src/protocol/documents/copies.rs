//! Copies of the documents of some well-known clients, for when the documents themselves can't be fetched: some of their hosts answer
//! data centers with a challenge for browsers. A rule says for each whether its copy counts (`built_in_copy`).
//!
//! They were put together from what these clients' vendors and others who connect to them have published, not fetched by us, and say
//! no more than is needed here. `AS_OF` says when; a client that has moved since needs its own document.

/// When the facts were put together.
pub const AS_OF: &str = "2026-11";

/// URL and document of each.
const COPIES: [(&str, &str); 7] = [
    (
        "https://claude.ai/oauth/mcp-oauth-client-metadata",
        r#"{"client_id":"https://claude.ai/oauth/mcp-oauth-client-metadata","client_name":"Claude",
        "redirect_uris":["https://claude.ai/api/mcp/auth_callback","https://claude.com/api/mcp/auth_callback"],
        "grant_types":["authorization_code","refresh_token"],"token_endpoint_auth_method":"none"}"#,
    ),
    (
        "https://claude.ai/oauth/claude-code-client-metadata",
        r#"{"client_id":"https://claude.ai/oauth/claude-code-client-metadata","client_name":"Claude Code",
        "redirect_uris":["http://localhost/callback","http://127.0.0.1/callback"],
        "grant_types":["authorization_code","refresh_token"],"token_endpoint_auth_method":"none"}"#,
    ),
    (
        "https://chatgpt.com/oauth/client.json",
        r#"{"client_id":"https://chatgpt.com/oauth/client.json","client_name":"ChatGPT",
        "redirect_uris":["https://chatgpt.com/connector_platform_oauth_redirect"],
        "grant_types":["authorization_code","refresh_token"],"token_endpoint_auth_method":"private_key_jwt",
        "token_endpoint_auth_methods_supported":["none","private_key_jwt"],
        "token_endpoint_auth_signing_alg":"RS256","jwks_uri":"https://chatgpt.com/oauth/jwks.json"}"#,
    ),
    (
        "https://chatgpt.com/oauth/codex/client.json",
        r#"{"client_id":"https://chatgpt.com/oauth/codex/client.json","client_name":"Codex",
        "redirect_uris":["http://127.0.0.1/callback","http://localhost/callback"],
        "grant_types":["authorization_code","refresh_token"],"token_endpoint_auth_method":"none"}"#,
    ),
    (
        "https://vscode.dev/oauth/client-metadata.json",
        r#"{"client_id":"https://vscode.dev/oauth/client-metadata.json","client_name":"Visual Studio Code",
        "application_type":"native","redirect_uris":["http://127.0.0.1:33418/","https://vscode.dev/redirect"],
        "grant_types":["authorization_code","refresh_token"],"token_endpoint_auth_method":"none"}"#,
    ),
    (
        "https://zed.dev/oauth/client-metadata.json",
        r#"{"client_id":"https://zed.dev/oauth/client-metadata.json","client_name":"Zed",
        "redirect_uris":["http://127.0.0.1/callback"],
        "grant_types":["authorization_code","refresh_token"],"token_endpoint_auth_method":"none"}"#,
    ),
    (
        "https://opencode.ai/oauth/opencode/client.json",
        r#"{"client_id":"https://opencode.ai/oauth/opencode/client.json","client_name":"opencode",
        "redirect_uris":["http://127.0.0.1/callback","http://localhost/callback"],
        "grant_types":["authorization_code","refresh_token"],"token_endpoint_auth_method":"none"}"#,
    ),
];

/// The copy of the document at `url`, if there is one.
pub fn of(url: &str) -> Option<&'static str> {
    COPIES.iter().find(|(known, _)| *known == url).map(|(_, document)| *document)
}

/// The URLs that there are copies of.
pub fn urls() -> impl Iterator<Item = &'static str> {
    COPIES.iter().map(|(url, _)| *url)
}
