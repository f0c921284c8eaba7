//! The connector for tokio.

use std::fmt;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use jit_trust_engine::{TrackedStream, TrustPolicy, VerificationReport};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::client::TlsStream;

use super::read_ahead::ReadAhead;
use super::{drive_off_executor, steps_of};
use crate::Connector;
use crate::connector::register;
use crate::context::HandshakeContext;
use crate::error::failed;

/// A connector for tokio: a [`Connector`] that does not block the executor. A handshake that waits for a deferred store does
/// so on a thread of tokio's blocking pool, and other tasks run meanwhile, on a current-thread runtime too. It makes one
/// connection, cold or warm. Dropping the connect future closes the connection and cancels the wait.
///
/// The number of handshakes that can wait at a time is the number of threads of that pool, 512 unless set. A store that needs
/// the pool itself, such as to resolve a host name, should have a runtime of its own: otherwise it could have to wait for the
/// handshakes that wait for it.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use tokio::io::AsyncWriteExt;
///
/// let connector = jit_trust::TokioConnector::new(jit_trust::mozilla());
/// let tcp = tokio::net::TcpStream::connect("www.rust-lang.org:443").await?;
/// let mut tls = connector.connect("www.rust-lang.org".try_into()?, tcp).await?;
/// tls.write_all(b"GET / HTTP/1.0\r\nHost: www.rust-lang.org\r\n\r\n").await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct TokioConnector(Connector);

impl TokioConnector {
    /// As [`Connector::new`].
    ///
    /// # Panics
    /// As [`Connector::new`].
    pub fn new(policy: impl Into<TrustPolicy>) -> Self {
        Self(Connector::new(policy))
    }

    /// As [`Connector::with_config`].
    pub fn with_config(policy: TrustPolicy, config: impl Into<Arc<ClientConfig>>) -> Self {
        Self(Connector::with_config(policy, config))
    }

    /// The policy.
    pub fn policy(&self) -> &TrustPolicy {
        self.0.policy()
    }

    /// The configuration.
    pub fn config(&self) -> &Arc<ClientConfig> {
        self.0.config()
    }

    /// Looks up the anchors that served this host before, if they are not cached any more, and does not wait for them.
    /// [`connect`](Self::connect) does so, too; before the TCP connection is made, it saves time.
    ///
    /// Returns the number of lookups.
    pub fn prefetch(&self, server: &ServerName<'_>) -> usize {
        self.policy().prefetch_ahead(&server.to_str())
    }

    /// Makes the connection over `stream`.
    ///
    /// # Errors
    /// As [`Connector::connect`]; and when the runtime is shut down meanwhile.
    ///
    /// # Panics
    /// Outside of a tokio runtime, if the policy has a deferred store.
    pub async fn connect<S>(&self, server: ServerName<'static>, stream: S) -> io::Result<TokioTlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let host = server.to_str().into_owned();
        let _asked = self.policy().prefetch(&host);
        let context = HandshakeContext::to(host.clone(), self.policy());
        let connector = tokio_rustls::TlsConnector::from(self.config().clone());
        let (stream, gate) = ReadAhead::new(stream);
        let connecting = context.drive(|| connector.connect(server, stream));
        let tls = if self.policy().may_wait() {
            let connected = drive_off_executor(connecting, &context, Some(&gate)).await;
            connected.map_err(io::Error::other)?
        } else {
            gate.set_open(true);
            steps_of(context.clone(), connecting).await
        };
        let tls = tls.map_err(|error| failed(error, &context))?;
        let tracked = register(self.policy(), host, &context, tls.get_ref().1, None)?;
        Ok(TokioTlsStream {
            tls: TrackedStream::new(tls, tracked, context.take_report()),
            context,
        })
    }
}

/// A TLS connection whose server was verified.
pub struct TokioTlsStream<S> {
    tls: TrackedStream<TlsStream<ReadAhead<S>>>,
    context: Arc<HandshakeContext>,
}

impl<S> TokioTlsStream<S> {
    /// The stream, and the TLS connection of rustls.
    pub fn get_ref(&self) -> (&S, &ClientConnection) {
        let (stream, connection) = self.tls.get_ref().get_ref();
        (stream.get_ref(), connection)
    }

    /// The report of the verification; `None` where a session was resumed.
    pub fn report(&self) -> Option<&VerificationReport> {
        self.tls.report()
    }

    /// Runs a step as this connection's: a session ticket that comes depends on the same anchors.
    fn step<T>(&mut self, step: impl FnOnce(Pin<&mut TrackedStream<TlsStream<ReadAhead<S>>>>) -> T) -> T
    where
        S: Unpin,
    {
        self.context.drive(|| step(Pin::new(&mut self.tls)))
    }
}

impl<S> AsyncRead for TokioTlsStream<S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.step(|tls| tls.poll_read(context, buffer))
    }
}

impl<S> AsyncWrite for TokioTlsStream<S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.step(|tls| tls.poll_write(context, bytes))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.step(|tls| tls.poll_flush(context))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.step(|tls| tls.poll_write_vectored(context, bytes))
    }

    fn is_write_vectored(&self) -> bool {
        self.tls.is_write_vectored()
    }

    /// Shuts down the TLS connection and the stream. After a [close](jit_trust_engine::Connection::close), it shuts down the
    /// stream only, because pending data must not be sent.
    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.tls.is_closed() {
            return Pin::new(self.tls.get_mut().get_mut().0).poll_shutdown(context);
        }
        self.step(|tls| tls.poll_shutdown(context))
    }
}

impl<S> fmt::Debug for TokioTlsStream<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokioTlsStream")
            .field("tls", &self.tls)
            .finish_non_exhaustive()
    }
}
