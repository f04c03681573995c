//! The objects that hold what is single-use, revocable or personal: one strongly consistent, single-threaded object per
//! person, directory shard or pushed request. (The Control object has a module of its own.)
//!
//! [`handle`] is an object's whole behavior, synchronous and the same natively and in a Durable Object: it reads rows,
//! decides, and returns its reply with the writes to make. The adapter makes all of them in one commit before it
//! answers, so a failure leaves nothing half done.

mod call;
pub mod directory;
pub mod ephemeral;
mod rows;
pub mod subject;

use serde::{Deserialize, Serialize};

use super::error::ServerError;
use super::ports::Entropy;
use super::time::{DAY, Timestamp};

pub use rows::{Changes, Rows, Transaction};

/// The kinds of objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Everything of one person; see [`subject`].
    Subject,
    /// A shard of the login identifiers; see [`directory`].
    Directory,
    /// One pushed request; see [`ephemeral`].
    Ephemeral,
}

impl Class {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Subject, Self::Directory, Self::Ephemeral];

    /// Its name, which is its Durable Object class's too.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Subject => "Subject",
            Self::Directory => "Directory",
            Self::Ephemeral => "Ephemeral",
        }
    }

    /// The kind called `name`.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.name() == name)
    }
}

/// How coarse alarms are, in seconds: expired rows are refused on reading, so sweeping them is never urgent.
pub const SWEEP_EVERY: u64 = DAY;

/// Carries out `command` (JSON) on an object of kind `class`.
///
/// # Errors
/// If the rows can't be read or the command isn't one of this class. Nothing may be written then.
pub fn handle<R: Rows, E: Entropy>(
    class: Class,
    rows: &R,
    now: Timestamp,
    entropy: &E,
    command: &str,
) -> Result<(String, Changes), ServerError> {
    let mut transaction = Transaction::new(rows);
    let reply = match class {
        Class::Subject => write(&subject::handle(&mut transaction, now, entropy, read(command)?)?),
        Class::Directory => write(&directory::handle(&mut transaction, now, read(command)?)?),
        Class::Ephemeral => write(&ephemeral::handle(&mut transaction, now, read(command)?)?),
    }?;
    Ok((reply, transaction.finish()))
}

/// The command that an object's alarm carries out: drop what has expired.
pub const fn tend(class: Class) -> &'static str {
    match class {
        Class::Subject | Class::Directory | Class::Ephemeral => "\"tend\"",
    }
}

fn read<T: for<'a> Deserialize<'a>>(json: &str) -> Result<T, ServerError> {
    serde_json::from_str(json)
        .map_err(|error| ServerError::internal(format!("the command is unreadable: {error}")))
}

fn write<T: Serialize>(reply: &T) -> Result<String, ServerError> {
    serde_json::to_string(reply).map_err(|error| ServerError::internal(error.to_string()))
}
