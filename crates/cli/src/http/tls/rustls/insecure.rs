//! `--insecure`: servers that need not be trusted.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use jit_trust::ServerVerifier;
use pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::{DigitallySignedStruct, Error, SignatureScheme};
use tokio_rustls::TlsConnector;

use super::super::{Connect, Connected, Connecting, Protocols};
use super::{agreed, config, failed, verifier};
use crate::exit::Failure;
use crate::http::connector::BoxedStream;
use crate::store::Store;
use crate::trust::LastDecision;

/// Makes connections to any server that holds the key of its certificate, and has the verdict on it told to whoever
/// listens to the verifier, whatever it is.
pub(in super::super) struct Insecure {
    tls: TlsConnector,
    verifier: Arc<ServerVerifier>,
    seen: Arc<Seen>,
}

/// What the latest server sent. Connections are made one after the other.
#[derive(Debug, Default)]
struct Seen(Mutex<Option<Sent>>);

#[derive(Debug)]
struct Sent {
    end_entity: CertificateDer<'static>,
    intermediates: Vec<CertificateDer<'static>>,
    server_name: ServerName<'static>,
    now: UnixTime,
}

impl Insecure {
    pub(in super::super) fn new(
        store: &Store,
        protocols: Protocols,
        last: &LastDecision,
    ) -> Result<Self, Failure> {
        let (verifier, seen) = (Arc::new(verifier(store, last)), Arc::<Seen>::default());
        let accepts_any = AcceptsAny {
            verifier: verifier.clone(),
            seen: seen.clone(),
        };
        let config = config(Arc::new(accepts_any), protocols)?;
        Ok(Self {
            tls: Arc::new(config).into(),
            verifier,
            seen,
        })
    }

    /// Has it told whether the server would have been trusted. A store may be waited for, which must hold nothing else up.
    async fn judge(&self) {
        let Some(sent) = self.seen.take() else { return };
        let verifier = self.verifier.clone();
        let judged = tokio::task::spawn_blocking(move || {
            let (leaf, others) = (&sent.end_entity, &sent.intermediates);
            // Whoever listens has heard it.
            let _ = verifier.verify_server_cert(leaf, others, &sent.server_name, &[], sent.now);
        });
        // It fails where the runtime ends, and then nobody wants to know any more.
        let _ = judged.await;
    }
}

impl Connect for Insecure {
    fn connect<'c>(&'c self, name: ServerName<'static>, stream: BoxedStream) -> Connecting<'c> {
        Box::pin(async {
            let shaken = self.tls.connect(name, stream).await;
            self.judge().await;
            let stream = shaken.map_err(failed)?;
            let (version, is_http2) = agreed(stream.get_ref().1);
            Ok(Connected {
                stream: Box::new(stream),
                version,
                is_http2,
            })
        })
    }
}

impl Seen {
    fn set(&self, sent: Sent) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(sent);
    }

    fn take(&self) -> Option<Sent> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Lets any certificate pass.
#[derive(Debug)]
struct AcceptsAny {
    verifier: Arc<ServerVerifier>,
    seen: Arc<Seen>,
}

impl ServerCertVerifier for AcceptsAny {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.seen.set(Sent {
            end_entity: end_entity.clone().into_owned(),
            intermediates: intermediates.iter().map(|der| der.clone().into_owned()).collect(),
            server_name: server_name.to_owned(),
            now,
        });
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier
            .verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier
            .verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}

impl fmt::Debug for Insecure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Insecure").finish_non_exhaustive()
    }
}
