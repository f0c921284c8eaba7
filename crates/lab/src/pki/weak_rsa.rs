//! RSA keys in no time, and of no security: made from two primes that are known to everyone.
//!
//! Generating an RSA key takes from a tenth of a second to seconds, which is too long for a hundred CAs. Here
//! the primes are given, as distances from 3·2^(bits-2): every two of them make another key. They lie so
//! close together that anyone could factor the product, and two keys may share a prime; but for
//! the verification of a signature they are keys like others. That they lie close together is also what makes the
//! arithmetic short: the inverse of one prime modulo the other is that of a small number.

use super::{der, oid};

/// The distances of 64 primes of 1024 bits. (Of each prime p, p - 1 has no factor in common with [`EXPONENT`].)
const OF_1024_BITS: [u64; 64] = [
    1_037, 1_697, 1_937, 2_087, 2_197, 3_031, 3_727, 5_111, 5_209, 8_329, 8_401, 9_661, 10_421, 10_519,
    11_789, 12_409, 13_717, 14_027, 14_237, 14_257, 14_725, 16_351, 16_831, 16_951, 16_955, 17_449, 17_465,
    17_821, 18_901, 19_207, 19_297, 19_655, 19_915, 20_527, 20_915, 20_947, 21_095, 22_069, 22_597, 23_465,
    24_379, 25_061, 26_711, 26_869, 26_909, 27_655, 27_709, 27_839, 28_099, 28_199, 28_339, 28_451, 28_781,
    29_285, 29_921, 30_107, 30_115, 31_277, 32_117, 32_777, 33_211, 34_019, 34_691, 37_229,
];

/// The distances of 24 primes of 2048 bits.
const OF_2048_BITS: [u64; 24] = [
    439, 469, 899, 1_907, 1_921, 3_715, 4_931, 9_229, 10_451, 11_251, 11_741, 17_129, 17_305, 17_611, 19_039,
    20_057, 21_199, 22_205, 23_107, 23_981, 27_475, 27_679, 30_667, 32_051,
];

/// The public exponent, a prime.
const EXPONENT: u64 = 65_537;

/// The permitted lengths of a modulus in bits.
#[derive(Clone, Copy, Debug)]
pub(super) enum Size {
    Bits2048,
    Bits4096,
}

impl Size {
    fn prime_bits(self) -> usize {
        match self {
            Self::Bits2048 => 1024,
            Self::Bits4096 => 2048,
        }
    }

    fn distances(self) -> &'static [u64] {
        match self {
            Self::Bits2048 => &OF_1024_BITS,
            Self::Bits4096 => &OF_2048_BITS,
        }
    }

    /// The number of keys, which is that of pairs of primes.
    pub(super) fn keys(self) -> usize {
        self.distances().len() * (self.distances().len() - 1) / 2
    }
}

/// The key of this number as PKCS #8 (RFC 5208, the inside by RFC 8017 appendix A.1.2).
///
/// # Panics
///
/// When there are not that many.
pub(super) fn pkcs8(size: Size, number: usize) -> Vec<u8> {
    assert!(
        number < size.keys(),
        "there are {} such keys, not {number}",
        size.keys()
    );
    // Pairs in the order (0, 1), (0, 2), (1, 2), (0, 3) ...
    let larger = (1..)
        .find(|larger| number < (larger + 1) * larger / 2)
        .expect("there are enough numbers");
    let smaller = number - larger * (larger - 1) / 2;
    let [p, q] = [larger, smaller].map(|index| size.distances()[index]);
    let distance = p - q;
    let [p, q] = [p, q].map(|distance| Natural::near(size.prime_bits(), distance));
    let (p_1, q_1) = (p.minus_1(), q.minus_1());
    let numbers = [
        p.times(&q),
        Natural(vec![EXPONENT]),
        inverse(EXPONENT, &p_1.times(&q_1)),
        p.clone(),
        q,
        inverse(EXPONENT, &p_1),
        inverse(EXPONENT, &q_1),
        // q is -distance modulo p.
        p.minus(&inverse(distance, &p)),
    ];
    let numbers: Vec<u8> = numbers.iter().flat_map(Natural::integer).collect();
    der::sequence(&[
        &der::integer(&[0]),
        &der::sequence(&[&der::object_identifier(oid::RSA), &der::tlv(5, &[])]),
        &der::octet_string(&der::sequence(&[&der::integer(&[0]), &numbers])),
    ])
}

/// The inverse of a small number modulo a large one that it has no factor in common with: (k·modulus + 1) /
/// small for the k that makes it whole.
fn inverse(small: u64, modulus: &Natural) -> Natural {
    let (_, rest) = modulus.divided_by(small);
    let k = small - small_inverse(rest, small);
    modulus.times(&Natural(vec![k])).plus_1().divided_by(small).0
}

/// The inverse of `number` modulo `modulus`, by Euclid's extended algorithm.
fn small_inverse(number: u64, modulus: u64) -> u64 {
    let (mut remainders, mut factors) = ((i128::from(modulus), i128::from(number)), (0, 1));
    while remainders.1 != 0 {
        let quotient = remainders.0 / remainders.1;
        remainders = (remainders.1, remainders.0 - quotient * remainders.1);
        factors = (factors.1, factors.0 - quotient * factors.1);
    }
    assert_eq!(remainders.0, 1, "{number} and {modulus} have a factor in common");
    u64::try_from(factors.0.rem_euclid(i128::from(modulus))).expect("it is less than the modulus")
}

/// A natural number as its base-2^64 digits, the least significant first.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Natural(Vec<u64>);

impl Natural {
    /// 3·2^(bits-2) + distance.
    fn near(bits: usize, distance: u64) -> Self {
        let mut digits = vec![0; bits / 64];
        digits[0] = distance;
        digits[bits / 64 - 1] = 3 << 62;
        Self(digits)
    }

    /// One less than an odd number.
    fn minus_1(&self) -> Self {
        self.minus(&Self(vec![1]))
    }

    /// The difference to a number that isn't larger.
    fn minus(&self, other: &Self) -> Self {
        let mut borrowed = false;
        let digits = self.0.iter().enumerate().map(|(place, digit)| {
            let (digit, under) = digit.overflowing_sub(other.0.get(place).copied().unwrap_or(0));
            let (digit, under_again) = digit.overflowing_sub(u64::from(borrowed));
            borrowed = under || under_again;
            digit
        });
        Self(digits.collect())
    }

    fn plus_1(mut self) -> Self {
        for digit in &mut self.0 {
            *digit = digit.wrapping_add(1);
            if *digit != 0 {
                break;
            }
        }
        self
    }

    fn times(&self, other: &Self) -> Self {
        let mut product = vec![0; self.0.len() + other.0.len()];
        for (place, digit) in self.0.iter().enumerate() {
            let mut carry = 0;
            for (offset, factor) in other.0.iter().enumerate() {
                let sum = u128::from(*digit) * u128::from(*factor)
                    + u128::from(product[place + offset])
                    + u128::from(carry);
                (product[place + offset], carry) = (sum as u64, (sum >> 64) as u64);
            }
            product[place + other.0.len()] = carry;
        }
        Self(product)
    }

    /// Quotient and remainder.
    fn divided_by(&self, divisor: u64) -> (Self, u64) {
        let mut quotient = vec![0; self.0.len()];
        let mut rest = 0;
        for (place, digit) in self.0.iter().enumerate().rev() {
            let dividend = u128::from(rest) << 64 | u128::from(*digit);
            quotient[place] = (dividend / u128::from(divisor)) as u64;
            rest = (dividend % u128::from(divisor)) as u64;
        }
        (Self(quotient), rest)
    }

    /// As a DER INTEGER.
    fn integer(&self) -> Vec<u8> {
        let bytes: Vec<u8> = self
            .0
            .iter()
            .rev()
            .flat_map(|digit| digit.to_be_bytes())
            .collect();
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        let sign = bytes.get(zeros).is_none_or(|byte| *byte >= 0x80);
        der::integer(&[&[0][..usize::from(sign)], &bytes[zeros..]].concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_carried_from_digit_to_digit() {
        let all = u64::MAX;
        let product = Natural(vec![all, all]).times(&Natural(vec![all]));
        assert_eq!(product.0, [1, all, all - 1]);
        assert_eq!(product.divided_by(all).0.0, [all, all, 0]);
        assert_eq!(Natural(vec![all, 1]).plus_1().0, [0, 2]);
        assert_eq!(Natural(vec![0, 0, 1]).minus_1().0, [all, all, 0]);
        assert_eq!(Natural(vec![2]).divided_by(7), (Natural(vec![0]), 2));
    }

    #[test]
    fn an_inverse_times_its_number_leaves_one() {
        assert_eq!(small_inverse(3, 7), 5);
        let modulus = Natural::near(1024, OF_1024_BITS[7]);
        let inverse = inverse(EXPONENT, &modulus);
        let whole = inverse.times(&Natural(vec![EXPONENT])).minus_1();
        // Whatever the quotient, dividing by both factors leaves nothing: by the modulus since it is k times
        // that.
        let k = EXPONENT - small_inverse(modulus.divided_by(EXPONENT).1, EXPONENT);
        let (quotient, rest) = whole.divided_by(k);
        assert_eq!((quotient.minus(&modulus).0.iter().sum::<u64>(), rest), (0, 0));
    }
}
