//! Writing a file so that a reader sees the old one or the new one, whole, also after a crash.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};

use super::error::OutputError;
use super::ownership;

/// How many links to links are followed, as Linux does.
const MAX_LINKS: usize = 40;

/// Writes a file: beside its place first, then into it in one step. When that fails, the old file is as it was, and
/// nothing new is left behind ([`OutputError::NotSynced`] apart).
///
/// A link is followed, and the file that it leads to is replaced. A new file gets the permissions that the umask
/// leaves. One that is there keeps its permissions, its owner and its group, as far as the user may give them away;
/// where not, it is replaced only if everybody who could read it still can. Access control lists are not kept.
///
/// What is no file, such as a device or a pipe, is written to directly, and so is what the shell has opened:
/// `/dev/stdout`, `/dev/stderr`, `/dev/fd/…` and `/proc/self/fd/…`. If that is a file (`> FILE`, `>> FILE`), the
/// bytes go to its end, behind what the shell has left there.
///
/// # Errors
/// When the system refuses something, or the path is that of a directory.
pub fn write_file(path: &Path, bytes: &[u8]) -> Result<(), OutputError> {
    write_unless(path, bytes, |_| Ok(()))
}

/// Writes a file as [`write_file`] does, if this allows it to be replaced.
pub(super) fn write_unless(
    path: &Path,
    bytes: &[u8],
    check: impl FnOnce(&Path) -> Result<(), OutputError>,
) -> Result<(), OutputError> {
    let target = follow(path, is_descriptor)?;
    let existing = fs::metadata(&target).ok();
    if existing.as_ref().is_some_and(fs::Metadata::is_dir) {
        return Err(OutputError::IsADirectory {
            path: path.to_owned(),
        });
    }
    if is_descriptor(&target) || existing.as_ref().is_some_and(|existing| !existing.is_file()) {
        return write_directly(path, &target, bytes);
    }
    check(&target)?;
    let directory = parent(&target);
    let mut file = new_file(directory).map_err(OutputError::io(directory, "create a file in it"))?;
    file.write_all(bytes).map_err(OutputError::io(path, "write"))?;
    if let Some(existing) = existing {
        let taken_over = ownership::take_over(file.as_file(), &existing);
        taken_over.map_err(OutputError::io(path, OutputError::KEEP_OWNERSHIP))?;
    }
    file.as_file()
        .sync_all()
        .map_err(OutputError::io(path, "write"))?;
    let renamed = file.persist(&target).map_err(|error| error.error);
    renamed.map_err(OutputError::io(path, "rename to it"))?;
    sync_directory(directory).map_err(|error| OutputError::NotSynced {
        path: path.to_owned(),
        kept: None,
        error,
    })
}

/// Whether the path is that of something that this process has open already.
fn is_descriptor(path: &Path) -> bool {
    let is_numbered = |folder: &str| {
        path.strip_prefix(folder)
            .is_ok_and(|name| name.components().count() == 1)
    };
    cfg!(unix)
        && (path == Path::new("/dev/stdout")
            || path == Path::new("/dev/stderr")
            || is_numbered("/dev/fd")
            || is_numbered("/proc/self/fd"))
}

fn write_directly(path: &Path, target: &Path, bytes: &[u8]) -> Result<(), OutputError> {
    let mut file = open_directly(target).map_err(OutputError::io(path, "open"))?;
    let written = file.write_all(bytes).and_then(|()| file.flush());
    written.map_err(OutputError::io(path, "write"))
}

/// Opening `/dev/stdout` would begin a file anew that the shell has opened to append to, and cannot open a socket: what
/// is inherited is used as it is. Other descriptors cannot be had without `unsafe`; opened to append to, they too
/// leave everything that is there.
#[cfg(unix)]
fn open_directly(target: &Path) -> io::Result<File> {
    use std::os::fd::AsFd;

    let ends_in = |name: &str| target.file_name().is_some_and(|last| last == name);
    let inherited = if !is_descriptor(target) {
        return OpenOptions::new().write(true).open(target);
    } else if ends_in("stdout") || ends_in("1") {
        io::stdout().flush()?;
        io::stdout().as_fd().try_clone_to_owned()?
    } else if ends_in("stderr") || ends_in("2") {
        io::stderr().as_fd().try_clone_to_owned()?
    } else if fs::metadata(target)?.is_file() {
        return OpenOptions::new().append(true).open(target);
    } else {
        return OpenOptions::new().write(true).open(target);
    };
    Ok(File::from(inherited))
}

#[cfg(not(unix))]
fn open_directly(target: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).open(target)
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
    follow(path, |_| false)
}

/// Follows a chain of links to its end, or to the first path that is an end all the same.
fn follow(path: &Path, is_end: impl Fn(&Path) -> bool) -> Result<PathBuf, OutputError> {
    let mut path = path.to_owned();
    for _ in 0..MAX_LINKS {
        if is_end(&path) || !path.is_symlink() {
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
