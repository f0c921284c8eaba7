//! Conversion between rejections and the errors of rustls.

use std::error::Error as StdError;
use std::io;
use std::sync::Arc;

use jit_trust_engine::{PresentedName, Rejection};
use rustls::{CertificateError, Error, ExtendedKeyPurpose, OtherError};
use webpki::{InvalidNameContext, KeyUsage};

use crate::context::HandshakeContext;
use crate::validation::{self, Original};

/// The error of a failed handshake with rustls.
pub type HandshakeError = jit_trust_engine::HandshakeError<Error>;

/// Finds the rejection of a server in an error: an error of rustls, an [`io::Error`], or an error of hyper, reqwest and other
/// crates that return their source. `None` where the error is not about the server's certificates.
///
/// rustls has one error, `BadSignature`, for the signature of a certificate and for that of the handshake. The connectors of
/// this crate distinguish them ([`Rejection::KeyNotProven`]). Without a connector, it is a [`Rejection::BadSignature`].
///
/// ```
/// use jit_trust::{Rejection, rejection};
/// use rustls::{CertificateError, Error};
///
/// let error = std::io::Error::other(Error::from(CertificateError::Revoked));
/// assert!(matches!(rejection(&error), Some(Rejection::Revoked { .. })));
/// ```
pub fn rejection(error: &(dyn StdError + 'static)) -> Option<Rejection> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(rejection) = error.downcast_ref::<Rejection>() {
            return Some(rejection.clone());
        }
        if let Some(error) = error.downcast_ref::<Error>() {
            return of_rustls(error);
        }
        next = match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    None
}

/// The rejection for an error of rustls, where that is about certificates.
fn of_rustls(error: &Error) -> Option<Rejection> {
    let certificate = match error {
        Error::InvalidCertificate(certificate) => certificate,
        Error::NoCertificatesPresented => return Some(Rejection::NoCertificate),
        _ => return None,
    };
    if let CertificateError::Other(OtherError(other)) = certificate {
        if let Some(rejection) = other.downcast_ref::<Rejection>() {
            return Some(rejection.clone());
        }
        // rustls wraps what webpki says of a certificate that it looks at itself.
        if let Some(error) = other.downcast_ref::<webpki::Error>() {
            return Some(validation::rejected(error.clone()));
        }
    }
    let original = Some(Arc::new(error.clone()) as Arc<dyn StdError + Send + Sync>);
    Some(match certificate {
        CertificateError::BadEncoding => Rejection::unreadable_certificate(original),
        CertificateError::ExpiredContext { time, not_after } => {
            Rejection::expired(Some(not_after.as_secs()), Some(time.as_secs()), original)
        }
        CertificateError::Expired => Rejection::expired(None, None, original),
        CertificateError::NotValidYetContext { time, not_before } => {
            Rejection::not_yet_valid(Some(not_before.as_secs()), Some(time.as_secs()), original)
        }
        CertificateError::NotValidYet => Rejection::not_yet_valid(None, None, original),
        CertificateError::NotValidForNameContext { expected, presented } => Rejection::WrongHost {
            host: expected.to_str().into_owned(),
            presented: Some(
                presented
                    .iter()
                    .map(|name| PresentedName::of_webpki(name))
                    .collect(),
            ),
            original,
        },
        CertificateError::NotValidForName => Rejection::wrong_host(None, original),
        CertificateError::UnknownIssuer => Rejection::no_such_root(original),
        CertificateError::BadSignature => Rejection::BadSignature { original },
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            Rejection::WrongPurpose { original }
        }
        CertificateError::UnhandledCriticalExtension => Rejection::CriticalExtension { original },
        CertificateError::Revoked => Rejection::Revoked { original },
        CertificateError::UnknownRevocationStatus
        | CertificateError::ExpiredRevocationList
        | CertificateError::ExpiredRevocationListContext { .. }
        | CertificateError::InvalidOcspResponse => Rejection::RevocationUnknown { original },
        CertificateError::UnsupportedSignatureAlgorithmContext { .. }
        | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            Rejection::unsupported_algorithm(original)
        }
        CertificateError::Other(OtherError(other)) => Rejection::Other(other.clone()),
        _ => Rejection::Other(Arc::new(error.clone())),
    })
}

/// The error for a rejection. Where rustls has a variant with the same information, it is that one, as with rustls' own
/// verifier; otherwise it holds the rejection.
pub(crate) fn to_rustls(rejection: &Rejection) -> Error {
    let original = rejection.original().and_then(|original| original.downcast_ref());
    let of_rustls = original.and_then(|Original(error)| of_webpki(error));
    let error = of_rustls.unwrap_or_else(|| CertificateError::Other(OtherError(Arc::new(rejection.clone()))));
    error.into()
}

/// The variant that rustls has for an error of webpki.
fn of_webpki(error: &webpki::Error) -> Option<CertificateError> {
    use webpki::Error as Webpki;

    Some(match error.clone() {
        Webpki::BadDer | Webpki::BadDerTime | Webpki::TrailingData(_) => CertificateError::BadEncoding,
        Webpki::CertNotValidYet { time, not_before } => {
            CertificateError::NotValidYetContext { time, not_before }
        }
        Webpki::CertExpired { time, not_after } => CertificateError::ExpiredContext { time, not_after },
        Webpki::InvalidCertValidity => CertificateError::Expired,
        Webpki::CertNotValidForName(InvalidNameContext { expected, presented }) => {
            CertificateError::NotValidForNameContext { expected, presented }
        }
        Webpki::InvalidSignatureForPublicKey => CertificateError::BadSignature,
        Webpki::UnsupportedSignatureAlgorithmContext(context) => {
            CertificateError::UnsupportedSignatureAlgorithmContext {
                signature_algorithm_id: context.signature_algorithm_id,
                supported_algorithms: context.supported_algorithms,
            }
        }
        Webpki::UnsupportedSignatureAlgorithmForPublicKeyContext(context) => {
            CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext {
                signature_algorithm_id: context.signature_algorithm_id,
                public_key_algorithm_id: context.public_key_algorithm_id,
            }
        }
        Webpki::RequiredEkuNotFoundContext(context) => CertificateError::InvalidPurposeContext {
            required: purpose(context.required.oid_values().collect()),
            presented: context.present.into_iter().map(purpose).collect(),
        },
        _ => return None,
    })
}

fn purpose(oid: Vec<usize>) -> ExtendedKeyPurpose {
    if KeyUsage::server_auth().oid_values().eq(oid.iter().copied()) {
        ExtendedKeyPurpose::ServerAuth
    } else if KeyUsage::client_auth().oid_values().eq(oid.iter().copied()) {
        ExtendedKeyPurpose::ClientAuth
    } else {
        ExtendedKeyPurpose::Other(oid)
    }
}

/// The rejection for an error of a handshake after its certificates were accepted, if the error is about the signature of the
/// server. It has the errors of certificates, such as `BadSignature`.
fn key_not_proven(error: &Error) -> Option<Rejection> {
    matches!(error, Error::InvalidCertificate(_)).then(|| Rejection::KeyNotProven {
        original: Some(Arc::new(error.clone())),
    })
}

/// The error of a handshake, with the report of its verification.
pub(crate) fn failed(error: io::Error, context: &HandshakeContext) -> io::Error {
    let kind = error.kind();
    match error.downcast::<Error>() {
        Ok(error) => {
            let report = context.take_report();
            let rejection = match report.as_ref().map(|report| &report.result) {
                Some(Err(rejection)) => Some(rejection.clone()),
                Some(Ok(())) => key_not_proven(&error),
                None => of_rustls(&error),
            };
            io::Error::new(kind, HandshakeError::new(error, rejection, report))
        }
        Err(error) => error,
    }
}
