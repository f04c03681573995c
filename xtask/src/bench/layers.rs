//! Where the bytes of the wasm module come from: its code by folder of `src/protocol`, each with a budget.
//!
//! What an isolate loads and compiles is the whole module, whichever request wakes it, so every folder's bytes cost every cold
//! start. A generic function of another crate counts where it was compiled for a type of ours only if its name says so; most of
//! serde's and the standard library's do not, which is why these have budgets of their own.

use std::collections::BTreeMap;
use std::fs;

use crate::Result;
use crate::wasm::{Module, NAMED};

/// What is not code: texts, tables, the description of the admin API.
pub(super) const DATA: &str = "texts and tables";
/// Code of no layer that has a budget.
const REST: &str = "other crates";

/// Each layer and how many bytes it may have, in units of 1000: a little more than it had when the budgets were set. A layer that
/// outgrows its budget gets a larger one with a reason, or less code.
const BUDGETS: &[(&str, f64)] = &[
    (DATA, 265.0),
    (REST, 24.0),
    ("alloc, core, std", 400.0),
    ("protocol/codec", 235.0),
    ("cryptography", 135.0),
    ("protocol/endpoints", 132.0),
    ("protocol/objects", 112.0),
    ("serde, serde_json", 97.0),
    ("glue to JavaScript", 67.0),
    ("protocol/admin", 64.0),
    ("protocol/grants", 41.0),
    ("protocol/server", 31.0),
    ("edge", 28.0),
    ("protocol/tokens", 27.0),
    ("protocol/config", 26.0),
    ("protocol/login", 24.0),
    ("protocol/validate", 21.0),
    ("protocol/keys", 20.0),
    ("protocol/model", 19.0),
    ("protocol/pages", 18.0),
    ("protocol/passwords", 11.0),
    ("protocol/rules", 11.0),
    ("protocol/federation", 9.0),
    ("protocol/issue", 9.0),
    ("protocol/app", 9.0),
    ("protocol/http", 9.0),
    ("protocol/state", 8.0),
    ("protocol/client_auth", 7.0),
    ("protocol/exchange", 4.0),
    ("protocol/notices", 1.0),
];

/// Crates by what they are for, where that is worth a line of its own.
const CRATES: &[(&str, &[&str])] = &[
    ("alloc, core, std", &["alloc", "core", "std", "compiler_builtins", "dlmalloc"]),
    ("serde, serde_json", &["serde", "serde_core", "serde_json", "itoa", "ryu", "zmij"]),
    (
        "glue to JavaScript",
        &["js_sys", "wasm_bindgen", "wasm_bindgen_futures", "web_sys", "worker", "worker_kv", "futures_util"],
    ),
    (
        "cryptography",
        &[
            "aes",
            "base64",
            "base64ct",
            "blake2",
            "blowfish",
            "chacha20",
            "chacha20poly1305",
            "cipher",
            "curve25519_dalek",
            "digest",
            "ed25519",
            "ed25519_dalek",
            "hmac",
            "jwt_compact",
            "mintedge_passwords",
            "poly1305",
            "sha1",
            "sha2",
            "subtle",
            "universal_hash",
        ],
    ),
];

/// One line of the table.
pub(super) struct Layer {
    pub(super) name: String,
    /// In bytes, not compressed.
    pub(super) size: usize,
    /// In bytes, if it has one.
    pub(super) budget: Option<f64>,
}

impl Layer {
    /// Whether it keeps its budget.
    pub(super) fn fits(&self) -> bool {
        let size = f64::from(u32::try_from(self.size).unwrap_or(u32::MAX));
        self.budget.is_none_or(|budget| size <= budget)
    }
}

/// The layers of the module that was built last, the largest first.
pub(super) fn measure() -> Result<Vec<Layer>> {
    let module = fs::read(NAMED)?;
    let module = Module::parse(&module).ok_or("the module with names is broken")?;
    let functions = module.functions().ok_or("the module has no names")?;
    let mut sizes: BTreeMap<String, usize> =
        BUDGETS.iter().map(|(name, _)| ((*name).to_owned(), 0)).collect();
    for function in functions {
        *sizes.entry(layer(function.name)).or_default() += function.size;
    }
    sizes.insert(DATA.to_owned(), module.data());
    let mut layers: Vec<Layer> = sizes.into_iter().map(|(name, size)| budgeted(name, size)).collect();
    layers.sort_by_key(|layer| std::cmp::Reverse(layer.size));
    Ok(layers)
}

fn budgeted(name: String, size: usize) -> Layer {
    let budget = BUDGETS.iter().find(|(layer, _)| *layer == name).map(|(_, budget)| budget * 1000.0);
    Layer { name, size, budget }
}

/// The layer of a function, by its name: the first folder of ours that is named in it, else its crate.
fn layer(name: &str) -> String {
    if let Some((_, path)) = name.split_once("mintedge::") {
        let mut segments = path.split("::");
        let first = word(segments.next().unwrap_or_default());
        return match segments.next() {
            Some(second) if first == "protocol" => format!("protocol/{}", word(second)),
            _ => first.to_owned(),
        };
    }
    let own = krate(name);
    let group = CRATES.iter().find(|(_, crates)| crates.contains(&own));
    group.map_or(REST, |(group, _)| group).to_owned()
}

/// The first crate in a path: the first word before `::`, or before the hash that the compiler gave the crate.
fn krate(name: &str) -> &str {
    let starts = name.match_indices(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    let mut words = std::iter::once(0).chain(starts.map(|(at, _)| at + 1)).filter_map(|at| {
        let text = name.get(at..)?;
        let own = word(text);
        let rest = text.get(own.len()..)?;
        (!own.is_empty() && (rest.starts_with("::") || rest.starts_with('['))).then_some(own)
    });
    words.next().unwrap_or_default()
}

/// The name of a module or crate at the start of `text`.
fn word(text: &str) -> &str {
    let end = text.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    text.get(..end.unwrap_or(text.len())).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_function_belongs_to_our_folder_that_it_names_else_to_its_crate() {
        let cases = [
            ("mintedge::protocol::grants::password::decide::{{closure}}::h01b5", "protocol/grants"),
            ("core::ptr::drop_in_place<mintedge::protocol::http::Request>::h1", "protocol/http"),
            ("<mintedge::edge::platform::Edge as mintedge::protocol::server::Platform>::now", "edge"),
            ("mintedge_passwords::scrypt::derive::h1", "cryptography"),
            ("<&mut serde_json::ser::Serializer as serde_core::ser::Serializer>::f", "serde, serde_json"),
            ("core[c5930c85a12de822]::fmt::write", "alloc, core, std"),
            ("<str>::to_lowercase", "other crates"),
            ("matchit::tree::insert", "other crates"),
            ("", "other crates"),
        ];
        for (name, layer) in cases {
            assert_eq!(super::layer(name), layer, "{name}");
        }
    }
}
