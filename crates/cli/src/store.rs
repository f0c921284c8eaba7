//! STORE: where a command's trust anchors come from.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use jit_trust::{BlobError, BlobStore, FileStore, StoreError, TrustStore, WebrootStore};
use jit_trust_bundle::{BlobOptions, Input, NoteKind, Policy, RootList, encode_blob, fitting_version_2};

use crate::exit::Failure;
use crate::shown::shown;
use crate::terminal::{say, warning};

/// A store to trust by, and what to call it.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    pub(crate) name: String,
    pub(crate) anchors: Arc<dyn TrustStore>,
}

/// Opens a store to trust by. A blob, a webroot and the compiled-in list stay where they are; any other form is read
/// whole.
pub(crate) fn open(path: &Path) -> Result<Store, Failure> {
    let name = shown(path.to_string_lossy()).to_string();
    let anchors = match open_in_place(path)? {
        Some(anchors) => anchors,
        None => Arc::new(in_memory(&name, &read(path)?)?),
    };
    Ok(Store { name, anchors })
}

/// The store, if it is of a form that can be looked up in where it is.
fn open_in_place(path: &Path) -> Result<Option<Arc<dyn TrustStore>>, Failure> {
    if is_mozilla(path) {
        return Ok(Some(Arc::new(jit_trust::mozilla())));
    }
    let metadata = fs::metadata(path).map_err(|error| Failure::reading(path, &error))?;
    if metadata.is_dir() {
        match WebrootStore::open(path) {
            Ok(webroot) => return Ok(Some(Arc::new(webroot))),
            Err(StoreError::NotAWebroot { .. }) => {}
            Err(error) => return Err(not_opened(path, &error)),
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
            Err(error) => return Err(not_opened(path, &error)),
        }
    }
    Ok(None)
}

fn not_opened(path: &Path, error: &StoreError) -> Failure {
    match error {
        StoreError::Io { error, .. } => Failure::reading(path, error),
        error => Failure::bad_input(shown(error.to_string())),
    }
}

/// The list as a trust blob of version 2, so that its conditions are kept to as those of any other store. What does not
/// fit is left out, with a warning: the rest of the store is trusted all the same. The blob is there until the command
/// ends, which opens one or two.
fn in_memory(name: &str, list: &RootList) -> Result<BlobStore, Failure> {
    let bad_input = |error: &dyn std::error::Error| Failure::bad_input(format!("{name}: {error}"));
    let generation = 0; // nobody asks for it
    let (fitting, left_out) = fitting_version_2(list.roots());
    for error in left_out {
        warning(format_args!("{name}: {error}; left out"));
    }
    let blob = encode_blob(&fitting, generation, BlobOptions::default());
    let blob = blob.map_err(|error| bad_input(&error))?;
    BlobStore::new(blob.bytes.leak()).map_err(|error| bad_input(&error))
}

/// Reads a store to look into. What it holds but should not is said on stderr.
pub(crate) fn read(path: &Path) -> Result<RootList, Failure> {
    let list = jit_trust_bundle::read(&[Input::named(path)], Policy::Store)?;
    for left_out in list.left_out() {
        warning(format_args!("{left_out}; left out"));
    }
    for note in list.notes() {
        if matches!(
            note.kind,
            NoteKind::NotACa { .. } | NoteKind::DatedElsewhere { .. }
        ) {
            warning(note);
        }
    }
    Ok(list)
}

/// Whether people have nothing to call the roots of this list by.
pub(crate) fn holds_no_names(list: &RootList) -> bool {
    list.roots().iter().all(|root| root.subject().is_none())
}

/// Says how to make a store of this name, which holds no names, one that does.
pub(crate) fn say_that_it_holds_no_names(name: &str) {
    say(format_args!(
        "note: {name} holds no names; `jit-trust bundle --names` makes a blob with them, from a list that has them"
    ));
}

/// When the store that this list was read from was made, in Unix time, if it says so.
pub(crate) fn generation(path: &Path, list: &RootList) -> Option<u32> {
    let compiled_in = || jit_trust::mozilla().blob().generation();
    list.generation().or_else(|| is_mozilla(path).then(compiled_in))
}

fn is_mozilla(path: &Path) -> bool {
    path.as_os_str() == "mozilla"
}

#[cfg(test)]
mod tests {
    use super::*;

    /// To trust by, the list of the library is taken; to look into, that of `jit-trust-bundle`, which has the names and
    /// certificates.
    #[test]
    fn the_list_that_is_shown_as_mozilla_is_the_one_that_is_trusted() {
        let shown = read(Path::new("mozilla")).expect("the compiled-in list");
        let trusted: Vec<_> = jit_trust::mozilla().blob().entries().collect();
        assert_eq!(shown.roots().len(), trusted.len());
        for (root, trusted) in shown.roots().iter().zip(&trusted) {
            let shown = root.entry();
            assert_eq!(shown.name_hash(), trusted.name_hash());
            assert_eq!(shown.spki_value(), trusted.spki_value());
            assert_eq!(shown.subject_key_id(), trusted.subject_key_id());
            assert_eq!(shown.serial(), trusted.serial());
            assert_eq!(shown.profile(), trusted.profile());
            assert_eq!(shown.distrust_after(), trusted.distrust_after());
            assert_eq!(shown.name_constraints(), trusted.name_constraints());
            assert!(root.subject().is_some() && root.der().is_some());
        }
        assert_eq!(
            generation(Path::new("mozilla"), &shown),
            Some(jit_trust::mozilla().blob().generation())
        );
    }
}
