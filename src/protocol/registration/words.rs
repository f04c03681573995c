//! Short writing for the JSON of a registration: what clients usually say is one byte.
//!
//! A client's id that carries its registration stands in addresses, forms and tokens, so every byte counts. General compression gains
//! nothing on two hundred bytes; a list of what real clients send does. Bytes below 0x80 stand for themselves, 0x80 and up for
//! the words below, and a byte that is no ASCII comes after [`ESCAPE`].

/// The words. An id that was given out names them by their place: add new ones at the end, and change none.
const WORDS: [&str; 84] = [
    r#"{"client_id":"","client_name":""#,
    r#"{"client_id":"",""#,
    r#"","grant_types":["authorization_code","refresh_token"],"token_endpoint_auth_method":"none","redirect_uris":[""#,
    r#"","grant_types":["authorization_code"],"token_endpoint_auth_method":"none","redirect_uris":[""#,
    r#"grant_types":["authorization_code","refresh_token"],""#,
    r#"grant_types":["authorization_code"],""#,
    r#"grant_types":[""#,
    r#"scopes":[""#,
    r#"token_endpoint_auth_method":"client_secret_basic","redirect_uris":[""#,
    r#"token_endpoint_auth_method":"client_secret_post","redirect_uris":[""#,
    r#"token_endpoint_auth_method":"none","redirect_uris":[""#,
    r#"token_endpoint_auth_method":""#,
    r#"redirect_uris":[""#,
    r#"post_logout_redirect_uris":[""#,
    r#"require_pushed_authorization_requests":true"#,
    r#"id_token_signed_response_alg":""#,
    r#"userinfo_signed_response_alg":""#,
    r#"subject_type":"pairwise"#,
    r#"sector_identifier":""#,
    r#"backchannel_logout_uri":""#,
    r#"frontchannel_logout_uri":""#,
    r#"logo_uri":""#,
    r#"client_uri":""#,
    r#"policy_uri":""#,
    r#"tos_uri":""#,
    r#"jwks_uri":""#,
    r#"client_name":""#,
    r#"",""#,
    r#""],""#,
    r#""]}"#,
    r#""}"#,
    "http://localhost:",
    "http://localhost",
    "http://127.0.0.1:",
    "http://127.0.0.1",
    "http://[::1]",
    "/oauth/callback",
    "/callback",
    "https://",
    "https://www.",
    "cursor://anysphere.cursor-mcp/oauth/callback",
    "https://www.cursor.com/agents/mcp/oauth/callback",
    "https://claude.ai/api/mcp/auth_callback",
    "https://claude.com/api/mcp/auth_callback",
    "https://vscode.dev/redirect",
    "https://insiders.vscode.dev/redirect",
    "https://chatgpt.com/connector_platform_oauth_redirect",
    "https://chatgpt.com/connector/oauth/",
    "http://localhost:8787/callback",
    "http://127.0.0.1:33418",
    "offline_access",
    "openid",
    "profile",
    "email",
    "https://github.com/",
    "https://github.com/modelcontextprotocol/mcp-cli",
    "https://github.com/geelen/mcp-remote",
    "https://code.visualstudio.com",
    "Visual Studio Code",
    "Claude Code",
    "Claude",
    "Cursor",
    "ChatGPT",
    "Gemini CLI",
    "MCP CLI Client",
    "MCP Inspector",
    "MCP",
    "vscode://",
    "vscode-insiders://",
    ".com",
    ".com/",
    ".example",
    ".dev",
    ".app",
    ".org",
    ".net",
    "/oauth/",
    "/auth/",
    "/api/",
    "/redirect",
    "/cb",
    "com.",
    "refresh_token",
    "authorization_code",
];

/// Comes before a byte that would otherwise stand for a word. JSON has no such byte of its own.
const ESCAPE: u8 = 1;
/// The first byte that stands for a word.
const FIRST: u8 = 0x80;

/// Writes `text` shorter.
pub(super) fn shorten(text: &str) -> Vec<u8> {
    let mut rest = text.as_bytes();
    let mut short = Vec::new();
    while let Some((first, after)) = rest.split_first() {
        let words =
            (FIRST..).zip(WORDS).filter_map(|(code, word)| Some((code, rest.strip_prefix(word.as_bytes())?)));
        if let Some((code, after)) = words.min_by_key(|(_, after)| after.len()) {
            short.push(code);
            rest = after;
            continue;
        }
        if *first >= FIRST || *first == ESCAPE {
            short.push(ESCAPE);
        }
        short.push(*first);
        rest = after;
    }
    short
}

/// Writes out what [`shorten`] made; `None` for anything else.
pub(super) fn write_out(short: &[u8]) -> Option<String> {
    let mut text = Vec::new();
    let mut bytes = short.iter().copied();
    while let Some(byte) = bytes.next() {
        match byte {
            ESCAPE => text.push(bytes.next()?),
            FIRST.. => text.extend(WORDS.get(usize::from(byte - FIRST))?.as_bytes()),
            _ => text.push(byte),
        }
    }
    String::from_utf8(text).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Ids that are out there name the words by these numbers.
    #[test]
    fn words_keep_their_places() {
        for (code, word) in [
            (0x80, r#"{"client_id":"","client_name":""#),
            (0x8c, r#"redirect_uris":[""#),
            (0x99, r#"jwks_uri":""#),
            (0x9b, r#"",""#),
            (0x9f, "http://localhost:"),
            (0xa8, "cursor://anysphere.cursor-mcp/oauth/callback"),
            (0xb1, "http://127.0.0.1:33418"),
            (0xba, "Visual Studio Code"),
            (0xd1, "com."),
            (0xd3, "authorization_code"),
        ] {
            assert_eq!(write_out(&[code]).as_deref(), Some(word), "{code:x}");
        }
        assert_eq!(write_out(&[0xff]), None);
        assert_eq!(write_out(&[ESCAPE]), None);
        assert_eq!(shorten("http://localhost:8787/callback"), [0xb0], "the longest word counts");
    }

    proptest! {
        #[test]
        fn what_is_shortened_is_written_out_the_same(text in "(\\PC|https://|/cb|\",\"|\u{1}){0,40}") {
            prop_assert_eq!(write_out(&shorten(&text)), Some(text));
        }

        #[test]
        fn whatever_is_written_out_is_no_longer_than_a_bound(short in proptest::collection::vec(any::<u8>(), 0..300)) {
            let longest = WORDS.iter().map(|word| word.len()).max().unwrap_or_default();
            prop_assert!(write_out(&short).is_none_or(|text| text.len() <= short.len() * longest));
        }
    }
}
