//! The account page, where people see and end their sessions, take access back and change their password.
//!
//! `endpoints::account` fills it and takes its forms.

use super::form::{Button, Field, Flaw, FormTarget, Look, hidden};
use super::html::Html;
use super::identity::{account, mark};
use super::layout::Layout;
use super::policy::Policy;
use super::requests::{self, AllowedRow, RequestRow};
use super::sign_up::{DIFFER, TOO_LONG, TOO_SHORT, WEAK, new_password, new_password_again};
use crate::protocol::config::theme::Theme;
use crate::protocol::http::Response;

/// How often the page looks for what applications ask for, in seconds.
const WATCH_EVERY: u8 = 10;

/// A row of the account page: one browser that is signed in.
#[derive(Debug, Clone)]
pub struct SessionRow<'a> {
    /// Identifies it in the form; the field `session`.
    pub id: &'a str,
    /// What people recognize it by, such as "Firefox on Linux".
    pub label: &'a str,
    /// When the session began, in words.
    pub created: String,
    /// When the session was last used, in words.
    pub last_seen: String,
    /// Whether the session is the one that sees this page.
    pub current: bool,
}

/// A row of the account page: one application that has access.
#[derive(Debug, Clone)]
pub struct AppRow<'a> {
    /// Identifies it in the form; the field `client`.
    pub client_id: &'a str,
    /// The application's name.
    pub name: &'a str,
    /// What the application may do, in words.
    pub scopes: String,
}

/// What the last action on the account page led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountNotice {
    /// The password was changed.
    PasswordChanged,
    /// One session has ended.
    SessionEnded,
    /// All other sessions have ended.
    SessionsEnded,
    /// An application lost its access.
    AppRevoked,
    /// The current password was wrong.
    WrongPassword,
    /// The new password is shorter than allowed.
    PasswordTooShort,
    /// The new password is longer than allowed.
    PasswordTooLong,
    /// The new password is among those that are guessed first.
    PasswordWeak,
    /// The two new passwords weren't the same.
    PasswordsDiffer,
    /// The limit for this account is reached.
    TooManyAttempts,
    /// What an application asked for was allowed.
    RequestAllowed,
    /// What an application asked for was not allowed.
    RequestDenied,
    /// What an application asked for was decided already, or nobody waits for it any more.
    RequestOver,
    /// To allow what an application asks for, the right password is needed.
    RequestNeedsPassword,
    /// What had been allowed was taken back.
    RequestWithdrawn,
    /// What had been allowed can't be taken back, because the application has it.
    RequestFetched,
    /// The code for requests was set.
    RequestCodeSet,
    /// The code for requests was removed.
    RequestCodeRemoved,
    /// The code for requests is too short or too long.
    RequestCodeUnfit,
    /// The page was open for too long; nothing was changed.
    SessionExpired,
}

impl AccountNotice {
    fn text(self) -> &'static str {
        match self {
            Self::PasswordChanged => "Your password was changed.",
            Self::SessionEnded => "That device was signed out.",
            Self::SessionsEnded => "All devices were signed out.",
            Self::AppRevoked => "The application no longer has access.",
            Self::WrongPassword => "Your current password wasn’t right, so nothing was changed.",
            Self::PasswordTooShort | Self::PasswordTooLong | Self::PasswordWeak | Self::PasswordsDiffer => {
                "Your password was not changed."
            }
            Self::TooManyAttempts => "Too many attempts. Wait a few minutes, then try again.",
            Self::RequestAllowed => {
                "Allowed. The application goes on by itself in a few seconds; stay signed in until then."
            }
            Self::RequestDenied => "Not allowed. The application got nothing.",
            Self::RequestOver => "That request is over: somebody has answered it, or it took too long.",
            Self::RequestNeedsPassword => {
                "To allow it, type your password: what was typed wasn’t right. Nothing was changed."
            }
            Self::RequestWithdrawn => "Taken back. The application got nothing.",
            Self::RequestFetched => {
                "That can’t be taken back any more: the application has its access, or the time is over. You can remove access below."
            }
            Self::RequestCodeSet => "Your code was set. Tell it only to applications that may ask you.",
            Self::RequestCodeRemoved => "Your code was removed. Applications that need it can’t ask you.",
            Self::RequestCodeUnfit => "Your code was not set.",
            Self::SessionExpired => "This page was open for too long. Nothing was changed; try again.",
        }
    }

    fn is_good(self) -> bool {
        matches!(
            self,
            Self::PasswordChanged
                | Self::SessionEnded
                | Self::SessionsEnded
                | Self::AppRevoked
                | Self::RequestAllowed
                | Self::RequestDenied
                | Self::RequestWithdrawn
                | Self::RequestCodeSet
                | Self::RequestCodeRemoved
        )
    }
}

/// Shows an account to its owner. Each form sends `action`: `end_session` with `session`, `revoke_app` with
/// `client`, `end_all`, `allow_request`, `deny_request` or `withdraw_request` with `request`, `set_request_code` with
/// `request_code`, `remove_request_code`, or `change_password` with `current_password`, `password` and `password_again`.
pub struct AccountPage<'a> {
    /// Path of the issuer, empty for the root.
    pub base: &'a str,
    /// The theme of the organization whose page it is.
    pub theme: &'a Theme,
    /// Where all forms of the page lead.
    pub target: FormTarget<'a>,
    /// The login of the user who is signed in.
    pub account: &'a str,
    /// What applications ask for and wait for.
    pub requests: Vec<RequestRow<'a>>,
    /// What was allowed and not fetched yet.
    pub allowed: Vec<AllowedRow<'a>>,
    /// Whether the user has set a code for requests. Unset where no application can ask.
    pub request_code: Option<bool>,
    /// Whether the page looks by itself for what applications ask for, until there is something. Unset where none can ask.
    pub watches: Option<bool>,
    /// The user's sessions.
    pub sessions: Vec<SessionRow<'a>>,
    /// The applications that have access.
    pub apps: Vec<AppRow<'a>>,
    /// What the last action on the page led to.
    pub notice: Option<AccountNotice>,
}

impl AccountPage<'_> {
    /// Makes the page.
    pub fn render(&self) -> Response {
        let failed = self.notice.is_some_and(|notice| !notice.is_good());
        let title = match self.requests.len() {
            _ if failed => "Error: Your account".to_owned(),
            0 => "Your account".to_owned(),
            // What a screen reader reads first when the page has come anew.
            1 => "1 request – Your account".to_owned(),
            number => format!("{number} requests – Your account"),
        };
        let layout = Layout { wide: true, ..Layout::new(self.base, self.theme, &title) };
        let html = layout.page(|html| {
            html.markup("<h1>Your account</h1>\n");
            if let Some(notice) = self.notice {
                let markup = if notice.is_good() {
                    "<p class=\"banner good\" role=\"status\">"
                } else {
                    "<p class=\"banner\" role=\"alert\">"
                };
                html.markup(markup).markup(notice.text()).markup("</p>\n");
            }
            account(html, self.account, |_| {});
            requests::section(html, self.target, &self.requests, self.account);
            self.watching(html);
            requests::allowed_section(html, self.target, &self.allowed);
            self.sessions(html);
            self.apps(html);
            self.password(html);
            if let Some(is_set) = self.request_code {
                let flaw = self.flaw(AccountNotice::RequestCodeUnfit, "Use 6 to 64 characters.");
                requests::code_section(html, self.target, is_set, flaw);
            }
        });
        let policy = Policy { isolated: true, ..Policy::own_form(self.target.form_action) };
        let response = policy.respond(200, html);
        // Somebody asked for it with a link, and another link stops it.
        let waits = self.watches == Some(true) && self.requests.is_empty();
        if waits { response.with("refresh", WATCH_EVERY.to_string()) } else { response }
    }

    /// Says how somebody finds what an application asks for. Nothing goes on by itself unless they want it, and then not while there
    /// is something to read or type.
    fn watching(&self, html: &mut Html) {
        let Some(watches) = self.watches else { return };
        html.markup("<p class=\"small watch\">");
        let (text, query, label) = match (self.requests.is_empty(), watches) {
            (true, true) => ("Looking for requests every ten seconds. ", "", "Stop"),
            (true, false) => ("Does an application wait for your answer? ", "?watch=1", "Look for requests"),
            (false, _) => ("", "", "Look for more requests"),
        };
        html.markup(text).markup("<a").attribute("href", &format!("{}{query}", self.target.action));
        html.markup(">").markup(label).markup("</a></p>\n");
    }

    fn sessions(&self, html: &mut Html) {
        html.markup("<section>\n<h2>Where you’re signed in</h2>\n<ul class=\"rows\">\n");
        for session in &self.sessions {
            html.markup("<li><div><strong>").text(session.label).markup("</strong>");
            html.markup_if(session.current, " <span class=\"badge\">This device</span>");
            html.markup("<p class=\"small\">Active ").text(&session.last_seen).markup(", signed in ");
            html.text(&session.created).markup("</p></div>\n");
            self.target.open(html);
            hidden(html, "session", session.id);
            row_button(html, "end_session", "Sign out", session.label);
            html.markup("</form></li>\n");
        }
        html.markup("</ul>\n");
        self.target.open(html);
        Button::new(Look::Secondary, "end_all", "Sign out everywhere").render(html);
        html.markup("</form>\n</section>\n");
    }

    fn apps(&self, html: &mut Html) {
        html.markup("<section>\n<h2>Applications with access</h2>\n");
        if self.apps.is_empty() {
            html.markup("<p class=\"small\">No application has access to your account.</p>\n</section>\n");
            return;
        }
        html.markup("<ul class=\"rows\">\n");
        for app in &self.apps {
            html.markup("<li>");
            mark(html, app.name, None);
            html.markup("<div><strong><bdi>").text(app.name).markup("</bdi></strong><p class=\"small\">");
            html.text(&app.scopes).markup("</p></div>\n");
            self.target.open(html);
            hidden(html, "client", app.client_id);
            row_button(html, "revoke_app", "Remove access", app.name);
            html.markup("</form></li>\n");
        }
        html.markup("</ul>\n</section>\n");
    }

    fn password(&self, html: &mut Html) {
        html.markup("<section>\n<h2>Password</h2>\n");
        self.target.open(html);
        // Tells password managers whose password changes.
        html.markup("<input type=\"text\" name=\"username\" autocomplete=\"username\" readonly hidden");
        html.attribute("value", self.account).markup(">\n");
        Field {
            name: "current_password",
            label: "Current password",
            kind: "password",
            autocomplete: "current-password",
            problem: self.flaw(AccountNotice::WrongPassword, "This wasn’t your current password."),
            ..Field::default()
        }
        .render(html);
        let short = self.flaw(AccountNotice::PasswordTooShort, TOO_SHORT);
        let long = self.flaw(AccountNotice::PasswordTooLong, TOO_LONG);
        let weak = self.flaw(AccountNotice::PasswordWeak, WEAK);
        new_password(html, short.or(long).or(weak), false);
        new_password_again(html, self.flaw(AccountNotice::PasswordsDiffer, DIFFER));
        Button::new(Look::Secondary, "change_password", "Change password").render(html);
        html.markup("</form>\n</section>\n");
    }

    fn flaw(&self, notice: AccountNotice, text: &'static str) -> Option<Flaw> {
        (self.notice == Some(notice)).then_some(Flaw::Here(text))
    }
}

/// A button that repeats per row: without an id, and with the row's name for those who only hear it.
fn row_button(html: &mut Html, value: &'static str, label: &'static str, about: &str) {
    html.markup("<button type=\"submit\" name=\"action\" class=\"link\"").attribute("value", value);
    html.markup(">").markup(label).markup("<span class=\"unseen\"> (").text(about);
    html.markup(")</span></button>\n");
}
