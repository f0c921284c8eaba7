//! Directories by descriptors: once a directory is open, changes of its name do not matter.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{
    AtFlags, CWD, Dir, FileType, FlockOperation, Gid, Mode, OFlags, Stat, Uid, fchmod, flock, fstat, fsync,
    mkdirat, openat, readlinkat, renameat, symlinkat, unlinkat,
};
use rustix::io::Errno;

use super::{Access, Kind};

/// An open directory: names are looked up in it and nowhere else, even after it was moved. Every `name` is a single one, without a
/// separator. No method follows a link.
#[derive(Debug)]
pub struct Directory {
    descriptor: OwnedFd,
    path: PathBuf,
}

/// The flags that open a directory to look up or create entries. Only some systems demand permission to read it for that.
#[cfg(any(target_os = "linux", target_os = "android"))]
const SEARCH: OFlags = OFlags::PATH;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const SEARCH: OFlags = OFlags::RDONLY;

impl Directory {
    /// The root, or the directory that the process works in.
    pub(crate) fn start(absolute: bool) -> io::Result<Self> {
        let path = Path::new(if absolute { "/" } else { "." });
        let flags = SEARCH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Self {
            descriptor: openat(CWD, path, flags, Mode::empty())?,
            path: path.to_owned(),
        })
    }

    /// The path that led here, for messages.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The path of an entry, for messages.
    pub fn path_of(&self, name: &OsStr) -> PathBuf {
        match self.path.as_os_str() == "." {
            true => PathBuf::from(name),
            false => self.path.join(name),
        }
    }

    /// The metadata of this directory.
    ///
    /// # Errors
    /// When the system refuses it.
    pub fn entry(&self) -> io::Result<Entry> {
        Ok(Entry::of(fstat(&self.descriptor)?))
    }

    /// The entry with this name; `None` if there is none. As long as the entry is kept, its inode number is not given to another
    /// file (on Linux; elsewhere, if the file can be read).
    ///
    /// # Errors
    /// When the system refuses it.
    pub fn look(&self, name: &OsStr) -> io::Result<Option<Entry>> {
        match self.look_closely(name) {
            Err(Errno::NOENT) => Ok(None),
            found => Ok(Some(found?)),
        }
    }

    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn look_closely(&self, name: &OsStr) -> Result<Entry, Errno> {
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let held = openat(&self.descriptor, name, flags, Mode::empty())?;
        let mut entry = Entry::of(fstat(&held)?);
        entry.held = Some(held);
        Ok(entry)
    }

    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    fn look_closely(&self, name: &OsStr) -> Result<Entry, Errno> {
        let mut entry = Entry::of(rustix::fs::statat(
            &self.descriptor,
            name,
            AtFlags::SYMLINK_NOFOLLOW,
        )?);
        if entry.kind == Kind::File {
            let flags =
                OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::NOCTTY | OFlags::CLOEXEC;
            if let Ok(held) = openat(&self.descriptor, name, flags, Mode::empty()) {
                entry = Entry::of(fstat(&held)?);
                entry.held = Some(held);
            }
        }
        Ok(entry)
    }

    /// The target of a link that [`look`](Self::look) has found.
    ///
    /// # Errors
    /// When the system refuses it.
    pub fn read_link(&self, name: &OsStr, link: &Entry) -> io::Result<PathBuf> {
        let target = match &link.held {
            // The target of the link that was found, even if another entry has its name now.
            Some(held) => readlinkat(held, "", Vec::new()),
            None => readlinkat(&self.descriptor, name, Vec::new()),
        };
        Ok(PathBuf::from(OsString::from_vec(target?.into_bytes())))
    }

    /// Opens a directory in this one.
    ///
    /// # Errors
    /// When the system refuses it, or the entry is not a directory, but for example a link to one.
    pub fn open(&self, name: &OsStr) -> io::Result<Self> {
        self.open_with(name, OFlags::NOFOLLOW)
    }

    /// Opens the target of a link of the proc file system. The text of such a link does not identify it: the target may be in
    /// another root directory, or deleted.
    pub(crate) fn open_through(&self, name: &OsStr) -> io::Result<Self> {
        self.open_with(name, OFlags::empty())
    }

    fn open_with(&self, name: &OsStr, flags: OFlags) -> io::Result<Self> {
        let flags = flags | SEARCH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Self {
            descriptor: openat(&self.descriptor, name, flags, Mode::empty())?,
            path: self.path_of(name),
        })
    }

    /// Whether the links in here are those of the proc file system, which only the system makes.
    pub(crate) fn is_of_proc(&self) -> bool {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        {
            rustix::fs::fstatfs(&self.descriptor)
                .is_ok_and(|system| system.f_type == rustix::fs::PROC_SUPER_MAGIC)
        }
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        {
            false
        }
    }

    /// Opens a file for reading. Does not wait for a pipe.
    ///
    /// # Errors
    /// When the system refuses it, or there is a link.
    pub fn read_file(&self, name: &OsStr) -> io::Result<File> {
        self.open_file(name, OFlags::RDONLY | OFlags::NONBLOCK)
    }

    /// Opens an entry for writing. Waits for the reader of a pipe.
    pub(crate) fn write_to(&self, name: &OsStr) -> io::Result<File> {
        self.open_file(name, OFlags::WRONLY)
    }

    /// Finds out whether a file may be written to, without doing so.
    pub(crate) fn check_writable(&self, name: &OsStr) -> io::Result<()> {
        self.open_file(name, OFlags::WRONLY | OFlags::APPEND | OFlags::NONBLOCK)?;
        Ok(())
    }

    fn open_file(&self, name: &OsStr, flags: OFlags) -> io::Result<File> {
        let flags = flags | OFlags::NOFOLLOW | OFlags::NOCTTY | OFlags::CLOEXEC;
        Ok(openat(&self.descriptor, name, flags, Mode::empty())?.into())
    }

    /// Creates a file for writing.
    ///
    /// # Errors
    /// When the system refuses it, or the name is taken.
    pub fn create_file(&self, name: &OsStr, access: Access) -> io::Result<File> {
        let mode = match access {
            Access::Ordinary => 0o666,
            Access::Private => 0o600,
        };
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        Ok(openat(&self.descriptor, name, flags, Mode::from_raw_mode(mode))?.into())
    }

    /// Creates a directory, and opens it.
    ///
    /// # Errors
    /// When the system refuses it, or the name is taken.
    pub fn create_directory(&self, name: &OsStr, access: Access) -> io::Result<Self> {
        let mode = match access {
            Access::Ordinary => 0o777,
            Access::Private => 0o700,
        };
        mkdirat(&self.descriptor, name, Mode::from_raw_mode(mode))?;
        self.open(name)
    }

    /// Creates a link.
    ///
    /// # Errors
    /// When the system refuses it, or the name is taken.
    pub fn create_link(&self, name: &OsStr, target: &OsStr) -> io::Result<()> {
        Ok(symlinkat(target, &self.descriptor, name)?)
    }

    /// Renames an entry, in this directory or into another one, and replaces an entry with the new name.
    ///
    /// # Errors
    /// When the system refuses it.
    pub fn rename(&self, name: &OsStr, to: &Self, new: &OsStr) -> io::Result<()> {
        Ok(renameat(&self.descriptor, name, &to.descriptor, new)?)
    }

    /// Renames an entry to a free name.
    ///
    /// # Errors
    /// When the system refuses it, or the new name is taken.
    pub fn rename_to_new(&self, name: &OsStr, to: &Self, new: &OsStr) -> io::Result<()> {
        match self.rename_if_new(name, to, new) {
            Err(error) if is_unsupported(&error) => {}
            renamed => return renamed,
        }
        if to.look(new)?.is_some() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        self.rename(name, to, new)
    }

    #[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
    fn rename_if_new(&self, name: &OsStr, to: &Self, new: &OsStr) -> io::Result<()> {
        use rustix::fs::{RenameFlags, renameat_with};
        let (from, to) = (&self.descriptor, &to.descriptor);
        Ok(renameat_with(from, name, to, new, RenameFlags::NOREPLACE)?)
    }

    #[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
    fn rename_if_new(&self, _name: &OsStr, _to: &Self, _new: &OsStr) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Gives each of two entries the other's name, at once.
    ///
    /// # Errors
    /// When the system refuses it; of the kind `Unsupported` or `InvalidInput` where the system or the file system cannot
    /// do that, as with some of networks and overlays.
    #[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
    pub fn exchange(&self, name: &OsStr, other: &Self, other_name: &OsStr) -> io::Result<()> {
        use rustix::fs::{RenameFlags, renameat_with};
        let (from, to) = (&self.descriptor, &other.descriptor);
        Ok(renameat_with(from, name, to, other_name, RenameFlags::EXCHANGE)?)
    }

    /// Gives each of two entries the other's name, at once: not on this system.
    ///
    /// # Errors
    /// Of the kind `Unsupported`.
    #[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
    pub fn exchange(&self, _name: &OsStr, _other: &Self, _other_name: &OsStr) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Deletes a file or a link.
    ///
    /// # Errors
    /// When the system refuses it.
    pub fn remove_file(&self, name: &OsStr) -> io::Result<()> {
        Ok(unlinkat(&self.descriptor, name, AtFlags::empty())?)
    }

    /// Deletes an empty directory.
    ///
    /// # Errors
    /// When the system refuses it, or there is something in it.
    pub fn remove_directory(&self, name: &OsStr) -> io::Result<()> {
        Ok(unlinkat(&self.descriptor, name, AtFlags::REMOVEDIR)?)
    }

    /// The names of all entries, and whether they are directories.
    ///
    /// # Errors
    /// When the directory may not be read.
    pub fn entries(&self) -> io::Result<Vec<(OsString, bool)>> {
        let mut entries = Vec::new();
        for entry in Dir::new(self.to_be_read()?)? {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            if matches!(name, b"." | b"..") {
                continue;
            }
            let name = OsString::from_vec(name.to_vec());
            let is_directory = match entry.file_type() {
                FileType::Unknown => self
                    .look(&name)?
                    .is_some_and(|entry| entry.kind == Kind::Directory),
                kind => kind == FileType::Directory,
            };
            entries.push((name, is_directory));
        }
        Ok(entries)
    }

    /// Makes sure that what was created in here, or renamed to here, is there after a crash. Not all file systems can sync
    /// a directory, and one that may be written need not be readable: neither is an error.
    ///
    /// # Errors
    /// When the system says that it went wrong.
    pub fn sync(&self) -> io::Result<()> {
        let synced = self.to_be_read().and_then(fsync).map_err(io::Error::from);
        super::unless_it_cannot(synced)
    }

    /// Makes sure that what was written to a file is there after a crash.
    ///
    /// # Errors
    /// When the system says that it went wrong.
    pub fn sync_file(&self, name: &OsStr) -> io::Result<()> {
        self.read_file(name)?.sync_all()
    }

    /// Locks the directory against other programs that lock it, until what this returns is dropped. Everybody who may read
    /// a directory can lock it, so that no more than a second is waited: `None` where it is locked for longer, or the
    /// system cannot lock it.
    pub fn lock(&self) -> Option<File> {
        const TRIES: usize = 100;
        let opened = self.to_be_read().ok()?;
        for _ in 0..TRIES {
            match flock(&opened, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Some(opened.into()),
                Err(Errno::WOULDBLOCK) => std::thread::sleep(Duration::from_millis(10)),
                Err(_) => return None,
            }
        }
        None
    }

    /// Syncs the whole file system that this lies in, because hundreds of files one by one take seconds; `None` where
    /// there is no such thing.
    pub fn sync_file_system(&self) -> Option<io::Result<()>> {
        #[cfg(target_os = "linux")]
        {
            match self.to_be_read().and_then(rustix::fs::syncfs) {
                Err(Errno::NOSYS | Errno::INVAL) => None,
                synced => Some(synced.map_err(io::Error::from)),
            }
        }
        #[cfg(not(target_os = "linux"))]
        {
            None
        }
    }

    /// Gives the directory the owner, group and permissions of one that it is to replace, by the rules of
    /// [`take_over`](crate::take_over).
    ///
    /// # Errors
    /// When a user could no longer read what is in it, or the system refuses something.
    pub fn take_over(&self, old: &Entry) -> io::Result<crate::Ownership> {
        crate::take_over(&File::from(self.to_be_read()?), old)
    }

    /// Gives an entry an owner and a group; a link itself.
    pub(crate) fn give(&self, name: &OsStr, uid: Option<Uid>, gid: Option<Gid>) -> io::Result<()> {
        Ok(rustix::fs::chownat(
            &self.descriptor,
            name,
            uid,
            gid,
            AtFlags::SYMLINK_NOFOLLOW,
        )?)
    }

    /// Lets the directory's owner change what is in it.
    ///
    /// # Errors
    /// When the system refuses it.
    pub fn make_writable(&self) -> io::Result<()> {
        let mode = Mode::from_raw_mode(fstat(&self.descriptor)?.st_mode);
        if mode.contains(Mode::RWXU) {
            return Ok(());
        }
        let opened = match self.to_be_read() {
            Ok(opened) => opened,
            // Only by its name can one be opened that may not be read, and only its owner may change what that is.
            Err(Errno::ACCESS) => return self.make_unreadable_writable(mode),
            Err(error) => return Err(error.into()),
        };
        Ok(fchmod(opened, mode | Mode::RWXU)?)
    }

    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn make_unreadable_writable(&self, mode: Mode) -> io::Result<()> {
        use std::os::fd::AsRawFd;
        // A descriptor of this kind cannot be given to fchmod, but what it stands for has a name of its own.
        let name = format!("/proc/self/fd/{}", self.descriptor.as_fd().as_raw_fd());
        Ok(rustix::fs::chmod(name, mode | Mode::RWXU)?)
    }

    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    fn make_unreadable_writable(&self, mode: Mode) -> io::Result<()> {
        Ok(fchmod(&self.descriptor, mode | Mode::RWXU)?)
    }

    fn to_be_read(&self) -> Result<OwnedFd, Errno> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        openat(&self.descriptor, ".", flags, Mode::empty())
    }
}

/// The entry of a directory with a name, at the moment of [`Directory::look`].
#[derive(Debug)]
pub struct Entry {
    /// Its kind.
    pub kind: Kind,
    /// Device and inode.
    identity: (i128, i128),
    pub(crate) owner: u32,
    pub(crate) group: u32,
    /// The lower twelve bits.
    pub(crate) mode: u32,
    /// Keeps the number of the inode from being used again.
    held: Option<OwnedFd>,
}

impl Entry {
    fn of(stat: Stat) -> Self {
        Self {
            kind: match FileType::from_raw_mode(stat.st_mode) {
                FileType::RegularFile => Kind::File,
                FileType::Directory => Kind::Directory,
                FileType::Symlink => Kind::Link,
                _ => Kind::Other,
            },
            identity: identity_of(&stat),
            owner: stat.st_uid,
            group: stat.st_gid,
            mode: u32::try_from(u64::from(stat.st_mode) & 0o7777).unwrap_or_default(),
            held: None,
        }
    }

    /// The metadata of an open file.
    ///
    /// # Errors
    /// When the system refuses it.
    pub fn of_file(file: &File) -> io::Result<Self> {
        Ok(Self::of(fstat(file)?))
    }

    /// Whether this is the same file or directory, whatever has been done to it.
    pub fn is(&self, other: &Self) -> bool {
        self.kind == other.kind && self.identity() == other.identity()
    }

    /// As it is now: a file of an overlay may get another number when it is opened to be written to.
    fn identity(&self) -> (i128, i128) {
        let now = self.held.as_ref().and_then(|held| fstat(held).ok());
        now.map_or(self.identity, |stat| identity_of(&stat))
    }
}

fn identity_of(stat: &Stat) -> (i128, i128) {
    (i128::from(stat.st_dev), i128::from(stat.st_ino))
}

fn is_unsupported(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::Unsupported | io::ErrorKind::InvalidInput
    )
}
