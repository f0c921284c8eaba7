//! NSS's `certdata.txt`, the source of Mozilla's list.
//!
//! The file is a sequence of PKCS #11 objects, each a list of attributes that begins with `CKA_CLASS`. A root is two of them with
//! the same `CKA_ISSUER` and `CKA_SERIAL_NUMBER`: the certificate, and the trust in it. The constraints that NSS imposes on
//! roots are not in the file but in NSS's code; here, they come from [`mozilla::CONDITIONS`].

mod objects;

use std::collections::{HashMap, hash_map};

use jit_trust_core::{Certificate, Entry, mozilla};
use sha1::{Digest, Sha1};

use super::collector::Collector;
use super::der::is_sequence;
use super::lines::lines;
use crate::distrust::Distrusted;
use crate::{Conditions, InputError, Place, Problem};
use objects::{Class, Key, Object};

/// Whether a line is one that no other form has. A piece of the file among PEM says what is trusted too.
pub(super) fn is_one(bytes: &[u8]) -> bool {
    lines(bytes).any(|(_, line)| line == b"BEGINDATA" || line.starts_with(b"CKA_"))
}

pub(super) fn read(place: &Place, bytes: &[u8], collector: &mut Collector) -> Result<(), InputError> {
    let objects = objects::read(place, bytes)?;
    let certificates = of_class(place, &objects, Class::Certificate)?;
    let trust = of_class(place, &objects, Class::Trust)?;

    collector.distrust(distrusted_by(place, &trust, &certificates)?);

    let mut ordinal = 0;
    let mut not_for_servers = 0;
    for object in &objects {
        match object.class {
            Class::Certificate => {
                ordinal += 1;
                let place = place.certificate(ordinal).line(object.line);
                let trust = trust.get(&object.key()).copied();
                match trust.filter(|trust| trust.is_for_servers) {
                    Some(trust) => take(place, object, trust, collector)?,
                    None => not_for_servers += 1,
                }
            }
            // Distrust without a certificate is how NSS takes trust away from certificates that it does not hold.
            Class::Trust if object.is_for_servers && !certificates.contains_key(&object.key()) => {
                let label = object.label.clone();
                collector.reject(Problem::TrustWithoutCertificate { label }.at(place.line(object.line)))?;
            }
            Class::Trust | Class::Other => {}
        }
    }
    collector.note_not_for_servers(place, not_for_servers);
    Ok(())
}

/// The certificates that the file distrusts: by issuer and serial number, and by key where the file has the certificate.
fn distrusted_by(
    place: &Place,
    trust: &HashMap<Key<'_>, &Object>,
    certificates: &HashMap<Key<'_>, &Object>,
) -> Result<Distrusted, InputError> {
    let mut distrusted = Distrusted::default();
    for (key, object) in trust.iter().filter(|(_, object)| object.is_distrusted) {
        let place = place.line(object.line);
        let (true, Some(serial)) = (is_sequence(&object.issuer), integer(&object.serial)) else {
            let (label, what) = (object.label.clone(), "CKA_ISSUER and CKA_SERIAL_NUMBER");
            return Err(Problem::UnreadableDistrust { label, what }.at(place));
        };
        distrusted.add_issuer_and_serial(&object.issuer, serial, &place);
        // A certificate that cannot be read is still identified by its serial number.
        let certificate = certificates.get(key).map(|object| object.value.as_slice());
        if let Some(Ok(certificate)) = certificate.map(Certificate::from_der) {
            distrusted.add(&certificate, &place);
        }
    }
    Ok(distrusted)
}

/// The objects of a class by issuer and serial number; two of the same would leave open which one counts.
fn of_class<'a>(
    place: &Place,
    objects: &'a [Object],
    class: Class,
) -> Result<HashMap<Key<'a>, &'a Object>, InputError> {
    let mut found = HashMap::new();
    for object in objects.iter().filter(|object| object.class == class) {
        match found.entry(object.key()) {
            hash_map::Entry::Vacant(vacant) => {
                vacant.insert(object);
            }
            hash_map::Entry::Occupied(occupied) => {
                let first: &Object = occupied.get();
                let (label, first) = (object.label.clone(), first.line);
                return Err(Problem::SecondObject { label, first }.at(place.line(object.line)));
            }
        }
    }
    Ok(found)
}

fn take(place: Place, object: &Object, trust: &Object, collector: &mut Collector) -> Result<(), InputError> {
    let certificate = match Certificate::from_der(&object.value) {
        Ok(certificate) => certificate,
        Err(error) => return collector.reject(Problem::Certificate(error).at(place)),
    };
    let is_joined_by_its_own = object.issuer == certificate.issuer().as_der()
        && integer(&object.serial).is_some_and(|serial| serial == certificate.serial());
    if !is_joined_by_its_own {
        let label = object.label.clone();
        return collector.reject(Problem::WrongIssuerAndSerial { label }.at(place));
    }
    let is_of_its_own = trust
        .sha1
        .as_ref()
        .is_none_or(|sha1| sha1.as_slice() == Sha1::digest(&object.value).as_slice());
    if !is_of_its_own {
        let label = trust.label.clone();
        return collector.reject(Problem::WrongSha1 { label }.at(place));
    }
    // The date is in the certificate's object, or in the trust object.
    let dates = [object.distrust_after, trust.distrust_after];
    let conditions = Conditions {
        distrust_after: dates.into_iter().flatten().min(),
        name_constraints: imposed_by_nss(&certificate),
    };
    collector.offer(place, object.value.clone(), conditions)
}

/// The constraints that NSS imposes on a root in its code, which the file does not say.
fn imposed_by_nss(certificate: &Certificate<'_>) -> Option<Vec<u8>> {
    let spki_sha256 = Entry::from_certificate(*certificate).spki_sha256();
    let mut conditions = mozilla::CONDITIONS.iter();
    let conditions = conditions.find(|conditions| conditions.spki_sha256 == spki_sha256)?;
    let has_its_own = certificate.name_constraints().is_some();
    conditions
        .name_constraints
        .filter(|_| !has_its_own)
        .map(<[u8]>::to_vec)
}

/// The content of a DER INTEGER of up to 127 bytes; serial numbers have at most 20 (RFC 5280 section 4.1.2.2).
fn integer(der: &[u8]) -> Option<&[u8]> {
    match der {
        [0x02, len @ 0..=0x7f, content @ ..] if content.len() == usize::from(*len) => Some(content),
        _ => None,
    }
}
