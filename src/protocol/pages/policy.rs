//! The headers of a page, the Content Security Policy (Level 3) first among them.
//!
//! `Cross-Origin-Opener-Policy` is set where nobody arrives from an application. The pages of a flow leave it out:
//! an application that opened them in a popup would lose the popup for good, also once it is back on its own origin.

use super::super::http::Response;
use super::html::Html;
use super::uri;

/// What a page may do beyond showing itself.
#[derive(Default)]
pub(super) struct Policy {
    /// Where its forms lead. A client's part is a scheme: Chrome blocks every redirect after a submission that isn't
    /// listed, those of the client's own included, and many clients go on to another origin than the one that
    /// takes the response.
    pub(super) form_action: Vec<String>,
    /// What it may frame.
    pub(super) frames: Vec<String>,
    /// Whether it runs this server's script.
    pub(super) script: bool,
    /// Whether no other origin keeps a handle on its window.
    pub(super) isolated: bool,
}

impl Policy {
    /// For a page whose form posts back to this server; `after` is where the answer may redirect.
    pub(super) fn own_form(after: Option<&str>) -> Self {
        let mut form_action = vec!["'self'".to_owned()];
        form_action.extend(after.and_then(uri::scheme_source));
        Self { form_action, ..Self::default() }
    }

    /// The response with all headers.
    pub(super) fn respond(&self, status: u16, html: Html) -> Response {
        let page = Response { status, headers: Vec::new(), body: html.into_string() }
            .with("content-type", "text/html; charset=utf-8")
            .with("cache-control", "no-store")
            .with("content-security-policy", self.content_security_policy())
            .with("x-frame-options", "DENY")
            .with("referrer-policy", "no-referrer")
            .with("x-content-type-options", "nosniff")
            .with("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()");
        if self.isolated { page.with("cross-origin-opener-policy", "same-origin") } else { page }
    }

    fn content_security_policy(&self) -> String {
        let mut policy = "default-src 'none'; style-src 'self'; img-src 'self' https:; ".to_owned();
        policy.push_str("base-uri 'none'; frame-ancestors 'none'; form-action ");
        policy.push_str(&sources(&self.form_action));
        if self.script {
            policy.push_str("; script-src 'self'");
        }
        if !self.frames.is_empty() {
            policy.push_str("; frame-src ");
            policy.push_str(&sources(&self.frames));
        }
        policy
    }
}

fn sources(list: &[String]) -> String {
    if list.is_empty() { "'none'".to_owned() } else { list.join(" ") }
}
