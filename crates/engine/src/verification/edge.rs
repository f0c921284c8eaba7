//! What an edge to a TLS library lends to the machine.

use super::{ValidPath, ValidationRequest};
use crate::Rejection;

/// How a TLS library validates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Library {
    /// Whether the validation that decides can be done only once, because it happens inside the handshake or in a context
    /// that judges once. The machine then tries anchors out before, as long as the verdict can change them.
    pub validates_once: bool,
    /// Whether the library checks name constraints, those of the anchor and those of the CAs in the path. Otherwise the
    /// machine does.
    pub checks_name_constraints: bool,
}

impl Library {
    /// A library that can validate any number of times, and checks name constraints: webpki.
    pub const REPEATABLE: Self = Self {
        validates_once: false,
        checks_name_constraints: true,
    };

    /// A library whose validation that decides happens once, and that checks name constraints: OpenSSL.
    pub const ONCE: Self = Self {
        validates_once: true,
        checks_name_constraints: true,
    };

    /// The same for a library that knows no name constraints: mbedTLS.
    #[must_use]
    pub const fn without_name_constraints(self) -> Self {
        Self {
            checks_name_constraints: false,
            ..self
        }
    }
}

/// An edge to a TLS library: its path validation, lent to a [`Verification`](super::Verification).
pub trait Edge {
    /// Has the library validate the whole path against just these anchors.
    ///
    /// # Errors
    /// Why there is no valid path.
    fn validate(&mut self, request: &ValidationRequest<'_, '_>) -> Result<ValidPath<'_>, Rejection>;

    /// Checks with the library's algorithms that a key has signed a certificate. `issuer_spki` is the inside of the issuer's
    /// SubjectPublicKeyInfo, without the header of its SEQUENCE; `certificate` is in DER.
    ///
    /// # Errors
    /// [`Rejection::BadSignature`] where the signature does not fit, another where the library cannot tell.
    fn verify_signature(&self, certificate: &[u8], issuer_spki: &[u8]) -> Result<(), Rejection>;
}
