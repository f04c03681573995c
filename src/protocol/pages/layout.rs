//! The frame around every page: the document's `head`, the organization's name on top, a card, help below.

use super::html::Html;
use super::identity::mark;
use super::style::stylesheet_version;
use super::uri;
use crate::protocol::config::theme::Theme;

/// The frame around one page's content.
pub(super) struct Layout<'a> {
    /// The path of the issuer, empty for the root.
    pub(super) base: &'a str,
    /// The theme of the organization whose page it is; `None` where a page is only passed through.
    pub(super) theme: Option<&'a Theme>,
    /// The title of the document: what the page is about.
    pub(super) title: &'a str,
    /// Where the page goes on to by itself, if it does.
    pub(super) refresh: Option<Onward<'a>>,
    /// Whether the card is for reading rather than for one decision.
    pub(super) wide: bool,
}

/// Where a page goes on to, and when.
#[derive(Clone, Copy)]
pub(super) struct Onward<'a> {
    pub(super) uri: &'a str,
    pub(super) seconds: u8,
}

impl<'a> Layout<'a> {
    /// Makes the frame of a page of `theme` with the title `title`.
    pub(super) fn new(base: &'a str, theme: &'a Theme, title: &'a str) -> Self {
        Self { base, theme: Some(theme), title, refresh: None, wide: false }
    }

    /// Writes the document; `content` fills its card.
    pub(super) fn page(&self, content: impl FnOnce(&mut Html)) -> Html {
        let mut html = Html::default();
        self.head(&mut html);
        html.markup("<body>\n");
        if let Some(theme) = self.theme {
            brand(&mut html, theme);
        }
        html.markup("<main class=\"card").markup_if(self.wide, " wide").markup("\">\n");
        content(&mut html);
        html.markup("</main>\n");
        if let Some(uri) = self.theme.and_then(|theme| theme.support_uri.as_deref()).and_then(uri::web) {
            html.markup("<footer><a").attribute("href", uri).markup(">Get help</a></footer>\n");
        }
        html.markup("</body>\n</html>\n");
        html
    }

    fn head(&self, html: &mut Html) {
        html.markup("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>");
        html.text(self.title);
        if let Some(theme) = self.theme {
            html.markup(" – ").text(&theme.name);
        }
        html.markup("</title>\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
        html.markup("<meta name=\"color-scheme\" content=\"light dark\">\n");
        html.markup("<meta name=\"robots\" content=\"noindex\">\n");
        if let Some(Onward { uri, seconds }) = self.refresh {
            html.markup("<meta http-equiv=\"refresh\"")
                .attribute("content", &format!("{seconds};url={uri}"))
                .markup(">\n");
        }
        if let Some(icon) = self.theme.and_then(|theme| theme.logo_uri.as_deref()).and_then(uri::image) {
            html.markup("<link rel=\"icon\"").attribute("href", icon).markup(">\n");
        }
        let version = self.theme.map(|theme| format!("?v={}", stylesheet_version(theme)));
        let href = format!("{}/assets/style.css{}", self.base, version.unwrap_or_default());
        html.markup("<link rel=\"stylesheet\"").attribute("href", &href).markup(">\n</head>\n");
    }
}

fn brand(html: &mut Html, theme: &Theme) {
    html.markup("<header class=\"brand\">");
    mark(html, &theme.name, theme.logo_uri.as_deref());
    html.markup("<span>").text(&theme.name).markup("</span></header>\n");
}
