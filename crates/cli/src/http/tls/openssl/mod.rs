//! TLS by OpenSSL.

mod insecure;

use std::fmt;
use std::io;

use jit_trust::openssl::{Error, TokioConnector, Verifier};
use openssl::error::ErrorStack;
use openssl::ssl::{self, SslContext, SslContextBuilder, SslMethod, SslRef, SslVersion};
use pki_types::ServerName;

use super::{Connect, ConnectTrusted, Connected, Connecting, H2, Protocols};
use crate::exit::{Causes, Failure};
use crate::http::connector::BoxedStream;
use crate::shown::shown;
use crate::store::Store;
use crate::trust::{self, LastDecision};
pub(super) use insecure::Insecure;

/// What the system's OpenSSL calls itself.
pub(super) fn version() -> &'static str {
    openssl::version::version()
}

pub(super) struct Trusting(TokioConnector);

impl Trusting {
    pub(super) fn new(store: &Store, protocols: Protocols, last: &LastDecision) -> Result<Self, Failure> {
        let made = context(protocols).and_then(|mut context| {
            verifier(store, last).attach(&mut context)?;
            Ok(context.build())
        });
        let context = made.map_err(Failure::failed)?;
        let connector = TokioConnector::with_context(context);
        Ok(Self(connector.ok_or_else(|| {
            Failure::failed("OpenSSL has lost its verifier")
        })?))
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
            let (version, is_http2) = agreed(stream.ssl());
            Ok(Connected {
                stream: Box::new(stream),
                version,
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

/// The host as OpenSSL compares it: a name that ends in a dot is the same without.
fn host(name: &ServerName<'_>) -> String {
    let host = name.to_str();
    host.strip_suffix('.').unwrap_or(&host).to_owned()
}

fn verifier(store: &Store, last: &LastDecision) -> Verifier {
    Verifier::new(store.trust.clone()).on_verification(last.listener(store))
}

fn context(protocols: Protocols) -> Result<SslContextBuilder, ErrorStack> {
    let mut context = SslContext::builder(SslMethod::tls_client())?;
    context.set_min_proto_version(Some(SslVersion::TLS1_2))?;
    // Each name after its length (RFC 7301 section 3.1).
    let names = protocols.alpn().iter();
    let names: Vec<u8> = names
        .flat_map(|name| u8::try_from(name.len()).into_iter().chain(name.iter().copied()))
        .collect();
    context.set_alpn_protos(&names)?;
    Ok(context)
}

/// The version of TLS, and whether to speak HTTP/2.
fn agreed(ssl: &SslRef) -> (&'static str, bool) {
    (ssl.version_str(), ssl.selected_alpn_protocol() == Some(H2))
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
fn broken_off(error: &ssl::Error) -> String {
    let Some(errors) = error.ssl_error() else {
        return shown(Causes(error).to_string()).to_string();
    };
    if let Some(words) = trust::openssl::broken_handshake(errors) {
        return words.to_owned();
    }
    let reasons: Vec<&str> = errors
        .errors()
        .iter()
        .filter_map(openssl::error::Error::reason)
        .collect();
    shown(reasons.join(", ")).to_string()
}
