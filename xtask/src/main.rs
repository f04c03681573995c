//! Mintedge's development commands, run as `cargo xtask COMMAND`.
//!
//! Everything they install goes to `target/tools` and `node_modules`. A second run starts from what is there.

mod bench;
mod beside;
mod clients;
mod deployment;
mod dev;
mod example;
mod files;
mod fuzz;
mod lint;
mod process;
mod secrets;
mod server;
mod setup;
mod steps;
mod test;
mod transcript;
mod wasm;

use std::process::ExitCode;

const USAGE: &str = "\
Usage: cargo xtask COMMAND

  setup                 Install what building and testing need, if it is missing
  build                 Build the Worker's wasm into build/, if its inputs changed
  dev [--port N]        Run the Worker locally with the quickstart configuration
  wrangler ARGUMENTS    Run wrangler with the settings of deployment.toml: deploy, secret put, tail, …
  example NAME [--check]
                        Run examples/NAME: three-legged, legacy-service, device or mcp-server. --check tries it and ends
  test [--only PART]    Run every check; PART is lint, native, fuzz, worker, clients or browser
  fuzz SECONDS          Run each fuzz target for so long; `fuzz build` only compiles them
  bench [--only PART]   Measure speed and size against other servers; writes bench/RESULTS.md. PART is tokens, logins,
                        cold or size: that alone, only printed
  lint                  Formatting, clippy, documentation, dependency licenses";

/// What went wrong, in words for the terminal.
pub(crate) type Failure = Box<dyn std::error::Error>;

/// The result of a development step.
pub(crate) type Result<T = ()> = std::result::Result<T, Failure>;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("\nxtask: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result {
    std::env::set_current_dir(files::root()?)?;
    process::end_children_on_signal()?;
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["setup"] => setup::everything().map(drop),
        ["bench"] => bench::run(),
        ["bench", "--only", part] => bench::run_part(part.parse()?),
        ["build"] => {
            deployment::check_before_build()?;
            wasm::build(&setup::for_build()?)
        }
        ["wrangler", rest @ ..] if !rest.is_empty() => deployment::wrangler(&setup::for_build()?, rest),
        ["dev"] => dev::run_until_interrupted(dev::DEFAULT_PORT),
        ["dev", "--port", port] => {
            dev::run_until_interrupted(port.parse().map_err(|_| format!("not a port: {port}"))?)
        }
        ["example", name] => name.parse::<example::Example>()?.run_until_interrupted(),
        ["example", name, "--check"] => name.parse::<example::Example>()?.check(),
        ["test"] => test::run_parts(test::Part::ALL),
        ["test", "--only", part] => test::run_parts(&[part.parse()?]),
        ["fuzz", "build"] => fuzz::build().map(drop),
        ["fuzz", seconds] => {
            fuzz::run_all(seconds.parse().map_err(|_| format!("no number of seconds: {seconds}"))?)
        }
        ["lint"] => test::run_parts(&[test::Part::Lint]),
        [] | ["help" | "--help" | "-h"] => {
            println!("{USAGE}");
            Ok(())
        }
        other => Err(format!("unknown arguments: {}\n\n{USAGE}", other.join(" ")).into()),
    }
}
