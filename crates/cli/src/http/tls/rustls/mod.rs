//! TLS by rustls.

mod insecure;
mod look;
mod takes_any;

use std::io;
use std::sync::Arc;

use jit_trust::{ServerVerifier, TokioConnector};
use pki_types::ServerName;
use rustls::client::Resumption;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, ClientConnection, ProtocolVersion};

use super::{Connect, ConnectTrusted, Connected, Connecting, H2, Protocols};
use crate::exit::{Causes, Failure};
use crate::http::connector::BoxedStream;
use crate::shown::shown;
use crate::store::Store;
use crate::trust::{self, LastDecision};
pub(super) use insecure::Insecure;
pub(crate) use look::Look;
pub(in super::super) use look::look_at;

#[derive(Debug)]
pub(super) struct Trusting(TokioConnector);

impl Trusting {
    pub(super) fn new(store: &Store, protocols: Protocols, last: &LastDecision) -> Result<Self, Failure> {
        let config = config(Arc::new(verifier(store, last)), protocols)?;
        Ok(Self(TokioConnector::with_config(store.trust.clone(), config)))
    }
}

impl ConnectTrusted for Trusting {
    fn prefetch(&self, name: &ServerName<'_>) -> usize {
        self.0.prefetch(name)
    }
}

impl Connect for Trusting {
    fn connect<'c>(&'c self, name: ServerName<'static>, stream: BoxedStream) -> Connecting<'c> {
        Box::pin(async {
            let stream = self.0.connect(name, stream).await.map_err(failed)?;
            let (version, is_http2) = agreed(stream.get_ref().1);
            Ok(Connected {
                stream: Box::new(stream),
                version,
                is_http2,
            })
        })
    }
}

fn verifier(store: &Store, last: &LastDecision) -> ServerVerifier {
    let verifier = ServerVerifier::with_provider(store.trust.clone(), &aws_lc_rs::default_provider());
    verifier.on_verification(last.listener(store))
}

fn config(verifier: Arc<dyn ServerCertVerifier>, protocols: Protocols) -> Result<ClientConfig, Failure> {
    let builder = ClientConfig::builder_with_provider(aws_lc_rs::default_provider().into());
    let builder = builder
        .with_safe_default_protocol_versions()
        .map_err(Failure::failed)?;
    let mut config = builder
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    config.alpn_protocols = protocols.alpn().iter().map(|name| name.to_vec()).collect();
    config.resumption = Resumption::disabled();
    Ok(config)
}

/// The version of TLS, and whether to speak HTTP/2.
fn agreed(session: &ClientConnection) -> (&'static str, bool) {
    let version = match session.protocol_version() {
        Some(ProtocolVersion::TLSv1_2) => "TLSv1.2",
        Some(ProtocolVersion::TLSv1_3) => "TLSv1.3",
        _ => "unknown",
    };
    (version, session.alpn_protocol() == Some(H2))
}

#[expect(clippy::needless_pass_by_value, reason = "it stands in map_err")]
fn failed(error: io::Error) -> String {
    let of_tls = error.get_ref().and_then(|error| error.downcast_ref());
    let worded = of_tls.and_then(trust::rustls::broken_handshake);
    worded.unwrap_or_else(|| shown(Causes(&error).to_string()).to_string())
}
