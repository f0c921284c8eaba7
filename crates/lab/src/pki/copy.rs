//! CAs that are like one that there is in everything but the key.

use super::builder::Issued;
use super::{Ca, Key, KeyKind, Name, der, oid, time};

/// The fields of a root's certificate that are needed to copy it and to issue under it.
#[derive(Clone, Debug)]
pub struct RootFacts {
    /// Its SubjectPublicKeyInfo, the SEQUENCE header included.
    pub spki: Vec<u8>,
    /// The kind of its key; `None` for a kind that the lab does not have.
    pub key_kind: Option<KeyKind>,
    /// notBefore, in Unix seconds.
    pub not_before: i64,
    /// notAfter, in Unix seconds.
    pub not_after: i64,
    /// How many intermediate certificates may follow, if limited.
    pub path_length: Option<u8>,
}

impl Ca {
    /// A CA whose certificate equals the given self-signed one byte for byte, except for its key, its signature and
    /// the algorithms of both.
    ///
    /// # Panics
    ///
    /// When `root` is not a certificate.
    pub fn copy_of_root(root: &[u8], key: &Key) -> Self {
        let fields = Fields::of(root);
        let algorithm = key.signature_algorithm();
        let to_be_signed = der::sequence(&[
            fields.version,
            fields.serial.whole,
            &algorithm,
            fields.subject.whole,
            fields.validity.whole,
            fields.subject.whole,
            &key.spki(),
            fields.extensions,
        ]);
        let signature = der::bit_string(&key.sign(&to_be_signed));
        let name = Name::from_der(fields.subject.whole);
        Self(Issued {
            certificate: der::sequence(&[&to_be_signed, &algorithm, &signature]).into(),
            key: key.clone(),
            subject: name.clone(),
            issuer: name,
            serial: fields.serial.contents.to_vec(),
            key_id: fields
                .extension(oid::SUBJECT_KEY_IDENTIFIER)
                .map(|value| Element::first(value).contents.to_vec()),
        })
    }
}

impl RootFacts {
    /// Reads a root's certificate.
    ///
    /// # Panics
    ///
    /// When `root` is not a certificate.
    pub fn of(root: &[u8]) -> Self {
        let fields = Fields::of(root);
        let [not_before, not_after] = elements(fields.validity.contents)[..] else {
            panic!("a validity is two times");
        };
        let [not_before, not_after] = [not_before, not_after]
            .map(|element| time::decode(element.tag, element.contents).expect("RFC 5280 has such times"));
        let constraints = fields.extension(oid::BASIC_CONSTRAINTS).map(Element::first);
        let path_length = constraints.and_then(|constraints| {
            let last = *elements(constraints.contents).last()?;
            (last.tag == 2).then(|| last.contents[0])
        });
        Self {
            spki: fields.spki.whole.to_vec(),
            key_kind: key_kind(fields.spki.contents),
            not_before,
            not_after,
            path_length,
        }
    }
}

fn key_kind(spki: &[u8]) -> Option<KeyKind> {
    let parts = elements(spki);
    let algorithm = elements(parts[0].contents);
    let is = |element: Element<'_>, dotted| element.whole == der::object_identifier(dotted);
    if is(algorithm[0], oid::EC_PUBLIC_KEY) {
        let curves = [
            (oid::P256, KeyKind::EcdsaP256),
            (oid::P384, KeyKind::EcdsaP384),
            (oid::P521, KeyKind::EcdsaP521),
        ];
        let mut curves = curves.into_iter();
        return curves
            .find(|(curve, _)| is(algorithm[1], curve))
            .map(|(_, kind)| kind);
    }
    if !is(algorithm[0], oid::RSA) {
        return None;
    }
    // The bit string's first byte counts unused bits; the modulus comes first in the key, a zero before its
    // highest bit.
    let modulus = Element::first(Element::first(&parts[1].contents[1..]).contents);
    match modulus.contents.len() {
        257 => Some(KeyKind::Rsa2048),
        513 => Some(KeyKind::Rsa4096),
        _ => None,
    }
}

/// The fields of a certificate (RFC 5280 section 4.1), in order; those that may be missing are empty then.
struct Fields<'a> {
    version: &'a [u8],
    serial: Element<'a>,
    validity: Element<'a>,
    subject: Element<'a>,
    spki: Element<'a>,
    extensions: &'a [u8],
}

impl<'a> Fields<'a> {
    fn of(certificate: &'a [u8]) -> Self {
        let to_be_signed = Element::first(Element::first(certificate).contents);
        let mut fields = elements(to_be_signed.contents);
        let version = match fields[0].tag {
            0xa0 => fields.remove(0).whole,
            _ => &[],
        };
        let [
            serial,
            _algorithm,
            _issuer,
            validity,
            subject,
            spki,
            ref rest @ ..,
        ] = fields[..]
        else {
            panic!("a certificate has six fields at least");
        };
        let extensions = rest.iter().find(|field| field.tag == 0xa3);
        Self {
            version,
            serial,
            validity,
            subject,
            spki,
            extensions: extensions.map_or(&[], |extensions| extensions.whole),
        }
    }

    /// The value of an extension.
    fn extension(&self, dotted: &str) -> Option<&'a [u8]> {
        if self.extensions.is_empty() {
            return None;
        }
        let list = Element::first(Element::first(self.extensions).contents);
        let oid = der::object_identifier(dotted);
        let all = elements(list.contents);
        let mut all = all.iter().map(|extension| elements(extension.contents));
        let parts = all.find(|parts| parts[0].whole == oid)?;
        parts.last().map(|value| value.contents)
    }
}

/// One element of DER.
#[derive(Clone, Copy)]
struct Element<'a> {
    tag: u8,
    whole: &'a [u8],
    contents: &'a [u8],
}

impl<'a> Element<'a> {
    /// The element that `bytes` begin with.
    fn first(bytes: &'a [u8]) -> Self {
        let (header, len) = match bytes[1] {
            short @ ..0x80 => (2, usize::from(short)),
            long => {
                let header = 2 + usize::from(long & 0x7f);
                let len = bytes[2..header].iter();
                (header, len.fold(0, |len, byte| len << 8 | usize::from(*byte)))
            }
        };
        Self {
            tag: bytes[0],
            whole: &bytes[..header + len],
            contents: &bytes[header..header + len],
        }
    }
}

/// All elements that `bytes` consist of.
fn elements(mut bytes: &[u8]) -> Vec<Element<'_>> {
    let mut all = Vec::new();
    while !bytes.is_empty() {
        let element = Element::first(bytes);
        bytes = &bytes[element.whole.len()..];
        all.push(element);
    }
    all
}
