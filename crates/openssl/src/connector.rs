//! Connecting, on threads that may wait.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{IpAddr, TcpStream};

use openssl::error::ErrorStack;
use openssl::ssl::{
    self, ErrorCode, Ssl, SslContext, SslMethod, SslRef, SslStream, SslVerifyMode, SslVersion,
};
use openssl::x509::verify::X509CheckFlags;

use super::state::State;
use super::{Verifier, boundary, error, ffi, store_context};
use crate::TrustPolicy;
use crate::guarded::{TrackedStream, SharedTcp, admit};
use crate::residency::Waiting;
use crate::trust::{Deadline, Guard};

/// Makes TLS connections and keeps account of what they lean on: an anchor that was fetched stays for as long as a
/// connection that it vouched for lives, and [`TrustPolicy::connections`] lists them.
///
/// This is for threads that may wait; for tokio there is `TokioConnector`. One connection, cold or warm. A server that wants
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
    trust: TrustPolicy,
    context: SslContext,
}

impl Connector {
    /// Trusts what `trust` does, a [`TrustPolicy`] or a single store, and nothing else, with TLS 1.2 and 1.3.
    ///
    /// # Errors
    /// Where OpenSSL has no memory.
    pub fn new(trust: impl Into<TrustPolicy>) -> Result<Self, ErrorStack> {
        let mut context = SslContext::builder(SslMethod::tls_client())?;
        context.set_min_proto_version(Some(SslVersion::TLS1_2))?;
        let trust = trust.into();
        Verifier::new(trust.clone()).attach(&mut context)?;
        let context = context.build();
        Ok(Self { trust, context })
    }

    /// With a context to which a [`Verifier`] was attached: client certificates, protocols. `None` where there is none.
    pub fn with_context(context: SslContext) -> Option<Self> {
        let trust = boundary::attached(&context)?.trust().clone();
        Some(Self { trust, context })
    }

    /// What it trusts.
    pub fn trust(&self) -> &TrustPolicy {
        &self.trust
    }

    /// The context.
    pub fn context(&self) -> &SslContext {
        &self.context
    }

    /// Makes the connection to `host`, a name or an address, which waits for the server and, where a store answers later,
    /// for that.
    ///
    /// # Errors
    /// Those of `tcp`; inside an [`io::Error`] of the kind `InvalidData`, the [`Error`](super::Error) why there is no trust; and
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
            let Some(suspended) = suspended(&error, tls.ssl()) else {
                return Err(failed(error, tls.ssl()));
            };
            let deadline = deadline.for_wait(&suspended.waiting);
            let answer = suspended.waiting.block(deadline, || false);
            resume(tls.ssl(), suspended.outcome(answer));
        }
        let guard = self.admit(host, tls.ssl(), Some(close))?;
        Ok(TlsStream(TrackedStream::new(tls, guard)))
    }

    /// A connection that is set up, and not made yet, and what was asked ahead of it.
    pub(super) fn prepare(
        &self,
        host: &str,
        set: impl FnOnce(&mut SslRef) -> Result<(), ErrorStack>,
    ) -> io::Result<(Ssl, Vec<Waiting>)> {
        // To OpenSSL, a name that begins with a dot is that of every host below.
        if host.is_empty() || host.starts_with('.') || host.contains('\0') {
            return Err(invalid("the host is neither a name nor an address"));
        }
        let asked = self.trust.prefetch(host);
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

    /// The handshake is over: notes that the connection lives.
    pub(super) fn admit(
        &self,
        host: &str,
        ssl: &SslRef,
        close: Option<Box<dyn Fn() + Send + Sync>>,
    ) -> io::Result<Guard> {
        let leaning = State::of(ssl).and_then(|state| state.settle(ssl.session_reused()));
        let leaning = leaning.ok_or_else(|| invalid("it is not known what the connection leans on"))?;
        admit(&self.trust, host.to_owned(), leaning, close)
    }
}

/// A name may end with the dot of the DNS's root, which is in no certificate and not in SNI (RFC 6066 section 3).
pub(super) fn without_final_dot(host: &str) -> &str {
    host.strip_suffix('.').unwrap_or(host)
}

/// The question for which a handshake was suspended, if that is why it did not go on.
pub(super) fn suspended(error: &ssl::Error, ssl: &SslRef) -> Option<crate::trust::Suspended> {
    if error.code() != ErrorCode::from_raw(ffi::SSL_ERROR_WANT_RETRY_VERIFY) {
        return None;
    }
    State::of(ssl)?.lock().suspended.take()
}

/// Takes what came to it: the handshake can go on.
pub(super) fn resume(ssl: &SslRef, outcome: crate::trust::Outcome) {
    if let Some(state) = State::of(ssl) {
        state.lock().earlier.push(outcome);
    }
}

/// Why a handshake failed.
pub(super) fn failed(error: ssl::Error, ssl: &SslRef) -> io::Error {
    let refusal = State::of(ssl).and_then(|state| state.lock().refusal.take());
    match error.into_io_error() {
        Ok(error) => error,
        Err(error) if error.code() == ErrorCode::SYSCALL || error.code() == ErrorCode::ZERO_RETURN => {
            io::ErrorKind::UnexpectedEof.into()
        }
        Err(error) => {
            let error = error::failed(error, ssl.verify_result(), refusal);
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
            .field("trust", &self.trust)
            .finish_non_exhaustive()
    }
}

/// A TLS connection whose server was verified.
#[derive(Debug)]
pub struct TlsStream(TrackedStream<SslStream<SharedTcp>>);

impl TlsStream {
    /// The TLS side of it.
    pub fn ssl(&self) -> &SslRef {
        self.0.get_ref().ssl()
    }

    /// Says that nothing more comes, and does not wait for the other side to say so. OpenSSL resumes no session of a
    /// connection that was dropped without.
    ///
    /// # Errors
    /// Those of the TCP connection.
    pub fn shutdown(&mut self) -> io::Result<()> {
        self.0.step(|tls| match tls.shutdown() {
            Ok(_) => Ok(()),
            Err(error) => Err(error.into_io_error().unwrap_or_else(io::Error::other)),
        })
    }

    /// The TCP connection under it.
    pub fn tcp(&self) -> &TcpStream {
        self.0.get_ref().get_ref().get_ref()
    }
}

impl Read for TlsStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for TlsStream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
