//! Forms that are known but not read here, and which command makes a list of certificates of them.

use std::fmt;

use super::der::{CONTEXT_0, Elements, INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE};
use crate::shown::shown;

/// The form of an input that is known but cannot be read, and how to convert it.
///
/// Displayed as `a PKCS #12 store; make PEM of it: openssl pkcs12 …`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherForm {
    what: String,
    advice: &'static str,
}

impl fmt::Display for OtherForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.what, self.advice)
    }
}

const PKCS_12: (&str, &str) = (
    "a PKCS #12 store",
    "make PEM of it: openssl pkcs12 -in FILE -nokeys -out certificates.pem",
);
const KEY_STORE: (&str, &str) = (
    "a Java key store",
    "make PEM of it: keytool -list -rfc -keystore FILE > certificates.pem",
);
const PRIVATE_KEY: (&str, &str) = (
    "a private key",
    "a certificate for it stands in another file, or has to be asked for",
);
const PUBLIC_KEY: (&str, &str) = ("a public key", "expected the certificate that it is in");
const REQUEST: (&str, &str) = (
    "a request for a certificate (PKCS #10)",
    "expected the certificate that a CA makes of it",
);
const REVOCATION_LIST: (&str, &str) = (
    "a list of revoked certificates (CRL)",
    "expected the certificate of the CA that signs it",
);
const SIGNED_DATA: (&str, &str) = (
    "PKCS #7 in BER",
    "make PEM of it: openssl pkcs7 -inform DER -in FILE -print_certs -out certificates.pem",
);

impl OtherForm {
    fn new((what, advice): (&str, &'static str)) -> Self {
        Self {
            what: what.to_owned(),
            advice,
        }
    }

    /// The form of a PEM section with this label, which is not a certificate.
    pub(super) fn of_label(label: &str) -> Self {
        let known = match label {
            "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => Some(REQUEST),
            "X509 CRL" => Some(REVOCATION_LIST),
            "PUBLIC KEY" | "RSA PUBLIC KEY" => Some(PUBLIC_KEY),
            "PKCS12" => Some(PKCS_12),
            _ if label.ends_with("PRIVATE KEY") => Some(PRIVATE_KEY),
            _ => None,
        };
        match known {
            Some(known) => Self::new(known),
            None => Self {
                what: format!("a section {}", shown(label)),
                advice: "expected -----BEGIN CERTIFICATE-----",
            },
        }
    }

    /// The form of a file or a section with this content; `None` where it is not known.
    pub(crate) fn of_content(bytes: &[u8]) -> Option<Self> {
        of_der(bytes).or_else(|| of_beginning(bytes)).map(Self::new)
    }
}

/// The forms that are recognised by their first bytes.
fn of_beginning(bytes: &[u8]) -> Option<(&'static str, &'static str)> {
    let text = bytes.trim_ascii_start();
    let is_html = |start: &[u8]| {
        text.get(..start.len())
            .is_some_and(|text| text.eq_ignore_ascii_case(start))
    };
    Some(match bytes {
        // BER without lengths, as Java and NSS write it.
        [0x30, 0x80, 0x02, 0x01, 0x03, ..] => PKCS_12,
        _ if bytes.starts_with(b"\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02") => SIGNED_DATA,
        [0xfe, 0xed, 0xfe, 0xed, ..] | [0xce, 0xce, 0xce, 0xce, ..] => KEY_STORE,
        [0, 0, 0, 0, b'C', b'E', b'R', b'T', ..] => (
            "Microsoft's store of certificates (SST)",
            "export the certificates one by one, in Base64: certmgr.msc, or PowerShell's Export-Certificate",
        ),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => (
            "text in UTF-16",
            "make UTF-8 of it: iconv -f UTF-16 -t UTF-8 FILE > certificates.pem",
        ),
        [0x1f, 0x8b, ..] => ("compressed", "unpack it first: gzip -d"),
        [b'P', b'K', 3, 4, ..] => ("an archive", "unpack it first: unzip"),
        _ if bytes.starts_with(b"SQLite format 3\0") => (
            "a database, such as NSS's cert9.db",
            "make PEM of each of its certificates: certutil -L -d sql:DIRECTORY -n NAME -a",
        ),
        _ if is_html(b"<!doctype html") || is_html(b"<html") => (
            "a page in HTML",
            "expected what the page links to, or the server gave an error in its place",
        ),
        _ => return None,
    })
}

/// The forms that are a SEQUENCE in DER, or begin as one.
fn of_der(bytes: &[u8]) -> Option<(&'static str, &'static str)> {
    let mut whole = Elements::within(SEQUENCE, bytes)?;
    if let Some(version) = whole.next_of(INTEGER) {
        let next = whole.next()?;
        return match (version, next.tag) {
            ([3], SEQUENCE) if holds_data(next.value) => Some(PKCS_12),
            // PKCS #8, PKCS #1 and SEC 1.
            ([0 | 1], SEQUENCE | INTEGER | OCTET_STRING) => Some(PRIVATE_KEY),
            _ => None,
        };
    }
    let first = whole.next_of(SEQUENCE)?;
    let second = whole.next()?;
    let is_algorithm = |value: &[u8]| Elements::of(value).next_of(OBJECT_IDENTIFIER).is_some();
    if is_algorithm(first) {
        return match second.tag {
            super::der::BIT_STRING => Some(PUBLIC_KEY),
            OCTET_STRING => Some(PRIVATE_KEY),
            _ => None,
        };
    }
    // The signed part: a certificate begins with its version or its serial number.
    if !(second.tag == SEQUENCE && is_algorithm(second.value)) {
        return None;
    }
    let mut signed = Elements::of(first);
    let version = signed.next_of(INTEGER);
    let third = signed.next()?;
    let fourth = signed.next()?;
    let is_request = version == Some(&[0]) && third.tag == SEQUENCE && fourth.tag == SEQUENCE;
    // The key, after the subject.
    let holds_key = Elements::of(fourth.value)
        .next_of(SEQUENCE)
        .is_some_and(is_algorithm);
    if is_request && holds_key && signed.next().is_none_or(|element| element.tag == CONTEXT_0) {
        return Some(REQUEST);
    }
    let is_time = |tag: u8| matches!(tag, 0x17 | 0x18);
    let is_list = matches!(version, None | Some([1])) && is_algorithm(third.value) && fourth.tag == SEQUENCE;
    (is_list && signed.next().is_some_and(|element| is_time(element.tag))).then_some(REVOCATION_LIST)
}

/// Whether this is the value of a `ContentInfo` of PKCS #7, with any content.
fn holds_data(content_info: &[u8]) -> bool {
    const PKCS_7: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7];
    let content_type = Elements::of(content_info).next_of(OBJECT_IDENTIFIER);
    content_type.is_some_and(|content_type| content_type.starts_with(PKCS_7))
}
