//! Who imports whom in `src/protocol`, read from the code: `use` trees and paths in expressions.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::{code, sources};

/// Modules by their path below `protocol` (`grants::password`; the root is empty), and the modules each names.
pub(crate) type Imports = BTreeMap<String, BTreeSet<String>>;

/// Reads the imports of everything below `folder`, which is the crate's module `protocol`.
pub(crate) fn of(folder: &str) -> Imports {
    let files: BTreeMap<String, String> =
        sources(folder).into_iter().map(|(path, text)| (module(folder, &path), code(&text))).collect();
    let known: BTreeSet<&str> = files.keys().map(String::as_str).collect();
    let named = |module: &String, text: &String| {
        let full = paths(text).into_iter().filter_map(|path| absolute(module, &path));
        let found = full.map(|path| owner(&known, &path)).filter(|found| found != module);
        (module.clone(), found.collect())
    };
    files.iter().map(|(module, text)| named(module, text)).collect()
}

/// `src/protocol/grants/mod.rs` is `grants`.
fn module(folder: &str, path: &Path) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let inside = path.strip_prefix(root).expect("inside").with_extension("");
    let mut parts: Vec<_> = inside.iter().map(|part| part.to_str().expect("text")).collect();
    parts.pop_if(|last| *last == "mod");
    parts.join("::")
}

/// Every path of the code that starts with `crate::protocol`, `super` or `self`, trees of `use` spread out.
fn paths(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for start in ["crate::protocol::", "super::", "self::"] {
        for (at, _) in code.match_indices(start) {
            let before = code[..at].chars().next_back();
            if before.is_none_or(|before| !before.is_alphanumeric() && !['_', ':', '$'].contains(&before)) {
                spread(&code[at..], "", &mut found);
            }
        }
    }
    found
}

/// Adds what a path, or a tree of them, comes to; returns what follows it.
fn spread<'a>(text: &'a str, prefix: &str, found: &mut Vec<String>) -> &'a str {
    let is_path = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == ':';
    let (path, mut rest) = text.split_at(text.find(|letter| !is_path(letter)).unwrap_or(text.len()));
    let path = format!("{prefix}{path}");
    if !path.ends_with("::") || !rest.starts_with('{') {
        found.push(path.trim_end_matches(':').to_owned());
        return rest;
    }
    while !rest.starts_with('}') {
        rest = rest[1..].trim_start();
        if !rest.starts_with('}') {
            rest = spread(rest, &path, found);
            rest = &rest[rest.find([',', '}']).expect("the tree goes on")..];
        }
    }
    &rest[1..]
}

/// The path from `protocol` on; `None` for one that leads out of it.
fn absolute(module: &str, path: &str) -> Option<Vec<String>> {
    let mut base: Vec<String> =
        module.split("::").filter(|part| !part.is_empty()).map(str::to_owned).collect();
    for part in path.split("::") {
        match part {
            "crate" => base.clear(),
            "protocol" | "self" => {}
            "super" => _ = base.pop()?,
            other => base.push(other.to_owned()),
        }
    }
    Some(base)
}

/// The module that has what `path` names.
fn owner(known: &BTreeSet<&str>, path: &[String]) -> String {
    let candidates = (0..=path.len()).rev().map(|length| path[..length].join("::"));
    candidates.into_iter().find(|candidate| known.contains(candidate.as_str())).expect("the root is known")
}

/// Groups of modules that need one another, each way round.
pub(crate) fn circles(imports: &Imports) -> Vec<BTreeSet<&str>> {
    let reachable: BTreeMap<&str, BTreeSet<&str>> =
        imports.keys().map(|module| (module.as_str(), from(imports, module))).collect();
    let mut circles = BTreeSet::new();
    for (module, reached) in &reachable {
        let back = reached.iter().filter(|other| reachable[*other].contains(module)).copied();
        let circle: BTreeSet<&str> = back.collect();
        if circle.len() > 1 {
            circles.insert(circle);
        }
    }
    circles.into_iter().collect()
}

/// Everything that `module` needs, however indirectly.
fn from<'a>(imports: &'a Imports, module: &str) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut next: Vec<&str> = imports[module].iter().map(String::as_str).collect();
    while let Some(module) = next.pop() {
        if reached.insert(module) {
            next.extend(imports[module].iter().map(String::as_str));
        }
    }
    reached
}

#[test]
fn trees_are_spread_out() {
    let code = "use crate::protocol::a::{b::{C, D}, e, self}; use super::f::G; x = super::h::i(self::j); not_super::k;";
    let mut found = paths(code);
    found.sort();
    let expected = ["a::b::C", "a::b::D", "a::e", "a::self"].map(|path| format!("crate::protocol::{path}"));
    let expected: Vec<String> =
        expected.into_iter().chain(["self::j", "super::f::G", "super::h::i"].map(str::to_owned)).collect();
    assert_eq!(found, expected);
}

#[test]
fn circles_are_found() {
    let imports =
        [("a", vec!["b"]), ("b", vec!["c"]), ("c", vec!["a", "d"]), ("d", vec![]), ("e", vec!["a"])];
    let own = |(module, named): (&str, Vec<&str>)| {
        (module.to_owned(), named.into_iter().map(str::to_owned).collect::<BTreeSet<_>>())
    };
    let imports: Imports = imports.into_iter().map(own).collect();
    assert_eq!(circles(&imports), [BTreeSet::from(["a", "b", "c"])]);
}
