//! A webroot as an input: its `index.json`, checked against its files.

use std::path::Path;

use jit_trust_core::TrustBlob;

use super::file;
use crate::index::{self, Index, IndexedRoot, path};
use crate::list::Collector;
use crate::{Conditions, Fingerprint, Form, InputError, Place, Problem};

/// The index of a directory that is a webroot; `None` for any other directory.
pub(super) fn index_of(directory: &Path) -> Result<Option<Index>, InputError> {
    let index = directory.join(path::INDEX);
    let place = file::place_of(&index);
    match index.symlink_metadata() {
        // Also a directory without rights, which says so when it is read.
        Err(_) => return Ok(None),
        Ok(_) if file::is_directory(&index, &place)? => return Ok(None),
        Ok(_) => {}
    }
    let index = match Index::read(&file::read(&index)?) {
        None => return Ok(None),
        Some(Err(error)) => {
            let reason = error.to_string();
            return Err(Problem::Index { reason }.at(place));
        }
        Some(Ok(index)) => index,
    };
    if index.version != index::VERSION {
        let reason = format!(
            "version {}, this reader knows version {}",
            index.version,
            index::VERSION
        );
        return Err(Problem::Index { reason }.at(place));
    }
    Ok(Some(index))
}

/// Reads the roots that the index lists, in its order, and checks that the bundle holds the same.
pub(super) fn read(directory: &Path, index: &Index, collector: &mut Collector) -> Result<(), InputError> {
    let place = file::place_of(directory);
    let wrong = |file: &str| {
        Problem::WrongIndex {
            file: file.to_owned(),
        }
        .at(place.clone())
    };
    if index.bundle.path != path::BUNDLE {
        return Err(wrong(path::BUNDLE));
    }
    let bundle = file::read(&directory.join(path::BUNDLE))?;
    if Fingerprint::of(&bundle).to_string() != index.bundle.sha256 {
        return Err(wrong(path::BUNDLE));
    }
    let in_bundle = file::place_of(&directory.join(path::BUNDLE));
    let bundle = TrustBlob::open(&bundle).map_err(|error| Problem::Blob(error).at(in_bundle))?;
    if bundle.generation() != index.generation || bundle.len() != index.roots.len() {
        return Err(wrong(path::BUNDLE));
    }
    collector.source(&place, Form::Webroot, Some(index.generation));
    for ((ordinal, root), bundled) in (1..).zip(&index.roots).zip(bundle.certificates()) {
        let der = certificate(directory, root, &place)?;
        if bundled.as_der() != der {
            return Err(wrong(path::BUNDLE));
        }
        let conditions = Conditions {
            distrust_after: root.distrust_after,
            applied_constraints: root.applied_constraints.clone(),
        };
        collector.offer(place.certificate(ordinal), der, conditions)?;
    }
    Ok(())
}

/// The certificate of a root, which must be the one that the index has the fingerprint of. The index cannot lead
/// out of the webroot: the path it gives must be made of that fingerprint.
fn certificate(directory: &Path, root: &IndexedRoot, place: &Place) -> Result<Vec<u8>, InputError> {
    let wrong = || {
        Problem::WrongIndex {
            file: root.der.clone(),
        }
        .at(place.clone())
    };
    let is_fingerprint = root.sha256.len() == 64 && root.sha256.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !is_fingerprint || root.der != Index::der_path(&root.sha256) {
        return Err(wrong());
    }
    let der = file::read(&directory.join(&root.der))?;
    if Fingerprint::of(&der).to_string() != root.sha256 {
        return Err(wrong());
    }
    Ok(der)
}
