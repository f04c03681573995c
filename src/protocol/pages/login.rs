//! The sign-in page, within an authorization request or on the way to the account page.

use super::form::{Button, Field, Flaw, FormTarget, Look, banner};
use super::html::Html;
use super::identity::ClientFace;
use super::layout::Layout;
use super::policy::Policy;
use super::uri;
use crate::protocol::config::theme::Theme;
use crate::protocol::http::Response;

/// Why somebody sees the sign-in page again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginProblem {
    /// No account with this username has this password.
    WrongCredentials,
    /// The limit for this account or address is reached.
    TooManyAttempts,
    /// Too many people are signing in at the moment. The answer is a 503.
    Busy,
    /// The page was open for too long.
    SessionExpired,
    /// The browser didn't send back the cookie that came with the page.
    CookiesMissing,
}

impl LoginProblem {
    fn text(self) -> &'static str {
        match self {
            Self::WrongCredentials => "That username and password don’t match. Check both and try again.",
            Self::TooManyAttempts => "Too many attempts. Wait a few minutes, then try again.",
            Self::Busy => "Many people are signing in right now. Wait a few seconds, then try again.",
            Self::SessionExpired => "This page was open for too long. Sign in again to continue.",
            Self::CookiesMissing => {
                "Your browser didn’t send our cookie back. Allow cookies for this site, then sign in again."
            }
        }
    }
}

/// Asks for username and password. Sends `username`, `password` and `action` = `login` or `cancel`.
pub struct LoginPage<'a> {
    /// Path of the issuer, empty for the root.
    pub base: &'a str,
    /// The theme of the organization whose page it is.
    pub theme: &'a Theme,
    /// The application that sent them here; `None` for the account page.
    pub client: Option<ClientFace<'a>>,
    /// Where the page's form leads.
    pub target: FormTarget<'a>,
    /// The username to start with: `login_hint` (`OpenID Connect` Core §3.1.2.1) or the last attempt's.
    pub login_hint: Option<&'a str>,
    /// What went wrong before, if anything.
    pub problem: Option<LoginProblem>,
    /// Where to create an account: a path on this origin or a web address.
    pub sign_up_uri: Option<&'a str>,
    /// Whether there is a way back to the application without signing in.
    pub cancel: bool,
    /// Whether somebody signs in to connect a device, and not to see their account.
    pub connects_device: bool,
}

impl LoginPage<'_> {
    /// Makes the page.
    pub fn render(&self) -> Response {
        let title = if self.problem.is_some() { "Error: Sign in" } else { "Sign in" };
        let html = Layout::new(self.base, self.theme, title).page(|html| {
            self.heading(html);
            if let Some(problem) = self.problem {
                banner(html, problem.text());
            }
            self.form(html);
            self.below(html);
        });
        let policy = Policy::own_form(self.target.form_action);
        if self.problem == Some(LoginProblem::Busy) {
            return policy.respond(503, html).with("retry-after", "5");
        }
        policy.respond(200, html)
    }

    fn heading(&self, html: &mut Html) {
        let Some(client) = &self.client else {
            html.markup("<h1>Sign in</h1>\n<p class=\"lead\">");
            html.markup(if self.connects_device { "to connect your device" } else { "to your account" });
            html.markup("</p>\n");
            return;
        };
        client.mark(html);
        html.markup("<h1>Sign in</h1>\n<p class=\"lead\">to continue to ");
        client.name(html);
        html.markup("</p>\n");
        client.caution(html);
    }

    fn form(&self, html: &mut Html) {
        self.target.open(html);
        self.fields(html);
        // The first button is the one the Enter key presses.
        html.markup("<div class=\"buttons\">\n");
        Button::new(Look::Primary, "login", "Sign in").render(html);
        if self.cancel {
            let cancel = Button::new(Look::Secondary, "cancel", "Cancel");
            Button { skips_fields: true, ..cancel }.render(html);
        }
        html.markup("</div>\n</form>\n");
    }

    fn fields(&self, html: &mut Html) {
        let wrong = self.problem == Some(LoginProblem::WrongCredentials);
        let problem = wrong.then_some(Flaw::Banner);
        let username = self.login_hint.unwrap_or_default();
        Field {
            name: "username",
            label: "Email or username",
            kind: "text",
            autocomplete: "username",
            value: username,
            problem,
            autofocus: username.is_empty(),
            ..Field::default()
        }
        .render(html);
        Field {
            name: "password",
            label: "Password",
            kind: "password",
            autocomplete: "current-password",
            problem,
            autofocus: !username.is_empty(),
            ..Field::default()
        }
        .render(html);
    }

    fn below(&self, html: &mut Html) {
        if let Some(uri) = self.sign_up_uri.and_then(uri::link) {
            html.markup("<p class=\"below\">New here? <a").attribute("href", uri);
            html.markup(">Create an account</a></p>\n");
        }
        if let Some(client) = &self.client {
            client.small_print(html);
        }
    }
}
