//! Whether a key has signed a certificate, by the algorithms of webpki.

use jit_trust_core::der::Reader;
use jit_trust_engine::Rejection;
use pki_types::SignatureVerificationAlgorithm;

use crate::algorithm;
use crate::key::{Key, unsupported_key};

/// Checks that the key of `spki_value`, the inside of a SubjectPublicKeyInfo, has signed a certificate in DER.
///
/// # Errors
/// [`Rejection::BadSignature`] where it has not; others where the algorithm or the key is not one that is accepted, or where
/// they cannot be read.
pub(crate) fn verify_signature(
    certificate: &[u8],
    spki_value: &[u8],
    algorithms: &[&dyn SignatureVerificationAlgorithm],
) -> Result<(), Rejection> {
    let unreadable = || Rejection::UnreadableCertificate {
        detail: None,
        original: None,
    };
    let (message, signature_algorithm, signature) = signed_parts(certificate).ok_or_else(unreadable)?;
    let key = Key::read(spki_value).ok_or_else(unreadable)?;
    let of_that_kind = || {
        let all = algorithms.iter();
        all.filter(|algorithm| algorithm.signature_alg_id().as_ref() == signature_algorithm)
    };
    let mut fitting =
        of_that_kind().filter(|algorithm| algorithm.public_key_alg_id().as_ref() == key.algorithm);
    if let Some(algorithm) = fitting.next() {
        return match algorithm.verify_signature(key.bits, message, signature) {
            Ok(()) => Ok(()),
            // The library says the same of a key that it does not accept.
            Err(_) => Err(match unsupported_key(spki_value) {
                Some(detail) => Rejection::UnsupportedKey {
                    detail: Some(detail),
                    original: None,
                },
                None => Rejection::BadSignature { original: None },
            }),
        };
    }
    // A signature of one kind is none by a key of another. Of elliptic curves, one that is not known is of the same kind.
    fn kind(algorithm: &[u8]) -> Option<&[u8]> {
        Some(Reader::new(algorithm).read()?.value)
    }
    let is_of_key_kind = |algorithm: &[u8]| kind(algorithm) == kind(key.algorithm);
    let is_known_key = algorithms
        .iter()
        .any(|algorithm| is_of_key_kind(algorithm.public_key_alg_id().as_ref()));
    let is_known = of_that_kind().next().is_some();
    let may_be_its = of_that_kind().any(|algorithm| is_of_key_kind(algorithm.public_key_alg_id().as_ref()));
    if is_known && is_known_key && !may_be_its {
        return Err(Rejection::BadSignature { original: None });
    }
    Err(Rejection::UnsupportedAlgorithm {
        detail: Some(algorithm::unsupported(signature_algorithm, key.algorithm)),
        original: None,
    })
}

/// What is signed, the inside of the algorithm's identifier, and the signature (RFC 5280 section 4.1.1).
fn signed_parts(certificate: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let outer = Reader::new(certificate).read()?;
    let mut fields = Reader::new(outer.value);
    let (to_be_signed, algorithm) = (fields.read()?, fields.read()?);
    Some((to_be_signed.whole, algorithm.value, fields.read()?.bits()?))
}

#[cfg(test)]
mod tests {
    use jit_trust_lab::pki::{Ca, Key, KeyKind, Leaf};
    use rustls::crypto::aws_lc_rs::default_provider;

    use jit_trust_core::Certificate;

    use super::{Rejection, verify_signature};
    use crate::rsa;

    fn by(leaf: &Leaf, ca: &Ca) -> Result<(), Rejection> {
        let (leaf, ca) = (leaf.der(), ca.der());
        let ca = Certificate::from_der(&ca).unwrap();
        let algorithms = default_provider().signature_verification_algorithms;
        verify_signature(&leaf, ca.spki_value(), algorithms.all)
    }

    fn does_not_fit(leaf: &Leaf, ca: &Ca) -> bool {
        matches!(by(leaf, ca), Err(Rejection::BadSignature { .. }))
    }

    #[test]
    fn a_signature_fits_the_key_that_made_it_and_no_other() {
        for kind in [KeyKind::default(), KeyKind::Ed25519] {
            let ca = Ca::builder("A").key_kind(kind).self_signed();
            assert!(by(&ca.leaf("a.test"), &ca).is_ok());
            assert!(does_not_fit(&ca.leaf("a.test"), &Ca::root("A")));
            let forged = Leaf::builder(&["a.test"]).forged().issued_by(&ca);
            assert!(does_not_fit(&forged, &ca));
        }
    }

    #[test]
    fn a_signature_by_a_key_that_is_too_short_is_not_checked() {
        let ca = Ca::builder("A").key(&Key::weak_rsa(KeyKind::Rsa2048, 0));
        let short = ca.clone().claiming_key(rsa(1024)).self_signed();
        let refused = by(&short.leaf("a.test"), &short);
        assert!(
            matches!(refused, Err(Rejection::UnsupportedKey { .. })),
            "{refused:?}"
        );
        let other = ca.clone().claiming_key(rsa(2048)).self_signed();
        assert!(does_not_fit(&other.leaf("a.test"), &other));
        assert!(does_not_fit(&Ca::root("B").leaf("a.test"), &short));
    }
}
