//! webpki's reasons in rustls' words, so that a program sees what it would see with rustls' own verifier.

use std::sync::Arc;

use rustls::{CertificateError, Error, ExtendedKeyPurpose, OtherError};
use webpki::{InvalidNameContext, KeyUsage};

/// The error that rustls makes of the same failure.
pub(super) fn from_webpki(error: webpki::Error) -> Error {
    use webpki::Error as Webpki;

    let error = match error {
        Webpki::BadDer | Webpki::BadDerTime | Webpki::TrailingData(_) => CertificateError::BadEncoding,
        Webpki::CertNotValidYet { time, not_before } => {
            CertificateError::NotValidYetContext { time, not_before }
        }
        Webpki::CertExpired { time, not_after } => CertificateError::ExpiredContext { time, not_after },
        Webpki::InvalidCertValidity => CertificateError::Expired,
        Webpki::UnknownIssuer => CertificateError::UnknownIssuer,
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
        other => CertificateError::Other(OtherError(Arc::new(other))),
    };
    error.into()
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
