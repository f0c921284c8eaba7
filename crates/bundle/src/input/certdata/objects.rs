//! The syntax of `certdata.txt`: one attribute a line, or a run of lines for bytes in octal.

use std::collections::HashSet;

use super::super::lines::{Located, lines};
use super::super::pem::sections::begins;
use crate::time::asn1_time;
use crate::{InputError, Place, Problem};

/// The kind of an object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Class {
    Certificate,
    Trust,
    /// The mark of a list of roots, and whatever NSS may add.
    #[default]
    Other,
}

impl Class {
    fn of(value: &str) -> Self {
        match value {
            "CKO_CERTIFICATE" => Self::Certificate,
            // The name that PKCS #11 3.2 gave to it, NSS's own, and the one from before.
            "CKO_TRUST" | "CKO_NSS_TRUST" | "CKO_NETSCAPE_TRUST" => Self::Trust,
            _ => Self::Other,
        }
    }
}

/// One object, with the attributes that matter here.
#[derive(Clone, Debug, Default)]
pub(super) struct Object {
    pub(super) class: Class,
    /// The line of its `CKA_CLASS`.
    pub(super) line: u64,
    pub(super) label: String,
    pub(super) issuer: Vec<u8>,
    pub(super) serial: Vec<u8>,
    /// `CKA_VALUE`: the certificate.
    pub(super) value: Vec<u8>,
    /// Whether `CKA_TRUST_SERVER_AUTH` makes it an anchor.
    pub(super) is_for_servers: bool,
    /// Whether `CKA_TRUST_SERVER_AUTH` says that it is not to be trusted, which is more than no trust.
    pub(super) is_distrusted: bool,
    pub(super) distrust_after: Option<u64>,
    /// `CKA_CERT_SHA1_HASH`: which certificate the trust is in.
    pub(super) sha1: Option<Vec<u8>>,
}

/// The key that joins a certificate and the trust in it: `CKA_ISSUER` and `CKA_SERIAL_NUMBER`.
pub(super) type Key<'a> = (&'a [u8], &'a [u8]);

impl Object {
    pub(super) fn key(&self) -> Key<'_> {
        (&self.issuer, &self.serial)
    }
}

pub(super) fn read(place: &Place, bytes: &[u8]) -> Result<Vec<Object>, InputError> {
    objects(bytes).map_err(|(line, problem)| problem.at(place.line(line)))
}

fn objects(bytes: &[u8]) -> Result<Vec<Object>, Located> {
    let mut objects = Vec::new();
    let mut draft: Option<Draft<'_>> = None;
    // Whether `BEGINDATA` or an attribute has been seen, in front of which anything may stand.
    let mut begun = false;
    let mut lines = lines(bytes);
    while let Some((line, text)) = lines.next() {
        if !text.starts_with(b"CKA_") {
            // In front of the objects too.
            if begins(text).is_some() {
                return Err(expected(
                    line,
                    "no PEM in certdata.txt, but a file of its own for it",
                ));
            }
            let is_preamble = !begun;
            begun |= text == b"BEGINDATA";
            if !(is_preamble || text.is_empty() || text.starts_with(b"#")) {
                return Err(expected(line, "an attribute CKA_…, or a comment"));
            }
            continue;
        }
        begun = true;
        let attribute = Attribute::read(line, text, &mut lines)?;
        if attribute.name == "CKA_CLASS" {
            let class = Class::of(attribute.value.as_text());
            let finished = draft.replace(Draft::new(class, line));
            objects.extend(finished.map(Draft::finish).transpose()?);
        } else {
            let draft = draft.as_mut().ok_or_else(|| expected(line, "CKA_CLASS first"))?;
            draft.set(attribute)?;
        }
    }
    objects.extend(draft.map(Draft::finish).transpose()?);
    Ok(objects)
}

/// An object while its attributes come in.
struct Draft<'a> {
    object: Object,
    /// The attributes it has so far.
    names: HashSet<&'a str>,
}

impl<'a> Draft<'a> {
    fn new(class: Class, line: u64) -> Self {
        Self {
            object: Object {
                class,
                line,
                ..Object::default()
            },
            names: HashSet::new(),
        }
    }

    fn set(&mut self, attribute: Attribute<'a>) -> Result<(), Located> {
        let object = &mut self.object;
        if !self.names.insert(attribute.name) {
            let (label, line) = (object.label.clone(), attribute.line);
            let attribute = attribute.name.to_owned();
            return Err((line, Problem::SecondAttribute { label, attribute }));
        }
        match attribute.name {
            "CKA_LABEL" => attribute
                .value
                .as_text()
                .trim_matches('"')
                .clone_into(&mut object.label),
            "CKA_ISSUER" => object.issuer = attribute.into_bytes()?,
            "CKA_SERIAL_NUMBER" => object.serial = attribute.into_bytes()?,
            "CKA_VALUE" => object.value = attribute.into_bytes()?,
            "CKA_TRUST_SERVER_AUTH" => {
                let trusted = [
                    "CKT_NSS_TRUSTED_DELEGATOR",
                    "CKT_NETSCAPE_TRUSTED_DELEGATOR",
                    "CKT_TRUST_ANCHOR",
                ];
                let distrusted = ["CKT_NSS_NOT_TRUSTED", "CKT_NETSCAPE_UNTRUSTED", "CKT_NOT_TRUSTED"];
                let value = attribute.value.as_text();
                object.is_for_servers = trusted.contains(&value);
                object.is_distrusted = distrusted.contains(&value);
            }
            "CKA_CERT_SHA1_HASH" => object.sha1 = Some(attribute.into_bytes()?),
            "CKA_NSS_SERVER_DISTRUST_AFTER" => object.distrust_after = attribute.into_date()?,
            _ => {}
        }
        Ok(())
    }

    /// The object, if it has the attributes that its class needs.
    fn finish(self) -> Result<Object, Located> {
        let needed: &[&'static str] = match self.object.class {
            Class::Other => &[],
            Class::Certificate => &["CKA_ISSUER", "CKA_SERIAL_NUMBER", "CKA_VALUE"],
            Class::Trust => &["CKA_ISSUER", "CKA_SERIAL_NUMBER", "CKA_TRUST_SERVER_AUTH"],
        };
        match needed.iter().find(|name| !self.names.contains(*name)) {
            None => Ok(self.object),
            Some(attribute) => {
                let label = self.object.label;
                Err((self.object.line, Problem::MissingAttribute { label, attribute }))
            }
        }
    }
}

/// One attribute: `CKA_NAME TYPE VALUE`.
struct Attribute<'a> {
    line: u64,
    name: &'a str,
    value: Value<'a>,
}

enum Value<'a> {
    Text(&'a str),
    /// `MULTILINE_OCTAL`: lines of `\ooo` up to a line `END`.
    Bytes(Vec<u8>),
}

impl<'a> Value<'a> {
    fn as_text(&self) -> &'a str {
        match self {
            Self::Text(text) => text,
            Self::Bytes(_) => "",
        }
    }
}

impl<'a> Attribute<'a> {
    /// The attribute that this line begins, with the lines after it that hold its bytes.
    fn read(
        line: u64,
        text: &'a [u8],
        lines: &mut impl Iterator<Item = (u64, &'a [u8])>,
    ) -> Result<Self, Located> {
        let text = std::str::from_utf8(text).map_err(|_| expected(line, "text in UTF-8"))?;
        let incomplete = || expected(line, "a name, a type and a value");
        let (name, rest) = text.split_once([' ', '\t']).ok_or_else(incomplete)?;
        let rest = rest.trim_start();
        let value = match rest {
            "MULTILINE_OCTAL" => Value::Bytes(octal(line, lines)?),
            _ => Value::Text(
                rest.split_once([' ', '\t'])
                    .ok_or_else(incomplete)?
                    .1
                    .trim_start(),
            ),
        };
        Ok(Self { line, name, value })
    }

    fn into_bytes(self) -> Result<Vec<u8>, Located> {
        match self.value {
            Value::Bytes(bytes) => Ok(bytes),
            Value::Text(_) => Err(expected(self.line, "MULTILINE_OCTAL")),
        }
    }

    fn into_date(self) -> Result<Option<u64>, Located> {
        let text = match self.value {
            Value::Text("CK_FALSE") => return Ok(None),
            Value::Text(text) => text.to_owned(),
            Value::Bytes(bytes) => match asn1_time(&bytes) {
                Some(date) => return Ok(Some(date)),
                None => String::from_utf8_lossy(&bytes).into_owned(),
            },
        };
        let expected = "CK_FALSE, or YYMMDDHHMMSSZ in octal";
        Err((self.line, Problem::Date { text, expected }))
    }
}

/// The bytes up to a line `END`.
fn octal<'a>(begin: u64, lines: &mut impl Iterator<Item = (u64, &'a [u8])>) -> Result<Vec<u8>, Located> {
    let mut bytes = Vec::new();
    for (line, text) in lines {
        if text == b"END" {
            return Ok(bytes);
        }
        // All chunks but the last are whole, and that one must be.
        for escape in text.chunks(4) {
            bytes.push(octal_byte(escape).ok_or_else(|| expected(line, "bytes as \\ooo, or END"))?);
        }
    }
    Err(expected(begin, "END behind the bytes"))
}

/// A backslash and three octal digits.
fn octal_byte(escape: &[u8]) -> Option<u8> {
    match escape {
        [b'\\', high @ b'0'..=b'3', middle @ b'0'..=b'7', low @ b'0'..=b'7'] => {
            Some((high - b'0') << 6 | (middle - b'0') << 3 | (low - b'0'))
        }
        _ => None,
    }
}

fn expected(line: u64, expected: &'static str) -> Located {
    (line, Problem::Certdata { expected })
}
