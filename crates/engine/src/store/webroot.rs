//! A store in a directory of small files, one for each name.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use jit_trust_core::{MAX_WEBROOT_FILE_LEN, Name, Query, TrustBlob, WebrootPath};

use super::{StoreError, StoreFileError, TrustStore, read};
use crate::Candidates;

/// A webroot: a directory with a trust blob for each name, `by-subject/<name hash>.tblb`. It keeps only the path in memory,
/// and reads one small file for each issuer in a chain.
///
/// A webroot of another tool, without `by-subject`, can be asked by key identifier, for bare certificates. These have no
/// conditions, so that needs [a constructor of its own](Self::open_by_key_id).
///
/// If the webroot is replaced while it is open, the next connection uses the new one. A missing webroot is an error.
///
/// ```no_run
/// let store = jit_trust::WebrootStore::open("/srv/trust")?;
/// # Ok::<(), jit_trust::StoreError>(())
/// ```
#[derive(Debug)]
pub struct WebrootStore {
    directory: PathBuf,
    layout: Layout,
}

/// The kind of keys by which a webroot is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layout {
    BySubject,
    BySubjectKeyId,
}

/// The index of a webroot, and the format that it states in a webroot of this project.
const INDEX: &str = "index.json";
const FORMAT: &[u8] = b"jit-trust webroot";
/// The part of the index in which the format is looked for. It is the first member, unless another tool has sorted them.
const FORMAT_WITHIN: u64 = 1 << 20;

impl WebrootStore {
    /// Opens the directory.
    ///
    /// # Errors
    /// When it cannot be read, and when it is not a webroot. For one that has certificates by key identifier only, the error
    /// is [`StoreFileError::ByKeyIdOnly`].
    pub fn open(directory: impl AsRef<Path>) -> Result<Self, StoreError> {
        let directory = directory.as_ref();
        std::fs::read_dir(directory).map_err(StoreFileError::io(directory))?;
        let has = |layout: Layout| directory.join(layout.directory()).is_dir();
        if has(Layout::BySubject) {
            return Ok(Self {
                directory: directory.to_owned(),
                layout: Layout::BySubject,
            });
        }
        let path = directory.to_owned();
        Err(match has(Layout::BySubjectKeyId) {
            true => StoreFileError::ByKeyIdOnly { path },
            false => StoreFileError::NotAWebroot { path },
        }
        .into())
    }

    /// Opens a webroot of another tool, which is asked by key identifier: `by-skid/<SKID, upper-case hex>` is a bare
    /// certificate.
    ///
    /// Bare certificates have none of the conditions under which Mozilla trusts some roots: a root is trusted for any date and
    /// any name, unless another local store of the policy states conditions for it. A root without a SKID, or one whose
    /// certificates do not have it as their AKID, is not found.
    ///
    /// # Errors
    /// When it cannot be read, and when it has no `by-skid`. When it has a `by-subject`, or its `index.json` says that it is a
    /// webroot of this project, the error is [`StoreFileError::CarriesConditions`]: such a webroot has conditions, by subject.
    /// That is checked again when the store is asked.
    pub fn open_by_key_id(directory: impl AsRef<Path>) -> Result<Self, StoreError> {
        let directory = directory.as_ref();
        std::fs::read_dir(directory).map_err(StoreFileError::io(directory))?;
        let store = Self {
            directory: directory.to_owned(),
            layout: Layout::BySubjectKeyId,
        };
        store.check_foreign()?;
        if !directory.join(Layout::BySubjectKeyId.directory()).is_dir() {
            let path = directory.to_owned();
            return Err(StoreFileError::NotAWebroot { path }.into());
        }
        Ok(store)
    }

    /// Checks that this is a webroot of another tool, by its directories and its index.
    fn check_foreign(&self) -> Result<(), StoreFileError> {
        let carries_conditions = || StoreFileError::CarriesConditions {
            path: self.directory.clone(),
        };
        if self.directory.join(Layout::BySubject.directory()).is_dir() {
            return Err(carries_conditions());
        }
        let path = self.directory.join(INDEX);
        let file = match read::open(&path) {
            Ok(file) => file,
            Err(StoreFileError::Io { error, .. }) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        let mut begin = Vec::new();
        let read = file.take(FORMAT_WITHIN).read_to_end(&mut begin);
        read.map_err(StoreFileError::io(&path))?;
        match begin.windows(FORMAT.len()).any(|window| window == FORMAT) {
            true => Err(carries_conditions()),
            false => Ok(()),
        }
    }

    /// The directory's path, as it was given.
    pub fn path(&self) -> &Path {
        &self.directory
    }

    fn add_named<'s>(&self, issuer: Name<'s>, found: &mut Candidates<'s>) -> Result<(), StoreError> {
        let Some((path, bytes)) = self.read(&Query::Subject(issuer))? else {
            return Ok(());
        };
        let blob = TrustBlob::open(&bytes).map_err(|error| StoreFileError::Blob { path, error })?;
        let issuer = issuer.hashed();
        let entries = blob.by_name_hash(issuer.hash_prefix());
        entries.for_each(|entry| found.add_entry(issuer, &entry));
        Ok(())
    }

    fn add_with_key_id(&self, query: &Query<'_>, found: &mut Candidates<'_>) -> Result<(), StoreError> {
        if let Some((path, der)) = self.read(query)? {
            found
                .add_certificate(&der)
                .map_err(|error| StoreFileError::Certificate { path, error })?;
        }
        Ok(())
    }

    /// Reads the file of a query. `None` when the webroot does not have it.
    fn read(&self, query: &Query<'_>) -> Result<Option<(PathBuf, Vec<u8>)>, StoreFileError> {
        let path = query.webroot_path();
        if !path.fits_a_file_name() {
            return Ok(None);
        }
        let path = self.directory.join(path.to_string());
        match read::open(&path) {
            Ok(file) => {
                let bytes = read::whole(&file, &path, MAX_WEBROOT_FILE_LEN)?;
                Ok(Some((path, bytes)))
            }
            Err(StoreFileError::Io { error, .. }) if error.kind() == io::ErrorKind::NotFound => {
                self.check_exists()?;
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Checks that the webroot exists. Only then does a missing file mean that there is no such anchor.
    fn check_exists(&self) -> Result<(), StoreFileError> {
        let directory = self.directory.join(self.layout.directory());
        let metadata = std::fs::metadata(&directory);
        metadata.map(|_| ()).map_err(StoreFileError::io(&directory))
    }
}

impl Layout {
    fn directory(self) -> &'static str {
        match self {
            Self::BySubject => WebrootPath::BY_SUBJECT,
            Self::BySubjectKeyId => WebrootPath::BY_SUBJECT_KEY_ID,
        }
    }
}

impl TrustStore for WebrootStore {
    fn select<'s>(&'s self, found: &mut Candidates<'s>) -> Result<(), StoreError> {
        let chain = found.chain();
        match self.layout {
            Layout::BySubject => chain
                .issuers()
                .try_for_each(|issuer| self.add_named(issuer, found)),
            Layout::BySubjectKeyId => {
                self.check_foreign()?;
                let mut by_key_id = chain
                    .queries()
                    .filter(|query| matches!(query, Query::KeyId { .. }));
                by_key_id.try_for_each(|query| self.add_with_key_id(&query, found))
            }
        }
    }
}
