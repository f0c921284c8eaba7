//! Path validation by mbedTLS, for the verification machine.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use jit_trust_core::der::{self, tag};
use jit_trust_core::{Algorithm, Certificate as Read, SignedParts};
use jit_trust_engine::Rejection;
use jit_trust_engine::verification::{Edge, ValidPath, ValidationRequest};
use mbedtls::alloc::List;
use mbedtls::hash::{Md, Type};
use mbedtls::pk::Pk;
use mbedtls::x509::{Certificate, VerifyError};

use crate::certificate::{AnchorCertificate, list, trusted};
use crate::error::of_mbedtls;

/// A validation by mbedTLS of one server's certificates, outside of the handshake.
pub(crate) struct MbedTls<'c> {
    pub(crate) sent: &'c List<Certificate>,
    /// The name that mbedTLS checks.
    pub(crate) name: Option<&'c str>,
    /// The address, which mbedTLS cannot check.
    pub(crate) address: Option<IpAddr>,
}

impl Edge for MbedTls<'_> {
    fn validate(&mut self, request: &ValidationRequest<'_, '_>) -> Result<ValidPath<'_>, Rejection> {
        let anchors = AnchorCertificate::of(request.anchors());
        let path = Arc::new(Mutex::new(Vec::<Box<[u8]>>::new()));
        let seen = path.clone();
        let see = move |certificate: &Certificate, _: i32, _: &mut VerifyError| {
            let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
            seen.push(certificate.as_der().into());
            Ok(())
        };
        let completed: List<Certificate>;
        let sent = match request.untrusted().next() {
            None => self.sent,
            Some(_) => {
                let sent = self.sent.iter().map(|certificate| certificate.as_der());
                completed = list(sent.chain(request.untrusted()));
                &completed
            }
        };
        let found = Certificate::verify_with_callback_expected_common_name(
            sent,
            &trusted(anchors.iter()),
            None,
            None,
            see,
            self.name,
        );
        found.map_err(|_| Rejection::no_such_root(None))?;
        let path = path.lock().unwrap_or_else(PoisonError::into_inner);
        valid_path(&path, &anchors, self.address)
    }

    fn verify_signature(&self, certificate: &[u8], issuer_spki: &[u8]) -> Result<(), Rejection> {
        let signed = SignedParts::of(certificate).ok_or_else(|| Rejection::unreadable_certificate(None))?;
        let kind = digest(signed.algorithm).ok_or_else(|| Rejection::unsupported_algorithm(None))?;
        let mut hash = [0; 64];
        let len = Md::hash(kind, signed.message, &mut hash).map_err(Rejection::other)?;
        let spki = der::encode(tag::SEQUENCE, issuer_spki);
        let mut key = Pk::from_public_key(&spki).map_err(Rejection::other)?;
        let verified = key.verify(kind, hash.get(..len).unwrap_or_default(), signed.signature);
        verified.map_err(|error| Rejection::BadSignature {
            original: Some(Arc::new(error)),
        })
    }
}

/// The path that mbedTLS has validated, for the machine. `path` has the anchor's certificate first.
pub(crate) fn valid_path<'p>(
    path: &[Box<[u8]>],
    anchors: &[AnchorCertificate],
    address: Option<IpAddr>,
) -> Result<ValidPath<'p>, Rejection> {
    let Some((top, below)) = path.split_first() else {
        return Err(Rejection::NotVerified);
    };
    // An anchor can be there under several conditions.
    let ends = anchors.iter().filter(|anchor| anchor.is(top));
    let ends = ends.map(|anchor| anchor.place);
    let is_for_host = match (address, below.last()) {
        (Some(address), Some(leaf)) => Read::from_der(leaf)?.is_for_ip_address(address),
        (Some(_), None) => false,
        (None, _) => true,
    };
    let below = below.iter().rev().map(|der| Cow::Owned(der.to_vec()));
    let mut valid = ValidPath::to_one_of(ends, below);
    valid.wrong_host = (!is_for_host).then(|| of_mbedtls(VerifyError::CERT_CN_MISMATCH));
    Ok(valid)
}

/// The hash of a signature algorithm: PKCS #1 version 1.5 (RFC 4055) and ECDSA (RFC 5758).
fn digest(algorithm: Algorithm<'_>) -> Option<Type> {
    match algorithm.object_identifier()? {
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, last] => match last {
            0x05 => Some(Type::Sha1),
            0x0b => Some(Type::Sha256),
            0x0c => Some(Type::Sha384),
            0x0d => Some(Type::Sha512),
            _ => None,
        },
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, last] => match last {
            0x02 => Some(Type::Sha256),
            0x03 => Some(Type::Sha384),
            0x04 => Some(Type::Sha512),
            _ => None,
        },
        _ => None,
    }
}
