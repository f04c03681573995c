//! Which rule of `[[client_document]]` admits a client that comes with a document, if one does. Deny by default: a URL that no rule
//! fits is nobody's.

use super::pattern::UrlPattern;
use super::url;
use crate::protocol::config::client_document::{Allow, ClientDocumentConfig};

/// What the rules say of a URL, before it is known what administrators say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission<'a> {
    /// The client may come, by this rule.
    Open(&'a ClientDocumentConfig),
    /// It may if an administrator has admitted it, by this rule.
    Ask(&'a ClientDocumentConfig),
    /// It may not.
    Refused(Refusal<'a>),
}

/// Why a URL is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal<'a> {
    /// It is no URL of a document, and why.
    NoUrl(&'static str),
    /// No rule fits it.
    NoRule,
    /// The rule that fits it best says no.
    Off(&'a ClientDocumentConfig),
    /// It has a query, and no rule names it whole.
    Query,
}

/// What `rules` say of `client_id`, at a server that is on a loopback address if `local` is set.
pub fn admission<'a>(rules: &'a [ClientDocumentConfig], client_id: &str, local: bool) -> Admission<'a> {
    if let Some(problem) = url::problem(client_id, local) {
        return Admission::Refused(Refusal::NoUrl(problem));
    }
    let Some((rule, pattern)) = best(rules, client_id) else { return Admission::Refused(Refusal::NoRule) };
    if url::has_query(client_id) && !matches!(pattern, UrlPattern::Exactly(_)) {
        return Admission::Refused(Refusal::Query);
    }
    match rule.allow {
        Allow::Open => Admission::Open(rule),
        Allow::Ask => Admission::Ask(rule),
        Allow::Off => Admission::Refused(Refusal::Off(rule)),
    }
}

/// The most exact of the rules that fit `client_id`.
fn best<'a>(
    rules: &'a [ClientDocumentConfig],
    client_id: &str,
) -> Option<(&'a ClientDocumentConfig, UrlPattern<'a>)> {
    let fitting = rules.iter().filter_map(|rule| Some((rule, UrlPattern::parse(&rule.matches)?)));
    fitting.filter(|(_, pattern)| pattern.fits(client_id)).max_by_key(|(_, pattern)| pattern.rank())
}

/// Whether any client with a document may come.
pub fn any(rules: &[ClientDocumentConfig]) -> bool {
    rules.iter().any(|rule| rule.allow != Allow::Off)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(all: &[(&str, &str)]) -> Vec<ClientDocumentConfig> {
        let read = |(matches, allow): &(&str, &str)| {
            let text = format!(r#"{{"match":"{matches}","allow":"{allow}","scopes":["a"]}}"#);
            serde_json::from_str(&text).expect("a rule")
        };
        all.iter().map(read).collect()
    }

    fn verdict(all: &[(&str, &str)], client_id: &str) -> String {
        match admission(&rules(all), client_id, false) {
            Admission::Open(rule) => format!("open {}", rule.matches),
            Admission::Ask(rule) => format!("ask {}", rule.matches),
            Admission::Refused(Refusal::NoUrl(_)) => "no url".to_owned(),
            Admission::Refused(Refusal::NoRule) => "no rule".to_owned(),
            Admission::Refused(Refusal::Off(rule)) => format!("off {}", rule.matches),
            Admission::Refused(Refusal::Query) => "query".to_owned(),
        }
    }

    #[test]
    fn the_most_exact_rule_counts_wherever_it_stands() {
        let mut all = vec![
            ("*", "ask"),
            ("https://*.example.com/*", "off"),
            ("https://*.dev.example.com/*", "open"),
            ("https://*.example.com/oauth/*", "ask"),
            ("https://a.example.com/*", "open"),
            ("https://a.example.com/bad", "off"),
        ];
        for _ in 0..all.len() {
            all.rotate_left(1);
            for (url, expected) in [
                ("https://other.example/x", "ask *"),
                ("https://b.example.com/x", "off https://*.example.com/*"),
                ("https://x.dev.example.com/x", "open https://*.dev.example.com/*"),
                ("https://b.example.com/oauth/x", "ask https://*.example.com/oauth/*"),
                ("https://a.example.com/x", "open https://a.example.com/*"),
                ("https://a.example.com/bad", "off https://a.example.com/bad"),
                ("https://a.example.com/", "no url"),
            ] {
                assert_eq!(verdict(&all, url), expected, "{url}");
            }
        }
    }

    #[test]
    fn without_a_rule_nobody_comes_and_a_query_has_to_be_named() {
        assert_eq!(verdict(&[], "https://claude.ai/oauth/x"), "no rule");
        assert_eq!(
            verdict(&[("https://claude.ai/*", "open")], "https://claude.ai.evil.example/x"),
            "no rule"
        );
        assert_eq!(verdict(&[("*", "open")], "https://app.example.com/x?y"), "query");
        let exact = [("https://app.example.com/x?y", "open")];
        assert_eq!(verdict(&exact, "https://app.example.com/x?y"), "open https://app.example.com/x?y");
        assert!(
            !any(&rules(&[("*", "off")])) && any(&rules(&[("*", "off"), ("https://a.example/*", "ask")]))
        );
    }
}
