//! The connector for tokio.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use jit_trust_engine::{Deadline, Host, TrackedStream, TrustPolicy, delegate_tokio_stream};
use openssl::error::ErrorStack;
use openssl::ssl::{SslContext, SslRef};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout_at;
use tokio_openssl::SslStream;

use crate::Connector;
use crate::connector::{failed, resume, suspended};

/// A connector for tokio: a [`Connector`] that does not block a thread. While a deferred store is asked, the handshake is
/// suspended. It makes one connection, cold or warm. Dropping the connect future closes the connection and cancels the wait.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use tokio::io::AsyncWriteExt;
///
/// let connector = jit_trust::openssl::TokioConnector::new(jit_trust::mozilla())?;
/// let tcp = tokio::net::TcpStream::connect("www.rust-lang.org:443").await?;
/// let mut tls = connector.connect("www.rust-lang.org", tcp).await?;
/// tls.write_all(b"GET / HTTP/1.0\r\nHost: www.rust-lang.org\r\n\r\n").await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct TokioConnector(Connector);

impl TokioConnector {
    /// As [`Connector::new`].
    ///
    /// # Errors
    /// As [`Connector::new`].
    pub fn new(policy: impl Into<TrustPolicy>) -> Result<Self, ErrorStack> {
        Connector::new(policy).map(Self)
    }

    /// As [`Connector::with_context`].
    pub fn with_context(context: SslContext) -> Option<Self> {
        Connector::with_context(context).map(Self)
    }

    /// The policy.
    pub fn policy(&self) -> &TrustPolicy {
        self.0.policy()
    }

    /// Looks up the anchors that served this host before, if they are not cached any more, and does not wait for them.
    /// [`connect`](Self::connect) does so, too; before the TCP connection is made, it saves time.
    ///
    /// Returns the number of lookups.
    pub fn prefetch(&self, host: &str) -> usize {
        Host::parse(host).map_or(0, |host| self.policy().prefetch_ahead(host.as_str()))
    }

    /// Makes the connection over `stream`.
    ///
    /// # Errors
    /// As [`Connector::connect`].
    ///
    /// # Panics
    /// Outside of a tokio runtime with time enabled, if the handshake waits for a deferred store.
    pub async fn connect<S>(&self, host: &str, stream: S) -> io::Result<TokioTlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        self.connect_with(host, stream, |_| Ok(())).await
    }

    /// As [`connect`](Self::connect); `set` sets options of this connection alone, such as a session to resume.
    ///
    /// # Errors
    /// As [`connect`](Self::connect); and those of `set`.
    ///
    /// # Panics
    /// As [`connect`](Self::connect).
    pub async fn connect_with<S>(
        &self,
        host: &str,
        stream: S,
        set: impl FnOnce(&mut SslRef) -> Result<(), ErrorStack>,
    ) -> io::Result<TokioTlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let (host, ssl, _asked) = self.0.prepare(host, set)?;
        let mut tls = SslStream::new(ssl, stream).map_err(io::Error::other)?;
        let mut deadline = Deadline::default();
        while let Err(error) = Pin::new(&mut tls).connect().await {
            let Some((pending, mut suspended)) = suspended(&error, tls.ssl()) else {
                return Err(failed(error, tls.ssl()));
            };
            let deadline = deadline.for_lookup(&pending);
            let response = timeout_at(deadline.into(), pending.response()).await;
            pending.resume(response.ok(), &mut suspended);
            resume(tls.ssl(), suspended);
        }
        let (tracked, report) = self.0.register(&host, tls.ssl(), None)?;
        Ok(TokioTlsStream {
            tls: TrackedStream::new(tls, tracked, report),
        })
    }
}

/// A TLS connection whose server was verified.
#[derive(Debug)]
pub struct TokioTlsStream<S> {
    tls: TrackedStream<SslStream<S>>,
}

impl<S> TokioTlsStream<S>
where
    S: AsyncRead + AsyncWrite,
{
    /// The TLS connection of OpenSSL.
    pub fn ssl(&self) -> &SslRef {
        self.tls.get_ref().ssl()
    }

    /// The stream.
    pub fn get_ref(&self) -> &S {
        self.tls.get_ref().get_ref()
    }

    fn poll_shutdown_under(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>>
    where
        S: Unpin,
    {
        Pin::new(self.tls.get_mut().get_mut()).poll_shutdown(context)
    }
}

delegate_tokio_stream!(TokioTlsStream, AsyncRead + AsyncWrite + Unpin);
