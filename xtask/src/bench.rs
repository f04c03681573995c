//! `cargo xtask bench`: how fast Mintedge issues tokens and keeps people logged in, against other servers in the same run,
//! and how large and how quick to start it is. Prints the result and writes it to `bench/RESULTS.md`.
//!
//! Absolute numbers belong to one machine; the ratios are what the project promises. A missed target is reported and
//! is no failure of the command.

mod cold;
mod http;
mod layers;
mod load;
mod logins;
mod machine;
mod report;
mod runtime;
mod servers;
mod statistics;
mod upload;

use std::fs;
use std::path::PathBuf;
use std::str::FromStr;

use crate::setup::{self, Tools};
use crate::steps::timed;
use crate::{Result, files, wasm};
use load::Contender;
use machine::Machine;
use runtime::{Runtime, Server};
use servers::Fleet;

/// Everything the benchmark makes, apart from its result.
const WORK: &str = "target/bench";
const RESULTS: &str = "bench/RESULTS.md";
const ROUNDS: u32 = 5;

/// What can be measured alone.
#[derive(Clone, Copy)]
pub(crate) enum Part {
    Tokens,
    Logins,
    Cold,
    Size,
}

impl FromStr for Part {
    type Err = String;

    fn from_str(name: &str) -> std::result::Result<Self, String> {
        match name {
            "tokens" => Ok(Self::Tokens),
            "logins" => Ok(Self::Logins),
            "cold" => Ok(Self::Cold),
            "size" => Ok(Self::Size),
            other => Err(format!("no part {other}: there are tokens, logins, cold, size")),
        }
    }
}

/// What was measured.
struct Outcome {
    tokens: Tokens,
    logins: logins::Logins,
    cold: cold::Starts,
}

struct Tokens {
    ed25519: Vec<Contender>,
    es256: Vec<Contender>,
    rs256: Vec<Contender>,
    exchange: Vec<Contender>,
}

/// Measures everything.
pub(crate) fn run() -> Result {
    let bench = Bench::prepare()?;
    let fleet = bench.fleet()?;
    let tokens = tokens(&fleet)?;
    let cold = bench.cold(fleet)?;
    let outcome = Outcome { tokens, logins: bench.logins()?, cold };
    let size = report::Size { upload: &bench.upload, layers: &layers::measure()? };
    let text = report::write(&outcome, &size, &bench.machine);
    println!("\n{text}");
    fs::write(RESULTS, text)?;
    println!("Written to {RESULTS}");
    Ok(())
}

/// Measures one part and prints it; the recorded result stays what a whole run wrote.
pub(crate) fn run_part(part: Part) -> Result {
    let bench = Bench::prepare()?;
    let text = match part {
        Part::Tokens => report::tokens_alone(&tokens(&bench.fleet()?)?),
        Part::Logins => report::logins_alone(&bench.logins()?),
        Part::Cold => report::cold_alone(&bench.cold(bench.fleet()?)?),
        Part::Size => {
            report::size_alone(&report::Size { upload: &bench.upload, layers: &layers::measure()? })
        }
    };
    println!("{text}");
    Ok(())
}

/// What every part needs.
struct Bench {
    tools: Tools,
    runtime: Runtime,
    machine: Machine,
    upload: upload::Size,
    kv: Server,
    state: PathBuf,
}

impl Bench {
    fn prepare() -> Result<Self> {
        let tools = setup::for_build()?;
        wasm::build(&tools)?;
        tools.npm_packages("bench")?;
        let runtime = Runtime::find(&tools)?;
        let machine = Machine::look(&tools, &runtime)?;
        let upload = timed("Bundling the Worker as for an upload", || upload::make(&tools))?;
        machine::keep_to_client_core();
        let state = files::absolute(WORK)?.join("state");
        let _ = fs::remove_dir_all(&state);
        fs::create_dir_all(&state)?;
        let kv = runtime::kv(&runtime)?;
        Ok(Self { tools, runtime, machine, upload, kv, state })
    }

    fn fleet(&self) -> Result<Fleet> {
        timed("Starting the servers", || Fleet::start(&self.tools, &self.runtime, &self.kv, &self.state))
    }

    /// Starts servers of its own.
    fn logins(&self) -> Result<logins::Logins> {
        logins::measure(&self.tools, &self.runtime, &self.state)
    }

    /// Takes the fleet, because a cold start needs the state to itself.
    fn cold(&self, fleet: Fleet) -> Result<cold::Starts> {
        let client = fleet.client.clone();
        drop(fleet);
        timed("Cold starts", || cold::measure(&self.runtime, &self.kv, &self.state, &client))
    }
}

fn tokens(fleet: &Fleet) -> Result<Tokens> {
    let (mut ed25519, mut es256, mut rs256) = (fleet.ed25519(), fleet.es256(), fleet.rs256());
    timed("Ed25519 tokens, requests per second", || Ok(load::interleaved(&mut ed25519, ROUNDS)?))?;
    timed("ES256 tokens, requests per second", || Ok(load::interleaved(&mut es256, ROUNDS)?))?;
    timed("RS256 tokens, requests per second", || Ok(load::interleaved(&mut rs256, ROUNDS)?))?;
    let mut exchange = fleet.exchange()?;
    timed("Exchanging tokens, requests per second", || Ok(load::interleaved(&mut exchange, ROUNDS)?))?;
    Ok(Tokens { ed25519, es256, rs256, exchange })
}
