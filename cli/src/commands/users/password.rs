//! Where a new password comes from: never from the command line, which others can see.

use std::io::IsTerminal as _;

use clap::Args;
use mintedge::protocol::codec::encoding::base62;
use mintedge::protocol::model::entropy::Entropy as _;
use mintedge::protocol::model::secret::Secret;
use serde_json::{Map, Value};

use crate::ask::{new_password, secret_line};
use crate::failure::Failure;
use crate::random::SystemEntropy;

/// Characters of a generated password: more than 140 bits.
const GENERATED: usize = 24;

/// Where the password comes from.
#[derive(Debug, Args)]
pub(super) struct PasswordArgs {
    /// Read the password from standard input; a terminal asks for it.
    #[arg(long, group = "password")]
    password_stdin: bool,
    /// Read a hash from standard input instead, for users of another server; docs/users.md lists the forms.
    #[arg(long, group = "password")]
    password_hash_stdin: bool,
    /// Make a password and print it, once.
    #[arg(long, group = "password")]
    generate_password: bool,
}

impl PasswordArgs {
    /// Whether a password is to be set.
    pub(super) fn is_given(&self) -> bool {
        self.password_stdin || self.password_hash_stdin || self.generate_password
    }

    /// Adds the password, asking for it if nothing was said, and returns one that was made.
    ///
    /// # Errors
    /// If there is none to be had.
    pub(super) fn add_to(&self, body: &mut Map<String, Value>) -> Result<Option<Secret>, Failure> {
        let mut add = |name: &str, secret: &Secret| body.insert(name.to_owned(), secret.expose().into());
        if self.password_hash_stdin {
            add("password_hash", &secret_line("hash")?);
            return Ok(None);
        }
        if self.generate_password {
            let password = generate();
            add("password", &password);
            return Ok(Some(password));
        }
        let piped = self.password_stdin && !std::io::stdin().is_terminal();
        let password = if piped { secret_line("password")? } else { new_password()? };
        add("password", &password);
        Ok(None)
    }
}

fn generate() -> Secret {
    let mut bytes = [0; 18];
    SystemEntropy.fill(&mut bytes);
    Secret::received(base62(&bytes, GENERATED))
}
