//! What a verifier is asked, and what it answers.

use jit_trust_core::NameConstraintsError;
use std::time::Duration;

use std::sync::Arc;

use jit_trust::Rejection;
use pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::client::danger::ServerCertVerifier;
use rustls::{CertificateError, Error, OtherError};

/// Whether to trust a server that sent these certificates, was reached by this name, and at this time.
#[derive(Clone, Debug)]
pub(crate) struct Request<'a> {
    pub(crate) sent: &'a [CertificateDer<'a>],
    pub(crate) name: ServerName<'a>,
    pub(crate) time: UnixTime,
}

/// The answer to a question.
pub(crate) type Verdict = Result<(), Reason>;

/// Why a chain was refused.
#[derive(Clone, Debug)]
pub(crate) enum Reason {
    /// No path leads to a trusted root, and one would if none had been left out because of the date from which on it is
    /// not trusted.
    Distrusted,
    /// No path is valid but to roots whose name and key another entry has too, with name constraints to which the path
    /// does not conform.
    OtherConstraints,
    /// The peer sent more certificates than are looked at.
    TooManyCertificates,
    /// Any other error of rustls.
    Rustls(Error),
}

impl<'a> Request<'a> {
    /// The time is in Unix seconds.
    pub(crate) fn new(sent: &'a [CertificateDer<'a>], name: &'a str, time: i64) -> Self {
        Self {
            sent,
            name: ServerName::try_from(name).unwrap(),
            time: UnixTime::since_unix_epoch(Duration::from_secs(time.try_into().unwrap())),
        }
    }

    pub(crate) fn ask(&self, verifier: &dyn ServerCertVerifier) -> Verdict {
        let (end_entity, intermediates) = self.sent.split_first().unwrap();
        let verdict = verifier.verify_server_cert(end_entity, intermediates, &self.name, &[], self.time);
        verdict.map(|_| ()).map_err(Reason::from)
    }
}

impl Reason {
    /// The reason's kind, without what it says of this one chain.
    pub(crate) fn kind(&self) -> String {
        let text = match self {
            Self::Rustls(Error::InvalidCertificate(CertificateError::Other(OtherError(inner)))) => {
                format!("{inner:?}")
            }
            Self::Rustls(Error::InvalidCertificate(error)) => format!("{error:?}"),
            other => format!("{other:?}"),
        };
        let end = text.find(|character: char| !character.is_alphanumeric());
        text[..end.unwrap_or(text.len())].to_owned()
    }
}

impl From<Error> for Reason {
    fn from(error: Error) -> Self {
        let Error::InvalidCertificate(CertificateError::Other(OtherError(inner))) = &error else {
            return Self::Rustls(error);
        };
        match inner.downcast_ref::<Rejection>() {
            Some(Rejection::TooManyCertificates) => Self::TooManyCertificates,
            Some(Rejection::DatedRoot(_)) => Self::Distrusted,
            Some(rejection) => match rejection.original() {
                Some(original) if original.is::<NameConstraintsError>() => Self::OtherConstraints,
                Some(original) => match source::<webpki::Error>(original) {
                    // rustls itself has a name for this one, and carries all others.
                    Some(webpki::Error::UnknownIssuer) => CertificateError::UnknownIssuer.into(),
                    Some(error) => Self::Rustls(carried(error.clone())),
                    None => Self::Rustls(error),
                },
                None => Self::Rustls(error),
            },
            None => Self::Rustls(error),
        }
    }
}

/// An error of webpki's as rustls' own verifier carries those that it has no name for.
fn carried(error: webpki::Error) -> Error {
    CertificateError::Other(OtherError(Arc::new(error))).into()
}

/// The error of this type that another was made from.
fn source<'e, E: std::error::Error + 'static>(error: &'e (dyn std::error::Error + 'static)) -> Option<&'e E> {
    error.downcast_ref().or_else(|| error.source()?.downcast_ref())
}

impl From<CertificateError> for Reason {
    fn from(error: CertificateError) -> Self {
        Error::from(error).into()
    }
}

impl PartialEq for Reason {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            // As text, because an error that rustls only carries is equal to no other.
            (Self::Rustls(one), Self::Rustls(other)) => format!("{one:?}") == format!("{other:?}"),
            _ => std::mem::discriminant(self) == std::mem::discriminant(other),
        }
    }
}
