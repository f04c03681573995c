//! The `mintedge` command: configures and operates a Mintedge authorization server.
//!
//! Every command is a function from its arguments to an [`answer::Answer`] or a [`failure::Failure`]; only this
//! file prints them. With `--json` the answer is one JSON document on standard output and a failure one on standard
//! error. Exit codes are in [`failure::Exit`].

mod answer;
mod args;
mod ask;
mod commands;
mod doctor;
mod duration;
mod encoding;
mod failure;
mod file;
mod issued;
mod plan;
mod private_file;
mod random;
mod remote;
mod sign_in;
mod style;
mod time;
mod toml_text;

use std::process::ExitCode;

use clap::Parser as _;
use clap::error::ErrorKind;

use answer::Answer;
use args::Cli;
use failure::Failure;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    match commands::run(&cli) {
        Ok(answer) => answer.print(cli.globals.json),
        Err(failure) => failure.print(cli.globals.json),
    }
}

/// Help and version are answers, and so is what a bare `mintedge` says; anything else clap says is wrong usage.
fn usage(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        return Answer::text(error.render().ansi().to_string()).print(false);
    }
    let is_bare = [ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand, ErrorKind::MissingSubcommand];
    if is_bare.contains(&error.kind())
        && let Err(help) = Cli::try_parse_from(std::env::args_os().chain(["--help".into()]))
    {
        return Answer::text(help.render().ansi().to_string()).print(false);
    }
    // The arguments could not be read, so whether JSON is wanted is not known any other way.
    let json = std::env::args_os().any(|argument| argument == "--json");
    let text = if json { error.render().to_string() } else { error.render().ansi().to_string() };
    Failure::usage_text(text).print(json)
}
