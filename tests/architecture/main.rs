//! Guards the shape of the code: who may know whom, what every grant brings, how large files are.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod imports;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The folders of `src/protocol`, from the lowest: a file imports its own folder and those of earlier lines, nothing else. What
/// they are is said in `src/protocol/mod.rs`.
const LAYERS: &[&[&str]] = &[
    &["codec"],
    &["model"],
    &["http"],
    &["keys"],
    &["passwords"],
    &["config"],
    &["rules", "documents"],
    &["state"],
    &["validate"],
    &["registration"],
    &["objects"],
    &["server"],
    &["tokens"],
    &["federation", "exchange", "login"],
    &["client_auth"],
    &["grants"],
    &["issue"],
    &["pages"],
    &["admin"],
    &["endpoints"],
    &["notices", "app"],
    &[""],
];

fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("text");
                found.push((path, text));
            }
        }
    }
    assert!(!found.is_empty(), "{folder} has no sources");
    found
}

/// The code without comments, doc comments and tests.
fn code(text: &str) -> String {
    let production = text.split("\n#[cfg(test)]\nmod tests").next().unwrap_or_default();
    let lines = production.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

fn assert_absent(folder: &str, forbidden: &[&str]) {
    for (path, text) in sources(folder) {
        let code = code(&text);
        for word in forbidden {
            assert!(!code.contains(word), "{} has `{word}`", path.display());
        }
    }
}

#[test]
fn the_protocol_knows_no_platform() {
    let forbidden = [
        "worker::",
        "wasm_bindgen",
        "js_sys",
        "web_sys",
        "crate::edge",
        "crate::memory",
        "SystemTime",
        "Instant::",
        "getrandom",
        "thread_rng",
        "std::fs",
        "std::net",
        "std::env",
        "HashMap",
        "println!",
    ];
    assert_absent("src/protocol", &forbidden);
}

#[test]
fn layers_import_what_is_below_them() {
    let level = |module: &str| {
        let folder = module.split("::").next().unwrap_or_default();
        let level = LAYERS.iter().position(|layer| layer.contains(&folder));
        (level.unwrap_or_else(|| panic!("{folder} is in no layer")), folder.to_owned())
    };
    for (module, named) in imports::of("src/protocol") {
        let (own, folder) = level(&module);
        for other in named {
            let (below, other_folder) = level(&other);
            assert!(below < own || other_folder == folder, "{module} imports {other}, which is not below it");
        }
    }
}

#[test]
fn circles_are_pairs_at_most_and_cross_no_folder() {
    let imports = imports::of("src/protocol");
    let is_folder = |module: &str| imports.keys().any(|other| other.starts_with(&format!("{module}::")));
    let folder = |module: &str| match module.rsplit_once("::") {
        Some((above, _)) if !is_folder(module) => above.to_owned(),
        _ => module.to_owned(),
    };
    for circle in imports::circles(&imports) {
        assert!(circle.len() <= 2, "these need one another: {circle:?}");
        let folders: BTreeSet<String> = circle.iter().map(|module| folder(module)).collect();
        assert!(folders.len() == 1, "these need one another, from different folders: {circle:?}");
    }
}

/// Neighbors are `super::`, everything else is named from the crate on: so a file says where what it needs lives.
#[test]
fn paths_go_up_once_at_most() {
    assert_absent("src", &["super::super::"]);
}

#[test]
fn state_transitions_are_synchronous_and_pure() {
    assert_absent("src/protocol/state", &["async ", ".await", "ports::", "RefCell", "Cell<", "&dyn Entropy"]);
}

#[test]
fn objects_decide_without_waiting() {
    for (path, text) in sources("src/protocol/objects") {
        let code = code(&text);
        let is_call = path.ends_with("call.rs");
        assert!(is_call || !code.contains("async ") && !code.contains(".await"), "{}", path.display());
    }
}

/// A second reader of JSON would compile every derived parser twice.
#[test]
fn json_is_read_in_one_way() {
    let readers = ["serde_json::from_str", "serde_json::from_slice", "serde_json::from_value"];
    for folder in ["src/protocol", "src/edge"] {
        for (path, text) in sources(folder).into_iter().filter(|(path, _)| !path.ends_with("codec/json.rs")) {
            for word in readers {
                assert!(!code(&text).contains(word), "{} has `{word}`", path.display());
            }
        }
    }
}

/// What is too long is not read, so that the limits are the entry point's; what is told of them is `src/protocol/http`'s.
#[test]
fn the_entry_point_reads_bodies_as_long_as_they_may_be() {
    use mintedge::protocol::http::{ADMIN_BODY_LIMIT, BODY_LIMIT};
    let entry =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("edge/entry.mjs")).expect("text");
    let limit = |name: &str| {
        let line = entry.lines().find(|line| line.starts_with(&format!("const {name} = "))).expect("a limit");
        let number = line.split(['=', ';']).nth(1).expect("a number").trim().replace('_', "");
        number.parse::<usize>().expect("a number")
    };
    assert_eq!((limit("BODY_LIMIT"), limit("ADMIN_BODY_LIMIT")), (BODY_LIMIT, ADMIN_BODY_LIMIT));
}

/// Which of the two crates for base64 is right is decided in one place: one is fast, the other keeps secrets.
#[test]
fn base64_is_written_and_read_in_one_place() {
    for folder in ["src", "cli/src"] {
        for (path, text) in
            sources(folder).into_iter().filter(|(path, _)| !path.ends_with("codec/encoding.rs"))
        {
            for word in ["base64ct", "base64::"] {
                assert!(!code(&text).contains(word), "{} has `{word}`", path.display());
            }
        }
    }
}

#[test]
fn the_edge_decides_nothing_about_oauth() {
    let forbidden = ["OAuthError", "invalid_", "scope", "grant", "client_secret", "redirect_uri"];
    assert_absent("src/edge", &forbidden);
}

#[test]
fn nothing_panics_on_purpose() {
    for folder in ["src/protocol", "src/edge", "passwords/src"] {
        // The probe does nothing else, in a build for one test.
        for (path, text) in sources(folder).into_iter().filter(|(path, _)| !path.ends_with("edge/probe.rs")) {
            let code = code(&text);
            for word in [".unwrap()", "panic!(", "unreachable!(", "todo!(", "unimplemented!(", "dbg!("] {
                assert!(!code.contains(word), "{} has `{word}`", path.display());
            }
            let expects = code.matches(".expect(").count();
            let reasons = code.matches("clippy::expect_used,").count();
            assert!(expects <= reasons, "{} has an `expect` without a reason", path.display());
        }
    }
}

/// The registry is `model/grant_type.rs`; what a grant decides is in the file of its variant's name.
#[test]
fn every_grant_is_one_file_and_one_line_of_the_registry() {
    let grants = sources("src/protocol/grants");
    let dispatch = grants.iter().find(|(path, _)| path.ends_with("grants/mod.rs")).expect("the dispatch");
    let deciding: Vec<_> = grants.iter().filter(|(_, text)| text.contains("fn decide<")).collect();
    assert_eq!(deciding.len(), mintedge::protocol::model::grant_type::GrantType::ALL.len() + 1);
    for (path, _) in deciding.iter().filter(|(path, _)| !path.ends_with("grants/mod.rs")) {
        let name = path.file_stem().and_then(|stem| stem.to_str()).expect("a name");
        assert!(dispatch.1.contains(&format!("=> {name}::decide(")), "{name} is never asked");
    }
}

#[test]
fn only_issue_mints() {
    for (path, text) in sources("src/protocol") {
        let name = path.to_string_lossy().replace('\\', "/");
        assert!(!code(&text).contains("sign(&server.platform") || name.contains("/issue/"), "{name} mints");
    }
}

/// `Description` holds nothing else, but would say less.
#[test]
fn every_description_of_an_error_can_be_sent() {
    for (path, text) in sources("src/protocol").into_iter().filter(|(_, text)| text.contains("OAuthError")) {
        for line in code(&text).lines() {
            let literals = line.split('"').skip(1).step_by(2);
            for prose in
                literals.filter(|literal| literal.contains(' ') && !literal.contains(['{', '=', '<']))
            {
                let sendable = mintedge::protocol::http::description::is_sendable(prose);
                assert!(sendable, "{}: an error_description can't have this: {prose}", path.display());
            }
        }
    }
}

/// A value that somebody brings along may be made with a generation of keys that this isolate hasn't heard of.
#[test]
fn values_that_come_back_are_read_with_keys_that_are_asked_for_by_them() {
    let readers = ["open::<", "open(&keyring", "::parse(&keyring.derived", "untagged("];
    for folder in ["endpoints", "grants", "exchange"] {
        for (path, text) in sources(&format!("src/protocol/{folder}")) {
            let code = code(&text);
            let reads = readers.iter().any(|reader| code.contains(reader));
            assert!(!reads || code.contains("keyring_for("), "{}", path.display());
        }
    }
}

#[test]
fn files_stay_readable() {
    let production = ["src", "cli/src", "passwords/src", "xtask/src"].map(|folder| (folder, 400));
    let tests = ["tests", "cli/tests"].map(|folder| (folder, 500));
    for (folder, most) in production.into_iter().chain(tests) {
        for (path, text) in sources(folder) {
            let lines = code(&text).lines().filter(|line| !line.trim().is_empty()).count();
            assert!(lines <= most, "{} has {lines} code lines", path.display());
        }
    }
}

#[test]
fn files_are_not_called_utils() {
    for folder in ["src", "cli/src", "passwords/src", "xtask/src"] {
        for (path, _) in sources(folder) {
            let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
            let vague = ["utils", "util", "helpers", "helper", "common", "misc", "manager"].contains(&stem);
            assert!(!vague, "{}", path.display());
        }
    }
}
