//! What applications ask somebody who isn't at them (`CIBA`): the first section of the account page. `endpoints::requests` fills it.

use super::consent::ConsentGroup;
use super::form::{FormTarget, hidden};
use super::html::Html;
use super::identity::{ClientFace, mark};

/// One open request.
#[derive(Debug, Clone)]
pub struct RequestRow<'a> {
    /// Identifies it in the form; the field `request`.
    pub id: &'a str,
    /// The application that asks.
    pub client: ClientFace<'a>,
    /// When it asked, in words.
    pub asked: String,
    /// What application and person are to see alike.
    pub message: Option<&'a str>,
    /// What the application asks for.
    pub groups: Vec<ConsentGroup<'a>>,
    /// Whether the person has to type the password again to approve.
    pub needs_password: bool,
}

/// Writes the section. Each form sends `request` and `action` = `allow_request` or `deny_request`, and to approve `request_password`
/// where that is asked for.
pub(super) fn section(html: &mut Html, target: FormTarget<'_>, rows: &[RequestRow<'_>], login: &str) {
    if rows.is_empty() {
        return;
    }
    html.markup("<section class=\"requests\" role=\"region\" aria-labelledby=\"requests\">\n");
    html.markup("<h2 id=\"requests\">Waiting for your answer</h2>\n");
    html.markup("<p class=\"small\">Allow only what you started yourself and expect. Whoever asks you to allow something for them is after your account.</p>\n<ul>\n");
    for row in rows {
        row.render(html, target, login);
    }
    html.markup("</ul>\n</section>\n");
}

impl RequestRow<'_> {
    fn render(&self, html: &mut Html, target: FormTarget<'_>, login: &str) {
        html.markup("<li class=\"request\">\n<h3>");
        mark(html, self.client.name, self.client.logo_uri);
        html.markup("<span><bdi>").text(self.client.name).markup("</bdi> asks for access</span></h3>\n");
        html.markup("<dl class=\"facts\">\n");
        if let Some(message) = self.message {
            html.markup("<div><dt>It says</dt><dd><strong><bdi>").text(message);
            html.markup("</bdi></strong></dd></div>\n");
        }
        html.markup("<div><dt>Asked</dt><dd>").text(&self.asked).markup("</dd></div>\n");
        for group in &self.groups {
            html.markup("<div><dt>");
            match group.resource {
                Some(resource) => html.markup("<bdi>").text(resource).markup("</bdi>"),
                None => html.markup("About you"),
            };
            html.markup("</dt><dd><ul class=\"scopes\">\n");
            for scope in &group.scopes {
                scope.render(html);
            }
            html.markup("</ul></dd></div>\n");
        }
        html.markup("</dl>\n");
        self.form(html, target, login);
        self.client.small_print(html);
        html.markup("</li>\n");
    }

    fn form(&self, html: &mut Html, target: FormTarget<'_>, login: &str) {
        target.open(html);
        hidden(html, "request", self.id);
        if self.needs_password {
            // Tells password managers whose password it is.
            html.markup("<input type=\"text\" name=\"username\" autocomplete=\"username\" readonly hidden");
            html.attribute("value", login).markup(">\n");
            let id = format!("request_password-{}", self.id);
            html.markup("<div class=\"field\">\n<label").attribute("for", &id);
            html.markup(">Your password, to allow it</label>\n<input type=\"password\"").attribute("id", &id);
            html.markup(" name=\"request_password\" autocomplete=\"current-password\" required>\n</div>\n");
        }
        html.markup("<div class=\"buttons pair\">\n");
        self.button(html, "primary", "allow_request", "Allow");
        self.button(html, "secondary", "deny_request", "Don’t allow");
        html.markup("</div>\n</form>\n");
    }

    fn button(&self, html: &mut Html, class: &'static str, value: &'static str, label: &'static str) {
        html.markup("<button type=\"submit\" name=\"action\"").attribute("class", class);
        html.attribute("value", value).markup_if(value == "deny_request", " formnovalidate");
        html.markup(">").markup(label).markup("<span class=\"unseen\"> (").text(self.client.name);
        html.markup(")</span></button>\n");
    }
}
