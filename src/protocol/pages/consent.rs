//! The page that asks whether an application may have what it requests (`OpenID Connect` Core §3.1.2.4).
//!
//! `endpoints::authorize` fills it; which scopes need consent is decided there.

use super::form::{Button, FormTarget, Look};
use super::html::Html;
use super::identity::{ClientFace, account};
use super::layout::Layout;
use super::policy::Policy;
use crate::protocol::config::theme::Theme;
use crate::protocol::http::Response;
use crate::protocol::model::scope::{ADMIN_CLIENTS, ADMIN_KEYS, ADMIN_READ, ADMIN_USERS, ADMIN_WRITE};

/// One thing an application asks for.
#[derive(Debug, Clone, Copy)]
pub struct ConsentScope<'a> {
    /// The scope token. Those of `OpenID Connect` are shown in words of their own.
    pub scope: &'a str,
    /// What it means to people; without it the token is shown.
    pub description: Option<&'a str>,
}

impl ConsentScope<'_> {
    /// Writes it as an item of a list.
    pub(super) fn render(&self, html: &mut Html) {
        html.markup("<li>");
        match (standard(self.scope), self.description) {
            (Some(words), _) => html.markup(words),
            (None, Some(description)) => html.text(description),
            (None, None) => html.markup("<code>").text(self.scope).markup("</code>"),
        };
        html.markup("</li>\n");
    }
}

/// The scopes of `OpenID Connect` Core §5.4 and §11, of Native SSO §3.1, and those of the admin API, in words.
fn standard(scope: &str) -> Option<&'static str> {
    Some(match scope {
        "openid" => "Know who you are",
        "profile" => "Your name and profile details",
        "email" => "Your email address",
        "address" => "Your postal address",
        "phone" => "Your phone number",
        "offline_access" => "Stay signed in while you’re away",
        "device_sso" => "Sign you in to other apps of the same vendor on this device",
        ADMIN_READ => "See this server’s configuration, applications, accounts and keys",
        ADMIN_WRITE => "Change everything on this server",
        ADMIN_CLIENTS => "See and change applications",
        ADMIN_USERS => "See and change people’s accounts",
        ADMIN_KEYS => "See, rotate and retire keys",
        _ => return None,
    })
}

/// What an application asks for in one place.
#[derive(Debug, Clone)]
pub struct ConsentGroup<'a> {
    /// Name of the API; `None` for what is about the person.
    pub resource: Option<&'a str>,
    /// The scopes that the application asks for there.
    pub scopes: Vec<ConsentScope<'a>>,
}

impl ConsentGroup<'_> {
    /// Writes what is asked for there.
    pub(super) fn render(&self, html: &mut Html) {
        html.markup("<section>\n<h2>");
        match self.resource {
            Some(resource) => html.markup("<bdi>").text(resource).markup("</bdi>"),
            None => html.markup("About you"),
        };
        html.markup("</h2>\n<ul class=\"scopes\">\n");
        for scope in &self.scopes {
            scope.render(html);
        }
        html.markup("</ul>\n</section>\n");
    }
}

/// Asks for consent. Sends `action` = `allow`, `deny` or `switch`.
pub struct ConsentPage<'a> {
    /// Path of the issuer, empty for the root.
    pub base: &'a str,
    /// The theme of the organization whose page it is.
    pub theme: &'a Theme,
    /// The application that asks.
    pub client: ClientFace<'a>,
    /// Where the page's form leads.
    pub target: FormTarget<'a>,
    /// The login of the user who is signed in.
    pub account: &'a str,
    /// What the application asks for.
    pub groups: Vec<ConsentGroup<'a>>,
    /// Host of the redirect URI, or scheme of an app: where they will be sent.
    pub redirect_host: &'a str,
    /// Whether that is an app on the person's device.
    pub to_app: bool,
    /// Whether that is a program on the person's own computer.
    pub to_own_computer: bool,
}

impl ConsentPage<'_> {
    /// Makes the page.
    pub fn render(&self) -> Response {
        let title = format!("Allow access for {}", self.client.name);
        let html = Layout::new(self.base, self.theme, &title).page(|html| {
            self.client.mark(html);
            html.markup("<h1><bdi>").text(self.client.name).markup("</bdi> asks for access</h1>\n");
            self.client.caution(html);
            self.client.claim(html);
            self.form(html);
            self.client.small_print(html);
        });
        Policy::own_form(self.target.form_action).respond(200, html)
    }

    fn form(&self, html: &mut Html) {
        self.target.open(html);
        account(html, self.account, |html| {
            Button::new(Look::Link, "switch", "Use another account").render(html);
        });
        html.markup("<div class=\"groups\">\n");
        for group in self.groups.iter().filter(|group| !group.scopes.is_empty()) {
            group.render(html);
        }
        html.markup("</div>\n");
        self.destination(html);
        html.markup("<div class=\"buttons pair\">\n");
        Button::new(Look::Primary, "allow", "Allow").render(html);
        Button::new(Look::Secondary, "deny", "Don’t allow").render(html);
        html.markup("</div>\n</form>\n");
    }

    /// Where people will be sent. What runs on their own computer nobody else can tell apart (RFC 8252 §8.6).
    fn destination(&self, html: &mut Html) {
        if self.to_own_computer {
            html.markup("<p class=\"warning\">A program on <strong>this computer</strong> asks, and the answer goes to it. ");
            html.markup("Any program here could ask in this name, so allow it only if you have just started it yourself.</p>\n");
        }
        html.markup("<p class=\"small\">Either way you will be sent to ");
        html.markup(if self.to_app { "the app on this device that opens " } else { "" });
        html.markup("<strong><bdi>").text(self.redirect_host).markup(if self.to_app { ":" } else { "" });
        html.markup("</bdi></strong>");
        let place = if self.to_own_computer { " on this computer" } else { "" };
        html.markup(if self.to_app { " links" } else { place }).markup(".</p>\n");
    }
}
