//! What a verifier is asked, and what it answers.

use std::time::Duration;

use jit_trust::{ChainError, Distrusted, NameConstraintsError};
use pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::client::danger::ServerCertVerifier;
use rustls::{CertificateError, Error, OtherError};

/// Whether to trust a server that sent these certificates, was reached by this name, and at this time.
#[derive(Clone, Debug)]
pub(crate) struct LookupRequest<'a> {
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
    /// Anything that rustls has words for.
    Rustls(Error),
}

impl<'a> LookupRequest<'a> {
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
        if let Error::InvalidCertificate(CertificateError::Other(OtherError(inner))) = &error {
            if let Some(ChainError::TooManyCertificates) = inner.downcast_ref() {
                return Self::TooManyCertificates;
            }
            if inner.downcast_ref::<Distrusted>().is_some() {
                return Self::Distrusted;
            }
            if inner.downcast_ref::<NameConstraintsError>().is_some() {
                return Self::OtherConstraints;
            }
        }
        Self::Rustls(error)
    }
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
