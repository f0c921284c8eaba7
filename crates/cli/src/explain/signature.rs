//! Whether a key has signed a certificate. It is shown and decides nothing: paths are validated by the TLS library.

use jit_trust::Certificate;
use rustls::crypto::WebPkiSupportedAlgorithms;
use serde::Serialize;

/// How the signature of a certificate fits a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Signature {
    Fits,
    DoesNotFit,
    /// Nobody here knows the algorithm, or there were too many to check.
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
    let Some((key_algorithm, key)) = key_parts(spki_value) else {
        return Signature::NotChecked;
    };
    let of_that_kind = algorithms
        .all
        .iter()
        .filter(|algorithm| algorithm.signature_alg_id().as_ref() == signature_algorithm);
    let mut is_known = false;
    for algorithm in of_that_kind {
        is_known = true;
        if algorithm.public_key_alg_id().as_ref() == key_algorithm {
            return match algorithm.verify_signature(key, message, signature) {
                Ok(()) => Signature::Fits,
                Err(_) => Signature::DoesNotFit,
            };
        }
    }
    // A signature of one kind is none by a key of another.
    let knows_key = || {
        let mut all = algorithms.all.iter();
        all.any(|algorithm| algorithm.public_key_alg_id().as_ref() == key_algorithm)
    };
    if is_known && knows_key() {
        Signature::DoesNotFit
    } else {
        Signature::NotChecked
    }
}

/// What is signed, the inside of the algorithm's identifier, and the signature (RFC 5280 section 4.1.1).
fn signed_parts(certificate: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let (outer, _) = Element::read(certificate)?;
    let (to_be_signed, rest) = Element::read(outer.value)?;
    let (algorithm, rest) = Element::read(rest)?;
    let (signature, _) = Element::read(rest)?;
    Some((to_be_signed.whole, algorithm.value, signature.bits()?))
}

/// The inside of the algorithm's identifier, and the key (RFC 5280 section 4.1.2.7).
fn key_parts(spki_value: &[u8]) -> Option<(&[u8], &[u8])> {
    let (algorithm, rest) = Element::read(spki_value)?;
    let (key, _) = Element::read(rest)?;
    Some((algorithm.value, key.bits()?))
}

/// An element of DER.
struct Element<'a> {
    whole: &'a [u8],
    value: &'a [u8],
}

impl<'a> Element<'a> {
    /// The first element, and what comes after it.
    fn read(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let first = usize::from(*bytes.get(1)?);
        let (header_len, value_len) = match first {
            0..=0x7f => (2, first),
            0x81..=0x83 => {
                let digits = bytes.get(2..2 + (first - 0x80))?;
                let len = digits.iter().fold(0, |len, digit| len << 8 | usize::from(*digit));
                (2 + digits.len(), len)
            }
            _ => return None,
        };
        let (whole, rest) = bytes.split_at_checked(header_len + value_len)?;
        let value = whole.get(header_len..)?;
        Some((Self { whole, value }, rest))
    }

    /// The bytes of a BIT STRING that has no unused bits.
    fn bits(&self) -> Option<&'a [u8]> {
        match self.value.split_first()? {
            (0, bits) => Some(bits),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use jit_trust_lab::pki::{Ca, KeyKind, Leaf};
    use rustls::crypto::aws_lc_rs::default_provider;

    use super::*;

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
    fn elements_that_are_cut_are_none() {
        for bytes in [
            &[][..],
            &[0x30],
            &[0x30, 1],
            &[0x30, 0x80],
            &[0x30, 0x84, 0, 0, 0, 0],
            &[0x30, 0x82, 1],
        ] {
            assert!(Element::read(bytes).is_none(), "{bytes:?}");
        }
        assert!(
            Element::read(&[0x30, 0x81, 1, 7, 9])
                .is_some_and(|(element, rest)| element.value == [7] && rest == [9])
        );
    }
}
