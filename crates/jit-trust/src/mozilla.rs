//! Mozilla's list, compiled in.

use std::sync::LazyLock;

use crate::BlobStore;

/// The roots that Mozilla trusts for servers, compiled into the program: no file, no heap.
///
/// They are those of the `webpki-root-certs` crate, in its order and in the version with which this crate was built. Mozilla's
/// conditions, which are not in the certificates, come from the table in [`jit_trust_core::mozilla`], which states its date.
///
/// The first call checks the store, which takes some tens of microseconds.
pub fn mozilla() -> &'static BlobStore {
    static MOZILLA: LazyLock<BlobStore> = LazyLock::new(|| {
        let blob: &'static [u8] = include_bytes!(concat!(env!("OUT_DIR"), "/mozilla.tblb"));
        BlobStore::new(blob).expect("the build script has written a trust blob")
    });
    &MOZILLA
}

#[cfg(test)]
mod tests {
    use jit_trust_core::{Certificate, Entry, mozilla as conditions};
    use sha2::{Digest, Sha256};

    use super::*;

    /// The list and the day that is its generation belong together. When this fails because `webpki-root-certs` was
    /// raised, set `LIST_GENERATION` to the day, and the hash here to what it says.
    #[test]
    fn the_compiled_in_list_is_the_one_that_has_this_generation() {
        let hash: [u8; 32] = Sha256::digest(mozilla().as_bytes()).into();
        let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(
            (hash.as_str(), mozilla().blob().generation()),
            (
                "b6f9b272290407226645b3a19074b4424bcc8f777c0fadc2b336449e59a42cd8",
                1_795_132_800
            )
        );
    }

    #[test]
    fn the_compiled_in_list_is_that_of_webpki_root_certs_under_mozillas_conditions() {
        let theirs = webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().map(|der| {
            let certificate = Certificate::from_der(der).expect("a readable root");
            conditions::with_conditions(Entry::from_certificate(certificate))
        });
        let theirs: Vec<_> = theirs.collect();
        let ours: Vec<_> = mozilla().blob().entries().collect();
        assert_eq!(ours.len(), theirs.len());
        for (ours, theirs) in ours.iter().zip(&theirs) {
            assert_eq!(ours.spki_sha256(), theirs.spki_sha256());
            assert_eq!(ours.distrust_after(), theirs.distrust_after());
            assert_eq!(ours.name_constraints(), theirs.name_constraints());
            assert_eq!(ours.profile(), theirs.profile());
        }
        let dated = ours.iter().filter(|entry| entry.distrust_after().is_some());
        assert_eq!(dated.count(), 1, "Izenpe");
    }
}
