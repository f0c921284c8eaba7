//! Warnings about stores that cannot carry the conditions under which Mozilla trusts some roots, where they are used.
//!
//! Trust blobs of version 1 and webroots that consist of them are made from lists, and there is
//! a form in their place that loses nothing: that they lose conditions is said whenever one is used. Certificates in PEM,
//! in DER or in a directory are how people give a CA of their own, which has no conditions: these stores are used without
//! a word, unless one of their roots is one that Mozilla, as the list compiled in has it, trusts under a condition. Then
//! the root and the condition are named.

use std::fs;
use std::path::Path;

use jit_trust::FileStore;
use jit_trust_bundle::{NoteKind, RootList};

use crate::terminal::warning;

/// The last version of the trust blob that carries no conditions.
const VERSION_1: u16 = 1;

/// The most files of a webroot that are looked at to find a blob.
const MAX_LOOKED_AT: usize = 16;

pub(crate) fn warn_of_list(list: &RootList) {
    let is_of_mozilla = |kind: &NoteKind| matches!(kind, NoteKind::ConditionsOfMozilla { .. });
    let notes = list.notes().iter();
    notes.filter(|note| is_of_mozilla(&note.kind)).for_each(warning);
}

pub(crate) fn warn_of_blob(name: &str, blob: &FileStore) {
    if blob.version() <= VERSION_1 && !blob.is_empty() {
        warning(format_args!("{name}: {}", NoteKind::CarriesNoConditions));
    }
}

/// Looks at one of the webroot's blobs, which are all of one version.
pub(crate) fn warn_of_webroot(name: &str, directory: &Path) {
    let by_subject = directory.join("by-subject");
    // What cannot be read is an error when the store is asked.
    let Ok(blobs) = fs::read_dir(&by_subject) else {
        return;
    };
    let mut blobs = blobs.take(MAX_LOOKED_AT);
    let first = blobs.find_map(|entry| FileStore::open(entry.ok()?.path()).ok());
    if let Some(blob) = first {
        warn_of_blob(name, &blob);
    }
}
