//! Trust blobs of the lab's roots, and data for tests.
#![allow(dead_code, reason = "each test uses some of it")]

use std::fs;
use std::path::Path;

use jit_trust_core::{Certificate, v1};
use jit_trust_lab::pki::Ca;

/// A trust blob of these roots, made in 1970.
pub(crate) fn blob(roots: &[&Ca]) -> Vec<u8> {
    let roots: Vec<_> = roots.iter().map(|root| root.der()).collect();
    blob_of(&roots)
}

/// A trust blob of these certificates, made in 1970.
pub(crate) fn blob_of(roots: &[impl AsRef<[u8]>]) -> Vec<u8> {
    let roots: Vec<_> = roots
        .iter()
        .map(|der| Certificate::from_der(der.as_ref()).expect("a readable certificate"))
        .collect();
    let mut blob = vec![0; v1::encoded_len(&roots).expect("few certificates")];
    v1::encode(&roots, 7, &mut blob).expect("the buffer is large enough");
    blob
}

/// A web root as `bundle` makes it, of these roots.
pub(crate) fn webroot(directory: &Path, roots: &[&Ca]) {
    let roots: Vec<_> = roots.iter().map(|root| root.der()).collect();
    webroot_of(directory, &roots);
}

/// A web root as `bundle` makes it, of these certificates.
pub(crate) fn webroot_of(directory: &Path, roots: &[impl AsRef<[u8]>]) {
    let by_subject = directory.join("by-subject");
    fs::create_dir_all(&by_subject).expect("a directory in a temporary directory");
    let name_of = |der: &[u8]| {
        let certificate = Certificate::from_der(der).expect("a readable certificate");
        certificate.subject().hash()
    };
    for root in roots {
        let name = name_of(root.as_ref());
        let same_name: Vec<_> = roots
            .iter()
            .filter(|other| name_of(other.as_ref()) == name)
            .collect();
        let file = by_subject.join(format!("{name}.tblb"));
        fs::write(file, blob_of(&same_name)).expect("a file in a temporary directory");
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
