//! A trust blob in a file that may be replaced while the program runs.

use std::fmt;
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use super::{FileStore, StoreError, StoreFileError, TrustStore, read};
use crate::Candidates;

type Observer = dyn Fn(&FileChange) + Send + Sync;

/// A trust blob in a file that may be replaced while the program runs: write the new one beside it and rename it over
/// the old, and the next connection is served from the new one, without a restart.
///
/// Each selection looks at what the system says of the file (which one it is, its length, its dates) and opens it again
/// when that is something else than before; there is no thread. Selections that come meanwhile wait for it, a
/// millisecond or so: going on with the old file, they could lean on an anchor that the new one has taken away. One
/// selection is served from one file, never from two.
///
/// A file that is damaged, gone or older than the newest that was in force is refused: the one before stays in force,
/// and [`on_change`](Self::on_change) says so. Programs should listen there, because a refused update is no error of
/// any connection. A file that is written to in place is damaged for as long as that takes; see [`FileStore`].
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
    /// No code of the user's runs while this is held.
    state: Mutex<State>,
}

/// What happened to the file of a [`WatchedFileStore`].
#[derive(Debug)]
#[non_exhaustive]
pub enum FileChange {
    /// The file is another, or was written to or touched, and is in force from now on.
    Replaced {
        /// Which file.
        path: PathBuf,
        /// When the blob was made that was in force, in Unix time.
        from: u32,
        /// When the blob was made that is in force now, in Unix time.
        to: u32,
    },
    /// The file cannot be used: what was in force stays in force.
    Refused {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        error: StoreError,
    },
}

impl WatchedFileStore {
    /// Opens the file, checks all of it and builds the index.
    ///
    /// # Errors
    /// When the file cannot be read, and when it is no trust blob or a damaged one.
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

    /// Also takes a file that is older than the newest that was in force. Otherwise it is refused, so that nobody
    /// brings an anchor back that was taken away by putting an old file there.
    pub fn allow_older_generation(mut self) -> Self {
        self.may_go_back = true;
        self
    }

    /// Has `observer` told of each change of the file, once. A change is seen by the next selection, so `observer` runs
    /// inside a handshake and should be quick. It may use the store itself. When changes follow each other fast, it may
    /// run in several threads at once.
    pub fn on_change(mut self, observer: impl Fn(&FileChange) + Send + Sync + 'static) -> Self {
        self.observer = Some(Box::new(observer));
        self
    }

    /// The file's path, as it was given.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The store that is in force since the last selection: its generation and its length, of one and the same file.
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

    /// The state, even if a thread has panicked that held it: it is whole at any time.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is in force, and what is known of the file.
struct State {
    /// Also the newest that ever was, unless the store may go back.
    current: Arc<FileStore>,
    /// What the file was when it was last opened, or could not be; `None` when it must be opened again in any case.
    seen: Option<Seen>,
    /// Whether that could not be used, so that `current` is another.
    is_refused: bool,
}

impl State {
    /// Opens the file again if it is not what was seen last.
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

    /// After `store` was found to be written to in place: a file system's clock may be too coarse to show that, so the
    /// file is opened again. Not if it was refused; then it would be refused, and reported, for each connection.
    fn doubt(&mut self, store: &Arc<FileStore>) {
        if Arc::ptr_eq(&self.current, store) && !self.is_refused {
            self.seen = None;
        }
    }
}

/// Opens the file. What is seen of it is asked of the open file, and before it is read: whatever happens to it or to its
/// name from then on is a change.
///
/// # Errors
/// Where there is no file to be opened.
fn open(path: &Path) -> Result<(Seen, Result<FileStore, StoreError>), StoreError> {
    let file = read::open(path)?;
    Ok((Seen::of(file.metadata()), FileStore::of(file, path)))
}

/// What the system says of the file, or why it says nothing.
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

/// What is different when a file is replaced or written to, unless somebody takes pains.
#[derive(PartialEq, Eq)]
struct Stamp {
    len: u64,
    modified: Option<SystemTime>,
    /// Device and inode. The one in force is open, so no other file has its number.
    #[cfg(unix)]
    identity: (u64, u64),
    /// The last change of the inode, which nobody can set, in seconds and nanoseconds.
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

    /// How many there were at the last selection.
    fn anchor_count(&self) -> Option<usize> {
        self.current().anchor_count()
    }

    /// Of the file that is in force since the last selection.
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
