//! Trust blobs of the lab's roots, and data for tests.
#![allow(dead_code, reason = "each test uses some of it")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use jit_trust_core::{Certificate, Entry, v1, v2};
use jit_trust_lab::pki::Ca;

/// A version of the trust blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    V1,
    V2,
}

pub(crate) const VERSIONS: [Version; 2] = [Version::V1, Version::V2];

/// A trust blob of these entries, made in 1970. Version 1 takes those that have certificates, and no conditions.
pub(crate) fn encode(entries: &[Entry<'_>], version: Version) -> Vec<u8> {
    match version {
        Version::V1 => {
            let certificates: Vec<_> = entries.iter().filter_map(Entry::certificate).collect();
            v1::to_vec(&certificates, 7).expect("few certificates")
        }
        Version::V2 => v2::to_vec(entries, v2::Options::default(), 7).expect("few entries"),
    }
}

/// The entry that this certificate is.
pub(crate) fn entry(der: &[u8]) -> Entry<'_> {
    Entry::from_certificate(Certificate::from_der(der).expect("a readable certificate"))
}

/// A trust blob of these certificates.
pub(crate) fn blob_of(roots: &[impl AsRef<[u8]>], version: Version) -> Vec<u8> {
    let entries: Vec<_> = roots.iter().map(|der| entry(der.as_ref())).collect();
    encode(&entries, version)
}

/// A trust blob of these roots.
pub(crate) fn blob(roots: &[&Ca], version: Version) -> Vec<u8> {
    let roots: Vec<_> = roots.iter().map(|root| root.der()).collect();
    blob_of(&roots, version)
}

/// A web root as `bundle` makes it, of these entries.
pub(crate) fn webroot_of(directory: &Path, entries: &[Entry<'_>], version: Version) {
    let by_subject = directory.join("by-subject");
    fs::create_dir_all(&by_subject).expect("a directory in a temporary directory");
    let mut by_name = BTreeMap::<String, Vec<Entry<'_>>>::new();
    for entry in entries {
        let name = entry.subject().expect("the name of a certificate").hash();
        by_name.entry(name.to_string()).or_default().push(*entry);
    }
    for (name, entries) in by_name {
        let file = by_subject.join(format!("{name}.tblb"));
        fs::write(file, encode(&entries, version)).expect("a file in a temporary directory");
    }
}

/// A web root as `bundle` makes it, of these roots.
pub(crate) fn webroot(directory: &Path, roots: &[&Ca], version: Version) {
    let roots: Vec<_> = roots.iter().map(|root| root.der()).collect();
    let entries: Vec<_> = roots.iter().map(|der| entry(der)).collect();
    webroot_of(directory, &entries, version);
}

/// A file with a store, which is replaced.
pub(crate) struct Replaced(tempfile::TempDir);

impl Replaced {
    pub(crate) fn by(entries: &[Entry<'_>]) -> Self {
        let file = Self(tempfile::tempdir().expect("a temporary directory"));
        file.replace(entries);
        file
    }

    pub(crate) fn path(&self) -> std::path::PathBuf {
        self.0.path().join("trust.tblb")
    }

    pub(crate) fn replace(&self, entries: &[Entry<'_>]) {
        let new = self.0.path().join("new");
        fs::write(&new, encode(entries, Version::V2)).expect("a file in a temporary directory");
        fs::rename(new, self.path()).expect("the same directory");
    }
}

/// A file or directory of the third-party data that tests read in place, beside the repository. Where it is
/// missing, the test is skipped, and says so; with `CI` set, it fails.
pub(crate) fn shared_data(name: &str) -> Option<std::path::PathBuf> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let path = data.join(name);
    if path.exists() {
        return Some(path);
    }
    assert!(std::env::var_os("CI").is_none(), "{} is missing", path.display());
    eprintln!("skipped: {} is missing", path.display());
    None
}
