//! `error_description`: text for developers, in the characters that OAuth has for it (RFC 6749 §4.1.2.1, §5.2; RFC 6750 §3).
//!
//! Fixed texts are checked when they are compiled; texts of the admin API are cleaned before they are sent.

/// Fixed text of `%x20-21 / %x23-5B / %x5D-7E`: ASCII without quotation mark and backslash. It can't hold anything else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Description(&'static str);

impl Description {
    /// `text`, or a bare refusal if it has another character: the architecture's tests see to it that none has.
    pub const fn new(text: &'static str) -> Self {
        if is_sendable(text) { Self(text) } else { Self("the request was refused") }
    }

    /// The text as it goes on the wire.
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

/// Whether `text` has only characters that an `error_description` may have.
pub const fn is_sendable(text: &str) -> bool {
    let mut bytes = text.as_bytes();
    while let [first, rest @ ..] = bytes {
        if !matches!(first, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e) {
            return false;
        }
        bytes = rest;
    }
    true
}

/// `text` with what may not be sent replaced: for what has input in it.
pub fn cleaned(text: &str) -> String {
    let character = |character| match character {
        '"' => '\'',
        '\\' => '/',
        ' '..='~' => character,
        _ => '?',
    };
    text.chars().map(character).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_oauth_may_send_is_held() {
        assert_eq!(Description::new("it's `fine` (§ aside): [a] ~!").as_str(), "the request was refused");
        assert_eq!(Description::new("it's `fine`: [a] ~! #").as_str(), "it's `fine`: [a] ~! #");
        for bad in ["\"", "\\", "\n", "\t", "\u{7f}", "é", "’", "a\0"] {
            assert!(!is_sendable(bad), "{bad:?}");
            assert!(is_sendable(&cleaned(bad)), "{bad:?}");
        }
    }
}
