//! What applications ask somebody who isn't at them (`CIBA`): the first section of the account page. `endpoints::requests` fills it.

use super::consent::ConsentGroup;
use super::form::{Button, Field, Flaw, FormTarget, Look, hidden};
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
    /// Whether the application keeps what it gets, with refresh tokens.
    pub keeps: bool,
}

/// What somebody has allowed and the application has not fetched yet.
#[derive(Debug, Clone)]
pub struct AllowedRow<'a> {
    /// Identifies it in the form; the field `request`.
    pub id: &'a str,
    /// The application that asked.
    pub client: ClientFace<'a>,
    /// What application and person were to see alike.
    pub message: Option<&'a str>,
}

/// Writes the section with what was allowed a moment ago. Each form sends `request` and `action` = `withdraw_request`.
pub(super) fn allowed_section(html: &mut Html, target: FormTarget<'_>, rows: &[AllowedRow<'_>]) {
    if rows.is_empty() {
        return;
    }
    html.markup("<section>\n<h2>Allowed, not fetched yet</h2>\n<ul class=\"rows\">\n");
    for row in rows {
        html.markup("<li><div><strong><bdi>").text(row.client.name).markup("</bdi></strong>");
        if let Some(message) = row.message {
            html.markup("<p class=\"small\"><bdi>").text(message).markup("</bdi></p>");
        }
        html.markup("</div>\n");
        target.open(html);
        hidden(html, "request", row.id);
        html.markup("<button type=\"submit\" name=\"action\" class=\"link\" value=\"withdraw_request\">");
        html.markup("Take it back<span class=\"unseen\"> (").text(row.client.name);
        html.markup(")</span></button>\n</form></li>\n");
    }
    html.markup("</ul>\n</section>\n");
}

/// Writes the section where somebody sets the code that applications have to know before they may ask.
pub(super) fn code_section(html: &mut Html, target: FormTarget<'_>, is_set: bool, problem: Option<Flaw>) {
    html.markup("<section>\n<h2>Code for requests</h2>\n<p class=\"small\">");
    html.markup("Some applications may ask you only if you have told them a code of your own. ");
    html.markup("They get to see it, so don’t take your password.</p>\n");
    target.open(html);
    Field {
        name: "request_code",
        label: if is_set { "New code" } else { "Code" },
        kind: "text",
        autocomplete: "one-time-code",
        hint: Some("6 to 64 characters."),
        problem,
        ..Field::default()
    }
    .render(html);
    Button::new(Look::Secondary, "set_request_code", if is_set { "Change code" } else { "Set code" })
        .render(html);
    html.markup("</form>\n");
    if is_set {
        target.open(html);
        Button::new(Look::Link, "remove_request_code", "Remove the code").render(html);
        html.markup("</form>\n");
    }
    html.markup("</section>\n");
}

/// Says that an application keeps what it gets.
pub(super) fn keeping(html: &mut Html) {
    html.markup("<p class=\"small\">If you allow it, the application keeps this access until you remove it on your account page.</p>\n");
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
        if self.keeps {
            keeping(html);
        }
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
