//! `mintedge explain`: what a token of a trusted issuer comes to, and why. It asks no server and verifies no signature.

mod checks;
mod document;
mod render;
mod verdict;

use std::io::Read as _;
use std::path::PathBuf;

use clap::Args;
use mintedge::protocol::codec::encoding::from_base64url;
use mintedge::protocol::codec::jws::{self, MAX_TOKEN};
use mintedge::protocol::documents::url::is_url;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::answer::Answer;
use crate::args::{DEFAULT_FILE, Globals};
use crate::failure::{Exit, Failure};
use crate::file::ConfigFile;
use crate::remote::expected_issuer;
use checks::Check;
use verdict::{RuleReport, Verdicts};

/// Which token, held against what.
#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// The token, or the URL of a client's metadata document; `-` reads a token from standard input, which keeps it out of the process list.
    #[arg(value_name = "TOKEN")]
    token: String,
    /// The configuration file.
    #[arg(long, value_name = "FILE", default_value = DEFAULT_FILE)]
    file: PathBuf,
    /// The client that presents it; without it all clients count.
    #[arg(long, value_name = "ID")]
    client: Option<String>,
}

/// All there is to say about a token. The signature is no part of it.
#[derive(Debug, Serialize)]
struct Explanation {
    /// Always false: everything here is what the token says of itself.
    signature_checked: bool,
    header: Map<String, Value>,
    claims: Map<String, Value>,
    /// The `id` of the trusted issuer.
    trusted_issuer: Option<String>,
    checks: Vec<Check>,
    rules: Vec<RuleReport>,
    outcome: Verdicts,
}

/// A token taken apart, and whole for the server's own reading. It is never shown whole.
struct Token {
    text: String,
    header: Map<String, Value>,
    claims: Map<String, Value>,
}

pub(super) fn run(globals: &Globals, args: &ExplainArgs) -> Result<Answer, Failure> {
    let file = ConfigFile::read(&args.file)?;
    let config = &file.config;
    if is_url(&args.token) {
        let own = expected_issuer(globals, config.issuer.as_deref())?;
        return Ok(document::explain(config, own, &args.token));
    }
    let client = args.client.as_deref();
    if let Some(id) = client.filter(|id| !config.client.iter().any(|client| client.client_id == **id)) {
        return Err(Failure::usage(format!("there is no client `{id}` in {}", args.file.display())));
    }
    let token = read(&args.token)?;
    let issuer = config.trusted_issuer.iter().find(|issuer| issuer.is_meant_by(&token.claims));
    let own = expected_issuer(globals, config.issuer.as_deref())?;
    let kind = checks::kind(&token.header);
    let now = crate::time::now().0;
    let checks = checks::all(&token, issuer, own, now);
    let (rules, outcome) = match (issuer, kind) {
        (Some(issuer), Some(kind)) => {
            verdict::decide((config, own), issuer, (kind, &token.claims), client, now)
        }
        _ => (Vec::new(), Verdicts::NOTHING),
    };
    let is_good = outcome.is_good() && checks.iter().all(|check| check.ok || check.passes_with_time);
    let explanation = Explanation {
        signature_checked: false,
        header: token.header,
        claims: token.claims,
        trusted_issuer: issuer.map(|issuer| issuer.id.clone()),
        checks,
        rules,
        outcome,
    };
    let text = render::text(&explanation);
    Ok(Answer::new(text, &explanation).with_exit((!is_good).then_some(Exit::Other)))
}

fn read(argument: &str) -> Result<Token, Failure> {
    let mut text = argument.to_owned();
    if argument == "-" {
        text.clear();
        let limit = u64::try_from(MAX_TOKEN).unwrap_or_default() + 2;
        let read = std::io::stdin().take(limit).read_to_string(&mut text);
        read.map_err(|error| Failure::other(format!("can't read the token: {error}")))?;
    }
    // What was given stays out of the message: it may be a secret of another kind.
    take_apart(text.trim()).map_err(Failure::invalid)
}

fn take_apart(token: &str) -> Result<Token, &'static str> {
    if token.len() > MAX_TOKEN {
        return Err("the token is larger than 8 KiB, which the server refuses");
    }
    let [header, claims, _] = jws::parts(token).ok_or("this is no JWT: three parts, separated by dots")?;
    // Read as leniently as can be: what the server would refuse is said below, beside what the token says.
    let object = |part: &str| serde_json::from_slice(&from_base64url(part)?).ok();
    match (object(header), object(claims)) {
        (Some(header), Some(claims)) => Ok(Token { text: token.to_owned(), header, claims }),
        _ => Err("this is no JWT: its first two parts are JSON objects in base64url"),
    }
}
