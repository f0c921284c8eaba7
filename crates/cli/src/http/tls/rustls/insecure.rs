//! `--insecure`: servers that need not be trusted.

use std::fmt;
use std::sync::Arc;

use jit_trust::ServerVerifier;
use pki_types::ServerName;
use rustls::client::danger::ServerCertVerifier;
use tokio_rustls::TlsConnector;

use super::super::{Connect, Connected, Connecting, Protocols};
use super::takes_any::TakesAny;
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
    takes_any: Arc<TakesAny>,
}

impl Insecure {
    pub(in super::super) fn new(
        store: &Store,
        protocols: Protocols,
        last: &LastDecision,
    ) -> Result<Self, Failure> {
        let takes_any = Arc::<TakesAny>::default();
        let config = config(takes_any.clone(), protocols)?;
        Ok(Self {
            tls: Arc::new(config).into(),
            verifier: Arc::new(verifier(store, last)),
            takes_any,
        })
    }

    /// Has it told whether the server would have been trusted. A store may be waited for, which must hold nothing else up.
    async fn judge(&self) {
        // Connections are made one after the other.
        let Some(taken) = self.takes_any.take() else {
            return;
        };
        let verifier = self.verifier.clone();
        let judged = tokio::task::spawn_blocking(move || {
            let Some((leaf, others)) = taken.certificates.split_first() else {
                return;
            };
            // Whoever listens has heard it.
            let _ = verifier.verify_server_cert(leaf, others, &taken.server_name, &[], taken.now);
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

impl fmt::Debug for Insecure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Insecure").finish_non_exhaustive()
    }
}
