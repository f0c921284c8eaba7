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
    let staged = StagedFile::create_unless(path, check)?;
    let written = staged.file().write_all(bytes);
    written.map_err(OutputError::io(path, "write"))?;
    staged.commit()
}

/// A file that is being written piece by piece, by the rules of [`write_file`]. It takes its place in
/// [`commit`](Self::commit). Dropped before, it is removed, and the old file is as it was; only what is written to
/// directly has what was written until then.
#[derive(Debug)]
pub struct StagedFile {
    /// As the user has it.
    path: PathBuf,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    /// Beside its place.
    Beside {
        file: NamedTempFile,
        /// Where the links lead.
        target: PathBuf,
    },
    /// What nothing can take the place of.
    Direct(File),
}

impl StagedFile {
    /// Begins a file. A pipe that nobody reads from makes it wait for somebody who does.
    ///
    /// # Errors
    /// When the system refuses something, or the path is that of a directory.
    pub fn create(path: &Path) -> Result<Self, OutputError> {
        Self::create_unless(path, |_| Ok(()))
    }

    fn create_unless(
        path: &Path,
        check: impl FnOnce(&Path) -> Result<(), OutputError>,
    ) -> Result<Self, OutputError> {
        let target = follow(path, is_descriptor)?;
        let existing = fs::metadata(&target).ok();
        if existing.as_ref().is_some_and(fs::Metadata::is_dir) || is_of_a_directory(&target) {
            return Err(OutputError::IsADirectory {
                path: path.to_owned(),
            });
        }
        let is_direct = is_descriptor(&target) || existing.is_some_and(|existing| !existing.is_file());
        let stage = if is_direct {
            Stage::Direct(open_directly(&target).map_err(OutputError::io(path, "open"))?)
        } else {
            check(&target)?;
            let directory = parent(&target);
            let file = new_file(directory).map_err(OutputError::io(directory, "create a file in it"))?;
            Stage::Beside { file, target }
        };
        Ok(Self {
            path: path.to_owned(),
            stage,
        })
    }

    /// What to write to.
    pub fn file(&self) -> &File {
        match &self.stage {
            Stage::Beside { file, .. } => file.as_file(),
            Stage::Direct(file) => file,
        }
    }

    /// The file is whole: it takes its place.
    ///
    /// # Errors
    /// When the system refuses something.
    pub fn commit(self) -> Result<(), OutputError> {
        let path = &self.path;
        let (file, target) = match self.stage {
            Stage::Beside { file, target } => (file, target),
            Stage::Direct(mut file) => return file.flush().map_err(OutputError::io(path, "write")),
        };
        if let Ok(existing) = fs::metadata(&target) {
            let taken_over = ownership::take_over(file.as_file(), &existing);
            taken_over.map_err(OutputError::io(path, OutputError::KEEP_OWNERSHIP))?;
        }
        file.as_file()
            .sync_all()
            .map_err(OutputError::io(path, "write"))?;
        let renamed = file.persist(&target).map_err(|error| error.error);
        renamed.map_err(OutputError::io(path, "rename to it"))?;
        sync_directory(parent(&target)).map_err(|error| OutputError::NotSynced {
            path: path.clone(),
            kept: None,
            error,
        })
    }
}

/// Whether the path can only be that of a directory, whether there is one or not.
fn is_of_a_directory(path: &Path) -> bool {
    path.as_os_str()
        .as_encoded_bytes()
        .last()
        .is_some_and(|last| std::path::is_separator(char::from(*last)))
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
    let made = builder.tempfile_in(directory);
    // Its error has the name of the temporary file in it, which tells nobody anything.
    made.map_err(|error| {
        let of_directory = fs::metadata(directory).err();
        of_directory.unwrap_or_else(|| error.kind().into())
    })
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
