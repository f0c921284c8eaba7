//! Connecting with tokio.

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

/// Makes TLS connections with tokio: as [`Connector`], without blocking the executor. Where a store answers later, the
/// handshake waits for it on a thread of tokio's blocking pool, and other tasks go on, on a current-thread runtime too.
/// One connection, cold or warm. A connect future that is dropped closes its connection and gives up its wait.
///
/// As many handshakes can wait at a time as that pool has threads, 512 unless set. A store that needs the pool itself, as to
/// look up the address of a server, is better off with a runtime of its own: behind so many that wait it would have to wait
/// for them.
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
    /// As that does.
    pub fn new(policy: impl Into<TrustPolicy>) -> Self {
        Self(Connector::new(policy))
    }

    /// As [`Connector::with_config`].
    pub fn with_config(policy: TrustPolicy, config: impl Into<Arc<ClientConfig>>) -> Self {
        Self(Connector::with_config(policy, config))
    }

    /// What it trusts.
    pub fn policy(&self) -> &TrustPolicy {
        self.0.policy()
    }

    /// The configuration.
    pub fn config(&self) -> &Arc<ClientConfig> {
        self.0.config()
    }

    /// Asks for the anchors that served this host before, if they are not cached any more, and does not wait for them.
    /// [`connect`](Self::connect) does so too: to do it before the TCP connection is made saves time.
    ///
    /// Returns how many lookups that were.
    pub fn prefetch(&self, server: &ServerName<'_>) -> usize {
        self.policy().prefetch_ahead(&server.to_str())
    }

    /// Makes the connection over `stream`.
    ///
    /// # Errors
    /// As [`Connector::connect`]; and where the runtime is shut down meanwhile.
    ///
    /// # Panics
    /// Outside of a tokio runtime, where a store may answer later.
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
            tls: TrackedStream::new(tls, tracked),
            report: context.take_report(),
            context,
        })
    }
}

/// A TLS connection whose server was verified.
pub struct TokioTlsStream<S> {
    tls: TrackedStream<TlsStream<ReadAhead<S>>>,
    report: Option<Box<VerificationReport>>,
    context: Arc<HandshakeContext>,
}

impl<S> TokioTlsStream<S> {
    /// The stream under it, and the TLS side of it.
    pub fn get_ref(&self) -> (&S, &ClientConnection) {
        let (stream, connection) = self.tls.get_ref().get_ref();
        (stream.get_ref(), connection)
    }

    /// What happened in the verification of the server; `None` where a session was resumed.
    pub fn report(&self) -> Option<&VerificationReport> {
        self.report.as_deref()
    }

    /// A ticket may come: it depends on what this connection depends on.
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

    /// Shuts the stream under it down as well. Where it was [closed](jit_trust_engine::Connection::close), it does only that: what
    /// was not sent yet must not be.
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
