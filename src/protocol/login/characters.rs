//! Which characters a new identifier may have: none that can't be seen, none that turns the text around it, and no word that can be
//! taken for another one in a different alphabet. `docs/decisions/identifiers.md` says why these rules and no tables of Unicode.
//!
//! Only `identifier` calls it, for new identifiers; those that exist are not judged again.

/// What can't be seen or changes how others are shown, in ranges: format and control characters, fillers, variation selectors,
/// spaces but U+0020, private and unassigned planes.
const HIDDEN: [(u32, u32); 30] = [
    (0x00, 0x1f),
    (0x7f, 0xa0),
    (0xad, 0xad),
    (0x34f, 0x34f),
    (0x61c, 0x61c),
    (0x70f, 0x70f),
    (0x115f, 0x1160),
    (0x1680, 0x1680),
    (0x17b4, 0x17b5),
    (0x180b, 0x180f),
    (0x2000, 0x200f),
    (0x2028, 0x202f),
    (0x205f, 0x206f),
    (0x2800, 0x2800),
    (0x3000, 0x3000),
    (0x3164, 0x3164),
    (0xe000, 0xf8ff),
    (0xfdd0, 0xfdef),
    (0xfe00, 0xfe0f),
    (0xfeff, 0xfeff),
    (0xffa0, 0xffa0),
    (0xfff0, 0xfffd),
    (0xfffe, 0xffff),
    (0x13430, 0x1345f),
    (0x1bca0, 0x1bca3),
    (0x1d159, 0x1d159),
    (0x1d173, 0x1d17a),
    (0xe_0000, 0xe_ffff),
    (0xf_0000, 0xf_ffff),
    (0x10_0000, 0x10_ffff),
];

/// Alphabets with letters that look like those of another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Alphabet {
    Latin,
    Greek,
    Cyrillic,
    Armenian,
    Cherokee,
    Coptic,
    Lisu,
}

const ALPHABETS: [(u32, u32, Alphabet); 21] = [
    (0x41, 0x5a, Alphabet::Latin),
    (0x61, 0x7a, Alphabet::Latin),
    (0xc0, 0xd6, Alphabet::Latin),
    (0xd8, 0xf6, Alphabet::Latin),
    (0xf8, 0x2af, Alphabet::Latin),
    (0x1d00, 0x1dbf, Alphabet::Latin),
    (0x1e00, 0x1eff, Alphabet::Latin),
    (0x2c60, 0x2c7f, Alphabet::Latin),
    (0xa720, 0xa7ff, Alphabet::Latin),
    (0xab30, 0xab6f, Alphabet::Latin),
    (0x370, 0x3ff, Alphabet::Greek),
    (0x1f00, 0x1fff, Alphabet::Greek),
    (0x400, 0x52f, Alphabet::Cyrillic),
    (0x1c80, 0x1c8f, Alphabet::Cyrillic),
    (0x2de0, 0x2dff, Alphabet::Cyrillic),
    (0xa640, 0xa69f, Alphabet::Cyrillic),
    (0x531, 0x588, Alphabet::Armenian),
    (0x13a0, 0x13ff, Alphabet::Cherokee),
    (0xab70, 0xabbf, Alphabet::Cherokee),
    (0x2c80, 0x2cff, Alphabet::Coptic),
    (0xa4d0, 0xa4ff, Alphabet::Lisu),
];

/// Small letters of other alphabets that pass for Latin ones.
const LOOKALIKES: &str = "асԁеһіјӏорԛѕԝхуѵικνορυχօոսհցզյ";

/// Whether an identifier in its normal form is what it looks like.
pub(super) fn are_plain(normal: &str) -> bool {
    let is_visible = !normal.chars().any(is_hidden) && !normal.contains("  ");
    let mut words = normal.split(|letter: char| !letter.is_alphanumeric());
    is_visible && !words.any(mixes_alphabets) && !is_disguised(normal)
}

/// Whether a character can't be seen, or changes how others are shown.
pub(crate) fn is_hidden(letter: char) -> bool {
    let code = u32::from(letter);
    HIDDEN.iter().any(|(first, last)| (*first..=*last).contains(&code))
}

fn alphabet(letter: char) -> Option<Alphabet> {
    let code = u32::from(letter);
    let found = ALPHABETS.iter().find(|(first, last, _)| (*first..=*last).contains(&code));
    found.map(|(_, _, alphabet)| *alphabet)
}

fn mixes_alphabets(word: &str) -> bool {
    let mut alphabets = word.chars().filter_map(alphabet);
    let first = alphabets.next();
    alphabets.any(|other| Some(other) != first)
}

/// Whether it has letters of other alphabets, and all of these could be Latin.
fn is_disguised(normal: &str) -> bool {
    let is_foreign = |letter: &char| alphabet(*letter).is_some_and(|alphabet| alphabet != Alphabet::Latin);
    let mut foreign = normal.chars().filter(is_foreign).peekable();
    foreign.peek().is_some() && foreign.all(|letter| LOOKALIKES.contains(letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_told_apart_is_refused() {
        let cases = [
            ("ada@example.com", true),
            ("o'brien+tag@exämple.com", true),
            ("josé garcía", true),
            ("иван.петров@example.com", true),
            ("иван@почта.рф", true),
            ("γιώργος", true),
            ("արամ", true),
            ("山田太郎", true),
            ("yamada山田", true),
            ("אבי", true),
            ("ada\u{200b}@example.com", false),
            ("ada\u{200d}", false),
            ("a\u{202e}da", false),
            ("\u{2066}ada", false),
            ("ada\u{ad}", false),
            ("ada\u{feff}", false),
            ("ada\u{e0041}", false),
            ("ada\u{fe0f}", false),
            ("ada\u{e000}", false),
            ("ada\u{2800}lovelace", false),
            ("ada\u{a0}lovelace", false),
            ("ada  lovelace", false),
            ("ada\nlovelace", false),
            ("аdmin@example.com", false),
            ("pаypal", false),
            ("аррӏе@example.com", false),
            ("ο@example.com", false),
            ("mіntedge", false),
        ];
        for (text, is_fine) in cases {
            assert_eq!(are_plain(text), is_fine, "{text:?}");
        }
    }

    #[test]
    fn the_ranges_are_in_order() {
        assert!(HIDDEN.windows(2).all(|pair| pair[0].1 < pair[1].0));
    }
}
