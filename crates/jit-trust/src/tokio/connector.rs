//! Connecting with tokio.

use std::fmt;
use std::future::{Future, poll_fn};
use std::io::{self, IoSlice};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::client::TlsStream;

use super::ahead::ReadAhead;
use super::handshake::shake_hands;
use crate::guarded::Guarded;
use crate::rustls::admit;
use crate::trust::Attempt;
use crate::{Connector, Trust};

/// Makes TLS connections with tokio: as [`Connector`], without holding up the executor. Where a store answers later, the
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
    pub fn new(trust: impl Into<Trust>) -> Self {
        Self(Connector::new(trust))
    }

    /// As [`Connector::with_config`].
    pub fn with_config(trust: Trust, config: impl Into<Arc<ClientConfig>>) -> Self {
        Self(Connector::with_config(trust, config))
    }

    /// What it trusts.
    pub fn trust(&self) -> &Trust {
        self.0.trust()
    }

    /// The configuration.
    pub fn config(&self) -> &Arc<ClientConfig> {
        self.0.config()
    }

    /// Asks for the anchors that served this host before, if they are not at hand any more, and does not wait for them.
    /// [`connect`](Self::connect) does so too: to do it before the TCP connection is made saves time.
    ///
    /// Returns how many questions that were.
    pub fn prefetch(&self, server: &ServerName<'_>) -> usize {
        self.trust().prefetch_ahead(&server.to_str())
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
        let _asked = self.trust().prefetch(&host);
        let attempt = Attempt::to(host.clone(), self.trust());
        let connector = tokio_rustls::TlsConnector::from(self.config().clone());
        let (stream, tap) = ReadAhead::new(stream);
        let connecting = attempt.drive(|| connector.connect(server, stream));
        let tls = if self.trust().may_wait() {
            let shaken = shake_hands(connecting, &attempt, &tap).await;
            shaken.map_err(io::Error::other)??
        } else {
            tap.turn(true);
            let mut connecting = pin!(connecting);
            poll_fn(|context| attempt.drive(|| connecting.as_mut().poll(context))).await?
        };
        let guard = admit(self.trust(), host, &attempt, tls.get_ref().1, None)?;
        Ok(TokioTlsStream {
            tls: Guarded::new(tls, guard),
            attempt,
        })
    }
}

/// A TLS connection whose server was verified.
pub struct TokioTlsStream<S> {
    tls: Guarded<TlsStream<ReadAhead<S>>>,
    attempt: Arc<Attempt>,
}

impl<S> TokioTlsStream<S> {
    /// The stream under it, and the TLS side of it.
    pub fn get_ref(&self) -> (&S, &ClientConnection) {
        let (stream, connection) = self.tls.get_ref().get_ref();
        (stream.get_ref(), connection)
    }

    /// A ticket may come: what it leans on is what this connection leans on.
    fn step<T>(&mut self, step: impl FnOnce(Pin<&mut Guarded<TlsStream<ReadAhead<S>>>>) -> T) -> T
    where
        S: Unpin,
    {
        self.attempt.drive(|| step(Pin::new(&mut self.tls)))
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

    /// Shuts the stream under it down as well. Where it was [closed](crate::Connection::close), it does only that: what
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
