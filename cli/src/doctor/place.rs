//! Where metadata has to be: the well-known places of a URL, and how resources compare.

use mintedge::protocol::codec::uri::Uri;

/// Origin and path of a URL; the path is empty or begins with a slash, and has no query.
fn parts(url: &str) -> (&str, &str) {
    let path = Uri::split(url).map_or("", |uri| uri.path);
    let origin = url.strip_suffix(path).unwrap_or(url);
    let end = path.find(['?', '#']).unwrap_or(path.len());
    (origin, path.get(..end).unwrap_or_default())
}

/// Scheme and authority.
pub(super) fn origin(url: &str) -> &str {
    parts(url).0
}

/// A URL whose path is never empty: an HTTP client that parses URLs sends `https://host` as `https://host/`.
pub(super) fn with_path(url: &str) -> String {
    if url.is_empty() || url != origin(url) { url.to_owned() } else { format!("{url}/") }
}

/// Whether a resource is at the same origin as `url` and its path above.
pub(super) fn is_above(resource: &str, url: &str) -> bool {
    let ((origin, above), (own, path)) = (parts(resource), parts(url));
    let above = above.trim_end_matches('/');
    origin == own && path.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The places of a resource's metadata (RFC 9728 §3.1): with its path, then at the root.
pub(super) fn resource_metadata(url: &str) -> Vec<String> {
    const NAME: &str = "/.well-known/oauth-protected-resource";
    let (origin, path) = parts(url);
    let path = path.trim_end_matches('/');
    let mut places = vec![format!("{origin}{NAME}{path}")];
    if !path.is_empty() {
        places.push(format!("{origin}{NAME}"));
    }
    places
}

/// The places of a server's metadata, in the order of MCP: RFC 8414 §3.1, then those of `OpenID Connect Discovery` in both forms.
pub(super) fn server_metadata(issuer: &str) -> Vec<String> {
    let (origin, path) = parts(issuer);
    let path = path.trim_end_matches('/');
    let mut places = vec![
        format!("{origin}/.well-known/oauth-authorization-server{path}"),
        format!("{origin}/.well-known/openid-configuration{path}"),
    ];
    if !path.is_empty() {
        places.push(format!("{origin}{path}/.well-known/openid-configuration"));
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_places_are_those_of_the_specifications() {
        assert_eq!(
            server_metadata("https://as.example/tenant"),
            [
                "https://as.example/.well-known/oauth-authorization-server/tenant",
                "https://as.example/.well-known/openid-configuration/tenant",
                "https://as.example/tenant/.well-known/openid-configuration",
            ]
        );
        assert_eq!(
            server_metadata("https://as.example"),
            [
                "https://as.example/.well-known/oauth-authorization-server",
                "https://as.example/.well-known/openid-configuration",
            ]
        );
        assert_eq!(
            resource_metadata("https://mcp.example/a/mcp?x=1"),
            [
                "https://mcp.example/.well-known/oauth-protected-resource/a/mcp",
                "https://mcp.example/.well-known/oauth-protected-resource",
            ]
        );
    }

    #[test]
    fn a_resource_may_stand_above_the_url_and_never_beside_it() {
        let url = "https://mcp.example/a/mcp";
        for above in ["https://mcp.example", "https://mcp.example/", "https://mcp.example/a", url] {
            assert!(is_above(above, url), "{above}");
        }
        for other in [
            "https://mcp.example/b",
            "https://mcp.example/a/m",
            "http://mcp.example",
            "https://x.example",
            "",
        ] {
            assert!(!is_above(other, url), "{other}");
        }
        assert_eq!(with_path("https://mcp.example"), "https://mcp.example/");
        assert_eq!(with_path(url), url);
    }
}
