//! The connector for threads that may block.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, HandshakeKind, StreamOwned};

use jit_trust_engine::{SharedTcp, TrackedConnection, TrackedStream, TrustPolicy, VerificationReport};

use crate::client_config;
use crate::context::HandshakeContext;
use crate::error::failed;

/// A connector that makes TLS connections and tracks what they depend on: an imported anchor stays cached while a connection
/// depends on it, and [`TrustPolicy::connections`] lists the open connections. A plain [`ClientConfig`] works as well, but its
/// connections are not tracked.
///
/// It is for threads that may block. For tokio there is `TokioConnector`, for hyper `HttpsConnector`, for reqwest
/// `ConnectLayer`.
///
/// ```no_run
/// use std::io::Write;
/// use std::net::TcpStream;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let connector = jit_trust::Connector::new(jit_trust::mozilla());
/// let tcp = TcpStream::connect("www.rust-lang.org:443")?;
/// let mut tls = connector.connect("www.rust-lang.org".try_into()?, tcp)?;
/// tls.write_all(b"GET / HTTP/1.0\r\nHost: www.rust-lang.org\r\n\r\n")?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Connector {
    policy: TrustPolicy,
    config: Arc<ClientConfig>,
}

impl Connector {
    /// A connector by `policy`, a [`TrustPolicy`] or a single store, with [`client_config`].
    ///
    /// # Panics
    /// Like [`client_config`].
    pub fn new(policy: impl Into<TrustPolicy>) -> Self {
        let policy = policy.into();
        let config = client_config(policy.clone());
        Self::with_config(policy, config)
    }

    /// A connector with a configuration of the program's own, such as for client certificates or protocols. The configuration
    /// must be made from the same `policy`, by [`client_config`] or with a [`Verifier`](crate::Verifier) and its
    /// [`resumption`](crate::Verifier::resumption).
    pub fn with_config(policy: TrustPolicy, config: impl Into<Arc<ClientConfig>>) -> Self {
        Self {
            policy,
            config: config.into(),
        }
    }

    /// The policy.
    pub fn policy(&self) -> &TrustPolicy {
        &self.policy
    }

    /// The configuration.
    pub fn config(&self) -> &Arc<ClientConfig> {
        &self.config
    }

    /// Makes the connection. Blocks until the handshake is over, including lookups in deferred stores.
    ///
    /// # Errors
    /// Those of `tcp`; an [`io::Error`] of the kind `InvalidData` with the [`HandshakeError`](crate::HandshakeError), which has
    /// the rejection; and `InvalidInput` where the configuration is not one for [`with_config`](Self::with_config).
    pub fn connect(&self, server: ServerName<'static>, tcp: TcpStream) -> io::Result<TlsStream> {
        let host = server.to_str().into_owned();
        let _asked = self.policy.prefetch(&host);
        let context = HandshakeContext::to(host.clone(), &self.policy);
        let mut tcp = SharedTcp::new(tcp);
        let close = tcp.closer();
        let connection = context.drive(|| -> io::Result<_> {
            let config = self.config.clone();
            let mut connection = ClientConnection::new(config, server).map_err(io::Error::other)?;
            while connection.is_handshaking() {
                if connection.complete_io(&mut tcp)? == (0, 0) {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
            }
            Ok(connection)
        });
        let connection = connection.map_err(|error| failed(error, &context))?;
        let tracked = register(&self.policy, host, &context, &connection, Some(close))?;
        Ok(TlsStream {
            tls: TrackedStream::new(StreamOwned::new(connection, tcp), tracked, context.take_report()),
            context,
        })
    }
}

/// Registers a connection after its handshake.
///
/// # Errors
/// When it is not known what it depends on, because the configuration has another policy or session store; and when an anchor
/// that it depends on was withdrawn since.
pub(crate) fn register(
    policy: &TrustPolicy,
    host: String,
    context: &HandshakeContext,
    connection: &ClientConnection,
    close: Option<Box<dyn Fn() + Send + Sync>>,
) -> io::Result<TrackedConnection> {
    let is_resumed = connection.handshake_kind() == Some(HandshakeKind::Resumed);
    let Some(binding) = context.settle(is_resumed) else {
        let text = match is_resumed {
            true => {
                "a session was resumed without a look at what it depends on: the configuration's `resumption` is to be \
                 what `Verifier::resumption` returns, or disabled"
            }
            false => "the configuration was not made with a `Verifier` of this policy",
        };
        return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
    };
    TrackedConnection::register(policy, host, binding, close)
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connector")
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}

/// A TLS connection whose server was verified.
#[derive(Debug)]
pub struct TlsStream {
    tls: TrackedStream<StreamOwned<ClientConnection, SharedTcp>>,
    context: Arc<HandshakeContext>,
}

impl TlsStream {
    /// The TLS connection of rustls.
    pub fn connection(&self) -> &ClientConnection {
        &self.tls.get_ref().conn
    }

    /// The report of the verification; `None` where a session was resumed.
    pub fn report(&self) -> Option<&VerificationReport> {
        self.tls.report()
    }

    /// The TCP connection.
    pub fn tcp(&self) -> &TcpStream {
        self.tls.get_ref().sock.get_ref()
    }

    /// Runs a step as this connection's: a session ticket that comes depends on the same anchors.
    fn step<T>(
        &mut self,
        step: impl FnOnce(&mut TrackedStream<StreamOwned<ClientConnection, SharedTcp>>) -> io::Result<T>,
    ) -> io::Result<T> {
        self.context.drive(|| step(&mut self.tls))
    }
}

impl Read for TlsStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.step(|tls| tls.read(buffer))
    }
}

impl Write for TlsStream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.step(|tls| tls.write(bytes))
    }

    fn write_vectored(&mut self, bytes: &[io::IoSlice<'_>]) -> io::Result<usize> {
        self.step(|tls| tls.write_vectored(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.step(Write::flush)
    }
}
