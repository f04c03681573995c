//! `jwks_file` of a trusted issuer or a client: the keys it names, put in its place before anything else looks at the document.

use std::path::Path;

use serde_json::{Map, Value};

/// Largest file, in bytes; a set of 20 RSA keys has about 10000.
const MAX_SIZE: usize = 64 * 1024;

/// Replaces each `jwks_file` in `document` by what the file says, relative to `directory`. Returns what is wrong, each
/// with its path.
pub(super) fn jwks_files(document: &mut Value, directory: &Path) -> Vec<(String, String)> {
    let mut problems = Vec::new();
    for kind in ["trusted_issuer", "client"] {
        let entries = document.get_mut(kind).and_then(Value::as_array_mut);
        for (index, entry) in entries.into_iter().flatten().enumerate() {
            let problem = entry.as_object_mut().and_then(|entry| jwks_file(entry, directory));
            problems.extend(problem.map(|problem| (format!("{kind}[{index}].jwks_file"), problem)));
        }
    }
    problems
}

/// Replaces the `jwks_file` of one entry. Returns what is wrong with it.
fn jwks_file(entry: &mut Map<String, Value>, directory: &Path) -> Option<String> {
    let Some(Value::String(name)) = entry.remove("jwks_file") else { return None };
    if entry.contains_key("jwks") {
        return Some("either `jwks` or `jwks_file`, not both".to_owned());
    }
    match read(&directory.join(&name)) {
        Ok(keys) => drop(entry.insert("jwks".to_owned(), Value::Object(keys))),
        Err(problem) => return Some(format!("`{name}`: {problem}")),
    }
    None
}

fn read(path: &Path) -> Result<Map<String, Value>, String> {
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    if text.len() > MAX_SIZE {
        return Err("larger than 64 KiB, which no set of public keys is".to_owned());
    }
    // What is in the file stays out of the message: it may be a private key.
    serde_json::from_str(&text).map_err(|_| "no JSON Web Key Set: a JSON object with `keys`".to_owned())
}
