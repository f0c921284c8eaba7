//! A deferred store in memory, which answers at once.

use jit_trust::{AnchorKey, Certificate, DeferredStore, Entry, LookupRequest, LookupResponse, Responder};
use jit_trust_core::v2;

/// A deferred store of one anchor.
#[derive(Clone, Debug)]
pub(crate) struct Deferred {
    key: AnchorKey,
    pub(crate) blob: Vec<u8>,
}

impl DeferredStore for Deferred {
    fn name(&self) -> String {
        "deferred".to_owned()
    }

    fn look_up(&self, request: LookupRequest, responder: Responder) {
        let is_it = request.key == self.key;
        responder.send(if is_it {
            LookupResponse::blob(self.blob.as_slice())
        } else {
            Ok(LookupResponse::not_found())
        });
    }
}

impl Deferred {
    /// A store of this root.
    pub(crate) fn of(root: &[u8]) -> Self {
        let certificate = Certificate::from_der(root).expect("a readable root");
        Self {
            key: AnchorKey::Subject(certificate.subject().hash()),
            blob: v2::to_vec(&[Entry::from_certificate(certificate)], v2::Options::default(), 7)
                .expect("one entry"),
        }
    }
}
