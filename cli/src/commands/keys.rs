//! `mintedge keys`: signing keys.

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use mintedge::protocol::admin::KeyView;
use mintedge::protocol::jwk::Alg;
use mintedge::protocol::state::keys::KeyState;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::answer::Answer;
use crate::args::Globals;
use crate::ask::confirm;
use crate::encoding::percent_encode;
use crate::failure::{Exit, Failure};
use crate::remote::{Access, Session, server_without_file};
use crate::style::{DIM, styled};
use crate::time::utc;

/// What to do with keys.
#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// List the keys and their schedules.
    List,
    /// Bring the next rotation forward: a new key is announced for a day, then it signs.
    Rotate(RotateArgs),
    /// Take a key out at once, in an emergency.
    Retire(RetireArgs),
}

/// Which keys, and when.
#[derive(Debug, Args)]
pub(crate) struct RotateArgs {
    /// Only keys of this algorithm.
    #[arg(long, value_parser = PossibleValuesParser::new(Alg::ALL.map(Alg::name)))]
    alg: Option<String>,
    /// Sign with the new key at once: verifiers refuse its tokens until they fetch /jwks again.
    #[arg(long)]
    immediately: bool,
}

/// Which key.
#[derive(Debug, Args)]
pub(crate) struct RetireArgs {
    /// The key's id, as `keys list` prints it.
    #[arg(value_name = "KID")]
    kid: String,
    /// Don't ask.
    #[arg(long, short)]
    yes: bool,
}

#[derive(Serialize, Deserialize)]
struct Keys {
    keys: Vec<KeyView>,
}

pub(super) fn run(globals: &Globals, command: &KeysCommand) -> Result<Answer, Failure> {
    let open = |access| Session::open(server_without_file(globals)?, access);
    let keys: Keys = match command {
        KeysCommand::List => open(Access::Read)?.get("keys")?,
        KeysCommand::Rotate(RotateArgs { alg, immediately }) => {
            let body = match alg {
                Some(alg) => json!({ "alg": alg, "immediately": immediately }),
                None => json!({ "immediately": immediately }),
            };
            open(Access::Write)?.post("keys/rotate", &body)?
        }
        KeysCommand::Retire(args) => retire(&open(Access::Write)?, args)?,
    };
    Ok(Answer::new(table(&keys.keys), &keys))
}

const CONSEQUENCES: &str = "\
  - It vanishes from /jwks and signs nothing more, at every edge within 60 seconds.
  - Every token it signed is refused as soon as a verifier fetches /jwks anew. Verifiers with an old copy go on
    accepting such tokens, forged ones included, until then: restart them if the key has leaked.
  - If it is the active key, another one signs from now on. Verifiers with an old copy of /jwks refuse the new tokens.
  - There is no way back. For an ordinary rotation use `mintedge keys rotate`.";

fn retire(session: &Session, args: &RetireArgs) -> Result<Keys, Failure> {
    let keys: Keys = session.get("keys")?;
    let key = keys.keys.iter().find(|key| key.kid == args.kid);
    let key = key.ok_or_else(|| {
        let description = format!("there is no key `{}`; `mintedge keys list` shows them", args.kid);
        Failure::new(Exit::Refused, "not_found", description)
    })?;
    let question = format!(
        "Retiring {} ({}, {}) takes it out at once:\n{CONSEQUENCES}\n\nRetire it?",
        key.kid,
        key.alg.name(),
        state(key.state)
    );
    confirm(&question, args.yes)?;
    session.post(&format!("keys/{}/retire", percent_encode(&args.kid)), &json!({}))
}

fn table(keys: &[KeyView]) -> String {
    let width = keys.iter().map(|key| key.kid.len()).max().unwrap_or_default();
    let header = format!(
        "{:width$}  {:5}  {:8}  {:20}  {:20}  GONE",
        "KID", "ALG", "STATE", "SIGNS FROM", "SIGNS UNTIL"
    );
    let mut text = styled(DIM, header) + "\n";
    for key in keys {
        let until = key.schedule.retire_from.map_or_else(|| "its successor".to_owned(), utc);
        let gone = key.schedule.gone_at.map(utc).unwrap_or_default();
        let (kid, alg, state) = (&key.kid, key.alg.name(), state(key.state));
        let from = utc(key.schedule.active_from);
        text.push_str(format!("{kid:width$}  {alg:5}  {state:8}  {from:20}  {until:20}  {gone}").trim_end());
        text.push('\n');
    }
    text
}

fn state(state: KeyState) -> &'static str {
    match state {
        KeyState::Next => "next",
        KeyState::Active => "active",
        KeyState::Retiring => "retiring",
        KeyState::Gone => "gone",
    }
}
