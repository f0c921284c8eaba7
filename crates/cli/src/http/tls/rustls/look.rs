//! A look at what a server sends, trusted or not.

use std::sync::Arc;

use pki_types::{CertificateDer, ServerName};

use super::super::Protocols;
use super::takes_any::TakesAny;
use super::{agreed, config, failed};
use crate::exit::Failure;
use crate::http::connector::BoxedStream;

/// What came of a handshake with a server of any certificate.
#[derive(Debug)]
pub(crate) struct Look {
    /// The server's own first; none where it did not come so far.
    pub(crate) certificates: Vec<CertificateDer<'static>>,
    /// The version of TLS, or why the handshake was broken off, in words safe to show.
    pub(crate) tls_version: Result<&'static str, String>,
}

/// Does the handshake and drops the connection. Both versions of HTTP are offered: some servers have other certificates for
/// those who offer none.
pub(in super::super::super) async fn look_at(
    name: ServerName<'static>,
    stream: BoxedStream,
) -> Result<Look, Failure> {
    let takes_any = Arc::<TakesAny>::default();
    let config = config(takes_any.clone(), Protocols::Any)?;
    let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
    let shaken = connector.connect(name, stream).await;
    Ok(Look {
        certificates: takes_any
            .take()
            .map(|taken| taken.certificates)
            .unwrap_or_default(),
        tls_version: shaken.map(|stream| agreed(stream.get_ref().1).0).map_err(failed),
    })
}
