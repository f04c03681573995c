//! Reading a configuration file: syntax, structure and meaning, each problem with its place.
//!
//! The structure comes from the JSON Schema of the server's own types ([`structure`]), the meaning from the server's
//! own rules; a key that the server learns is known here at once. [`locate`] turns the server's paths, such as
//! `client[2].scopes[0]`, back into lines.

use std::fmt::Write as _;

mod json;
mod locate;
mod shape;
mod source;
mod structure;
mod words;

use std::collections::BTreeSet;
use std::path::Path;

use mintedge::protocol::config::Config;
use mintedge::protocol::config::validate::{self, Problem};
use mintedge::protocol::scope::{ADMIN_READ, ADMIN_WRITE};
use toml::de::DeTable;

use crate::failure::Failure;

pub(crate) use source::{Finding, Source};
pub(crate) use words::{config_schema, default_of, known_kinds, nearest};

/// A configuration file without problems.
#[derive(Debug)]
pub(crate) struct ConfigFile {
    source: Source,
    /// What it says.
    pub(crate) config: Config,
}

impl ConfigFile {
    /// Reads and checks the file at `path`.
    ///
    /// # Errors
    /// If it can't be read, or with everything that is wrong with it.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let source = Source::read(path)?;
        match check(&source) {
            Ok(config) => Ok(Self { source, config }),
            Err(findings) => Err(refusal(&source, findings)),
        }
    }

    /// A refusal by the server, with its paths turned into places in the file.
    pub(crate) fn refused(&self, problems: &[Problem]) -> Failure {
        let findings = DeTable::parse(&self.source.text).map(|root| {
            problems.iter().map(|problem| finding(&self.source, root.get_ref(), problem)).collect()
        });
        refusal(&self.source, findings.unwrap_or_default())
    }
}

fn refusal(source: &Source, mut findings: Vec<Finding>) -> Failure {
    findings.sort_by_key(|finding| (finding.line, finding.column));
    let count = match findings.len() {
        1 => "1 problem".to_owned(),
        several => format!("{several} problems"),
    };
    Failure::invalid(format!("{} is not valid: {count}", source.name)).with_findings(findings)
}

/// Everything that is wrong with a file, or what it says.
pub(crate) fn check(source: &Source) -> Result<Config, Vec<Finding>> {
    let (root, errors) = DeTable::parse_recoverable(&source.text);
    if !errors.is_empty() {
        // What follows a syntax error is guesswork; its structure is not worth judging.
        let finding =
            |error: &toml::de::Error| source.finding(error.span().unwrap_or(0..0), "", error.message());
        return Err(errors.iter().map(finding).collect());
    }
    let outcome = structure::check(source, root.get_ref());
    let mut findings = outcome.findings;
    match serde_json::from_value::<Config>(outcome.value) {
        Ok(config) => findings.extend(meaning(source, root.get_ref(), &config, &outcome.broken)),
        Err(error) if findings.is_empty() => findings.push(unforeseen(source, &error.to_string())),
        Err(_) => {}
    }
    if !findings.is_empty() {
        return Err(findings);
    }
    toml::from_str(&source.text).map_err(|_| vec![unforeseen(source, "the file can't be read")])
}

/// What the types refuse and the schema doesn't: the TOML reader knows at least the place.
fn unforeseen(source: &Source, otherwise: &str) -> Finding {
    match toml::from_str::<Config>(&source.text) {
        Err(error) => source.finding(error.span().unwrap_or(0..0), "", error.message()),
        Ok(_) => source.finding(0..0, "", otherwise),
    }
}

/// The problems the server's rules find. Entries that are broken already stay silent, and so does everything that
/// may only follow from a broken entry.
fn meaning(source: &Source, root: &DeTable<'_>, config: &Config, broken: &BTreeSet<String>) -> Vec<Finding> {
    let scopes: Vec<&str> =
        config.resource.iter().flat_map(|resource| &resource.scopes).map(String::as_str).collect();
    let resources_broken = broken.iter().any(|entry| entry.starts_with("resource"));
    let mut findings = Vec::new();
    for mut problem in validate::problems(config) {
        let of_broken = broken.iter().any(|entry| locate::is_within(&problem.path, entry));
        let unknown_scope = locate::text(root, &problem.path).filter(|scope| {
            problem.path.starts_with("client")
                && problem.path.contains(".scopes[")
                && !scopes.contains(&scope.as_str())
        });
        if of_broken || (unknown_scope.is_some() && resources_broken) {
            continue;
        }
        if let Some(scope) = unknown_scope {
            let known = scopes.iter().copied().chain([ADMIN_READ, ADMIN_WRITE]);
            if let Some(near) = nearest(&scope, known) {
                let _ = write!(problem.message, "; did you mean `{near}`?");
            }
        }
        findings.push(finding(source, root, &problem));
    }
    findings
}

fn finding(source: &Source, root: &DeTable<'_>, problem: &Problem) -> Finding {
    source.finding(locate::span(root, &problem.path), &problem.path, &problem.message)
}

#[cfg(test)]
mod tests;
