//! Each fuzz target on its seeds, and on what fuzzing has found here so far (`fuzz/corpus`), without libFuzzer.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]
#![allow(dead_code, missing_docs, unreachable_pub, reason = "shared with the fuzz targets")]

use std::collections::BTreeSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use mintedge::protocol::objects::control::ControlCommand;

#[path = "../fuzz/src/fixture.rs"]
mod fixture;
#[path = "../fuzz/src/targets/mod.rs"]
mod targets;

/// Most inputs of a corpus, which may be large and is replayed slowly.
const MAX_CORPUS: usize = 500;

fn inputs(folder: &str, target: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz").join(folder).join(target);
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<_> = entries.map(|entry| entry.path()).filter(|path| path.is_file()).collect();
    files.sort();
    files
}

/// The targets with numbers that leave `part` when divided by two: two tests, which run at the same time.
fn replay(part: usize) {
    for (name, run) in targets::ALL.into_iter().skip(part).step_by(2) {
        let corpus = inputs("corpus", name).into_iter().take(MAX_CORPUS);
        for input in inputs("seeds", name).into_iter().chain(corpus) {
            let bytes = fs::read(&input).expect("an input");
            let outcome = catch_unwind(AssertUnwindSafe(|| run(&bytes)));
            assert!(outcome.is_ok(), "{name} fails on {}", input.display());
        }
    }
}

#[test]
fn half_of_the_targets_hold_on_their_seeds() {
    replay(0);
}

#[test]
fn the_other_half_of_the_targets_hold_on_their_seeds() {
    replay(1);
}

fn seeds(target: &str) -> Vec<String> {
    inputs("seeds", target).iter().filter_map(|path| fs::read_to_string(path).ok()).collect()
}

/// The names come from what the reader says that it expected.
#[test]
fn every_command_of_the_control_object_has_a_seed() {
    let error = serde_json::from_str::<ControlCommand>("\"\"").expect_err("no command").to_string();
    let names: Vec<&str> = error.split('`').skip(3).step_by(2).collect();
    assert!(names.len() > 15, "{error}");
    let seeds: Vec<serde_json::Value> =
        seeds("control_command").iter().map(|seed| serde_json::from_str(seed).expect("JSON")).collect();
    for name in names {
        assert!(seeds.iter().any(|seed| seed.as_str() == Some(name) || seed.get(name).is_some()), "{name}");
    }
}

#[test]
fn every_operation_of_the_admin_api_has_a_seed() {
    let description: serde_json::Value =
        serde_json::from_str(include_str!("../src/protocol/admin/openapi.json")).expect("JSON");
    let seeds = seeds("admin_request");
    let calls: BTreeSet<(&str, Vec<&str>)> = seeds
        .iter()
        .filter_map(|seed| seed.lines().next()?.split_once(' '))
        .map(|(method, target)| {
            (method, target.split(['?', '#']).next().unwrap_or_default().split('/').collect())
        })
        .collect();
    for (path, methods) in description["paths"].as_object().expect("paths") {
        let template: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        let fits = |target: &[&str]| {
            let same = |(part, wanted): (&&str, &&str)| wanted.starts_with('{') || part == wanted;
            target.len() == template.len() && target.iter().zip(&template).all(same)
        };
        for method in methods.as_object().expect("methods").keys().filter(|name| *name != "parameters") {
            let known =
                calls.iter().any(|(called, target)| called.eq_ignore_ascii_case(method) && fits(target));
            assert!(known, "{method} {path}");
        }
    }
}

#[test]
fn every_target_has_a_program_and_seeds() {
    let names: BTreeSet<String> = targets::ALL.iter().map(|(name, _)| (*name).to_owned()).collect();
    let programs = inputs("fuzz_targets", "");
    let stem = |path: &PathBuf| path.file_stem().expect("a name").to_string_lossy().into_owned();
    assert_eq!(programs.iter().map(stem).collect::<BTreeSet<_>>(), names);
    for name in &names {
        assert!(inputs("seeds", name).len() >= 3, "{name}");
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("fuzz/fuzz_targets/{name}.rs"));
        let program = fs::read_to_string(program).expect("a program");
        assert!(program.contains(&format!("targets::{name}::run(")), "{name}");
    }
}
