//! Forms, fields and buttons, as all pages write them: labels, hidden fields against forgery, and what was wrong with a field.

use super::html::Html;
use super::uri;

/// Where a page's form leads, and what proves that it came from this page.
#[derive(Clone, Copy)]
pub struct FormTarget<'a> {
    /// Path on this origin that takes the form.
    pub action: &'a str,
    /// The request under way, sealed; the hidden field `flow`.
    pub flow: &'a str,
    /// The token against forged submissions; the hidden field `csrf`.
    pub csrf: &'a str,
    /// Where the person will be sent in the end: the client's redirect URI, its origin or its scheme. The page's policy
    /// allows an app's own scheme; the way to the web needs no permission.
    pub form_action: Option<&'a str>,
}

impl FormTarget<'_> {
    /// Writes the start of the form and its hidden fields.
    pub(super) fn open(&self, html: &mut Html) {
        html.markup("<form method=\"post\"");
        if let Some(action) = uri::path(self.action) {
            html.attribute("action", action);
        }
        html.markup(">\n");
        hidden(html, "flow", self.flow);
        hidden(html, "csrf", self.csrf);
    }
}

/// Writes a hidden field.
pub(super) fn hidden(html: &mut Html, name: &str, value: &str) {
    html.markup("<input type=\"hidden\"").attribute("name", name).attribute("value", value).markup(">\n");
}

/// A labelled input of a form.
#[derive(Default)]
pub(super) struct Field<'a> {
    /// The input's `name` and `id`.
    pub(super) name: &'static str,
    /// The label that people see.
    pub(super) label: &'static str,
    /// The input's `type`.
    pub(super) kind: &'static str,
    /// The input's `autocomplete`, for browsers and password managers.
    pub(super) autocomplete: &'static str,
    /// The value that the input begins with.
    pub(super) value: &'a str,
    /// A line of advice for the field.
    pub(super) hint: Option<&'static str>,
    /// What was wrong with the value that was sent before.
    pub(super) problem: Option<Flaw>,
    /// Whether the input may be left empty.
    pub(super) optional: bool,
    /// Whether the value can't be changed.
    pub(super) readonly: bool,
    /// Whether the cursor is here when the page opens.
    pub(super) autofocus: bool,
}

/// What was wrong with the value of a field, and where the page says so.
#[derive(Clone, Copy)]
pub(super) enum Flaw {
    /// This text stands at the field itself.
    Here(&'static str),
    /// The [`banner`] of the form says it.
    Banner,
}

impl Field<'_> {
    /// The label, the input and what belongs to it.
    pub(super) fn render(&self, html: &mut Html) {
        html.markup("<div class=\"field\">\n<label").attribute("for", self.name).markup(">");
        html.markup(self.label).markup_if(self.optional, " <span class=\"small\">(optional)</span>");
        html.markup("</label>\n<input").attribute("type", self.kind);
        html.attribute("id", self.name).attribute("name", self.name);
        html.attribute("autocomplete", self.autocomplete);
        if !self.value.is_empty() {
            html.attribute("value", self.value);
        }
        match self.autocomplete {
            "username" => html.markup(" autocapitalize=\"none\" autocorrect=\"off\" spellcheck=\"false\""),
            // A code that is read from elsewhere.
            "off" => html.markup(" autocapitalize=\"characters\" autocorrect=\"off\" spellcheck=\"false\""),
            _ => html,
        };
        html.markup_if(!self.optional, " required").markup_if(self.readonly, " readonly");
        html.markup_if(self.autofocus, " autofocus");
        self.describe(html);
        html.markup(">\n");
        if let Some(hint) = self.hint {
            html.markup("<p class=\"small\"").attribute("id", &self.hint_id()).markup(">");
            html.markup(hint).markup("</p>\n");
        }
        if let Some(Flaw::Here(text)) = self.problem {
            html.markup("<p class=\"flaw\" role=\"alert\"").attribute("id", &self.problem_id());
            html.markup(">").markup(text).markup("</p>\n");
        }
        html.markup("</div>\n");
    }

    fn describe(&self, html: &mut Html) {
        let problem = self.problem.map(|problem| match problem {
            Flaw::Here(_) => self.problem_id(),
            Flaw::Banner => BANNER.to_owned(),
        });
        html.markup_if(problem.is_some(), " aria-invalid=\"true\"");
        let ids: Vec<_> = problem.into_iter().chain(self.hint.map(|_| self.hint_id())).collect();
        if !ids.is_empty() {
            html.attribute("aria-describedby", &ids.join(" "));
        }
    }

    fn hint_id(&self) -> String {
        format!("{}_hint", self.name)
    }

    fn problem_id(&self) -> String {
        format!("{}_problem", self.name)
    }
}

const BANNER: &str = "problem";

/// Writes the text that says what is wrong with a form as a whole.
pub(super) fn banner(html: &mut Html, text: &'static str) {
    html.markup("<p class=\"banner\" role=\"alert\"").attribute("id", BANNER).markup(">");
    html.markup(text).markup("</p>\n");
}

/// How a button looks.
#[derive(Clone, Copy)]
pub(super) enum Look {
    /// What most people came to the page for.
    Primary,
    /// The alternative to it.
    Secondary,
    /// A way out, which looks like a link.
    Link,
}

/// A button that submits its form as `action` = `value`.
pub(super) struct Button {
    /// The button's `value` and `id`.
    pub(super) value: &'static str,
    /// The text that people see.
    pub(super) label: &'static str,
    /// How the button looks.
    pub(super) look: Look,
    /// Whether the form's fields don't matter to it.
    pub(super) skips_fields: bool,
}

impl Button {
    /// Writes a button that is a form by itself, without fields.
    pub(super) fn new(look: Look, value: &'static str, label: &'static str) -> Self {
        Self { value, label, look, skips_fields: false }
    }

    /// Writes the button.
    pub(super) fn render(&self, html: &mut Html) {
        html.markup("<button type=\"submit\" name=\"action\"");
        html.attribute("value", self.value).attribute("id", self.value).attribute("class", self.look.class());
        html.markup_if(self.skips_fields, " formnovalidate").markup(">");
        html.markup(self.label).markup("</button>\n");
    }
}

impl Look {
    /// The name of the button's class in the style sheet.
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Secondary => "secondary",
            Self::Link => "link",
        }
    }
}
