//! TLS to the webroot's server, which is verified by fixed CAs: the store cannot be asked for anchors before it is connected.

use std::io;
use std::sync::Arc;

use rustls::client::Resumption;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::ServerName;
use rustls::{AlertDescription, ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::RemoteError;

const H2: &[u8] = b"h2";

/// A configuration that trusts these CAs and offers HTTP/2 only.
pub(super) fn config(
    roots: RootCertStore,
    provider: Option<Arc<CryptoProvider>>,
) -> Result<Arc<ClientConfig>, RemoteError> {
    let provider = provider
        .or_else(|| CryptoProvider::get_default().cloned())
        .ok_or(RemoteError::NoProvider)?;
    let builder = ClientConfig::builder_with_provider(provider);
    let builder = builder
        .with_safe_default_protocol_versions()
        .map_err(|error| RemoteError::Provider(Arc::new(error)))?;
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![H2.to_vec()];
    // Each connection is verified, so that an old session cannot be resumed after the server's certificate has expired. There
    // are few connections.
    config.resumption = Resumption::disabled();
    Ok(Arc::new(config))
}

/// Makes the TLS connection, for HTTP/2.
pub(super) async fn shake_hands(
    config: &Arc<ClientConfig>,
    server_name: ServerName<'static>,
    stream: TcpStream,
) -> Result<TlsStream<TcpStream>, RemoteError> {
    let connector = TlsConnector::from(Arc::clone(config));
    let stream = connector.connect(server_name, stream).await.map_err(failed)?;
    match stream.get_ref().1.alpn_protocol() {
        Some(H2) => Ok(stream),
        _ => Err(RemoteError::NoHttp2),
    }
}

/// The error of a failed handshake: an error of TLS is permanent, an error of the network is not.
fn failed(error: io::Error) -> RemoteError {
    let of_tls = error.get_ref().and_then(|inner| inner.downcast_ref());
    match of_tls {
        Some(rustls::Error::AlertReceived(AlertDescription::NoApplicationProtocol)) => RemoteError::NoHttp2,
        Some(of_tls) => RemoteError::Tls(Arc::new(of_tls.clone())),
        None => RemoteError::connect(error),
    }
}
