//! A token at the admin API: everything but the genuine one is refused. The input's first byte chooses which part of
//! the genuine token the rest replaces, as it is or encoded.

use crate::fixture::Fixture;
use base64ct::{Base64UrlUnpadded, Encoding as _};
use mintedge::protocol::http::{Body, Headers, SensitiveHeader};

/// Runs one input.
pub fn run(input: &[u8]) {
    let Some((choice, replacement)) = input.split_first() else { return };
    Fixture::share(|fixture| present(fixture, *choice, replacement));
}

fn present(fixture: &Fixture, choice: u8, replacement: &[u8]) {
    let genuine = fixture.admin_token();
    let text = match choice & 4 {
        0 => String::from_utf8_lossy(replacement).into_owned(),
        _ => Base64UrlUnpadded::encode_string(replacement),
    };
    let mut parts: Vec<&str> = genuine.split('.').collect();
    let token = match choice & 3 {
        3 => text,
        part => {
            parts[usize::from(part)] = &text;
            parts.join(".")
        }
    };
    let authorization = Some(SensitiveHeader::new(format!("Bearer {token}")));
    let headers = Headers { authorization, ..Headers::default() };
    let response = fixture.send("GET", "/admin/v1/config", headers, Body::Bytes(Vec::new()));
    fixture.check("GET", &response);
    let expected = if token.trim() == genuine { 200 } else { 401 };
    assert_eq!(response.status, expected, "{token}");
}
