//! The authorization response as a form that submits itself (`OAuth 2.0 Form Post Response Mode` §2).
//!
//! `endpoints::authorize::answer` makes one for `response_mode=form_post`; it is the only page with a script.

use super::form::hidden;
use super::html::Html;
use super::layout::Layout;
use super::policy::{Forms, Policy};
use super::uri;
use crate::protocol::http::Response;

/// The only script there is: submits the form of a [`FormPostPage`].
pub const SUBMIT_SCRIPT: &str = include_str!("submit.js");

/// Hands `parameters` to the client by way of the browser.
pub struct FormPostPage<'a> {
    /// Path of the issuer, empty for the root.
    pub base: &'a str,
    /// The client's redirect URI, which the form is sent to.
    pub action: &'a str,
    /// The parameters of the response, in order.
    pub parameters: &'a [(&'a str, &'a str)],
}

impl FormPostPage<'_> {
    /// The page. An action that no form may have gives a page without parameters.
    pub fn render(&self) -> Response {
        let action = uri::registered(self.action);
        let forms = if action.is_some() { Forms::Away } else { Forms::None };
        let policy = Policy { script: action.is_some(), forms, ..Policy::default() };
        let layout = Layout { base: self.base, theme: None, title: "One moment", refresh: None, wide: false };
        match action {
            Some(action) => policy.respond(200, layout.page(|html| self.form(html, action))),
            None => policy.respond(400, layout.page(refused)),
        }
    }

    fn form(&self, html: &mut Html, action: &str) {
        html.markup("<h1>One moment…</h1>\n<p class=\"lead\">Taking you back to the application.</p>\n");
        html.markup("<form method=\"post\"").attribute("action", action).markup(">\n");
        for (name, value) in self.parameters {
            hidden(html, name, value);
        }
        html.markup("<noscript><div class=\"buttons\"><button type=\"submit\" class=\"primary\">");
        html.markup("Continue</button></div></noscript>\n</form>\n<script");
        html.attribute("src", &format!("{}/assets/submit.js", self.base)).markup("></script>\n");
    }
}

fn refused(html: &mut Html) {
    html.markup(
        "<h1>This didn’t work</h1>\n<p class=\"lead\">The application’s address can’t be used.</p>\n",
    );
}
