//! Replaces a file so that a reader sees either the old one or the new one, completely, even after a crash.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use crate::directory::Access;
use crate::place::{Found, LastLink};
use crate::{Entry, FileError, Kind, Place, TEMPORARY, create_unique, descriptor, take_over};

/// Writes a file: first beside its place, then moves it there in one step. When that fails, the old file is unchanged, and nothing
/// new is left (except with [`FileError::NotSynced`]).
///
/// A link is followed, and the file that it leads to is replaced. A new file gets the permissions that the umask permits. An
/// existing file keeps its permissions (but not set-user-ID, set-group-ID and sticky bits), and its owner and group if the user
/// may set them; if not, it is replaced only if everybody who could read it still can. Access control lists are not kept.
///
/// Devices, pipes and other objects that are not files are written to directly, and so are those that the shell has opened:
/// `/dev/stdout`, `/dev/stderr`, `/dev/fd/…` and `/proc/self/fd/…`. If that is a file (`> FILE`, `>> FILE`), the bytes are
/// appended to it.
///
/// The [crate's documentation](crate) describes the guarantees where other users may write.
///
/// # Errors
/// When the system refuses something, the path is that of a directory, the entry may be a trap of another user, or the entry has
/// changed since the beginning.
pub fn write_file(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    StagedFile::create(path)?.write(bytes)
}

/// Writes a program's own file, as [`write_file`] does, but readable only by its user (on Unix). A link in its place is replaced,
/// and its target stays unchanged.
///
/// # Errors
/// Those of [`write_file`]; also when there is a file or a link of another user, in any directory, or an entry that is not a
/// file.
pub fn write_private(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    StagedFile::create_private(path)?.write(bytes)
}

/// A file that is written in pieces, by the rules of [`write_file`] or [`write_private`]. [`commit`](Self::commit) moves it to its
/// place. If it is dropped before, it is removed, and the old file is unchanged; but bytes that were written directly, to a
/// device for example, stay written.
#[derive(Debug)]
pub struct StagedFile {
    /// The path as the user gave it.
    path: PathBuf,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    Beside(Beside),
    /// An object that cannot be replaced, and is written to directly.
    Direct(File),
}

impl StagedFile {
    /// Begins a file that a user names. Waits for the reader of a pipe.
    ///
    /// # Errors
    /// When the system refuses something, the path is that of a directory, or the entry may be a trap of another user.
    pub fn create(path: &Path) -> Result<Self, FileError> {
        let stage = match Place::find(path, LastLink::Followed)? {
            Found::Descriptor(descriptor) => {
                Stage::Direct(descriptor::open(&descriptor).map_err(FileError::io(path, "open"))?)
            }
            Found::Place(place) => {
                let kind = place.seen().map(|seen| seen.kind);
                match kind {
                    _ if place.is_of_a_directory() => return Err(is_a_directory(path)),
                    Some(Kind::Directory) => return Err(is_a_directory(path)),
                    None | Some(Kind::File) => Stage::Beside(Beside::create(place, Access::Ordinary)?),
                    Some(_) => Stage::Direct(open_directly(&place, path)?),
                }
            }
        };
        Ok(Self {
            path: path.to_owned(),
            stage,
        })
    }

    /// Begins a program's own file.
    ///
    /// # Errors
    /// When the system refuses something, or there is an entry other than a file or a link of this user.
    pub fn create_private(path: &Path) -> Result<Self, FileError> {
        let place = crate::own::place(path)?;
        Ok(Self {
            path: path.to_owned(),
            stage: Stage::Beside(Beside::create(place, Access::Private)?),
        })
    }

    /// The file to write to.
    pub fn file(&self) -> &File {
        match &self.stage {
            Stage::Beside(beside) => &beside.file,
            Stage::Direct(file) => file,
        }
    }

    /// The file to be replaced, opened for reading; `None` where there is none.
    ///
    /// # Errors
    /// When the system refuses it, or the file is not there any more.
    pub fn replaced(&self) -> Result<Option<File>, FileError> {
        let Stage::Beside(Beside { place, .. }) = &self.stage else {
            return Ok(None);
        };
        let Some(seen) = place.seen().filter(|seen| seen.kind == Kind::File) else {
            return Ok(None);
        };
        let failed = |error| FileError::io(&self.path, "read what it would replace")(error);
        let opened = place.directory().read_file(place.name()).map_err(failed)?;
        match Entry::of_file(&opened).map_err(failed)?.is(seen) {
            true => Ok(Some(opened)),
            false => Err(self.changed()),
        }
    }

    /// Locks the file to be replaced, as long as the returned value lives. Programs that all do this before they
    /// [read it](Self::replaced) and write the new one do not undo each other's changes. It waits only some seconds for another
    /// program's lock. On systems other than Unix, there is no lock.
    pub fn lock_replaced(&self) -> Option<File> {
        let file = self.replaced().ok()??; // what is wrong with it comes out when it is replaced
        lock(&file);
        Some(file)
    }

    /// Checks whether the file to be replaced may be written to. Users who may write to its directory can replace it in any case.
    ///
    /// # Errors
    /// When the system refuses it.
    pub fn check_that_replaced_is_writable(&self) -> Result<(), FileError> {
        match &self.stage {
            Stage::Beside(Beside { place, .. })
                if place.seen().is_some_and(|seen| seen.kind == Kind::File) =>
            {
                let writable = place.directory().check_writable(place.name());
                writable.map_err(FileError::io(&self.path, "write"))
            }
            _ => Ok(()),
        }
    }

    /// Writes the whole file, and moves it to its place.
    ///
    /// # Errors
    /// Those of [`commit`](Self::commit).
    pub fn write(self, bytes: &[u8]) -> Result<(), FileError> {
        let written = self.file().write_all(bytes);
        written.map_err(FileError::io(&self.path, "write"))?;
        self.commit()
    }

    /// Moves the complete file to its place.
    ///
    /// # Errors
    /// When the system refuses something, or the entry has changed since the file was begun.
    pub fn commit(mut self) -> Result<(), FileError> {
        let path = &self.path;
        let beside = match &mut self.stage {
            Stage::Beside(beside) => beside,
            Stage::Direct(file) => return file.flush().map_err(FileError::io(path, "write")),
        };
        let check = |beside: &Beside| match beside.place.is_unchanged() {
            Ok(true) => Ok(()),
            Ok(false) => Err(FileError::Changed { path: path.clone() }),
            Err(error) => Err(FileError::io(path, "open")(error)),
        };
        check(beside)?;
        beside.take_over(path)?;
        beside.file.sync_all().map_err(FileError::io(path, "write"))?;
        // The entry may have changed during the sync, which takes long.
        check(beside)?;
        beside.put_in_place().map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => FileError::Changed { path: path.clone() },
            _ => FileError::io(path, "rename to it")(error),
        })?;
        beside
            .place
            .directory()
            .sync()
            .map_err(|error| FileError::NotSynced {
                path: path.clone(),
                error,
            })
    }

    fn changed(&self) -> FileError {
        let path = self.path.clone();
        FileError::Changed { path }
    }
}

#[cfg(unix)]
fn lock(file: &File) {
    use rustix::fs::{FlockOperation, flock};
    use rustix::io::Errno;

    const PAUSE: std::time::Duration = std::time::Duration::from_millis(5);
    const MAX_TRIES: usize = 1000;

    for _ in 0..MAX_TRIES {
        match flock(file, FlockOperation::NonBlockingLockExclusive) {
            Err(Errno::WOULDBLOCK | Errno::INTR) => std::thread::sleep(PAUSE),
            // Some file systems have no locks.
            _ => return,
        }
    }
}

#[cfg(not(unix))]
fn lock(_file: &File) {}

fn is_a_directory(path: &Path) -> FileError {
    FileError::IsADirectory {
        path: path.to_owned(),
    }
}

/// Opens a device or a pipe, the one that was seen.
fn open_directly(place: &Place, path: &Path) -> Result<File, FileError> {
    let opened = place.directory().write_to(place.name());
    let opened = opened.map_err(FileError::io(path, "open"))?;
    let entry = Entry::of_file(&opened).map_err(FileError::io(path, "open"))?;
    match place.seen().is_some_and(|seen| seen.is(&entry)) {
        true => Ok(opened),
        false => Err(FileError::Changed {
            path: path.to_owned(),
        }),
    }
}

/// A new file beside its place. It is deleted when it is dropped, unless it was moved there.
#[derive(Debug)]
struct Beside {
    place: Place,
    /// Of the new file, until it has taken its place.
    name: Option<OsString>,
    file: File,
    access: Access,
}

impl Beside {
    fn create(place: Place, access: Access) -> Result<Self, FileError> {
        let directory = place.directory();
        // Users who may not read the old file must not read the new one.
        let at_first = match place.seen() {
            Some(_) => Access::Private,
            None => access,
        };
        let created = create_unique(TEMPORARY, |name| directory.create_file(name, at_first));
        let failed = FileError::io(directory.path(), "create a file in it");
        let (name, file) = created.map_err(failed)?;
        Ok(Self {
            place,
            name: Some(name),
            file,
            access,
        })
    }

    /// Takes over the owner and the permissions of the old file, where there is one.
    fn take_over(&self, path: &Path) -> Result<(), FileError> {
        if self.access == Access::Private {
            return Ok(());
        }
        let old = self.place.directory().look(self.place.name());
        match old.map_err(FileError::io(path, "open"))? {
            Some(old) if self.place.seen().is_some_and(|seen| seen.is(&old)) => {
                let taken_over = take_over(&self.file, &old);
                taken_over.map_err(FileError::io(path, FileError::KEEP_OWNERSHIP))?;
            }
            // The entry has changed, or there was none: the next check finds out.
            _ => {}
        }
        Ok(())
    }

    fn put_in_place(&mut self) -> io::Result<()> {
        let (directory, Some(name)) = (self.place.directory(), &self.name) else {
            return Ok(());
        };
        let is_ours = |entry: Entry| Ok::<_, io::Error>(Entry::of_file(&self.file)?.is(&entry));
        if !directory.look(name)?.map(is_ours).transpose()?.unwrap_or(false) {
            return Err(io::Error::other(
                "another program has taken the name of the new file",
            ));
        }
        match self.place.seen() {
            Some(_) => directory.rename(name, directory, self.place.name())?,
            None => directory.rename_to_new(name, directory, self.place.name())?,
        }
        self.name = None;
        Ok(())
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        if let Some(name) = &self.name {
            // An error cannot be reported from here.
            let _ = self.place.directory().remove_file(name);
        }
    }
}
