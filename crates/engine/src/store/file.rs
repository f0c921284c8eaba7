//! A store in a file: a trust blob, of which only an index is in memory.

use std::collections::hash_map::RandomState;
use std::fmt;
use std::fs::File;
use std::hash::{BuildHasher, Hasher};
use std::io;
use std::path::{Path, PathBuf};

use jit_trust_core::{EncodedEntry, Entry, Name, NameHashPrefix, TrustBlob, v1};

use super::{StoreError, StoreFileError, TrustStore, read};
use crate::Candidates;

/// The largest blob that is opened, in bytes. Mozilla's list has 0.05 MB in version 2, 0.13 MB in version 1.
const MAX_BLOB_LEN: usize = 64 << 20;

/// A trust blob in a file, of either version. The file is read once, to check it. An index of 32 bytes an anchor stays in
/// memory; an anchor is read again when a connection needs it.
///
/// The index has a digest of each entry, under a random key that stays in the process. If the file is written to while it is
/// open, connections therefore fail; they never trust a changed entry. To update a store, write the new file beside it and
/// rename it over the old one: this store continues with the old file, and a store that is opened later has the new one.
/// [`WatchedFileStore`](super::WatchedFileStore) changes to the new file by itself.
///
/// ```no_run
/// let store = jit_trust::FileStore::open("/var/lib/trust/trust.tblb")?;
/// println!("{} anchors, made at {}", store.len(), store.generation());
/// # Ok::<(), jit_trust::StoreError>(())
/// ```
pub struct FileStore {
    path: PathBuf,
    file: File,
    generation: u32,
    version: u16,
    key: RandomState,
    index: Box<[Place]>,
}

/// The position of an entry, with its name hash and its digest.
struct Place {
    name_hash: NameHashPrefix,
    digest: u64,
    offset: u32,
    len: u32,
}

impl FileStore {
    /// Opens the file, checks all of it and builds the index.
    ///
    /// # Errors
    /// When the file cannot be read, and when it is not a trust blob or a damaged one.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref();
        Self::of(read::open(path)?, path)
    }

    /// The store of an open file, which was found at `path`.
    pub(super) fn of(file: File, path: &Path) -> Result<Self, StoreError> {
        let bytes = read::whole(&file, path, MAX_BLOB_LEN)?;
        let blob = TrustBlob::open(&bytes).map_err(|error| StoreFileError::Blob {
            path: path.to_owned(),
            error,
        })?;
        let key = RandomState::new();
        let places = blob.entries().map(|entry| Place::of(&entry, &bytes, &key));
        let index: Option<Box<[Place]>> = places.collect();
        let mut index = index.expect("what was read from a blob of at most 64 MiB has its place in it");
        // Anchors of one name stay in the order of the blob.
        index.sort_by_key(|place| place.name_hash);
        Ok(Self {
            path: path.to_owned(),
            generation: blob.generation(),
            version: blob.version(),
            index,
            key,
            file,
        })
    }

    /// The file's path, as it was given.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The generation of the store: the Unix time when it was made.
    pub fn generation(&self) -> u32 {
        self.generation
    }

    /// The version of the trust blob. Version 1 has bare certificates, without conditions.
    pub fn version(&self) -> u16 {
        self.version
    }

    /// The number of anchors.
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Whether there is no anchor.
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// Selects copies of anchors, which may outlive the store.
    pub(super) fn select_copies(&self, found: &mut Candidates<'_>) -> Result<(), StoreError> {
        let chain = found.chain();
        chain
            .issuers()
            .try_for_each(|issuer| self.add_named(issuer, found))
    }

    fn add_named<'s>(&self, issuer: Name<'s>, found: &mut Candidates<'s>) -> Result<(), StoreError> {
        let issuer = issuer.hashed();
        let name_hash = issuer.hash_prefix();
        let first = self.index.partition_point(|place| place.name_hash < name_hash);
        let behind = self.index.iter().skip(first);
        for place in behind.take_while(|place| place.name_hash == name_hash) {
            let bytes = self.read(place)?;
            let encoded = match self.version {
                v1::VERSION => EncodedEntry::Certificate(&bytes),
                _ => EncodedEntry::Record {
                    name_hash,
                    record: &bytes,
                },
            };
            found.add_entry(issuer, &encoded.read().map_err(|_| self.changed())?);
        }
        Ok(())
    }

    /// Reads an entry, and checks that it is the one that was there when the file was opened.
    fn read(&self, place: &Place) -> Result<Vec<u8>, StoreFileError> {
        let len = usize::try_from(place.len).map_err(|_| self.changed())?;
        let mut bytes = vec![0; len];
        read_exact_at(&self.file, &mut bytes, place.offset.into()).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => self.changed(),
            _ => StoreFileError::io(&self.path)(error),
        })?;
        if digest(&self.key, &bytes) == place.digest {
            Ok(bytes)
        } else {
            Err(self.changed())
        }
    }

    fn changed(&self) -> StoreFileError {
        StoreFileError::Changed {
            path: self.path.clone(),
        }
    }
}

impl Place {
    /// The position of an entry that was read from `blob`.
    fn of(entry: &Entry<'_>, blob: &[u8], key: &RandomState) -> Option<Self> {
        let bytes = entry.encoded().as_bytes();
        let offset = bytes.as_ptr().addr().checked_sub(blob.as_ptr().addr())?;
        Some(Self {
            name_hash: entry.name_hash(),
            digest: digest(key, bytes),
            offset: offset.try_into().ok()?,
            len: bytes.len().try_into().ok()?,
        })
    }
}

impl TrustStore for FileStore {
    fn select<'s>(&'s self, found: &mut Candidates<'s>) -> Result<(), StoreError> {
        self.select_copies(found)
    }

    fn anchor_count(&self) -> Option<usize> {
        Some(self.index.len())
    }

    fn store_generation(&self) -> Option<u32> {
        Some(self.generation)
    }
}

impl fmt::Debug for FileStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileStore")
            .field("path", &self.path)
            .field("generation", &self.generation)
            .field("len", &self.index.len())
            .finish_non_exhaustive()
    }
}

/// A digest under a key that a writer of the file does not know: the keyed hash of the standard library's random state,
/// SipHash. A changed entry has the same digest with a probability of 2^-64.
fn digest(key: &RandomState, bytes: &[u8]) -> u64 {
    let mut hasher = key.build_hasher();
    hasher.write(bytes);
    hasher.finish()
}

#[cfg(unix)]
fn read_exact_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, buffer, offset)
}

#[cfg(windows)]
fn read_exact_at(file: &File, mut buffer: &mut [u8], mut offset: u64) -> io::Result<()> {
    use std::os::windows::fs::FileExt;

    while !buffer.is_empty() {
        match file.seek_read(buffer, offset) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(read) => {
                buffer = buffer.get_mut(read..).unwrap_or_default();
                offset += u64::try_from(read).unwrap_or(u64::MAX);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
