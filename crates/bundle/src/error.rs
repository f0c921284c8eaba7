//! What can be wrong with an input.

use std::{error, fmt, io};

use jit_trust_core::{BlobError, CertificateError};

use crate::shown::shown;
use crate::{Fingerprint, OtherForm, PassedOver, Place};

/// What an input that is told apart by its content may be.
const FORMS: &str = "a PEM, DER, PKCS #7, p11-kit, certdata.txt, CCADB CSV or trust blob";

/// The most reasons that are told for an empty list. There may be thousands.
const MAX_REASONS: usize = 20;

/// Why an input, or one certificate of it, was refused: what is wrong, where, and what was expected instead, in one
/// line.
#[derive(Debug)]
#[non_exhaustive]
pub struct InputError {
    /// Where.
    pub place: Place,
    /// What is wrong there.
    pub problem: Problem,
}

impl fmt::Display for InputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.problem)
    }
}

impl error::Error for InputError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match &self.problem {
            Problem::Io { error, .. } => Some(error),
            Problem::Certificate(error) => Some(error),
            Problem::Blob(error) => Some(error),
            _ => None,
        }
    }
}

/// What is wrong.
#[derive(Debug)]
#[non_exhaustive]
pub enum Problem {
    /// A file or directory cannot be opened or read.
    Io {
        /// What could not be done, such as `read`.
        doing: &'static str,
        /// What the system says.
        error: io::Error,
    },
    /// There is more than any list of roots can have.
    TooLong {
        /// The most that is read, in bytes.
        limit: u64,
    },
    /// The path leads to a pipe, a device or a socket.
    NotAFile,
    /// There is not a single byte.
    Empty,
    /// The content is of no known form.
    Unrecognised,
    /// A file in a directory is neither PEM nor DER, but may hold a certificate in another encoding.
    UnrecognisedInDirectory,
    /// A file in a directory is a list of roots that says more of them than PEM can, such as a trust blob.
    OtherFormInDirectory,
    /// A directory has too many names in it.
    TooManyFiles {
        /// The most that there may be.
        limit: usize,
    },
    /// A line that begins or ends a PEM section (RFC 7468 section 2) is not there, or not as it must be.
    PemBoundary {
        /// What was expected.
        expected: String,
    },
    /// The content of a PEM section is not Base64.
    PemContent,
    /// A PEM section that may hold certificates in a wrapping that is not read.
    PemSection {
        /// The label of the section.
        label: String,
    },
    /// A PEM file, or a field that should hold one, has no certificate.
    NoCertificate {
        /// What it has instead.
        instead: Option<OtherForm>,
    },
    /// The content is of none of the forms that consist of certificates alone.
    NoCertificates,
    /// The content is of a form that is known, but is no list that can be read.
    OtherForm(OtherForm),
    /// PKCS #7 that is something else than certificates alone, or cannot be read.
    SignedData,
    /// What a `TRUSTED CERTIFICATE` of OpenSSL's says that it is trusted for cannot be read.
    TrustSettings,
    /// A line of p11-kit's list is not as it must be.
    P11Kit {
        /// What was expected.
        expected: &'static str,
    },
    /// p11-kit's list, which says of each certificate whether it is trusted, where certificates alone were expected.
    P11KitText,
    /// p11-kit's list adds an extension to a certificate that cannot be kept to.
    P11KitExtension {
        /// The label of the certificate.
        label: String,
        /// What kind of extension.
        extension: &'static str,
    },
    /// Behind a certificate, or the only one expected, stands another.
    SecondCertificate,
    /// The certificate cannot be read.
    Certificate(CertificateError),
    /// The certificate says that its key must not be used to sign others (RFC 5280 sections 4.2.1.3 and 4.2.1.9).
    NotACa {
        /// Its subject.
        subject: String,
    },
    /// A line of `certdata.txt` is not as it must be.
    Certdata {
        /// What was expected.
        expected: &'static str,
    },
    /// An object of `certdata.txt` or of p11-kit's list has no such attribute.
    MissingAttribute {
        /// The label of the object.
        label: String,
        /// The attribute.
        attribute: &'static str,
    },
    /// An object of `certdata.txt` or of p11-kit's list has an attribute twice.
    SecondAttribute {
        /// The label of the object.
        label: String,
        /// The attribute.
        attribute: String,
    },
    /// The `CKA_CERT_SHA1_HASH` of an object of `certdata.txt` is not that of the certificate that it trusts.
    WrongSha1 {
        /// The `CKA_LABEL` of the object.
        label: String,
    },
    /// The issuer and serial number that an object of `certdata.txt` gives are not those of its certificate.
    WrongIssuerAndSerial {
        /// The `CKA_LABEL` of the object.
        label: String,
    },
    /// Two objects of `certdata.txt` speak of one issuer and serial number.
    SecondObject {
        /// The `CKA_LABEL` of the second object.
        label: String,
        /// The line of the first.
        first: u64,
    },
    /// `certdata.txt` trusts a certificate for servers that is not in it.
    TrustWithoutCertificate {
        /// The `CKA_LABEL` of the trust object.
        label: String,
    },
    /// The CSV report cannot be read.
    Csv {
        /// What the reader of CSV says.
        reason: String,
    },
    /// The CSV report lacks a column.
    MissingColumn {
        /// The name of the column.
        column: &'static str,
        /// What the report looks like, if it is one of CCADB's that roots cannot be taken from.
        looks_like: Option<&'static str>,
    },
    /// The CSV report has a column twice: which of them counts is not known.
    SecondColumn {
        /// The name of the column.
        column: &'static str,
    },
    /// The date up to which a root is trusted cannot be read.
    Date {
        /// The date as it stands there.
        text: String,
        /// The form that was expected.
        expected: &'static str,
    },
    /// The domains that a root is trusted for cannot be read, or cannot be added to the name constraints of its
    /// certificate.
    Constraints {
        /// The domains as they stand there.
        text: String,
    },
    /// The fingerprint that the input gives is not that of the certificate.
    WrongFingerprint {
        /// The fingerprint as it stands there.
        given: String,
        /// The certificate's own.
        own: Fingerprint,
    },
    /// The same root stands in the input twice, with different constraints.
    ConflictingConstraints {
        /// Where it stands with the others.
        first: Place,
    },
    /// The list has a root whose key one of its inputs says is not to be trusted for servers.
    Distrusted {
        /// The root, as [`Root::label`](crate::Root::label) has it.
        subject: String,
        /// Where it is distrusted.
        at: Box<Place>,
    },
    /// A list says of something that it is not to be trusted, but not of what in a form that can be read.
    UnreadableDistrust {
        /// The label of the object or section.
        label: String,
        /// What cannot be read.
        what: &'static str,
    },
    /// The trust blob cannot be used.
    Blob(BlobError),
    /// The `index.json` of a webroot cannot be read.
    Index {
        /// What is wrong with it.
        reason: String,
    },
    /// A webroot's `index.json` and its files disagree.
    WrongIndex {
        /// The file that is not as the index says.
        file: String,
    },
    /// There is no certificate in a directory.
    EmptyDirectory {
        /// What is there instead.
        passed_over: PassedOver,
    },
    /// There is no root at all.
    NoRoots {
        /// Where something was left out, and why.
        reasons: Vec<String>,
    },
}

impl Problem {
    pub(crate) fn at(self, place: Place) -> InputError {
        InputError { place, problem: self }
    }

    pub(crate) fn io(doing: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |error| Self::Io { doing, error }
    }
}

impl From<OtherForm> for Problem {
    fn from(form: OtherForm) -> Self {
        Self::OtherForm(form)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { doing, error } => write!(f, "cannot {doing}: {error}"),
            Self::TooLong { limit } => write!(f, "too long: expected at most {limit} bytes"),
            Self::NotAFile => f.write_str("a pipe, device or socket: expected a file or directory"),
            Self::Empty => write!(f, "empty: expected {FORMS}"),
            Self::Unrecognised => write!(f, "not recognised, line 1, byte 0: expected {FORMS}"),
            Self::UnrecognisedInDirectory => f.write_str(
                "neither PEM nor DER, but it may be a certificate in UTF-16, in Base64 without boundaries or in BER: \
                 expected PEM or DER",
            ),
            Self::OtherFormInDirectory => f.write_str(
                "a list of roots that may say more of them than PEM can: in a directory, expected only PEM and DER \
                 files; name it itself, beside the directory or instead",
            ),
            Self::TooManyFiles { limit } => write!(f, "too many files: expected at most {limit}"),
            Self::PemBoundary { expected } => write!(f, "expected {}", shown(expected)),
            Self::PemContent => f.write_str("expected Base64"),
            Self::PemSection { label } => {
                write!(f, "a section {}: expected CERTIFICATE", shown(label))
            }
            Self::NoCertificate { instead: None } => {
                f.write_str("no certificate: expected -----BEGIN CERTIFICATE-----")
            }
            Self::NoCertificate { instead: Some(form) } => write!(f, "no certificate, but {form}"),
            Self::NoCertificates => f.write_str("expected certificates in PEM, DER or PKCS #7"),
            Self::OtherForm(form) => form.fmt(f),
            Self::SignedData => f.write_str(
                "PKCS #7 with a signature or other content, or damaged: expected certificates alone; openssl pkcs7 \
                 -inform DER -in FILE -print_certs shows what is in it, and its signers are no list of roots",
            ),
            Self::TrustSettings => f.write_str(
                "a section TRUSTED CERTIFICATE: expected a certificate and OpenSSL's settings of what it is trusted for",
            ),
            Self::P11Kit { expected } => write!(f, "expected {expected}"),
            Self::P11KitText => f.write_str(
                "p11-kit's list, which says of each certificate whether it is trusted: expected a file with just the \
                 certificates that are meant, in PEM",
            ),
            Self::P11KitExtension { label, extension } => write!(
                f,
                "\"{}\" is trusted under a condition that cannot be kept to: {extension}",
                shown(label)
            ),
            Self::SecondCertificate => f.write_str("more than one certificate: expected one"),
            Self::Certificate(error) => error.fmt(f),
            Self::NotACa { subject } => write!(
                f,
                "{subject} says that it is no CA: expected basic constraints with cA, and keyCertSign in the key \
                 usage if there is one"
            ),
            Self::Certdata { expected } => write!(f, "expected {expected}"),
            Self::MissingAttribute { label, attribute } => {
                write!(f, "object \"{}\" ends: expected {attribute}", shown(label))
            }
            Self::SecondAttribute { label, attribute } => write!(
                f,
                "object \"{}\" has {} twice: expected it once",
                shown(label),
                shown(attribute)
            ),
            Self::WrongSha1 { label } => write!(
                f,
                "object \"{}\" is trusted for servers: expected its CKA_CERT_SHA1_HASH to be that of the certificate",
                shown(label)
            ),
            Self::WrongIssuerAndSerial { label } => write!(
                f,
                "object \"{}\": expected the CKA_ISSUER and CKA_SERIAL_NUMBER of its certificate",
                shown(label)
            ),
            Self::SecondObject { label, first } => write!(
                f,
                "object \"{}\" has the issuer and serial number of the one at line {first}: expected one of each",
                shown(label)
            ),
            Self::TrustWithoutCertificate { label } => write!(
                f,
                "\"{}\" is trusted for servers: expected its certificate, which is not in the file",
                shown(label)
            ),
            Self::Csv { reason } => write!(f, "expected CSV (RFC 4180): {}", shown(reason)),
            Self::MissingColumn { column, looks_like } => {
                write!(f, "expected a column \"{column}\"")?;
                if let Some(what) = looks_like {
                    write!(f, "; this looks like CCADB's {what}")?;
                }
                f.write_str(": take CCADB's IncludedCACertificateReportPEMCSV")
            }
            Self::SecondColumn { column } => write!(f, "column \"{column}\" twice: expected it once"),
            Self::Date { text, expected } => {
                write!(f, "distrust date \"{}\": expected {expected}", shown(text))
            }
            Self::Constraints { text } => write!(
                f,
                "applied constraints \"{}\": expected domains such as *.example.com, separated by commas, and a \
                 certificate whose own constraints can be read",
                shown(text)
            ),
            Self::WrongFingerprint { given, own } => write!(
                f,
                "SHA-256 fingerprint {}: expected {own}, that of the certificate",
                shown(given)
            ),
            Self::ConflictingConstraints { first } => {
                write!(
                    f,
                    "expected the same constraints as at {first}, which is the same root"
                )
            }
            Self::Distrusted { subject, at } => write!(
                f,
                "{subject} is distrusted at {at}, which binds the whole list: expected it in none of the inputs, or \
                 the two lists apart"
            ),
            Self::UnreadableDistrust { label, what } => write!(
                f,
                "\"{}\" is distrusted, but what it is cannot be read: expected {what} in DER, with nothing behind it",
                shown(label)
            ),
            Self::Blob(error) => error.fmt(f),
            Self::Index { reason } => write!(
                f,
                "damaged: expected the index of a webroot, as write_webroot makes it: {}",
                shown(reason)
            ),
            Self::WrongIndex { file } => {
                write!(
                    f,
                    "damaged webroot: expected {} as index.json describes it",
                    shown(file)
                )
            }
            Self::EmptyDirectory { passed_over } => {
                f.write_str("no certificate in it: expected PEM or DER files")?;
                if passed_over.is_empty() {
                    return Ok(());
                }
                write!(f, "; {passed_over}")
            }
            Self::NoRoots { reasons } => {
                f.write_str("no root left: expected at least one certificate of a CA trusted for servers")?;
                for reason in reasons.iter().take(MAX_REASONS) {
                    write!(f, "; {reason}")?;
                }
                match reasons.len().saturating_sub(MAX_REASONS) {
                    0 => Ok(()),
                    more => write!(f, "; and {more} more"),
                }
            }
        }
    }
}
