//! The answer to a form that leads on to an application on the web.
//!
//! A redirect would do for most, but Chromium applies the policy of the page that holds the form to every redirect after
//! it, those at the application included: to another host, or to an app's own scheme. A page of its own ends that chain, and
//! the forms' policies need to name nobody. It needs no script; where a browser doesn't go on by itself, there is a button.

use super::layout::{Layout, Onward};
use super::policy::Policy;
use super::uri;
use crate::protocol::http::Response;

/// The page that leads on to an application.
pub struct LeavingPage<'a> {
    /// Path of the issuer, empty for the root.
    pub base: &'a str,
    /// A client's registered URI, with the parameters of the response.
    pub uri: &'a str,
}

impl LeavingPage<'_> {
    /// Whether the way to `uri` needs this page: an app's own scheme is the end of the way, and a policy can name it.
    pub fn is_needed(uri: &str) -> bool {
        uri::web(uri).is_some()
    }

    /// The page. An address that no link may have gives a page that leads nowhere.
    pub fn render(&self) -> Response {
        let uri = uri::registered(self.uri);
        let refresh = uri.map(|uri| Onward { uri, seconds: 0 });
        let layout = Layout { base: self.base, theme: None, title: "One moment", refresh, wide: false };
        let html = layout.page(|html| {
            if let Some(uri) = uri {
                html.markup(
                    "<h1>One moment…</h1>\n<p class=\"lead\">Taking you back to the application.</p>\n",
                );
                html.markup("<p class=\"buttons\"><a class=\"primary\" id=\"continue\"");
                html.attribute("href", uri).markup(">Continue</a></p>\n");
            } else {
                html.markup("<h1>This didn’t work</h1>\n");
                html.markup("<p class=\"lead\">The application’s address can’t be used.</p>\n");
            }
        });
        Policy::default().respond(if uri.is_some() { 200 } else { 400 }, html)
    }
}
