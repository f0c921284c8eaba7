//! Writing a file so that a reader sees the old one or the new one, whole, also after a crash.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};

use super::error::OutputError;

/// How many links to links are followed, as Linux does.
const MAX_LINKS: usize = 40;

/// Writes a file: beside its place first, then into it in one step. When that fails, the old file is as it was, and
/// nothing new is left behind.
///
/// A link is followed, and the file that it leads to is replaced. A file that is there keeps its permissions; a new
/// one gets those that the umask leaves. A device or pipe, and whatever lies in `/dev` or `/proc`, such as
/// `/dev/stdout`, is written to directly.
///
/// # Errors
/// When the system refuses something, or the path is that of a directory.
pub fn write_file(path: &Path, bytes: &[u8]) -> Result<(), OutputError> {
    let existing = fs::metadata(path).ok();
    if existing.as_ref().is_some_and(fs::Metadata::is_dir) {
        return Err(OutputError::IsADirectory {
            path: path.to_owned(),
        });
    }
    let is_replaceable = existing.as_ref().is_none_or(fs::Metadata::is_file);
    if !is_replaceable || path.starts_with("/dev") || path.starts_with("/proc") {
        return write_directly(path, bytes);
    }
    let target = behind_links(path)?;
    let directory = parent(&target);
    let mut file = new_file(directory).map_err(OutputError::io(directory, "create a file in it"))?;
    let written = file.write_all(bytes).and_then(|()| {
        if let Some(existing) = existing {
            file.as_file().set_permissions(existing.permissions())?;
        }
        file.as_file().sync_all()
    });
    written.map_err(OutputError::io(path, "write"))?;
    let renamed = file.persist(&target).map_err(|error| error.error);
    renamed.map_err(OutputError::io(path, "rename to it"))?;
    sync_directory(directory).map_err(OutputError::io(directory, "sync"))
}

fn write_directly(path: &Path, bytes: &[u8]) -> Result<(), OutputError> {
    let opened = OpenOptions::new().write(true).open(path);
    let mut file = opened.map_err(OutputError::io(path, "open"))?;
    let written = file.write_all(bytes).and_then(|()| file.flush());
    written.map_err(OutputError::io(path, "write"))
}

/// A temporary file, with the permissions of an ordinary new file.
fn new_file(directory: &Path) -> io::Result<NamedTempFile> {
    let mut builder = Builder::new();
    builder.prefix(".jit-trust-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(directory)
}

/// The path that a chain of links leads to, whether there is something or not.
pub(super) fn behind_links(path: &Path) -> Result<PathBuf, OutputError> {
    let mut path = path.to_owned();
    for _ in 0..MAX_LINKS {
        if !path.is_symlink() {
            return Ok(path);
        }
        let target = fs::read_link(&path).map_err(OutputError::io(&path, "read the link"))?;
        path = parent(&path).join(target);
    }
    let error = io::Error::other("too many links");
    Err(OutputError::io(&path, "follow the link")(error))
}

/// The directory that a path lies in.
pub(super) fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Makes sure that what was created in a directory, or renamed to it, is there after a crash. Not all file systems can
/// sync a directory, and one that may be written need not be readable: that is no reason to fail.
pub(super) fn sync_directory(directory: &Path) -> io::Result<()> {
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
