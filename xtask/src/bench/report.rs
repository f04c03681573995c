//! The result as Markdown.

mod logins;

use std::fmt::{Result, Write as _};

use super::cold::Starts;
use super::load::{CONNECTIONS, Contender};
use super::logins::Logins;
use super::machine::Machine;
use super::servers::{EXCHANGED, LOGGING_SIGNER, MINTEDGE, OIDC_PROVIDER, SIGNER};
use super::statistics::Sample;
use super::upload::Size;
use super::{Outcome, ROUNDS, Tokens};

const EXCHANGE_TARGET: f64 = 0.5;
const SIGNER_TARGET: f64 = 0.8;
const OIDC_PROVIDER_TARGET: f64 = 1.3;
/// Milliseconds.
const COLD_TARGET: f64 = 60.0;
/// Bytes.
const SIZE_TARGET: f64 = 500_000.0;

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

/// Everything that `bench/RESULTS.md` says.
pub(super) fn write(outcome: &Outcome, upload: &Size, machine: &Machine) -> String {
    text(|text| {
        text.push_str(INTRODUCTION);
        targets(text, outcome, upload)?;
        tokens(text, &outcome.tokens)?;
        logins::write(text, &outcome.logins)?;
        cold_start(text, &outcome.cold)?;
        conditions(text, machine)
    })
}

/// The part about tokens.
pub(super) fn tokens_alone(measured: &Tokens) -> String {
    text(|text| tokens(text, measured))
}

/// The part about logins, with its targets.
pub(super) fn logins_alone(measured: &Logins) -> String {
    text(|text| {
        table(text, logins::targets(measured))?;
        logins::write(text, measured)
    })
}

/// The part about cold starts.
pub(super) fn cold_alone(measured: &Starts) -> String {
    text(|text| cold_start(text, measured))
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
    rates(text, "RS256", &measured.rs256)?;
    rates(text, "token exchange (Ed25519, a client's token)", &measured.exchange)?;
    writeln!(
        text,
        "\nMedian and range of {ROUNDS} rounds in turn, after one to warm up; {CONNECTIONS} keep-alive connections, \
         HTTP/1.1, loopback. The last column is the median of the rounds' ratios."
    )
}

fn targets(text: &mut String, outcome: &Outcome, upload: &Size) -> Result {
    let compared = |name: &str| ratio(&outcome.tokens.ed25519, name).median();
    let (signer, logging, provider) = (compared(SIGNER), compared(LOGGING_SIGNER), compared(OIDC_PROVIDER));
    let (cold, size) = (outcome.cold.difference(), upload.gzipped);
    let target = format!("Ed25519 tokens: ≥ {SIGNER_TARGET} of a bare signer in JavaScript");
    let mut rows = vec![
        (target.clone() + ", both with a log line", format!("{logging:.2}"), logging >= SIGNER_TARGET),
        (target + " without log", format!("{signer:.2}"), signer >= SIGNER_TARGET),
        (
            format!("Ed25519 tokens: ≥ {OIDC_PROVIDER_TARGET} × node-oidc-provider"),
            format!("{provider:.2}"),
            provider >= OIDC_PROVIDER_TARGET,
        ),
    ];
    let exchange = ratio(&outcome.tokens.exchange, EXCHANGED).median().recip();
    rows.push((
        format!("token exchange: ≥ {EXCHANGE_TARGET} of client_credentials, verification included"),
        format!("{exchange:.2}"),
        exchange >= EXCHANGE_TARGET,
    ));
    rows.extend(logins::targets(&outcome.logins));
    rows.extend([
        (
            format!("cold start: ≤ {COLD_TARGET} ms above an empty Worker"),
            format!("{cold:.0} ms"),
            cold <= COLD_TARGET,
        ),
        (
            format!("upload: ≤ {:.0} KB gzipped", SIZE_TARGET / 1000.0),
            format!("{:.0} KB ({:.0} KB plain)", size / 1000.0, upload.plain / 1000.0),
            size <= SIZE_TARGET,
        ),
    ]);
    table(text, rows)
}

/// Targets: what, how it was measured, whether it is met.
fn table(text: &mut String, rows: impl IntoIterator<Item = (String, String, bool)>) -> Result {
    writeln!(text, "| Target | Measured | |\n|---|---|---|")?;
    rows.into_iter().try_for_each(|(target, measured, met)| {
        writeln!(text, "| {target} | {measured} | {} |", if met { "met" } else { "**missed**" })
    })
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
         reads the client and the\nconfiguration from KV and the keys from its Durable Object, all there from before. \
         Median and range of {} runs in turn.\n\n| | ms | range |\n|---|---:|---:|",
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
