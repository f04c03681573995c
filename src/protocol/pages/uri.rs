//! Which addresses may become a link, an image, a form's target or a source of a Content Security Policy.
//!
//! Clients register most of them; registration checks them too. This is the last line before the browser.

use crate::protocol::codec::uri::{Uri, is_forbidden};

/// Returns `uri` if its scheme is `https` or `http`.
pub(super) fn web(uri: &str) -> Option<&str> {
    let parts = split(uri)?;
    let leads_somewhere =
        parts.authority.is_some_and(|authority| !(authority.is_empty() && parts.path.is_empty()));
    (is_web(parts.scheme) && leads_somewhere).then_some(uri)
}

/// An image's address: `https`, because the policy allows no other.
pub(super) fn image(uri: &str) -> Option<&str> {
    let parts = split(uri)?;
    web(uri).filter(|_| parts.scheme.eq_ignore_ascii_case("https"))
}

/// A path on this origin; `//host` and what a browser would read as that are none.
pub(super) fn path(uri: &str) -> Option<&str> {
    let rest = uri.strip_prefix('/')?;
    (is_clean(uri) && !rest.starts_with('/') && !uri.contains('\\')).then_some(uri)
}

/// The target of a link: a path on this origin or a web address.
pub(super) fn link(uri: &str) -> Option<&str> {
    path(uri).or_else(|| web(uri))
}

/// A redirect URI a client registered: a web address, or an app's own scheme (RFC 8252 §7.1).
pub(super) fn registered(uri: &str) -> Option<&str> {
    let parts = split(uri)?;
    if is_web(parts.scheme) {
        return web(uri);
    }
    (!is_forbidden(parts.scheme)).then_some(uri)
}

/// The scheme of `uri` as a source expression of CSP Level 3 §2.3.1, such as `https:`.
pub(super) fn scheme_source(uri: &str) -> Option<String> {
    let Uri { scheme, .. } = split(uri)?;
    (!is_forbidden(scheme)).then(|| format!("{}:", scheme.to_ascii_lowercase()))
}

/// The origin of a web address as a source expression; its scheme where an origin can't be expressed (IPv6).
pub(super) fn origin_source(uri: &str) -> Option<String> {
    let Uri { scheme, authority, .. } = split(web(uri)?)?;
    let authority = authority?;
    let known = |byte: u8| byte.is_ascii_alphanumeric() || b".-:".contains(&byte);
    if authority.is_empty() || !authority.bytes().all(known) {
        return scheme_source(uri);
    }
    Some(format!("{}://{authority}", scheme.to_ascii_lowercase()))
}

/// The parts of an address that browsers read as it stands.
fn split(uri: &str) -> Option<Uri<'_>> {
    Uri::split(uri).filter(|_| is_clean(uri))
}

/// Browsers remove tabs and line breaks before they read an address, which would change what was checked.
fn is_clean(uri: &str) -> bool {
    !uri.chars().any(|character| character.is_control() || character.is_whitespace())
}

fn is_web(scheme: &str) -> bool {
    scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn links_go_to_the_web_or_stay_here() {
        let cases = [
            ("https://a.example/x?y#z", true),
            ("HTTP://a.example", true),
            ("/sign-up?flow=1", true),
            ("//evil.example", false),
            ("/\\evil.example", false),
            ("/\t/evil.example", false),
            ("https:", false),
            ("https:a.example", false),
            ("https://", false),
            ("https://a.example/ b", false),
            ("javascript:alert(1)", false),
            ("java\nscript:alert(1)", false),
            (" javascript:alert(1)", false),
            ("data:text/html,x", false),
            ("com.example.app:/cb", false),
            ("relative", false),
            ("", false),
        ];
        for (uri, expected) in cases {
            assert_eq!(link(uri).is_some(), expected, "{uri}");
        }
    }

    #[test]
    fn images_come_over_https() {
        assert!(image("https://a.example/logo.svg").is_some());
        assert!(image("http://a.example/logo.svg").is_none());
        assert!(image("/logo.svg").is_none());
    }

    #[test]
    fn registered_addresses_may_open_apps_but_run_nothing() {
        for uri in ["https://a.example/cb", "http://127.0.0.1:8000/cb", "com.example.app:/cb", "myapp://cb"] {
            assert_eq!(registered(uri), Some(uri));
        }
        for uri in ["javascript:alert(1)", "JavaScript:alert(1)", "data:,x", "1app:/cb", "app", "https:cb"] {
            assert_eq!(registered(uri), None, "{uri}");
        }
    }

    #[test]
    fn sources_are_schemes_or_origins() {
        let cases = [
            ("https://a.example/cb?x", Some("https:"), Some("https://a.example")),
            ("HTTPS://A.example:8443", Some("https:"), Some("https://A.example:8443")),
            ("http://127.0.0.1:51004/cb", Some("http:"), Some("http://127.0.0.1:51004")),
            ("http://[::1]:51004/cb", Some("http:"), Some("http:")),
            ("https://a.example;script-src/", Some("https:"), Some("https:")),
            ("https://*.example/", Some("https:"), Some("https:")),
            ("com.example.app:/cb", Some("com.example.app:"), None),
            ("https:", Some("https:"), None),
            ("javascript:x", None, None),
            ("'unsafe-inline'", None, None),
            ("*", None, None),
        ];
        for (uri, scheme, origin) in cases {
            assert_eq!(scheme_source(uri).as_deref(), scheme, "{uri}");
            assert_eq!(origin_source(uri).as_deref(), origin, "{uri}");
        }
    }

    proptest! {
        #[test]
        fn a_source_never_breaks_out_of_its_directive(uri in "(https://|http://|[a-z.]{1,5}:)?\\PC*") {
            for source in scheme_source(&uri).into_iter().chain(origin_source(&uri)) {
                prop_assert!(!source.contains([' ', ';', ',', '\'', '*', '"']));
            }
        }
    }
}
