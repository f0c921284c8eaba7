//! The interface to every TLS library: what it is given, and what it does.

use std::error::Error;
use std::io;
use std::pin::Pin;

use jit_trust::{HandshakeError, VerificationReport};
use pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::exit::causes;

/// The versions of HTTP, as ALPN names them.
pub(crate) const H2: &[u8] = b"h2";
pub(crate) const HTTP_1_1: &[u8] = b"http/1.1";

/// Which versions of HTTP to speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocols {
    /// HTTP/2 where the server speaks it, else HTTP/1.1.
    Any,
    Http1,
    Http2,
}

impl Protocols {
    /// As ALPN names them, the preferred one first.
    pub(super) fn alpn(self) -> &'static [&'static [u8]] {
        match self {
            Self::Any => &[H2, HTTP_1_1],
            Self::Http1 => &[HTTP_1_1],
            Self::Http2 => &[H2],
        }
    }
}

/// A stream of bytes to the server, whatever lies between.
pub(in super::super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

pub(in super::super) type BoxedStream = Box<dyn Stream>;

/// A TLS client that trusts by a store. It resumes no session: each hop is verified, and shows its root. Errors are in
/// words, safe to show.
pub(super) trait Connect {
    /// Asks for the roots that served this host before, ahead of the connection, and returns how many those were.
    fn prefetch(&self, name: &ServerName<'_>) -> usize;

    /// Does the handshake with a server that has to be trusted, over `stream`.
    fn connect<'c>(&'c self, name: ServerName<'static>, stream: BoxedStream) -> Connecting<'c>;

    /// Does the handshake with any server that holds the key of its certificate. There is a verdict all the same.
    fn connect_insecurely<'c>(&'c self, name: ServerName<'static>, stream: BoxedStream) -> Connecting<'c>;
}

pub(super) type Connecting<'c> = Pin<Box<dyn Future<Output = Result<Connected, NotConnected>> + 'c>>;

/// A TLS connection, and what both sides have agreed on.
pub(super) struct Connected {
    pub(super) stream: BoxedStream,
    pub(super) version: &'static str,
    pub(super) is_http2: bool,
    /// What happened in the verification of the server.
    pub(super) report: Report,
}

/// Why there is no TLS connection.
pub(super) struct NotConnected {
    /// In words, safe to show.
    pub(super) what: String,
    /// What happened in the verification of the server, if it came so far.
    pub(super) report: Report,
}

pub(super) type Report = Option<Box<VerificationReport>>;

impl NotConnected {
    /// Before there was a server to verify.
    pub(super) fn early(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            report: None,
        }
    }
}

/// The server of a URL's host, where an IPv6 address stands in brackets; `None` if no certificate can be for it.
pub(crate) fn server_name(host: &str) -> Option<ServerName<'static>> {
    let inside = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    ServerName::try_from(inside.unwrap_or(host).to_owned()).ok()
}

/// Runs a verification outside the async executor: it may wait for a store.
pub(super) async fn judge(verify: impl FnOnce() -> Report + Send + 'static) -> Report {
    // It fails where the runtime ends, and then the verdict is not wanted any more.
    tokio::task::spawn_blocking(verify).await.ok().flatten()
}

/// Why a handshake failed: in the words that `of_tls` has for an error of the library, else in its own. The error of a
/// connector has the report.
pub(super) fn broken_off<E: Error + Send + Sync + 'static>(
    error: io::Error,
    of_tls: impl FnOnce(&E) -> Option<String>,
) -> NotConnected {
    match error.downcast::<HandshakeError<E>>() {
        Ok(error) => NotConnected {
            what: of_tls(error.tls_error()).unwrap_or_else(|| causes(&error)),
            report: error.into_report(),
        },
        Err(error) => {
            let inner = error.get_ref().and_then(|error| error.downcast_ref());
            NotConnected::early(inner.and_then(of_tls).unwrap_or_else(|| causes(&error)))
        }
    }
}

/// The host as OpenSSL and mbedTLS compare it: a name that ends in a dot is the same without.
#[cfg(any(feature = "openssl", feature = "mbedtls"))]
pub(super) fn host(name: &ServerName<'_>) -> String {
    let host = name.to_str();
    host.strip_suffix('.').unwrap_or(&host).to_owned()
}
