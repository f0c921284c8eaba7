//! Connecting, so that it is known what each connection depends on.

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

/// Makes TLS connections and keeps account of what they depend on: an imported anchor stays cached for as long as a
/// connection that depends on it lives, and [`TrustPolicy::connections`] lists them. A plain [`ClientConfig`] serves as well,
/// but its connections are not seen to end.
///
/// This is for threads that may block. For tokio there is `TokioConnector`, for hyper `HttpsConnector`, for reqwest
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
    /// Trusts what `policy` does, a [`TrustPolicy`] or a single store, with [`client_config`].
    ///
    /// # Panics
    /// As [`client_config`] does.
    pub fn new(policy: impl Into<TrustPolicy>) -> Self {
        let policy = policy.into();
        let config = client_config(policy.clone());
        Self::with_config(policy, config)
    }

    /// With a configuration that was made of the same `policy`, by [`client_config`] or with a
    /// [`Verifier`](crate::Verifier) and its [`resumption`](crate::Verifier::resumption), and then
    /// changed: client certificates, protocols.
    pub fn with_config(policy: TrustPolicy, config: impl Into<Arc<ClientConfig>>) -> Self {
        Self {
            policy,
            config: config.into(),
        }
    }

    /// What it trusts.
    pub fn policy(&self) -> &TrustPolicy {
        &self.policy
    }

    /// The configuration.
    pub fn config(&self) -> &Arc<ClientConfig> {
        &self.config
    }

    /// Makes the connection, which waits for the server and, where a store answers later, for that.
    ///
    /// # Errors
    /// Those of `tcp`; inside an [`io::Error`] of the kind `InvalidData`, the [`HandshakeError`](crate::HandshakeError) with the rejection; and
    /// `InvalidInput` where the configuration is not one that [`with_config`](Self::with_config) takes.
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
            tls: TrackedStream::new(StreamOwned::new(connection, tcp), tracked),
            report: context.take_report(),
            context,
        })
    }
}

/// Registers a connection whose handshake is over, if it may live.
///
/// # Errors
/// When it is not known what it depends on, because the configuration is of another policy, or keeps sessions of its own;
/// and when an anchor that it depends on was withdrawn since.
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
    report: Option<Box<VerificationReport>>,
    context: Arc<HandshakeContext>,
}

impl TlsStream {
    /// The TLS side of it.
    pub fn connection(&self) -> &ClientConnection {
        &self.tls.get_ref().conn
    }

    /// What happened in the verification of the server; `None` where a session was resumed.
    pub fn report(&self) -> Option<&VerificationReport> {
        self.report.as_deref()
    }

    /// The TCP connection under it.
    pub fn tcp(&self) -> &TcpStream {
        self.tls.get_ref().sock.get_ref()
    }

    /// A ticket may come: it depends on what this connection depends on.
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
