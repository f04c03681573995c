//! The result as Markdown.

mod logins;
mod size;
mod targets;

use std::fmt::{Result, Write as _};

use super::cold::Starts;
use super::layers::Layer;
use super::load::{CONNECTIONS, Contender};
use super::logins::Logins;
use super::machine::Machine;
use super::servers::MINTEDGE;
use super::statistics::Sample;
use super::upload;
use super::{Outcome, ROUNDS, Tokens};

const INTRODUCTION: &str = "\
# Benchmark

Written by `cargo xtask bench`. Everything here comes from one run on one machine: the ratios are what matters. Absolute
numbers are this machine's, not Cloudflare's, and no network is in them.

";

const WHAT_IS_COMPARED: &str = "
* **Mintedge** as it is deployed, with its log of one line per request and the default edge cache, in workerd. It looks
  the client up, compares its secret, and decides on scope and resource.
* **signer in JavaScript**: a Worker of about fifty lines in the same workerd. It parses the same request, signs the
  same claims with WebCrypto and gives the same answer; it knows no clients and checks nothing. Once without a log, once
  with a line as long as Mintedge's.
* **node-oidc-provider** in one Node process, with its in-memory adapter and JWT access tokens for the same resources.
* **empty Worker**: what workerd and the load generator cost without any work.

The request is `client_credentials` with a Basic header, `scope` and `resource`. Before the run every server has to
answer it with a valid token that has the same claims.
";

/// How large the upload is, and what in it.
pub(super) struct Size<'a> {
    pub(super) upload: &'a upload::Size,
    pub(super) layers: &'a [Layer],
}

/// Everything that `bench/RESULTS.md` says.
pub(super) fn write(outcome: &Outcome, size: &Size<'_>, machine: &Machine) -> String {
    text(|text| {
        text.push_str(INTRODUCTION);
        targets::write(text, outcome, size)?;
        tokens(text, &outcome.tokens)?;
        logins::write(text, &outcome.logins)?;
        cold_start(text, &outcome.cold)?;
        size::write(text, size)?;
        conditions(text, machine)
    })
}

/// The part about tokens.
pub(super) fn tokens_alone(measured: &Tokens) -> String {
    text(|text| {
        targets::table(text, targets::tokens(measured))?;
        tokens(text, measured)
    })
}

/// The part about logins, with its targets.
pub(super) fn logins_alone(measured: &Logins) -> String {
    text(|text| {
        targets::table(text, logins::targets(measured))?;
        logins::write(text, measured)
    })
}

/// The part about cold starts.
pub(super) fn cold_alone(measured: &Starts) -> String {
    text(|text| {
        targets::table(text, targets::cold(measured))?;
        cold_start(text, measured)
    })
}

/// The part about the upload.
pub(super) fn size_alone(measured: &Size<'_>) -> String {
    text(|text| {
        targets::table(text, targets::upload(measured))?;
        size::write(text, measured)
    })
}

fn text(write: impl FnOnce(&mut String) -> Result) -> String {
    let mut text = String::new();
    // Writing to a string never fails.
    match write(&mut text) {
        Ok(()) => text,
        Err(error) => error.to_string(),
    }
}

fn tokens(text: &mut String, measured: &Tokens) -> Result {
    text.push_str("\n## Tokens per second\n");
    text.push_str(WHAT_IS_COMPARED);
    rates(text, "Ed25519", &measured.ed25519)?;
    rates(text, "ES256", &measured.es256)?;
    rates(text, "RS256", &measured.rs256)?;
    rates(text, "token exchange (Ed25519, a client's token)", &measured.exchange)?;
    writeln!(
        text,
        "\nMedian and range of {ROUNDS} rounds in turn, after one to warm up; {CONNECTIONS} keep-alive connections, \
         HTTP/1.1, loopback. The last column is the median of the rounds' ratios."
    )
}

fn rates(text: &mut String, alg: &str, contenders: &[Contender]) -> Result {
    writeln!(text, "\n| {alg} | requests/s | range | Mintedge / it |\n|---|---:|---:|---:|")?;
    for Contender { name, rates, .. } in contenders {
        let (median, min, max) = (rates.median(), rates.min(), rates.max());
        let ratio = ratio(contenders, name).median();
        writeln!(text, "| {name} | {median:.0} | {min:.0}–{max:.0} | {ratio:.2} |")?;
    }
    Ok(())
}

/// Mintedge's rates relative to those of `name`.
fn ratio(contenders: &[Contender], name: &str) -> Sample {
    let rates = |name: &str| {
        let contender = contenders.iter().find(|contender| contender.name == name);
        contender.map(|contender| contender.rates.clone()).unwrap_or_default()
    };
    rates(MINTEDGE).relative_to(&rates(name))
}

fn cold_start(text: &mut String, measured: &Starts) -> Result {
    writeln!(
        text,
        "\n## Cold start\n\nFrom starting the workerd process to the first answer, which for Mintedge is a token: it \
         looks up the client, the\nconfiguration and the keys, all there from before, with {} calls to Durable Objects \
         and {} reads of KV (counted in a start\nof its own). Median and range of {} runs in turn.\n\n\
         | | ms | range |\n|---|---:|---:|",
        measured.object_calls,
        measured.kv_reads,
        super::cold::RUNS
    )?;
    for (name, sample) in [("Mintedge", &measured.mintedge), ("empty Worker", &measured.empty)] {
        writeln!(text, "| {name} | {:.0} | {:.0}–{:.0} |", sample.median(), sample.min(), sample.max())?;
    }
    Ok(())
}

fn conditions(text: &mut String, machine: &Machine) -> Result {
    let Machine { processor, cores, load, system, date, .. } = machine;
    let Machine { mintedge, workerd, node, oidc_provider, workers_oauth_provider, .. } = machine;
    let pinned = if machine.pinned {
        "the server that is measured on one core, the load generator on another"
    } else {
        "processes not bound to cores"
    };
    writeln!(text, "\n## Conditions\n")?;
    writeln!(text, "* {date}, {processor}, {cores} cores, {system}; {pinned}")?;
    writeln!(text, "* load average before the run: {load}")?;
    writeln!(
        text,
        "* Mintedge {mintedge}, {workerd}, Node {node}, oidc-provider {oidc_provider}, workers-oauth-provider {workers_oauth_provider}"
    )?;
    writeln!(text, "* Standard output, and so the logs, goes to the null device.")
}
