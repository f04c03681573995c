//! `cargo xtask bench`: how fast Mintedge issues tokens, against other servers in the same run, and how large and how
//! quick to start it is. Prints the result and writes it to `bench/RESULTS.md`.
//!
//! Absolute numbers belong to one machine; the ratios are what the project promises. A missed target is reported and
//! is no failure of the command.

mod cold;
mod http;
mod load;
mod machine;
mod report;
mod runtime;
mod servers;
mod statistics;
mod upload;

use std::fs;

use crate::setup::{self, Tools};
use crate::steps::timed;
use crate::{Result, files, wasm};
use load::Contender;
use machine::Machine;
use runtime::Runtime;
use servers::Fleet;

/// Everything the benchmark makes, apart from its result.
const WORK: &str = "target/bench";
const RESULTS: &str = "bench/RESULTS.md";
const ROUNDS: u32 = 5;

/// What was measured.
struct Outcome {
    ed25519: Vec<Contender>,
    rs256: Vec<Contender>,
    cold: cold::Starts,
    upload: upload::Size,
}

/// Measures everything.
pub(crate) fn run() -> Result {
    let tools = setup::for_build()?;
    wasm::build(&tools)?;
    tools.npm_packages("bench")?;
    let runtime = Runtime::find(&tools)?;
    let machine = Machine::look(&tools, &runtime)?;
    let upload = timed("Bundling the Worker as for an upload", || upload::make(&tools))?;
    let outcome = measure(&tools, &runtime, upload)?;
    let text = report::write(&outcome, &machine);
    println!("\n{text}");
    fs::write(RESULTS, text)?;
    println!("Written to {RESULTS}");
    Ok(())
}

fn measure(tools: &Tools, runtime: &Runtime, upload: upload::Size) -> Result<Outcome> {
    machine::keep_to_client_core();
    let state = files::absolute(WORK)?.join("state");
    let _ = fs::remove_dir_all(&state);
    fs::create_dir_all(&state)?;
    let kv = runtime::kv(runtime)?;
    let fleet = timed("Starting the servers", || Fleet::start(tools, runtime, &kv, &state))?;
    let mut ed25519 = fleet.ed25519();
    let mut rs256 = fleet.rs256();
    timed("Ed25519 tokens, requests per second", || Ok(load::interleaved(&mut ed25519, ROUNDS)?))?;
    timed("RS256 tokens, requests per second", || Ok(load::interleaved(&mut rs256, ROUNDS)?))?;
    let client = fleet.client.clone();
    drop(fleet);
    let cold = timed("Cold starts", || cold::measure(runtime, &kv, &state, &client))?;
    Ok(Outcome { ed25519, rs256, cold, upload })
}
