//! What a command has to say when it succeeded.

use std::io::Write as _;
use std::process::ExitCode;

use serde::Serialize;
use serde_json::Value;

use crate::failure::Exit;
use crate::file::Finding;

/// An answer, for people and for programs.
#[derive(Debug)]
pub(crate) struct Answer {
    text: String,
    json: Value,
    exit: Option<Exit>,
    warnings: String,
}

impl Answer {
    /// An answer that says `text` to people and `json` to programs.
    pub(crate) fn new(text: impl Into<String>, json: &impl Serialize) -> Self {
        let json = serde_json::to_value(json).unwrap_or(Value::Null);
        Self { text: text.into(), json, exit: None, warnings: String::new() }
    }

    /// An answer that is the same text for both.
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), json: Value::Null, exit: None, warnings: String::new() }
    }

    /// Makes the command end with `exit` although it succeeded.
    pub(crate) fn with_exit(mut self, exit: Option<Exit>) -> Self {
        self.exit = exit;
        self
    }

    /// Adds what of a file deserves a second look: on standard error for people, as `warnings` for programs.
    pub(crate) fn with_warnings(mut self, warnings: &[Finding]) -> Self {
        self.warnings = warnings.iter().map(|warning| warning.render_warning() + "\n").collect();
        if let (Value::Object(members), false) = (&mut self.json, warnings.is_empty()) {
            members.insert("warnings".to_owned(), serde_json::to_value(warnings).unwrap_or_default());
        }
        self
    }

    /// Prints the answer on standard output.
    pub(crate) fn print(self, json: bool) -> ExitCode {
        if !json {
            // Failing to show them must not keep the answer back.
            let _ = write!(anstream::stderr(), "{}", self.warnings);
        }
        let text = if json && !self.json.is_null() {
            serde_json::to_string_pretty(&self.json).unwrap_or_default()
        } else {
            self.text
        };
        let mut out = anstream::stdout();
        // A reader that has seen enough (`| head`) is no failure; a full disk behind a redirection is one.
        let written = if text.is_empty() || text.ends_with('\n') {
            out.write_all(text.as_bytes())
        } else {
            writeln!(out, "{text}")
        };
        match written.and_then(|()| out.flush()) {
            Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Exit::Other.into(),
            Ok(()) | Err(_) => self.exit.map_or(ExitCode::SUCCESS, ExitCode::from),
        }
    }
}
