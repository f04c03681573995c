//! `mintedge completions`: completion scripts.

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use crate::answer::Answer;
use crate::args::Cli;

/// Which script.
#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell to print it for.
    shell: Shell,
}

pub(super) fn run(args: &CompletionsArgs) -> Answer {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "mintedge", &mut script);
    Answer::text(String::from_utf8_lossy(&script))
}
