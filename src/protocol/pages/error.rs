//! What people see when a request can't be answered and there is no safe place to send them: what it means for them, a way
//! on, and folded away what an application's developer or an operator needs.

use super::html::Html;
use super::layout::Layout;
use super::policy::Policy;
use crate::protocol::config::theme::Theme;
use crate::protocol::http::Response;

/// What an error means for the person who sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// There is nothing at this address.
    NoPage,
    /// The address is meant for programs only.
    ForPrograms,
    /// The page that sent this is too old, or the request it belongs to is.
    TooOld,
    /// A link to set a password was used, has expired or never was one.
    DeadLink,
    /// The application that sent the person here is none that is known here, or named an address that isn't its own.
    WrongApplication,
    /// The person refused, or the rules do.
    NotAllowed,
    /// There were too many attempts.
    TooMany,
    /// The server failed.
    Ours,
    /// The server isn't set up yet.
    NotSetUp,
    /// Something else is wrong with the request.
    Other,
}

impl Trouble {
    fn heading(self) -> &'static str {
        match self {
            Self::NoPage => "There is no page here",
            Self::ForPrograms => "There is nothing to see here",
            Self::TooOld => "This page is out of date",
            Self::DeadLink => "This link doesn’t work any more",
            Self::WrongApplication => "We can’t take you to that application",
            Self::NotAllowed => "This isn’t possible here",
            Self::TooMany => "Too many attempts",
            Self::Ours => "Something went wrong on our side",
            Self::NotSetUp => "This server isn’t set up yet",
            Self::Other => "This didn’t work",
        }
    }

    fn advice(self) -> &'static str {
        match self {
            Self::NoPage => "The address may be mistyped or out of date.",
            Self::ForPrograms => "This address is for applications, not for people.",
            Self::TooOld | Self::Other => "Go back to the application and start again.",
            Self::DeadLink => "It was used already, or it has expired. Ask for a new one.",
            Self::WrongApplication => {
                "It isn’t registered here the way it introduced itself. Tell the people who run it; the details below help them."
            }
            Self::NotAllowed => "Go back to the application, or ask the people who run it.",
            Self::TooMany => "Wait a few minutes, then try again.",
            Self::Ours => "Try again in a moment.",
            Self::NotSetUp => "The people who run it have to finish that.",
        }
    }
}

/// The page that explains an error to a person.
pub struct ErrorPage<'a> {
    /// Path of the issuer, empty for the root.
    pub base: &'a str,
    /// The theme of the organization whose page it is.
    pub theme: &'a Theme,
    /// The HTTP status code of the response.
    pub status: u16,
    /// What the error means for the person.
    pub trouble: Trouble,
    /// The error code of OAuth, such as `invalid_request`.
    pub error: &'a str,
    /// A sentence that says what was wrong, for those who can mend it.
    pub description: &'a str,
    /// The address that was asked for and refused, if that is what was wrong.
    pub received: Option<&'a str>,
    /// The request's id in the log.
    pub request_id: &'a str,
}

impl ErrorPage<'_> {
    /// Makes the page.
    pub fn render(&self) -> Response {
        let heading = self.trouble.heading();
        let html = Layout::new(self.base, self.theme, heading).page(|html| {
            html.markup("<h1>").markup(heading).markup("</h1>\n<p class=\"lead\">");
            html.markup(self.trouble.advice()).markup("</p>\n");
            if self.trouble != Trouble::NotSetUp {
                way_on(html, self.base, "account", "Go to your account");
            }
            self.details(html);
        });
        Policy::default().respond(self.status, html)
    }

    fn details(&self, html: &mut Html) {
        html.markup("<details class=\"details\">\n<summary>Technical details</summary>\n<dl>\n");
        html.markup("<div><dt>What happened</dt><dd>").text(self.description).markup("</dd></div>\n");
        if let Some(received) = self.received {
            html.markup("<div><dt>Address received</dt><dd><code><bdi>").text(received);
            html.markup("</bdi></code></dd></div>\n");
        }
        html.markup("<div><dt>Error</dt><dd><code>").text(self.error);
        html.markup("</code></dd></div>\n<div><dt>Request</dt><dd><code>").text(self.request_id);
        html.markup("</code></dd></div>\n</dl>\n</details>\n");
    }
}

/// A link to another page of this server that looks like a button; its id is the page's name.
pub(super) fn way_on(html: &mut Html, base: &str, page: &'static str, label: &'static str) {
    html.markup("<p class=\"buttons\"><a class=\"secondary\"").attribute("id", page);
    html.attribute("href", &format!("{base}/{page}")).markup(">").markup(label).markup("</a></p>\n");
}
