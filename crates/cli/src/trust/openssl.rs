//! Which error of OpenSSL's is which reason.

use std::ffi::c_int;

use openssl::error::ErrorStack;
use openssl::x509::X509VerifyResult;

use super::reason::{
    BAD_SIGNATURE, CRITICAL_EXTENSION, ISSUER_IS_NO_CA, NAME_NOT_PERMITTED, NOT_FOR_SERVERS, NOT_ITS_KEY,
    Reason, TOO_MANY_CAS,
};

/// `ERR_LIB_SSL` of `err.h`, and `SSL_R_BAD_SIGNATURE` of `sslerr.h`.
const LIB_SSL: c_int = 20;
const SSL_R_BAD_SIGNATURE: c_int = 123;

pub(super) fn reason(error: X509VerifyResult) -> Reason {
    match error.as_raw() {
        openssl_sys::X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT
        | openssl_sys::X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY
        | openssl_sys::X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE
        | openssl_sys::X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT
        | openssl_sys::X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN => Reason::UnknownIssuer,
        openssl_sys::X509_V_ERR_CERT_HAS_EXPIRED => Reason::Expired(None),
        openssl_sys::X509_V_ERR_CERT_NOT_YET_VALID => Reason::NotValidYet(None),
        openssl_sys::X509_V_ERR_HOSTNAME_MISMATCH | openssl_sys::X509_V_ERR_IP_ADDRESS_MISMATCH => {
            Reason::OtherHost(None)
        }
        openssl_sys::X509_V_ERR_ERROR_IN_CERT_NOT_BEFORE_FIELD
        | openssl_sys::X509_V_ERR_ERROR_IN_CERT_NOT_AFTER_FIELD => Reason::Unreadable,
        openssl_sys::X509_V_ERR_CERT_SIGNATURE_FAILURE => Reason::Plain(BAD_SIGNATURE),
        openssl_sys::X509_V_ERR_INVALID_PURPOSE => Reason::Plain(NOT_FOR_SERVERS),
        openssl_sys::X509_V_ERR_INVALID_CA => Reason::Plain(ISSUER_IS_NO_CA),
        openssl_sys::X509_V_ERR_PATH_LENGTH_EXCEEDED => Reason::Plain(TOO_MANY_CAS),
        openssl_sys::X509_V_ERR_PERMITTED_VIOLATION | openssl_sys::X509_V_ERR_EXCLUDED_VIOLATION => {
            Reason::Plain(NAME_NOT_PERMITTED)
        }
        openssl_sys::X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION => Reason::Plain(CRITICAL_EXTENSION),
        _ => Reason::Other(error.error_string().to_owned()),
    }
}

/// Why a handshake failed after the certificates were looked at, where there are better words than the library's.
pub(crate) fn broken_handshake(errors: &ErrorStack) -> Option<&'static str> {
    let mut errors = errors.errors().iter();
    let is_bad_signature =
        errors.any(|error| error.library_code() == LIB_SSL && error.reason_code() == SSL_R_BAD_SIGNATURE);
    is_bad_signature.then_some(NOT_ITS_KEY)
}
