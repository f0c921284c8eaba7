//! Path validation by webpki, for the verification machine. It needs only `alloc`.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::iter;

use jit_trust_core::Certificate;
use jit_trust_engine::verification::{Edge, Library, ValidPath, ValidationRequest};
use jit_trust_engine::{PresentedName, Rejection};
use pki_types::{CertificateDer, ServerName, SignatureVerificationAlgorithm, TrustAnchor, UnixTime};
use smallvec::SmallVec;
use webpki::{EndEntityCert, InvalidNameContext, KeyUsage};

use crate::signature::{self, unsupported, unsupported_key};

/// The validation by webpki of one server's certificates, for a
/// [`Verification`](jit_trust_engine::verification::Verification).
pub struct Webpki<'c> {
    own: &'c [u8],
    end_entity: EndEntityCert<'c>,
    intermediates: &'c [CertificateDer<'c>],
    server_name: Option<&'c ServerName<'c>>,
    now: UnixTime,
    algorithms: &'c [&'c dyn SignatureVerificationAlgorithm],
}

impl<'c> Webpki<'c> {
    /// The properties of webpki.
    pub const LIBRARY: Library = Library::REPEATABLE;

    /// A validation of the end-entity certificate, with the certificates that the server sent after it, as of `now`. Without
    /// a server name, the name is not checked.
    ///
    /// # Errors
    /// When the server's own certificate cannot be read.
    pub fn new(
        end_entity: &'c CertificateDer<'c>,
        intermediates: &'c [CertificateDer<'c>],
        server_name: Option<&'c ServerName<'c>>,
        now: UnixTime,
        algorithms: &'c [&'c dyn SignatureVerificationAlgorithm],
    ) -> Result<Self, Rejection> {
        Ok(Self {
            own: end_entity.as_ref(),
            end_entity: EndEntityCert::try_from(end_entity).map_err(rejected)?,
            intermediates,
            server_name,
            now,
            algorithms,
        })
    }

    /// The rejection for an error of a validation. For a key that it does not accept, webpki reports a bad signature.
    fn rejected(&self, error: webpki::Error, request: &ValidationRequest<'_, '_>) -> Rejection {
        let rejection = rejected(error);
        let Rejection::BadSignature { original } = rejection else {
            return rejection;
        };
        match self.unsupported_key(request) {
            Some(detail) => Rejection::UnsupportedKey {
                detail: Some(detail),
                original,
            },
            None => Rejection::BadSignature { original },
        }
    }

    /// The message that a certificate is signed with a key that is not accepted, if no other issuer has its issuer's name.
    fn unsupported_key(&self, request: &ValidationRequest<'_, '_>) -> Option<String> {
        let sent = || iter::once(self.own).chain(self.intermediates.iter().map(AsRef::as_ref));
        let certificates = || sent().filter_map(|der| Certificate::from_der(der).ok());
        certificates().find_map(|issued| {
            let name = issued.issuer();
            let of_sent = certificates().filter(|issuer| issuer.subject() == name);
            let of_sent = of_sent.map(|issuer| unsupported_key(issuer.spki_value()));
            let anchors = request.anchors().filter(|anchor| anchor.subject() == name);
            let of_anchors = anchors.map(|anchor| unsupported_key(anchor.spki_value()));
            let all: Option<Vec<String>> = of_sent.chain(of_anchors).collect();
            Some(format!("the key of \"{name}\" is {}", all?.first()?))
        })
    }

    /// The certificate as it was sent, which outlives the path of webpki.
    fn sent(&self, der: &[u8]) -> Cow<'c, [u8]> {
        let mut sent = self.intermediates.iter().map(AsRef::as_ref);
        match sent.find(|sent: &&[u8]| *sent == der) {
            Some(sent) => Cow::Borrowed(sent),
            None => Cow::Owned(der.to_vec()),
        }
    }
}

impl Edge for Webpki<'_> {
    fn validate(&mut self, request: &ValidationRequest<'_, '_>) -> Result<ValidPath<'_>, Rejection> {
        let anchors: SmallVec<[_; 4]> = request.anchors().map(|anchor| to_webpki(&anchor)).collect();
        let completed: Vec<CertificateDer<'_>>;
        let intermediates = match request.untrusted().next() {
            None => self.intermediates,
            Some(_) => {
                let sent = self.intermediates.iter().map(AsRef::as_ref);
                completed = sent
                    .chain(request.untrusted())
                    .map(CertificateDer::from)
                    .collect();
                &completed
            }
        };
        let path = self.end_entity.verify_for_usage(
            self.algorithms,
            &anchors,
            intermediates,
            self.now,
            KeyUsage::server_auth(),
            None,
            None,
        );
        let path = path.map_err(|error| self.rejected(error, request))?;
        let place = anchors
            .iter()
            .position(|anchor| core::ptr::eq(anchor, path.anchor()));
        let above = path.intermediate_certificates();
        let above = above.map(|certificate| self.sent(&certificate.der()));
        let below = iter::once(Cow::Borrowed(self.own)).chain(above);
        let mut valid = ValidPath::to_candidate(place.ok_or(Rejection::NotVerified)?, below);
        if let Some(server_name) = self.server_name {
            let checked = self.end_entity.verify_is_valid_for_subject_name(server_name);
            valid.wrong_host = checked.err().map(rejected);
        }
        Ok(valid)
    }

    fn verify_signature(&self, certificate: &[u8], issuer_spki: &[u8]) -> Result<(), Rejection> {
        signature::verify_signature(certificate, issuer_spki, self.algorithms)
    }
}

/// The anchor for webpki, which takes the value of each SEQUENCE without its header.
fn to_webpki<'a>(anchor: &jit_trust_core::TrustAnchor<'a>) -> TrustAnchor<'a> {
    TrustAnchor {
        subject: anchor.subject().value().into(),
        subject_public_key_info: anchor.spki_value().into(),
        name_constraints: anchor.name_constraints().map(Into::into),
    }
}

/// The rejection for an error of webpki, which stays its original.
pub(crate) fn rejected(error: webpki::Error) -> Rejection {
    use webpki::Error as E;

    let original = Some(Arc::new(Original(error.clone())) as _);
    match error {
        E::BadDer | E::BadDerTime | E::TrailingData(_) => Rejection::unreadable_certificate(original),
        E::CertNotValidYet { time, not_before } => {
            Rejection::not_yet_valid(Some(not_before.as_secs()), Some(time.as_secs()), original)
        }
        E::CertExpired { time, not_after } => {
            Rejection::expired(Some(not_after.as_secs()), Some(time.as_secs()), original)
        }
        E::UnknownIssuer => Rejection::no_such_root(original),
        E::CertNotValidForName(InvalidNameContext { presented, .. }) => {
            let names = presented.iter().map(|name| PresentedName::of_webpki(name));
            Rejection::wrong_host(Some(names.collect()), original)
        }
        E::InvalidSignatureForPublicKey => Rejection::BadSignature { original },
        E::UnsupportedSignatureAlgorithmContext(context) => Rejection::UnsupportedAlgorithm {
            detail: Some(unsupported(&context.signature_algorithm_id, None)),
            original,
        },
        E::UnsupportedSignatureAlgorithmForPublicKeyContext(context) => Rejection::UnsupportedAlgorithm {
            detail: Some(unsupported(
                &context.signature_algorithm_id,
                Some(&context.public_key_algorithm_id),
            )),
            original,
        },
        E::RequiredEkuNotFoundContext(_) | E::EmptyEkuExtension => Rejection::WrongPurpose { original },
        E::CaUsedAsEndEntity => Rejection::CaAsServer {
            self_signed: false,
            original,
        },
        E::EndEntityUsedAsCa => Rejection::IssuerNotCa { original },
        E::PathLenConstraintViolated => Rejection::PathTooLong { original },
        E::NameConstraintViolation => Rejection::NameConstraints { original },
        E::UnsupportedCriticalExtension => Rejection::CriticalExtension { original },
        E::CertRevoked => Rejection::Revoked { original },
        E::UnknownRevocationStatus | E::CrlExpired { .. } => Rejection::RevocationUnknown { original },
        _ => Rejection::Other(Arc::new(Original(error))),
    }
}

/// The message for an error that has none.
pub(crate) const NOT_ACCEPTED: &str = "a certificate in the chain is not accepted";

/// An error of webpki, with a message that a user can act on.
#[derive(Debug)]
pub(crate) struct Original(pub(crate) webpki::Error);

impl fmt::Display for Original {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use webpki::Error as E;

        f.write_str(match &self.0 {
            E::InvalidCertValidity => "the validity of a certificate in the chain ends before it begins",
            E::UnsupportedCertVersion => {
                "a certificate is X.509 version 1 or 2, which TLS servers must not use"
            }
            E::EmptyEkuExtension => {
                "a certificate in the chain has an extended key usage that allows nothing"
            }
            E::InvalidSerialNumber => "a certificate has an invalid serial number",
            E::SignatureAlgorithmMismatch => {
                "a certificate in the chain names one algorithm inside of what is signed and another outside"
            }
            E::ExtensionValueInvalid | E::MalformedExtensions => {
                "a certificate in the chain has an extension that cannot be read"
            }
            E::MalformedDnsIdentifier => "a certificate in the chain has a DNS name that is not valid",
            E::MalformedNameConstraint | E::InvalidNetworkMaskConstraint => {
                "a CA in the chain has name constraints that cannot be read"
            }
            E::UnsupportedNameType => "the certificate has a name of a kind that is not supported",
            E::MaximumPathDepthExceeded => {
                "the certificates lead further up than six CAs, and no path is followed so far"
            }
            E::MaximumSignatureChecksExceeded
            | E::MaximumPathBuildCallsExceeded
            | E::MaximumNameConstraintComparisonsExceeded => {
                "the certificates that were sent lead up in too many ways to try them all"
            }
            // webpki displays the names of its variants.
            _ => NOT_ACCEPTED,
        })
    }
}

impl core::error::Error for Original {
    // webpki's errors implement the trait with its feature `std` only.
    #[cfg(feature = "std")]
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        Some(&self.0)
    }
}
