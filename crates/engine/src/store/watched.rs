//! A store in a file that may be replaced while the program runs.

use std::fmt;
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use super::{FileStore, StoreError, StoreFileError, TrustStore, read};
use crate::Candidates;

type Observer = dyn Fn(&FileChange) + Send + Sync;

/// A trust blob in a file that may be replaced while the program runs. Write the new file beside it and rename it over the
/// old one: the next connection uses the new file, without a restart.
///
/// Each selection compares the metadata of the file (inode, length, times) with those of the last one, and opens the file
/// again when they differ; there is no thread. Other selections wait meanwhile, about a millisecond: with the old file, they
/// could use an anchor that the new one has removed. One selection uses one file, never two.
///
/// A file that is damaged, missing or older than the newest that was in force is not used: the previous one stays in force,
/// and [`on_change`](Self::on_change) reports it. Programs should set that observer, because such an update fails no
/// connection. A file that is written to in place is damaged until the write is complete; see [`FileStore`].
///
/// ```no_run
/// use jit_trust::WatchedFileStore;
///
/// let store = WatchedFileStore::open("/var/lib/trust/trust.tblb")?
///     .on_change(|change| eprintln!("{change}"));
/// # Ok::<(), jit_trust::StoreError>(())
/// ```
pub struct WatchedFileStore {
    path: PathBuf,
    may_go_back: bool,
    observer: Option<Box<Observer>>,
    /// The observer is not called while this is locked.
    state: Mutex<State>,
}

/// A change of the file of a [`WatchedFileStore`].
#[derive(Debug)]
#[non_exhaustive]
pub enum FileChange {
    /// The file was replaced, written to or touched, and is in force from now on.
    Replaced {
        /// The file.
        path: PathBuf,
        /// The generation that was in force, in Unix time.
        from: u32,
        /// The generation that is in force now, in Unix time.
        to: u32,
    },
    /// The file cannot be used: the previous one stays in force.
    Refused {
        /// The file.
        path: PathBuf,
        /// The error of the file.
        error: StoreError,
    },
}

impl WatchedFileStore {
    /// Opens the file, checks all of it and builds the index.
    ///
    /// # Errors
    /// When the file cannot be read, and when it is not a trust blob or a damaged one.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref();
        let (seen, opened) = open(path)?;
        let current = opened?;
        Ok(Self {
            path: path.to_owned(),
            may_go_back: false,
            observer: None,
            state: Mutex::new(State {
                current: Arc::new(current),
                seen: Some(seen),
                is_refused: false,
            }),
        })
    }

    /// Also uses a file that is older than the newest that was in force. By default it does not, so that an attacker cannot
    /// bring a removed anchor back by an old file.
    #[must_use]
    pub fn allow_older_generation(mut self) -> Self {
        self.may_go_back = true;
        self
    }

    /// Sets an observer, which is called once for each change of the file. The next selection sees a change, so `observer`
    /// runs inside a handshake and should be quick. It may use the store itself. When changes follow each other fast, it may
    /// run in several threads at once.
    #[must_use]
    pub fn on_change(mut self, observer: impl Fn(&FileChange) + Send + Sync + 'static) -> Self {
        self.observer = Some(Box::new(observer));
        self
    }

    /// The file's path, as it was given.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The store that is in force since the last selection.
    pub fn current(&self) -> Arc<FileStore> {
        Arc::clone(&self.state().current)
    }

    /// The store for a selection that starts now.
    fn look(&self) -> Arc<FileStore> {
        let (current, change) = {
            let mut state = self.state();
            let change = state.look(&self.path, self.may_go_back);
            (Arc::clone(&state.current), change)
        };
        if let (Some(change), Some(observer)) = (change, &self.observer) {
            observer(&change);
        }
        current
    }

    /// Locks the state. It is consistent even if a thread panicked that held the lock.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The store in force, and the metadata of its file.
struct State {
    /// It is also the newest so far, unless older ones are allowed.
    current: Arc<FileStore>,
    /// The metadata of the file when it was last opened; `None` when it must be opened again in any case.
    seen: Option<Seen>,
    /// Whether that file could not be used, so that `current` is an earlier one.
    is_refused: bool,
}

impl State {
    /// Opens the file again if its metadata have changed.
    fn look(&mut self, path: &Path, may_go_back: bool) -> Option<FileChange> {
        let there = Seen::at(path);
        if self.seen.as_ref() == Some(&there) {
            return None;
        }
        let (seen, opened) = match open(path) {
            Ok((seen, opened)) => (seen, opened),
            Err(error) => (there, Err(error)),
        };
        self.seen = Some(seen);
        let taken = opened.and_then(|new| self.take(new, path, may_go_back));
        self.is_refused = taken.is_err();
        let path = path.to_owned();
        Some(match taken {
            Ok((from, to)) => FileChange::Replaced { path, from, to },
            Err(error) => FileChange::Refused { path, error },
        })
    }

    /// Puts `new` in force. Returns the generations before and after.
    fn take(&mut self, new: FileStore, path: &Path, may_go_back: bool) -> Result<(u32, u32), StoreError> {
        let (from, to) = (self.current.generation(), new.generation());
        if to < from && !may_go_back {
            let error = StoreFileError::OlderGeneration {
                path: path.to_owned(),
                came: to,
                newest: from,
            };
            return Err(error.into());
        }
        self.current = Arc::new(new);
        Ok((from, to))
    }

    /// Has the file opened again after `store` was found to be written to in place, because the clock of the file system may
    /// be too coarse to show that. A file that could not be used is not opened again: it would be reported for each
    /// connection.
    fn doubt(&mut self, store: &Arc<FileStore>) {
        if Arc::ptr_eq(&self.current, store) && !self.is_refused {
            self.seen = None;
        }
    }
}

/// Opens the file. Its metadata are those of the open file before it is read, so that any later change of the file or of its
/// path is detected.
///
/// # Errors
/// When the file cannot be opened.
fn open(path: &Path) -> Result<(Seen, Result<FileStore, StoreError>), StoreError> {
    let file = read::open(path)?;
    Ok((Seen::of(file.metadata()), FileStore::of(file, path)))
}

/// The metadata of a file, or the error of the system.
#[derive(PartialEq, Eq)]
struct Seen(Result<Stamp, io::ErrorKind>);

impl Seen {
    fn at(path: &Path) -> Self {
        Self::of(fs::metadata(path))
    }

    fn of(metadata: io::Result<Metadata>) -> Self {
        Self(match metadata {
            Ok(metadata) => Ok(Stamp::of(&metadata)),
            Err(error) => Err(error.kind()),
        })
    }
}

/// The metadata that differ when a file is replaced or written to, unless someone resets them on purpose.
#[derive(PartialEq, Eq)]
struct Stamp {
    len: u64,
    modified: Option<SystemTime>,
    /// Device and inode. The file in force is open, so no other file gets its inode.
    #[cfg(unix)]
    identity: (u64, u64),
    /// The last change of the inode, which programs cannot set, in seconds and nanoseconds.
    #[cfg(unix)]
    changed: (i64, i64),
    #[cfg(not(unix))]
    created: Option<SystemTime>,
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        #[cfg(unix)]
        use std::os::unix::fs::MetadataExt;

        Self {
            len: metadata.len(),
            modified: metadata.modified().ok(),
            #[cfg(unix)]
            identity: (metadata.dev(), metadata.ino()),
            #[cfg(unix)]
            changed: (metadata.ctime(), metadata.ctime_nsec()),
            #[cfg(not(unix))]
            created: metadata.created().ok(),
        }
    }
}

impl TrustStore for WatchedFileStore {
    fn select<'s>(&'s self, found: &mut Candidates<'s>) -> Result<(), StoreError> {
        let current = self.look();
        let selected = current.select_copies(found);
        if let Err(StoreError::File(StoreFileError::Changed { .. })) = selected {
            // No second try: anchors of this file may have been found already.
            self.state().doubt(&current);
        }
        selected
    }

    /// The number of anchors at the last selection.
    fn anchor_count(&self) -> Option<usize> {
        self.current().anchor_count()
    }

    /// The generation of the file that is in force since the last selection.
    fn store_generation(&self) -> Option<u32> {
        Some(self.current().generation())
    }
}

impl fmt::Debug for WatchedFileStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WatchedFileStore")
            .field("current", &self.current())
            .field("may_go_back", &self.may_go_back)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for FileChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Replaced { path, from, to } => {
                write!(
                    f,
                    "{}: replaced, generation {from} by generation {to}",
                    path.display()
                )
            }
            // The error names the file.
            Self::Refused { error, .. } => write!(f, "refused, the one before stays in force: {error}"),
        }
    }
}
