//! What a client with every root loaded trusts: rustls' own verifier, given the stand-ins and Mozilla's
//! conditions.

use std::sync::{Arc, LazyLock};

use jit_trust_lab::internet::{StandIn, stand_ins};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, Der, ServerName, TrustAnchor, UnixTime};
use rustls::{DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use webpki::anchor_from_trusted_cert;
use x509_parser::prelude::*;

static ALGORITHMS: LazyLock<WebPkiSupportedAlgorithms> =
    LazyLock::new(|| default_provider().signature_verification_algorithms);

/// Which of Mozilla's conditions a client observes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Observes {
    All,
    NoDates,
    NoConstraints,
}

/// Trusts the stand-ins.
#[derive(Debug)]
pub(crate) struct Full {
    pub(crate) observes: Observes,
}

/// The stand-ins without their conditions; reading them takes longer than a handshake.
static ANCHORS: LazyLock<Vec<TrustAnchor<'static>>> = LazyLock::new(|| {
    let ders = stand_ins().iter().map(StandIn::der);
    ders.map(|der| anchor_from_trusted_cert(&der).unwrap().to_owned())
        .collect()
});

impl Full {
    /// The anchors for a leaf issued at this time.
    fn anchors(&self, not_before: i64) -> Vec<TrustAnchor<'static>> {
        let trusted = stand_ins().iter().zip(&*ANCHORS).filter(|(root, _)| {
            let date = root.distrust_after().map(|date| i64::try_from(date).unwrap());
            self.observes == Observes::NoDates || date.is_none_or(|date| not_before <= date)
        });
        let constrained = trusted.map(|(root, anchor)| {
            let mut anchor = anchor.clone();
            if let (Some(imposed), true) = (root.name_constraints(), self.observes != Observes::NoConstraints)
            {
                anchor.name_constraints = Some(Der::from(imposed.to_vec()));
            }
            anchor
        });
        constrained.collect()
    }
}

impl ServerCertVerifier for Full {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let (_, leaf) = X509Certificate::from_der(end_entity).unwrap();
        let roots = self.anchors(leaf.validity().not_before.timestamp());
        let roots = Arc::new(RootCertStore { roots });
        let verifier = WebPkiServerVerifier::builder_with_provider(roots, Arc::new(default_provider()));
        let verifier = verifier.build().unwrap();
        verifier.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &ALGORITHMS)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &ALGORITHMS)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        ALGORITHMS.supported_schemes()
    }
}
