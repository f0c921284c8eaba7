//! Servers of any certificate.

use std::sync::{Mutex, PoisonError};

use pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{WebPkiSupportedAlgorithms, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::{DigitallySignedStruct, Error, SignatureScheme};

/// Takes any certificates and keeps them to be judged. The server has to show that it holds the key of its own.
#[derive(Debug)]
pub(super) struct TakesAny {
    /// What the latest server sent.
    taken: Mutex<Option<Taken>>,
    algorithms: WebPkiSupportedAlgorithms,
}

/// What a server sent.
#[derive(Debug)]
pub(super) struct Taken {
    /// The server's own first; never none.
    pub(super) certificates: Vec<CertificateDer<'static>>,
    pub(super) server_name: ServerName<'static>,
    pub(super) now: UnixTime,
}

impl Default for TakesAny {
    fn default() -> Self {
        Self {
            taken: Mutex::default(),
            algorithms: aws_lc_rs::default_provider().signature_verification_algorithms,
        }
    }
}

impl TakesAny {
    pub(super) fn take(&self) -> Option<Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl ServerCertVerifier for TakesAny {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let sent = std::iter::once(end_entity).chain(intermediates);
        let taken = Taken {
            certificates: sent.map(|der| der.clone().into_owned()).collect(),
            server_name: server_name.to_owned(),
            now,
        };
        *self.taken.lock().unwrap_or_else(PoisonError::into_inner) = Some(taken);
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
