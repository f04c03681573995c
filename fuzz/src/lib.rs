//! Fuzz targets. `fuzz_targets` has the program of each, for libFuzzer; what it does is here, so that `tests/fuzz_seeds.rs` of
//! the server can replay inputs without it.

pub mod fixture;
pub mod targets;
