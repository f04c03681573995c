//! Patterns of a `[[rule]]`: whether the value of a claim fits one, and whether two globs can match the same text.
//!
//! `evaluate` uses the first, `prove` the second.

use serde_json::{Map, Value};

use crate::protocol::config::federation::{Pattern, Scalar};

/// The characters that `*` never stands for: they separate the parts of paths, branches and subjects.
const SEPARATORS: [char; 2] = ['/', ':'];

/// The claim called `name`; a name that starts with `/` is a JSON pointer (RFC 6901).
pub fn claim<'c>(claims: &'c Map<String, Value>, name: &str) -> Option<&'c Value> {
    let Some(pointer) = name.strip_prefix('/') else { return claims.get(name) };
    let first = pointer.split('/').next().unwrap_or_default();
    let value = claims.get(&first.replace("~1", "/").replace("~0", "~"))?;
    value.pointer(pointer.get(first.len()..).unwrap_or_default())
}

/// A single value as the text that patterns and subjects see; `None` for anything else, fractions included.
pub fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Number(number) => (number.is_i64() || number.is_u64()).then(|| number.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Whether `value` is what `pattern` wants: itself, or one of its members if it is a list.
pub fn fits(pattern: &Pattern, value: &Value) -> bool {
    let single = |value: &Value| text(value).is_some_and(|text| fits_text(pattern, &text));
    match value {
        Value::Array(members) => members.iter().any(single),
        value => single(value),
    }
}

/// Whether a claim that says `text` is what `pattern` wants.
pub fn fits_text(pattern: &Pattern, text: &str) -> bool {
    match pattern {
        Pattern::Exactly(value) => value.text() == text,
        Pattern::OneOf(values) => values.iter().any(|value| value.text() == text),
        Pattern::Glob(glob) => glob_fits(&glob.glob, text),
    }
}

/// All values that `pattern` takes, if it lists them.
pub fn listed(pattern: &Pattern) -> Option<&[Scalar]> {
    match pattern {
        Pattern::Exactly(value) => Some(core::slice::from_ref(value)),
        Pattern::OneOf(values) => Some(values),
        Pattern::Glob(_) => None,
    }
}

/// Whether `text` as a whole is of the form `glob`. Takes time proportional to both lengths: a `*` stays between two
/// separators, and there the leftmost place of each piece is as good as any.
pub fn glob_fits(glob: &str, text: &str) -> bool {
    let separators =
        |text: &str| text.chars().filter(|letter| SEPARATORS.contains(letter)).collect::<String>();
    separators(glob) == separators(text)
        && glob.split(SEPARATORS).zip(text.split(SEPARATORS)).all(|(glob, text)| part_fits(glob, text))
}

/// Whether `text` is of the form `glob`; neither holds a separator.
fn part_fits(glob: &str, text: &str) -> bool {
    let mut pieces = glob.split('*');
    let Some(mut rest) = pieces.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let Some(last) = pieces.next_back() else { return rest.is_empty() };
    match rest.strip_suffix(last) {
        Some(middle) => rest = middle,
        None => return false,
    }
    pieces.all(|piece| match rest.split_once(piece) {
        Some((_, after)) => {
            rest = after;
            true
        }
        None => false,
    })
}

/// Whether there is a text that both globs match.
pub fn globs_meet(one: &str, other: &str) -> bool {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let skips = |letter: &char| !SEPARATORS.contains(letter);
    // `meet[j]`: whether what is left of `one` and `other[j..]` meet; built from the ends.
    let mut below: Vec<bool> = Vec::new();
    for i in (0..=one.len()).rev() {
        let mut row = vec![false; other.len() + 1];
        for j in (0..=other.len()).rev() {
            let at = |row: &[bool], j: usize| row.get(j).copied().unwrap_or_default();
            let meets = match (one.get(i), other.get(j)) {
                (None, None) => true,
                (Some('*'), letter) => at(&below, j) || (letter.is_some_and(skips) && at(&row, j + 1)),
                (letter, Some('*')) => at(&row, j + 1) || (letter.is_some_and(skips) && at(&below, j)),
                (Some(one), Some(other)) => one == other && at(&below, j + 1),
                (None, Some(_)) | (Some(_), None) => false,
            };
            if let Some(cell) = row.get_mut(j) {
                *cell = meets;
            }
        }
        below = row;
    }
    below.first().copied().unwrap_or_default()
}

/// Whether every text of the form `inner` is of the form `outer` too.
///
/// A letter that `outer` doesn't have stands for whatever the stars of `inner` do: only a star of `outer` can take it,
/// and that one would take anything else in its place as well.
pub fn glob_within(inner: &str, outer: &str) -> bool {
    let unused = ('\u{e000}'..='\u{f8ff}').find(|letter| !outer.contains(*letter));
    unused.is_some_and(|letter| glob_fits(outer, &inner.replace('*', letter.encode_utf8(&mut [0; 4]))))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn pattern(value: Value) -> Pattern {
        serde_json::from_value(value).expect("a pattern")
    }

    #[test]
    fn values_compare_as_text_and_lists_by_member() {
        let cases = [
            (json!("a"), json!("a"), true),
            (json!("a"), json!("A"), false),
            (json!(true), json!("true"), true),
            (json!("true"), json!(true), true),
            (json!(12), json!("12"), true),
            (json!("12"), json!(12), true),
            (json!(12), json!(12.0), false),
            (json!("12"), json!(u64::MAX), false),
            (json!("18446744073709551615"), json!(u64::MAX), true),
            (json!("null"), json!(null), false),
            (json!(["a", 2]), json!("2"), true),
            (json!(["a", 2]), json!("3"), false),
            (json!("a"), json!(["b", "a"]), true),
            (json!("a"), json!([["a"]]), false),
            (json!("a"), json!([]), false),
            (json!("a"), json!({ "a": "a" }), false),
            (json!({ "glob": "v*" }), json!("v1"), true),
            (json!({ "glob": "1*" }), json!(12), true),
            (json!({ "glob": "*" }), json!(null), false),
        ];
        for (wanted, seen, expected) in cases {
            assert_eq!(fits(&pattern(wanted.clone()), &seen), expected, "{wanted} {seen}");
        }
    }

    #[test]
    fn globs_are_anchored_and_stars_stay_between_separators() {
        let cases = [
            ("refs/tags/v*", "refs/tags/v1.2", true),
            ("refs/tags/v*", "refs/tags/v", true),
            ("refs/tags/v*", "refs/tags/v1/x", false),
            ("refs/tags/v*", "xrefs/tags/v1", false),
            ("refs/*/main", "refs/heads/main", true),
            ("refs/*", "refs/heads/main", false),
            ("repo:octo/*:ref:refs/heads/main", "repo:octo/a:ref:refs/heads/main", true),
            ("repo:octo/*:ref:refs/heads/main", "repo:octo/a:environment:x:ref:refs/heads/main", false),
            ("repo:*:ref:refs/heads/main", "repo:octo/a:ref:refs/heads/main", false),
            ("a*b*c", "a1b2b3c", true),
            ("a*b*c", "ac", false),
            ("a*ba*", "aba", true),
            ("ab*ba", "aba", false),
            ("**", "x", true),
            ("*", "", true),
            ("*", "a:b", false),
            ("", "", true),
            ("?[a]", "?[a]", true),
            ("ü*", "üß", true),
        ];
        for (glob, text, expected) in cases {
            assert_eq!(glob_fits(glob, text), expected, "{glob} {text}");
        }
    }

    #[test]
    fn a_glob_of_many_stars_takes_no_time() {
        let text = "a".repeat(100_000);
        assert!(!glob_fits(&format!("{}b*", "a*".repeat(100)), &text));
    }

    #[test]
    fn names_that_start_with_a_slash_are_pointers() {
        let claims = json!({ "/a": 0, "a": 1, "kubernetes.io": { "namespace": "x", "a/b": [5] }, "": 7 });
        let claims = claims.as_object().expect("an object");
        let cases = [
            ("a", Some(json!(1))),
            ("/a", Some(json!(1))),
            ("/~1a", Some(json!(0))),
            ("/kubernetes.io/namespace", Some(json!("x"))),
            ("/kubernetes.io/a~1b/0", Some(json!(5))),
            ("/kubernetes.io/none", None),
            ("/none/a", None),
            ("none", None),
            ("/", Some(json!(7))),
        ];
        for (name, expected) in cases {
            assert_eq!(claim(claims, name), expected.as_ref(), "{name}");
        }
    }

    /// The obvious way, exponential in the number of stars.
    fn slowly(glob: &[char], text: &[char]) -> bool {
        match (glob, text) {
            ([], []) => true,
            (['*', rest @ ..], _) => {
                slowly(rest, text)
                    || matches!(text, [letter, after @ ..] if !SEPARATORS.contains(letter) && slowly(glob, after))
            }
            ([one, glob @ ..], [other, text @ ..]) => one == other && slowly(glob, text),
            _ => false,
        }
    }

    fn letters(text: &str) -> Vec<char> {
        text.chars().collect()
    }

    proptest! {
        #[test]
        fn matching_agrees_with_the_obvious_way(glob in "[ab/:*]{0,8}", text in "[ab/:]{0,8}") {
            prop_assert_eq!(glob_fits(&glob, &text), slowly(&letters(&glob), &letters(&text)));
        }

        #[test]
        fn a_star_never_crosses_a_separator(before in "[a-c/:]{0,6}", after in "[a-c/:]{0,6}", between in "[a-c/:]{0,9}") {
            let fits = glob_fits(&format!("{before}*{after}"), &format!("{before}{between}{after}"));
            prop_assert_eq!(fits, !between.contains(SEPARATORS));
        }

        #[test]
        fn globs_that_do_not_meet_share_no_text(one in "[ab/*]{0,6}", other in "[ab/*]{0,6}", text in "[ab/]{0,6}") {
            let shared = glob_fits(&one, &text) && glob_fits(&other, &text);
            prop_assert!(!shared || globs_meet(&one, &other));
        }

        #[test]
        fn what_is_within_fits_the_outer_too(inner in "[ab/*]{0,5}", outer in "[ab/*]{0,5}", text in "[ab/]{0,5}") {
            let proven = glob_within(&inner, &outer) && glob_fits(&inner, &text);
            prop_assert!(!proven || glob_fits(&outer, &text));
        }
    }

    /// Every pair of short globs against every short text: the two proofs are exact, not only safe.
    #[test]
    fn proofs_about_short_globs_are_exact() {
        let words = |alphabet: &[char], longest: usize| {
            let mut all = vec![String::new()];
            let mut last = all.clone();
            for _ in 0..longest {
                last = last
                    .iter()
                    .flat_map(|word| alphabet.iter().map(move |letter| format!("{word}{letter}")))
                    .collect();
                all.extend(last.clone());
            }
            all
        };
        let (globs, texts) = (words(&['a', '/', '*'], 3), words(&['a', 'b', '/'], 5));
        let taken: Vec<Vec<bool>> =
            globs.iter().map(|glob| texts.iter().map(|text| glob_fits(glob, text)).collect()).collect();
        for (one, of_one) in globs.iter().zip(&taken) {
            for (other, of_other) in globs.iter().zip(&taken) {
                let mut pairs = of_one.iter().zip(of_other);
                assert_eq!(
                    globs_meet(one, other),
                    pairs.clone().any(|(one, other)| *one && *other),
                    "{one} {other}"
                );
                assert_eq!(
                    glob_within(one, other),
                    pairs.all(|(one, other)| !one || *other),
                    "{one} {other}"
                );
            }
        }
    }
}
