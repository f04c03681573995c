//! Questions on the terminal.

use std::io::{BufRead as _, IsTerminal as _, Write as _};

use mintedge::protocol::model::secret::Secret;

use crate::failure::Failure;

/// Whether the operator agrees to `question`; `yes` answers for them.
///
/// # Errors
/// If there is nobody to ask, or the answer is not `yes`.
pub(crate) fn confirm(question: &str, yes: bool) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    if !std::io::stdin().is_terminal() {
        return Err(Failure::usage(
            "standard input is not a terminal, so nobody can be asked; pass --yes to go ahead",
        ));
    }
    let mut err = anstream::stderr();
    // If the question can't be shown, the answer won't be `yes`.
    let _ = write!(err, "\n{question}\n  Only `yes` is taken as agreement: ").and_then(|()| err.flush());
    let mut answer = String::new();
    let read = std::io::stdin().lock().read_line(&mut answer);
    if read.is_ok() && answer.trim() == "yes" {
        return Ok(());
    }
    Err(Failure::other("canceled; nothing was changed"))
}

/// A new password, typed twice without being shown.
///
/// # Errors
/// If there is nobody to ask, or the two differ.
pub(crate) fn new_password() -> Result<Secret, Failure> {
    if !std::io::stdin().is_terminal() {
        return Err(Failure::usage(
            "standard input is not a terminal, so nobody can be asked for a password; pass --password-stdin, \
             --generate-password or --no-password, or invite the user",
        ));
    }
    let read = |prompt: &str| {
        let typed = rpassword::prompt_password(prompt);
        typed
            .map(Secret::received)
            .map_err(|error| Failure::other(format!("can't read the password: {error}")))
    };
    let password = read("New password: ")?;
    if read("Once again: ")?.expose() != password.expose() {
        return Err(Failure::other("the two passwords differ; nothing was changed"));
    }
    Ok(password)
}

/// The first line of standard input: a secret that is `what`.
///
/// # Errors
/// If there is none.
pub(crate) fn secret_line(what: &str) -> Result<Secret, Failure> {
    let mut line = String::new();
    let read = std::io::stdin().read_line(&mut line);
    read.map_err(|error| Failure::other(format!("can't read the {what}: {error}")))?;
    let secret = Secret::received(line.trim_end_matches(['\r', '\n']));
    if secret.expose().is_empty() {
        return Err(Failure::usage(format!("standard input holds no {what}")));
    }
    Ok(secret)
}
