//! TLS to the webroot's server, which is trusted by fixed CAs: the store cannot be asked whom to trust before it is
//! connected.

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

/// A configuration that trusts these CAs and offers HTTP/2 alone.
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
    // Connections are few, and each is to be verified: a server whose certificate is no longer good must not go on by an
    // old session.
    config.resumption = Resumption::disabled();
    Ok(Arc::new(config))
}

/// A TLS connection on which HTTP/2 is spoken.
pub(super) async fn shake_hands(
    config: &Arc<ClientConfig>,
    server_name: ServerName<'static>,
    stream: TcpStream,
) -> Result<TlsStream<TcpStream>, RemoteError> {
    let connector = TlsConnector::from(Arc::clone(config));
    let stream = connector.connect(server_name, stream).await.map_err(refused)?;
    match stream.get_ref().1.alpn_protocol() {
        Some(H2) => Ok(stream),
        _ => Err(RemoteError::NoHttp2),
    }
}

/// What TLS says stays so; what the network says may pass.
fn refused(error: io::Error) -> RemoteError {
    let of_tls = error.get_ref().and_then(|inner| inner.downcast_ref());
    match of_tls {
        Some(rustls::Error::AlertReceived(AlertDescription::NoApplicationProtocol)) => RemoteError::NoHttp2,
        Some(of_tls) => RemoteError::Tls(Arc::new(of_tls.clone())),
        None => RemoteError::connect(error),
    }
}
