//! Whether a key has signed a certificate. It is shown and decides nothing: paths are validated by the TLS library.

use jit_trust::Certificate;
use jit_trust_core::der::Reader;
use rustls::crypto::WebPkiSupportedAlgorithms;
use serde::Serialize;

use crate::trust::key::{self, Key};

/// How the signature of a certificate fits a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Signature {
    Fits,
    DoesNotFit,
    /// The algorithm or the key is not one that the TLS library takes, or it could not be read.
    NotChecked,
}

/// How the signature of `issued` fits the key of `spki_value`, the inside of a SubjectPublicKeyInfo.
pub(super) fn check(
    issued: &Certificate<'_>,
    spki_value: &[u8],
    algorithms: WebPkiSupportedAlgorithms,
) -> Signature {
    let Some((message, signature_algorithm, signature)) = signed_parts(issued.as_der()) else {
        return Signature::NotChecked;
    };
    let Some(key) = Key::read(spki_value) else {
        return Signature::NotChecked;
    };
    let of_that_kind = || {
        let all = algorithms.all.iter();
        all.filter(|algorithm| algorithm.signature_alg_id().as_ref() == signature_algorithm)
    };
    let mut fitting =
        of_that_kind().filter(|algorithm| algorithm.public_key_alg_id().as_ref() == key.algorithm);
    if let Some(algorithm) = fitting.next() {
        return match algorithm.verify_signature(key.bits, message, signature) {
            Ok(()) => Signature::Fits,
            // The library says the same of a key that it does not take.
            Err(_) if key::refused_rsa_bits(spki_value).is_some() => Signature::NotChecked,
            Err(_) => Signature::DoesNotFit,
        };
    }
    // A signature of one kind is none by a key of another. Of elliptic curves, one that is not known is of the same kind.
    let kind = |algorithm: &[u8]| Reader::new(algorithm).read().map(|kind| kind.value.to_vec());
    let key_kind = kind(key.algorithm);
    let is_of_key_kind = |algorithm: &[u8]| kind(algorithm) == key_kind;
    let is_known_key = algorithms
        .all
        .iter()
        .any(|algorithm| is_of_key_kind(algorithm.public_key_alg_id().as_ref()));
    let is_known = of_that_kind().next().is_some();
    let may_be_its = of_that_kind().any(|algorithm| is_of_key_kind(algorithm.public_key_alg_id().as_ref()));
    if is_known && is_known_key && !may_be_its {
        Signature::DoesNotFit
    } else {
        Signature::NotChecked
    }
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

    use super::{Certificate, Signature, check, key};

    fn by(leaf: &Leaf, ca: &Ca) -> Signature {
        let (leaf, ca) = (leaf.der(), ca.der());
        let leaf = Certificate::from_der(&leaf).unwrap();
        let ca = Certificate::from_der(&ca).unwrap();
        let algorithms = default_provider().signature_verification_algorithms;
        check(&leaf, ca.spki_value(), algorithms)
    }

    #[test]
    fn a_signature_fits_the_key_that_made_it_and_no_other() {
        for kind in [KeyKind::default(), KeyKind::Ed25519] {
            let ca = Ca::builder("A").key_kind(kind).self_signed();
            assert_eq!(by(&ca.leaf("a.test"), &ca), Signature::Fits);
            assert_eq!(by(&ca.leaf("a.test"), &Ca::root("A")), Signature::DoesNotFit);
            let forged = Leaf::builder(&["a.test"]).forged().issued_by(&ca);
            assert_eq!(by(&forged, &ca), Signature::DoesNotFit);
        }
    }

    #[test]
    fn a_signature_by_a_key_that_is_too_short_is_not_checked() {
        let ca = Ca::builder("A").key(&Key::weak_rsa(KeyKind::Rsa2048, 0));
        let short = ca.clone().claiming_key(key::tests::rsa(1024)).self_signed();
        assert_eq!(by(&short.leaf("a.test"), &short), Signature::NotChecked);
        let other = ca.clone().claiming_key(key::tests::rsa(2048)).self_signed();
        assert_eq!(by(&other.leaf("a.test"), &other), Signature::DoesNotFit);
        assert_eq!(by(&Ca::root("B").leaf("a.test"), &short), Signature::DoesNotFit);
    }
}
