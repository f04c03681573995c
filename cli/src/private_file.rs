//! Files that only their owner may read.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::Path;

use crate::failure::Failure;

/// Creates `path` with `content`; never overwrites.
///
/// # Errors
/// If it is there already or can't be written.
pub(crate) fn create(path: &Path, content: &str) -> Result<(), Failure> {
    let mut file = open(path, OpenOptions::new().create_new(true))?;
    file.write_all(content.as_bytes()).map_err(|error| Failure::file("write", path, &error))
}

/// Opens `path` for appending and creates it if it is missing.
///
/// # Errors
/// If that is not possible.
pub(crate) fn append_to(path: &Path) -> Result<File, Failure> {
    open(path, OpenOptions::new().create(true).append(true))
}

fn open(path: &Path, options: &mut OpenOptions) -> Result<File, Failure> {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options.write(true).open(path).map_err(|error| Failure::file("create", path, &error))
}
