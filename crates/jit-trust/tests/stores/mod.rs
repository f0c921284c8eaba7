//! Trust blobs of the lab's roots, and data for tests.
#![allow(dead_code, reason = "each test uses some of it")]

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

/// A file or directory of the third-party data that tests read in place, beside the repository. Where it is
/// missing, the test is skipped, and says so; with `CI` set, it fails.
pub(crate) fn shared_data(name: &str) -> Option<std::path::PathBuf> {
    let data = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let path = data.join(name);
    if path.exists() {
        return Some(path);
    }
    assert!(std::env::var_os("CI").is_none(), "{} is missing", path.display());
    eprintln!("skipped: {} is missing", path.display());
    None
}
