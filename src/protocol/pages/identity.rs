//! How applications and user accounts appear on a page: name, logo or initial, links to policy and terms.
//!
//! What a client registered is shown as text or as a checked link, never as markup.

use super::html::Html;
use super::uri;

/// What an application shows of itself (client metadata of RFC 7591 §2).
#[derive(Debug, Clone, Copy)]
pub struct ClientFace<'a> {
    /// The application's name, or its `client_id` if it has none.
    pub name: &'a str,
    /// The name that it gives itself, if nobody has looked at it: it never stands alone, and `name` is the host that it comes from.
    pub self_asserted: Option<&'a str>,
    /// The URI of its logo, which is shown if it is `https`.
    pub logo_uri: Option<&'a str>,
    /// Where it sends people, if it has registered itself and nobody has checked what it says.
    pub unchecked: Option<&'a str>,
    /// The URI of its home page.
    pub client_uri: Option<&'a str>,
    /// The URI of its privacy policy.
    pub policy_uri: Option<&'a str>,
    /// The URI of its terms of service.
    pub tos_uri: Option<&'a str>,
}

impl ClientFace<'_> {
    /// Writes the name, linked to its home page. Isolated, so that a name can't reorder the text around it.
    pub(super) fn name(&self, html: &mut Html) {
        match self.client_uri.and_then(uri::web) {
            Some(uri) => {
                html.markup("<a class=\"name\"");
                leave(html, uri);
                html.markup("<bdi>").text(self.name).markup("</bdi></a>");
            }
            None => {
                html.markup("<strong><bdi>").text(self.name).markup("</bdi></strong>");
            }
        }
    }

    /// Says so if nobody has checked who it is.
    pub(super) fn caution(&self, html: &mut Html) {
        let Some(host) = self.unchecked else { return };
        html.markup("<p class=\"small\">This application registered itself: nobody has checked its name. It will send you to ");
        html.markup("<strong><bdi>").text(host).markup("</bdi></strong>.</p>\n");
    }

    /// Writes the name that it gives itself, if nobody has looked at that, and says so.
    pub(super) fn claim(&self, html: &mut Html) {
        let Some(name) = self.self_asserted else { return };
        html.markup("<p class=\"lead\">It calls itself “<bdi>").text(name);
        html.markup("</bdi>”. Nobody here has checked that name: go by the address above.</p>\n");
    }

    /// Writes its logo, or its initial if it has none.
    pub(super) fn mark(&self, html: &mut Html) {
        html.markup("<p class=\"client\">");
        mark(html, self.name, self.logo_uri);
        html.markup("</p>\n");
    }

    /// Links to its policy and terms, if it has any.
    pub(super) fn small_print(&self, html: &mut Html) {
        let policy = self.policy_uri.and_then(uri::web).map(|uri| (uri, "Privacy policy"));
        let terms = self.tos_uri.and_then(uri::web).map(|uri| (uri, "Terms of service"));
        if policy.or(terms).is_none() {
            return;
        }
        html.markup("<p class=\"small\"><bdi>").text(self.name).markup("</bdi>");
        for (uri, label) in policy.into_iter().chain(terms) {
            html.markup(" · <a");
            leave(html, uri);
            html.markup(label).markup("</a>");
        }
        html.markup("</p>\n");
    }
}

/// Finishes a link that must not end the flow on this page: it opens elsewhere.
fn leave(html: &mut Html, uri: &str) {
    html.attribute("href", uri).markup(" target=\"_blank\" rel=\"noopener noreferrer\">");
}

/// A logo, or the first letter of the name. Decoration: the name always stands beside it.
pub(super) fn mark(html: &mut Html, name: &str, logo_uri: Option<&str>) {
    if let Some(uri) = logo_uri.and_then(uri::image) {
        html.markup("<img class=\"mark\" alt=\"\"").attribute("src", uri).markup(">");
        return;
    }
    // The style makes a capital of it, without a table of all letters.
    let initial = name.chars().find(|character| character.is_alphanumeric()).unwrap_or('•');
    html.markup("<span class=\"mark\" aria-hidden=\"true\">");
    html.text(initial.encode_utf8(&mut [0; 4])).markup("</span>");
}

/// Writes who is signed in, with `action` (a button) below.
pub(super) fn account(html: &mut Html, account: &str, action: impl FnOnce(&mut Html)) {
    html.markup("<div class=\"account\">");
    mark(html, account, None);
    html.markup("<div class=\"who\"><span class=\"small\">Signed in as</span> <bdi>").text(account);
    html.markup("</bdi>");
    action(html);
    html.markup("</div></div>\n");
}
