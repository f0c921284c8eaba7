//! Whether a key has signed a certificate. It is shown and decides nothing: paths are validated by the TLS library.

use jit_trust::{Certificate, Rejection};
use jit_trust_rustls::verify_signature;
use rustls::crypto::WebPkiSupportedAlgorithms;
use serde::Serialize;

/// How the signature of a certificate fits a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Signature {
    Fits,
    DoesNotFit,
    /// The algorithm or the key is not one that the TLS library accepts, or it could not be read.
    NotChecked,
}

/// How the signature of `issued` fits the key of `spki_value`, the inside of a SubjectPublicKeyInfo.
pub(super) fn check(
    issued: &Certificate<'_>,
    spki_value: &[u8],
    algorithms: WebPkiSupportedAlgorithms,
) -> Signature {
    match verify_signature(issued.as_der(), spki_value, algorithms.all) {
        Ok(()) => Signature::Fits,
        Err(Rejection::BadSignature { .. }) => Signature::DoesNotFit,
        Err(_) => Signature::NotChecked,
    }
}
