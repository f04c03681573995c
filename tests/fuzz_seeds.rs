//! Each fuzz target on its seeds, and on what fuzzing has found here so far (`fuzz/corpus`), without libFuzzer.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]
#![allow(dead_code, missing_docs, unreachable_pub, reason = "shared with the fuzz targets")]

use std::collections::BTreeSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

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
