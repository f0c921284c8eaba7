//! The names of algorithms of keys and signatures.

use core::fmt;

use crate::der::{ObjectIdentifier, Reader, tag};

/// rsaEncryption, the identifier of keys for any kind of RSA signature (RFC 8017 appendix C).
pub(crate) const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
/// id-ecPublicKey, whose parameter is the curve (RFC 5480 section 2.1.1).
const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];

/// An algorithm of a key or a signature: the value of an `AlgorithmIdentifier` (RFC 5280 section 4.1.1.2). Displayed as its
/// name or, where that is not known, as its object identifier in numbers.
///
/// ```
/// use jit_trust_core::Algorithm;
///
/// let ed25519 = Algorithm(&[0x06, 0x03, 0x2b, 0x65, 0x70]);
/// assert_eq!(ed25519.to_string(), "Ed25519");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Algorithm<'a>(pub &'a [u8]);

impl<'a> Algorithm<'a> {
    /// The object identifier, without its header; without the parameters, such as the curve.
    pub fn object_identifier(&self) -> Option<&'a [u8]> {
        Some(Reader::new(self.0).expect(tag::OBJECT_IDENTIFIER)?.value)
    }
}

impl fmt::Display for Algorithm<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut fields = Reader::new(self.0);
        let Some(algorithm) = fields.read() else {
            return f.write_str("(unreadable)");
        };
        match fields.expect(tag::OBJECT_IDENTIFIER) {
            Some(curve) if algorithm.value == EC_PUBLIC_KEY => {
                f.write_str("elliptic curve ")?;
                called(curve.value, f)
            }
            _ => called(algorithm.value, f),
        }
    }
}

fn called(oid: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match well_known(oid) {
        Some(name) => f.write_str(name),
        None => fmt::Display::fmt(&ObjectIdentifier(oid), f),
    }
}

/// The algorithms that certificates in use have had. Most of them are too weak today.
fn well_known(oid: &[u8]) -> Option<&'static str> {
    Some(match oid {
        RSA => "RSA",
        EC_PUBLIC_KEY => "an elliptic curve by its parameters",
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, last] => match last {
            0x02 => "md2WithRSAEncryption",
            0x04 => "md5WithRSAEncryption",
            0x05 => "sha1WithRSAEncryption",
            0x0a => "RSASSA-PSS",
            0x0b => "sha256WithRSAEncryption",
            0x0c => "sha384WithRSAEncryption",
            0x0d => "sha512WithRSAEncryption",
            0x0e => "sha224WithRSAEncryption",
            _ => return None,
        },
        [0x2b, 0x0e, 0x03, 0x02, 0x1d] => "sha1WithRSASignature",
        [0x2a, 0x86, 0x48, 0xce, 0x38, 0x04, 0x01] => "DSA",
        [0x2a, 0x86, 0x48, 0xce, 0x38, 0x04, 0x03] => "dsa-with-SHA1",
        [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x02] => "dsa-with-SHA256",
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01] => "ecdsa-with-SHA1",
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, last] => match last {
            0x01 => "ecdsa-with-SHA224",
            0x02 => "ecdsa-with-SHA256",
            0x03 => "ecdsa-with-SHA384",
            0x04 => "ecdsa-with-SHA512",
            _ => return None,
        },
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x01] => "P-192",
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07] => "P-256",
        [0x2b, 0x81, 0x04, 0x00, last] => match last {
            0x0a => "secp256k1",
            0x21 => "P-224",
            0x22 => "P-384",
            0x23 => "P-521",
            _ => return None,
        },
        [0x2b, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01, last] => match last {
            0x07 => "brainpoolP256r1",
            0x0b => "brainpoolP384r1",
            0x0d => "brainpoolP512r1",
            _ => return None,
        },
        [0x2b, 0x65, 0x70] => "Ed25519",
        [0x2b, 0x65, 0x71] => "Ed448",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::string::{String, ToString};
    use std::vec::Vec;

    use jit_trust_lab::pki::der;

    use super::*;

    fn named(identifiers: &[&str]) -> String {
        let identifier: Vec<u8> = identifiers
            .iter()
            .flat_map(|dotted| der::object_identifier(dotted))
            .collect();
        Algorithm(&identifier).to_string()
    }

    #[test]
    fn algorithms_are_called_by_their_names() {
        for (identifiers, called) in [
            (&["1.2.840.113549.1.1.5"][..], "sha1WithRSAEncryption"),
            (&["1.2.840.10045.4.1"], "ecdsa-with-SHA1"),
            (&["1.2.840.113549.1.1.4"], "md5WithRSAEncryption"),
            (&["1.2.840.10045.2.1", "1.3.132.0.10"], "elliptic curve secp256k1"),
            (&["1.3.101.113"], "Ed448"),
        ] {
            assert_eq!(named(identifiers), called);
        }
    }

    #[test]
    fn others_are_called_by_their_numbers() {
        for oid in [
            "1.2.3.4.5",
            "2.999.3",
            "0.39",
            "1.2.840.113549.1.1.99",
            "1.3.18446744073709551615",
        ] {
            assert_eq!(named(&[oid]), oid);
        }
        assert_eq!(
            named(&["1.2.840.10045.2.1", "1.2.840.10045.3.1.6"]),
            "elliptic curve 1.2.840.10045.3.1.6"
        );
        assert_eq!(Algorithm(&[]).to_string(), "(unreadable)");
    }
}
