//! The part about refreshing and redeeming codes.

use std::fmt::{Result, Write as _};

use super::targets::Target;
use super::{rates, ratio};
use crate::bench::ROUNDS;
use crate::bench::load::CONNECTIONS;
use crate::bench::logins::{
    ALL_FAMILIES, CODES_EACH, FAMILIES, FLOOR, Logins, MANY, REFRESHED, WORKERS_OAUTH_PROVIDER,
};

/// Of one call to an object that writes one row: refreshing, redeeming a code.
const FLOOR_TARGETS: [f64; 2] = [0.8, 0.75];
const LIBRARY_TARGET: f64 = 3.0;
/// How much the number of grants may change the cost of a refresh, either way.
const FAMILIES_TARGET: f64 = 0.1;

const WHAT_IS_COMPARED: &str = "
* **Mintedge** as it is deployed. Each person has a Durable Object; a refresh authenticates the client, is one call to that
  object, which checks and replaces the refresh token, and signs an access token (Ed25519). With an ID token it signs
  twice.
* **one object, one write**: a Worker of about forty lines in the same workerd, with as many objects. It makes one call to
  an object, which writes one row, and answers as many bytes as Mintedge. It knows no clients, checks nothing and signs
  nothing.
* **workers-oauth-provider** (`@cloudflare/workers-oauth-provider`) in the same workerd. It keeps grants and tokens in KV
  and issues random strings; a refresh writes twice. Its KV is a map in the memory of its own process, which is faster
  than any KV. KV is eventually consistent, so it takes a refresh token once more after it was replaced, and two
  requests at once may both get a successor.
";

/// The rows of the table of targets.
pub(super) fn targets(measured: &Logins) -> [Target; 4] {
    let [refresh, exchange] = FLOOR_TARGETS;
    let compared = |contenders, name| ratio(contenders, name).median();
    let families = compared(&measured.families, MANY);
    let percent = FAMILIES_TARGET * 100.0;
    [
        Target::at_least(
            refresh,
            compared(&measured.refreshes, FLOOR),
            "refreshing: {} of one call to an object that writes one row",
        ),
        Target::at_least(
            exchange,
            compared(&measured.exchanges, FLOOR),
            "redeeming a code: {} of one call to an object that writes one row",
        ),
        Target::at_least(
            LIBRARY_TARGET,
            compared(&measured.refreshes, WORKERS_OAUTH_PROVIDER),
            "refreshing: {} × workers-oauth-provider",
        ),
        Target {
            what: format!(
                "refreshing costs the same with {FAMILIES} and {ALL_FAMILIES} grants, ± {percent:.0} %"
            ),
            measured: format!("{:+.0} %", (families - 1.0) * 100.0),
            met: (families - 1.0).abs() <= FAMILIES_TARGET,
        },
    ]
}

/// The whole part.
pub(super) fn write(text: &mut String, measured: &Logins) -> Result {
    text.push_str("\n## Logins\n");
    text.push_str(WHAT_IS_COMPARED);
    writeln!(
        text,
        "\nEvery request refreshes with the newest token of its grant, so every one rotates; {REFRESHED} grants, each of \
         another person."
    )?;
    rates(text, "refresh", &measured.refreshes)?;
    writeln!(
        text,
        "\nCodes come from `/authorize` with people's sessions right before each round, {CODES_EACH} for each person; only \
         redeeming them is measured."
    )?;
    rates(text, "code", &measured.exchanges)?;
    writeln!(
        text,
        "\nTwo copies of the same state with {FAMILIES} people, whose {FAMILIES} grants are refreshed in both. One has \
         {ALL_FAMILIES} grants, spread\nevenly over these people's objects and written into their files before the start: a \
         person has far more than the limit of\n20 for each client lets anybody have. Objects that nobody calls are files \
         that nothing opens, so their number isn't varied."
    )?;
    rates(text, "refresh", &measured.families)?;
    writeln!(
        text,
        "\nMedian and range of {ROUNDS} rounds in turn, after one to warm up; {CONNECTIONS} keep-alive connections, or one \
         for each grant if that is less."
    )
}
