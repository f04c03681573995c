//! Logins: refreshing, redeeming codes, and what the number of grants costs. Mintedge against the least that a server with
//! one Durable Object per person does, and against a library that keeps its grants in KV.

mod cast;
mod errands;
mod families;

use std::path::Path;

use super::ROUNDS;
use super::load::{self, Contender};
use super::runtime::{self, Runtime};
use super::statistics::Sample;
use crate::Result;
use crate::setup::Tools;
use crate::steps::timed;
use cast::Cast;
use errands::{Codes, Door};

pub(super) use families::{ALL_FAMILIES, FAMILIES, MANY};

/// What the report calls the contenders, besides Mintedge itself.
pub(super) const FLOOR: &str = "one object, one write";
pub(super) const WITH_ID_TOKEN: &str = "Mintedge, with an Ed25519 ID token";
pub(super) const WITH_RS256_ID_TOKEN: &str = "Mintedge, with an RS256 ID token";
pub(super) const WORKERS_OAUTH_PROVIDER: &str = "workers-oauth-provider";

/// Grants that are refreshed, each of another person.
pub(super) const REFRESHED: usize = 64;
/// Codes that each person redeems in a round. After all rounds nobody has more grants than a client may have.
pub(super) const CODES_EACH: usize = 3;

/// What was measured.
pub(super) struct Logins {
    pub(super) refreshes: Vec<Contender>,
    pub(super) exchanges: Vec<Contender>,
    pub(super) families: Vec<Contender>,
}

/// Starts everything that is compared, measures it and ends it.
pub(super) fn measure(tools: &Tools, runtime: &Runtime, state: &Path) -> Result<Logins> {
    let kv = runtime::kv(runtime)?;
    let cast = timed("Starting servers and logging people in", || Cast::start(tools, runtime, &kv, state))?;
    let mut refreshes = timed("Getting refresh tokens", || refreshes(&cast))?;
    timed("Refreshing, requests per second", || Ok(load::interleaved(&mut refreshes, ROUNDS)?))?;
    let mut exchanges = exchanges(&cast);
    timed("Redeeming codes, requests per second", || Ok(load::interleaved(&mut exchanges, ROUNDS)?))?;
    drop((cast, kv));
    let families = families::measure(tools, runtime, state)?;
    Ok(Logins { refreshes, exchanges, families })
}

fn refreshes(cast: &Cast) -> Result<Vec<Contender>> {
    let mut contenders = Vec::new();
    for (name, door, requests) in cast.doors() {
        let tokens = errands::tokens(&door, REFRESHED).map_err(|error| format!("{name}: {error}"))?;
        let errands = errands::refreshing(&door, &tokens);
        contenders.push(Contender { name, port: door.port, errands, requests, rates: Sample::default() });
    }
    Ok(contenders)
}

fn exchanges(cast: &Cast) -> Vec<Contender> {
    let contender = |(name, door, _): (&'static str, Door, u32)| {
        let requests = u32::try_from(door.cookies.len() * CODES_EACH).unwrap_or(u32::MAX);
        let errands = Codes::errands(&door, CODES_EACH);
        Contender { name, port: door.port, errands, requests, rates: Sample::default() }
    };
    cast.doors().into_iter().map(contender).collect()
}
