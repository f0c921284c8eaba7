//! The connector for threads that may block.

use std::error::Error;
use std::fmt;
use std::io;
use std::net::TcpStream;

use jit_trust_engine::verification::SuspendedVerification;
use jit_trust_engine::{
    Deadline, Host, InvalidHost, LookupPending, Prefetched, SharedTcp, TrackedConnection, TrackedStream,
    TrustPolicy, VerificationReport, delegate_blocking_stream,
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
        let (host, ssl, _asked) = self.prepare(host, set)?;
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
        let (tracked, report) = self.register(&host, tls.ssl(), Some(close))?;
        Ok(TlsStream {
            tls: TrackedStream::new(tls, tracked, report),
        })
    }

    /// Sets up a connection, and starts the lookups ahead of it.
    pub(crate) fn prepare(
        &self,
        host: &str,
        set: impl FnOnce(&mut SslRef) -> Result<(), ErrorStack>,
    ) -> io::Result<(Host, Ssl, Prefetched)> {
        let host = Host::parse(host).map_err(invalid)?;
        let asked = self.policy.prefetch(host.as_str());
        let mut ssl = Ssl::new(&self.context).map_err(io::Error::other)?;
        let named = match host.address() {
            Some(address) => ssl.param_mut().set_ip(address),
            None => {
                store_context::add_host_flags(ssl.param_mut(), X509CheckFlags::NO_PARTIAL_WILDCARDS);
                let checked = ssl.param_mut().set_host(host.as_str());
                checked.and_then(|()| ssl.set_hostname(host.as_str()))
            }
        };
        named.map_err(|_| invalid(InvalidHost))?;
        State::that_can_suspend()
            .attach_to(&mut ssl)
            .map_err(io::Error::other)?;
        boundary::decline_renegotiation(&mut ssl);
        set(&mut ssl).map_err(io::Error::other)?;
        // Otherwise OpenSSL ignores the verdict.
        if !ssl.verify_mode().contains(SslVerifyMode::PEER) {
            return Err(invalid("the connection is set up not to verify the server"));
        }
        Ok((host, ssl, asked))
    }

    /// Registers the connection after its handshake, and takes the report of the verification.
    pub(crate) fn register(
        &self,
        host: &Host,
        ssl: &SslRef,
        close: Option<Box<dyn Fn() + Send + Sync>>,
    ) -> io::Result<(TrackedConnection, Option<Box<VerificationReport>>)> {
        let state = State::of(ssl);
        let binding = state.and_then(|state| state.settle(ssl.session_reused()));
        let binding = binding.ok_or_else(|| invalid("it is not known what the connection depends on"))?;
        let tracked = TrackedConnection::register(&self.policy, host.as_str().to_owned(), binding, close)?;
        Ok((tracked, state.and_then(|state| state.lock().report.take())))
    }
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

fn invalid(error: impl Into<Box<dyn Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, error)
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
}

impl TlsStream {
    /// The TLS connection of OpenSSL.
    pub fn ssl(&self) -> &SslRef {
        self.tls.get_ref().ssl()
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

delegate_blocking_stream!(TlsStream);
