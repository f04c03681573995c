//! From a path in the server's words, such as `client[2].scopes[0]`, to its place in the file.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The place of `path`, or of the nearest thing around it that is there.
pub(super) fn span(root: &DeTable<'_>, path: &str) -> Range<usize> {
    follow(root, path).0
}

/// The string at `path`, if that is one.
pub(super) fn text(root: &DeTable<'_>, path: &str) -> Option<String> {
    follow(root, path).1.and_then(|value| value.get_ref().as_str()).map(str::to_owned)
}

/// Whether `path` is `ancestor` or below it.
pub(super) fn is_within(path: &str, ancestor: &str) -> bool {
    path.strip_prefix(ancestor).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// Follows `path` as far as it goes: the last place there was, and the value if it went to the end.
fn follow<'a, 'i>(root: &'a DeTable<'i>, path: &str) -> (Range<usize>, Option<&'a Spanned<DeValue<'i>>>) {
    let Some((mut place, mut value, mut rest)) = step_into(root, path) else { return (0..0, None) };
    while !rest.is_empty() {
        let next = if let Some(index) = rest.strip_prefix('[') {
            step_to(value, index)
        } else {
            let table = value.get_ref().as_table();
            table.and_then(|table| step_into(table, rest.strip_prefix('.').unwrap_or(rest)))
        };
        let Some(found) = next else { return (place, None) };
        (place, value, rest) = found;
    }
    (place, Some(value))
}

type Step<'a, 'i, 'p> = (Range<usize>, &'a Spanned<DeValue<'i>>, &'p str);

/// A key of a table. Names of claims may hold dots and brackets, so the longest key that fits counts.
fn step_into<'a, 'i, 'p>(table: &'a DeTable<'i>, path: &'p str) -> Option<Step<'a, 'i, 'p>> {
    let fitting = table.iter().filter(|(key, _)| is_within(path, key.get_ref()));
    let (key, value) = fitting.max_by_key(|(key, _)| key.get_ref().len())?;
    // A key is what has to be changed, except where its value holds the place that is meant.
    let rest = path.get(key.get_ref().len()..).unwrap_or_default();
    let place = if rest.is_empty() && !value.get_ref().is_str() { key.span() } else { value.span() };
    Some((place, value, rest))
}

fn step_to<'a, 'i, 'p>(value: &'a Spanned<DeValue<'i>>, path: &'p str) -> Option<Step<'a, 'i, 'p>> {
    let (index, rest) = path.split_once(']')?;
    let element = value.get_ref().as_array()?.get(index.parse::<usize>().ok()?)?;
    Some((element.span(), element, rest))
}
