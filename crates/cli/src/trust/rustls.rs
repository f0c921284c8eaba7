//! Which error of rustls' is which reason.

use std::error::Error as StdError;

use rustls::{CertificateError, Error, OtherError};

use super::Refusal;
use super::reason::{
    BAD_SIGNATURE, CRITICAL_EXTENSION, ISSUER_IS_NO_CA, NAME_NOT_PERMITTED, NOT_FOR_SERVERS, NOT_ITS_KEY,
    OutOfTime, Reason, TOO_MANY_CAS,
};
use crate::shown::shown;

/// What an error of rustls' carries that is not its own.
pub(super) fn carried(error: &Refusal) -> Option<&(dyn StdError + Send + Sync + 'static)> {
    match error.downcast_ref() {
        Some(Error::InvalidCertificate(CertificateError::Other(OtherError(other)))) => Some(&**other),
        _ => None,
    }
}

pub(super) fn reason(error: &Error) -> Reason {
    let Error::InvalidCertificate(error) = error else {
        return Reason::Other(error.to_string());
    };
    match error {
        CertificateError::UnknownIssuer => Reason::UnknownIssuer,
        CertificateError::ExpiredContext { time, not_after } => Reason::Expired(Some(OutOfTime {
            limit: not_after.as_secs(),
            judged: time.as_secs(),
        })),
        CertificateError::NotValidYetContext { time, not_before } => Reason::NotValidYet(Some(OutOfTime {
            limit: not_before.as_secs(),
            judged: time.as_secs(),
        })),
        CertificateError::NotValidForNameContext { presented, .. } => {
            Reason::OtherHost(Some(presented.clone()))
        }
        CertificateError::BadSignature => Reason::Plain(BAD_SIGNATURE),
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            Reason::Plain(NOT_FOR_SERVERS)
        }
        CertificateError::Other(other) => match of_webpki(other) {
            Some(words) => Reason::Plain(words),
            None => Reason::Other(other.to_string()),
        },
        other => Reason::Other(Error::InvalidCertificate(other.clone()).to_string()),
    }
}

/// Why a handshake failed after the certificates were looked at, where there are better words than the library's.
pub(crate) fn broken_handshake(error: &Error) -> Option<String> {
    match error {
        // The chain's own signatures were checked before.
        Error::InvalidCertificate(CertificateError::BadSignature) => Some(NOT_ITS_KEY.to_owned()),
        Error::InvalidCertificate(CertificateError::Other(other)) => {
            let words = of_webpki(other).map(str::to_owned);
            Some(words.unwrap_or_else(|| shown(other.to_string()).to_string()))
        }
        _ => None,
    }
}

/// In words what rustls has no name for and hands on from webpki.
fn of_webpki(OtherError(other): &OtherError) -> Option<&'static str> {
    let words = match other.downcast_ref()? {
        webpki::Error::UnsupportedCertVersion => {
            "a certificate is X.509 version 1 or 2, which TLS servers must not use"
        }
        webpki::Error::CaUsedAsEndEntity => "the certificate is that of a CA, not of a server",
        webpki::Error::EndEntityUsedAsCa => ISSUER_IS_NO_CA,
        webpki::Error::PathLenConstraintViolated => TOO_MANY_CAS,
        webpki::Error::NameConstraintViolation => NAME_NOT_PERMITTED,
        webpki::Error::UnsupportedCriticalExtension => CRITICAL_EXTENSION,
        webpki::Error::InvalidSerialNumber => "a certificate has an invalid serial number",
        _ => return None,
    };
    Some(words)
}
