//! p11-kit's own form of a list (`ca-bundle.trust.p11-kit`, what `trust dump` writes): blocks that begin with
//! `[p11-kit-object-v1]`, each with attributes and, in PEM, a certificate or a key.
//!
//! The block of a certificate determines the trust in it. The rules are those of p11-kit for a file that is in none of its
//! folders for anchors or for blocked certificates:
//! - a certificate is an anchor if it is `trusted`;
//! - an `x-distrusted` certificate is not an anchor, and neither is another certificate with its key, or with its issuer and
//!   serial number; that applies to the other inputs of a list too;
//! - `nss-server-distrust-after` is the date up to which certificates are trusted;
//! - extensions in blocks of their own (`x-certificate-extension`) apply to all certificates with their key, and replace the
//!   extensions of the certificate itself.
//!
//! An input with statements in another form, which cannot be understood, is refused.

mod object;

use std::collections::HashMap;

use jit_trust_core::Certificate;

use super::collector::Collector;
use super::der::{
    BIT_STRING, BOOLEAN, Elements, INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE, is_sequence,
};
use super::purposes;
use crate::constraints::are_readable;
use crate::distrust::Distrusted;
use crate::{Conditions, InputError, Place, Problem};
pub(super) use object::first_line;
use object::{Class, Object};

pub(super) fn read(place: &Place, bytes: &[u8], collector: &mut Collector) -> Result<(), InputError> {
    let objects = object::read(place, bytes)?;
    let distrusted = distrusted_by(place, &objects)?;
    let extensions = Extensions::of(&objects);

    let (mut ordinal, mut not_for_servers) = (0, 0);
    for object in &objects {
        let (Class::Certificate, Some(der)) = (object.class, &object.value) else {
            continue;
        };
        ordinal += 1;
        let place = place.certificate(ordinal).line(object.line);
        if !object.is_trusted {
            not_for_servers += 1;
            continue;
        }
        let Ok(certificate) = Certificate::from_der(der) else {
            // Is refused there, in words.
            collector.offer(place, der.clone(), Conditions::default())?;
            continue;
        };
        if distrusted.contains(&certificate) {
            not_for_servers += 1;
            continue;
        }
        match extensions.said_of(&certificate) {
            Ok(Said::NotForServers) => not_for_servers += 1,
            Ok(Said::NameConstraints(name_constraints)) => {
                let conditions = Conditions {
                    distrust_after: object.distrust_after,
                    name_constraints,
                };
                collector.offer(place, der.clone(), conditions)?;
            }
            Err(extension) => {
                let label = object.label.clone();
                collector.reject(Problem::P11KitExtension { label, extension }.at(place))?;
            }
        }
    }
    collector.distrust(distrusted);
    collector.note_not_for_servers(place, not_for_servers);
    Ok(())
}

/// The certificates, keys, and issuers with serial numbers that the blocks distrust. If one cannot be read, the list is refused,
/// because another block may trust it.
fn distrusted_by(place: &Place, objects: &[Object]) -> Result<Distrusted, InputError> {
    let mut distrusted = Distrusted::default();
    for object in objects {
        let place = place.line(object.line);
        let unreadable = |what| {
            let label = object.label.clone();
            Problem::UnreadableDistrust { label, what }.at(place.clone())
        };
        match object.class {
            Class::Certificate if object.is_distrusted => {
                distrust(object, &place, &mut distrusted).map_err(unreadable)?;
            }
            Class::Extension => {
                let rejects = rejects_servers(object.value.as_deref().unwrap_or_default());
                let rejects = rejects.map_err(|extension| {
                    let label = object.label.clone();
                    Problem::P11KitExtension { label, extension }.at(place.clone())
                })?;
                let key = object.public_key.as_deref();
                if let Some(key) = key.filter(|_| rejects) {
                    if !is_sequence(key) {
                        return Err(unreadable("public-key-info"));
                    }
                    distrusted.add_key(key, &place);
                }
            }
            Class::Certificate | Class::Other => {}
        }
    }
    Ok(distrusted)
}

/// Adds the certificate, key, or issuer and serial number of an `x-distrusted` block: each that it has. The error is the one that
/// cannot be read. p11-kit writes attributes without a value as empty.
fn distrust(object: &Object, place: &Place, distrusted: &mut Distrusted) -> Result<(), &'static str> {
    let mut is_known = false;
    let given = |attribute: &'_ Option<Vec<u8>>| attribute.clone().filter(|bytes| !bytes.is_empty());
    if let Some(der) = given(&object.value) {
        let certificate = Certificate::from_der(&der).map_err(|_| "a certificate")?;
        distrusted.add(&certificate, place);
        is_known = true;
    }
    if let Some(key) = given(&object.public_key) {
        if !is_sequence(&key) {
            return Err("public-key-info");
        }
        distrusted.add_key(&key, place);
        is_known = true;
    }
    if let (Some(issuer), Some(serial)) = (given(&object.issuer), given(&object.serial)) {
        let mut elements = Elements::of(&serial);
        let serial = elements.next_of(INTEGER).filter(|_| elements.is_at_end());
        let serial = serial.filter(|_| is_sequence(&issuer));
        distrusted.add_issuer_and_serial(&issuer, serial.ok_or("issuer and serial-number")?, place);
        is_known = true;
    }
    is_known.then_some(()).ok_or("issuer and serial-number")
}

/// Whether an extension rejects a key for servers. One that cannot be read, so that this is not known, is the error.
fn rejects_servers(extension: &[u8]) -> Result<bool, &'static str> {
    match parts(extension).ok_or("an extension that cannot be read")? {
        (id::REJECTED_PURPOSES, _, value) => {
            let rejects = Elements::within(SEQUENCE, value).and_then(purposes::have_servers);
            rejects.ok_or("purposes that cannot be read")
        }
        _ => Ok(false),
    }
}

/// Extensions that blocks of their own add to certificates, by the key that they belong to.
struct Extensions<'a>(HashMap<&'a [u8], Vec<&'a [u8]>>);

/// The most extensions that one key may be given: each of its certificates is held against all of them.
const MAX_EXTENSIONS: usize = 64;

/// The statements of the added extensions about a certificate.
enum Said {
    NotForServers,
    /// Whether and which names it is trusted for alone: the value of a `NameConstraints` SEQUENCE.
    NameConstraints(Option<Vec<u8>>),
}

/// The object identifiers of extensions (RFC 5280 section 4.2.1).
mod id {
    pub(super) const KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x0f];
    pub(super) const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x13];
    pub(super) const NAME_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x1e];
    pub(super) const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x25];
    /// p11-kit's own, 1.3.6.1.4.1.3319.6.10.1: purposes that OpenSSL's trust settings reject.
    pub(super) const REJECTED_PURPOSES: &[u8] = &[0x2b, 6, 1, 4, 1, 0x99, 0x77, 6, 10, 1];
}

impl<'a> Extensions<'a> {
    fn of(objects: &'a [Object]) -> Self {
        let mut extensions = HashMap::<_, Vec<_>>::new();
        for object in objects {
            if let (Class::Extension, Some(key), Some(value)) =
                (object.class, &object.public_key, &object.value)
            {
                extensions
                    .entry(key.as_slice())
                    .or_default()
                    .push(value.as_slice());
            }
        }
        Self(extensions)
    }

    /// The error is the kind of an extension that cannot be enforced.
    fn said_of(&self, certificate: &Certificate<'_>) -> Result<Said, &'static str> {
        let mut is_for_servers = true;
        let mut name_constraints = None;
        let extensions = self.0.get(certificate.spki()).map_or(&[][..], Vec::as_slice);
        if extensions.len() > MAX_EXTENSIONS {
            return Err("too many extensions");
        }
        for extension in extensions {
            let (id, is_critical, value) = parts(extension).ok_or("an extension that cannot be read")?;
            let purposes = || {
                let purposes = Elements::within(SEQUENCE, value).and_then(purposes::have_servers);
                purposes.ok_or("purposes that cannot be read")
            };
            match id {
                id::EXTENDED_KEY_USAGE => is_for_servers &= purposes()?,
                id::REJECTED_PURPOSES => is_for_servers &= !purposes()?,
                id::KEY_USAGE => {
                    is_for_servers &=
                        may_sign_certificates(value).ok_or("a key usage that cannot be read")?;
                }
                id::BASIC_CONSTRAINTS => {
                    is_for_servers &=
                        is_ca(value).ok_or("basic constraints with a path length, or unreadable")?;
                }
                id::NAME_CONSTRAINTS => {
                    const OTHERS: &str = "name constraints beside others, or unreadable";
                    let mut constraints = Elements::of(value);
                    let inside = constraints.next_of(SEQUENCE).ok_or(OTHERS)?;
                    let has_others = name_constraints.is_some()
                        || certificate.name_constraints().is_some_and(|own| own != inside);
                    if has_others || !constraints.is_at_end() || !are_readable(inside) {
                        return Err(OTHERS);
                    }
                    name_constraints = Some(inside.to_vec());
                }
                _ if is_critical => return Err("a critical extension that is not understood"),
                _ => {}
            }
        }
        Ok(match is_for_servers {
            true => Said::NameConstraints(name_constraints),
            false => Said::NotForServers,
        })
    }
}

/// The object identifier, whether it is critical, and the value of an extension.
fn parts(extension: &[u8]) -> Option<(&[u8], bool, &[u8])> {
    let mut parts = Elements::within(SEQUENCE, extension)?;
    let id = parts.next_of(OBJECT_IDENTIFIER)?;
    let is_critical = parts.next_of(BOOLEAN).is_some_and(|value| value != [0]);
    let value = parts.next_of(OCTET_STRING)?;
    parts.is_at_end().then_some((id, is_critical, value))
}

fn may_sign_certificates(key_usage: &[u8]) -> Option<bool> {
    const KEY_CERT_SIGN: u8 = 0x04;
    let mut usage = Elements::of(key_usage);
    match usage.next_of(BIT_STRING)? {
        [_, first, ..] => Some(first & KEY_CERT_SIGN != 0),
        _ => Some(false),
    }
}

/// `None` with a length for the path, which no anchor here can have beside that of its certificate.
fn is_ca(basic_constraints: &[u8]) -> Option<bool> {
    let mut constraints = Elements::within(SEQUENCE, basic_constraints)?;
    let is_ca = constraints.next_of(BOOLEAN).is_some_and(|value| value != [0]);
    constraints.is_at_end().then_some(is_ca)
}
