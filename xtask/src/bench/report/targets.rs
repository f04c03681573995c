//! The table of targets: what Mintedge promises, how it was measured, whether it is met.

use std::fmt::{Result, Write as _};

use super::{Size, logins, ratio};
use crate::bench::cold::Starts;
use crate::bench::servers::{EXCHANGED, LOGGING_SIGNER, OIDC_PROVIDER, SIGNER};
use crate::bench::{Outcome, Tokens};

/// Of a bare signer in JavaScript with the same log line: for Ed25519, for ES256.
const SIGNER_TARGETS: [f64; 2] = [0.88, 0.9];
/// Of node-oidc-provider: for Ed25519, for ES256.
const OIDC_PROVIDER_TARGETS: [f64; 2] = [1.5, 1.8];
/// Of a bare signer in JavaScript without log.
const SILENT_SIGNER_TARGET: f64 = 0.8;
/// Of `client_credentials`.
const EXCHANGE_TARGET: f64 = 0.65;
/// Milliseconds.
const COLD_TARGET: f64 = 45.0;
/// Bytes.
const SIZE_TARGET: f64 = 480_000.0;

/// One line.
pub(super) struct Target {
    pub(super) what: String,
    pub(super) measured: String,
    pub(super) met: bool,
}

impl Target {
    /// A ratio that may not be lower.
    pub(super) fn at_least(limit: f64, ratio: f64, what: &str) -> Self {
        let what = what.replace("{}", &format!("≥ {limit}"));
        Self { what, measured: format!("{ratio:.2}"), met: ratio >= limit }
    }
}

/// All of them.
pub(super) fn write(text: &mut String, outcome: &Outcome, size: &Size<'_>) -> Result {
    let mut rows = tokens(&outcome.tokens);
    rows.extend(logins::targets(&outcome.logins));
    rows.extend(cold(&outcome.cold));
    rows.extend(upload(size));
    table(text, rows)
}

/// Those of one part.
pub(super) fn table(text: &mut String, rows: impl IntoIterator<Item = Target>) -> Result {
    writeln!(text, "| Target | Measured | |\n|---|---|---|")?;
    rows.into_iter().try_for_each(|Target { what, measured, met }| {
        writeln!(text, "| {what} | {measured} | {} |", if met { "met" } else { "**missed**" })
    })
}

pub(super) fn tokens(measured: &Tokens) -> Vec<Target> {
    let mut rows = Vec::new();
    let algs = [("Ed25519", &measured.ed25519), ("ES256", &measured.es256)];
    for ((alg, contenders), (signer, provider)) in
        algs.into_iter().zip(SIGNER_TARGETS.into_iter().zip(OIDC_PROVIDER_TARGETS))
    {
        let compared = |name: &str| ratio(contenders, name).median();
        rows.extend([
            Target::at_least(
                signer,
                compared(LOGGING_SIGNER),
                &format!("{alg} tokens: {{}} of a bare signer in JavaScript, both with a log line"),
            ),
            Target::at_least(
                SILENT_SIGNER_TARGET,
                compared(SIGNER),
                &format!("{alg} tokens: {{}} of a bare signer in JavaScript without log"),
            ),
            Target::at_least(
                provider,
                compared(OIDC_PROVIDER),
                &format!("{alg} tokens: {{}} × node-oidc-provider"),
            ),
        ]);
    }
    let exchange = ratio(&measured.exchange, EXCHANGED).median().recip();
    let what = "token exchange: {} of client_credentials, for a token that was shown before";
    rows.push(Target::at_least(EXCHANGE_TARGET, exchange, what));
    rows
}

pub(super) fn cold(measured: &Starts) -> [Target; 2] {
    let (difference, calls) = (measured.difference(), measured.object_calls);
    [
        Target {
            what: format!("cold start: ≤ {COLD_TARGET} ms above an empty Worker"),
            measured: format!("{difference:.0} ms"),
            met: difference <= COLD_TARGET,
        },
        Target {
            what: "a fresh isolate's first token, with a `KEK`: no call to an object".to_owned(),
            measured: format!("{calls} ({} reads of KV)", measured.kv_reads),
            met: calls == 0,
        },
    ]
}

pub(super) fn upload(size: &Size<'_>) -> [Target; 2] {
    let gzipped = size.upload.gzipped;
    let over: Vec<&str> =
        size.layers.iter().filter(|layer| !layer.fits()).map(|layer| layer.name.as_str()).collect();
    [
        Target {
            what: format!("upload: ≤ {:.0} KB gzipped", SIZE_TARGET / 1000.0),
            measured: format!("{:.0} KB ({:.0} KB plain)", gzipped / 1000.0, size.upload.plain / 1000.0),
            met: gzipped <= SIZE_TARGET,
        },
        Target {
            what: "every layer within its budget of bytes".to_owned(),
            measured: if over.is_empty() { "all".to_owned() } else { format!("over: {}", over.join(", ")) },
            met: over.is_empty(),
        },
    ]
}
