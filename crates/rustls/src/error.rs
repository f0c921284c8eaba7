//! Conversion between rejections and the errors of rustls.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::sync::Arc;

use jit_trust_engine::{PresentedName, Rejection};
use rustls::{CertificateError, Error, ExtendedKeyPurpose, OtherError};
use webpki::{InvalidNameContext, KeyUsage};

use crate::context::HandshakeContext;
use crate::signature::unsupported;
use crate::validation::{self, NOT_ACCEPTED, Original};

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
        // rustls has it for this alone.
        CertificateError::Expired => validation::rejected(webpki::Error::InvalidCertValidity),
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
        CertificateError::UnsupportedSignatureAlgorithmContext {
            signature_algorithm_id,
            ..
        } => Rejection::UnsupportedAlgorithm {
            detail: Some(unsupported(signature_algorithm_id, None)),
            original,
        },
        CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext {
            signature_algorithm_id,
            public_key_algorithm_id,
        } => Rejection::UnsupportedAlgorithm {
            detail: Some(unsupported(signature_algorithm_id, Some(public_key_algorithm_id))),
            original,
        },
        CertificateError::Other(OtherError(other)) => Rejection::Other(other.clone()),
        _ => Rejection::other(NotAccepted(error.clone())),
    })
}

/// An error of rustls that is displayed as the name of its variant.
#[derive(Debug)]
struct NotAccepted(Error);

impl fmt::Display for NotAccepted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(NOT_ACCEPTED)
    }
}

impl StdError for NotAccepted {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&self.0)
    }
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use pki_types::{ServerName, UnixTime, alg_id};
    use webpki::DerTypeId;

    use super::*;

    /// All that can be made.
    #[expect(deprecated, reason = "the libraries still have them")]
    fn errors() -> Vec<CertificateError> {
        let time = UnixTime::since_unix_epoch(Duration::from_secs(1));
        let of_webpki = [
            webpki::Error::BadDer,
            webpki::Error::BadDerTime,
            webpki::Error::CaUsedAsEndEntity,
            webpki::Error::CertDistrusted,
            webpki::Error::CertRevoked,
            webpki::Error::EmptyEkuExtension,
            webpki::Error::EndEntityUsedAsCa,
            webpki::Error::ExtensionValueInvalid,
            webpki::Error::InvalidCertValidity,
            webpki::Error::InvalidCrlNumber,
            webpki::Error::InvalidNetworkMaskConstraint,
            webpki::Error::InvalidSerialNumber,
            webpki::Error::InvalidSignatureForPublicKey,
            webpki::Error::IssuerNotCrlSigner,
            webpki::Error::MalformedDnsIdentifier,
            webpki::Error::MalformedExtensions,
            webpki::Error::MalformedNameConstraint,
            webpki::Error::MaximumNameConstraintComparisonsExceeded,
            webpki::Error::MaximumPathBuildCallsExceeded,
            webpki::Error::MaximumPathDepthExceeded,
            webpki::Error::MaximumSignatureChecksExceeded,
            webpki::Error::NameConstraintViolation,
            webpki::Error::PathLenConstraintViolated,
            webpki::Error::RequiredEkuNotFound,
            webpki::Error::SignatureAlgorithmMismatch,
            webpki::Error::TrailingData(DerTypeId::Certificate),
            webpki::Error::UnknownIssuer,
            webpki::Error::UnsupportedCertVersion,
            webpki::Error::UnsupportedCriticalExtension,
            webpki::Error::UnsupportedNameType,
            webpki::Error::UnsupportedSignatureAlgorithm,
            webpki::Error::UnsupportedSignatureAlgorithmForPublicKey,
        ];
        let of_webpki = of_webpki.map(|error| CertificateError::Other(OtherError(Arc::new(error))));
        let of_rustls = [
            CertificateError::BadEncoding,
            CertificateError::Expired,
            CertificateError::ExpiredContext {
                time,
                not_after: time,
            },
            CertificateError::NotValidYet,
            CertificateError::NotValidYetContext {
                time,
                not_before: time,
            },
            CertificateError::Revoked,
            CertificateError::UnhandledCriticalExtension,
            CertificateError::UnknownIssuer,
            CertificateError::UnknownRevocationStatus,
            CertificateError::ExpiredRevocationList,
            CertificateError::ExpiredRevocationListContext {
                time,
                next_update: time,
            },
            CertificateError::BadSignature,
            CertificateError::UnsupportedSignatureAlgorithm,
            CertificateError::UnsupportedSignatureAlgorithmContext {
                signature_algorithm_id: alg_id::ECDSA_SHA256.to_vec(),
                supported_algorithms: vec![alg_id::ED25519],
            },
            CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext {
                signature_algorithm_id: alg_id::ECDSA_SHA256.to_vec(),
                public_key_algorithm_id: alg_id::ED25519.to_vec(),
            },
            CertificateError::NotValidForName,
            CertificateError::NotValidForNameContext {
                expected: ServerName::try_from("a.test").unwrap(),
                presented: Vec::new(),
            },
            CertificateError::InvalidPurpose,
            CertificateError::InvalidPurposeContext {
                required: ExtendedKeyPurpose::ServerAuth,
                presented: Vec::new(),
            },
            CertificateError::InvalidOcspResponse,
            CertificateError::ApplicationVerificationFailure,
        ];
        of_webpki.into_iter().chain(of_rustls).collect()
    }

    #[test]
    fn no_rejection_is_displayed_as_programs_name_it() {
        for error in errors() {
            let name = match &error {
                CertificateError::Other(OtherError(other)) => format!("{other:?}"),
                error => format!("{error:?}"),
            };
            let name = name.split(|c: char| !c.is_alphanumeric()).next().unwrap();
            let text = rejection(&Error::from(error.clone())).unwrap().to_string();
            assert!(
                !text.contains(name) && !text.contains(['{', '[']),
                "{name}: {text}"
            );
            assert!(text.contains(' ') && !text.contains("Error"), "{name}: {text}");
        }
    }

    #[test]
    fn an_algorithm_that_is_not_accepted_is_named() {
        // ecdsa-with-SHA1
        let sha1 = CertificateError::UnsupportedSignatureAlgorithmContext {
            signature_algorithm_id: vec![0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01],
            supported_algorithms: Vec::new(),
        };
        let text = rejection(&Error::from(sha1)).unwrap().to_string();
        assert!(
            text.contains("signed with ecdsa-with-SHA1, which is not accepted"),
            "{text}"
        );
    }
}
