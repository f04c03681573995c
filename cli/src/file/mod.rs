//! Reading a configuration file: syntax, structure and meaning, each problem with its place.
//!
//! The structure comes from the JSON Schema of the server's own types ([`structure`]), the meaning from the server's
//! own rules; a key that the server learns is known here at once. [`locate`] turns the server's paths, such as
//! `client[2].scopes[0]`, back into lines.

use std::fmt::Write as _;

mod inline;
mod json;
mod locate;
mod shape;
mod source;
mod structure;
mod words;

use std::collections::BTreeSet;
use std::path::Path;

use mintedge::protocol::config::Config;
use mintedge::protocol::model::scope::ADMIN_SCOPES;
use mintedge::protocol::validate;
use mintedge::protocol::validate::Problem;
use mintedge::protocol::validate::warnings::warnings;
use toml::de::DeTable;

use crate::failure::Failure;

pub(crate) use shape::choices;
pub(crate) use source::{Finding, Source};
pub(crate) use words::{config_schema, default_of, is_secret, known_kinds, members_of, nearest, resolve};

/// A configuration file without problems.
#[derive(Debug)]
pub(crate) struct ConfigFile {
    source: Source,
    /// What it says.
    pub(crate) config: Config,
    /// What of it is allowed and probably not meant.
    pub(crate) warnings: Vec<Finding>,
}

impl ConfigFile {
    /// Reads and checks the file at `path`.
    ///
    /// # Errors
    /// If it can't be read, or with everything that is wrong with it.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let source = Source::read(path)?;
        match check(&source) {
            Ok(config) => Ok(Self { warnings: second_looks(&source, &config), source, config }),
            Err(findings) => Err(refusal(&source, findings)),
        }
    }

    /// Adds something that deserves a second look.
    pub(crate) fn warn(&mut self, problem: &Problem) {
        if let Ok(root) = DeTable::parse(&self.source.text) {
            self.warnings.push(finding(&self.source, root.get_ref(), problem));
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

/// What of a valid file deserves a second look.
fn second_looks(source: &Source, config: &Config) -> Vec<Finding> {
    let Ok(root) = DeTable::parse(&source.text) else { return Vec::new() };
    let root = root.get_ref();
    let found = warnings(config).into_iter();
    found.map(|warning| finding(source, root, &in_file(root, warning))).collect()
}

/// Keys may have come from another file.
fn in_file(root: &DeTable<'_>, mut problem: Problem) -> Problem {
    if let Some(entry) = problem.path.strip_suffix(".jwks")
        && locate::text(root, &format!("{entry}.jwks_file")).is_some()
    {
        problem.path.push_str("_file");
    }
    problem
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
    let mut outcome = structure::check(source, root.get_ref());
    let mut findings = outcome.findings;
    for (path, message) in inline::jwks_files(&mut outcome.value, source.directory()) {
        findings.push(finding(source, root.get_ref(), &Problem { path, message }));
    }
    match serde_json::from_value::<Config>(outcome.value) {
        Ok(config) => {
            findings.extend(meaning(source, root.get_ref(), &config, &outcome.broken));
            if findings.is_empty() {
                return Ok(config);
            }
        }
        Err(error) if findings.is_empty() => findings.push(unforeseen(source, &error.to_string())),
        Err(_) => {}
    }
    Err(findings)
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
    let is_broken = |kind: &str| broken.iter().any(|entry| entry.starts_with(kind));
    let mut findings = Vec::new();
    for mut problem in validate::problems(config) {
        let of_broken = broken.iter().any(|entry| locate::is_within(&problem.path, entry));
        let refers = reference(config, &problem.path);
        let follows = refers.as_ref().is_some_and(|(kinds, _)| kinds.iter().any(|kind| is_broken(kind)))
            || problem.path.starts_with("rule")
                && ["resource", "client", "trusted"].into_iter().any(is_broken);
        let text = locate::text(root, &problem.path);
        let unknown = refers.and_then(|(_, known)| {
            text.filter(|text| !known.contains(&text.as_str())).map(|text| (text, known))
        });
        if of_broken || follows && (unknown.is_some() || problem.path.starts_with("rule")) {
            continue;
        }
        if let Some(near) = unknown.and_then(|(text, known)| nearest(&text, known)) {
            let _ = write!(problem.message, "; did you mean `{near}`?");
        }
        findings.push(finding(source, root, &in_file(root, problem)));
    }
    findings
}

/// What the member at `path` refers to: the kinds of entries, and the names there are.
fn reference<'c>(config: &'c Config, path: &str) -> Option<(&'static [&'static str], Vec<&'c str>)> {
    let (entry, member) = path.split_once('.')?;
    let member = member.rsplit('.').next()?.split('[').next()?;
    let scopes = || config.resource.iter().flat_map(|resource| &resource.scopes).map(String::as_str);
    let is_rule = entry.starts_with("rule");
    match member {
        _ if !is_rule && !entry.starts_with("client") => None,
        "scopes" if is_rule => Some((&["resource"], scopes().collect())),
        "scopes" => Some((&["resource"], scopes().chain(ADMIN_SCOPES).collect())),
        "additional_scopes" => Some((&["resource"], scopes().collect())),
        "audiences" | "serves" => Some((
            &["resource"],
            config.resource.iter().map(|resource| resource.identifier.as_str()).collect(),
        )),
        "clients" | "authenticates" | "subject_clients" | "may_act" => {
            Some((&["client"], config.client.iter().map(|client| client.client_id.as_str()).collect()))
        }
        "issuer" if is_rule => Some((
            &["trusted_issuer"],
            config.trusted_issuer.iter().map(|issuer| issuer.id.as_str()).collect(),
        )),
        _ => None,
    }
}

fn finding(source: &Source, root: &DeTable<'_>, problem: &Problem) -> Finding {
    source.finding(locate::span(root, &problem.path), &problem.path, &problem.message)
}

#[cfg(test)]
mod tests;
