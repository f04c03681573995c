//! Redirect URIs: what may be registered, and what a request's is compared with (RFC 6749 §3.1.2, RFC 9700 §4.1.3,
//! RFC 8252 §7).
//!
//! Comparison is of exact strings, but for the port of a loopback address, which a native app can't know beforehand.

use super::registered_client::Client;
use crate::protocol::codec::encoding::form_decode;
use crate::protocol::codec::uri::{Uri, host_of, is_forbidden, is_scheme};

/// The longest redirect URI, in bytes.
pub const MAX_URI: usize = 1024;

/// The query parameters that this server appends to a redirect URI (RFC 6749 §4.1.2, RFC 9207 §2).
const OF_ANSWERS: [&str; 5] = ["code", "state", "iss", "error", "error_description"];

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

    /// The URI as it was registered or, for a loopback address, requested.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The source that a page's `form-action` has to allow so that a form may end up there: an origin, or a scheme.
    pub fn form_action(&self) -> String {
        match Uri::split(&self.0) {
            Some(Uri { scheme, authority: Some(authority), .. }) if scheme == "https" || scheme == "http" => {
                format!("{scheme}://{authority}")
            }
            Some(Uri { scheme, .. }) => format!("{scheme}:"),
            None => "'none'".to_owned(),
        }
    }

    /// Where people will be sent, in short; see [`host`].
    pub fn host(&self) -> &str {
        host(&self.0)
    }

    /// The scheme of an app's own, if this leads to one.
    pub fn app_scheme(&self) -> Option<&str> {
        app_scheme(&self.0)
    }
}

/// Where a registered URI leads, in short: the host on the web, or the scheme of an app. What stands where a host would in an
/// app's own URI is the app's to choose, and says nothing about where the code goes.
pub fn host(uri: &str) -> &str {
    app_scheme(uri).or_else(|| host_of(uri)).unwrap_or_default()
}

fn app_scheme(uri: &str) -> Option<&str> {
    Uri::split(uri).map(|uri| uri.scheme).filter(|scheme| !matches!(*scheme, "https" | "http"))
}

/// Whether the `requested` URI counts as the one that was `registered`.
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
    let uri = Uri::split(uri).filter(|uri| uri.scheme == "http")?;
    let (host, port) = uri.host_and_port()?;
    let port_ok = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|number| number > 0));
    // An empty path is `/` (RFC 3986 §6.2.3). Elsewhere the two are different strings; here libraries add the slash as they add
    // the port.
    let path = uri.path.strip_prefix('/').unwrap_or(uri.path);
    (port_ok && matches!(host, "127.0.0.1" | "[::1]" | "localhost")).then_some((host, path))
}

/// What is wrong with registering `uri`, if anything. `schemes` are those that policy names besides reversed domain names.
pub fn problem(uri: &str, schemes: &[String]) -> Option<&'static str> {
    if uri.len() > MAX_URI {
        return Some("a redirect URI has at most 1024 characters");
    }
    if uri.contains('*') {
        return Some("redirect URIs are compared exactly; there are no wildcards");
    }
    let parsed = match Uri::parse(uri) {
        Ok(parsed) => parsed,
        Err(problem) => return Some(problem),
    };
    if let Some((_, query)) = parsed.path.split_once('?')
        && has_name_of_an_answer(query)
    {
        return Some(
            "its query has a parameter that the answer has, such as `code`, `state`, `iss` or `error`",
        );
    }
    match parsed.scheme {
        "https" => None,
        "http" if parsed.is_loopback() => None,
        "http" => Some("http is for loopback addresses only; use https"),
        scheme if is_forbidden(scheme) => Some("this scheme leads to no application"),
        // RFC 8252 §7.1: an app's own scheme is a reversed domain name, so that no other app has it by accident.
        scheme if is_reversed_domain(scheme) || schemes.iter().any(|known| known == scheme) => {
            app_problem(&parsed)
        }
        _ => Some(
            "an app's own scheme is a reversed domain name, such as `com.example.app`, or one of `private_use_schemes` in \
             `[login]`",
        ),
    }
}

/// Whether a query has a parameter of authorization responses (RFC 6749 §4.1.2, RFC 9207). The application would find it twice
/// and might read the one that is always there.
fn has_name_of_an_answer(query: &str) -> bool {
    let name = |pair: &str| form_decode(pair.split('=').next().unwrap_or_default());
    query.split('&').filter_map(name).any(|name| OF_ANSWERS.contains(&name.as_str()))
}

/// What is wrong with `scheme` as one that policy lets apps have, if anything.
pub fn scheme_problem(scheme: &str) -> Option<&'static str> {
    let ends_well = !scheme.ends_with(['.', '+', '-']) && scheme.len() <= 64;
    if matches!(scheme, "https" | "http") || is_forbidden(scheme) {
        return Some("no app can have this scheme");
    }
    (!is_scheme(scheme) || !ends_well)
        .then_some("a scheme is a letter, then letters, digits, `+`, `-` and `.`, in lower case")
}

/// Two labels of a host name at least.
fn is_reversed_domain(scheme: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    scheme.contains('.') && scheme.split('.').all(is_label)
}

/// An app gets a path, or a host that it knows itself by. Without either there would be nothing that has a query: Android reads
/// none from `com.example.app:cb`.
fn app_problem(uri: &Uri<'_>) -> Option<&'static str> {
    let (Some(authority), Some((host, port))) = (uri.authority, uri.host_and_port()) else {
        return (!uri.path.starts_with('/'))
            .then_some("a slash follows the scheme of an app, as in `com.example.app:/callback`");
    };
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let is_port =
        |port: &str| port.parse::<u16>().is_ok_and(|number| number > 0 && number.to_string() == port);
    let port_ok = port.is_none_or(is_port);
    let sound = host.bytes().all(is_name) && port_ok && (!host.is_empty() || authority.is_empty());
    (!sound).then_some("what follows `://` is a host, and maybe a port")
}

/// Scheme, host and port of a web URI, the scheme's own port written out; `None` for any other.
pub(crate) fn origin(uri: &str) -> Option<(&str, &str, &str)> {
    let uri = Uri::split(uri)?;
    let standard = match uri.scheme {
        "https" => "443",
        "http" => "80",
        _ => return None,
    };
    let (host, port) = uri.host_and_port()?;
    Some((uri.scheme, host, port.unwrap_or(standard)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use url::Url;

    use super::*;

    #[test]
    fn only_exact_strings_and_loopback_ports_match() {
        let yes = [
            ("https://app.example/cb", "https://app.example/cb"),
            ("http://127.0.0.1/cb", "http://127.0.0.1:49152/cb"),
            ("http://127.0.0.1:1/cb?a=b", "http://127.0.0.1:65535/cb?a=b"),
            ("http://[::1]/cb", "http://[::1]:7/cb"),
            ("http://localhost/cb", "http://localhost:49152/cb"),
            ("http://localhost:3000/cb?a=b", "http://localhost/cb?a=b"),
            ("http://127.0.0.1:33418", "http://127.0.0.1:33418/"),
            ("http://127.0.0.1:33418/", "http://127.0.0.1:50000"),
            ("http://localhost/?a=b", "http://localhost:1?a=b"),
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
            ("http://localhost/cb", "http://LOCALHOST:1/cb"),
            ("http://localhost/cb", "http://localhost.:1/cb"),
            ("http://localhost/cb", "http://localhost.evil.example/cb"),
            ("http://localhost/cb", "http://localhost:1@evil.example/cb"),
            ("http://localhost/cb", "http://localhostx:1/cb"),
            ("http://localhost/cb", "http://127.0.0.1:1/cb"),
            ("http://localhost/cb", "http://localhost:1/other"),
            ("http://localhost/cb", "https://localhost:1/cb"),
            ("http://localhost/", "http://localhost//"),
            ("http://localhost/cb", "http://localhost//cb"),
            ("https://app.example", "https://app.example/"),
            ("https://127.0.0.1/cb", "https://127.0.0.1:1/cb"),
        ];
        for (registered, requested) in no {
            assert!(!matches(registered, requested), "{requested}");
        }
    }

    #[test]
    fn people_read_where_the_code_goes() {
        for (uri, host) in [
            ("https://app.example:8443/cb", "app.example"),
            ("http://localhost:1/cb", "localhost"),
            ("http://[::1]/cb", "[::1]"),
            ("com.example.app:/cb", "com.example.app"),
            ("com.example.app://claude.ai/cb", "com.example.app"),
            ("cursor://accounts.example/cb", "cursor"),
        ] {
            let known = RegisteredRedirectUri(uri.to_owned());
            assert_eq!(known.host(), host, "{uri}");
            assert_eq!(known.app_scheme().is_some(), !uri.starts_with("http"), "{uri}");
        }
    }

    #[test]
    fn what_leads_to_no_application_is_not_registered() {
        for good in [
            "https://app.example/cb",
            "https://app.example/cb?x=y",
            "https://app.example/cb?codec=1&mystate=2&x=code&Code=3",
            "http://127.0.0.1/cb",
            "http://localhost:3000/cb",
            "http://[::1]:8080/",
            "com.example.app:/cb",
            "https://App.Example/cb",
            "https://app.example:443/cb?q[]=1",
            "com.example.app://host/cb",
            "com.example.app://host:8080",
            "com.example.app:///cb",
            "com.example.app://auth.example.com/ios/com.Example.App/cb",
            "com.googleusercontent.apps.123-abc:/oauth2redirect",
        ] {
            assert_eq!(problem(good, &[]), None, "{good}");
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
            "tvv.://:ws",
            "tvv.:/cb",
            ".com:/cb",
            "com..example:/cb",
            "com.-example:/cb",
            "com.example+app:/cb",
            "com.example.app:cb",
            "com.example.app:",
            "com.example.app://:80/cb",
            "com.example.app://h:0/cb",
            "com.example.app://h:x/cb",
            "com.example.app://[::1]/cb",
            "com.example.app://user@h/cb",
            "com.example.app://h%41/cb",
            "com.example.app:/a/../cb",
            "https://0x7f.1/cb",
            "https://a..b/cb",
            "https://[::1/cb",
            "https://app.example/../cb",
            "https://app.example/{tenant}/cb",
            "https://app.example/%zz",
            "https://app.example:99999/cb",
            "http://127.0.0.1:0/cb",
            "http://127.0.0.1.evil.example/cb",
            "https://xn--a/",
            "https://[::ffff:127.0.0.1]/",
            "https://app.example/cb?code=x",
            "https://app.example/cb?a=b&state",
            "https://app.example/cb?a=b&i%73s=x",
            "https://app.example/cb?%65rror=",
            "com.example.app:/cb?error_description=x",
        ] {
            assert!(problem(bad, &[]).is_some(), "{bad}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]
        #[test]
        fn what_may_be_registered_is_a_url_to_an_independent_parser(
            uri in "(https?|[a-z0-9.+-]{1,10}|com\\.example)(:|:/|://)[a-zA-Z0-9.:@\\[\\]%_~-]{0,12}[/?:.%a-c2eE\\[\\]'!$&(){}|^+,;=]{0,12}"
        ) {
            if problem(&uri, &[]).is_some() || uri.to_ascii_lowercase().contains("xn--") { return Ok(()) }
            let url = Url::parse(&uri);
            prop_assert!(url.is_ok(), "{uri}: {url:?}");
            let url = url.expect("a URL");
            prop_assert!(url.username().is_empty() && url.password().is_none() && url.fragment().is_none());
            prop_assert!(!url.cannot_be_a_base(), "{uri}");
            match url.scheme() {
                "https" => prop_assert!(url.has_host()),
                "http" => prop_assert!(matches!(url.host_str(), Some("127.0.0.1" | "[::1]" | "localhost"))),
                scheme => {
                    prop_assert!(scheme.split('.').filter(|label| !label.is_empty()).count() >= 2, "{uri}");
                    prop_assert_eq!(url.as_str(), &uri);
                }
            }
        }
    }
}
