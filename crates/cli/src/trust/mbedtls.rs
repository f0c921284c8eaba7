//! Which error of mbedTLS's is which reason.

use jit_trust::mbedtls::Invalid;
use mbedtls::error::codes;
use mbedtls::x509::VerifyError;

use super::Refusal;
use super::reason::{NOT_FOR_SERVERS, NOT_ITS_KEY, Reason};

/// `None` for errors that are not of the path.
pub(super) fn reason(error: &Refusal) -> Option<Reason> {
    error.downcast_ref().map(of_path)
}

/// mbedTLS finds all that is wrong at once: what webpki would come upon first.
fn of_path(invalid: &Invalid) -> Reason {
    let flags = invalid.flags();
    if flags.contains(VerifyError::CERT_EXPIRED) {
        return Reason::Expired(None);
    }
    if flags.contains(VerifyError::CERT_FUTURE) {
        return Reason::NotValidYet(None);
    }
    if is_of_use(flags) {
        return Reason::Plain(NOT_FOR_SERVERS);
    }
    // Whether there is no issuer, its key does not fit, or it is none that may have issued it, mbedTLS does not say.
    if flags.contains(VerifyError::CERT_NOT_TRUSTED) {
        return Reason::UnknownIssuer;
    }
    if flags.contains(VerifyError::CERT_CN_MISMATCH) {
        return Reason::OtherHost(None);
    }
    Reason::Other(invalid.to_string())
}

fn is_of_use(flags: VerifyError) -> bool {
    flags.intersects(VerifyError::CERT_KEY_USAGE | VerifyError::CERT_EXT_KEY_USAGE)
}

/// What is wrong with a server's certificate that mbedTLS looks at in a handshake only.
pub(crate) fn wrong_use(flags: VerifyError) -> Option<&'static str> {
    if is_of_use(flags) {
        return Some(NOT_FOR_SERVERS);
    }
    let is_bad_key = flags.contains(VerifyError::CERT_BAD_KEY);
    is_bad_key.then_some("the key of the certificate is of a kind that is not acceptable")
}

/// Why a handshake failed after the certificates were looked at, where there are better words than the library's.
pub(crate) fn broken_handshake(error: &mbedtls::Error) -> Option<&'static str> {
    // All that a client has verified beside the chain, of which other errors are told, is the server's signature.
    let is_bad_signature = matches!(
        error.high_level(),
        Some(
            codes::EcpVerifyFailed
                | codes::EcpSigLenMismatch
                | codes::PkSigLenMismatch
                | codes::RsaInvalidPadding
                | codes::RsaVerifyFailed
        )
    );
    is_bad_signature.then_some(NOT_ITS_KEY)
}
