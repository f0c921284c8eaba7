//! Writing a file so that a reader sees the old one or the new one, whole, also after a crash.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use crate::directory::Access;
use crate::place::{Found, LastLink};
use crate::{Entry, FileError, Kind, Place, TEMPORARY, create_unique, descriptor, take_over};

/// Writes a file: beside its place first, then into it in one step. When that fails, the old file is as it was, and
/// nothing new is left behind ([`FileError::NotSynced`] apart).
///
/// A link is followed, and the file that it leads to is replaced. A new file gets the permissions that the umask
/// leaves. One that is there keeps its permissions (not its set-user-ID, set-group-ID and sticky bits), its owner and
/// its group, as far as the user may give them away; where not, it is replaced only if everybody who could read it still
/// can. Access control lists are not kept.
///
/// What is not a file, such as a device or a pipe, is written to directly, and so is what the shell has opened:
/// `/dev/stdout`, `/dev/stderr`, `/dev/fd/…` and `/proc/self/fd/…`. If that is a file (`> FILE`, `>> FILE`), the
/// bytes go to its end, behind what the shell has left there.
///
/// What holds where other users may write is in the [crate's documentation](crate).
///
/// # Errors
/// When the system refuses something, the path is that of a directory, what is there may be a trap of another user, or
/// something else is there in the end than at the beginning.
pub fn write_file(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    StagedFile::create(path)?.write(bytes)
}

/// Writes a file that a program keeps for itself, as [`write_file`] does, but one that its user alone can read (on Unix).
/// A link in its place is replaced, and what it leads to stays as it is.
///
/// # Errors
/// Those of [`write_file`]; also when there is a file or a link of another user, whatever the directory, or what is no
/// file.
pub fn write_private(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    StagedFile::create_private(path)?.write(bytes)
}

/// A file that is being written piece by piece, by the rules of [`write_file`] or [`write_private`]. It takes its place in
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
    Beside(Beside),
    /// What nothing can take the place of.
    Direct(File),
}

impl StagedFile {
    /// Begins a file that a user names. A pipe without a reader makes it wait for one.
    ///
    /// # Errors
    /// When the system refuses something, the path is that of a directory, or what is there may be a trap of another user.
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

    /// Begins a file that a program keeps for itself.
    ///
    /// # Errors
    /// When the system refuses something, or there is something else than a file or a link of this user.
    pub fn create_private(path: &Path) -> Result<Self, FileError> {
        let place = crate::own::place(path)?;
        Ok(Self {
            path: path.to_owned(),
            stage: Stage::Beside(Beside::create(place, Access::Private)?),
        })
    }

    /// What to write to.
    pub fn file(&self) -> &File {
        match &self.stage {
            Stage::Beside(beside) => &beside.file,
            Stage::Direct(file) => file,
        }
    }

    /// The file that is to be replaced, to be read; `None` where nothing is.
    ///
    /// # Errors
    /// When the system refuses it, or it is not there any more.
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

    /// Locks the file that is to be replaced, as long as what is returned lives, so that programs which all do this before
    /// they [read it](Self::replaced) and write the new one do not undo each other's changes. A program that holds the lock
    /// for seconds is not waited for any longer; and there is none on other systems than Unix.
    pub fn lock_replaced(&self) -> Option<File> {
        let file = self.replaced().ok()??; // what is wrong with it comes out when it is replaced
        lock(&file);
        Some(file)
    }

    /// Finds out whether the file that is to be replaced may be written to: it may be replaced in any case by those who may
    /// write to its directory.
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

    /// Writes all of the file, which then takes its place.
    ///
    /// # Errors
    /// Those of [`commit`](Self::commit).
    pub fn write(self, bytes: &[u8]) -> Result<(), FileError> {
        let written = self.file().write_all(bytes);
        written.map_err(FileError::io(&self.path, "write"))?;
        self.commit()
    }

    /// The file is whole: it takes its place.
    ///
    /// # Errors
    /// When the system refuses something, or something else is there than when the file was begun.
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
        // Syncing takes long enough for anything to have happened.
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

/// A new file beside its place. It is deleted when it is dropped, until it has taken that place.
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
        // What replaces a file is not for those to read who may not read that one.
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

    /// Takes over whose the old file is and who may read it, where that counts.
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
            // What is there has been changed, or nothing was there: the next check tells.
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
