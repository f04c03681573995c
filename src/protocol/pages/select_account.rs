//! The page that asks whether to go on with the account that is signed in (`prompt=select_account`, `OpenID Connect Core`
//! §3.1.2.1). `endpoints::authorize` fills it.

use super::form::{Button, FormTarget, Look};
use super::identity::{ClientFace, account};
use super::layout::Layout;
use super::policy::Policy;
use crate::protocol::config::theme::Theme;
use crate::protocol::http::Response;

/// Asks which account to use. Sends `action` = `continue` or `switch`.
pub struct SelectAccountPage<'a> {
    /// Path of the issuer, empty for the root.
    pub base: &'a str,
    /// The theme of the organization whose page it is.
    pub theme: &'a Theme,
    /// The application that sent them here, if one did.
    pub client: Option<ClientFace<'a>>,
    /// Where the page's form leads.
    pub target: FormTarget<'a>,
    /// The login of the user who is signed in.
    pub account: &'a str,
}

impl SelectAccountPage<'_> {
    /// Makes the page.
    pub fn render(&self) -> Response {
        let html = Layout::new(self.base, self.theme, "Choose an account").page(|html| {
            if let Some(client) = &self.client {
                client.mark(html);
            }
            html.markup("<h1>Choose an account</h1>\n");
            if let Some(client) = &self.client {
                html.markup("<p class=\"lead\">to continue to ");
                client.name(html);
                html.markup("</p>\n");
            }
            self.target.open(html);
            account(html, self.account, |_| {});
            html.markup("<div class=\"buttons\">\n");
            Button::new(Look::Primary, "continue", "Continue").render(html);
            Button::new(Look::Secondary, "switch", "Use another account").render(html);
            html.markup("</div>\n</form>\n");
        });
        Policy::own_form(self.target.form_action).respond(200, html)
    }
}
