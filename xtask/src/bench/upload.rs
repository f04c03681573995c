//! The Worker as wrangler uploads it: what is measured is what is deployed.

use std::fs;
use std::path::Path;

use super::WORK;
use crate::Result;
use crate::deployment::ISSUER;
use crate::files::sorted_entries;
use crate::process::capture;
use crate::setup::Tools;

/// How large an upload is, in bytes.
pub(super) struct Size {
    pub(super) plain: f64,
    pub(super) gzipped: f64,
}

/// Bundles the Worker into `target/bench/upload`, under the names that `bench/mintedge.capnp` embeds.
pub(super) fn make(tools: &Tools) -> Result<Size> {
    let directory = Path::new(WORK).join("upload");
    let _ = fs::remove_dir_all(&directory);
    let mut wrangler = tools.wrangler()?;
    wrangler.args(["deploy", "--dry-run", "--outdir"]).arg(&directory);
    // Nothing is deployed, so whose it would be makes no difference.
    wrangler.env(ISSUER, "https://id.example.com");
    let output = capture(wrangler.env("NO_COLOR", "1")).ok_or("wrangler deploy --dry-run failed")?;
    // wrangler puts a hash of the content before the name.
    let modules = sorted_entries(&directory)?;
    let wasm = modules.iter().find(|path| path.extension().is_some_and(|extension| extension == "wasm"));
    let wasm = wasm.ok_or("wrangler bundled no wasm module")?;
    let name = wasm.file_name().ok_or("a module without a name")?.to_string_lossy().into_owned();
    let entry = directory.join("entry.js");
    fs::write(&entry, fs::read_to_string(&entry)?.replace(&name, "index_bg.wasm"))?;
    fs::rename(wasm, directory.join("index_bg.wasm"))?;
    size(&output).ok_or_else(|| format!("wrangler names no size:\n{output}").into())
}

/// From a line such as `Total Upload: 1118.72 KiB / gzip: 432.41 KiB`.
fn size(output: &str) -> Option<Size> {
    let (_, sizes) = output.split_once("Total Upload:")?;
    let (plain, gzipped) = sizes.lines().next()?.split_once("/ gzip:")?;
    let bytes =
        |text: &str| text.trim().strip_suffix("KiB")?.trim().parse().ok().map(|kib: f64| kib * 1024.0);
    Some(Size { plain: bytes(plain)?, gzipped: bytes(gzipped)? })
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_size_is_read_from_wranglers_words() {
        let size = super::size("x\nTotal Upload: 2.00 KiB / gzip: 1.50 KiB\ny").expect("a size");
        assert_eq!((size.plain, size.gzipped), (2048.0, 1536.0));
    }
}
