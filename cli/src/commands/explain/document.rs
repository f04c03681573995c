//! `mintedge explain URL`: which rule of `[[client_document]]` admits the client of this URL, and why the others don't.

use std::fmt::Write as _;

use mintedge::protocol::config::{ClientDocumentConfig, Config};
use mintedge::protocol::documents::admission::{Admission, Refusal, admission};
use mintedge::protocol::documents::copies;
use mintedge::protocol::documents::pattern::UrlPattern;
use mintedge::protocol::model::outbound::is_local;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::failure::Exit;

pub(super) fn explain(config: &Config, own: Option<&str>, url: &str) -> Answer {
    let registered = config.client.iter().any(|client| client.client_id == url);
    let verdict = admission(&config.client_document, url, own.is_some_and(is_local));
    let (may_come, says) = match verdict {
        _ if registered => {
            (true, "registered in the file as a [[client]]: no document is fetched".to_owned())
        }
        Admission::Open(rule) => (true, format!("admitted by the rule `{}`", rule.matches)),
        Admission::Ask(rule) => (
            false,
            format!("the rule `{}` asks an administrator: mintedge clients admit {url}", rule.matches),
        ),
        Admission::Refused(Refusal::NoUrl(problem)) => (false, format!("no URL of a document: {problem}")),
        Admission::Refused(Refusal::NoRule) => (false, "refused: no rule fits".to_owned()),
        Admission::Refused(Refusal::Off(rule)) => (false, format!("refused by the rule `{}`", rule.matches)),
        Admission::Refused(Refusal::Query) => {
            (false, "refused: it has a query, and no rule names it whole".to_owned())
        }
    };
    let chosen = match verdict {
        Admission::Open(rule) | Admission::Ask(rule) | Admission::Refused(Refusal::Off(rule)) => Some(rule),
        Admission::Refused(_) => None,
    };
    let mut text = format!("{url}\n  {says}\n");
    let mut rules = Vec::new();
    for rule in &config.client_document {
        let why = match verdict {
            Admission::Refused(Refusal::NoUrl(_)) => "is not asked",
            _ => why(rule, chosen, url),
        };
        let _ = writeln!(text, "  rule `{}`: {why}", rule.matches);
        rules.push(json!({ "match": rule.matches, "says": why }));
    }
    if copies::of(url).is_some() {
        let _ = writeln!(text, "  a copy of this document is built in, as of {}", copies::AS_OF);
    }
    let scopes = chosen.map(|rule| rule.scopes.to_wire());
    let value = json!({ "client_id": url, "may_come": may_come, "says": says, "rules": rules,
        "scopes": scopes.map_or(Value::Null, Value::from) });
    Answer::new(text.trim_end().to_owned(), &value).with_exit((!may_come).then_some(Exit::Other))
}

fn why(rule: &ClientDocumentConfig, chosen: Option<&ClientDocumentConfig>, url: &str) -> &'static str {
    let fits = UrlPattern::parse(&rule.matches).is_some_and(|pattern| pattern.fits(url));
    match (fits, chosen == Some(rule)) {
        (_, true) => "fits, and is the most exact one",
        (true, false) => "fits, and a more exact rule counts instead",
        (false, false) => "does not fit",
    }
}
