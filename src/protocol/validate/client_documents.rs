//! What types can't say about `[[client_document]]`: that patterns are patterns, that no two rules are about the same, and that what they
//! give exists.

use std::collections::BTreeSet;

use super::{Check, MAX_SCOPES};
use crate::protocol::config::ClientDocumentConfig;
use crate::protocol::config::client_document::Allow;
use crate::protocol::documents::copies;
use crate::protocol::documents::pattern::UrlPattern;
use crate::protocol::documents::url;
use crate::protocol::model::scope::{DEVICE_SSO, USER_SCOPES, is_of_admin};

/// The most rules.
const MAX_RULES: usize = 200;

impl Check {
    /// Of two rules that fit a URL the more exact one counts, so only two of the same pattern are in each other's way.
    pub(super) fn client_documents(
        &mut self,
        rules: &[ClientDocumentConfig],
        is_scope: &dyn Fn(&str) -> bool,
        local: bool,
    ) {
        if rules.len() > MAX_RULES {
            self.say("client_document", format!("at most {MAX_RULES} rules"));
        }
        let mut seen = BTreeSet::new();
        for (index, rule) in rules.iter().enumerate() {
            let at = format!("client_document[{index}]");
            self.document_pattern(rule, &at, local);
            if !seen.insert(rule.matches.as_str()) {
                self.say(
                    format!("{at}.match"),
                    format!("`{}` is there twice; one rule says it all", rule.matches),
                );
            }
            self.document_scopes(rule, &at, is_scope);
        }
    }

    fn document_pattern(&mut self, rule: &ClientDocumentConfig, at: &str, local: bool) {
        let path = format!("{at}.match");
        let Some(pattern) = UrlPattern::parse(&rule.matches) else {
            self.say(
                path,
                "a URL, all below a path (`https://app.example.com/*`), the same at every host below a name \
                 (`https://*.example.com/*`), or `*` for all",
            );
            return;
        };
        if let Some(problem) = url::problem(&pattern.example(), local) {
            self.say(path, format!("no `client_id` is like this: {problem}"));
        }
        let is_known = !matches!(pattern, UrlPattern::Exactly(url) if copies::of(url).is_none());
        if !rule.built_in_copy.is_default() && !is_known {
            let known: Vec<_> = copies::urls().collect();
            let message = format!("there is no copy of this document; there are of {}", known.join(", "));
            self.say(format!("{at}.built_in_copy"), message);
        }
    }

    fn document_scopes(&mut self, rule: &ClientDocumentConfig, at: &str, is_scope: &dyn Fn(&str) -> bool) {
        if rule.allow != Allow::Off && rule.scopes.is_empty() {
            self.say(
                format!("{at}.scopes"),
                "name at least one scope: without any such a client can have nothing",
            );
        }
        if rule.scopes.len() > MAX_SCOPES {
            self.say(format!("{at}.scopes"), format!("at most {MAX_SCOPES} scopes"));
        }
        for (number, scope) in rule.scopes.iter().enumerate() {
            let path = format!("{at}.scopes[{number}]");
            if is_of_admin(scope) || scope == DEVICE_SSO {
                self.say(path, format!("`{scope}` is for registered clients only"));
            } else if !USER_SCOPES.contains(&scope) && !is_scope(scope) {
                self.say(path, format!("no resource has the scope `{scope}`"));
            }
        }
    }
}
