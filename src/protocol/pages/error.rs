//! What people see when a request can't be answered and there is no safe place to send them.

use super::super::http::Response;
use super::layout::Layout;
use super::policy::Policy;
use super::theme::Theme;

/// Explains an error.
pub struct ErrorPage<'a> {
    /// Path of the issuer, empty for the root.
    pub base: &'a str,
    /// Whose page it is.
    pub theme: &'a Theme,
    /// HTTP status code.
    pub status: u16,
    /// The error code of OAuth, such as `invalid_request`.
    pub error: &'a str,
    /// A sentence that says what was wrong.
    pub description: &'a str,
    /// Identifies the request in the logs.
    pub request_id: &'a str,
}

impl ErrorPage<'_> {
    /// The page.
    pub fn render(&self) -> Response {
        let heading = self.heading();
        let html = Layout::new(self.base, self.theme, heading).page(|html| {
            html.markup("<h1>").markup(heading).markup("</h1>\n<p class=\"lead\">");
            html.markup(self.advice()).markup("</p>\n");
            html.markup("<dl class=\"details\">\n<div><dt>What happened</dt><dd>").text(self.description);
            html.markup("</dd></div>\n<div><dt>Error</dt><dd><code>").text(self.error);
            html.markup("</code></dd></div>\n<div><dt>Request</dt><dd><code>").text(self.request_id);
            html.markup("</code></dd></div>\n</dl>\n");
        });
        Policy::default().respond(self.status, html)
    }

    fn heading(&self) -> &'static str {
        match self.status {
            404 => "There is no page here",
            429 => "Too many attempts",
            500.. => "Something went wrong on our side",
            _ => "This didn’t work",
        }
    }

    fn advice(&self) -> &'static str {
        match self.status {
            404 => "The address may be mistyped or out of date.",
            429 => "Wait a few minutes, then try again.",
            500.. => "Try again in a moment.",
            _ => "Go back to the application and start again.",
        }
    }
}
