//! `mintedge keys`: signing keys, the root secret that all other keys are derived from, and what wraps them at rest.

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand, ValueEnum};
use mintedge::protocol::admin::{KekView, KeyView, KeysView, RootView};
use mintedge::protocol::keys::derived::Purpose;
use mintedge::protocol::model::jwk::Alg;
use mintedge::protocol::{keys::schedule::KeyState, keys::schedule::Schedule};
use serde_json::json;

use crate::answer::Answer;
use crate::args::Globals;
use crate::ask::confirm;
use crate::failure::{Exit, Failure};
use crate::remote::{Access, Session, server_without_file};
use crate::style::{DIM, styled};
use crate::time::utc;
use mintedge::protocol::codec::encoding::form_encode;

/// What to do with keys.
#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// List all keys with their schedules, and what wraps them at rest.
    List,
    /// Bring the next rotation forward: the new key is announced, then it is used. Nobody notices.
    Rotate(RotateArgs),
    /// Take a key out at once, in an emergency.
    Retire(RetireArgs),
}

/// What is rotated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// The keys that sign tokens.
    Signing,
    /// The root secret, and with it every key that seals or tags.
    Root,
}

/// Which keys, and when.
#[derive(Debug, Args)]
pub(crate) struct RotateArgs {
    /// What to rotate.
    #[arg(long, value_enum, default_value = "signing")]
    kind: Kind,
    /// Only signing keys of this algorithm.
    #[arg(long, value_parser = PossibleValuesParser::new(Alg::ALL.map(Alg::name)))]
    alg: Option<String>,
    /// Use the new key at once: verifiers refuse tokens of a new signing key until they fetch /jwks again.
    #[arg(long)]
    immediately: bool,
}

/// Which key.
#[derive(Debug, Args)]
pub(crate) struct RetireArgs {
    /// The key's id, as `keys list` prints it: a KID, or `root-` and a number.
    #[arg(value_name = "ID")]
    id: String,
    /// Only what a generation of the root secret made for this; may be repeated. All of it if left out.
    #[arg(long = "purpose", value_name = "PURPOSE", value_parser = PossibleValuesParser::new(Purpose::ALL.map(Purpose::name)))]
    purposes: Vec<String>,
    /// Don't ask.
    #[arg(long, short)]
    yes: bool,
}

pub(super) fn run(globals: &Globals, command: &KeysCommand) -> Result<Answer, Failure> {
    let open = |access| Session::open(server_without_file(globals)?, access);
    let keys: KeysView = match command {
        KeysCommand::List => open(Access::Read)?.get("keys")?,
        KeysCommand::Rotate(args) => rotate(&open(Access::Write)?, args)?,
        KeysCommand::Retire(args) => retire(&open(Access::Write)?, args)?,
    };
    Ok(Answer::new(shown(&keys), &keys))
}

fn rotate(session: &Session, args: &RotateArgs) -> Result<KeysView, Failure> {
    let immediately = args.immediately;
    let body = match (args.kind, &args.alg) {
        (Kind::Root, Some(_)) => return Err(Failure::usage("--alg is for signing keys only")),
        (Kind::Root, None) => json!({ "kind": "root", "immediately": immediately }),
        (Kind::Signing, Some(alg)) => json!({ "alg": alg, "immediately": immediately }),
        (Kind::Signing, None) => json!({ "immediately": immediately }),
    };
    session.post("keys/rotate", &body)
}

const CONSEQUENCES: &str = "\
  - It vanishes from /jwks and signs nothing more, at every edge within 60 seconds.
  - Every token it signed is refused as soon as a verifier fetches /jwks anew. Verifiers with an old copy go on
    accepting such tokens, forged ones included, until then: restart them if the key has leaked.
  - If it is the active key, another one signs from now on. Verifiers with an old copy of /jwks refuse the new tokens.
  - There is no way back. For an ordinary rotation use `mintedge keys rotate`.";

/// What ends with a generation of the root secret, by what its keys are for.
const fn made(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Code => "authorization codes on their way: those logins have to be started again",
        Purpose::Csrf => "forms that are open in browsers: people load the page again",
        Purpose::Flow => "logins that are under way: people start again from the application",
        Purpose::Grant => {
            "people's access tokens at userinfo, introspection and token exchange; APIs that verify by themselves take them"
        }
        Purpose::Link => "invitations and reset links: send new ones",
        Purpose::Refresh => "refresh tokens: every client has to send its people through a login again",
        Purpose::Registration => {
            "clients that registered themselves: they register anew, and their people log in again"
        }
        Purpose::RequestUri => {
            "pushed authorization requests on their way, and devices that wait for somebody"
        }
        Purpose::Session => "sessions: every browser is signed out and counts as unknown",
    }
}

fn retire(session: &Session, args: &RetireArgs) -> Result<KeysView, Failure> {
    let keys: KeysView = session.get("keys")?;
    let is_for = |purpose: &Purpose| {
        args.purposes.is_empty() || args.purposes.iter().any(|name| name == purpose.name())
    };
    let question = if let Some(root) = keys.roots.iter().find(|root| root.id == args.id) {
        let ends = Purpose::ALL.into_iter().filter(is_for).map(|purpose| format!("  - {}\n", made(purpose)));
        format!(
            "Retiring {} ({}) ends at once, at every edge within 60 seconds, what was made with it:\n{}\
             There is no way back. For an ordinary rotation use `mintedge keys rotate --kind root`.\n\nRetire it?",
            root.id,
            state(root.state),
            ends.collect::<String>()
        )
    } else if let Some(key) = keys.keys.iter().find(|key| key.kid == args.id) {
        if !args.purposes.is_empty() {
            return Err(Failure::usage("--purpose is for generations of the root secret only"));
        }
        let (kid, alg, state) = (&key.kid, key.alg.name(), state(key.state));
        format!("Retiring {kid} ({alg}, {state}) takes it out at once:\n{CONSEQUENCES}\n\nRetire it?")
    } else {
        let description = format!("there is no key `{}`; `mintedge keys list` shows them", args.id);
        return Err(Failure::new(Exit::Refused, "not_found", description));
    };
    confirm(&question, args.yes)?;
    let path = format!("keys/{}/retire", form_encode(&args.id));
    // A server that knows no generations takes no body.
    if args.purposes.is_empty() {
        return session.post(&path, &json!({}));
    }
    session.post(&path, &json!({ "purposes": args.purposes }))
}

fn shown(keys: &KeysView) -> String {
    let mut text = signing(&keys.keys);
    if !keys.roots.is_empty() {
        text.push('\n');
        text.push_str(&roots(&keys.roots));
        text.push('\n');
        text.push_str(&kek(&keys.kek));
    }
    text
}

fn signing(keys: &[KeyView]) -> String {
    let width = keys.iter().map(|key| key.kid.len()).max().unwrap_or_default();
    let header = format!(
        "{:width$}  {:5}  {:8}  {:20}  {:20}  GONE",
        "KID", "ALG", "STATE", "SIGNS FROM", "SIGNS UNTIL"
    );
    let mut text = styled(DIM, header) + "\n";
    for key in keys {
        let (kid, alg, state) = (&key.kid, key.alg.name(), state(key.state));
        let (from, until, gone) = times(&key.schedule);
        text.push_str(format!("{kid:width$}  {alg:5}  {state:8}  {from:20}  {until:20}  {gone}").trim_end());
        text.push('\n');
    }
    text
}

fn roots(roots: &[RootView]) -> String {
    let header = format!(
        "{:8}  {:8}  {:20}  {:20}  {:20}  RETIRED FOR",
        "ROOT", "STATE", "USED FROM", "USED UNTIL", "GONE"
    );
    let mut text = styled(DIM, header) + "\n";
    for root in roots {
        let (id, state) = (&root.id, state(root.state));
        let (from, until, gone) = times(&root.schedule);
        let retired: Vec<&str> = root.retired_for.iter().map(|purpose| purpose.name()).collect();
        let retired = retired.join(" ");
        text.push_str(format!("{id:8}  {state:8}  {from:20}  {until:20}  {gone:20}  {retired}").trim_end());
        text.push('\n');
    }
    text
}

fn times(schedule: &Schedule) -> (String, String, String) {
    let until = schedule.retire_from.map_or_else(|| "its successor".to_owned(), utc);
    (utc(schedule.active_from), until, schedule.gone_at.map(utc).unwrap_or_default())
}

fn kek(kek: &KekView) -> String {
    match kek {
        KekView { id: None, .. } => {
            "No KEK: the keys lie in the clear in the Durable Object's storage.\n".to_owned()
        }
        KekView { id: Some(id), wrapped, others: 0 } => {
            format!("KEK {id} wraps all {wrapped} keys; a KEK_PREVIOUS is not needed any more.\n")
        }
        KekView { id: Some(id), wrapped, others } => {
            format!("KEK {id} wraps {wrapped} keys, and {others} not yet: keep KEK_PREVIOUS.\n")
        }
    }
}

fn state(state: KeyState) -> &'static str {
    match state {
        KeyState::Next => "next",
        KeyState::Active => "active",
        KeyState::Retiring => "retiring",
        KeyState::Gone => "gone",
    }
}
