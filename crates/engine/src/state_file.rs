//! The file of a host cache or of a rollback guard, which is read and replaced as a whole.
//!
//! Both begin with a magic of four bytes and a version of two bytes, and end with a CRC-32C (RFC 3720 section 12.1) of
//! everything before it. Numbers are unsigned, most significant byte first.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::{error, fmt};

use jit_trust_file::{FileError, OwnFile, StagedFile};

/// The largest number of retries after another process has replaced the file meanwhile. Of several that write at once, one
/// succeeds each time.
const MAX_TRIES: usize = 100;

const VERSION: u16 = 1;

/// The owner of a state file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StateFileKind {
    /// A [`HostCache`](crate::HostCache). Without its file, it begins empty.
    HostCache,
    /// A [`RollbackGuard`](crate::RollbackGuard). Without its file, an older store could be used.
    RollbackGuard,
}

/// The properties of a kind of file.
struct Form {
    magic: [u8; 4],
    /// In bytes.
    max_len: usize,
    name: &'static str,
    /// The remedy for a file that cannot be used, for messages.
    remedy: &'static str,
}

impl StateFileKind {
    const fn form(self) -> Form {
        match self {
            Self::HostCache => Form {
                magic: *b"JTHC",
                max_len: 8 << 20,
                name: "host cache",
                remedy: "the host cache begins anew, and replaces it",
            },
            Self::RollbackGuard => Form {
                magic: *b"JTRG",
                max_len: 128 << 10,
                name: "rollback guard",
                remedy: "restore it, or remove it: then the generations that were seen are forgotten, and an older \
                         store is taken",
            },
        }
    }

    /// The longest file that is written or read, in bytes.
    pub(crate) const fn max_len(self) -> usize {
        self.form().max_len
    }

    /// Encodes the beginning of a file.
    pub(crate) fn begin(self) -> Vec<u8> {
        [&self.form().magic[..], &VERSION.to_be_bytes()].concat()
    }

    /// Checks the beginning and the end of a file, and returns a reader of what is between them.
    pub(crate) fn open(self, file: &[u8]) -> Result<Reader<'_>, Expected> {
        let (content, checksum) = file.split_last_chunk().ok_or("a checksum at its end")?;
        let mut reader = Reader(content);
        if reader.array()? != self.form().magic {
            return Err("its magic at the beginning");
        }
        if reader.u16()? != VERSION {
            return Err("version 1");
        }
        match crc32c::crc32c(content) == u32::from_be_bytes(*checksum) {
            true => Ok(reader),
            false => Err("the checksum of its bytes"),
        }
    }
}

/// Appends the checksum to a file.
pub(crate) fn with_checksum(mut file: Vec<u8>) -> Vec<u8> {
    file.extend(crc32c::crc32c(&file).to_be_bytes());
    file
}

/// What a damaged file should have had.
pub(crate) type Expected = &'static str;

/// The rest of a file that is being decoded.
#[derive(Debug)]
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn array<const LEN: usize>(&mut self) -> Result<[u8; LEN], Expected> {
        let (array, rest) = self.0.split_first_chunk().ok_or("more bytes")?;
        self.0 = rest;
        Ok(*array)
    }

    pub(crate) fn bytes(&mut self, len: usize) -> Result<&'a [u8], Expected> {
        let (bytes, rest) = self.0.split_at_checked(len).ok_or("more bytes")?;
        self.0 = rest;
        Ok(bytes)
    }

    pub(crate) fn text(&mut self, len: usize) -> Result<&'a str, Expected> {
        std::str::from_utf8(self.bytes(len)?).map_err(|_| "text in UTF-8")
    }

    pub(crate) fn u8(&mut self) -> Result<u8, Expected> {
        self.array().map(u8::from_be_bytes)
    }

    pub(crate) fn u16(&mut self) -> Result<u16, Expected> {
        self.array().map(u16::from_be_bytes)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, Expected> {
        self.array().map(u32::from_be_bytes)
    }
}

/// The contents of the current file, `None` when there is none, or the error of reading it.
pub(crate) type Old = Result<Option<Vec<u8>>, StateFileError>;

/// A state file, if one was set.
pub(crate) struct StateFile {
    kind: StateFileKind,
    path: Option<PathBuf>,
    /// Whether there is something new to write.
    is_changed: AtomicBool,
    /// The error of the last read or write. It is locked while the file is written, so that the newest is written last.
    last_error: Mutex<Option<StateFileError>>,
}

impl StateFile {
    /// No file.
    pub(crate) fn none(kind: StateFileKind) -> Self {
        Self {
            kind,
            path: None,
            is_changed: AtomicBool::new(false),
            last_error: Mutex::new(None),
        }
    }

    /// Opens a file, and returns its contents.
    pub(crate) fn open(kind: StateFileKind, path: PathBuf) -> (Self, Old) {
        let mut file = Self::none(kind);
        let bytes = file.read(&path);
        file.path = Some(path);
        (file, bytes)
    }

    /// Reads the file at this path, if only this user can write to it and it starts with our magic. That a guard has no file is
    /// believed only where no other user may have deleted it.
    fn read(&self, path: &Path) -> Old {
        let mut tries = 0;
        let opened = loop {
            let opened = match self.kind {
                StateFileKind::HostCache => OwnFile::open(path),
                StateFileKind::RollbackGuard => OwnFile::open_undeletable(path),
            };
            match opened {
                Err(FileError::Changed { .. }) if tries < MAX_TRIES => tries += 1,
                opened => break opened,
            }
        };
        let failed = |error| self.error(path, StateFileFault::Read(Arc::new(error)));
        let Some(file) = opened.map_err(failed)? else {
            return Ok(None);
        };
        let limit = u64::try_from(self.kind.max_len()).unwrap_or(u64::MAX);
        let bytes = file.read(limit.saturating_add(1)).map_err(failed)?;
        let magic = self.kind.form().magic;
        let fault = if !magic.starts_with(bytes.get(..magic.len()).unwrap_or(&bytes)) {
            StateFileFault::NotOurs
        } else if file.others_may_write() {
            StateFileFault::OthersMayWrite
        } else if bytes.len() > self.kind.max_len() {
            StateFileFault::Damaged("a shorter file")
        } else {
            return Ok(Some(bytes));
        };
        Err(self.error(path, fault))
    }

    /// Notes whether there is something new to write.
    pub(crate) fn note_change(&self, is_change: bool) {
        self.is_changed.fetch_or(is_change, Ordering::AcqRel);
    }

    /// Notes the error of reading the file.
    pub(crate) fn note_error(&self, error: StateFileError) {
        *lock(&self.last_error) = Some(error);
    }

    /// The error of the last read or write of the file, if it failed.
    pub(crate) fn last_error(&self) -> Option<StateFileError> {
        lock(&self.last_error).clone()
    }

    pub(crate) fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Replaces the file atomically, if there is something new: a reader sees the old one or the new one as a whole, also
    /// after a crash. Only its user can read it; a link in its place is replaced, not followed.
    ///
    /// `bytes` returns the new contents from the old ones. It is called again if another process replaces the file meanwhile.
    pub(crate) fn flush(
        &self,
        bytes: impl FnMut(Old) -> Result<Vec<u8>, StateFileError>,
    ) -> Result<(), StateFileError> {
        let Some(path) = &self.path else {
            return Ok(());
        };
        let mut last_error = lock(&self.last_error);
        if !self.is_changed.swap(false, Ordering::AcqRel) {
            return Ok(());
        }
        let written = self.replace(path, bytes);
        self.note_change(written.is_err());
        *last_error = written.as_ref().err().cloned();
        written
    }

    fn replace(
        &self,
        path: &Path,
        mut bytes: impl FnMut(Old) -> Result<Vec<u8>, StateFileError>,
    ) -> Result<(), StateFileError> {
        let failed = |error| self.error(path, StateFileFault::Write(Arc::new(error)));
        let mut tries = 0;
        loop {
            let staged = StagedFile::create_private(path).map_err(failed)?;
            let _lock = staged.lock_replaced();
            match staged.write(&bytes(self.read(path))?) {
                Err(FileError::Changed { .. }) if tries < MAX_TRIES => tries += 1,
                written => return written.map_err(failed),
            }
        }
    }

    /// An error that the file is damaged.
    pub(crate) fn damaged(&self, expected: Expected) -> StateFileError {
        self.faulty(StateFileFault::Damaged(expected))
    }

    /// An error that the file has this fault.
    pub(crate) fn faulty(&self, fault: StateFileFault) -> StateFileError {
        self.error(self.path().unwrap_or(Path::new("")), fault)
    }

    fn error(&self, path: &Path, fault: StateFileFault) -> StateFileError {
        StateFileError {
            kind: self.kind,
            path: path.to_owned(),
            fault,
        }
    }
}

/// Locks a mutex. No code panics while it holds one.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The error of the file of a [`HostCache`](crate::HostCache) or of a [`RollbackGuard`](crate::RollbackGuard). Its message
/// says what to do about it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct StateFileError {
    /// The owner of the file.
    pub kind: StateFileKind,
    /// The file.
    pub path: PathBuf,
    /// The fault of the file.
    pub fault: StateFileFault,
}

/// The fault of a state file.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum StateFileFault {
    /// The file cannot be opened or read. That includes a file of another user, a link, and a path that is not a regular file;
    /// and for a guard, a directory in which other users may delete files.
    Read(Arc<FileError>),
    /// Other users may write to the file, so its contents cannot be trusted.
    OthersMayWrite,
    /// The file is damaged; this was expected.
    Damaged(&'static str),
    /// The file does not start with our magic; it is never overwritten.
    NotOurs,
    /// The file has no room for another store, of which no generation is remembered. It has this many.
    Full(usize),
    /// The file cannot be written.
    Write(Arc<FileError>),
}

impl StateFileError {
    /// Whether no file can be written at this path: the directory does not exist or is not safe, or there is another user's
    /// file or one that is not a regular file.
    pub(crate) fn is_of_the_place(&self) -> bool {
        let StateFileFault::Read(error) = &self.fault else {
            return false;
        };
        match &**error {
            FileError::IsADirectory { .. }
            | FileError::NotAFile { .. }
            | FileError::Foreign { .. }
            | FileError::OthersMayDelete { .. } => true,
            FileError::Io { error, .. } => {
                matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
            }
            _ => false,
        }
    }
}

impl fmt::Display for StateFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Form { name, remedy, .. }, path) = (self.kind.form(), self.path.display());
        match &self.fault {
            StateFileFault::Read(error) if self.is_of_the_place() => match &**error {
                FileError::Io { .. } => write!(
                    f,
                    "{error}; create this directory for the {name}, or name another"
                ),
                _ => write!(f, "{error}; or name another for the {name}"),
            },
            StateFileFault::Read(error) => write!(f, "{error}; {remedy}"),
            StateFileFault::OthersMayWrite => write!(
                f,
                "{path}: others may write to it: expected a file that only its user may write to; {remedy}"
            ),
            StateFileFault::Damaged(expected) => write!(
                f,
                "{path}: not a {name}, or a damaged one: expected {expected}; {remedy}"
            ),
            StateFileFault::NotOurs => write!(
                f,
                "{path}: no file of a {name}, and left as it is: name another for it, or remove this one"
            ),
            StateFileFault::Full(limit) => write!(
                f,
                "{path}: no room for another store: the {name} remembers {limit}, and those that came last are not among \
                 them; name another file for some of them, or remove this one: then the generations that were seen are \
                 forgotten, and an older store is taken"
            ),
            StateFileFault::Write(error) => write!(
                f,
                "{error}; the {name} is in memory only: make the file and its directory writable, or name another"
            ),
        }
    }
}

/// Without a source: the message includes it.
impl error::Error for StateFileError {}
