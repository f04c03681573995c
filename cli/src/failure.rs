//! What a command has to say when it failed, and the exit codes.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::ExitCode;

use mintedge::protocol::validate::Problem;
use serde::Serialize;

use crate::file::Finding;
use crate::style::{BAD, bold, styled};

/// Exit codes other than 0. `docs/cli.md` lists them; they don't change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// Anything without a code of its own.
    Other = 1,
    /// `plan --detailed-exitcode`: there are changes.
    Changes = 2,
    /// The configuration, or the input in general, is not valid.
    Invalid = 3,
    /// The server refused: credentials, permissions, or the operation itself.
    Refused = 4,
    /// Somebody else applied a configuration in between.
    Conflict = 5,
    /// The server can't be reached or failed.
    Unreachable = 6,
    /// The command was called in a wrong way (`EX_USAGE`).
    Usage = 64,
}

impl Exit {
    const fn code(self) -> u8 {
        match self {
            Self::Other => 1,
            Self::Changes => 2,
            Self::Invalid => 3,
            Self::Refused => 4,
            Self::Conflict => 5,
            Self::Unreachable => 6,
            Self::Usage => 64,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// A failure. Neither its text nor its `Debug` ever holds a secret.
#[derive(Debug)]
pub(crate) struct Failure(Box<Details>);

#[derive(Debug)]
struct Details {
    exit: Exit,
    error: String,
    description: String,
    request_id: Option<String>,
    findings: Vec<Finding>,
    problems: Vec<Problem>,
    verbatim: bool,
}

#[derive(Serialize)]
struct Wire<'a> {
    error: &'a str,
    error_description: &'a str,
    exit_code: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    problems: Vec<serde_json::Value>,
}

impl Failure {
    /// A failure with its code for programs and its words for people.
    pub(crate) fn new(exit: Exit, error: impl Into<String>, description: impl Into<String>) -> Self {
        Self(Box::new(Details {
            exit,
            error: error.into(),
            description: description.into(),
            request_id: None,
            findings: Vec::new(),
            problems: Vec::new(),
            verbatim: false,
        }))
    }

    /// A failure without a category.
    pub(crate) fn other(description: impl Into<String>) -> Self {
        Self::new(Exit::Other, "failed", description)
    }

    /// The command was called in a wrong way.
    pub(crate) fn usage(description: impl Into<String>) -> Self {
        Self::new(Exit::Usage, "usage", description)
    }

    /// What the argument parser has to say, already laid out.
    pub(crate) fn usage_text(text: impl Into<String>) -> Self {
        let mut failure = Self::usage(text);
        failure.0.verbatim = true;
        failure
    }

    /// The input is not valid.
    pub(crate) fn invalid(description: impl Into<String>) -> Self {
        Self::new(Exit::Invalid, "invalid_config", description)
    }

    /// A file could not be read or written.
    pub(crate) fn file(doing: &str, path: &std::path::Path, error: &std::io::Error) -> Self {
        Self::other(format!("can't {doing} {}: {error}", path.display()))
    }

    /// Adds what is wrong where.
    pub(crate) fn with_findings(mut self, findings: Vec<Finding>) -> Self {
        self.0.findings = findings;
        self
    }

    /// Adds what the server says is wrong where.
    pub(crate) fn with_problems(mut self, problems: Vec<Problem>) -> Self {
        self.0.problems = problems;
        self
    }

    /// What the server said is wrong where.
    pub(crate) fn problems(&self) -> &[Problem] {
        &self.0.problems
    }

    /// Adds the server's name for the request.
    pub(crate) fn with_request_id(mut self, request_id: impl Into<String>) -> Self {
        self.0.request_id = Some(request_id.into()).filter(|id| !id.is_empty());
        self
    }

    /// Replaces the words for people.
    pub(crate) fn explained(mut self, description: impl Into<String>) -> Self {
        self.0.description = description.into();
        self
    }

    /// The words for people.
    pub(crate) fn description(&self) -> &str {
        &self.0.description
    }

    /// The exit code it leads to.
    pub(crate) fn exit(&self) -> Exit {
        self.0.exit
    }

    /// The code for programs.
    pub(crate) fn error(&self) -> &str {
        &self.0.error
    }

    /// Prints the failure on standard error.
    pub(crate) fn print(&self, json: bool) -> ExitCode {
        let text = if json { self.to_json() } else { self.to_text() };
        // There is nowhere left to report a failure to.
        let _ = writeln!(anstream::stderr(), "{}", text.trim_end());
        self.0.exit.into()
    }

    fn to_json(&self) -> String {
        let wire = Wire {
            error: &self.0.error,
            error_description: self.0.description.trim(),
            exit_code: self.0.exit.code(),
            request_id: self.0.request_id.as_deref(),
            problems: self.0.findings.iter().map(json).chain(self.0.problems.iter().map(json)).collect(),
        };
        serde_json::to_string_pretty(&wire).unwrap_or_default()
    }

    fn to_text(&self) -> String {
        if self.0.verbatim {
            return self.0.description.clone();
        }
        let mut text: String = self.0.findings.iter().map(|finding| finding.render() + "\n").collect();
        let _ = write!(text, "{} {}", styled(BAD, "error:"), bold(&self.0.description));
        for problem in &self.0.problems {
            let _ = write!(text, "\n  {}: {}", problem.path, problem.message);
        }
        if let Some(id) = &self.0.request_id {
            let _ = write!(text, "\n  request id: {id}");
        }
        text
    }
}

fn json(value: &impl Serialize) -> serde_json::Value {
    serde_json::to_value(value).unwrap_or_default()
}
