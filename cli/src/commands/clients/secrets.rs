//! Secrets of single clients.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use mintedge::protocol::admin::{ClientView, NewSecretView};
use mintedge::protocol::codec::encoding::form_encode;
use mintedge::protocol::model::secret::SecretHash;
use mintedge::protocol::model::time::DAY;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::One;
use crate::answer::Answer;
use crate::commands::import::ImportedSecret;
use crate::duration;
use crate::failure::Failure;
use crate::file::Source;
use crate::issued::shown;
use crate::remote::{Session, client_path};
use crate::time::now;

/// Whose secret, and for how long.
#[derive(Debug, Args)]
pub(crate) struct RotateArgs {
    #[command(flatten)]
    client: One,
    /// How long the secrets it has now go on working; 0 ends them at once.
    #[arg(long, value_name = "DURATION", value_parser = duration::parse, default_value = "24h")]
    overlap: u64,
    /// When the new secret ends, such as 90d; without it never.
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    expires_in: Option<u64>,
}

/// Which secret.
#[derive(Debug, Args)]
pub(crate) struct RemoveArgs {
    #[command(flatten)]
    client: One,
    /// The secret's id, as `clients show` prints it.
    #[arg(value_name = "SECRET_ID")]
    secret_id: String,
}

/// Which hashes.
#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// The file that `import … --secrets-out` wrote.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// End the secrets that these clients have now; running it again then changes nothing.
    #[arg(long)]
    replace: bool,
}

#[derive(Serialize, Deserialize)]
struct Added {
    client: ClientView,
    secret: NewSecretView,
}

#[derive(Serialize)]
struct NewSecret<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_in: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    others_expire_in: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<&'a SecretHash>,
}

pub(super) fn rotate(session: &Session, args: &RotateArgs) -> Result<Answer, Failure> {
    let client_id = &args.client.client_id;
    let request =
        NewSecret { expires_in: args.expires_in, others_expire_in: Some(args.overlap), sha256: None };
    let added: Added = session.post(&client_path(client_id, "/secrets"), &request)?;
    let others = match args.overlap {
        0 => "The other secrets of the client have ended.".to_owned(),
        seconds => format!("The other secrets of the client end in {seconds} seconds at the latest."),
    };
    let text = format!(
        "{}\n{others} Every edge knows within 60 seconds.",
        shown(std::slice::from_ref(&added.secret))
    );
    Ok(Answer::new(text, &added))
}

pub(super) fn remove(session: &Session, args: &RemoveArgs) -> Result<Answer, Failure> {
    let (client_id, secret_id) = (&args.client.client_id, &args.secret_id);
    let path = client_path(client_id, &format!("/secrets/{}", form_encode(secret_id)));
    session.delete(&path)?;
    let text =
        format!("Secret {secret_id} of client {client_id} has ended; every edge knows within 60 seconds.");
    Ok(Answer::new(text, &json!({ "client_id": client_id, "removed": secret_id })))
}

/// Most seconds that the server lets a secret end in.
const LONGEST: u64 = 3650 * DAY;

/// Hashed secrets by client.
type Hashes = BTreeMap<String, Vec<ImportedSecret>>;

/// Reads the file before anything is asked of the server.
pub(super) fn read(args: &ImportArgs) -> Result<Hashes, Failure> {
    let source = Source::read(&args.file)?;
    serde_json::from_str(&source.text).map_err(|error| {
        // Its own words could quote a secret that should not be in the file.
        let (name, line, column) = (&source.name, error.line(), error.column());
        let expected = "clients with lists of SHA-256 in base64url, as `import … --secrets-out` writes them";
        Failure::invalid(format!("{name}:{line}:{column}: expected {expected}"))
    })
}

/// Registers every hash. One client's failure doesn't keep the others from theirs.
pub(super) fn import(session: &Session, args: &ImportArgs, hashes: &Hashes) -> Result<Answer, Failure> {
    let (mut registered, mut ended) = (0_usize, 0_usize);
    let mut failures = Vec::new();
    for (client_id, hashes) in hashes {
        for (index, secret) in hashes.iter().enumerate() {
            let others_expire_in = (args.replace && index == 0).then_some(0);
            let (hash, end) = secret.parts();
            let expires_in = end.map(|end| end.since(now()).min(LONGEST));
            if expires_in == Some(0) {
                ended += 1;
                continue;
            }
            let request = NewSecret { expires_in, others_expire_in, sha256: Some(hash) };
            match session.post::<Value>(&client_path(client_id, "/secrets"), &request) {
                Ok(_) => registered += 1,
                Err(failure) => {
                    failures.push((client_id, failure));
                    break;
                }
            }
        }
    }
    let mut count =
        format!("{registered} secret(s) of {} client(s) registered", hashes.len() - failures.len());
    if ended > 0 {
        let _ = write!(count, ", {ended} ended meanwhile");
    }
    match failures.into_iter().next() {
        None => Ok(Answer::new(format!("{count}."), &json!({ "registered": registered }))),
        Some((client_id, failure)) => {
            let description = format!("client {client_id}: {}; {count}", failure.description());
            Err(failure.explained(description))
        }
    }
}
