//! Questions on the terminal.

use std::io::{BufRead as _, IsTerminal as _, Write as _};

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
