//! The explanation for people.

use std::fmt::Write as _;

use mintedge::protocol::config::federation::Pattern;
use serde_json::Value;

use super::Explanation;
use super::verdict::{ClaimReport, Issued, Outcome, Reason, RuleReport};
use crate::style::{ADD, DIM, REMOVE, WARN, bold, styled};

pub(super) fn text(explanation: &Explanation) -> String {
    let mut text = format!(
        "{} the signature is not verified; whoever wrote this token may have made all of it up.\n\n",
        styled(WARN, "Only decoded:")
    );
    for (name, part) in [("Header", &explanation.header), ("Claims", &explanation.claims)] {
        let _ = writeln!(text, "{}", bold(name));
        for (name, value) in part {
            let _ = writeln!(text, "  {} = {}", visible(name), visible(&value.to_string()));
        }
    }
    let _ = writeln!(text, "\n{}", bold("Before any rule"));
    let width = explanation.checks.iter().map(|check| check.name().len()).max().unwrap_or_default();
    for check in &explanation.checks {
        let _ = writeln!(text, "  {} {:width$}  {}", mark(check.ok), check.name(), visible(&check.says));
    }
    if !explanation.rules.is_empty() {
        let _ = writeln!(text, "\n{}", bold("Rules"));
        explanation.rules.iter().for_each(|report| rule(&mut text, report));
    }
    for verdict in explanation.outcome.told() {
        let _ = writeln!(text, "\n{} {}", bold("Outcome:"), outcome(verdict, !explanation.rules.is_empty()));
    }
    if explanation.outcome.is_good() && explanation.checks.iter().any(|check| !check.ok) {
        text.push_str(
            "The server would refuse this token all the same, for what is marked `no` before any rule.\n",
        );
    }
    text
}

fn mark(ok: bool) -> String {
    if ok { styled(ADD, "ok") } else { styled(REMOVE, "no") }
}

fn rule(text: &mut String, report: &RuleReport) {
    let verdict = match &report.obstacle {
        Some(obstacle) => styled(DIM, obstacle),
        None if report.fits => "fits".to_owned(),
        None => "doesn't fit".to_owned(),
    };
    let _ = writeln!(text, "  {} {}: {verdict}", mark(report.fits), report.id);
    for claim in &report.mismatches {
        let _ = writeln!(text, "       {}", mismatch(claim));
    }
}

fn mismatch(report: &ClaimReport) -> String {
    let seen = match &report.seen {
        Some(value) => format!("is {}", visible(&value.to_string())),
        None => "is missing".to_owned(),
    };
    let wanted = report.wanted.as_ref().map_or_else(
        || "which a rule has to name to take it".to_owned(),
        |pattern| format!("wanted {}", wanted(pattern)),
    );
    format!("{} {seen}, {wanted}", visible(&report.claim))
}

fn wanted(pattern: &Pattern) -> String {
    let texts = |pattern: &Pattern| serde_json::to_string(pattern).unwrap_or_default();
    match pattern {
        Pattern::Exactly(_) => texts(pattern),
        Pattern::OneOf(_) => format!("one of {}", texts(pattern)),
        Pattern::Glob(glob) => format!("something like {}", Value::from(glob.glob.as_str())),
    }
}

fn outcome(outcome: &Outcome, about: bool) -> String {
    match outcome {
        Outcome::None if about => "nothing; no rule fits.".to_owned(),
        Outcome::None => "nothing; no rule is about such a token.".to_owned(),
        Outcome::Several { rules } => format!(
            "nothing; {} fit, and exactly one has to (if they are for different clients, name one with --client).",
            rules.join(" and ")
        ),
        Outcome::Authenticates { rule, client } => format!("{rule} authenticates the client {client}."),
        Outcome::Nothing { rule, refused } => {
            format!("nothing, although {rule} fits:{}", reasons("nothing to", refused))
        }
        Outcome::Grant(issued) => granted(issued),
    }
}

fn granted(issued: &Issued) -> String {
    format!(
        "{} wins. It issues\n  sub        {}\n  client     {}\n  audiences  {}\n  scopes     {}\n  ttl        {} s at \
         most, and not beyond the end of this token{}",
        issued.rule,
        visible(&issued.sub),
        issued.clients.join(" or "),
        issued.audiences.join(" "),
        issued.scopes.join(" "),
        issued.ttl,
        reasons("and nothing to", &issued.refused)
    )
}

fn reasons(intro: &str, refused: &[Reason]) -> String {
    let line = |reason: &Reason| format!("\n  {intro} {}: {}", reason.client, visible(&reason.why));
    refused.iter().map(line).collect::<Vec<_>>().concat()
}

/// Keeps a token from steering the terminal.
fn visible(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}
