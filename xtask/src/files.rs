//! Places and small file operations. All paths are relative to the workspace root, the current directory of every command.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::Result;

/// Tools that are installed for this checkout only.
pub(crate) const TOOLS: &str = "target/tools";

/// The workspace root: the parent of this package.
pub(crate) fn root() -> Result<PathBuf> {
    let package = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
    Ok(package.parent().ok_or("the xtask package has no parent directory")?.to_owned())
}

/// `relative` as an absolute path, for environment variables and programs that run elsewhere.
pub(crate) fn absolute(relative: impl AsRef<Path>) -> Result<PathBuf> {
    Ok(std::path::absolute(relative)?)
}

/// A hash of the names and contents of `paths`, directories included recursively; a missing path counts as empty.
pub(crate) fn fingerprint<'a>(paths: impl IntoIterator<Item = &'a str>) -> Result<u64> {
    let mut hasher = DefaultHasher::new();
    for path in paths {
        hash_path(Path::new(path), &mut hasher)?;
    }
    Ok(hasher.finish())
}

fn hash_path(path: &Path, hasher: &mut DefaultHasher) -> Result {
    path.hash(hasher);
    if path.is_dir() {
        for entry in sorted_entries(path)? {
            hash_path(&entry, hasher)?;
        }
        return Ok(());
    }
    match fs::read(path) {
        Ok(content) => content.hash(hasher),
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(format!("cannot read {}: {error}", path.display()).into()),
    }
    Ok(())
}

/// A directory's entries by name; none when it does not exist.
pub(crate) fn sorted_entries(directory: &Path) -> Result<Vec<PathBuf>> {
    if !directory.is_dir() {
        return Ok(Vec::new());
    }
    let entries: std::io::Result<Vec<PathBuf>> =
        fs::read_dir(directory)?.map(|entry| Ok(entry?.path())).collect();
    let mut entries = entries?;
    entries.sort();
    Ok(entries)
}

/// Remembers that something was done for certain inputs.
pub(crate) struct Stamp {
    path: PathBuf,
    value: String,
}

impl Stamp {
    /// A stamp kept in `path` for inputs whose hash is `fingerprint`.
    pub(crate) fn new(path: impl Into<PathBuf>, fingerprint: u64) -> Self {
        Self { path: path.into(), value: format!("{fingerprint:016x}\n") }
    }

    /// Whether the work was done for the same inputs.
    pub(crate) fn is_current(&self) -> bool {
        fs::read_to_string(&self.path).is_ok_and(|value| value == self.value)
    }

    /// Records that the work is done.
    pub(crate) fn set(&self) -> Result {
        if let Some(directory) = self.path.parent() {
            fs::create_dir_all(directory)?;
        }
        fs::write(&self.path, &self.value)?;
        Ok(())
    }
}
