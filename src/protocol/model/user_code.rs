//! User codes (RFC 8628 §6.1): what somebody reads from a device and types on a page of this server.
//!
//! Eight letters of twenty: no vowels, so that they make no word, and no digits, so that none of them looks like a letter. That
//! are 20⁸ codes, 34 bits. `login::codes` bounds how many may be tried.

use std::fmt;

use super::entropy::Entropy;

/// The letters of user codes.
const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
/// The number of letters in a code.
const LENGTH: usize = 8;
/// The longest text that may be a code with signs in between, in bytes.
const MAX_TEXT: usize = 64;

/// A user code in its normal form: eight capital letters.
#[derive(Clone, PartialEq, Eq)]
pub struct UserCode(String);

impl UserCode {
    /// Draws a code. Each is as likely as any other, but for one part in 2⁹³.
    pub fn generate(entropy: &impl Entropy) -> Self {
        let mut random = [0; 16];
        entropy.fill(&mut random);
        let mut rest = u128::from_be_bytes(random);
        let letter = || {
            let index = usize::try_from(rest % 20).unwrap_or_default();
            rest /= 20;
            LETTERS.get(index).copied().map_or('B', char::from)
        };
        Self(std::iter::repeat_with(letter).take(LENGTH).collect())
    }

    /// Reads a code as people type it: in small or capital letters, with any spaces, dashes and other signs in between. `None` if
    /// it can't be one.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > MAX_TEXT {
            return None;
        }
        let letters = text.chars().filter(|character| character.is_alphanumeric());
        let code: String = letters.map(|letter| letter.to_ascii_uppercase()).collect();
        let is_code = code.len() == LENGTH && code.bytes().all(|byte| LETTERS.contains(&byte));
        is_code.then_some(Self(code))
    }

    /// The normal form of the code, without anything in between.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// As it is shown: two groups of four with a dash in between.
impl fmt::Display for UserCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.split_at_checked(LENGTH / 2) {
            Some((first, second)) => write!(f, "{first}-{second}"),
            None => f.write_str(&self.0),
        }
    }
}

impl fmt::Debug for UserCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UserCode([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::memory::FakeEntropy;

    #[test]
    fn a_code_is_read_however_it_is_typed() {
        for typed in ["BCDF-GHJK", "bcdfghjk", " bcdf ghjk ", "B C D F – G H J K", "bcdf.ghjk", "Bc-Df-Gh-Jk"]
        {
            assert_eq!(UserCode::parse(typed).expect(typed).to_string(), "BCDF-GHJK");
        }
        for wrong in ["", "BCDF-GHJ", "BCDF-GHJKL", "BCDF-GHJA", "BCDF-GHJ0", "ΒCDF-GHJK", &"-".repeat(60)] {
            assert_eq!(UserCode::parse(wrong), None, "{wrong}");
        }
        assert_eq!(UserCode::parse(&format!("BCDFGHJK{}", " ".repeat(60))), None, "too long");
    }

    #[test]
    fn codes_use_every_letter_and_neither_vowels_nor_digits() {
        let entropy = FakeEntropy::seeded(3);
        let codes: Vec<UserCode> = (0..500).map(|_| UserCode::generate(&entropy)).collect();
        let letters: BTreeSet<char> = codes.iter().flat_map(|code| code.as_str().chars()).collect();
        assert_eq!(letters.into_iter().collect::<String>(), "BCDFGHJKLMNPQRSTVWXZ");
        let different: BTreeSet<&str> = codes.iter().map(UserCode::as_str).collect();
        assert_eq!(different.len(), 500);
        for code in &codes {
            assert_eq!(UserCode::parse(&code.to_string()).as_ref(), Some(code));
            assert_eq!(format!("{code:?}"), "UserCode([redacted])");
        }
    }
}
