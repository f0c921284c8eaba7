//! A directory of small files, one for each name.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use jit_trust_core::{Certificate, Name, PeerChain, Query, TrustAnchor, TrustBlob};

use super::{Selection, StoreError, TrustStore};

/// The largest file of a webroot that is read, in bytes: room for as many certificates of the largest size as one
/// name may have.
const MAX_FILE_LEN: u64 = 512 << 10;

/// A webroot: a directory with a trust blob for each name, `by-subject/<name hash>.tblb`. It keeps nothing in
/// memory but the path, and reads one small file for each issuer that a chain names.
///
/// A webroot that has no `by-subject`, as other tools of this kind make them, is asked by key identifier:
/// `by-skid/<SKID>`, a bare certificate. A root without a SKID, or one whose certificates do not name the
/// SKID of their issuer, cannot be found there.
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

/// What a webroot is asked by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layout {
    BySubject,
    BySubjectKeyId,
}

impl WebrootStore {
    /// Opens the directory.
    ///
    /// # Errors
    /// When it cannot be read, and when it is no webroot.
    pub fn open(directory: impl AsRef<Path>) -> Result<Self, StoreError> {
        let directory = directory.as_ref();
        std::fs::read_dir(directory).map_err(StoreError::io(directory))?;
        let layout = if directory.join("by-subject").is_dir() {
            Layout::BySubject
        } else if directory.join("by-skid").is_dir() {
            Layout::BySubjectKeyId
        } else {
            return Err(StoreError::NotAWebroot {
                path: directory.to_owned(),
            });
        };
        Ok(Self {
            directory: directory.to_owned(),
            layout,
        })
    }

    /// The directory's path, as it was given.
    pub fn path(&self) -> &Path {
        &self.directory
    }

    fn add_named(&self, name: Name<'_>, found: &mut Selection<'_, '_>) -> Result<(), StoreError> {
        let path = self
            .directory
            .join("by-subject")
            .join(format!("{}.tblb", name.hash()));
        let Some(bytes) = read_small(&path)? else {
            return Ok(());
        };
        let blob = TrustBlob::open(&bytes).map_err(|error| StoreError::Blob { path, error })?;
        for anchor in blob.by_subject(name) {
            found.add_certificate(anchor.certificate())?;
        }
        Ok(())
    }

    fn add_with_key_id(&self, query: &Query<'_>, found: &mut Selection<'_, '_>) -> Result<(), StoreError> {
        let Query::KeyId { key_id, .. } = query else {
            return Ok(());
        };
        let longest_file_name = 255;
        let file_name = key_id.to_string();
        if file_name.len() > longest_file_name {
            return Ok(());
        }
        let path = self.directory.join("by-skid").join(file_name);
        let Some(der) = read_small(&path)? else {
            return Ok(());
        };
        let anchor = Certificate::from_der(&der).map(TrustAnchor::from);
        let anchor = anchor.map_err(|error| StoreError::Certificate {
            path: Some(path),
            error,
        })?;
        if query.is_answered_by(&anchor) {
            found.add_certificate(der)?;
        }
        Ok(())
    }
}

impl TrustStore for WebrootStore {
    fn select<'s>(&'s self, chain: &PeerChain<'_>, found: &mut Selection<'s, '_>) -> Result<(), StoreError> {
        match self.layout {
            Layout::BySubject => chain
                .issuers()
                .try_for_each(|issuer| self.add_named(issuer, found)),
            Layout::BySubjectKeyId => {
                let mut queries = chain.queries();
                queries.try_for_each(|query| self.add_with_key_id(&query, found))
            }
        }
    }
}

/// The bytes of a file, or `None` when there is none.
fn read_small(path: &Path) -> Result<Option<Vec<u8>>, StoreError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(StoreError::io(path)(error)),
    };
    let mut bytes = Vec::new();
    let read = file.take(MAX_FILE_LEN + 1).read_to_end(&mut bytes);
    let len = read.map_err(StoreError::io(path))?;
    if u64::try_from(len).is_ok_and(|len| len <= MAX_FILE_LEN) {
        Ok(Some(bytes))
    } else {
        Err(StoreError::TooLarge {
            path: path.to_owned(),
            limit: MAX_FILE_LEN,
        })
    }
}
