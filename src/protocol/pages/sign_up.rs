//! The page for creating an account, accepting an invitation or choosing a new password, with the texts about new passwords.
//!
//! `endpoints::sign_up` and `endpoints::authorize` fill it; what a password has to be is decided in `login::new_password`.

use super::form::{Button, Field, Flaw, FormTarget, Look, banner};
use super::html::Html;
use super::identity::ClientFace;
use super::layout::Layout;
use super::policy::Policy;
use super::uri;
use crate::protocol::config::theme::Theme;
use crate::protocol::http::Response;

/// Why somebody sees the sign-up page again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignUpProblem {
    /// The password is shorter than allowed.
    PasswordTooShort,
    /// The password is longer than allowed.
    PasswordTooLong,
    /// The password is among those that are guessed first.
    PasswordWeak,
    /// The two passwords aren't the same.
    PasswordsDiffer,
    /// The address is no email address.
    EmailInvalid,
    /// The limit for this address is reached.
    TooManyAttempts,
    /// The page was open for too long, or the browser didn't send back the cookie that came with it.
    PageExpired,
}

/// What the page is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignUpKind {
    /// Anybody may create an account.
    OpenSignUp,
    /// An operator invited this address.
    Invitation,
    /// An existing account gets a new password.
    Reset,
}

impl SignUpKind {
    fn title(self) -> &'static str {
        match self {
            Self::OpenSignUp => "Create your account",
            Self::Invitation => "Set up your account",
            Self::Reset => "Choose a new password",
        }
    }

    fn button(self) -> &'static str {
        match self {
            Self::OpenSignUp | Self::Invitation => "Create account",
            Self::Reset => "Save password",
        }
    }
}

/// Asks for a new password and who it is for. Sends `email`, `name`, `password`, `password_again` and
/// `action` = `sign_up`.
pub struct SignUpPage<'a> {
    /// Path of the issuer, empty for the root.
    pub base: &'a str,
    /// The theme of the organization whose page it is.
    pub theme: &'a Theme,
    /// The application that sent them here, if one did.
    pub client: Option<ClientFace<'a>>,
    /// Where the page's form leads.
    pub target: FormTarget<'a>,
    /// The email address to start with; fixed for an invitation and a reset.
    pub email: Option<&'a str>,
    /// The name that the field begins with.
    pub name: Option<&'a str>,
    /// What went wrong before, if anything.
    pub problem: Option<SignUpProblem>,
    /// What the page is for.
    pub kind: SignUpKind,
    /// Where to sign in instead: a path on this origin.
    pub sign_in_uri: Option<&'a str>,
}

impl SignUpPage<'_> {
    /// Makes the page.
    pub fn render(&self) -> Response {
        let title = match self.problem {
            Some(_) => format!("Error: {}", self.kind.title()),
            None => self.kind.title().to_owned(),
        };
        let html = Layout::new(self.base, self.theme, &title).page(|html| {
            self.heading(html);
            match self.problem {
                Some(SignUpProblem::TooManyAttempts) => {
                    banner(html, "Too many attempts. Wait a few minutes, then try again.");
                }
                Some(SignUpProblem::PageExpired) => {
                    banner(html, "This page was open for too long, or your browser blocks cookies. Nothing was saved; enter it again.");
                }
                _ => {}
            }
            if let Some(client) = &self.client {
                client.caution(html);
            }
            self.form(html);
            self.below(html);
            if let Some(client) = &self.client {
                client.small_print(html);
            }
        });
        Policy::own_form(self.target.form_action).respond(200, html)
    }

    fn below(&self, html: &mut Html) {
        if let Some(uri) = self.sign_in_uri.and_then(uri::path) {
            html.markup("<p class=\"below\">You have an account? <a").attribute("href", uri);
            html.markup(">Sign in</a></p>\n");
        }
    }

    fn heading(&self, html: &mut Html) {
        if let Some(client) = &self.client {
            client.mark(html);
        }
        html.markup("<h1>").markup(self.kind.title()).markup("</h1>\n<p class=\"lead\">");
        match (&self.client, self.kind) {
            (Some(client), _) => {
                html.markup("to continue to ");
                client.name(html);
            }
            (None, SignUpKind::OpenSignUp | SignUpKind::Invitation) => {
                html.markup("at <bdi>").text(&self.theme.name).markup("</bdi>");
            }
            (None, SignUpKind::Reset) => {
                html.markup("Your old one stops working.");
            }
        }
        html.markup("</p>\n");
    }

    fn form(&self, html: &mut Html) {
        let start = self.start();
        self.target.open(html);
        self.email(html, start == Start::Email);
        if self.kind == SignUpKind::OpenSignUp {
            self.name(html, start == Start::Name);
        }
        self.passwords(html, start == Start::Password);
        html.markup("<div class=\"buttons\">\n");
        Button::new(Look::Primary, "sign_up", self.kind.button()).render(html);
        html.markup("</div>\n</form>\n");
    }

    /// The first field that has to be typed into.
    fn start(&self) -> Start {
        let email_invalid = self.problem == Some(SignUpProblem::EmailInvalid);
        if self.kind == SignUpKind::OpenSignUp && (self.email.is_none() || email_invalid) {
            return Start::Email;
        }
        let asks_name = self.kind == SignUpKind::OpenSignUp && self.problem.is_none();
        if asks_name && self.name.is_none() { Start::Name } else { Start::Password }
    }

    fn email(&self, html: &mut Html, autofocus: bool) {
        Field {
            name: "email",
            label: "Email",
            kind: "email",
            autocomplete: "username",
            value: self.email.unwrap_or_default(),
            problem: self.flaw(SignUpProblem::EmailInvalid, "Enter an address like ada@example.com."),
            readonly: self.kind != SignUpKind::OpenSignUp,
            autofocus,
            ..Field::default()
        }
        .render(html);
    }

    fn name(&self, html: &mut Html, autofocus: bool) {
        Field {
            name: "name",
            label: "Your name",
            kind: "text",
            autocomplete: "name",
            value: self.name.unwrap_or_default(),
            optional: true,
            autofocus,
            ..Field::default()
        }
        .render(html);
    }

    fn passwords(&self, html: &mut Html, autofocus: bool) {
        let short = self.flaw(SignUpProblem::PasswordTooShort, TOO_SHORT);
        let long = self.flaw(SignUpProblem::PasswordTooLong, TOO_LONG);
        let weak = self.flaw(SignUpProblem::PasswordWeak, WEAK);
        new_password(html, short.or(long).or(weak), autofocus);
        new_password_again(html, self.flaw(SignUpProblem::PasswordsDiffer, DIFFER));
    }

    fn flaw(&self, problem: SignUpProblem, text: &'static str) -> Option<Flaw> {
        (self.problem == Some(problem)).then_some(Flaw::Here(text))
    }
}

/// The field that the cursor is in when the page opens.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Start {
    Email,
    Name,
    Password,
}

/// What a page says of a new password that is too short.
pub(super) const TOO_SHORT: &str = "This password is too short. Use a longer one.";
/// What a page says of a new password that is too long.
pub(super) const TOO_LONG: &str = "This password is too long. Use a shorter one.";
/// What a page says of a new password that is among the first to be guessed.
pub(super) const WEAK: &str =
    "This password is easy to guess: many people use it, or it is made of a name. Choose another one.";
/// What a page says of two new passwords that differ.
pub(super) const DIFFER: &str = "The passwords weren’t the same. Enter both again.";

/// The field `password` for a password that is about to be set.
pub(super) fn new_password(html: &mut Html, problem: Option<Flaw>, autofocus: bool) {
    Field {
        name: "password",
        label: "New password",
        kind: "password",
        autocomplete: "new-password",
        hint: Some("A few unrelated words are easy to remember and hard to guess."),
        problem,
        autofocus,
        ..Field::default()
    }
    .render(html);
}

/// Writes the field `password_again`.
pub(super) fn new_password_again(html: &mut Html, problem: Option<Flaw>) {
    Field {
        name: "password_again",
        label: "New password, again",
        kind: "password",
        autocomplete: "new-password",
        problem,
        ..Field::default()
    }
    .render(html);
}
