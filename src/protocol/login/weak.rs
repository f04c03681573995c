//! Passwords that are guessed first (NIST SP 800-63B-4 §3.1.1.2): the ones many people have, runs and repetitions, and the names
//! of the user and the service with a few digits. Only `new_password` calls it.
//!
//! Of the common ones only hashes are here, as a Golomb–Rice coded set: 10,000 in 19 KB. One other password in 16,384 is taken for
//! one of them. `docs/decisions/common-passwords.md` says where they come from and how the file is made.

use sha2::{Digest as _, Sha256};

/// How many, as four bytes; then the gaps between the sorted hashes: quotients in unary, [`REST`] bits each of remainder.
static COMMON: &[u8] = include_bytes!("common_passwords.bin");
/// Bits of a remainder. One in 2^`REST` of all other passwords is in the set, too.
const REST: u32 = 14;
/// Fewer different characters than this are a repetition.
const FEWEST: usize = 4;
/// Shorter words may be in a password by chance.
const SHORTEST_WORD: usize = 3;

/// Whether `password` is among the first that somebody who guesses tries. `words` are what they know: the user's identifier and
/// name, and the names of the service.
pub(super) fn is_weak(password: &str, words: &[&str]) -> bool {
    let lower = password.to_lowercase();
    is_common(&lower) || is_monotonous(&lower) || is_one_of(&lower, words)
}

/// Whether a password, in lower case, is in the set of common ones.
fn is_common(lower: &str) -> bool {
    let Some((head, coded)) = COMMON.split_at_checked(4) else { return false };
    let count = head.iter().fold(0, |count, byte| (count << 8) | u64::from(*byte));
    let wanted = hash(lower, count << REST);
    let mut bits = coded.iter().flat_map(|byte| (0..8).rev().map(move |shift| (byte >> shift) & 1));
    let mut value = 0;
    for _ in 0..count {
        let Some(gap) = gap(&mut bits) else { return false };
        value += gap;
        if value >= wanted {
            return value == wanted;
        }
    }
    false
}

fn gap(bits: &mut impl Iterator<Item = u8>) -> Option<u64> {
    let mut gap = 0;
    while bits.next()? == 1 {
        gap += 1;
    }
    for _ in 0..REST {
        gap = (gap << 1) | u64::from(bits.next()?);
    }
    Some(gap)
}

/// The hash of a password, in lower case, as a number below `range`.
fn hash(lower: &str, range: u64) -> u64 {
    let digest = Sha256::digest(lower.as_bytes());
    let number = digest.iter().take(8).fold(0_u128, |number, byte| (number << 8) | u128::from(*byte));
    u64::try_from((number * u128::from(range)) >> 64).unwrap_or_default()
}

/// Whether it is a few characters over and over, or one run up or down (`abcdefgh`, `98765432`).
fn is_monotonous(lower: &str) -> bool {
    let mut different: Vec<char> = lower.chars().collect();
    let steps: Vec<i64> = different.windows(2).map(step).collect();
    different.sort_unstable();
    different.dedup();
    let is_run = steps.first().is_some_and(|first| first.abs() == 1 && steps.iter().all(|one| one == first));
    different.len() < FEWEST || is_run
}

fn step(pair: &[char]) -> i64 {
    match pair {
        [one, next] => i64::from(u32::from(*next)) - i64::from(u32::from(*one)),
        _ => 0,
    }
}

/// Whether it is one of `words`, whatever digits and signs are before, behind and between.
fn is_one_of(lower: &str, words: &[&str]) -> bool {
    let letters = |text: &str| text.chars().filter(|letter| letter.is_alphabetic()).collect::<String>();
    let same = letters(lower);
    words.iter().any(|word| {
        let word = word.to_lowercase();
        let (whole, word) = (word == lower, letters(&word));
        whole || word.chars().count() >= SHORTEST_WORD && word == same
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The file for these passwords.
    fn encode(passwords: &[String]) -> Vec<u8> {
        let range = u64::try_from(passwords.len()).expect("few") << REST;
        let mut hashes: Vec<u64> = passwords.iter().map(|password| hash(password, range)).collect();
        hashes.sort_unstable();
        let mut bits = Vec::new();
        let mut before = 0;
        for value in hashes {
            let gap = value - before;
            before = value;
            bits.extend(std::iter::repeat_n(1, usize::try_from(gap >> REST).expect("small")));
            bits.push(0);
            bits.extend((0..REST).rev().map(|shift| u8::from((gap >> shift) & 1 == 1)));
        }
        let bytes = bits.chunks(8).map(|bits| {
            let byte = bits.iter().fold(0, |byte, bit| (byte << 1) | bit);
            byte << (8 - bits.len())
        });
        let count = u32::try_from(passwords.len()).expect("few");
        count.to_be_bytes().into_iter().chain(bytes).collect()
    }

    /// `COMMON_PASSWORDS=list.txt cargo test -p mintedge --lib the_file_is_made -- --ignored`
    #[test]
    #[ignore = "writes the file anew, from a list that isn't kept here"]
    fn the_file_is_made() {
        let list = std::fs::read_to_string(std::env::var("COMMON_PASSWORDS").expect("a file")).expect("text");
        let passwords: Vec<String> = list.lines().map(str::to_lowercase).collect();
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/protocol/login/common_passwords.bin");
        std::fs::write(path, encode(&passwords)).expect("written");
    }

    #[test]
    fn common_passwords_are_known_and_others_are_not() {
        for common in ["password", "12345678", "Password1", "QWERTY123", "iloveyou", "sunshine", "princess"] {
            assert!(is_common(&common.to_lowercase()), "{common}");
        }
        for other in ["correct horse battery staple", "another fine password", "kljh3498fdskj", ""] {
            assert!(!is_common(other), "{other}");
        }
        let mistaken = (0..20_000).filter(|number| is_common(&format!("not a common one {number}"))).count();
        assert!(mistaken < 10, "{mistaken}");
    }

    #[test]
    fn runs_and_repetitions_are_weak() {
        for weak in
            ["aaaaaaaaaaaaaaaa", "abababababab", "1212312123", "abcdefghijklm", "zyxwvutsr", "23456789:"]
        {
            assert!(is_monotonous(weak), "{weak}");
        }
        for fine in ["abcdefgh1", "correct horse", "aabbccdd"] {
            assert!(!is_monotonous(fine), "{fine}");
        }
    }

    #[test]
    fn what_names_the_person_or_the_service_is_weak() {
        let words = ["ada@example.com", "ada", "example.com", "Ada Lovelace", "Acme Shop", "mi"];
        for weak in [
            "Ada@Example.com",
            "ada@example.com!",
            "2026-ada",
            "AdaLovelace1815",
            "acme.shop",
            "AcmeShop2026!",
        ] {
            assert!(is_one_of(&weak.to_lowercase(), &words), "{weak}");
        }
        for fine in ["ada likes tea", "acme", "12345678", "mi-2026", "lovelace ada"] {
            assert!(!is_one_of(fine, &words), "{fine}");
        }
    }
}
