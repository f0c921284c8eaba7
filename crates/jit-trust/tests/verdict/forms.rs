//! The forms in which a store is kept.

use std::path::Path;

use jit_trust::{BlobStore, FileStore, TrustStore, Verifier, WebrootStore};
use rustls::crypto::CryptoProvider;

use crate::root::TrustedRoot;
use crate::stores::{self, Version};

/// A store in one of its forms, asked just in time.
pub(crate) struct Form {
    pub(crate) name: &'static str,
    /// Whether the form carries the conditions under which its roots are trusted. One that cannot is to be
    /// compared with webpki without them.
    pub(crate) carries_conditions: bool,
    pub(crate) verifier: Verifier,
}

/// These roots in every form, in this directory and in memory.
pub(crate) fn of(roots: &[TrustedRoot], directory: &Path, provider: &CryptoProvider) -> Vec<Form> {
    let form = |name, carries_conditions, store: Box<dyn TrustStore>| Form {
        name,
        carries_conditions,
        verifier: Verifier::with_provider(store, provider),
    };
    let entries: Vec<_> = roots.iter().map(TrustedRoot::entry).collect();
    let mut forms = Vec::new();
    for (version, names) in [
        (
            Version::V1,
            ["blob, version 1", "file, version 1", "webroot, version 1"],
        ),
        (
            Version::V2,
            ["blob, version 2", "file, version 2", "webroot, version 2"],
        ),
    ] {
        let directory = directory.join(format!("{version:?}"));
        stores::webroot_of(&directory, &entries, version);
        let blob = stores::encode(&entries, version);
        let path = directory.join("trust.tblb");
        std::fs::write(&path, &blob).unwrap();
        let stores: [Box<dyn TrustStore>; 3] = [
            Box::new(BlobStore::new(blob).unwrap()),
            Box::new(FileStore::open(path).unwrap()),
            Box::new(WebrootStore::open(directory).unwrap()),
        ];
        let of_version = names.into_iter().zip(stores);
        forms.extend(of_version.map(|(name, store)| form(name, version == Version::V2, store)));
    }
    forms
}
