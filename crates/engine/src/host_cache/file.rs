//! The cache's file: read at once, replaced at once.

use std::fs;
use std::path::Path;

use jit_trust_file::{FileError, OwnFile, StagedFile};

use super::HostCacheError;
use super::format::{MAGIC, MAX_FILE_LEN};

/// How often the file is begun anew because another process has written it meanwhile. Of those that write at once, one
/// succeeds each time.
const MAX_TRIES: usize = 100;

/// Whether there can be a file: whether its directory can be read, and nothing else is in its place.
pub(super) fn check(path: &Path) -> Result<(), HostCacheError> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    fs::read_dir(directory).map_err(HostCacheError::directory(directory))?;
    match open(path) {
        Err(error @ (HostCacheError::NotAFile { .. } | HostCacheError::Foreign { .. })) => Err(error),
        _ => Ok(()), // what else is wrong comes out when it is read
    }
}

/// The file's bytes, or `None` when there is none.
pub(super) fn read(path: &Path) -> Result<Option<Vec<u8>>, HostCacheError> {
    let Some(file) = open(path)? else {
        return Ok(None);
    };
    let limit = u64::try_from(MAX_FILE_LEN).unwrap_or(u64::MAX);
    let bytes = file.read(limit.saturating_add(1));
    let bytes = bytes.map_err(|error| not_read(path, error))?;
    let begin = bytes.get(..MAGIC.len()).unwrap_or(&bytes);
    if !MAGIC.starts_with(begin) {
        return Err(HostCacheError::NotACache {
            path: path.to_owned(),
        });
    }
    if file.others_may_write() {
        return Err(HostCacheError::OthersMayWrite {
            path: path.to_owned(),
        });
    }
    if bytes.len() > MAX_FILE_LEN {
        return Err(too_large(path));
    }
    Ok(Some(bytes))
}

fn open(path: &Path) -> Result<Option<OwnFile>, HostCacheError> {
    OwnFile::open(path).map_err(|error| not_read(path, error))
}

/// Replaces the file in one step, so that a reader sees the old one or the new one, whole, also after a crash. It is the
/// user's own and nobody else can read it; a link in its place is replaced, not followed.
///
/// `bytes` makes the new one of what the old one holds, once more if another process replaces that meanwhile.
pub(super) fn replace(
    path: &Path,
    mut bytes: impl FnMut(&[u8]) -> Result<Vec<u8>, HostCacheError>,
) -> Result<(), HostCacheError> {
    let mut tries = 0;
    loop {
        let staged = StagedFile::create_private(path).map_err(|error| not_written(path, error))?;
        let old = match read(path) {
            Err(
                error @ (HostCacheError::NotAFile { .. }
                | HostCacheError::NotACache { .. }
                | HostCacheError::Foreign { .. }),
            ) => return Err(error),
            // Whatever else is wrong with the old file, it is about to be replaced.
            old => old.ok().flatten().unwrap_or_default(),
        };
        match staged.write(&bytes(&old)?) {
            Err(FileError::Changed { .. }) if tries < MAX_TRIES => tries += 1,
            written => return written.map_err(|error| not_written(path, error)),
        }
    }
}

pub(super) fn too_large(path: &Path) -> HostCacheError {
    HostCacheError::TooLarge {
        path: path.to_owned(),
        limit: MAX_FILE_LEN,
    }
}

fn not_read(path: &Path, error: FileError) -> HostCacheError {
    of_place(path, error).unwrap_or_else(HostCacheError::read(path))
}

fn not_written(path: &Path, error: FileError) -> HostCacheError {
    of_place(path, error).unwrap_or_else(HostCacheError::write(path))
}

/// What is wrong with what is in the file's place, or else what the system says.
fn of_place(path: &Path, error: FileError) -> Result<HostCacheError, std::io::Error> {
    let path = path.to_owned();
    Ok(match error {
        FileError::IsADirectory { .. } | FileError::NotAFile { .. } => HostCacheError::NotAFile { path },
        FileError::IsALink { .. } => HostCacheError::IsALink { path },
        FileError::Foreign { path, kind, owner } => HostCacheError::Foreign {
            path,
            kind: kind.to_string(),
            owner,
        },
        FileError::Io { error, .. } | FileError::NotSynced { error, .. } => return Err(error),
        error => return Err(std::io::Error::other(error)),
    })
}
