//! The file of a host cache or of a rollback guard: read as a whole, replaced as a whole.
//!
//! Both begin with a magic of four bytes and a version of two, and end in a CRC-32C (RFC 3720 section 12.1) of everything
//! before it. Numbers are unsigned, most significant byte first.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::{error, fmt};

use jit_trust_file::{FileError, OwnFile, StagedFile};

/// How often a file is begun anew because another process has replaced it meanwhile. Of those that write at once, one
/// succeeds each time.
const MAX_TRIES: usize = 100;

const VERSION: u16 = 1;

/// What keeps a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StateFileKind {
    /// A [`HostCache`](crate::HostCache): a hint, which begins anew without its file.
    HostCache,
    /// A [`RollbackGuard`](crate::RollbackGuard): without its file, an older store could be taken.
    RollbackGuard,
}

/// What distinguishes the files.
struct Form {
    magic: [u8; 4],
    /// In bytes.
    max_len: usize,
    name: &'static str,
    /// What becomes of a file that is not as it should be.
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
                max_len: 16 << 10,
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

    /// The beginning of a file.
    pub(crate) fn begin(self) -> Vec<u8> {
        [&self.form().magic[..], &VERSION.to_be_bytes()].concat()
    }

    /// Reads the beginning and the end of a file, and returns what is between them.
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

/// Ends a file with the checksum.
pub(crate) fn with_checksum(mut file: Vec<u8>) -> Vec<u8> {
    file.extend(crc32c::crc32c(&file).to_be_bytes());
    file
}

/// What was expected of a file that is damaged.
pub(crate) type Expected = &'static str;

/// The part of a file that is still to be read.
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

/// What an old file holds, `None` when there is none, or why that cannot be read.
pub(crate) type Old = Result<Option<Vec<u8>>, StateFileError>;

/// A file, if there is to be one, and whether it should be written.
pub(crate) struct StateFile {
    kind: StateFileKind,
    path: Option<PathBuf>,
    is_changed: AtomicBool,
    /// What went wrong the last time; held while the file is written, so that what is newest is written last.
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

    /// The place of a file, and what is in it.
    pub(crate) fn open(kind: StateFileKind, path: PathBuf) -> (Self, Old) {
        let mut file = Self::none(kind);
        let bytes = file.read(&path);
        file.path = Some(path);
        (file, bytes)
    }

    /// Reads the file at its path, if it is of this user alone and begins as it should.
    pub(crate) fn read(&self, path: &Path) -> Old {
        let mut tries = 0;
        let opened = loop {
            match OwnFile::open(path) {
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

    /// Notes whether there is something new for the file.
    pub(crate) fn note_change(&self, is_change: bool) {
        self.is_changed.fetch_or(is_change, Ordering::AcqRel);
    }

    /// Notes what went wrong when the file was read.
    pub(crate) fn note_error(&self, error: StateFileError) {
        *lock(&self.last_error) = Some(error);
    }

    /// What went wrong when the file was read or written the last time.
    pub(crate) fn last_error(&self) -> Option<StateFileError> {
        lock(&self.last_error).clone()
    }

    pub(crate) fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Replaces the file, if there is something new for it, in one step: a reader sees the old one or the new one, whole,
    /// also after a crash. Its user alone can read it; a link in its place is replaced, not followed.
    ///
    /// `bytes` makes the new one of what the old one holds, once more if another process replaces that meanwhile.
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

    /// That the file is damaged.
    pub(crate) fn damaged(&self, expected: Expected) -> StateFileError {
        self.error(
            self.path().unwrap_or(Path::new("")),
            StateFileFault::Damaged(expected),
        )
    }

    fn error(&self, path: &Path, fault: StateFileFault) -> StateFileError {
        StateFileError {
            kind: self.kind,
            path: path.to_owned(),
            fault,
        }
    }
}

/// Takes a lock. Nothing that holds one panics.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What is wrong with the file of a [`HostCache`](crate::HostCache) or of a [`RollbackGuard`](crate::RollbackGuard), and
/// what to do about it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct StateFileError {
    /// Whose file it is.
    pub kind: StateFileKind,
    /// Which file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub fault: StateFileFault,
}

/// What is wrong with a file.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum StateFileFault {
    /// The file cannot be opened or read: also when it is another user's, or there is a link or no regular file in its
    /// place.
    Read(Arc<FileError>),
    /// Others than its user may write to the file, so that anybody may have put anything into it.
    OthersMayWrite,
    /// The file is not as it was written; this was expected.
    Damaged(&'static str),
    /// The file does not begin as ours do. It stays as it is.
    NotOurs,
    /// The file cannot be written.
    Write(Arc<FileError>),
}

impl StateFileError {
    /// Whether there can be no file of ours in that place, and none is to be written there: its directory does not exist,
    /// or there is another user's file or no regular one.
    pub(crate) fn is_of_the_place(&self) -> bool {
        let StateFileFault::Read(error) = &self.fault else {
            return false;
        };
        match &**error {
            FileError::IsADirectory { .. } | FileError::NotAFile { .. } | FileError::Foreign { .. } => true,
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
            StateFileFault::Write(error) => write!(
                f,
                "{error}; the {name} is in memory only: make the file and its directory writable, or name another"
            ),
        }
    }
}

/// Says all of it itself.
impl error::Error for StateFileError {}
