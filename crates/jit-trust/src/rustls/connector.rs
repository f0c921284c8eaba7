//! Connecting, so that it is known what each connection leans on.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, HandshakeKind, StreamOwned};

use super::client_config;
use crate::Trust;
use crate::guarded::{self, Guarded, SharedTcp};
use crate::trust::{Attempt, Guard};

/// Makes TLS connections and keeps account of what they lean on: an anchor that was fetched stays for as long as a
/// connection that it vouched for lives, and [`Trust::connections`] lists them. A plain [`ClientConfig`] serves as well,
/// but nobody sees its connections end.
///
/// This is for threads that may wait. For tokio there is `TokioConnector`, for hyper `HttpsConnector`, for reqwest
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
    trust: Trust,
    config: Arc<ClientConfig>,
}

impl Connector {
    /// Trusts what `trust` does, a [`Trust`] or a single store, with [`client_config`].
    ///
    /// # Panics
    /// As [`client_config`] does.
    pub fn new(trust: impl Into<Trust>) -> Self {
        let trust = trust.into();
        let config = client_config(trust.clone());
        Self::with_config(trust, config)
    }

    /// With a configuration that was made of the same `trust`, by [`client_config`] or with a
    /// [`ServerVerifier`](super::ServerVerifier) and its [`resumption`](super::ServerVerifier::resumption), and then
    /// changed: client certificates, protocols.
    pub fn with_config(trust: Trust, config: impl Into<Arc<ClientConfig>>) -> Self {
        Self {
            trust,
            config: config.into(),
        }
    }

    /// What it trusts.
    pub fn trust(&self) -> &Trust {
        &self.trust
    }

    /// The configuration.
    pub fn config(&self) -> &Arc<ClientConfig> {
        &self.config
    }

    /// Makes the connection, which waits for the server and, where a store answers later, for that.
    ///
    /// # Errors
    /// Those of `tcp`; inside an [`io::Error`] of the kind `InvalidData`, the [`rustls::Error`] why there is no trust; and
    /// `InvalidInput` where the configuration is not one that [`with_config`](Self::with_config) takes.
    pub fn connect(&self, server: ServerName<'static>, tcp: TcpStream) -> io::Result<TlsStream> {
        let host = server.to_str().into_owned();
        let _asked = self.trust.prefetch(&host);
        let attempt = Attempt::to(host.clone(), self.trust());
        let mut tcp = SharedTcp::new(tcp);
        let close = tcp.closer();
        let connection = attempt.drive(|| -> io::Result<_> {
            let config = self.config.clone();
            let mut connection = ClientConnection::new(config, server).map_err(io::Error::other)?;
            while connection.is_handshaking() {
                if connection.complete_io(&mut tcp)? == (0, 0) {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
            }
            Ok(connection)
        })?;
        let guard = admit(&self.trust, host, &attempt, &connection, Some(close))?;
        Ok(TlsStream {
            tls: Guarded::new(StreamOwned::new(connection, tcp), guard),
            attempt,
        })
    }
}

/// Notes that a connection lives whose handshake is over, if it may.
///
/// # Errors
/// When it is not known what it leans on, because the configuration is of another trust, or keeps sessions of its own;
/// and when that was removed since: nobody who looked for such connections then can have seen this one.
pub(crate) fn admit(
    trust: &Trust,
    host: String,
    attempt: &Attempt,
    connection: &ClientConnection,
    close: Option<Box<dyn Fn() + Send + Sync>>,
) -> io::Result<Guard> {
    let is_resumed = connection.handshake_kind() == Some(HandshakeKind::Resumed);
    let Some(leaning) = attempt.settle(is_resumed) else {
        let text = match is_resumed {
            true => {
                "a session was resumed without a look at what it leans on: the configuration's `resumption` is to be \
                 what `ServerVerifier::resumption` returns, or disabled"
            }
            false => "the configuration was not made with a `ServerVerifier` of this trust",
        };
        return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
    };
    guarded::admit(trust, host, leaning, close)
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connector")
            .field("trust", &self.trust)
            .finish_non_exhaustive()
    }
}

/// A TLS connection whose server was verified.
#[derive(Debug)]
pub struct TlsStream {
    tls: Guarded<StreamOwned<ClientConnection, SharedTcp>>,
    attempt: Arc<Attempt>,
}

impl TlsStream {
    /// The TLS side of it.
    pub fn connection(&self) -> &ClientConnection {
        &self.tls.get_ref().conn
    }

    /// The TCP connection under it.
    pub fn tcp(&self) -> &TcpStream {
        self.tls.get_ref().sock.get_ref()
    }

    /// A ticket may come: what it leans on is what this connection leans on.
    fn step<T>(
        &mut self,
        step: impl FnOnce(&mut Guarded<StreamOwned<ClientConnection, SharedTcp>>) -> io::Result<T>,
    ) -> io::Result<T> {
        self.attempt.drive(|| step(&mut self.tls))
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
