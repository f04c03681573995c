//! Redirect URIs: what may be registered, and what a request's is compared with (RFC 6749 §3.1.2, RFC 9700 §4.1.3,
//! RFC 8252 §7).
//!
//! Comparison is of exact strings, but for the port of a loopback IP address, which a native app can't know beforehand.

use super::client::Client;

/// Longest URI, in bytes.
pub const MAX_URI: usize = 1024;
/// Schemes that never lead back to an application.
const FORBIDDEN: [&str; 10] =
    ["javascript", "data", "vbscript", "file", "blob", "about", "ftp", "ws", "wss", "mailto"];

/// A redirect URI that the client has registered. Only [`RegisteredRedirectUri::of`] makes one, and only one of these is
/// ever redirected to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisteredRedirectUri(String);

impl RegisteredRedirectUri {
    /// Looks `requested` up among `client`'s; without it the client's only one. `None` if that is not its.
    pub fn of(client: &Client, requested: Option<&str>) -> Option<Self> {
        match requested {
            Some(requested) => {
                let known = client.redirect_uris.iter().any(|registered| matches(registered, requested));
                known.then(|| Self(requested.to_owned()))
            }
            None => match client.redirect_uris.as_slice() {
                [only] => Some(Self(only.clone())),
                _ => None,
            },
        }
    }

    /// The URI.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The source that a page's `form-action` has to allow so that a form may end up there: an origin, or a scheme.
    pub fn form_action(&self) -> String {
        let (scheme, rest) = self.0.split_once(':').unwrap_or((&self.0, ""));
        match rest.strip_prefix("//").and_then(|rest| rest.split(['/', '?']).next()) {
            Some(authority) if scheme == "https" || scheme == "http" => format!("{scheme}://{authority}"),
            _ => format!("{scheme}:"),
        }
    }

    /// Where people will be sent, in short: host, or scheme of an app.
    pub fn host(&self) -> &str {
        super::subject::host_of(&self.0).unwrap_or_else(|| self.0.split(':').next().unwrap_or_default())
    }
}

/// Whether `requested` is what was `registered`.
fn matches(registered: &str, requested: &str) -> bool {
    if registered == requested {
        return true;
    }
    let (Some(registered), Some(requested)) = (split_loopback(registered), split_loopback(requested)) else {
        return false;
    };
    registered == requested
}

/// A loopback redirect (RFC 8252 §7.3) as host and everything after the port; `None` for any other URI.
fn split_loopback(uri: &str) -> Option<(&str, &str)> {
    let rest = uri.strip_prefix("http://")?;
    let host = ["127.0.0.1", "[::1]"].into_iter().find(|host| rest.starts_with(host))?;
    let rest = rest.get(host.len()..)?;
    match rest.strip_prefix(':') {
        Some(after) => {
            let digits = after.bytes().take_while(u8::is_ascii_digit).count();
            let (port, path) = after.split_at_checked(digits)?;
            let port_ok = port.parse::<u16>().is_ok_and(|number| number > 0);
            (port_ok && is_path(path)).then_some((host, path))
        }
        None => is_path(rest).then_some((host, rest)),
    }
}

fn is_path(text: &str) -> bool {
    text.is_empty() || text.starts_with(['/', '?'])
}

/// What is wrong with registering `uri`, if anything.
pub fn problem(uri: &str) -> Option<&'static str> {
    let Some((scheme, rest)) = uri.split_once(':') else {
        return Some("a redirect URI is absolute");
    };
    if uri.len() > MAX_URI
        || !uri.bytes().all(|byte| byte.is_ascii_graphic())
        || uri.contains(['\\', '<', '>', '"'])
    {
        return Some(
            "a redirect URI is at most 1024 characters of printable ASCII without spaces, quotes and backslashes",
        );
    }
    if uri.contains('#') {
        return Some("a redirect URI has no fragment (RFC 6749 §3.1.2)");
    }
    if uri.contains('*') {
        return Some("redirect URIs are compared exactly; there are no wildcards");
    }
    let is_scheme = scheme.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase())
        && scheme
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"+-.".contains(&byte));
    if !is_scheme || FORBIDDEN.contains(&scheme) {
        return Some("this scheme leads to no application");
    }
    let authority = rest.strip_prefix("//").and_then(|rest| rest.split(['/', '?']).next());
    match (scheme, authority) {
        (_, Some(authority)) if authority.contains('@') => Some("a redirect URI has no user information"),
        ("https" | "http", None | Some("")) => Some("a redirect URI names a host"),
        ("http", Some(authority)) if !is_loopback_host(authority) => {
            Some("http is for loopback addresses only; use https")
        }
        ("https" | "http", Some(_)) => None,
        // RFC 8252 §7.1: an app's own scheme is a reversed domain name, so that no other app has it by accident.
        _ if !scheme.contains('.') => {
            Some("an app's own scheme is a reversed domain name, such as `com.example.app`")
        }
        _ => None,
    }
}

/// Scheme, host and port of a web URI, the scheme's own port written out; `None` for any other.
pub(super) fn origin(uri: &str) -> Option<(&str, &str, &str)> {
    let (scheme, rest) = uri.split_once("://")?;
    let standard = match scheme {
        "https" => "443",
        "http" => "80",
        _ => return None,
    };
    let authority = rest.split(['/', '?']).next()?;
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => Some((scheme, host, port)),
        _ => Some((scheme, authority, standard)),
    }
}

fn is_loopback_host(authority: &str) -> bool {
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    };
    matches!(host, "127.0.0.1" | "[::1]" | "localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_exact_strings_and_loopback_ports_match() {
        let yes = [
            ("https://app.example/cb", "https://app.example/cb"),
            ("http://127.0.0.1/cb", "http://127.0.0.1:49152/cb"),
            ("http://127.0.0.1:1/cb?a=b", "http://127.0.0.1:65535/cb?a=b"),
            ("http://[::1]/cb", "http://[::1]:7/cb"),
        ];
        for (registered, requested) in yes {
            assert!(matches(registered, requested), "{requested}");
        }
        let no = [
            ("https://app.example/cb", "https://app.example/cb/"),
            ("https://app.example/cb", "https://app.example/cb?x=1"),
            ("https://app.example/cb", "https://app.example:443/cb"),
            ("https://app.example/cb", "HTTPS://app.example/cb"),
            ("https://app.example/cb", "https://app.example/CB"),
            ("https://app.example/cb", "https://app.example/a/../cb"),
            ("https://app.example/cb", "https://app.example@evil.example/cb"),
            ("https://app.example/cb", "https://app.example/cb%2f"),
            ("http://127.0.0.1/cb", "http://127.0.0.1:80:80/cb"),
            ("http://127.0.0.1/cb", "http://127.0.0.1:0/cb"),
            ("http://127.0.0.1/cb", "http://127.0.0.1:99999/cb"),
            ("http://127.0.0.1/cb", "http://127.0.0.1:1@evil.example/cb"),
            ("http://127.0.0.1/cb", "http://127.0.0.1.evil.example/cb"),
            ("http://127.0.0.1/cb", "http://127.1/cb"),
            ("http://127.0.0.1/cb", "http://localhost/cb"),
            ("http://127.0.0.1/cb", "http://[::1]/cb"),
            ("http://127.0.0.1/cb", "http://127.0.0.1:1/other"),
            ("http://127.0.0.1/cb", "http://127.0.0.1:1/cb?x=1"),
            ("http://127.0.0.1/cb", "https://127.0.0.1:1/cb"),
            ("http://localhost/cb", "http://localhost:1/cb"),
            ("https://127.0.0.1/cb", "https://127.0.0.1:1/cb"),
        ];
        for (registered, requested) in no {
            assert!(!matches(registered, requested), "{requested}");
        }
    }

    #[test]
    fn what_leads_to_no_application_is_not_registered() {
        for good in [
            "https://app.example/cb",
            "https://app.example/cb?x=y",
            "http://127.0.0.1/cb",
            "http://localhost:3000/cb",
            "http://[::1]:8080/",
            "com.example.app:/cb",
            "com.example.app://host/cb",
        ] {
            assert_eq!(problem(good), None, "{good}");
        }
        for bad in [
            "/cb",
            "app.example/cb",
            "http://app.example/cb",
            "https://app.example/cb#x",
            "https://*.app.example/cb",
            "https://good@evil.example/",
            "https:///cb",
            "https:cb",
            "javascript:alert(1)",
            "JavaScript:alert(1)",
            " javascript:alert(1)",
            "java\nscript:x",
            "data:text/html,x",
            "file:///etc/passwd",
            "myapp:/cb",
            "https://a\\b/",
        ] {
            assert!(problem(bad).is_some(), "{bad}");
        }
    }
}
