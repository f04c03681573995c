//! What was found: a list of findings under the steps of the walk, for people and for programs.

use std::fmt::Write as _;

use serde::Serialize;

use super::rule::Rule;
use crate::answer::Answer;
use crate::failure::Exit;
use crate::style::{ADD, BAD, DIM, WARN, bold, styled};

/// Most characters that are repeated of what a server said.
const LONGEST_QUOTE: usize = 160;

/// How a look at one thing ended. The order is that of how bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Verdict {
    /// As it should be.
    Ok,
    /// Not looked at, and why.
    Skipped,
    /// Allowed, but some client has trouble with it.
    Warning,
    /// A specification forbids it, or nobody gets through.
    Failure,
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Finding {
    step: &'static str,
    verdict: Verdict,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    specification: Option<&'static str>,
}

/// All findings, in the order of the walk.
#[derive(Debug, Default)]
pub(super) struct Report {
    step: &'static str,
    findings: Vec<Finding>,
}

#[derive(Serialize)]
struct Wire<'a> {
    subject: &'a str,
    verdict: Verdict,
    findings: &'a [Finding],
}

impl Report {
    /// Begins a step: what is found from now on belongs to it.
    pub(super) fn step(&mut self, name: &'static str) {
        self.step = name;
    }

    /// Something is as it should be.
    pub(super) fn ok(&mut self, message: impl Into<String>) {
        self.add(Verdict::Ok, None, message.into());
    }

    /// Something wasn't looked at.
    pub(super) fn skip(&mut self, message: impl Into<String>) {
        self.add(Verdict::Skipped, None, message.into());
    }

    /// Something is allowed and troubles some client.
    pub(super) fn warn(&mut self, rule: Rule, message: impl Into<String>) {
        self.add(Verdict::Warning, Some(rule), message.into());
    }

    /// Something breaks a rule.
    pub(super) fn fail(&mut self, rule: Rule, message: impl Into<String>) {
        self.add(Verdict::Failure, Some(rule), message.into());
    }

    /// Fails unless `holds`; says whether it does.
    pub(super) fn demand(&mut self, holds: bool, rule: Rule, message: impl Into<String>) -> bool {
        if !holds {
            self.fail(rule, message);
        }
        holds
    }

    /// Warns unless `holds`; says whether it does.
    pub(super) fn advise(&mut self, holds: bool, rule: Rule, message: impl Into<String>) -> bool {
        if !holds {
            self.warn(rule, message);
        }
        holds
    }

    fn add(&mut self, verdict: Verdict, rule: Option<Rule>, message: String) {
        self.findings.push(Finding {
            step: self.step,
            verdict,
            message,
            rule: rule.map(|rule| rule.name),
            specification: rule.map(|rule| rule.specification),
        });
    }

    /// The answer of the command about `subject`: it ends with 1 if anything failed.
    pub(super) fn answer(&self, subject: &str) -> Answer {
        let verdict = self.findings.iter().map(|finding| finding.verdict).max().unwrap_or(Verdict::Ok);
        let wire = Wire { subject, verdict, findings: &self.findings };
        let exit = (verdict == Verdict::Failure).then_some(Exit::Other);
        Answer::new(self.text(subject), &wire).with_exit(exit)
    }

    fn text(&self, subject: &str) -> String {
        let mut text = format!("{}\n", bold(subject));
        let mut step = "";
        for finding in &self.findings {
            if finding.step != step {
                step = finding.step;
                let _ = writeln!(text, "\n{}", bold(step));
            }
            let _ = writeln!(text, "  {} {}", mark(finding.verdict), finding.message);
            if let (Some(rule), Some(specification)) = (finding.rule, finding.specification) {
                let _ = writeln!(text, "          {}", styled(DIM, format_args!("{rule}: {specification}")));
            }
        }
        let count = |verdict| self.findings.iter().filter(|finding| finding.verdict == verdict).count();
        let (failures, warnings) = (count(Verdict::Failure), count(Verdict::Warning));
        let _ = writeln!(text, "\n{failures} failed, {warnings} to look at, {} fine", count(Verdict::Ok));
        text
    }
}

fn mark(verdict: Verdict) -> String {
    match verdict {
        Verdict::Ok => styled(ADD, "ok     "),
        Verdict::Skipped => styled(DIM, "skipped"),
        Verdict::Warning => styled(WARN, "warning"),
        Verdict::Failure => styled(BAD, "failure"),
    }
}

/// What a server said, as it can be shown: it comes from outside, and a terminal obeys control characters.
pub(super) fn quoted(text: &str) -> String {
    let plain = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter });
    let mut shown: String = plain.take(LONGEST_QUOTE).collect();
    if text.chars().nth(LONGEST_QUOTE).is_some() {
        shown.push('…');
    }
    format!("`{shown}`")
}
