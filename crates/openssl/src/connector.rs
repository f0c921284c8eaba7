//! Connecting, on threads that may block.

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

/// Makes TLS connections and keeps account of what they depend on: an imported anchor stays cached for as long as a
/// connection that depends on it lives, and [`TrustPolicy::connections`] lists them.
///
/// This is for threads that may block; for tokio there is `TokioConnector`. One connection, cold or warm. A server that wants
/// to renegotiate, in TLS 1.2, is told no.
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
    /// Trusts what `policy` does, a [`TrustPolicy`] or a single store, and nothing else, with TLS 1.2 and 1.3.
    ///
    /// # Errors
    /// Where OpenSSL has no memory.
    pub fn new(policy: impl Into<TrustPolicy>) -> Result<Self, ErrorStack> {
        let mut context = SslContext::builder(SslMethod::tls_client())?;
        context.set_min_proto_version(Some(SslVersion::TLS1_2))?;
        let policy = policy.into();
        Verifier::new(policy.clone()).attach(&mut context)?;
        let context = context.build();
        Ok(Self { policy, context })
    }

    /// With a context to which a [`Verifier`] was attached: client certificates, protocols. `None` where there is none.
    pub fn with_context(context: SslContext) -> Option<Self> {
        let policy = boundary::attached(&context)?.policy().clone();
        Some(Self { policy, context })
    }

    /// What it trusts.
    pub fn policy(&self) -> &TrustPolicy {
        &self.policy
    }

    /// The context.
    pub fn context(&self) -> &SslContext {
        &self.context
    }

    /// Makes the connection to `host`, a name or an address, which waits for the server and, where a store answers later,
    /// for that.
    ///
    /// # Errors
    /// Those of `tcp`; inside an [`io::Error`] of the kind `InvalidData`, the [`Error`](super::Error) with the rejection; and
    /// `InvalidInput` where the host cannot be one, or the context does not verify.
    pub fn connect(&self, host: &str, tcp: TcpStream) -> io::Result<TlsStream> {
        self.connect_with(host, tcp, |_| Ok(()))
    }

    /// As [`connect`](Self::connect), with something set for this connection alone, as a session to resume.
    ///
    /// # Errors
    /// As that does; and what `set` returns.
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

    /// A connection that is set up, and not made yet, and what was asked ahead of it.
    pub(crate) fn prepare(
        &self,
        host: &str,
        set: impl FnOnce(&mut SslRef) -> Result<(), ErrorStack>,
    ) -> io::Result<(Ssl, Prefetched)> {
        // To OpenSSL, a name that begins with a dot is that of every host below.
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
            .hang_on(&mut ssl)
            .map_err(io::Error::other)?;
        boundary::decline_renegotiation(&mut ssl);
        set(&mut ssl).map_err(io::Error::other)?;
        // Otherwise OpenSSL goes on whatever the verdict.
        if !ssl.verify_mode().contains(SslVerifyMode::PEER) {
            return Err(invalid("the connection is set up not to verify the server"));
        }
        Ok((ssl, asked))
    }

    /// The handshake is over: registers the connection, and takes the report of its verification.
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

/// A name may end with the dot of the DNS's root, which is in no certificate and not in SNI (RFC 6066 section 3).
pub(crate) fn without_final_dot(host: &str) -> &str {
    host.strip_suffix('.').unwrap_or(host)
}

/// The lookup for which a handshake was suspended, if that is why it did not go on, and its verification.
pub(crate) fn suspended(error: &ssl::Error, ssl: &SslRef) -> Option<(LookupPending, SuspendedVerification)> {
    if error.code() != ErrorCode::from_raw(ffi::SSL_ERROR_WANT_RETRY_VERIFY) {
        return None;
    }
    let mut known = State::of(ssl)?.lock();
    Some((known.pending.take()?, known.suspended.take()?))
}

/// Gives the verification back, which has the response: the handshake can go on.
pub(crate) fn resume(ssl: &SslRef, suspended: SuspendedVerification) {
    if let Some(state) = State::of(ssl) {
        state.lock().suspended = Some(suspended);
    }
}

/// Why a handshake failed.
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
    /// The TLS side of it.
    pub fn ssl(&self) -> &SslRef {
        self.tls.get_ref().ssl()
    }

    /// What happened in the verification of the server; `None` where a session was resumed.
    pub fn report(&self) -> Option<&VerificationReport> {
        self.report.as_deref()
    }

    /// Says that nothing more comes, and does not wait for the other side to say so. OpenSSL resumes no session of a
    /// connection that was dropped without.
    ///
    /// # Errors
    /// Those of the TCP connection.
    pub fn shutdown(&mut self) -> io::Result<()> {
        self.tls.step(|tls| match tls.shutdown() {
            Ok(_) => Ok(()),
            Err(error) => Err(error.into_io_error().unwrap_or_else(io::Error::other)),
        })
    }

    /// The TCP connection under it.
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
