//! STORE: where a command's trust anchors come from.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use jit_trust::{BlobError, Certificate, PeerChain, TrustAnchor};
use jit_trust::{FileStore, Selection, StoreError, TrustStore, WebrootStore};
use jit_trust_bundle::{Input, NoteKind, Policy, Root, RootList};

use crate::exit::Failure;
use crate::terminal::{shown, warning};

/// A store to trust by, and what to call it.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    pub(crate) name: String,
    pub(crate) anchors: Arc<dyn TrustStore>,
}

/// Opens a store to trust by. A blob, a webroot and the compiled-in list stay where they are; any other form is read
/// whole.
pub(crate) fn open(path: &Path) -> Result<Store, Failure> {
    Ok(Store {
        name: shown(path.to_string_lossy()).to_string(),
        anchors: open_anchors(path)?,
    })
}

fn open_anchors(path: &Path) -> Result<Arc<dyn TrustStore>, Failure> {
    if path.as_os_str() == "mozilla" {
        return Ok(Arc::new(jit_trust::mozilla()));
    }
    let metadata = fs::metadata(path).map_err(|error| Failure::reading(path, &error))?;
    if metadata.is_dir() {
        match WebrootStore::open(path) {
            Ok(webroot) => return Ok(Arc::new(webroot)),
            Err(StoreError::NotAWebroot { .. }) => {}
            Err(error) => return Err(store_error(&error)),
        }
    } else if metadata.is_file() {
        match FileStore::open(path) {
            Ok(blob) => return Ok(Arc::new(blob)),
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
    Ok(Arc::new(ListStore(read(path)?)))
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

/// Whether the root is trusted for end-entity certificates as old as this one.
fn may_vouch_for(root: &Root, chain: &PeerChain<'_>) -> bool {
    let Some(distrust_after) = root.conditions().distrust_after else {
        return true;
    };
    let not_before = chain.certificates().next().and_then(Certificate::not_before);
    not_before.is_some_and(|not_before| not_before <= distrust_after)
}
