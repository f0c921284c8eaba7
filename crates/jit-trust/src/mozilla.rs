//! Mozilla's list, compiled in.

use std::sync::LazyLock;

use crate::BlobStore;

/// The roots that Mozilla trusts for servers, compiled into the program: no file, no heap.
///
/// They are those of the version of the `webpki-root-certs` crate that this crate was built with, in the order in
/// which it lists them. The conditions that Mozilla puts on some of them beside their certificates are not in it.
///
/// The store is checked when it is first asked for, which takes some tens of microseconds.
pub fn mozilla() -> &'static BlobStore {
    static MOZILLA: LazyLock<BlobStore> = LazyLock::new(|| {
        let blob = include_bytes!(concat!(env!("OUT_DIR"), "/mozilla.tblb"));
        BlobStore::new(blob).expect("the build script has written a trust blob")
    });
    &MOZILLA
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;

    /// The list and the day that `build.rs` gives it belong together. When this fails because `webpki-root-certs` was
    /// raised, set `GENERATION` there to the day, and the hash here to what it says.
    #[test]
    fn the_compiled_in_list_is_the_one_that_has_this_generation() {
        let hash: [u8; 32] = Sha256::digest(mozilla().as_bytes()).into();
        let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(
            (hash.as_str(), mozilla().blob().generation()),
            (
                "f6e8c1a73550cc4b71ebc8de4f1a44f812e15b646f6521d2852f6c601c53dfb3",
                1_795_132_800
            )
        );
    }

    #[test]
    fn the_compiled_in_list_is_that_of_webpki_root_certs() {
        let mozilla = mozilla();
        let ours = mozilla
            .blob()
            .certificates()
            .map(|certificate| certificate.as_der().to_vec());
        let theirs = webpki_root_certs::TLS_SERVER_ROOT_CERTS
            .iter()
            .map(|der| der.to_vec());
        assert!(ours.eq(theirs));
    }
}
