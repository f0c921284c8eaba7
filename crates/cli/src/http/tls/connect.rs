//! The interface to every TLS library: what it is given, and what it does.

use std::error::Error;
use std::io;
use std::pin::Pin;

use jit_trust::VerificationReport;
use jit_trust::engine::HandshakeError;
use pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::exit::causes;
use crate::shown::shown;

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

pub(super) type Connecting<'c> = Pin<Box<dyn Future<Output = Shaken> + 'c>>;

/// What came of a handshake: what happened in the verification of the server, if it came so far; and the connection, or why
/// there is none, in words that are safe to show.
pub(super) type Shaken = (Report, Result<Connected, String>);

pub(super) type Report = Option<Box<VerificationReport>>;

/// A TLS connection, and what both sides have agreed on.
pub(super) struct Connected {
    pub(super) stream: BoxedStream,
    pub(super) version: &'static str,
    pub(super) is_http2: bool,
}

impl Connected {
    /// A connection over this stream, in this version of TLS, with HTTP/2 or not.
    pub(super) fn over(stream: impl Stream + 'static, (version, is_http2): (&'static str, bool)) -> Self {
        Self {
            stream: Box::new(stream),
            version,
            is_http2,
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

/// Why a handshake failed: the rejection of the server, or what `of_tls` has for an error of the library, or that error's own
/// words. The error of a connector has the report.
pub(super) fn broken_off<E: Error + Send + Sync + 'static>(
    error: io::Error,
    of_tls: impl FnOnce(&E) -> Option<String>,
) -> Shaken {
    match error.downcast::<HandshakeError<E>>() {
        Ok(error) => {
            let rejection = error
                .rejection()
                .map(|rejection| shown(rejection.to_string()).to_string());
            let what = rejection.or_else(|| of_tls(error.tls_error()));
            let what = what.unwrap_or_else(|| causes(&error));
            (error.into_report(), Err(what))
        }
        Err(error) => {
            let inner = error.get_ref().and_then(|error| error.downcast_ref());
            (
                None,
                Err(inner.and_then(of_tls).unwrap_or_else(|| causes(&error))),
            )
        }
    }
}

/// The host as OpenSSL and mbedTLS compare it: a name that ends in a dot is the same without.
#[cfg(any(feature = "openssl", feature = "mbedtls"))]
pub(super) fn host(name: &ServerName<'_>) -> String {
    let host = name.to_str();
    host.strip_suffix('.').unwrap_or(&host).to_owned()
}
