//! `mintedge validate`: checks a file without asking the server.

use serde::Serialize;

use crate::answer::Answer;
use crate::args::FileArgs;
use crate::failure::Failure;
use crate::file::ConfigFile;

#[derive(Serialize)]
struct Verdict {
    valid: bool,
    resources: usize,
    clients: usize,
    #[serde(skip_serializing_if = "is_none")]
    trusted_issuers: usize,
    #[serde(skip_serializing_if = "is_none")]
    rules: usize,
}

pub(super) fn run(args: &FileArgs) -> Result<Answer, Failure> {
    let file = ConfigFile::read(&args.file)?;
    let config = &file.config;
    let verdict = Verdict {
        valid: true,
        resources: config.resource.len(),
        clients: config.client.len(),
        trusted_issuers: config.trusted_issuer.len(),
        rules: config.rule.len(),
    };
    let mut parts = vec![count(verdict.resources, "resource"), count(verdict.clients, "client")];
    if verdict.trusted_issuers + verdict.rules > 0 {
        parts.extend([count(verdict.trusted_issuers, "trusted issuer"), count(verdict.rules, "rule")]);
    }
    let text = format!("{} is valid: {}.", args.file.display(), parts.join(", "));
    Ok(Answer::new(text, &verdict).with_warnings(&file.warnings))
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_none(number: &usize) -> bool {
    *number == 0
}

fn count(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}
