//! Builds the Worker's wasm and JavaScript into `build/`.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Result;
use crate::files::{self, Stamp, fingerprint};
use crate::process::run;
use crate::setup::Tools;
use crate::steps::timed;

/// Everything the result depends on, apart from the tools, whose versions `xtask` and `Cargo.lock` pin.
const INPUTS: [&str; 8] = [
    "src",
    "passwords",
    "Cargo.toml",
    "Cargo.lock",
    ".cargo",
    "package-lock.json",
    "xtask/src/setup/rust_tools.rs",
    "xtask/src/wasm.rs",
];
/// Where the Worker is built that panics on request.
const PROBE: &str = "target/probe";
const WASM: &str = "build/index_bg.wasm";
const OUTPUTS: [&str; 2] = ["build/index.js", WASM];

/// Builds in release mode, unless nothing changed since the last time.
pub(crate) fn build(tools: &Tools) -> Result {
    let stamp = Stamp::new("target/wasm/.xtask-stamp", fingerprint(INPUTS)?);
    if stamp.is_current() && OUTPUTS.iter().all(|output| Path::new(output).exists()) {
        println!("==> The wasm build is up to date");
        return Ok(());
    }
    timed("Building the wasm", || {
        run(tools.worker_build()?.arg("--release"))?;
        let module = fs::read(WASM)?;
        Ok(fs::write(WASM, without_names(&module).ok_or("worker-build made a broken wasm module")?)?)
    })?;
    stamp.set()
}

/// Builds the Worker that panics on request into [`PROBE`], with all that wrangler needs: in debug mode, which is quick and
/// is not what anybody deploys.
pub(crate) fn build_probe(tools: &Tools) -> Result<PathBuf> {
    let directory = Path::new(PROBE);
    let mut build = tools.worker_build()?;
    build.args(["--dev", "--out-dir", &format!("{PROBE}/build"), "--", "--features", "panic-probe"]);
    timed("Building the wasm that panics on request", || run(&mut build))?;
    fs::create_dir_all(directory.join("edge"))?;
    for file in files::sorted_entries(Path::new("edge"))? {
        fs::copy(&file, directory.join(&file))?;
    }
    let config = directory.join("wrangler.toml");
    fs::write(&config, without_build(&fs::read_to_string("wrangler.toml")?))?;
    Ok(config)
}

/// wrangler's configuration without the command that builds the Worker.
fn without_build(config: &str) -> String {
    let mut table = "";
    let kept = config.lines().filter(|line| {
        if line.starts_with('[') {
            table = line;
        }
        table != "[build]"
    });
    kept.collect::<Vec<_>>().join("\n")
}

/// A module without its section of function names: a seventh of the upload, for nobody but a debugger. worker-build has
/// wasm-opt keep it, and other ways to lose it lose sections that are needed.
///
/// A module is eight bytes, then sections: an id, a length, that many bytes. The content of a custom section (id 0)
/// starts with its name (WebAssembly core specification, §5.5).
fn without_names(module: &[u8]) -> Option<Vec<u8>> {
    let (header, mut rest) = module.split_at_checked(8)?;
    let mut kept = header.to_vec();
    while let Some((id, after)) = rest.split_first() {
        let (length, content) = leb128(after)?;
        let (content, next) = content.split_at_checked(length)?;
        let (section, _) = rest.split_at_checked(rest.len() - next.len())?;
        let is_names = *id == 0 && leb128(content)?.1.starts_with(b"name") && leb128(content)?.0 == 4;
        if !is_names {
            kept.extend_from_slice(section);
        }
        rest = next;
    }
    Some(kept)
}

/// An unsigned number in LEB128, and what follows it.
fn leb128(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut number = 0_usize;
    for (position, byte) in (0_u32..5).zip(bytes) {
        number |= usize::from(byte & 0x7f) << (7 * position);
        if byte & 0x80 == 0 {
            return Some((number, bytes.get(usize::try_from(position).ok()? + 1..)?));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::without_names;

    #[test]
    fn only_the_section_of_names_goes() {
        let section = |id: u8, content: &[u8]| {
            let length = u8::try_from(content.len()).expect("short");
            [&[id, length | 0x80, 0][..], content].concat()
        };
        let module = |sections: &[Vec<u8>]| [b"\0asm\x01\0\0\0".as_slice(), &sections.concat()].concat();
        let (code, features) = (section(10, b"code"), section(0, b"\x0ftarget_features"));
        let (names, namesake) = (section(0, b"\x04name and more"), section(0, b"\x05names"));
        let whole = module(&[code.clone(), names, namesake.clone(), features.clone()]);
        assert_eq!(without_names(&whole), Some(module(&[code, namesake, features])));
        for cut in [4, 9, whole.len() - 1] {
            assert_eq!(without_names(whole.get(..cut).unwrap_or_default()), None, "{cut}");
        }
    }
}
