//! A webroot as an input: its `index.json`, checked against its files; or the files of a webroot of another tool.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use jit_trust_core::{TrustBlob, WebrootPath};

use super::ccadb::imposed;
use super::collector::Collector;
use super::{blob, directory};
use crate::output::webroot::index::{Index, IndexedRoot, path};
use crate::output::webroot::plan::{Content, Plan};
use crate::{
    BlobOptions, BlobVersion, Conditions, Fingerprint, Form, InputError, KeyEntries, Problem, Root, file, hex,
};

/// The kind of a directory.
pub(super) enum Directory {
    Webroot(Box<Index>),
    /// A webroot of another tool.
    BareWebroot,
    Certificates,
}

/// The kind of this directory, by its `index.json` or, where there is none, by the folders of a webroot.
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

/// Reads the roots that the index lists, with the conditions that it gives, and checks that the bundle, which may
/// hold the same conditions, and every file that a client may ask for are those that a webroot of these roots has. The
/// policy says what becomes of conditions that are in no blob.
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
    let bundle = read_file(directory, path::BUNDLE)?;
    let options = check_bundle(directory, index, &bundle)?.ok_or_else(|| wrong(path::BUNDLE))?;
    let roots = roots(directory, index, wrong)?;
    let plan = Plan::of(
        &roots.iter().collect::<Vec<_>>(),
        index.generation,
        options,
        KeyEntries::Copies,
    );
    let plan = plan.map_err(|_| wrong(path::BUNDLE))?;
    if !matches!(plan.files.get(path::BUNDLE), Some(Content::File(expected)) if *expected == bundle) {
        return Err(wrong(path::BUNDLE));
    }
    for (listed, expected) in index.roots.iter().zip(&plan.index.roots) {
        check_listed(listed, expected).map_err(wrong)?;
    }
    check_files(directory, &plan.files, wrong)?;
    collector.store(
        &place,
        Form::Webroot,
        Some(options.version),
        Some(index.generation),
    );
    let takes_conditions = collector.takes_conditions(Form::Webroot, Some(options.version));
    for (ordinal, root) in (1..).zip(roots) {
        let root = if takes_conditions {
            root
        } else {
            root.without_conditions()
        };
        collector.offer_root(place.certificate(ordinal), root)?;
    }
    Ok(())
}

/// The bundle can be read and is the one that the index describes, which says how it was written; `None` when it is
/// another.
fn check_bundle(directory: &Path, index: &Index, bytes: &[u8]) -> Result<Option<BlobOptions>, InputError> {
    let is_whole =
        bytes.len() == index.bundle.len && Fingerprint::of(bytes).to_string() == index.bundle.sha256;
    if !is_whole {
        return Ok(None);
    }
    let bundle = blob::open(&file::place_of(&directory.join(path::BUNDLE)), bytes)?;
    let is_described = bundle.generation() == index.generation && bundle.len() == index.roots.len();
    Ok(index.bundle.options().filter(|_| is_described))
}

/// The roots that the index lists: certificates of `der`, and the conditions beside them.
fn roots(
    directory: &Path,
    index: &Index,
    wrong: impl Fn(&str) -> InputError,
) -> Result<Vec<Root>, InputError> {
    let mut total: usize = 0;
    let mut roots = Vec::new();
    for listed in &index.roots {
        if hex::decode(&listed.sha256).is_none() || listed.der != Index::der_path(&listed.sha256) {
            return Err(wrong(&listed.der));
        }
        let der = read_file(directory, &listed.der)?;
        total = total.saturating_add(der.len());
        file::check_len(&file::place_of(directory), total)?;
        if Fingerprint::of(&der).to_string() != listed.sha256 {
            return Err(wrong(&listed.der));
        }
        let place = file::place_of(&directory.join(&listed.der));
        let conditions = conditions(listed, &der).map_err(|problem| problem.at(place.clone()))?;
        let root = Root::new(der, conditions);
        roots.push(root.map_err(|error| Problem::Certificate(error).at(place))?);
    }
    Ok(roots)
}

/// The conditions of a root in the index.
fn conditions(listed: &IndexedRoot, der: &[u8]) -> Result<Conditions, Problem> {
    let domains = listed.applied_constraints.as_ref();
    let name_constraints = match (&listed.name_constraints, domains) {
        (Some(Some(constraints)), None) => Some(hex::decode(constraints).ok_or_else(|| Problem::Index {
            reason: format!("`name_constraints`: expected lower-case hex: {constraints}"),
        })?),
        (_, Some(domains)) => imposed(&domains.join(","), der)?,
        (_, None) => None,
    };
    Ok(Conditions {
        distrust_after: listed.distrust_after,
        name_constraints,
    })
}

/// Checks that the index agrees with a root's certificate. The error is the file that is not as the index says.
fn check_listed<'i>(listed: &'i IndexedRoot, expected: &IndexedRoot) -> Result<(), &'i str> {
    if listed.by_subject != expected.by_subject {
        Err(&listed.by_subject)
    } else if listed.keys != expected.keys {
        let strange = listed.keys.iter().find(|key| !expected.keys.contains(key));
        Err(strange.map_or(path::INDEX, String::as_str))
    } else {
        Ok(())
    }
}

/// Checks that every file has the content that it must have: first the certificates, of which the other files are made.
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

/// Reads a webroot of another tool, as far as it goes: the certificates in `der`, else those that `by-skid` leads to;
/// each once, in the order of the names of their files. Then the blobs of `by-subject`, which may know conditions, or
/// be all that there is.
pub(super) fn read_bare(directory: &Path, collector: &mut Collector) -> Result<(), InputError> {
    let place = file::place_of(directory);
    let by_subject = directory.join(WebrootPath::BY_SUBJECT);
    let blobs = match by_subject.is_dir() {
        true => files(&by_subject)?,
        false => Vec::new(),
    };
    let readable = blobs.iter().filter_map(|(_, bytes)| TrustBlob::open(bytes).ok());
    let oldest_version = readable.map(|blob| BlobVersion::of(&blob)).min();
    collector.store(&place, Form::BareWebroot, oldest_version, None);
    let der = directory.join(path::DER);
    let by_key_id = directory.join(WebrootPath::BY_SUBJECT_KEY_ID);
    let has_certificates = der.is_dir() || by_key_id.is_dir();
    if der.is_dir() {
        directory::read_files(&der, collector)?;
    } else if by_key_id.is_dir() {
        for (path, bytes) in files(&by_key_id)? {
            collector.offer(file::place_of(&path), bytes, Conditions::default())?;
        }
    }
    for (path, bytes) in &blobs {
        let place = file::place_of(path);
        for (ordinal, entry) in (1..).zip(blob::open(&place, bytes)?.entries()) {
            let (place, root) = (place.certificate(ordinal), Root::from_entry(&entry));
            match has_certificates {
                true => collector.offer_again(&place, root)?,
                false => collector.offer_root(place, root)?,
            }
        }
    }
    Ok(())
}

/// The files of a folder, in the order of their names; each content once, because several keys may lead to one.
fn files(folder: &Path) -> Result<Vec<(PathBuf, Vec<u8>)>, InputError> {
    let mut total: usize = 0;
    let mut seen = HashSet::new();
    let mut files = Vec::new();
    for name in directory::names(folder)? {
        let path = folder.join(name);
        let bytes = read_regular(&path)?;
        if seen.insert(Fingerprint::of(&bytes)) {
            total = total.saturating_add(bytes.len());
            file::check_len(&file::place_of(folder), total)?;
            files.push((path, bytes));
        }
    }
    Ok(files)
}

fn read_file(directory: &Path, path: &str) -> Result<Vec<u8>, InputError> {
    read_regular(&directory.join(path))
}

fn read_regular(path: &Path) -> Result<Vec<u8>, InputError> {
    file::read_regular(path).map_err(|problem| problem.at(file::place_of(path)))
}
