//! A webroot as an input: its `index.json`, checked against its files; or what a webroot of another tool holds.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use jit_trust_core::{TrustBlob, WebrootPath};

use super::{blob, directory, file};
use crate::list::Collector;
use crate::output::KeyEntries;
use crate::webroot::index::{Index, IndexedRoot, path};
use crate::webroot::plan::{Content, Plan};
use crate::{Conditions, Fingerprint, Form, InputError, Problem, Root};

/// What a directory is.
pub(super) enum Directory {
    Webroot(Box<Index>),
    /// A webroot of another tool.
    BareWebroot,
    Certificates,
}

/// What this directory is, told by its `index.json` or, where there is none, by the folders of a webroot.
pub(super) fn recognise(directory: &Path) -> Result<Directory, InputError> {
    let is_webroot = [WebrootPath::BY_SUBJECT_KEY_ID, WebrootPath::BY_SUBJECT]
        .iter()
        .any(|folder| directory.join(folder).is_dir());
    let index = directory.join(path::INDEX);
    if index.symlink_metadata().is_err() {
        // Also a directory without rights, which says so when it is read.
        return Ok(match is_webroot {
            true => Directory::BareWebroot,
            false => Directory::Certificates,
        });
    }
    let place = file::place_of(&index);
    let read = match file::read_regular(&index) {
        Ok(json) => Index::read(&json).map_err(|error| Problem::Index { reason: error.0 }),
        Err(problem) => Err(problem),
    };
    match read {
        Ok(index) => Ok(Directory::Webroot(Box::new(index))),
        // Some other tool's index, among certificates. As a file it is left to the directory to refuse.
        Err(_) if !is_webroot && !directory.join(path::BUNDLE).exists() => Ok(Directory::Certificates),
        Err(problem) => Err(problem.at(place)),
    }
}

/// Reads the roots of the bundle, with the conditions that the index gives, and checks that every file that a client may
/// ask for is the one that a webroot of these roots has.
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
    let bytes = read_file(directory, path::BUNDLE)?;
    if bytes.len() != index.bundle.len || Fingerprint::of(&bytes).to_string() != index.bundle.sha256 {
        return Err(wrong(path::BUNDLE));
    }
    let in_bundle = file::place_of(&directory.join(path::BUNDLE));
    let bundle = TrustBlob::open(&bytes).map_err(|error| Problem::Blob(error).at(in_bundle.clone()))?;
    if bundle.generation() != index.generation || bundle.len() != index.roots.len() {
        return Err(wrong(path::BUNDLE));
    }
    let mut roots = Vec::new();
    for ((ordinal, certificate), listed) in (1..).zip(bundle.certificates()).zip(&index.roots) {
        let conditions = Conditions {
            distrust_after: listed.distrust_after,
            applied_constraints: listed.applied_constraints.clone(),
        };
        let root = Root::new(certificate.as_der().to_vec(), conditions);
        roots.push(root.map_err(|error| Problem::Certificate(error).at(in_bundle.certificate(ordinal)))?);
    }
    let plan = Plan::of(
        &roots.iter().collect::<Vec<_>>(),
        index.generation,
        KeyEntries::Copies,
    );
    let plan = plan.map_err(|_| wrong(path::BUNDLE))?;
    for (listed, expected) in index.roots.iter().zip(&plan.index.roots) {
        check_listed(listed, expected).map_err(wrong)?;
    }
    check_files(directory, &plan.files, wrong)?;
    collector.source(&place, Form::Webroot, Some(index.generation));
    for (ordinal, root) in (1..).zip(roots) {
        collector.offer(
            place.certificate(ordinal),
            root.der().clone(),
            root.conditions().clone(),
        )?;
    }
    Ok(())
}

/// The index says of a root what its certificate says; else, which file is not as the index says.
fn check_listed<'i>(listed: &'i IndexedRoot, expected: &IndexedRoot) -> Result<(), &'i str> {
    if listed.sha256 != expected.sha256 {
        Err(path::BUNDLE)
    } else if listed.der != expected.der {
        Err(&listed.der)
    } else if listed.by_subject != expected.by_subject {
        Err(&listed.by_subject)
    } else if listed.keys != expected.keys {
        let strange = listed.keys.iter().find(|key| !expected.keys.contains(key));
        Err(strange.map_or(path::INDEX, String::as_str))
    } else {
        Ok(())
    }
}

/// Every file has the content that it must have: the certificates first, which the other files are made of.
fn check_files(
    directory: &Path,
    files: &BTreeMap<String, Content>,
    wrong: impl Fn(&str) -> InputError,
) -> Result<(), InputError> {
    let is_certificate = |path: &str| path.split('/').next() == Some(path::DER);
    let (certificates, others): (Vec<_>, Vec<_>) = files
        .iter()
        .filter(|(path, _)| *path != path::INDEX && *path != path::BUNDLE)
        .partition(|(path, _)| is_certificate(path));
    for (path, content) in certificates.into_iter().chain(others) {
        let found = read_file(directory, path)?;
        if !matches!(content, Content::File(expected) if *expected == found) {
            return Err(wrong(path));
        }
    }
    Ok(())
}

/// Reads a webroot of another tool, as far as it goes: the certificates in `der`, else those that `by-skid` leads to, else
/// those in the blobs of `by-subject`; each once, in the order of the names of their files.
pub(super) fn read_bare(directory: &Path, collector: &mut Collector) -> Result<(), InputError> {
    let place = file::place_of(directory);
    collector.source(&place, Form::BareWebroot, None);
    let der = directory.join(path::DER);
    if der.is_dir() {
        return directory::read_files(&der, collector);
    }
    let by_key_id = directory.join(WebrootPath::BY_SUBJECT_KEY_ID);
    let is_by_key_id = by_key_id.is_dir();
    let folder = match is_by_key_id {
        true => by_key_id,
        false => directory.join(WebrootPath::BY_SUBJECT),
    };
    let mut total: usize = 0;
    let mut seen = HashSet::new();
    for name in directory::names(&folder)? {
        let path = folder.join(name);
        let bytes = read_regular(&path)?;
        // Several keys may lead to one certificate.
        if !seen.insert(Fingerprint::of(&bytes)) {
            continue;
        }
        total = total.saturating_add(bytes.len());
        file::check_len(&place, total)?;
        let place = file::place_of(&path);
        match is_by_key_id {
            true => collector.offer(place, bytes, Conditions::default())?,
            false => blob::read_certificates(&place, &bytes, collector)?,
        }
    }
    Ok(())
}

fn read_file(directory: &Path, path: &str) -> Result<Vec<u8>, InputError> {
    read_regular(&directory.join(path))
}

fn read_regular(path: &Path) -> Result<Vec<u8>, InputError> {
    file::read_regular(path).map_err(|problem| problem.at(file::place_of(path)))
}
