//! The reason why a server is not trusted: one enum for every TLS library.

mod dated_root;
mod describe;

pub use dated_root::DatedRoot;
pub(crate) use describe::Described;

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::error::Error;
use core::fmt;

use jit_trust_core::{
    Certificate, CertificateError, ChainError, Escaped, MAX_CERTIFICATES, NameConstraintsError, Time,
};

use crate::{AnchorKey, StoreError};

/// The error that a rejection was made from.
pub type Original = Arc<dyn Error + Send + Sync>;

/// The reason why a server is not trusted.
///
/// It has the same message with every TLS library. [`Rejection::find`] finds it inside the errors of TLS and HTTP libraries.
/// If it was made from an error of the TLS library, [`source`](Error::source) returns that error.
///
/// `Debug` prints the same as `Display`, because programs print the errors of rustls with `{:?}`.
#[derive(Clone)]
#[non_exhaustive]
pub enum Rejection {
    /// The server sent no certificate.
    NoCertificate,
    /// The server sent more than [`MAX_CERTIFICATES`] certificates.
    TooManyCertificates,
    /// A certificate is not encoded correctly.
    UnreadableCertificate {
        /// The fault and its position.
        detail: Option<String>,
        /// The error of the parser.
        original: Option<Original>,
    },
    /// A certificate of the path has expired.
    Expired {
        /// The subject of the certificate, where it is one that the server sent.
        certificate: Option<String>,
        /// Its notAfter, in Unix time.
        not_after: Option<u64>,
        /// The time as of which it was validated, in Unix time.
        now: Option<u64>,
        /// The error of the TLS library.
        original: Option<Original>,
    },
    /// A certificate of the path is not valid yet.
    NotYetValid {
        /// The subject of the certificate, where it is one that the server sent.
        certificate: Option<String>,
        /// Its notBefore, in Unix time.
        not_before: Option<u64>,
        /// The time as of which it was validated, in Unix time.
        now: Option<u64>,
        /// The error of the TLS library.
        original: Option<Original>,
    },
    /// The certificate is not for this host.
    WrongHost {
        /// The host of the connection.
        host: String,
        /// The names that the certificate is for, where they can be read.
        presented: Option<Vec<PresentedName>>,
        /// The error of the TLS library.
        original: Option<Original>,
    },
    /// No valid path leads to a root that is trusted.
    NoSuchRoot {
        /// What is missing.
        missing: Box<Missing>,
        /// The error of the TLS library.
        original: Option<Original>,
    },
    /// The root that the path ends in is trusted only for certificates issued up to a date, and this one was issued later.
    DatedRoot(DatedRoot),
    /// A certificate has a name that a CA above it may not issue for.
    NameConstraints {
        /// The error of the check, the TLS library's or [`NameConstraintsError`].
        original: Option<Original>,
    },
    /// A signature in the path was not made with the key of the issuer.
    BadSignature {
        /// The error of the TLS library.
        original: Option<Original>,
    },
    /// A certificate of the path is signed with an algorithm that the TLS library does not accept.
    UnsupportedAlgorithm {
        /// The algorithm, and the kind of the key, where the library's error has them.
        detail: Option<String>,
        /// The error of the TLS library.
        original: Option<Original>,
    },
    /// A key in the path is too short, or of a kind that the TLS library does not accept.
    UnsupportedKey {
        /// The key, and its owner.
        detail: Option<String>,
        /// The error of the TLS library.
        original: Option<Original>,
    },
    /// A certificate of the path may not be used for TLS servers (extended key usage, key usage).
    WrongPurpose {
        /// The error of the TLS library.
        original: Option<Original>,
    },
    /// The certificate is that of a CA, not of a server.
    CaAsServer {
        /// Whether it is signed by itself.
        self_signed: bool,
        /// The error of the TLS library.
        original: Option<Original>,
    },
    /// A certificate of the path was issued by a certificate that is not a CA's.
    IssuerNotCa {
        /// The error of the TLS library.
        original: Option<Original>,
    },
    /// A CA of the path has more CAs below it than its certificate allows, or the path is longer than the library's limit.
    PathTooLong {
        /// The error of the TLS library.
        original: Option<Original>,
    },
    /// A certificate has a critical extension that the TLS library does not understand.
    CriticalExtension {
        /// The error of the TLS library.
        original: Option<Original>,
    },
    /// A certificate of the path is revoked.
    Revoked {
        /// The error of the TLS library.
        original: Option<Original>,
    },
    /// The revocation status of a certificate of the path is not known.
    RevocationUnknown {
        /// The error of the TLS library.
        original: Option<Original>,
    },
    /// A store failed. It might have held the anchor, so nothing is known about the server.
    StoreFailure(Arc<StoreError>),
    /// A store has not responded yet, and the verifier does not wait.
    #[cfg(feature = "std")]
    LookupPending(crate::LookupPending),
    /// A store, or an observer, panicked.
    Panicked,
    /// The server did not prove that it has the private key of its certificate: its signature in the handshake is not valid.
    /// The certificates themselves were accepted.
    KeyNotProven {
        /// The error of the TLS library.
        original: Option<Original>,
    },
    /// The certificates were accepted, and the handshake failed afterwards for a reason that is not about them, such as an
    /// alert of the server.
    HandshakeFailed {
        /// The error of the TLS library.
        original: Original,
    },
    /// The handshake ended without a verification of the server's certificates, or the TLS library reported a path that does
    /// not consist of these certificates and anchors.
    NotVerified,
    /// Another error of the TLS library, or of the edge to it.
    Other(Original),
}

/// The part of the path that is missing where no valid path leads to a root.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Missing {
    /// The store holds no root of this name.
    Root {
        /// The issuer that the last certificate of the path names.
        issuer: String,
        /// The subject of that certificate.
        asked_by: String,
        /// The key by which it was looked up in a deferred store, if it was.
        looked_up: Option<AnchorKey>,
        /// Whether the server may also have left out an intermediate certificate.
        or_intermediate: bool,
        /// Whether the server sent a single certificate.
        sent_alone: bool,
    },
    /// The server's certificate is self-signed, and the store does not hold it.
    SelfSigned {
        /// Its subject.
        subject: String,
    },
    /// The server sent a root, and the store holds none of its name.
    SentRoot {
        /// Its subject.
        subject: String,
    },
    /// The store holds roots that could have issued a certificate, and no valid path leads to one.
    Path {
        /// The number of these roots.
        roots: usize,
        /// The issuer that the last certificate of the path names.
        issuer: String,
    },
    /// The root of the name is not trusted for certificates issued after a date, and the path to it has another error, too.
    DatedRoot(DatedRoot),
    /// It is not known.
    Unknown,
}

/// A name that a certificate is for (RFC 5280 section 4.2.1.6).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PresentedName {
    /// A dNSName.
    Dns(String),
    /// An iPAddress.
    IpAddress(String),
    /// A name of another form, in the library's notation.
    Other(String),
}

impl PresentedName {
    /// A name in the notation of webpki and rustls: `DnsName("a.test")`, `IpAddress(192.0.2.1)`.
    pub fn of_webpki(name: &str) -> Self {
        let (form, rest) = name.split_once('(').unwrap_or(("", name));
        let inside = rest.strip_suffix(')').unwrap_or(rest).trim_matches('"').into();
        match form {
            "DnsName" => Self::Dns(inside),
            "IpAddress" => Self::IpAddress(inside),
            _ => Self::Other(inside),
        }
    }

    /// The name, without its form.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Dns(name) | Self::IpAddress(name) | Self::Other(name) => name,
        }
    }
}

impl Rejection {
    /// [`NoSuchRoot`](Self::NoSuchRoot), where it is not known what is missing. A
    /// [`Verification`](crate::verification::Verification) finds that out.
    pub fn no_such_root(original: Option<Original>) -> Self {
        Self::NoSuchRoot {
            missing: Box::new(Missing::Unknown),
            original,
        }
    }

    /// [`Expired`](Self::Expired), by a notAfter and the time of the check, where they are known. A
    /// [`Verification`](crate::verification::Verification) finds the certificate.
    pub fn expired(not_after: Option<u64>, now: Option<u64>, original: Option<Original>) -> Self {
        Self::Expired {
            certificate: None,
            not_after,
            now,
            original,
        }
    }

    /// [`NotYetValid`](Self::NotYetValid), by a notBefore and the time of the check, where they are known. A
    /// [`Verification`](crate::verification::Verification) finds the certificate.
    pub fn not_yet_valid(not_before: Option<u64>, now: Option<u64>, original: Option<Original>) -> Self {
        Self::NotYetValid {
            certificate: None,
            not_before,
            now,
            original,
        }
    }

    /// [`WrongHost`](Self::WrongHost), by the names of the certificate, where they are known. A
    /// [`Verification`](crate::verification::Verification) adds the host.
    pub fn wrong_host(presented: Option<Vec<PresentedName>>, original: Option<Original>) -> Self {
        Self::WrongHost {
            host: String::new(),
            presented,
            original,
        }
    }

    /// [`UnreadableCertificate`](Self::UnreadableCertificate), where the fault is not known.
    pub fn unreadable_certificate(original: Option<Original>) -> Self {
        Self::UnreadableCertificate {
            detail: None,
            original,
        }
    }

    /// [`UnsupportedAlgorithm`](Self::UnsupportedAlgorithm), where the algorithm is not known.
    pub fn unsupported_algorithm(original: Option<Original>) -> Self {
        Self::UnsupportedAlgorithm {
            detail: None,
            original,
        }
    }

    /// A rejection for an error, of an edge or of its TLS library, without a variant of its own.
    pub fn other(error: impl Error + Send + Sync + 'static) -> Self {
        Self::Other(Arc::new(error))
    }

    /// Finds the rejection inside an error: the error itself, or one of its [`source`](Error::source)s, as the errors of
    /// hyper, reqwest and the connectors have it. The errors of rustls do not return it as their source: for those there is
    /// the function `rejection` of the edge to rustls.
    pub fn find<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e Self> {
        let mut next = Some(error);
        while let Some(error) = next {
            if let Some(found) = error.downcast_ref::<Self>() {
                return Some(found);
            }
            #[cfg(feature = "std")]
            if let Some(inner) = error
                .downcast_ref::<std::io::Error>()
                .and_then(std::io::Error::get_ref)
            {
                next = Some(inner);
                continue;
            }
            next = error.source();
        }
        None
    }

    /// Whether a store failed, so that nothing is known about the server.
    pub fn is_store_failure(&self) -> bool {
        matches!(self, Self::StoreFailure(_))
    }

    /// Whether the certificates were accepted, and the handshake failed afterwards.
    pub fn is_after_acceptance(&self) -> bool {
        matches!(self, Self::KeyNotProven { .. } | Self::HandshakeFailed { .. })
    }

    /// The error that the rejection was made from.
    pub fn original(&self) -> Option<&(dyn Error + Send + Sync + 'static)> {
        match self {
            Self::UnreadableCertificate { original, .. }
            | Self::Expired { original, .. }
            | Self::NotYetValid { original, .. }
            | Self::WrongHost { original, .. }
            | Self::NoSuchRoot { original, .. }
            | Self::NameConstraints { original }
            | Self::BadSignature { original }
            | Self::UnsupportedAlgorithm { original, .. }
            | Self::UnsupportedKey { original, .. }
            | Self::WrongPurpose { original }
            | Self::CaAsServer { original, .. }
            | Self::IssuerNotCa { original }
            | Self::PathTooLong { original }
            | Self::CriticalExtension { original }
            | Self::Revoked { original }
            | Self::RevocationUnknown { original }
            | Self::KeyNotProven { original } => original.as_deref(),
            Self::StoreFailure(error) => Some(&**error),
            Self::HandshakeFailed { original } | Self::Other(original) => Some(&**original),
            Self::NoCertificate
            | Self::TooManyCertificates
            | Self::DatedRoot(_)
            | Self::Panicked
            | Self::NotVerified => None,
            #[cfg(feature = "std")]
            Self::LookupPending(_) => None,
        }
    }

    /// The message, with this name for the store: "a.tblb", "Mozilla's list".
    pub fn in_store<'r>(&'r self, store: &'r str) -> impl fmt::Display + 'r {
        InStore {
            rejection: self,
            store,
        }
    }
}

/// A rejection, with a name for the store.
struct InStore<'r> {
    rejection: &'r Rejection,
    store: &'r str,
}

impl fmt::Display for InStore<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let store = self.store;
        match self.rejection {
            Rejection::NoCertificate => f.write_str("the server sent no certificate"),
            Rejection::TooManyCertificates => {
                write!(f, "the server sent more than {MAX_CERTIFICATES} certificates")
            }
            Rejection::UnreadableCertificate { detail, .. } => match detail {
                Some(detail) => f.write_str(detail),
                None => f.write_str("a certificate in the chain is not encoded correctly"),
            },
            // No certificate that the server sent is out of date.
            Rejection::Expired {
                certificate: None,
                not_after: None,
                now: Some(_),
                ..
            } => f.write_str("the root that the certificates lead to has expired"),
            Rejection::NotYetValid {
                certificate: None,
                not_before: None,
                now: Some(_),
                ..
            } => f.write_str("the root that the certificates lead to is not valid yet"),
            Rejection::Expired {
                certificate,
                not_after,
                now,
                ..
            } => {
                whose(f, certificate.as_deref())?;
                f.write_str(" expired")?;
                match not_after {
                    Some(0) => f.write_str(" in 1970 or before")?,
                    not_after => at(f, " at ", *not_after)?,
                }
                at(f, "; checked at ", *now)
            }
            Rejection::NotYetValid {
                certificate,
                not_before,
                now,
                ..
            } => {
                whose(f, certificate.as_deref())?;
                f.write_str(" is not valid")?;
                match not_before {
                    Some(_) => at(f, " before ", *not_before)?,
                    None => f.write_str(" yet")?,
                }
                at(f, "; checked at ", *now)
            }
            Rejection::WrongHost { host, presented, .. } => wrong_host(f, host, presented.as_deref()),
            Rejection::NoSuchRoot { missing, .. } => missing.say(f, store),
            Rejection::DatedRoot(dated) => write!(f, "{}", dated.in_store(store)),
            Rejection::NameConstraints { original } => {
                let ours = original.as_deref().and_then(|error| error.downcast_ref());
                match ours {
                    None
                    | Some(NameConstraintsError::NotPermitted(_) | NameConstraintsError::Excluded(_)) => {
                        f.write_str("a CA in the chain is not allowed to issue for a name in the certificate")
                    }
                    Some(error) => error.fmt(f),
                }
            }
            Rejection::BadSignature { .. } => {
                f.write_str("a signature in the chain does not fit the key of its issuer")
            }
            Rejection::UnsupportedAlgorithm { detail, .. } => match detail {
                Some(detail) => f.write_str(detail),
                None => {
                    f.write_str("a certificate in the chain is signed with an algorithm that is not accepted")
                }
            },
            Rejection::UnsupportedKey { detail, .. } => match detail {
                Some(detail) => f.write_str(detail),
                None => f.write_str("a key in the chain is too short, or of a kind that is not accepted"),
            },
            Rejection::WrongPurpose { .. } => {
                f.write_str("a certificate in the chain is not for use with TLS servers")
            }
            Rejection::CaAsServer {
                self_signed: true, ..
            } => f.write_str(
                "the certificate is self-signed and a CA's; a server's certificate must not be a CA's",
            ),
            Rejection::CaAsServer { .. } => f.write_str("the certificate is that of a CA, not of a server"),
            Rejection::IssuerNotCa { .. } => {
                f.write_str("a certificate in the chain was issued by a certificate that is not a CA's")
            }
            Rejection::PathTooLong { .. } => {
                f.write_str("a CA in the chain has more CAs below it than its certificate allows")
            }
            Rejection::CriticalExtension { .. } => {
                f.write_str("a certificate has a critical extension that is not understood")
            }
            Rejection::Revoked { .. } => f.write_str("a certificate in the chain has been revoked"),
            Rejection::RevocationUnknown { .. } => {
                f.write_str("the revocation status of a certificate in the chain is unknown")
            }
            Rejection::StoreFailure(error) => error.fmt(f),
            #[cfg(feature = "std")]
            Rejection::LookupPending(pending) => pending.fmt(f),
            Rejection::Panicked => f.write_str("a store or an observer panicked"),
            Rejection::KeyNotProven { .. } => {
                f.write_str("the server does not have the private key of its certificate")
            }
            Rejection::HandshakeFailed { original } => write!(
                f,
                "the TLS handshake failed after the certificates were accepted: {original}"
            ),
            Rejection::NotVerified => f.write_str("the server was not verified by a certificate"),
            Rejection::Other(original) => original.fmt(f),
        }
    }
}

fn whose(f: &mut fmt::Formatter<'_>, certificate: Option<&str>) -> fmt::Result {
    match certificate {
        Some(subject) => write!(f, "the certificate of \"{subject}\""),
        None => f.write_str("a certificate in the chain, or its root,"),
    }
}

fn at(f: &mut fmt::Formatter<'_>, before: &str, time: Option<u64>) -> fmt::Result {
    time.map_or(Ok(()), |time| write!(f, "{before}{}", Time(time)))
}

/// The largest number of names that are shown.
const MAX_SHOWN: usize = 10;

/// How many characters of each.
const MAX_NAME_SHOWN: usize = 255;

fn wrong_host(f: &mut fmt::Formatter<'_>, host: &str, presented: Option<&[PresentedName]>) -> fmt::Result {
    let shown = Escaped::new(host);
    let Some(presented) = presented else {
        return write!(f, "the certificate is not for {shown}");
    };
    if is_address_as_dns_name(host, presented) {
        return write!(
            f,
            "the certificate has the address {shown} as a DNS name (dNSName), and addresses are not looked for there: \
             expected it as an address (iPAddress, RFC 5280 section 4.2.1.6)"
        );
    }
    f.write_str("the certificate is for ")?;
    if presented.is_empty() {
        f.write_str("no host at all")?;
    }
    for (place, name) in presented.iter().take(MAX_SHOWN).enumerate() {
        let separator = if place > 0 { ", " } else { "" };
        write!(
            f,
            "{separator}{}",
            Escaped::new(name.as_str()).at_most(MAX_NAME_SHOWN)
        )?;
    }
    if let Some(more @ 1..) = presented.len().checked_sub(MAX_SHOWN) {
        write!(f, " and {more} more")?;
    }
    write!(f, ", not for {shown}")
}

/// Whether the host is an address that the certificate has as a DNS name, where addresses are not valid.
fn is_address_as_dns_name(host: &str, presented: &[PresentedName]) -> bool {
    let Ok(host) = host.parse::<core::net::IpAddr>() else {
        return false;
    };
    presented
        .iter()
        .any(|name| matches!(name, PresentedName::Dns(name) if name.parse() == Ok(host)))
}

impl Missing {
    fn say(&self, f: &mut fmt::Formatter<'_>, store: &str) -> fmt::Result {
        match self {
            Self::Root {
                issuer,
                asked_by,
                looked_up,
                or_intermediate,
                ..
            } => {
                write!(
                    f,
                    "no root in {store} named \"{issuer}\" (asked for by the certificate of \"{asked_by}\""
                )?;
                if let Some(key) = looked_up {
                    write!(f, ", under {key}")?;
                }
                f.write_str(")")?;
                match or_intermediate {
                    true => f.write_str("; or the server has left an intermediate certificate out"),
                    false => Ok(()),
                }
            }
            Self::SelfSigned { subject } => {
                write!(
                    f,
                    "\"{subject}\" is signed by itself, and {store} does not hold it"
                )
            }
            Self::SentRoot { subject } => write!(
                f,
                "no root in {store} named \"{subject}\", though the server sent one of that name"
            ),
            Self::Path { roots, issuer } => {
                let noun = if *roots == 1 { "root" } else { "roots" };
                write!(
                    f,
                    "{roots} {noun} in {store} of the names asked for, but no valid path leads there; the last certificate \
                     asks for \"{issuer}\""
                )
            }
            Self::DatedRoot(dated) => {
                write!(f, "{}", dated.in_store(store))?;
                f.write_str("; and no valid path leads to a root that may be used")
            }
            Self::Unknown => write!(f, "no certificate leads to a root in {store}"),
        }
    }
}

/// The name of the store where the caller gives none.
const THE_STORE: &str = "the trust store";

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.in_store(THE_STORE).fmt(f)
    }
}

impl fmt::Debug for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Error for Rejection {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.original().map(|original| original as _)
    }
}

impl From<ChainError> for Rejection {
    fn from(error: ChainError) -> Self {
        match error {
            ChainError::Empty => Self::NoCertificate,
            ChainError::TooManyCertificates => Self::TooManyCertificates,
            _ => Self::UnreadableCertificate {
                detail: Some(alloc::format!("{error}")),
                original: Some(Arc::new(error)),
            },
        }
    }
}

impl From<CertificateError> for Rejection {
    fn from(error: CertificateError) -> Self {
        Self::UnreadableCertificate {
            detail: Some(alloc::format!("a certificate in the path is {error}")),
            original: Some(Arc::new(error)),
        }
    }
}

impl From<StoreError> for Rejection {
    fn from(error: StoreError) -> Self {
        Self::StoreFailure(Arc::new(error))
    }
}

impl From<NameConstraintsError> for Rejection {
    fn from(error: NameConstraintsError) -> Self {
        Self::NameConstraints {
            original: Some(Arc::new(error)),
        }
    }
}

/// The subject of a certificate, safe for a terminal.
fn subject_of(certificate: &Certificate<'_>) -> String {
    alloc::format!("{}", certificate.subject())
}
