//! What algorithms of keys and signatures are called.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};

use jit_trust_core::der::{ObjectIdentifier, Reader, tag};

/// rsaEncryption, which keys for any kind of RSA signature have (RFC 8017 appendix C).
pub(crate) const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
/// id-ecPublicKey, whose parameter is the curve (RFC 5480 section 2.1.1).
const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];

/// What is wrong with a signature of this algorithm by a key of that: the insides of their identifiers.
pub(crate) fn unsupported(signature: &[u8], key: &[u8]) -> String {
    format!(
        "a certificate in the chain is signed with {}, and a signature of that kind by a key of {} is not accepted",
        name(signature),
        name(key)
    )
}

/// What is wrong with a signature of this algorithm, the inside of its identifier.
pub(crate) fn unsupported_signature(signature: &[u8]) -> String {
    format!(
        "a certificate in the chain is signed with {}, which is not accepted",
        name(signature)
    )
}

/// The name of an algorithm, or its object identifier in numbers. `identifier` is the inside of an AlgorithmIdentifier.
fn name(identifier: &[u8]) -> String {
    let mut fields = Reader::new(identifier);
    let Some(algorithm) = fields.read() else {
        return "(unreadable)".to_owned();
    };
    match fields.expect(tag::OBJECT_IDENTIFIER) {
        Some(curve) if algorithm.value == EC_PUBLIC_KEY => {
            format!("elliptic curve {}", called(curve.value))
        }
        _ => called(algorithm.value),
    }
}

fn called(oid: &[u8]) -> String {
    well_known(oid).map_or_else(|| ObjectIdentifier(oid).to_string(), str::to_owned)
}

/// Those that certificates in use have had, most of which are too weak by now.
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
    use jit_trust_lab::pki::der;

    use super::*;

    fn named(identifiers: &[&str]) -> String {
        let identifier: Vec<u8> = identifiers
            .iter()
            .flat_map(|dotted| der::object_identifier(dotted))
            .collect();
        name(&identifier)
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
        assert_eq!(name(&[]), "(unreadable)");
    }
}
