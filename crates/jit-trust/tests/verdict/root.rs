//! What a store trusts.

use jit_trust::Entry;
use jit_trust_lab::pki::{Ca, der};
use pki_types::CertificateDer;
use webpki_root_certs::TLS_SERVER_ROOT_CERTS;

use crate::stores;

/// A root and the conditions under which it is trusted.
#[derive(Clone, Debug)]
pub(crate) struct TrustedRoot {
    pub(crate) der: CertificateDer<'static>,
    /// The last second, in Unix time, in which a certificate could be issued that is trusted by this root.
    pub(crate) distrust_after: Option<u64>,
    /// Name constraints in place of those of the certificate: the inside of the SEQUENCE, without its header.
    pub(crate) name_constraints: Option<Vec<u8>>,
}

impl TrustedRoot {
    /// A root that is trusted for whatever its certificate permits.
    pub(crate) fn unconditional(der: CertificateDer<'static>) -> Self {
        Self {
            der,
            distrust_after: None,
            name_constraints: None,
        }
    }
}

impl TrustedRoot {
    /// What a store holds of it.
    pub(crate) fn entry(&self) -> Entry<'_> {
        let entry = stores::entry(&self.der).with_distrust_after(self.distrust_after);
        match &self.name_constraints {
            Some(imposed) => entry.with_name_constraints(Some(imposed)),
            None => entry,
        }
    }
}

impl TrustedRoot {
    /// Its certificate, with imposed constraints in place of its own: for libraries that judge a root by its certificate.
    /// They check no root's own signature, which does not fit any more.
    pub(crate) fn with_imposed_constraints(&self) -> CertificateDer<'static> {
        match &self.name_constraints {
            Some(imposed) => self.with_constraints(Some(imposed)),
            None => self.der.clone(),
        }
    }

    /// Its certificate without constraints.
    pub(crate) fn without_constraints(&self) -> CertificateDer<'static> {
        match self.own_constraints() {
            Some(_) => self.with_constraints(None),
            None => self.der.clone(),
        }
    }

    /// The constraints of its certificate: the inside of the SEQUENCE, without its header.
    pub(crate) fn own_constraints(&self) -> Option<Vec<u8>> {
        let own = webpki::anchor_from_trusted_cert(&self.der).unwrap();
        own.name_constraints.map(|own| own.to_vec())
    }

    /// The constraints under which it is trusted: those that are imposed, or its own.
    pub(crate) fn effective_constraints(&self) -> Option<Vec<u8>> {
        self.name_constraints.clone().or_else(|| self.own_constraints())
    }

    /// Its certificate with these constraints, or none, in place of its own.
    pub(crate) fn with_constraints(&self, constraints: Option<&[u8]>) -> CertificateDer<'static> {
        const NAME_CONSTRAINTS: [u8; 5] = [0x06, 0x03, 0x55, 0x1d, 0x1e];
        let [to_be_signed, algorithm, signature] = &values(only(&self.der))[..] else {
            panic!("a certificate has three parts");
        };
        let mut fields: Vec<Vec<u8>> = values(only(to_be_signed))
            .iter()
            .map(|field| field.to_vec())
            .collect();
        let place = fields.iter().position(|field| field[0] == 0xa3);
        let before = place.map(|place| fields.remove(place));
        let mut extensions = Vec::new();
        for extension in before.iter().flat_map(|before| values(only(only(before)))) {
            if !only(extension).starts_with(&NAME_CONSTRAINTS) {
                extensions.extend_from_slice(extension);
            }
        }
        if let Some(constraints) = constraints {
            let critical: &[u8] = &[0x01, 0x01, 0xff];
            let value = der::tlv(0x04, &der::tlv(0x30, constraints));
            extensions.extend(der::sequence(&[&NAME_CONSTRAINTS, critical, &value]));
        }
        if before.is_none() {
            // Version 1 has no extensions.
            fields.insert(0, der::context(0, &der::integer(&[2])));
        }
        if !extensions.is_empty() {
            fields.push(der::context(3, &der::tlv(0x30, &extensions)));
        }
        let to_be_signed = der::tlv(0x30, &fields.concat());
        der::sequence(&[&to_be_signed, algorithm, signature]).into()
    }
}

/// The content of a value that is all that there is.
fn only(der: &[u8]) -> &[u8] {
    let header = header_len(der);
    &der[header..]
}

/// The values that follow each other.
fn values(mut der: &[u8]) -> Vec<&[u8]> {
    let mut values = Vec::new();
    while !der.is_empty() {
        let header = header_len(der);
        let length = match der[1] {
            short @ 0..=0x7f => usize::from(short),
            _ => der[2..header]
                .iter()
                .fold(0, |length, byte| length << 8 | usize::from(*byte)),
        };
        let (value, rest) = der.split_at(header + length);
        values.push(value);
        der = rest;
    }
    values
}

fn header_len(der: &[u8]) -> usize {
    match der[1] {
        0..=0x7f => 2,
        long => 2 + usize::from(long & 0x7f),
    }
}

impl From<&Ca> for TrustedRoot {
    fn from(ca: &Ca) -> Self {
        Self::unconditional(ca.der())
    }
}

/// These roots in the middle of Mozilla's list, without those of it that they are themselves.
pub(crate) fn among_mozillas(roots: &[TrustedRoot]) -> Vec<TrustedRoot> {
    let mozillas = TLS_SERVER_ROOT_CERTS.iter().cloned();
    let others = mozillas.filter(|der| roots.iter().all(|root| root.der != *der));
    let mut all: Vec<_> = others.map(TrustedRoot::unconditional).collect();
    let middle = all.len() / 2;
    all.splice(middle..middle, roots.iter().cloned());
    all
}
