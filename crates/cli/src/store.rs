//! STORE: where a command's trust anchors come from.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use jit_trust::{BlobError, Certificate, PeerChain, TrustAnchor};
use jit_trust::{FileStore, Selection, StoreError, TrustStore, WebrootStore};
use jit_trust_bundle::{Input, NoteKind, Policy, Root, RootList};

use crate::exit::Failure;
use crate::shown::shown;
use crate::terminal::warning;

/// A store to trust by, and what to call it.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    pub(crate) name: String,
    pub(crate) anchors: Arc<dyn TrustStore>,
    /// The same, where it is a list that says up to which date roots are trusted.
    list: Option<Arc<ListStore>>,
}

impl Store {
    /// The first root that could have issued a certificate of this chain and is not trusted for one as young as its
    /// end-entity certificate.
    pub(crate) fn dropped_by_date(&self, chain: &PeerChain<'_>) -> Option<Dropped> {
        self.list.as_ref()?.dropped_by_date(chain)
    }
}

/// A root that was left out because of a date.
pub(crate) struct Dropped {
    pub(crate) subject: String,
    /// The last second, in Unix time, of which it is trusted for certificates.
    pub(crate) distrust_after: u64,
    /// When the end-entity certificate was issued, if that can be read.
    pub(crate) issued_at: Option<u64>,
}

/// Opens a store to trust by. A blob, a webroot and the compiled-in list stay where they are; any other form is read
/// whole.
pub(crate) fn open(path: &Path) -> Result<Store, Failure> {
    let name = shown(path.to_string_lossy()).to_string();
    if let Some(anchors) = open_in_place(path)? {
        let list = None;
        return Ok(Store { name, anchors, list });
    }
    let list = Arc::new(ListStore(read(path)?));
    Ok(Store {
        name,
        anchors: Arc::clone(&list) as Arc<dyn TrustStore>,
        list: Some(list),
    })
}

/// The store, if it is of a form that can be looked up in where it is.
fn open_in_place(path: &Path) -> Result<Option<Arc<dyn TrustStore>>, Failure> {
    if path.as_os_str() == "mozilla" {
        return Ok(Some(Arc::new(jit_trust::mozilla())));
    }
    let metadata = fs::metadata(path).map_err(|error| Failure::reading(path, &error))?;
    if metadata.is_dir() {
        match WebrootStore::open(path) {
            Ok(webroot) => return Ok(Some(Arc::new(webroot))),
            Err(StoreError::NotAWebroot { .. }) => {}
            Err(error) => return Err(store_error(&error)),
        }
    } else if metadata.is_file() {
        match FileStore::open(path) {
            Ok(blob) => return Ok(Some(Arc::new(blob))),
            Err(
                StoreError::Blob {
                    error: BlobError::NotABlob,
                    ..
                }
                | StoreError::TooLarge { .. },
            ) => {}
            Err(error) => return Err(store_error(&error)),
        }
    }
    Ok(None)
}

fn store_error(error: &StoreError) -> Failure {
    Failure::bad_input(shown(error.to_string()))
}

/// Reads a store to look into. What it holds but should not is said on stderr.
pub(crate) fn read(path: &Path) -> Result<RootList, Failure> {
    let list = jit_trust_bundle::read(&[Input::named(path)], Policy::Store)?;
    for left_out in list.left_out() {
        warning(format_args!("{left_out}; left out"));
    }
    for note in list.notes() {
        if matches!(note.kind, NoteKind::NotACa { .. }) {
            warning(note);
        }
    }
    for root in list.roots() {
        if !root.conditions().applied_constraints.is_empty() {
            warning(format_args!(
                "{} is trusted for all domains, though {} limits it to some",
                root.certificate().subject(),
                shown(path.to_string_lossy())
            ));
        }
    }
    Ok(list)
}

/// A list of roots that was read whole, for forms that cannot be looked up in where they are.
#[derive(Debug)]
struct ListStore(RootList);

impl TrustStore for ListStore {
    fn select<'s>(&'s self, chain: &PeerChain<'_>, found: &mut Selection<'s, '_>) -> Result<(), StoreError> {
        for root in self.0.roots() {
            let certificate = root.certificate();
            if chain.is_issued_by(certificate.subject()) && may_vouch_for(root, chain) {
                found.add(TrustAnchor::from_trusted_certificate(certificate));
            }
        }
        Ok(())
    }

    fn anchor_count(&self) -> Option<usize> {
        Some(self.0.roots().len())
    }

    fn may_change(&self) -> bool {
        false
    }
}

impl ListStore {
    fn dropped_by_date(&self, chain: &PeerChain<'_>) -> Option<Dropped> {
        let mut roots = self.0.roots().iter();
        let dropped = roots
            .find(|root| chain.is_issued_by(root.certificate().subject()) && !may_vouch_for(root, chain))?;
        Some(Dropped {
            subject: dropped.certificate().subject().to_string(),
            distrust_after: dropped.conditions().distrust_after?,
            issued_at: issued_at(chain),
        })
    }
}

/// Whether the root is trusted for end-entity certificates as old as this one.
fn may_vouch_for(root: &Root, chain: &PeerChain<'_>) -> bool {
    let Some(distrust_after) = root.conditions().distrust_after else {
        return true;
    };
    issued_at(chain).is_some_and(|issued_at| issued_at <= distrust_after)
}

/// When the end-entity certificate was issued.
fn issued_at(chain: &PeerChain<'_>) -> Option<u64> {
    chain.certificates().next().and_then(Certificate::not_before)
}
