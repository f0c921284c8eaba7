//! The roots that inputs explicitly distrust.

use std::collections::HashMap;

use jit_trust_core::Certificate;

use crate::{Fingerprint, Place};

/// Keys, and certificates by issuer and serial number, that an input distrusts for servers, and the first place where it does.
#[derive(Clone, Debug, Default)]
pub(crate) struct Distrusted {
    keys: HashMap<Fingerprint, Place>,
    numbers: HashMap<Number, Place>,
}

/// The hash of an issuer and serial number (RFC 5280 section 4.1.2.2): there may be many of them, and they may be long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Number(Fingerprint);

impl Number {
    /// Hashes the DER of a name and the content of an INTEGER. The name ends where its own length says.
    fn new(issuer: &[u8], serial: &[u8]) -> Self {
        Self(Fingerprint::of(&[issuer, serial].concat()))
    }

    pub(crate) fn of(certificate: &Certificate<'_>) -> Self {
        Self::new(certificate.issuer().as_der(), certificate.serial())
    }
}

impl Distrusted {
    /// A certificate: its key, and its issuer and serial number.
    pub(crate) fn add(&mut self, certificate: &Certificate<'_>, place: &Place) {
        self.add_key(certificate.spki(), place);
        self.add_number(Number::of(certificate), place);
    }

    /// A subject public key info, the header of its SEQUENCE included.
    pub(crate) fn add_key(&mut self, spki: &[u8], place: &Place) {
        let key = Fingerprint::of(spki);
        self.keys.entry(key).or_insert_with(|| place.clone());
    }

    /// The DER of an issuer, and the content of the INTEGER that is the serial number.
    pub(crate) fn add_issuer_and_serial(&mut self, issuer: &[u8], serial: &[u8], place: &Place) {
        self.add_number(Number::new(issuer, serial), place);
    }

    fn add_number(&mut self, number: Number, place: &Place) {
        self.numbers.entry(number).or_insert_with(|| place.clone());
    }

    pub(crate) fn contains(&self, certificate: &Certificate<'_>) -> bool {
        self.keys.contains_key(&Fingerprint::of(certificate.spki()))
            || self.numbers.contains_key(&Number::of(certificate))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.numbers.is_empty()
    }

    /// Adds the distrusted roots of another input.
    pub(crate) fn merge(&mut self, other: Self) {
        for (key, place) in other.keys {
            self.keys.entry(key).or_insert(place);
        }
        for (number, place) in other.numbers {
            self.numbers.entry(number).or_insert(place);
        }
    }

    /// The keys, those of these certificates included where their issuer and serial number are distrusted.
    pub(crate) fn into_keys(mut self, known: &[(Number, Fingerprint)]) -> HashMap<Fingerprint, Place> {
        for (number, key) in known {
            if let Some(place) = self.numbers.get(number) {
                self.keys.entry(*key).or_insert_with(|| place.clone());
            }
        }
        self.keys
    }
}
