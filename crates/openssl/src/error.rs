//! Conversion between rejections and the errors of OpenSSL.

use std::fmt;
use std::sync::Arc;

use jit_trust_engine::{Original, Rejection, VerificationReport};
use openssl::error::ErrorStack;
use openssl::ssl;
use openssl::x509::X509VerifyResult;

use crate::ffi;

/// The error of a failed handshake. If OpenSSL rejected a certificate, the [original](Rejection::original) of the rejection is
/// an [`X509VerifyResult`].
pub type Error = jit_trust_engine::HandshakeError<ssl::Error>;

/// The error of a failed handshake. Without a rejection of the verifier, it has OpenSSL's.
pub(crate) fn failed(
    error: ssl::Error,
    verified: X509VerifyResult,
    rejection: Option<Rejection>,
    report: Option<Box<VerificationReport>>,
) -> Error {
    let found = || match verified {
        X509VerifyResult::OK => key_not_proven(&error),
        rejected => Some(of_openssl(rejected)),
    };
    let rejection = rejection.or_else(found);
    Error::new(error, rejection, report)
}

/// The rejection for an error of a handshake after its certificates were accepted, if OpenSSL reports that the signature of the
/// server is not valid. The errors of the connectors have it already.
pub fn key_not_proven(error: &ssl::Error) -> Option<Rejection> {
    let is_bad_signature = |error: &openssl::error::Error| {
        error.library_code() == ffi::ERR_LIB_SSL && error.reason_code() == ffi::SSL_R_BAD_SIGNATURE
    };
    let errors: &ErrorStack = error.ssl_error()?;
    let is_it = errors.errors().iter().any(is_bad_signature);
    is_it.then(|| Rejection::KeyNotProven {
        original: Some(Arc::new(errors.clone())),
    })
}

/// The rejection for a result of OpenSSL, which stays its original.
pub(crate) fn of_openssl(result: X509VerifyResult) -> Rejection {
    let original: Option<Original> = Some(Arc::new(result));
    match result.as_raw() {
        openssl_sys::X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT
        | openssl_sys::X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY
        | openssl_sys::X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE
        | openssl_sys::X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT
        | openssl_sys::X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN => Rejection::no_such_root(original),
        openssl_sys::X509_V_ERR_CERT_HAS_EXPIRED => Rejection::expired(None, None, original),
        openssl_sys::X509_V_ERR_CERT_NOT_YET_VALID => Rejection::not_yet_valid(None, None, original),
        openssl_sys::X509_V_ERR_HOSTNAME_MISMATCH | openssl_sys::X509_V_ERR_IP_ADDRESS_MISMATCH => {
            Rejection::wrong_host(None, original)
        }
        openssl_sys::X509_V_ERR_ERROR_IN_CERT_NOT_BEFORE_FIELD
        | openssl_sys::X509_V_ERR_ERROR_IN_CERT_NOT_AFTER_FIELD => {
            Rejection::unreadable_certificate(original)
        }
        openssl_sys::X509_V_ERR_CERT_SIGNATURE_FAILURE => Rejection::BadSignature { original },
        openssl_sys::X509_V_ERR_INVALID_PURPOSE => Rejection::WrongPurpose { original },
        openssl_sys::X509_V_ERR_INVALID_CA => Rejection::IssuerNotCa { original },
        openssl_sys::X509_V_ERR_PATH_LENGTH_EXCEEDED => Rejection::PathTooLong { original },
        openssl_sys::X509_V_ERR_PERMITTED_VIOLATION | openssl_sys::X509_V_ERR_EXCLUDED_VIOLATION => {
            Rejection::NameConstraints { original }
        }
        openssl_sys::X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION => Rejection::CriticalExtension { original },
        openssl_sys::X509_V_ERR_CERT_REVOKED => Rejection::Revoked { original },
        openssl_sys::X509_V_ERR_UNABLE_TO_GET_CRL => Rejection::RevocationUnknown { original },
        _ => Rejection::other(result),
    }
}

/// A use that a verifier is not for, because it does not determine one host.
#[derive(Debug)]
pub(crate) enum NotForThis {
    /// A server that verifies its clients.
    Server,
    /// A connection that may be to one host of several.
    SeveralHosts,
}

impl fmt::Display for NotForThis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Server => "just-in-time trust is for clients, and this is a server",
            Self::SeveralHosts => {
                "just-in-time trust is for one host, and several names were set to be checked"
            }
        })
    }
}

impl std::error::Error for NotForThis {}
