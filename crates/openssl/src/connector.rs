//! The connector for threads that may block.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{IpAddr, TcpStream};

use jit_trust_engine::verification::SuspendedVerification;
use jit_trust_engine::{
    Deadline, LookupPending, Prefetched, SharedTcp, TrackedConnection, TrackedStream, TrustPolicy,
    VerificationReport,
};
use openssl::error::ErrorStack;
use openssl::ssl::{
    self, ErrorCode, Ssl, SslContext, SslMethod, SslRef, SslStream, SslVerifyMode, SslVersion,
};
use openssl::x509::verify::X509CheckFlags;

use crate::state::State;
use crate::{Verifier, boundary, error, ffi, store_context};

/// A connector that makes TLS connections and tracks what they depend on: an imported anchor stays cached while a connection
/// depends on it, and [`TrustPolicy::connections`] lists the open connections.
///
/// It is for threads that may block; for tokio there is `TokioConnector`. It makes one connection, cold or warm. Renegotiation
/// (TLS 1.2) is disabled.
///
/// ```no_run
/// use std::io::Write;
/// use std::net::TcpStream;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let connector = jit_trust::openssl::Connector::new(jit_trust::mozilla())?;
/// let tcp = TcpStream::connect("www.rust-lang.org:443")?;
/// let mut tls = connector.connect("www.rust-lang.org", tcp)?;
/// tls.write_all(b"GET / HTTP/1.0\r\nHost: www.rust-lang.org\r\n\r\n")?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Connector {
    policy: TrustPolicy,
    context: SslContext,
}

impl Connector {
    /// A connector by `policy`, a [`TrustPolicy`] or a single store, that trusts nothing else, with TLS 1.2 and 1.3.
    ///
    /// # Errors
    /// When OpenSSL has no memory.
    pub fn new(policy: impl Into<TrustPolicy>) -> Result<Self, ErrorStack> {
        let mut context = SslContext::builder(SslMethod::tls_client())?;
        context.set_min_proto_version(Some(SslVersion::TLS1_2))?;
        let policy = policy.into();
        Verifier::new(policy.clone()).attach(&mut context)?;
        let context = context.build();
        Ok(Self { policy, context })
    }

    /// A connector with a context of the program's own, such as for client certificates or protocols. `None` if no
    /// [`Verifier`] is attached to it.
    pub fn with_context(context: SslContext) -> Option<Self> {
        let policy = boundary::attached(&context)?.policy().clone();
        Some(Self { policy, context })
    }

    /// The policy.
    pub fn policy(&self) -> &TrustPolicy {
        &self.policy
    }

    /// The context.
    pub fn context(&self) -> &SslContext {
        &self.context
    }

    /// Makes the connection to `host`, a name or an address. Blocks until the handshake is over, including lookups in deferred
    /// stores.
    ///
    /// # Errors
    /// Those of `tcp`; an [`io::Error`] of the kind `InvalidData` with the [`Error`](super::Error), which has the rejection;
    /// and `InvalidInput` where the host is not valid or the context does not verify.
    pub fn connect(&self, host: &str, tcp: TcpStream) -> io::Result<TlsStream> {
        self.connect_with(host, tcp, |_| Ok(()))
    }

    /// As [`connect`](Self::connect); `set` sets options of this connection alone, such as a session to resume.
    ///
    /// # Errors
    /// As [`connect`](Self::connect); and those of `set`.
    pub fn connect_with(
        &self,
        host: &str,
        tcp: TcpStream,
        set: impl FnOnce(&mut SslRef) -> Result<(), ErrorStack>,
    ) -> io::Result<TlsStream> {
        let host = without_final_dot(host);
        let (ssl, _asked) = self.prepare(host, set)?;
        let tcp = SharedTcp::new(tcp);
        let close = tcp.closer();
        let mut tls = SslStream::new(ssl, tcp).map_err(io::Error::other)?;
        let mut deadline = Deadline::default();
        while let Err(error) = tls.connect() {
            let Some((pending, mut suspended)) = suspended(&error, tls.ssl()) else {
                return Err(failed(error, tls.ssl()));
            };
            pending.block(deadline.for_lookup(&pending), &mut suspended);
            resume(tls.ssl(), suspended);
        }
        let (tracked, report) = self.register(host, tls.ssl(), Some(close))?;
        Ok(TlsStream {
            tls: TrackedStream::new(tls, tracked),
            report,
        })
    }

    /// Sets up a connection, and starts the lookups ahead of it.
    pub(crate) fn prepare(
        &self,
        host: &str,
        set: impl FnOnce(&mut SslRef) -> Result<(), ErrorStack>,
    ) -> io::Result<(Ssl, Prefetched)> {
        // For OpenSSL, a name that begins with a dot matches every host below it.
        if host.is_empty() || host.starts_with('.') || host.contains('\0') {
            return Err(invalid("the host is neither a name nor an address"));
        }
        let asked = self.policy.prefetch(host);
        let mut ssl = Ssl::new(&self.context).map_err(io::Error::other)?;
        let address: Option<IpAddr> = host.parse().ok();
        let named = match address {
            Some(address) => ssl.param_mut().set_ip(address),
            None => {
                store_context::add_host_flags(ssl.param_mut(), X509CheckFlags::NO_PARTIAL_WILDCARDS);
                let checked = ssl.param_mut().set_host(host);
                checked.and_then(|()| ssl.set_hostname(host))
            }
        };
        if named.is_err() {
            return Err(invalid("the host is neither a name nor an address"));
        }
        State::that_can_suspend()
            .attach_to(&mut ssl)
            .map_err(io::Error::other)?;
        boundary::decline_renegotiation(&mut ssl);
        set(&mut ssl).map_err(io::Error::other)?;
        // Otherwise OpenSSL ignores the verdict.
        if !ssl.verify_mode().contains(SslVerifyMode::PEER) {
            return Err(invalid("the connection is set up not to verify the server"));
        }
        Ok((ssl, asked))
    }

    /// Registers the connection after its handshake, and takes the report of the verification.
    pub(crate) fn register(
        &self,
        host: &str,
        ssl: &SslRef,
        close: Option<Box<dyn Fn() + Send + Sync>>,
    ) -> io::Result<(TrackedConnection, Option<Box<VerificationReport>>)> {
        let state = State::of(ssl);
        let binding = state.and_then(|state| state.settle(ssl.session_reused()));
        let binding = binding.ok_or_else(|| invalid("it is not known what the connection depends on"))?;
        let tracked = TrackedConnection::register(&self.policy, host.to_owned(), binding, close)?;
        Ok((tracked, state.and_then(|state| state.lock().report.take())))
    }
}

/// The host without the final dot of the DNS's root, which is neither in certificates nor in SNI (RFC 6066 section 3).
pub(crate) fn without_final_dot(host: &str) -> &str {
    host.strip_suffix('.').unwrap_or(host)
}

/// The lookup for which a handshake was suspended, with its verification, if that is the error.
pub(crate) fn suspended(error: &ssl::Error, ssl: &SslRef) -> Option<(LookupPending, SuspendedVerification)> {
    if error.code() != ErrorCode::from_raw(ffi::SSL_ERROR_WANT_RETRY_VERIFY) {
        return None;
    }
    let mut known = State::of(ssl)?.lock();
    Some((known.pending.take()?, known.suspended.take()?))
}

/// Gives the verification back with the response, so that the handshake can be resumed.
pub(crate) fn resume(ssl: &SslRef, suspended: SuspendedVerification) {
    if let Some(state) = State::of(ssl) {
        state.lock().suspended = Some(suspended);
    }
}

/// The error of a failed handshake.
pub(crate) fn failed(error: ssl::Error, ssl: &SslRef) -> io::Error {
    let known = State::of(ssl).map(|state| {
        let mut known = state.lock();
        (known.rejection.take(), known.report.take())
    });
    let (rejection, report) = known.unwrap_or_default();
    match error.into_io_error() {
        Ok(error) => error,
        Err(error) if error.code() == ErrorCode::SYSCALL || error.code() == ErrorCode::ZERO_RETURN => {
            io::ErrorKind::UnexpectedEof.into()
        }
        Err(error) => {
            let error = error::failed(error, ssl.verify_result(), rejection, report);
            io::Error::new(io::ErrorKind::InvalidData, error)
        }
    }
}

fn invalid(text: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, text)
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
    tls: TrackedStream<SslStream<SharedTcp>>,
    report: Option<Box<VerificationReport>>,
}

impl TlsStream {
    /// The TLS connection of OpenSSL.
    pub fn ssl(&self) -> &SslRef {
        self.tls.get_ref().ssl()
    }

    /// The report of the verification; `None` where a session was resumed.
    pub fn report(&self) -> Option<&VerificationReport> {
        self.report.as_deref()
    }

    /// Sends close_notify, and does not wait for that of the server. OpenSSL does not resume a session of a connection that was
    /// dropped without it.
    ///
    /// # Errors
    /// Those of the TCP connection.
    pub fn shutdown(&mut self) -> io::Result<()> {
        self.tls.step(|tls| match tls.shutdown() {
            Ok(_) => Ok(()),
            Err(error) => Err(error.into_io_error().unwrap_or_else(io::Error::other)),
        })
    }

    /// The TCP connection.
    pub fn tcp(&self) -> &TcpStream {
        self.tls.get_ref().get_ref().get_ref()
    }
}

impl Read for TlsStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.tls.read(buffer)
    }
}

impl Write for TlsStream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.tls.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.tls.flush()
    }
}
