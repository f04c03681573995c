//! The members of a JSON object, one by one: of the right type and within bounds, or left out with a note that says why.
//!
//! A client's metadata are a wish, and RFC 7591 §2 lets the server leave out what it doesn't know or like. So nothing here fails.

use serde_json::{Map, Value};

/// The longest text of one member, in bytes.
pub const MAX_TEXT: usize = 1024;
/// Most items of a member that is a list.
pub const MAX_ITEMS: usize = 50;
/// Most notes of one reading.
const MAX_NOTES: usize = 50;

/// Something that the client said and that doesn't count, or counts as something else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The member, by its name in RFC 7591 or another specification.
    pub member: &'static str,
    /// What was left out or replaced, if it is one item of a list. In the client's words: not to be shown unescaped.
    pub item: Option<String>,
    /// Why, in words that follow the member's name and a colon.
    pub reason: &'static str,
}

/// Reads members and keeps notes of what it leaves out.
#[derive(Debug)]
pub struct Members<'a> {
    object: &'a Map<String, Value>,
    notes: Vec<Note>,
}

impl<'a> Members<'a> {
    /// Reads the members of `object`.
    pub fn of(object: &'a Map<String, Value>) -> Self {
        Self { object, notes: Vec::new() }
    }

    /// The notes so far.
    pub fn into_notes(self) -> Vec<Note> {
        self.notes
    }

    /// Notes that `item` of `member`, or all of it, is left out or replaced.
    pub fn note(&mut self, member: &'static str, item: Option<&str>, reason: &'static str) {
        if self.notes.len() < MAX_NOTES {
            let item = item.map(|item| item.chars().take(128).collect());
            self.notes.push(Note { member, item, reason });
        }
    }

    /// The value of `member` whatever it is; `null` counts as absent.
    pub fn value(&self, member: &str) -> Option<&'a Value> {
        self.object.get(member).filter(|value| !value.is_null())
    }

    /// A text of 1 to [`MAX_TEXT`] bytes without control characters.
    pub fn text(&mut self, member: &'static str) -> Option<&'a str> {
        match self.value(member)? {
            Value::String(text) if is_text(text) => Some(text),
            Value::String(text) if text.is_empty() => None,
            _ => {
                self.note(member, None, "a text of at most 1024 bytes without control characters");
                None
            }
        }
    }

    /// A text that `objection` has nothing against.
    pub fn checked(
        &mut self,
        member: &'static str,
        objection: impl Fn(&str) -> Option<&'static str>,
    ) -> Option<String> {
        let text = self.text(member)?;
        match objection(text) {
            None => Some(text.to_owned()),
            Some(reason) => {
                self.note(member, Some(text), reason);
                None
            }
        }
    }

    /// A list of texts, each once; `None` if the member is absent or no list.
    pub fn texts(&mut self, member: &'static str) -> Option<Vec<&'a str>> {
        let Value::Array(items) = self.value(member)? else {
            self.note(member, None, "a list of texts");
            return None;
        };
        let mut texts = Vec::new();
        for item in items.iter().take(MAX_ITEMS) {
            match item {
                Value::String(text) if is_text(text) => {
                    if !texts.contains(&text.as_str()) {
                        texts.push(text.as_str());
                    }
                }
                _ => self.note(member, None, "each item is a text of at most 1024 bytes"),
            }
        }
        if items.len() > MAX_ITEMS {
            self.note(member, None, "only the first 50 items count");
        }
        Some(texts)
    }

    /// Whether `member` is `true`. Some clients send it as a text.
    pub fn flag(&mut self, member: &'static str) -> bool {
        match self.value(member) {
            Some(Value::Bool(value)) => *value,
            Some(Value::String(text)) => text == "true",
            Some(_) => {
                self.note(member, None, "`true` or `false`");
                false
            }
            None => false,
        }
    }

    /// Chooses a value that this server has: the one that `member` names, or else the first of `ours` among those that `choices`
    /// lists (`OpenID Connect RP Metadata Choices` §2).
    pub fn choice<T: Copy>(
        &mut self,
        member: &'static str,
        choices: &'static str,
        ours: &[T],
        name: impl Fn(T) -> &'static str,
    ) -> Choice<T> {
        let wanted = self.text(member);
        let listed = self.texts(choices);
        let named = wanted.and_then(|wanted| ours.iter().copied().find(|own| name(*own) == wanted));
        let among = |listed: &Vec<&str>| ours.iter().copied().find(|own| listed.contains(&name(*own)));
        match (named, listed.as_ref().and_then(among)) {
            (Some(named), _) => Choice::Named(named),
            (None, Some(chosen)) => {
                if wanted.is_some() {
                    self.note(member, wanted, "this server doesn't have it; another one of the list counts");
                }
                Choice::Named(chosen)
            }
            (None, None) if wanted.is_some() || listed.is_some_and(|listed| !listed.is_empty()) => {
                Choice::Unknown
            }
            (None, None) => Choice::Absent,
        }
    }
}

/// What a client has chosen among the values that this server has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Choice<T> {
    /// It said nothing.
    Absent,
    /// This one.
    Named(T),
    /// Only such as this server doesn't have.
    Unknown,
}

fn is_text(text: &str) -> bool {
    (1..=MAX_TEXT).contains(&text.len()) && !text.chars().any(char::is_control)
}
