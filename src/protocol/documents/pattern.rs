//! `match` of `[[client_document]]`: the URLs that a rule is about, and which of two rules is the more exact one.
//!
//! Four forms, from the most exact: a whole URL; everything below a path at one host (`https://app.example.com/oauth/*`); the
//! same at every host below a name (`https://*.example.com/*`); everything (`*`). Of the patterns that fit a URL one is always the
//! most exact, so rules need no order.

use crate::protocol::codec::uri::Uri;

/// A pattern, read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum UrlPattern<'a> {
    /// Every URL.
    Any,
    /// Every URL below a path, at all hosts that end like this; the suffix begins with a dot.
    Below {
        /// What the authority ends with.
        suffix: &'a str,
        /// What the path begins with; it ends in a slash.
        prefix: &'a str,
    },
    /// Every URL below a path at one host.
    At {
        /// The host, with a port that is written out.
        authority: &'a str,
        /// What the path begins with; it ends in a slash.
        prefix: &'a str,
    },
    /// This URL.
    Exactly(&'a str),
}

impl<'a> UrlPattern<'a> {
    /// Reads a pattern; `None` if it is none. Whether its parts make sense is for `admission` to say.
    pub fn parse(text: &'a str) -> Option<Self> {
        if text == "*" {
            return Some(Self::Any);
        }
        let Some(start) = text.strip_suffix('*') else {
            return (!text.contains('*')).then_some(Self::Exactly(text));
        };
        let Uri { scheme: "https", authority: Some(authority), path: prefix } = Uri::split(start)? else {
            return None;
        };
        if !prefix.starts_with('/') || !prefix.ends_with('/') || prefix.contains(['*', '?', '#']) {
            return None;
        }
        match authority.strip_prefix('*') {
            Some(suffix) if suffix.starts_with('.') && !suffix.contains('*') => {
                Some(Self::Below { suffix, prefix })
            }
            None if !authority.contains('*') => Some(Self::At { authority, prefix }),
            _ => None,
        }
    }

    /// Whether it fits `url`, which has been found to be one.
    pub fn fits(&self, url: &str) -> bool {
        let Some(Uri { scheme, authority: Some(other), path }) = Uri::split(url) else { return false };
        match self {
            Self::Any => scheme == "https",
            Self::Below { suffix, prefix } => {
                scheme == "https"
                    && other.ends_with(suffix)
                    && other.len() > suffix.len()
                    && is_below(path, prefix)
            }
            Self::At { authority, prefix } => {
                scheme == "https" && *authority == other && is_below(path, prefix)
            }
            Self::Exactly(only) => *only == url,
        }
    }

    /// How exact it is, as a number to compare with those of other patterns that fit the same URL: two of these are the same only if
    /// the patterns are.
    pub fn rank(&self) -> (u8, usize, usize) {
        match self {
            Self::Any => (0, 0, 0),
            Self::Below { suffix, prefix } => (1, suffix.len(), prefix.len()),
            Self::At { prefix, .. } => (2, 0, prefix.len()),
            Self::Exactly(_) => (3, 0, 0),
        }
    }

    /// A URL that it fits, which has the form that all of them have.
    pub fn example(&self) -> String {
        match self {
            Self::Any => "https://app.example.com/client".to_owned(),
            Self::Below { suffix, prefix } => format!("https://app{suffix}{prefix}client"),
            Self::At { authority, prefix } => format!("https://{authority}{prefix}client"),
            Self::Exactly(url) => (*url).to_owned(),
        }
    }
}

/// Something has to follow the prefix.
fn is_below(path: &str, prefix: &str) -> bool {
    let path = path.split('?').next().unwrap_or_default();
    path.strip_prefix(prefix).is_some_and(|rest| !rest.is_empty())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fits(pattern: &str, url: &str) -> bool {
        UrlPattern::parse(pattern).is_some_and(|pattern| pattern.fits(url))
    }

    #[test]
    fn hosts_are_matched_whole() {
        for (pattern, url) in [
            ("*", "https://evil.example/client"),
            ("https://claude.ai/oauth/a", "https://claude.ai/oauth/a"),
            ("https://claude.ai/*", "https://claude.ai/oauth/a"),
            ("https://claude.ai/oauth/*", "https://claude.ai/oauth/a/b"),
            ("https://*.example.com/*", "https://a.example.com/x"),
            ("https://*.example.com/*", "https://a.b.example.com/x"),
            ("https://*.example.com:8443/*", "https://a.example.com:8443/x"),
        ] {
            assert!(fits(pattern, url), "{pattern} {url}");
        }
        for (pattern, url) in [
            ("https://claude.ai/oauth/a", "https://claude.ai/oauth/b"),
            ("https://claude.ai/oauth/a", "https://claude.ai/oauth/a/"),
            ("https://claude.ai/oauth/a", "https://claude.ai/oauth/a?x"),
            ("https://claude.ai/oauth/a", "https://claude.ai:8443/oauth/a"),
            ("https://claude.ai/*", "https://claude.ai.evil.example/x"),
            ("https://claude.ai/*", "https://evil.example/claude.ai/x"),
            ("https://claude.ai/*", "https://xn--claude-xyz.ai/x"),
            ("https://claude.ai/*", "https://www.claude.ai/x"),
            ("https://claude.ai/*", "https://claude.ai/"),
            ("https://claude.ai/oauth/*", "https://claude.ai/oauthx/a"),
            ("https://claude.ai/oauth/*", "https://claude.ai/?/oauth/a"),
            ("https://*.example.com/*", "https://example.com/x"),
            ("https://*.example.com/*", "https://.example.com/x"),
            ("https://*.example.com/*", "https://aexample.com/x"),
            ("https://*.example.com/*", "https://a.example.com.evil.example/x"),
            ("*", "http://localhost:9000/x"),
        ] {
            assert!(!fits(pattern, url), "{pattern} {url}");
        }
    }

    #[test]
    fn other_forms_are_no_patterns() {
        for bad in [
            "https://*/x",
            "https://*/*",
            "https://*example.com/*",
            "https://a.*.example.com/*",
            "https://a.example.com/*/x",
            "https://a.example.com/x*",
            "https://a.example.com*",
            "http://a.example.com/*",
            "https://*.*.com/*",
            "**",
        ] {
            assert_eq!(UrlPattern::parse(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn of_two_that_fit_one_is_more_exact(
            one in "(\\*|https://(\\*\\.)?(a\\.){0,2}b/([ab]/){0,2}\\*|https://a\\.b/[ab]/[ab])",
            other in "(\\*|https://(\\*\\.)?(a\\.){0,2}b/([ab]/){0,2}\\*|https://a\\.b/[ab]/[ab])",
            url in "https://(a\\.){0,2}b/([ab]/){0,2}[ab]",
        ) {
            if one != other && fits(&one, &url) && fits(&other, &url) {
                let rank = |text: &str| UrlPattern::parse(text).map(|pattern| pattern.rank());
                prop_assert_ne!(rank(&one), rank(&other));
            }
        }
    }
}
