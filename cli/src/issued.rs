//! Secrets that the server just made: shown once, or kept in a file.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use mintedge::protocol::admin::NewSecretView;

use crate::failure::Failure;
use crate::private_file;
use crate::style::{WARN, bold, styled};
use crate::time::utc;

/// `secrets` for people, with what to do about them.
pub(crate) fn shown(secrets: &[NewSecretView]) -> String {
    let mut text =
        format!("{}\n\n", bold("New secrets, shown only now. Store them where their programs find them:"));
    for secret in secrets {
        let value = secret.client_secret.as_deref().unwrap_or("(its hash was given)");
        let end = secret.expires_at.map(|at| format!("  until {}", utc(at))).unwrap_or_default();
        let _ = writeln!(text, "  {}  {value}{end}", secret.client_id);
    }
    text
}

/// A file of secrets: one JSON object a line, the newest last. Opened before the server is asked, so that a path
/// that can't be written costs no secret.
pub(crate) struct SecretsFile(File);

impl SecretsFile {
    /// Opens or creates the file.
    ///
    /// # Errors
    /// If that is not possible.
    pub(crate) fn open(path: &Path) -> Result<Self, Failure> {
        private_file::append_to(path).map(Self)
    }

    /// Appends `secrets`; says whether that worked. If it did not, they have to be shown instead.
    pub(crate) fn keep(&mut self, secrets: &[NewSecretView]) -> bool {
        let lines: Result<Vec<String>, _> = secrets.iter().map(serde_json::to_string).collect();
        let text = lines.map(|lines| lines.join("\n") + if secrets.is_empty() { "" } else { "\n" });
        let kept =
            text.is_ok_and(|text| self.0.write_all(text.as_bytes()).and_then(|()| self.0.sync_all()).is_ok());
        if !kept {
            let warning = styled(WARN, "warning:");
            // The secrets themselves come on standard output either way.
            let _ = writeln!(
                anstream::stderr(),
                "{warning} the secrets could not be written to the file; they follow"
            );
        }
        kept
    }
}
