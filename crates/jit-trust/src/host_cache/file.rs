//! The cache's file: read at once, replaced at once.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Write};
use std::path::Path;

use super::HostCacheError;
use super::format::{MAGIC, MAX_FILE_LEN};

/// Whether there can be a file: whether its directory can be read, and nothing else is in its place. A named pipe would
/// never let go.
pub(super) fn check(path: &Path) -> Result<(), HostCacheError> {
    let directory = parent(path);
    fs::read_dir(directory).map_err(HostCacheError::directory(directory))?;
    is_a_file(path)
}

fn is_a_file(path: &Path) -> Result<(), HostCacheError> {
    match fs::metadata(path) {
        Ok(metadata) if !metadata.is_file() => Err(HostCacheError::NotAFile {
            path: path.to_owned(),
        }),
        _ => Ok(()), // what else is wrong comes out when it is read
    }
}

/// The file's bytes, or `None` when there is none.
pub(super) fn read(path: &Path) -> Result<Option<Vec<u8>>, HostCacheError> {
    is_a_file(path)?;
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(HostCacheError::read(path)(error)),
    };
    let limit = u64::try_from(MAX_FILE_LEN).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    let read = file.take(limit.saturating_add(1)).read_to_end(&mut bytes);
    read.map_err(HostCacheError::read(path))?;
    if bytes.len() > MAX_FILE_LEN {
        return Err(too_large(path));
    }
    Ok(Some(bytes))
}

/// Whether the file begins as no cache does, cut or whole: somebody else's, which is neither used nor replaced.
///
/// A link is replaced, and what it leads to stays.
pub(super) fn is_another(path: &Path) -> bool {
    if path.is_symlink() || is_a_file(path).is_err() {
        return false;
    }
    let mut begin = Vec::new();
    let len = u64::try_from(MAGIC.len()).unwrap_or(u64::MAX);
    // What cannot be read at all shows elsewhere.
    let read = File::open(path).and_then(|file| file.take(len).read_to_end(&mut begin));
    read.is_ok() && !MAGIC.starts_with(&begin)
}

/// Replaces the file in one step, so that a reader sees the old one or the new one, whole, also after a crash. It is the
/// user's own and nobody else can read it; a link in its place is replaced, not followed.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), HostCacheError> {
    replace(path, bytes).map_err(HostCacheError::write(path))
}

pub(super) fn too_large(path: &Path) -> HostCacheError {
    HostCacheError::TooLarge {
        path: path.to_owned(),
        limit: MAX_FILE_LEN,
    }
}

fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let directory = parent(path);
    let made = tempfile::Builder::new()
        .prefix(".jit-trust-")
        .tempfile_in(directory);
    // Its error has the name of the temporary file in it, which tells nobody anything.
    let mut file = made.map_err(|error| {
        fs::metadata(directory)
            .err()
            .unwrap_or_else(|| error.kind().into())
    })?;
    file.write_all(bytes)
        .map_err(|error| io::Error::from(error.kind()))?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    sync_directory(directory)
}

fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Makes sure that the new file is there after a crash. Not all file systems can sync a directory: that is no reason to
/// fail.
fn sync_directory(directory: &Path) -> io::Result<()> {
    match File::open(directory).and_then(|directory| directory.sync_all()) {
        Err(error) if CANNOT_SYNC.contains(&error.kind()) => Ok(()),
        synced => synced,
    }
}

const CANNOT_SYNC: [ErrorKind; 3] = [
    ErrorKind::InvalidInput,
    ErrorKind::PermissionDenied,
    ErrorKind::Unsupported,
];
