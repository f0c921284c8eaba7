//! Reads files of a store: regular files only, of a limited length.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use super::StoreFileError;

/// Opens a regular file. Other files are not opened, because opening a named pipe without a writer blocks.
pub(super) fn open(path: &Path) -> Result<File, StoreFileError> {
    let metadata = fs::metadata(path).map_err(StoreFileError::io(path))?;
    if !metadata.is_file() {
        let error = io::Error::new(io::ErrorKind::InvalidInput, "expected a regular file");
        return Err(StoreFileError::io(path)(error));
    }
    File::open(path).map_err(StoreFileError::io(path))
}

/// The content of an open file, if it has at most `limit` bytes.
pub(super) fn whole(file: &File, path: &Path, limit: usize) -> Result<Vec<u8>, StoreFileError> {
    let limit = u64::try_from(limit).unwrap_or(u64::MAX);
    let expected = file.metadata().map_or(0, |metadata| metadata.len().min(limit));
    let mut bytes = Vec::with_capacity(usize::try_from(expected).unwrap_or(0).saturating_add(1));
    let read = file.take(limit.saturating_add(1)).read_to_end(&mut bytes);
    let len = read.map_err(StoreFileError::io(path))?;
    if u64::try_from(len).is_ok_and(|len| len <= limit) {
        return Ok(bytes);
    }
    Err(StoreFileError::TooLarge {
        path: path.to_owned(),
        limit,
    })
}
