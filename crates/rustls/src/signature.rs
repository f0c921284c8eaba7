//! The check that a key has signed a certificate, by the algorithms of webpki.

use alloc::format;
use alloc::string::String;
use core::ops::RangeInclusive;

use jit_trust_core::{Algorithm, PublicKey, SignedParts};
use jit_trust_engine::Rejection;
use pki_types::SignatureVerificationAlgorithm;

/// The lengths of RSA keys that webpki accepts in a chain (`RSA_PKCS1_2048_8192_SHA256`). With other keys it reports an
/// invalid signature.
const RSA_BITS: RangeInclusive<usize> = 2048..=8192;

/// A description of a key that is not accepted in a chain: an RSA key that is too short or too long. `None` for other keys.
/// `spki_value` is the value of a SubjectPublicKeyInfo, without the header of its SEQUENCE.
pub fn unsupported_key(spki_value: &[u8]) -> Option<String> {
    let bits = PublicKey::read(spki_value)?.rsa_bits()?;
    (!RSA_BITS.contains(&bits)).then(|| {
        format!(
            "RSA of {bits} bits, and none of fewer than {} or more than {} is accepted",
            RSA_BITS.start(),
            RSA_BITS.end()
        )
    })
}

/// The message that a signature of this algorithm is not accepted, or not by a key of that algorithm. Both are values of an
/// AlgorithmIdentifier.
pub(crate) fn unsupported(signature: &[u8], key: Option<&[u8]>) -> String {
    let signature = Algorithm(signature);
    match key.map(Algorithm) {
        None => format!("a certificate in the chain is signed with {signature}, which is not accepted"),
        Some(key) => format!(
            "a certificate in the chain is signed with {signature}, and a signature of that kind by a key of {key} is not \
             accepted"
        ),
    }
}

/// Checks that the key of `spki_value`, the value of a SubjectPublicKeyInfo, has signed a certificate in DER.
///
/// # Errors
/// [`Rejection::BadSignature`] where it has not; another rejection where the algorithm or the key is not accepted or cannot be
/// read.
pub fn verify_signature(
    certificate: &[u8],
    spki_value: &[u8],
    algorithms: &[&dyn SignatureVerificationAlgorithm],
) -> Result<(), Rejection> {
    let (Some(signed), Some(key)) = (SignedParts::of(certificate), PublicKey::read(spki_value)) else {
        return Err(Rejection::unreadable_certificate(None));
    };
    let mut of_that_kind = algorithms
        .iter()
        .filter(|algorithm| algorithm.signature_alg_id().as_ref() == signed.algorithm.0)
        .peekable();
    let is_known = of_that_kind.peek().is_some();
    let is_key_known = algorithms
        .iter()
        .any(|algorithm| is_same_kind(&algorithm.public_key_alg_id(), &key));
    let mut may_be_its = false;
    for algorithm in of_that_kind {
        if algorithm.public_key_alg_id().as_ref() == key.algorithm().0 {
            let verified = algorithm.verify_signature(key.bits(), signed.message, signed.signature);
            return verified.map_err(|_| match unsupported_key(spki_value) {
                // The library returns the same error for a key that it does not accept.
                Some(detail) => Rejection::UnsupportedKey {
                    detail: Some(detail),
                    original: None,
                },
                None => Rejection::BadSignature { original: None },
            });
        }
        may_be_its |= is_same_kind(&algorithm.public_key_alg_id(), &key);
    }
    // A key of one kind cannot have made a signature of another kind.
    if is_known && is_key_known && !may_be_its {
        return Err(Rejection::BadSignature { original: None });
    }
    Err(Rejection::UnsupportedAlgorithm {
        detail: Some(unsupported(signed.algorithm.0, Some(key.algorithm().0))),
        original: None,
    })
}

/// Whether an algorithm is for keys of this kind. All elliptic curves are one kind.
fn is_same_kind(algorithm: &[u8], key: &PublicKey<'_>) -> bool {
    Algorithm(algorithm).object_identifier() == key.algorithm().object_identifier()
}

#[cfg(test)]
mod tests {
    use alloc::vec;
    use alloc::vec::Vec;

    use jit_trust_core::der::Reader;
    use jit_trust_lab::pki::{Ca, Key, KeyKind, Leaf, der, oid};
    use rustls::crypto::aws_lc_rs::default_provider;

    use jit_trust_core::Certificate;

    use super::{Rejection, unsupported_key, verify_signature};

    /// The SubjectPublicKeyInfo of an RSA key of so many bits, which nobody holds.
    fn rsa(bits: usize) -> Vec<u8> {
        let modulus = [&[0][..], &vec![0xc3; bits / 8]].concat();
        let key = der::sequence(&[&der::integer(&modulus), &der::integer(&[1, 0, 1])]);
        let algorithm = der::sequence(&[&der::object_identifier(oid::RSA), &der::tlv(5, &[])]);
        der::sequence(&[&algorithm, &der::bit_string(&key)])
    }

    #[test]
    fn rsa_keys_outside_the_range_are_not_supported() {
        for (bits, is_supported) in [
            (512, false),
            (1024, false),
            (2048, true),
            (4096, true),
            (16384, false),
        ] {
            let spki = rsa(bits);
            let value = Reader::new(&spki).read().unwrap().value;
            assert_eq!(unsupported_key(value).is_none(), is_supported, "{bits}");
        }
        assert_eq!(unsupported_key(&[]), None);
    }

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
