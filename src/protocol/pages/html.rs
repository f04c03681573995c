//! A writer that can't forget to escape: markup is `&'static str`, everything else goes through [`escape`].
//!
//! Every page is written with it; there are no templates.

/// An HTML document under construction.
#[derive(Default)]
pub(super) struct Html(String);

impl Html {
    /// Appends fixed markup as it is.
    pub(super) fn markup(&mut self, markup: &'static str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// Appends text, escaped.
    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        escape(&mut self.0, text);
        self
    }

    /// Appends ` name="value"` with the value escaped.
    pub(super) fn attribute(&mut self, name: &'static str, value: &str) -> &mut Self {
        self.markup(" ").markup(name).markup("=\"").text(value).markup("\"")
    }

    /// Appends fixed markup if `condition` holds.
    pub(super) fn markup_if(&mut self, condition: bool, markup: &'static str) -> &mut Self {
        if condition { self.markup(markup) } else { self }
    }

    /// The finished document as text.
    pub(super) fn into_string(self) -> String {
        self.0
    }
}

/// Appends `text` so that it is safe and unchanged as element content and as a double-quoted attribute value.
///
/// A carriage return is written as a reference because parsers would turn it into a line feed; NUL can't be
/// expressed in HTML at all and becomes U+FFFD.
fn escape(html: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            '\r' => html.push_str("&#13;"),
            '\0' => html.push('\u{fffd}'),
            other => html.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn escaped(text: &str) -> String {
        let mut html = Html::default();
        html.text(text);
        html.into_string()
    }

    fn unescaped(html: &str) -> String {
        let references =
            [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&#13;", "\r"), ("&amp;", "&")];
        references.iter().fold(html.to_owned(), |text, (from, to)| text.replace(from, to))
    }

    #[test]
    fn markup_in_text_is_shown_and_not_obeyed() {
        assert_eq!(
            escaped("<img src=x onerror='alert(\"&\")'>\0\r"),
            "&lt;img src=x onerror=&#39;alert(&quot;&amp;&quot;)&#39;&gt;\u{fffd}&#13;"
        );
    }

    #[test]
    fn an_attribute_is_quoted_and_escaped() {
        let mut html = Html::default();
        html.attribute("value", "\" autofocus onfocus=\"x");
        assert_eq!(html.into_string(), " value=\"&quot; autofocus onfocus=&quot;x\"");
    }

    proptest! {
        #[test]
        fn nothing_escaped_can_leave_its_place(text in "\\PC*|[<>\"'&;#a-z\\r\\n\\t ]*") {
            let html = escaped(&text);
            prop_assert!(!html.contains(['<', '>', '"', '\'', '\r']));
            for (at, _) in html.match_indices('&') {
                let rest = &html[at..];
                let known = ["&amp;", "&lt;", "&gt;", "&quot;", "&#39;", "&#13;"];
                prop_assert!(known.iter().any(|reference| rest.starts_with(reference)), "{rest}");
            }
            prop_assert_eq!(unescaped(&html), text);
        }
    }
}
