//! The pages where somebody connects a device to their account (RFC 8628 §3.3, with the advice of BCP 247): the code, what asks for
//! what, and how it ended. `endpoints::device` fills them.
//!
//! Nothing here goes on by itself. A link only fills the code in, which somebody then compares; what they are asked next says since
//! when and roughly from where the device asks, and what it looks like if somebody else is behind it.

use super::consent::ConsentGroup;
use super::error::way_on;
use super::form::{Button, Field, Flaw, FormTarget, Look, banner, hidden};
use super::html::Html;
use super::identity::{ClientFace, account};
use super::layout::Layout;
use super::policy::Policy;
use super::requests::keeping;
use crate::protocol::config::theme::Theme;
use crate::protocol::http::Response;

/// Why somebody is asked for a code again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceProblem {
    /// What was typed can be no code.
    Malformed,
    /// No device waits with this code.
    Unknown,
    /// There were too many wrong codes.
    TooManyAttempts,
    /// The application's codes have to be typed, and this one came with a link.
    HasToBeTyped,
    /// The page was open for too long, or somebody else is signed in by now.
    PageExpired,
    /// The device asks for administration, and the account that is signed in is no administrator.
    NoRole,
}

impl DeviceProblem {
    fn text(self) -> &'static str {
        match self {
            Self::Malformed => "A code has eight letters, such as BCDF-GHJK. Check it and try again.",
            Self::Unknown => {
                "No device waits with this code. Check it, or have your device show a new one: a code works for a few minutes, and once."
            }
            Self::TooManyAttempts => "Too many wrong codes. Wait a few minutes, then try again.",
            Self::HasToBeTyped => {
                "For this application a link isn’t enough: type the code that your own device shows."
            }
            Self::NoRole => {
                "This account is no administrator of this server. Sign in with one that is, then type the code again."
            }
            Self::PageExpired => "This page is out of date, and nothing was changed. Type the code again.",
        }
    }
}

/// Asks for the code that a device shows, or to compare the one that a link brought. Sends `user_code` and `action` = `continue` or
/// `other`.
pub struct DeviceCodePage<'a> {
    /// Path of the issuer, empty for the root.
    pub base: &'a str,
    /// The theme of the organization whose page it is.
    pub theme: &'a Theme,
    /// Where the page's form leads.
    pub target: FormTarget<'a>,
    /// The login of the user who is signed in.
    pub account: &'a str,
    /// The code that a link brought, to be compared.
    pub linked: Option<&'a str>,
    /// What was wrong before, if anything.
    pub problem: Option<DeviceProblem>,
}

impl DeviceCodePage<'_> {
    /// Makes the page.
    pub fn render(&self) -> Response {
        let title = if self.problem.is_some() { "Error: Connect a device" } else { "Connect a device" };
        let html = Layout::new(self.base, self.theme, title).page(|html| match self.linked {
            Some(code) => self.compare(html, code),
            None => self.type_it(html),
        });
        Policy { isolated: true, ..Policy::own_form(None) }.respond(200, html)
    }

    fn type_it(&self, html: &mut Html) {
        html.markup("<h1>Connect a device</h1>\n");
        html.markup("<p class=\"lead\">Type the code that your device shows.</p>\n");
        if let Some(problem) = self.problem {
            banner(html, problem.text());
        }
        self.target.open(html);
        Field {
            name: "user_code",
            label: "Code",
            kind: "text",
            autocomplete: "off",
            hint: Some("Eight letters. Small or capital, spaces and dashes make no difference."),
            problem: self.problem.map(|_| Flaw::Banner),
            autofocus: true,
            ..Field::default()
        }
        .render(html);
        html.markup("<div class=\"buttons\">\n");
        Button::new(Look::Primary, "continue", "Continue").render(html);
        html.markup("</div>\n</form>\n");
        html.markup("<p class=\"small\">Signed in as <bdi>").text(self.account).markup("</bdi></p>\n");
    }

    fn compare(&self, html: &mut Html, code: &str) {
        html.markup("<h1>Does your device show this code?</h1>\n");
        html.markup("<p class=\"code\">").text(code).markup("</p>\n");
        html.markup("<p class=\"lead\">If it shows another one, or if you have no such device in front of you, somebody else sent you here. Then close this page.</p>\n");
        self.target.open(html);
        hidden(html, "user_code", code);
        html.markup("<div class=\"buttons\">\n");
        Button::new(Look::Primary, "continue", "Yes, it shows this code").render(html);
        Button::new(Look::Secondary, "other", "No, type another one").render(html);
        html.markup("</div>\n</form>\n");
        html.markup("<p class=\"small\">Signed in as <bdi>").text(self.account).markup("</bdi></p>\n");
    }
}

/// Roughly where a device is, seen from the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whereabouts<'a> {
    /// In the same network.
    Here,
    /// In another network of the same country.
    SameCountry(&'a str),
    /// In another country.
    Elsewhere(&'a str),
    /// In another network, in this country; nobody knows which one the person is in.
    In(&'a str),
    /// In another network; nobody knows where.
    OtherNetwork,
    /// Nobody knows.
    Unknown,
}

impl Whereabouts<'_> {
    fn render(self, html: &mut Html) {
        match self {
            Self::Here => html.markup("The network that you are in"),
            Self::SameCountry(code) => {
                html.markup("Another network in your country (").text(code).markup(")")
            }
            Self::Elsewhere(code) => html.markup("Another country than yours: ").text(code),
            Self::In(code) => html.markup("Another network than yours, in ").text(code),
            Self::OtherNetwork => html.markup("Another network than yours"),
            Self::Unknown => html.markup("Unknown"),
        };
    }
}

/// Asks whether a device may have what it asks for. Sends `action` = `allow`, `deny` or `switch`.
pub struct DevicePage<'a> {
    /// Path of the issuer, empty for the root.
    pub base: &'a str,
    /// The theme of the organization whose page it is.
    pub theme: &'a Theme,
    /// The application on the device.
    pub client: ClientFace<'a>,
    /// Where the page's form leads.
    pub target: FormTarget<'a>,
    /// The login of the user who is signed in.
    pub account: &'a str,
    /// The code, as the device shows it.
    pub code: &'a str,
    /// When the device asked, in words.
    pub asked: &'a str,
    /// Where the device is.
    pub whereabouts: Whereabouts<'a>,
    /// What the application asks for.
    pub groups: Vec<ConsentGroup<'a>>,
    /// Whether the device isn't where the application's settings want it.
    pub blocked: bool,
    /// Whether the application keeps what it gets, with refresh tokens.
    pub keeps: bool,
}

impl DevicePage<'_> {
    /// Makes the page.
    pub fn render(&self) -> Response {
        let title = format!("Connect {} to your account", self.client.name);
        let html = Layout::new(self.base, self.theme, &title).page(|html| {
            self.client.mark(html);
            html.markup("<h1>Connect <bdi>").text(self.client.name).markup("</bdi> to your account?</h1>\n");
            self.warning(html);
            self.form(html);
            self.client.small_print(html);
        });
        Policy { isolated: true, ..Policy::own_form(None) }.respond(200, html)
    }

    fn warning(&self, html: &mut Html) {
        if self.blocked {
            banner(
                html,
                "This application’s devices are connected only from the network that they are in. Join the network of the device, then open this page again.",
            );
        } else if matches!(self.whereabouts, Whereabouts::Elsewhere(_)) {
            banner(html, "This device is in another country than you. If it isn’t yours, don’t allow it.");
        }
    }

    fn form(&self, html: &mut Html) {
        self.target.open(html);
        account(html, self.account, |html| {
            Button::new(Look::Link, "switch", "Use another account").render(html);
        });
        self.facts(html);
        html.markup("<div class=\"groups\">\n");
        for group in self.groups.iter().filter(|group| !group.scopes.is_empty()) {
            group.render(html);
        }
        html.markup("</div>\n");
        if self.keeps {
            keeping(html);
        }
        self.scam(html);
        html.markup("<div class=\"buttons pair\">\n");
        if !self.blocked {
            Button::new(Look::Primary, "allow", "Allow").render(html);
        }
        Button::new(Look::Secondary, "deny", "Don’t allow").render(html);
        html.markup("</div>\n</form>\n");
    }

    fn facts(&self, html: &mut Html) {
        html.markup("<dl class=\"facts\">\n<div><dt>Code on the device</dt><dd class=\"code\">");
        html.text(self.code).markup("</dd></div>\n<div><dt>Asked</dt><dd>").text(self.asked);
        html.markup("</dd></div>\n<div><dt>From</dt><dd>");
        self.whereabouts.render(html);
        html.markup("</dd></div>\n</dl>\n");
    }

    fn scam(&self, html: &mut Html) {
        html.markup("<section class=\"scam\">\n<h2>Did you start this yourself?</h2>\n<p class=\"small\">");
        html.markup("Allow it only if the device is in front of you and shows this code. Somebody who writes, calls or comes to you ");
        html.markup(
            "with a code or a link is after your account, whoever they say they are. Nobody at <bdi>",
        );
        html.text(&self.theme.name).markup("</bdi> asks for that.</p>\n</section>\n");
    }
}

/// Says how connecting a device ended.
pub struct DeviceDonePage<'a> {
    /// Path of the issuer, empty for the root.
    pub base: &'a str,
    /// The theme of the organization whose page it is.
    pub theme: &'a Theme,
    /// The application on the device.
    pub client: ClientFace<'a>,
    /// Whether the device got what it asked for.
    pub allowed: bool,
}

impl DeviceDonePage<'_> {
    /// Makes the page.
    pub fn render(&self) -> Response {
        let title = if self.allowed { "Device allowed" } else { "Device not allowed" };
        let html = Layout::new(self.base, self.theme, title).page(|html| {
            self.client.mark(html);
            html.markup("<h1>").markup(title).markup("</h1>\n<p class=\"lead\">");
            self.client.name(html);
            html.markup(if self.allowed {
                " goes on by itself in a few seconds; stay signed in until then. You can take the access away again on your account page.</p>\n"
            } else {
                " got nothing. If somebody sent you the code or the link, tell the people who run this service.</p>\n"
            });
            way_on(html, self.base, "account", "Go to your account");
        });
        Policy { isolated: true, ..Policy::default() }.respond(200, html)
    }
}
