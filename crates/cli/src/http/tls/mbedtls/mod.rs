//! TLS by Mbed TLS, which knows nothing newer than TLS 1.2.

mod insecure;

use std::fmt;
use std::io;
use std::sync::Arc;

use jit_trust::mbedtls::{Error, TokioConnector};
use mbedtls::ssl::config::NullTerminatedStrList;
use pki_types::ServerName;

use super::{Connect, ConnectTrusted, Connected, Connecting, H2, Protocols};
use crate::exit::{Causes, Failure};
use crate::http::connector::BoxedStream;
use crate::shown::shown;
use crate::store::Store;
use crate::trust::{self, LastDecision};
pub(super) use insecure::Insecure;

/// The `mbedtls` crate brings it along, and does not say which patch release.
pub(super) const VERSION: &str = "Mbed TLS 2.28";

/// It speaks no newer one, and none older is asked for.
const TLS_VERSION: &str = "TLSv1.2";

pub(super) struct Trusting(TokioConnector);

impl Trusting {
    pub(super) fn new(store: &Store, protocols: Protocols, last: &LastDecision) -> Result<Self, Failure> {
        let names = alpn(protocols).map_err(Failure::failed)?;
        let connector = TokioConnector::new(store.trust.clone()).map_err(Failure::failed)?;
        let connector = connector
            .configure(move |config| config.set_alpn_protocols(names.clone()))
            .on_verification(last.listener(store));
        Ok(Self(connector))
    }
}

impl ConnectTrusted for Trusting {
    fn prefetch(&self, name: &ServerName<'_>) -> usize {
        self.0.prefetch(&host(name))
    }
}

impl Connect for Trusting {
    fn connect<'c>(&'c self, name: ServerName<'static>, stream: BoxedStream) -> Connecting<'c> {
        Box::pin(async move {
            let stream = self.0.connect(&host(&name), stream).await.map_err(failed)?;
            let is_http2 = is_http2(stream.alpn_protocol());
            Ok(Connected {
                stream: Box::new(stream),
                version: TLS_VERSION,
                is_http2,
            })
        })
    }
}

impl fmt::Debug for Trusting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trusting").finish_non_exhaustive()
    }
}

/// The host as mbedTLS compares it: a name that ends in a dot is the same without.
fn host(name: &ServerName<'_>) -> String {
    let host = name.to_str();
    host.strip_suffix('.').unwrap_or(&host).to_owned()
}

fn alpn(protocols: Protocols) -> mbedtls::Result<Arc<NullTerminatedStrList>> {
    let names = protocols.alpn().iter();
    let names: Vec<&str> = names.filter_map(|name| std::str::from_utf8(name).ok()).collect();
    NullTerminatedStrList::new(&names).map(Arc::new)
}

fn is_http2(protocol: Option<&str>) -> bool {
    protocol.map(str::as_bytes) == Some(H2)
}

#[expect(clippy::needless_pass_by_value, reason = "it stands in map_err")]
fn failed(error: io::Error) -> String {
    let of_tls = error.get_ref().and_then(|error| error.downcast_ref());
    match of_tls.map(Error::tls_error) {
        Some(error) => broken_off(error),
        None => shown(Causes(&error).to_string()).to_string(),
    }
}

/// Why a handshake failed.
fn broken_off(error: &mbedtls::Error) -> String {
    let words = trust::mbedtls::broken_handshake(error);
    words.map_or_else(|| shown(Causes(error).to_string()).to_string(), str::to_owned)
}
