//! The errors of reading inputs.

use std::error::Error;
use std::{fmt, io};

use jit_trust_core::{BlobError, CertificateError};

use crate::shown::shown;
use crate::{Fingerprint, OtherForm, PassedOver, Place};

/// The forms that are detected by their content, for messages.
const FORMS: &str = "a PEM, DER, PKCS #7, p11-kit, certdata.txt, CCADB CSV or trust blob";

/// The largest number of reasons in the message on an empty list. There may be thousands.
const MAX_REASONS: usize = 20;

/// The reason why an input, or one certificate of it, was refused: the problem, its place, and what was expected instead, in
/// one line.
#[derive(Debug)]
#[non_exhaustive]
pub struct InputError {
    /// The place.
    pub place: Place,
    /// The problem.
    pub problem: Problem,
}

impl fmt::Display for InputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.problem)
    }
}

impl Error for InputError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.problem.source()
    }
}

/// A problem with an input.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// A file or directory cannot be opened or read.
    #[error("cannot {doing}: {error}")]
    Io {
        /// The operation that failed, such as `read`.
        doing: &'static str,
        /// The error of the system.
        #[source]
        error: io::Error,
    },
    /// The input is larger than any list of roots can be.
    #[error("too long: expected at most {limit} bytes")]
    TooLong {
        /// The limit in bytes.
        limit: u64,
    },
    /// The path leads to a pipe, a device or a socket.
    #[error("a pipe, device or socket: expected a file or directory")]
    NotAFile,
    /// The input is empty.
    #[error("empty: expected {}", FORMS)]
    Empty,
    /// The content is of no known form.
    #[error("not recognised, line 1, byte 0: expected {}", FORMS)]
    Unrecognised,
    /// A file in a directory is neither PEM nor DER, but may hold a certificate in another encoding.
    #[error(
        "neither PEM nor DER, but it may be a certificate in UTF-16, in Base64 without boundaries or in BER: expected \
         PEM or DER"
    )]
    UnrecognisedInDirectory,
    /// A file in a directory is a list of roots in a form that holds more than PEM, such as a trust blob.
    #[error(
        "a list of roots that may say more of them than PEM can: in a directory, expected only PEM and DER files; name \
         it itself, beside the directory or instead"
    )]
    OtherFormInDirectory,
    /// A directory has too many names in it.
    #[error("too many files: expected at most {limit}")]
    TooManyFiles {
        /// The limit.
        limit: usize,
    },
    /// A line that begins or ends a PEM section (RFC 7468 section 2) is missing or malformed.
    #[error("expected {}", shown(expected))]
    PemBoundary {
        /// What was expected.
        expected: String,
    },
    /// The content of a PEM section is not Base64.
    #[error("expected Base64")]
    PemContent,
    /// A PEM section that may hold certificates in a wrapping that is not read.
    #[error("a section {}: expected CERTIFICATE", shown(label))]
    PemSection {
        /// The label of the section.
        label: String,
    },
    /// A PEM file, or a field that should hold one, has no certificate.
    #[error("no certificate{}", instead.as_ref().map_or(": expected -----BEGIN CERTIFICATE-----".into(), |form| format!(", but {form}")))]
    NoCertificate {
        /// What was found instead.
        instead: Option<OtherForm>,
    },
    /// The content is in none of the forms that contain only certificates.
    #[error("expected certificates in PEM, DER or PKCS #7")]
    NoCertificates,
    /// The content is in a form that is known, but cannot be read.
    #[error("{0}")]
    OtherForm(OtherForm),
    /// PKCS #7 that contains something other than certificates, or cannot be read.
    #[error(
        "PKCS #7 with a signature or other content, or damaged: expected certificates alone; openssl pkcs7 -inform DER \
         -in FILE -print_certs shows what is in it, and its signers are no list of roots"
    )]
    SignedData,
    /// The trust settings of an OpenSSL `TRUSTED CERTIFICATE` cannot be read.
    #[error(
        "a section TRUSTED CERTIFICATE: expected a certificate and OpenSSL's settings of what it is trusted for"
    )]
    TrustSettings,
    /// A line of p11-kit's list is not as it must be.
    #[error("expected {expected}")]
    P11Kit {
        /// What was expected.
        expected: &'static str,
    },
    /// p11-kit's list, which states for each certificate whether it is trusted, where only certificates were expected.
    #[error(
        "p11-kit's list, which says of each certificate whether it is trusted: expected a file with just the \
         certificates that are meant, in PEM"
    )]
    P11KitText,
    /// p11-kit's list adds an extension to a certificate that cannot be kept to.
    #[error(
        "\"{}\" is trusted under a condition that cannot be kept to: {extension}",
        shown(label)
    )]
    P11KitExtension {
        /// The label of the certificate.
        label: String,
        /// The kind of extension.
        extension: &'static str,
    },
    /// Something follows a certificate that should be the last or only one.
    #[error("more than one certificate: expected one")]
    SecondCertificate,
    /// The certificate cannot be read.
    #[error("{0}")]
    Certificate(#[source] CertificateError),
    /// The certificate says that its key must not be used to sign others (RFC 5280 sections 4.2.1.3 and 4.2.1.9).
    #[error(
        "{subject} says that it is not a CA: expected basic constraints with cA, and keyCertSign in the key usage if there \
         is one"
    )]
    NotACa {
        /// Its subject.
        subject: String,
    },
    /// A line of `certdata.txt` is not as it must be.
    #[error("expected {expected}")]
    Certdata {
        /// What was expected.
        expected: &'static str,
    },
    /// An object of `certdata.txt` or of p11-kit's list has no such attribute.
    #[error("object \"{}\" ends: expected {attribute}", shown(label))]
    MissingAttribute {
        /// The label of the object.
        label: String,
        /// The attribute.
        attribute: &'static str,
    },
    /// An object of `certdata.txt` or of p11-kit's list has an attribute twice.
    #[error(
        "object \"{}\" has {} twice: expected it once",
        shown(label),
        shown(attribute)
    )]
    SecondAttribute {
        /// The label of the object.
        label: String,
        /// The attribute.
        attribute: String,
    },
    /// The `CKA_CERT_SHA1_HASH` of an object of `certdata.txt` is not that of the certificate that it trusts.
    #[error(
        "object \"{}\" is trusted for servers: expected its CKA_CERT_SHA1_HASH to be that of the certificate",
        shown(label)
    )]
    WrongSha1 {
        /// The `CKA_LABEL` of the object.
        label: String,
    },
    /// The issuer and serial number that an object of `certdata.txt` gives are not those of its certificate.
    #[error(
        "object \"{}\": expected the CKA_ISSUER and CKA_SERIAL_NUMBER of its certificate",
        shown(label)
    )]
    WrongIssuerAndSerial {
        /// The `CKA_LABEL` of the object.
        label: String,
    },
    /// Two objects of `certdata.txt` speak of one issuer and serial number.
    #[error(
        "object \"{}\" has the issuer and serial number of the one at line {first}: expected one of each",
        shown(label)
    )]
    SecondObject {
        /// The `CKA_LABEL` of the second object.
        label: String,
        /// The line of the first.
        first: u64,
    },
    /// `certdata.txt` trusts a certificate for servers that is not in it.
    #[error(
        "\"{}\" is trusted for servers: expected its certificate, which is not in the file",
        shown(label)
    )]
    TrustWithoutCertificate {
        /// The `CKA_LABEL` of the trust object.
        label: String,
    },
    /// The CSV report cannot be read.
    #[error("expected CSV (RFC 4180): {}", shown(reason))]
    Csv {
        /// The error of the reader of CSV.
        reason: String,
    },
    /// The CSV report lacks a column.
    #[error(
        "expected a column \"{column}\"{}: take CCADB's IncludedCACertificateReportPEMCSV",
        looks_like.map(|what| format!("; this looks like CCADB's {what}")).unwrap_or_default()
    )]
    MissingColumn {
        /// The name of the column.
        column: &'static str,
        /// The kind of report, if it is one of CCADB's that does not list roots of a program.
        looks_like: Option<&'static str>,
    },
    /// The CSV report has a column twice: which of them counts is not known.
    #[error("column \"{column}\" twice: expected it once")]
    SecondColumn {
        /// The name of the column.
        column: &'static str,
    },
    /// The date up to which a root is trusted cannot be read.
    #[error("distrust date \"{}\": expected {expected}", shown(text))]
    Date {
        /// The date as it is written there.
        text: String,
        /// The form that was expected.
        expected: &'static str,
    },
    /// The domains that a root is trusted for cannot be read, or cannot be added to the name constraints of its
    /// certificate.
    #[error(
        "applied constraints \"{}\": expected domains such as *.example.com, separated by commas, and a certificate whose \
         own constraints can be read",
        shown(text)
    )]
    Constraints {
        /// The domains as they are written there.
        text: String,
    },
    /// The fingerprint that the input gives is not that of the certificate.
    #[error(
        "SHA-256 fingerprint {}: expected {own}, that of the certificate",
        shown(given)
    )]
    WrongFingerprint {
        /// The fingerprint as it is written there.
        given: String,
        /// The certificate's own.
        own: Fingerprint,
    },
    /// The same root is in the input twice, with different constraints.
    #[error("expected the same constraints as at {first}, which is the same root")]
    ConflictingConstraints {
        /// The place where it has the other constraints.
        first: Place,
    },
    /// The list has a root whose key one of its inputs says is not to be trusted for servers.
    #[error(
        "{subject} is distrusted at {at}, which binds the whole list: expected it in none of the inputs, or the two lists \
         apart"
    )]
    Distrusted {
        /// The [label](crate::Root::label) of the root.
        subject: String,
        /// The place where it is distrusted.
        at: Box<Place>,
    },
    /// A list distrusts something that cannot be read.
    #[error(
        "\"{}\" is distrusted, but what it is cannot be read: expected {what} in DER, with nothing behind it",
        shown(label)
    )]
    UnreadableDistrust {
        /// The label of the object or section.
        label: String,
        /// The part that cannot be read.
        what: &'static str,
    },
    /// The trust blob cannot be used.
    #[error("{0}")]
    Blob(#[source] BlobError),
    /// The `index.json` of a webroot cannot be read.
    #[error(
        "damaged: expected the index of a webroot, as write_webroot makes it: {}",
        shown(reason)
    )]
    Index {
        /// What is wrong with it.
        reason: String,
    },
    /// A webroot's `index.json` and its files disagree.
    #[error("damaged webroot: expected {} as index.json describes it", shown(file))]
    WrongIndex {
        /// The file that is not as the index says.
        file: String,
    },
    /// There is no certificate in a directory.
    #[error("no certificate in it: expected PEM or DER files{}", behind(passed_over))]
    EmptyDirectory {
        /// What was found instead.
        passed_over: PassedOver,
    },
    /// There is no root.
    #[error(
        "no root left: expected at least one certificate of a CA trusted for servers{}",
        first_of(reasons)
    )]
    NoRoots {
        /// The places where something was left out, and the reasons.
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

/// The files that were skipped in a directory, for the end of a message.
fn behind(passed_over: &PassedOver) -> String {
    match passed_over.is_empty() {
        true => String::new(),
        false => format!("; {passed_over}"),
    }
}

/// The first reasons for an empty list, for the end of a message.
fn first_of(reasons: &[String]) -> String {
    let mut first: String = reasons
        .iter()
        .take(MAX_REASONS)
        .map(|reason| format!("; {reason}"))
        .collect();
    if let Some(more) = reasons.len().checked_sub(MAX_REASONS).filter(|more| *more > 0) {
        first += &format!("; and {more} more");
    }
    first
}
