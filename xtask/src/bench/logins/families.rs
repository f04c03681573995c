//! Whether it matters how many grants there are: two copies of the same state, one of them with many more.

use std::path::Path;
use std::process::Command;

use super::cast::{People, start_mintedge};
use super::errands::{self, Door};
use crate::Result;
use crate::bench::ROUNDS;
use crate::bench::load::{self, Contender};
use crate::bench::runtime::{self, Runtime, Server};
use crate::bench::servers::MINTEDGE;
use crate::bench::statistics::Sample;
use crate::process::run;
use crate::setup::Tools;
use crate::steps::timed;

/// Refreshed grants, each of another person.
pub(in crate::bench) const FAMILIES: usize = 10;
/// Grants in all in the other copy. A person's share is far more than the limit of 20 for each client lets anybody have.
pub(in crate::bench) const ALL_FAMILIES: usize = 100_000;
/// What the report calls the other copy.
pub(in crate::bench) const MANY: &str = "Mintedge, with 100,000 grants";
const REQUESTS: u32 = 2_000;

pub(super) fn measure(tools: &Tools, runtime: &Runtime, state: &Path) -> Result<Vec<Contender>> {
    let kv = runtime::kv(runtime)?;
    let (door, tokens) = timed("Logging people in", || {
        let mintedge = start_mintedge(runtime, &kv, "few", state)?;
        let door = People::log_in(tools, &mintedge, FAMILIES)?.plain(mintedge.port);
        let tokens = errands::tokens(&door, FAMILIES)?;
        Ok((door, tokens))
    })?;
    timed("Adding grants to a copy", || copy(tools, state))?;
    let few = start_mintedge(runtime, &kv, "few", state)?;
    let many = start_mintedge(runtime, &kv, "many", state)?;
    let contender = |name, server: &Server| {
        let door = Door { port: server.port, ..door.clone() };
        let errands = errands::refreshing(&door, &tokens);
        Contender { name, port: server.port, errands, requests: REQUESTS, rates: Sample::default() }
    };
    let mut contenders = vec![contender(MINTEDGE, &few), contender(MANY, &many)];
    timed("Refreshing with few and with many grants", || Ok(load::interleaved(&mut contenders, ROUNDS)?))?;
    Ok(contenders)
}

/// Copies everything that is stored, and adds grants to the copy.
fn copy(tools: &Tools, state: &Path) -> Result {
    run(Command::new("cp").arg("-R").args(["few", "many"].map(|name| state.join(name))))?;
    let objects = state.join("many/mintedge-bench-subject");
    let each = (ALL_FAMILIES / FAMILIES).to_string();
    run(tools.node_command("node")?.arg("bench/families.mjs").arg(objects).arg(each))
}
