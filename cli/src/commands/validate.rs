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
}

pub(super) fn run(args: &FileArgs) -> Result<Answer, Failure> {
    let file = ConfigFile::read(&args.file)?;
    let (resources, clients) = (file.config.resource.len(), file.config.client.len());
    let text = format!(
        "{} is valid: {}, {}.",
        args.file.display(),
        count(resources, "resource"),
        count(clients, "client")
    );
    Ok(Answer::new(text, &Verdict { valid: true, resources, clients }))
}

fn count(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}
