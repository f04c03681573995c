//! The pages around signing out (`OpenID Connect` RP-Initiated Logout §2, Front-Channel Logout §2), and the one after a new
//! password was set. `endpoints::logout` and `endpoints::sign_up` fill them.

use super::error::way_on;
use super::form::{Button, FormTarget, Look};
use super::identity::{ClientFace, account};
use super::layout::{Layout, Onward};
use super::policy::Policy;
use super::uri;
use crate::protocol::config::redirect_uri;
use crate::protocol::config::theme::Theme;
use crate::protocol::http::Response;

/// Asks whether to sign out. Sends `action` = `logout` or `stay`.
pub struct LogoutPage<'a> {
    /// Path of the issuer, empty for the root.
    pub base: &'a str,
    /// The theme of the organization whose page it is.
    pub theme: &'a Theme,
    /// Where the page's form leads.
    pub target: FormTarget<'a>,
    /// The login of the user who is signed in, if it is known.
    pub account: Option<&'a str>,
    /// The application that asks for it, if one does.
    pub client: Option<ClientFace<'a>>,
}

impl LogoutPage<'_> {
    /// Makes the page.
    pub fn render(&self) -> Response {
        let html = Layout::new(self.base, self.theme, "Sign out?").page(|html| {
            if let Some(client) = &self.client {
                client.mark(html);
            }
            html.markup("<h1>Sign out?</h1>\n<p class=\"lead\">");
            if let Some(client) = &self.client {
                client.name(html);
                html.markup(" asks to sign you out of ");
            } else {
                html.markup("You will be signed out of ");
            }
            html.markup("<bdi>").text(&self.theme.name).markup("</bdi>.</p>\n");
            self.target.open(html);
            if let Some(who) = self.account {
                account(html, who, |_| {});
            }
            html.markup("<div class=\"buttons pair\">\n");
            Button::new(Look::Primary, "logout", "Sign out").render(html);
            Button::new(Look::Secondary, "stay", "Stay signed in").render(html);
            html.markup("</div>\n</form>\n");
        });
        Policy::own_form(self.target.form_action).respond(200, html)
    }
}

/// Says that a password was set with a link: the person can now sign in at their applications.
pub struct PasswordSetPage<'a> {
    /// Path of the issuer, empty for the root.
    pub base: &'a str,
    /// The theme of the organization whose page it is.
    pub theme: &'a Theme,
    /// The login identifier that the user signs in with.
    pub account: &'a str,
}

impl PasswordSetPage<'_> {
    /// Makes the page.
    pub fn render(&self) -> Response {
        let html = Layout::new(self.base, self.theme, "Password saved").page(|html| {
            html.markup("<h1>Your password is saved</h1>\n<p class=\"lead\">Go to your application and sign in as <bdi>");
            html.text(self.account).markup("</bdi>.</p>\n");
            way_on(html, self.base, "account", "Go to your account");
        });
        Policy::default().respond(200, html)
    }
}

/// Says that the session has ended, tells applications so, and leads on.
pub struct SignedOutPage<'a> {
    /// Path of the issuer, empty for the root.
    pub base: &'a str,
    /// The theme of the organization whose page it is.
    pub theme: &'a Theme,
    /// Front-channel logout URIs of clients, which hidden frames load.
    pub frames: &'a [String],
    /// The post-logout redirect URI, followed at once, or after two seconds where there are frames to load.
    pub continue_uri: Option<&'a str>,
    /// Whether only the person goes on, by a link that names the host: nobody vouches for it.
    pub by_link: bool,
}

impl SignedOutPage<'_> {
    /// Makes the page.
    pub fn render(&self) -> Response {
        let next = self.continue_uri.and_then(uri::registered);
        let refresh = next
            .filter(|_| !self.by_link)
            .map(|uri| Onward { uri, seconds: if self.frames.is_empty() { 0 } else { 2 } });
        let layout = Layout { refresh, ..Layout::new(self.base, self.theme, "Signed out") };
        let html = layout.page(|html| {
            html.markup("<h1>You’re signed out</h1>\n");
            if let Some(uri) = next {
                html.markup("<p class=\"lead\">");
                if self.by_link {
                    html.markup(
                        "An application that nobody here has checked would take you to <strong><bdi>",
                    );
                    html.text(redirect_uri::host(uri)).markup("</bdi></strong>.");
                } else {
                    html.markup("You will be taken back in a moment.");
                }
                html.markup("</p>\n<p class=\"buttons\">");
                html.markup("<a class=\"secondary\" id=\"continue\"")
                    .attribute("href", uri)
                    .markup(">Continue</a></p>\n");
            } else {
                html.markup("<p class=\"lead\">You can close this page now.</p>\n");
                way_on(html, self.base, "login", "Sign in again");
            }
            for uri in self.frames.iter().filter_map(|uri| uri::web(uri)) {
                html.markup("<iframe hidden title=\"Signing out\"").attribute("src", uri);
                html.markup("></iframe>\n");
            }
        });
        self.policy().respond(200, html)
    }

    fn policy(&self) -> Policy {
        let mut frames: Vec<_> = self.frames.iter().filter_map(|uri| uri::origin_source(uri)).collect();
        frames.sort();
        frames.dedup();
        Policy { frames, ..Policy::default() }
    }
}
