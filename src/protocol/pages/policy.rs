//! The headers of a page, the Content Security Policy (Level 3) first among them.
//!
//! `Cross-Origin-Opener-Policy` is set where nobody arrives from an application. The pages of a flow leave it out:
//! an application that opened them in a popup would lose the popup for good, also once it is back on its own origin.

use super::html::Html;
use super::uri;
use crate::protocol::http::Response;

/// What a page may do beyond showing itself.
#[derive(Default)]
pub(super) struct Policy {
    /// Where the page's forms lead.
    pub(super) forms: Forms,
    /// The sources that the page may load into frames.
    pub(super) frames: Vec<String>,
    /// Whether the page runs this server's script.
    pub(super) script: bool,
    /// Whether no other origin keeps a handle on its window.
    pub(super) isolated: bool,
}

/// Where the forms of a page lead. Chromium applies this to every redirect after a submission, too.
#[derive(Default)]
pub(super) enum Forms {
    /// The page has no form.
    #[default]
    None,
    /// To this server; the answer may redirect to an app's own scheme, which is the end of the way.
    /// To the web the answer is a [`LeavingPage`](super::LeavingPage), which needs no permission here.
    Own(Option<String>),
    /// To a client, which may go on wherever it likes. The page holds that one form and nothing that somebody wrote.
    Away,
}

impl Policy {
    /// For a page whose form posts back to this server; `after` is where the person will be sent.
    pub(super) fn own_form(after: Option<&str>) -> Self {
        let app = after.filter(|uri| uri::web(uri).is_none()).and_then(uri::scheme_source);
        let forms = Forms::Own(app.filter(|scheme| scheme != "https:" && scheme != "http:"));
        Self { forms, ..Self::default() }
    }

    /// Makes the response of `html`, with all of its headers.
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
        policy.push_str("base-uri 'none'; frame-ancestors 'none'");
        match &self.forms {
            Forms::None => policy.push_str("; form-action 'none'"),
            Forms::Own(None) => policy.push_str("; form-action 'self'"),
            Forms::Own(Some(scheme)) => {
                policy.push_str("; form-action 'self' ");
                policy.push_str(scheme);
            }
            Forms::Away => {}
        }
        if self.script {
            policy.push_str("; script-src 'self'");
        }
        if !self.frames.is_empty() {
            policy.push_str("; frame-src ");
            policy.push_str(&self.frames.join(" "));
        }
        policy
    }
}
