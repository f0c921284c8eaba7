//! An edge to a TLS library, as the machine uses it.

use super::{ValidPath, ValidationRequest};
use crate::Rejection;

/// How a TLS library validates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Library {
    /// Whether the final validation can be done only once, because it happens inside the handshake or in a context that
    /// validates once. The machine then makes trial validations first, while other anchors can still be added or dropped.
    pub validates_once: bool,
    /// Whether the library checks name constraints: the anchor's and those of the CAs in the path. Otherwise the machine
    /// checks them.
    pub checks_name_constraints: bool,
}

impl Library {
    /// A library that validates any number of times and checks name constraints: webpki.
    pub const REPEATABLE: Self = Self {
        validates_once: false,
        checks_name_constraints: true,
    };

    /// A library that makes one final validation and checks name constraints: OpenSSL.
    pub const ONCE: Self = Self {
        validates_once: true,
        checks_name_constraints: true,
    };

    /// The same library without name constraints: mbedTLS.
    #[must_use]
    pub const fn without_name_constraints(self) -> Self {
        Self {
            checks_name_constraints: false,
            ..self
        }
    }
}

/// The path validation of a TLS library, for a [`Verification`](super::Verification).
pub trait Edge {
    /// Validates the whole path with the library, against exactly these anchors.
    ///
    /// # Errors
    /// Why there is no valid path.
    fn validate(&mut self, request: &ValidationRequest<'_, '_>) -> Result<ValidPath<'_>, Rejection>;

    /// Checks with the library's algorithms that a key has signed a certificate. `issuer_spki` is the value of the issuer's
    /// SubjectPublicKeyInfo, without the header of its SEQUENCE; `certificate` is in DER.
    ///
    /// # Errors
    /// [`Rejection::BadSignature`] where the signature is not the key's; another rejection where the library cannot check it.
    fn verify_signature(&self, certificate: &[u8], issuer_spki: &[u8]) -> Result<(), Rejection>;
}
