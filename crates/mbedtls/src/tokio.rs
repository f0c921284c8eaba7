//! The connector for tokio.

use std::fmt;
use std::io;
use std::task::{Context as TaskContext, Poll};

use jit_trust_engine::{
    Host, TrackedStream, TrustPolicy, VerificationReport, delegate_tokio_stream, off_executor,
};
use mbedtls::ssl::{Config, Context};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;

use crate::Connector;
use crate::connector::Prepared;
use crate::noted::{Note, Noted};
use crate::tls::Tls;

/// A connector for tokio: a [`Connector`] that does not block the executor. If the policy has a deferred store, the handshake
/// runs on a thread of tokio's blocking pool, and other tasks run meanwhile, on a current-thread runtime too. It makes one
/// connection, cold or warm. Dropping the connect future closes the connection and cancels the wait.
///
/// The number of handshakes that can wait at a time is the number of threads of that pool, 512 unless set.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use tokio::io::AsyncWriteExt;
///
/// let connector = jit_trust::mbedtls::TokioConnector::new(jit_trust::mozilla())?;
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
    pub fn new(policy: impl Into<TrustPolicy>) -> mbedtls::Result<Self> {
        Connector::new(policy).map(Self)
    }

    /// As [`Connector::configure`].
    #[must_use]
    pub fn configure(
        self,
        configure: impl Fn(&mut Config) -> mbedtls::Result<()> + Send + Sync + 'static,
    ) -> Self {
        Self(self.0.configure(configure))
    }

    /// As [`Connector::on_verification`].
    #[must_use]
    pub fn on_verification(self, observer: impl Fn(&VerificationReport) + Send + Sync + 'static) -> Self {
        Self(self.0.on_verification(observer))
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
    /// As [`Connector::connect`]; and when the runtime is shut down meanwhile.
    ///
    /// # Panics
    /// Outside of a tokio runtime, if the policy has a deferred store.
    pub async fn connect<S>(&self, host: &str, stream: S) -> io::Result<TokioTlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Prepared {
            verifier,
            config,
            asked: _asked,
        } = self.0.prepare(host)?;
        let note = Note::default();
        let stream = Noted::new(stream, note.clone());
        let name = verifier.name().map(ToOwned::to_owned);
        let shake_hands = async move {
            let mut tls = Context::new(config);
            let shaken = tls.establish_async(stream, name.as_deref()).await;
            (tls, shaken)
        };
        let (tls, shaken) = if self.policy().may_wait() {
            let shaken = off_executor(shake_hands, verifier.cancellation(), spawn, None).await;
            shaken.map_err(io::Error::other)?
        } else {
            shake_hands.await
        };
        let (tracked, report) = self.0.register(&verifier, &tls, shaken, &note, None)?;
        Ok(TokioTlsStream {
            tls: TrackedStream::new(Tls::new(tls, note), tracked, report),
        })
    }
}

fn spawn(job: Box<dyn FnOnce() + Send>) {
    let runtime = Handle::current();
    drop(spawn_blocking(move || {
        let _entered = runtime.enter();
        job();
    }));
}

/// A TLS connection whose server was verified. Shutting it down also closes the stream, so that nothing can be read
/// afterwards, because the `mbedtls` crate does so.
pub struct TokioTlsStream<S> {
    tls: TrackedStream<Tls<S>>,
}

impl<S> TokioTlsStream<S> {
    /// The protocol that ALPN has selected, if any.
    pub fn alpn_protocol(&self) -> Option<&str> {
        self.tls.get_ref().context().get_alpn_protocol().ok()?
    }

    /// The stream; `None` after it was shut down.
    pub fn get_ref(&self) -> Option<&S> {
        self.tls.get_ref().context().io().map(Noted::get_ref)
    }

    fn poll_shutdown_under(&mut self, context: &mut TaskContext<'_>) -> Poll<io::Result<()>>
    where
        S: AsyncRead + AsyncWrite + Unpin + 'static,
    {
        self.tls.get_mut().poll_shutdown_under(context)
    }
}

delegate_tokio_stream!(TokioTlsStream, AsyncRead + AsyncWrite + Unpin + 'static);

impl<S> fmt::Debug for TokioTlsStream<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokioTlsStream")
            .field("tls", &self.tls)
            .finish_non_exhaustive()
    }
}
