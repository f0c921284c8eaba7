//! Public keys, and which of them are not taken whatever they have signed.

use alloc::format;
use alloc::string::String;
use core::ops::RangeInclusive;

use jit_trust_core::der::Reader;

use crate::algorithm;

/// The lengths of RSA keys that signatures in a chain are verified by, as `RSA_PKCS1_2048_8192_SHA256` of webpki has
/// them. Of others it says that the signature does not fit.
const RSA_BITS: RangeInclusive<usize> = 2048..=8192;

/// A public key (RFC 5280 section 4.1.2.7).
pub(crate) struct Key<'a> {
    /// The inside of the algorithm's identifier.
    pub(crate) algorithm: &'a [u8],
    pub(crate) bits: &'a [u8],
}

impl<'a> Key<'a> {
    /// Reads the inside of a SubjectPublicKeyInfo.
    pub(crate) fn read(spki_value: &'a [u8]) -> Option<Self> {
        let mut fields = Reader::new(spki_value);
        Some(Self {
            algorithm: fields.read()?.value,
            bits: fields.read()?.bits()?,
        })
    }
}

/// Of how many bits this key is, if it is an RSA key that is not taken.
fn refused_rsa_bits(spki_value: &[u8]) -> Option<usize> {
    let key = Key::read(spki_value)?;
    if Reader::new(key.algorithm).read()?.value != algorithm::RSA {
        return None;
    }
    // RFC 8017 appendix A.1.1: the modulus is the first of two numbers.
    let numbers = Reader::new(key.bits).read()?;
    let modulus = Reader::new(numbers.value).read()?;
    let zeros = modulus.value.iter().take_while(|byte| **byte == 0).count();
    let modulus = modulus.value.get(zeros..)?;
    let unused = modulus.first()?.leading_zeros();
    let bits = (modulus.len() * 8).checked_sub(usize::try_from(unused).ok()?)?;
    (!RSA_BITS.contains(&bits)).then_some(bits)
}

/// What is wrong with a key that signatures in a chain are not verified by, whatever it has signed, if it is such a one: an
/// RSA key that is too short or too long. `spki_value` is the inside of a SubjectPublicKeyInfo.
pub fn unsupported_key(spki_value: &[u8]) -> Option<String> {
    let bits = refused_rsa_bits(spki_value)?;
    Some(format!(
        "RSA of {bits} bits, and none of fewer than {} or more than {} is accepted",
        RSA_BITS.start(),
        RSA_BITS.end()
    ))
}

#[cfg(test)]
pub(crate) mod tests {
    use alloc::vec;
    use alloc::vec::Vec;

    use jit_trust_lab::pki::{Ca, der, oid};

    use super::*;

    /// The SubjectPublicKeyInfo of an RSA key of so many bits, which nobody holds.
    pub(crate) fn rsa(bits: usize) -> Vec<u8> {
        let modulus = [&[0][..], &vec![0xc3; bits / 8]].concat();
        let key = der::sequence(&[&der::integer(&modulus), &der::integer(&[1, 0, 1])]);
        let algorithm = der::sequence(&[&der::object_identifier(oid::RSA), &der::tlv(5, &[])]);
        der::sequence(&[&algorithm, &der::bit_string(&key)])
    }

    #[test]
    fn rsa_keys_outside_the_range_are_refused_and_others_are_not_looked_at() {
        for (bits, refused) in [
            (512, Some(512)),
            (1024, Some(1024)),
            (2048, None),
            (4096, None),
            (16384, Some(16384)),
        ] {
            let spki = rsa(bits);
            let spki = Reader::new(&spki).read().unwrap();
            assert_eq!(refused_rsa_bits(spki.value), refused);
        }
        let ca = Ca::root("A").der();
        let ca = jit_trust_core::Certificate::from_der(&ca).unwrap();
        assert_eq!(refused_rsa_bits(ca.spki_value()), None);
        assert_eq!(refused_rsa_bits(&[]), None);
    }
}
