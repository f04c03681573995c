//! A file's text, and pointing at a place in it.

use std::ops::Range;
use std::path::Path;

use serde::Serialize;

use super::words::is_secret;
use crate::failure::Failure;
use crate::style::{BAD, DIM, WARN, bold, styled};

/// A file: its name for messages and its text.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) name: String,
    pub(crate) text: String,
}

/// One problem and its place.
#[derive(Debug, Serialize)]
pub(crate) struct Finding {
    /// The file, as it was named on the command line.
    file: String,
    /// Line, from 1.
    pub(crate) line: usize,
    /// Column in characters, from 1.
    pub(crate) column: usize,
    /// Where in the document, such as `client[0].scopes[1]`; empty for the whole of it.
    key: String,
    /// What is wrong.
    pub(crate) message: String,
    #[serde(skip)]
    excerpt: String,
    #[serde(skip)]
    width: usize,
}

impl Source {
    /// Reads the file at `path`.
    ///
    /// # Errors
    /// If that is not possible.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let text = std::fs::read_to_string(path).map_err(|error| Failure::file("read", path, &error))?;
        Ok(Self { name: path.display().to_string(), text })
    }

    /// Where it is: what it names is relative to this.
    pub(super) fn directory(&self) -> &Path {
        Path::new(&self.name).parent().unwrap_or(Path::new(""))
    }

    /// A problem at `span`, which counts bytes.
    pub(crate) fn finding(&self, span: Range<usize>, key: &str, message: &str) -> Finding {
        let before = self.text.get(..span.start).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let excerpt = self.text.get(line_start..).unwrap_or_default().lines().next().unwrap_or_default();
        let column = before.get(line_start..).unwrap_or_default().chars().count() + 1;
        let marked = self.text.get(span).unwrap_or_default().lines().next().unwrap_or_default();
        Finding {
            file: self.name.clone(),
            line: before.matches('\n').count() + 1,
            column,
            key: key.to_owned(),
            message: message.to_owned(),
            excerpt: masked(&visible(excerpt)),
            width: marked.chars().count().max(1),
        }
    }
}

impl Finding {
    /// The problem for people: message, place, the line itself.
    pub(crate) fn render(&self) -> String {
        self.render_as(&styled(BAD, "error:"))
    }

    /// The same, of what isn't refused.
    pub(crate) fn render_warning(&self) -> String {
        self.render_as(&styled(WARN, "warning:"))
    }

    fn render_as(&self, level: &str) -> String {
        let number = self.line.to_string();
        let margin = " ".repeat(number.len());
        let bar = styled(DIM, "|");
        let marks = styled(BAD, "^".repeat(self.width));
        format!(
            "{level} {message}\n{margin}{arrow} {file}:{line}:{column}\n{margin} {bar}\n\
             {line} {bar} {excerpt}\n{margin} {bar} {indent}{marks}\n",
            message = bold(visible(&self.message)),
            arrow = styled(DIM, "-->"),
            file = self.file,
            line = self.line,
            column = self.column,
            excerpt = self.excerpt,
            indent = " ".repeat(self.column.saturating_sub(1)),
        )
    }
}

/// A line without the secret that does not belong there: errors end up in the logs of build servers.
fn masked(line: &str) -> String {
    for (position, _) in line.match_indices('=') {
        let before = line.get(..position).unwrap_or_default().trim_end().trim_end_matches(['"', '\'']);
        let key =
            before.rsplit(|letter: char| !letter.is_alphanumeric() && letter != '_' && letter != '-').next();
        if key.is_some_and(is_secret) {
            return format!("{}= [hidden]", line.get(..position).unwrap_or_default());
        }
    }
    line.to_owned()
}

/// Keeps a file from steering the terminal; each character stays one character wide, so that the marks fit.
fn visible(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}
