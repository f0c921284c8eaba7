//! Public keys (RFC 5280 section 4.1.2.7).

use crate::algorithm::{self, Algorithm};
use crate::der::Reader;

/// A public key: a SubjectPublicKeyInfo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicKey<'a> {
    algorithm: Algorithm<'a>,
    bits: &'a [u8],
}

impl<'a> PublicKey<'a> {
    /// Reads the value of the SEQUENCE of a SubjectPublicKeyInfo; `None` where it is not complete.
    pub fn read(spki_value: &'a [u8]) -> Option<Self> {
        let mut fields = Reader::new(spki_value);
        Some(Self {
            algorithm: Algorithm(fields.read()?.value),
            bits: fields.read()?.bits()?,
        })
    }

    /// The algorithm.
    pub fn algorithm(&self) -> Algorithm<'a> {
        self.algorithm
    }

    /// The key itself: the value of its BIT STRING.
    pub fn bits(&self) -> &'a [u8] {
        self.bits
    }

    /// The number of bits in the modulus of an RSA key; `None` for keys of other kinds, and where it cannot be read.
    pub fn rsa_bits(&self) -> Option<usize> {
        if self.algorithm.object_identifier()? != algorithm::RSA {
            return None;
        }
        // RFC 8017 appendix A.1.1: the modulus is the first of two numbers.
        let numbers = Reader::new(self.bits).read_long()?;
        let modulus = Reader::new(numbers.value).read_long()?;
        let zeros = modulus.value.iter().take_while(|byte| **byte == 0).count();
        let modulus = modulus.value.get(zeros..)?;
        let unused = usize::try_from(modulus.first()?.leading_zeros()).ok()?;
        modulus.len().checked_mul(8)?.checked_sub(unused)
    }
}

#[cfg(test)]
mod tests {
    use std::vec;
    use std::vec::Vec;

    use jit_trust_lab::pki::{Ca, der, oid};

    use super::*;
    use crate::Certificate;

    /// The SubjectPublicKeyInfo of an RSA key of this many bits, without a private key.
    fn rsa(bits: usize) -> Vec<u8> {
        let modulus = [&[0][..], &vec![0xc3; bits / 8]].concat();
        let key = der::sequence(&[&der::integer(&modulus), &der::integer(&[1, 0, 1])]);
        let algorithm = der::sequence(&[&der::object_identifier(oid::RSA), &der::tlv(5, &[])]);
        der::sequence(&[&algorithm, &der::bit_string(&key)])
    }

    #[test]
    fn the_length_of_an_rsa_key_is_read_and_others_have_none() {
        for bits in [512, 1024, 2048, 4096, 16384] {
            let spki = rsa(bits);
            let value = Reader::new(&spki).read().unwrap().value;
            assert_eq!(PublicKey::read(value).unwrap().rsa_bits(), Some(bits));
        }
        let ca = Ca::root("A").der();
        let ca = Certificate::from_der(&ca).unwrap();
        assert_eq!(PublicKey::read(ca.spki_value()).unwrap().rsa_bits(), None);
        assert_eq!(PublicKey::read(&[]), None);
    }
}
