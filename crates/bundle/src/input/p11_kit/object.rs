//! The syntax of p11-kit's form: blocks of lines `name: value`, and sections in PEM.

use std::collections::HashSet;

use super::super::lines::{Located, lines};
use super::super::pem::sections::{Kind, begins, section};
use crate::time::asn1_time;
use crate::{InputError, Place, Problem};

const BEGINNING: &[u8] = b"[p11-kit-object-v1]";

/// The line of the first block, of any version and in any spelling; `None` in another text. A line that says
/// what p11-kit's form alone says, though the line above that begins its block is damaged, counts too: what is
/// distrusted there is not to be read as PEM, which trusts it.
pub(in crate::input) fn first_line(text: &[u8]) -> Option<u64> {
    let mut lines = lines(text);
    lines
        .find(|(_, line)| names_a_block(line) || begins_with(line, b"xdistrusted"))
        .map(|(number, _)| number)
}

/// Whether a line is, or was meant to be, one that begins a block.
fn names_a_block(line: &[u8]) -> bool {
    begins_with(line, b"p11kitobject")
}

/// Whether the letters and digits of a line begin with these, in upper or lower case, with any other characters between them.
fn begins_with(line: &[u8], word: &[u8]) -> bool {
    let mut letters = line.iter().filter(|byte| byte.is_ascii_alphanumeric());
    word.iter().all(|byte| {
        letters
            .next()
            .is_some_and(|letter| letter.eq_ignore_ascii_case(byte))
    })
}

/// The kind of a block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Class {
    Certificate,
    Extension,
    /// A block that concerns no certificate.
    #[default]
    Other,
}

/// One block, with the attributes that matter here.
#[derive(Debug, Default)]
pub(super) struct Object {
    pub(super) class: Class,
    /// The line that begins it.
    pub(super) line: u64,
    pub(super) label: String,
    /// The certificate, or the extension with its object identifier.
    pub(super) value: Option<Vec<u8>>,
    /// The subject public key info, the header of its SEQUENCE included.
    pub(super) public_key: Option<Vec<u8>>,
    pub(super) issuer: Option<Vec<u8>>,
    pub(super) serial: Option<Vec<u8>>,
    pub(super) is_trusted: bool,
    pub(super) is_distrusted: bool,
    pub(super) distrust_after: Option<u64>,
}

pub(super) fn read(place: &Place, bytes: &[u8]) -> Result<Vec<Object>, InputError> {
    blocks(bytes).map_err(|(line, problem)| problem.at(place.line(line)))
}

fn blocks(bytes: &[u8]) -> Result<Vec<Object>, Located> {
    let mut objects = Vec::new();
    let mut draft: Option<Draft> = None;
    let mut lines = lines(bytes);
    while let Some((number, line)) = lines.next() {
        if line.is_empty() || line.starts_with(b"#") {
            continue;
        }
        if line.starts_with(b"[") || names_a_block(line) {
            if line != BEGINNING {
                return Err(expected(number, "[p11-kit-object-v1]"));
            }
            let finished = draft.replace(Draft::begun_at(number));
            objects.extend(finished.map(Draft::finish).transpose()?.flatten());
            continue;
        }
        let draft = draft
            .as_mut()
            .ok_or_else(|| expected(number, "[p11-kit-object-v1] first"))?;
        match begins(line) {
            Some(label) => {
                let (found, _) = section(&mut lines, number, label);
                let found = found.ok_or_else(|| expected(number, "a section in PEM that ends"))?;
                draft.hold(number, found.kind, &found.label, found.contents?)?;
            }
            None => draft.set(number, line)?,
        }
    }
    objects.extend(draft.map(Draft::finish).transpose()?.flatten());
    Ok(objects)
}

/// A block while its lines come in.
#[derive(Default)]
struct Draft {
    object: Object,
    class: Option<Class>,
    /// The attributes it has so far.
    names: HashSet<String>,
}

impl Draft {
    fn begun_at(line: u64) -> Self {
        Self {
            object: Object {
                line,
                ..Object::default()
            },
            ..Self::default()
        }
    }

    /// Takes what a section in PEM holds.
    fn hold(&mut self, line: u64, kind: Kind, label: &str, contents: Vec<u8>) -> Result<(), Located> {
        match kind {
            Kind::Certificate => {
                self.class.get_or_insert(Class::Certificate);
                self.name(line, "value")?;
                self.object.value = Some(contents);
            }
            Kind::PublicKey if !contents.is_empty() => {
                self.name(line, "public-key-info")?;
                self.object.public_key = Some(contents);
            }
            Kind::PublicKey => return Err((line, Problem::PemContent)),
            _ => {
                let label = label.to_owned();
                return Err((line, Problem::PemSection { label }));
            }
        }
        Ok(())
    }

    /// Each attribute may be there once: of two, which one counts is not known.
    fn name(&mut self, line: u64, name: &str) -> Result<(), Located> {
        if self.names.insert(name.to_owned()) {
            return Ok(());
        }
        let (label, attribute) = (self.object.label.clone(), name.to_owned());
        Err((line, Problem::SecondAttribute { label, attribute }))
    }

    fn set(&mut self, line: u64, text: &[u8]) -> Result<(), Located> {
        let text = std::str::from_utf8(text).map_err(|_| expected(line, "text in UTF-8"))?;
        let (name, value) = text
            .split_once(':')
            .ok_or_else(|| expected(line, "name: value, a section in PEM, or a comment"))?;
        let (name, value) = (name.trim_end(), value.trim_start());
        self.name(line, name)?;
        match name {
            "class" => self.class = Some(class(line, value)?),
            "label" => {
                let label = unquoted(value).unwrap_or_else(|| value.as_bytes().to_vec());
                self.object.label = String::from_utf8_lossy(&label).into_owned();
            }
            "trusted" => self.object.is_trusted = truth(line, value)?,
            "x-distrusted" => self.object.is_distrusted = truth(line, value)?,
            "value" => self.object.value = Some(bytes(line, value)?),
            "public-key-info" => self.object.public_key = Some(bytes(line, value)?),
            "issuer" => self.object.issuer = Some(bytes(line, value)?),
            "serial-number" => self.object.serial = Some(bytes(line, value)?),
            "nss-server-distrust-after" => self.object.distrust_after = date(line, value)?,
            // On mail alone, or on no certificate at all.
            "nss-email-distrust-after" => {}
            _ if name.to_ascii_lowercase().contains("trust") => {
                return Err(expected(
                    line,
                    "no other attribute on trust than trusted and x-distrusted",
                ));
            }
            _ => {}
        }
        Ok(())
    }

    /// The object, if it decides about certificates and has the attributes that its class needs.
    fn finish(self) -> Result<Option<Object>, Located> {
        let Self { object, class, .. } = self;
        let class = class.ok_or_else(|| expected(object.line, "a class, or a certificate in PEM"))?;
        let is_joined = object.value.is_some()
            || object.public_key.is_some()
            || (object.issuer.is_some() && object.serial.is_some());
        if object.is_distrusted && class != Class::Certificate {
            return Err(expected(
                object.line,
                "x-distrusted in a block of class certificate alone",
            ));
        }
        let missing = match class {
            Class::Other => return Ok(None),
            Class::Extension if object.public_key.is_none() => Some("public-key-info"),
            Class::Extension if object.value.is_none() => Some("value"),
            Class::Certificate if object.is_distrusted && !is_joined => Some("issuer and serial-number"),
            Class::Certificate if object.is_trusted && object.value.is_none() => Some("value"),
            Class::Certificate | Class::Extension => None,
        };
        if let Some(attribute) = missing {
            let (label, line) = (object.label, object.line);
            return Err((line, Problem::MissingAttribute { label, attribute }));
        }
        Ok(Some(Object { class, ..object }))
    }
}

fn class(line: u64, value: &str) -> Result<Class, Located> {
    match value {
        "certificate" => Ok(Class::Certificate),
        "x-certificate-extension" => Ok(Class::Extension),
        "nss-builtin-root-list" | "data" | "public-key" | "builtin" | "x-builtin" => Ok(Class::Other),
        _ => Err(expected(line, "a class certificate or x-certificate-extension")),
    }
}

fn truth(line: u64, value: &str) -> Result<bool, Located> {
    match value {
        "true" | "\"%01\"" => Ok(true),
        "false" | "\"%00\"" => Ok(false),
        _ => Err(expected(line, "true or false")),
    }
}

fn date(line: u64, value: &str) -> Result<Option<u64>, Located> {
    if value == "false" {
        return Ok(None);
    }
    let content = unquoted(value).unwrap_or_default();
    match (content.as_slice(), asn1_time(&content)) {
        (_, Some(date)) => Ok(Some(date)),
        ([0], None) => Ok(None),
        _ => {
            let (text, expected) = (value.to_owned(), "false, or \"YYMMDDHHMMSSZ\"");
            Err((line, Problem::Date { text, expected }))
        }
    }
}

fn bytes(line: u64, value: &str) -> Result<Vec<u8>, Located> {
    unquoted(value).ok_or_else(|| expected(line, "bytes between quotation marks, as %xx"))
}

/// The text between quotation marks, in which `%xx` is a byte in hexadecimal.
fn unquoted(value: &str) -> Option<Vec<u8>> {
    let mut rest = value.strip_prefix('"')?.strip_suffix('"')?.as_bytes();
    let mut bytes = Vec::new();
    while let [first, behind @ ..] = rest {
        rest = behind;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let [high, low, behind @ ..] = rest else {
            return None;
        };
        let digit = |digit: u8| {
            char::from(digit)
                .to_digit(16)
                .and_then(|digit| u8::try_from(digit).ok())
        };
        bytes.push(digit(*high)? << 4 | digit(*low)?);
        rest = behind;
    }
    Some(bytes)
}

fn expected(line: u64, expected: &'static str) -> Located {
    (line, Problem::P11Kit { expected })
}
