//! `jwks_file` of a trusted issuer: the keys it names, put in its place before anything else looks at the document.

use std::path::Path;

use serde_json::{Map, Value};

/// Largest file, in bytes; a set of 20 RSA keys has about 10000.
const MAX_SIZE: usize = 64 * 1024;

/// Replaces each `jwks_file` in `document` by what the file says, relative to `directory`. Returns what is wrong, each
/// with its path.
pub(super) fn jwks_files(document: &mut Value, directory: &Path) -> Vec<(String, String)> {
    let mut problems = Vec::new();
    let issuers = document.get_mut("trusted_issuer").and_then(Value::as_array_mut);
    for (index, issuer) in issuers.into_iter().flatten().enumerate() {
        let Some(issuer) = issuer.as_object_mut() else { continue };
        let Some(Value::String(name)) = issuer.remove("jwks_file") else { continue };
        let path = format!("trusted_issuer[{index}].jwks_file");
        if issuer.contains_key("jwks") {
            problems.push((path, "either `jwks` or `jwks_file`, not both".to_owned()));
            continue;
        }
        match read(&directory.join(&name)) {
            Ok(keys) => drop(issuer.insert("jwks".to_owned(), Value::Object(keys))),
            Err(problem) => problems.push((path, format!("`{name}`: {problem}"))),
        }
    }
    problems
}

fn read(path: &Path) -> Result<Map<String, Value>, String> {
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    if text.len() > MAX_SIZE {
        return Err("larger than 64 KiB, which no set of public keys is".to_owned());
    }
    // What is in the file stays out of the message: it may be a private key.
    serde_json::from_str(&text).map_err(|_| "no JSON Web Key Set: a JSON object with `keys`".to_owned())
}
