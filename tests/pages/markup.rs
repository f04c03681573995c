//! Just enough of an HTML reader to check what the pages write.

use std::collections::BTreeSet;

/// An opening tag.
pub(crate) struct Element {
    pub(crate) tag: String,
    pub(crate) attributes: Vec<(String, String)>,
}

impl Element {
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    fn read(inside: &str) -> Self {
        let (tag, mut rest) = inside.split_once(' ').unwrap_or((inside, ""));
        let mut attributes = Vec::new();
        while !rest.trim().is_empty() {
            rest = rest.trim_start();
            let end = rest.find(['=', ' ']).unwrap_or(rest.len());
            let (key, after) = rest.split_at(end);
            let (value, after) = match after.strip_prefix("=\"") {
                Some(quoted) => quoted.split_once('"').expect("a closing quote"),
                None => ("", after),
            };
            attributes.push((key.to_owned(), value.to_owned()));
            rest = after;
        }
        Self { tag: tag.to_owned(), attributes }
    }
}

/// All tags of a document, in order.
pub(crate) struct Markup {
    pub(crate) elements: Vec<Element>,
    tags: Vec<String>,
}

const VOID: [&str; 6] = ["meta", "link", "input", "img", "br", "!doctype"];

impl Markup {
    pub(crate) fn read(html: &str) -> Self {
        let mut markup = Self { elements: Vec::new(), tags: Vec::new() };
        for part in html.split('<').skip(1) {
            let (inside, _) = part.split_once('>').expect("a closed tag");
            if !inside.starts_with('/') {
                markup.elements.push(Element::read(inside));
            }
            markup.tags.push(inside.split(' ').next().unwrap_or_default().to_owned());
        }
        markup
    }

    pub(crate) fn count(&self, tag: &str) -> usize {
        self.elements.iter().filter(|element| element.tag == tag).count()
    }

    pub(crate) fn assert_balanced(&self, page: &str) {
        let mut open = Vec::new();
        for tag in &self.tags {
            match tag.strip_prefix('/') {
                Some(closed) => assert_eq!(open.pop(), Some(closed), "{page} closes {closed}"),
                None if VOID.contains(&tag.as_str()) => {}
                None => open.push(tag),
            }
        }
        assert!(open.is_empty(), "{page} leaves open {open:?}");
    }

    pub(crate) fn assert_ids_unique(&self, page: &str) {
        let mut ids = BTreeSet::new();
        for id in self.elements.iter().filter_map(|element| element.attribute("id")) {
            assert!(ids.insert(id), "{page} has #{id} twice");
        }
    }

    pub(crate) fn assert_inputs_labelled(&self, page: &str) {
        let visible = |input: &&Element| {
            input.tag == "input"
                && input.attribute("type") != Some("hidden")
                && input.attribute("hidden").is_none()
        };
        for input in self.elements.iter().filter(visible) {
            let id = input.attribute("id").expect("an id");
            // Where a form repeats per row, the row is named after a dash.
            assert_eq!(id.split('-').next(), input.attribute("name"), "{page}");
            assert!(input.attribute("autocomplete").is_some(), "{page} #{id}");
            let labels = self.elements.iter().filter(|element| element.attribute("for") == Some(id)).count();
            assert_eq!(labels, 1, "{page} #{id}");
        }
    }

    pub(crate) fn assert_references_resolve(&self, page: &str) {
        let described = self.elements.iter().filter_map(|element| element.attribute("aria-describedby"));
        for id in described.flat_map(|ids| ids.split(' ')) {
            let found = self.elements.iter().any(|element| element.attribute("id") == Some(id));
            assert!(found, "{page} has no #{id}");
        }
        for invalid in self.elements.iter().filter(|element| element.attribute("aria-invalid").is_some()) {
            assert!(invalid.attribute("aria-describedby").is_some(), "{page}");
        }
    }
}
