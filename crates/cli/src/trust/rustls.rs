//! Which error of rustls' is which reason.

use std::error::Error as StdError;

use rustls::{CertificateError, Error, OtherError};

use super::reason::{
    CA_AS_SERVER, CRITICAL_EXTENSION, ISSUER_IS_NO_CA, NAME_NOT_PERMITTED, NOT_FOR_SERVERS, NOT_ITS_KEY,
    OutOfTime, Reason, TOO_MANY_CAS, UNREADABLE,
};
use super::{Refusal, algorithm};
use crate::shown::shown;

const NOT_ACCEPTED: &str = "a certificate in the chain is not accepted";

/// What an error of rustls' carries that is not its own.
pub(super) fn carried(error: &Refusal) -> Option<&(dyn StdError + Send + Sync + 'static)> {
    match error.downcast_ref() {
        Some(Error::InvalidCertificate(CertificateError::Other(OtherError(other)))) => Some(&**other),
        _ => None,
    }
}

pub(super) fn reason(error: &Error) -> Reason {
    match error {
        Error::InvalidCertificate(error) => of_certificate(error),
        error => Reason::Other(error.to_string()),
    }
}

/// Of many errors rustls shows the names of its types, so that there are words for each here.
fn of_certificate(error: &CertificateError) -> Reason {
    match error {
        CertificateError::UnknownIssuer => Reason::UnknownIssuer,
        // webpki says so of one whose notAfter is before its notBefore.
        CertificateError::Expired => {
            Reason::Plain("the validity of a certificate in the chain ends before it begins")
        }
        CertificateError::ExpiredContext { time, not_after } => Reason::Expired(Some(OutOfTime {
            limit: not_after.as_secs(),
            judged: time.as_secs(),
        })),
        CertificateError::NotValidYet => Reason::NotValidYet(None),
        CertificateError::NotValidYetContext { time, not_before } => Reason::NotValidYet(Some(OutOfTime {
            limit: not_before.as_secs(),
            judged: time.as_secs(),
        })),
        CertificateError::NotValidForName => Reason::OtherHost(None),
        CertificateError::NotValidForNameContext { presented, .. } => {
            Reason::OtherHost(Some(presented.clone()))
        }
        CertificateError::BadSignature => Reason::BadSignatureOrKey,
        CertificateError::BadEncoding => Reason::Unreadable,
        CertificateError::UnsupportedSignatureAlgorithmContext {
            signature_algorithm_id,
            ..
        } => Reason::Other(format!(
            "a certificate in the chain is signed with {}, which is not accepted",
            algorithm::name(signature_algorithm_id)
        )),
        CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext {
            signature_algorithm_id,
            public_key_algorithm_id,
        } => Reason::Other(format!(
            "a certificate in the chain is signed with {}, and a signature of that kind by a key of {} is not accepted",
            algorithm::name(signature_algorithm_id),
            algorithm::name(public_key_algorithm_id)
        )),
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            Reason::Plain(NOT_FOR_SERVERS)
        }
        CertificateError::UnhandledCriticalExtension => Reason::Plain(CRITICAL_EXTENSION),
        CertificateError::Revoked => Reason::Plain("a certificate in the chain has been revoked"),
        CertificateError::UnknownRevocationStatus
        | CertificateError::ExpiredRevocationList
        | CertificateError::ExpiredRevocationListContext { .. }
        | CertificateError::InvalidOcspResponse => {
            Reason::Plain("whether a certificate in the chain has been revoked cannot be told")
        }
        CertificateError::ApplicationVerificationFailure => Reason::Plain(NOT_ACCEPTED),
        CertificateError::Other(OtherError(other)) => match other.downcast_ref() {
            Some(error) => of_webpki(error),
            None => Reason::Other(other.to_string()),
        },
        #[expect(deprecated, reason = "rustls still has it")]
        CertificateError::UnsupportedSignatureAlgorithm => {
            Reason::Plain("a certificate in the chain is signed with an algorithm that is not accepted")
        }
        // Those that are yet to come.
        _ => Reason::Plain(NOT_ACCEPTED),
    }
}

/// Why a handshake failed after the certificates were looked at, where there are better words than the library's.
pub(crate) fn broken_handshake(error: &Error) -> Option<String> {
    match error {
        // The chain's own signatures were checked before.
        Error::InvalidCertificate(CertificateError::BadSignature) => Some(NOT_ITS_KEY.to_owned()),
        Error::InvalidCertificate(error) => match of_certificate(error) {
            Reason::Plain(words) => Some(words.to_owned()),
            Reason::Other(words) => Some(shown(words).to_string()),
            Reason::CaAsServer => Some(CA_AS_SERVER.to_owned()),
            Reason::Unreadable => Some(UNREADABLE.to_owned()),
            _ => None,
        },
        _ => None,
    }
}

/// What rustls has no name for and hands on from webpki.
fn of_webpki(error: &webpki::Error) -> Reason {
    use webpki::Error::{
        CaUsedAsEndEntity, EmptyEkuExtension, EndEntityUsedAsCa, ExtensionValueInvalid,
        InvalidNetworkMaskConstraint, InvalidSerialNumber, MalformedDnsIdentifier, MalformedExtensions,
        MalformedNameConstraint, MaximumNameConstraintComparisonsExceeded, MaximumPathBuildCallsExceeded,
        MaximumPathDepthExceeded, MaximumSignatureChecksExceeded, NameConstraintViolation,
        PathLenConstraintViolated, SignatureAlgorithmMismatch, UnsupportedCertVersion,
        UnsupportedCriticalExtension, UnsupportedNameType,
    };
    Reason::Plain(match error {
        UnsupportedCertVersion => "a certificate is X.509 version 1 or 2, which TLS servers must not use",
        CaUsedAsEndEntity => return Reason::CaAsServer,
        EndEntityUsedAsCa => ISSUER_IS_NO_CA,
        PathLenConstraintViolated => TOO_MANY_CAS,
        NameConstraintViolation => NAME_NOT_PERMITTED,
        UnsupportedCriticalExtension => CRITICAL_EXTENSION,
        InvalidSerialNumber => "a certificate has an invalid serial number",
        SignatureAlgorithmMismatch => {
            "a certificate in the chain names one algorithm inside of what is signed and another outside"
        }
        EmptyEkuExtension => "a certificate in the chain has an extended key usage that allows nothing",
        ExtensionValueInvalid | MalformedExtensions => {
            "a certificate in the chain has an extension that cannot be read"
        }
        MalformedDnsIdentifier => "a certificate in the chain has a DNS name that is none",
        MalformedNameConstraint | InvalidNetworkMaskConstraint => {
            "a CA in the chain has name constraints that cannot be read"
        }
        UnsupportedNameType => "the certificate has a name of a kind that is not supported",
        MaximumPathDepthExceeded => {
            "the certificates lead further up than six CAs, and no path is followed so far"
        }
        MaximumSignatureChecksExceeded
        | MaximumPathBuildCallsExceeded
        | MaximumNameConstraintComparisonsExceeded => {
            "the certificates that were sent lead up in too many ways to try them all"
        }
        _ => NOT_ACCEPTED,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use pki_types::{ServerName, UnixTime, alg_id};
    use rustls::ExtendedKeyPurpose;
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
    fn no_error_is_told_as_programs_name_it() {
        for error in errors() {
            let name = match &error {
                CertificateError::Other(OtherError(other)) => format!("{other:?}"),
                error => format!("{error:?}"),
            };
            let name = name.split(|c: char| !c.is_alphanumeric()).next().unwrap();
            let words = match of_certificate(&error) {
                Reason::Plain(words) => words.to_owned(),
                Reason::Other(words) => words,
                // Their words are made of the certificates.
                _ => continue,
            };
            assert!(!words.contains(name) && !words.contains(['{', '[']), "{words}");
            assert!(words.contains(' ') && !words.contains("Error"), "{words}");
        }
    }

    #[test]
    fn algorithms_that_are_not_accepted_are_named() {
        let signed_with = |signature: &[u8]| CertificateError::UnsupportedSignatureAlgorithmContext {
            signature_algorithm_id: signature.to_vec(),
            supported_algorithms: Vec::new(),
        };
        // ecdsa-with-SHA1
        let sha1 = signed_with(&[0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01]);
        let Reason::Other(words) = of_certificate(&sha1) else {
            panic!("expected words");
        };
        assert!(
            words.contains("signed with ecdsa-with-SHA1, which is not accepted"),
            "{words}"
        );
    }
}
