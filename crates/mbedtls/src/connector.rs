//! The connector for threads that may block.

use std::fmt;
use std::io;
use std::net::TcpStream;
use std::sync::Arc;

use jit_trust_engine::{
    Host, InvalidHost, Prefetched, SharedTcp, TrackedConnection, TrackedStream, TrustPolicy,
    VerificationReport, delegate_blocking_stream,
};
use mbedtls::alloc::List;
use mbedtls::error::codes;
use mbedtls::rng::{CtrDrbg, OsEntropy};
use mbedtls::ssl::config::{
    AuthMode, Endpoint, Preset, Renegotiation, Transport, UseSessionTickets, Version,
};
use mbedtls::ssl::{Config, Context};
use mbedtls::x509::Certificate;

use crate::Error;
use crate::noted::{Note, Noted};
use crate::tls::Tls;
use crate::verifier::{Observer, Verifier};

type Configure = dyn Fn(&mut Config) -> mbedtls::Result<()> + Send + Sync;

/// A connector that makes TLS connections and tracks what they depend on: an imported anchor stays cached while a connection
/// depends on it, and [`TrustPolicy::connections`] lists the open connections.
///
/// It is for threads that may block; for tokio there is `TokioConnector`. It makes one connection, cold or warm.
///
/// ```no_run
/// use std::sync::Arc;
///
/// use mbedtls::ssl::config::NullTerminatedStrList;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let protocols = Arc::new(NullTerminatedStrList::new(&["http/1.1"])?);
/// let connector = jit_trust::mbedtls::Connector::new(jit_trust::mozilla())?
///     .configure(move |config| config.set_alpn_protocols(protocols.clone()))
///     .on_verification(|report| println!("{:?}", report.result));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Connector {
    policy: TrustPolicy,
    random: Arc<CtrDrbg>,
    configure: Option<Arc<Configure>>,
    observer: Option<Arc<Observer>>,
}

impl Connector {
    /// A connector by `policy`, a [`TrustPolicy`] or a single store, that trusts nothing else, with TLS 1.2.
    ///
    /// # Errors
    /// When the system has no random numbers.
    pub fn new(policy: impl Into<TrustPolicy>) -> mbedtls::Result<Self> {
        Ok(Self {
            policy: policy.into(),
            random: Arc::new(CtrDrbg::new(Arc::new(OsEntropy::new()), None)?),
            configure: None,
            observer: None,
        })
    }

    /// Sets a function that changes the configuration of each connection, such as for protocols, a client certificate or
    /// algorithms.
    ///
    /// Afterwards the connector sets the rest: the endpoint is a TLS client that requires a certificate and does not
    /// renegotiate, and any CAs, CRLs and verification callbacks are ignored.
    #[must_use]
    pub fn configure(
        mut self,
        configure: impl Fn(&mut Config) -> mbedtls::Result<()> + Send + Sync + 'static,
    ) -> Self {
        self.configure = Some(Arc::new(configure));
        self
    }

    /// Sets an observer, which is called with the report of each verification when the handshake has ended. The connection
    /// waits for it, so it should be quick.
    #[must_use]
    pub fn on_verification(mut self, observer: impl Fn(&VerificationReport) + Send + Sync + 'static) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }

    /// The policy.
    pub fn policy(&self) -> &TrustPolicy {
        &self.policy
    }

    /// Makes the connection to `host`, a name or an address. Blocks until the handshake is over, including lookups in deferred
    /// stores.
    ///
    /// # Errors
    /// Those of `tcp`; an [`io::Error`] of the kind `InvalidData` with the [`Error`], which has the rejection; and
    /// `InvalidInput` where the host is not valid or the configuration cannot be made.
    pub fn connect(&self, host: &str, tcp: TcpStream) -> io::Result<TlsStream> {
        let Prepared {
            verifier,
            config,
            asked: _asked,
        } = self.prepare(host)?;
        let tcp = SharedTcp::new(tcp);
        let (close, under) = (tcp.closer(), tcp.clone());
        let note = Note::default();
        let mut tls = Context::new(config);
        let shaken = tls.establish(Noted::new(tcp, note.clone()), verifier.name());
        let (tracked, report) = self.register(&verifier, &tls, shaken, &note, Some(close))?;
        Ok(TlsStream {
            tls: TrackedStream::new(Tls::new(tls, note), tracked, report),
            under,
        })
    }

    /// Verifies certificates of `host`, the end entity first, outside of a connection. Returns the report.
    ///
    /// # Errors
    /// When they are rejected.
    pub fn verify(&self, host: &str, sent: &List<Certificate>) -> Result<Box<VerificationReport>, Error> {
        let host = parse_host(host).map_err(|_| Error::new(codes::X509BadInputData.into(), None, None))?;
        let verifier = Arc::new(Verifier::new(self.policy.clone(), host));
        let (concluded, failed) = verifier.verify(sent, self.observer.as_deref());
        let failed = failed.unwrap_or(codes::X509CertVerifyFailed.into());
        match (concluded.result, concluded.report) {
            (Ok(_), Some(report)) => Ok(report),
            (Ok(_), None) => Err(Error::new(failed, None, None)),
            (Err(rejection), report) => Err(Error::new(failed, rejection, report)),
        }
    }

    /// Sets up a connection, and starts the lookups ahead of it.
    pub(crate) fn prepare(&self, host: &str) -> io::Result<Prepared> {
        let invalid = |error| io::Error::new(io::ErrorKind::InvalidInput, error);
        let host = parse_host(host).map_err(invalid)?;
        let asked = self.policy.prefetch(host.as_str());
        let verifier = Arc::new(Verifier::new(self.policy.clone(), host));
        let config = self
            .config(&verifier)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
        Ok(Prepared {
            verifier,
            config: Arc::new(config),
            asked,
        })
    }

    fn config(&self, verifier: &Arc<Verifier>) -> mbedtls::Result<Config> {
        let mut config = Config::new(Endpoint::Client, Transport::Stream, Preset::Default);
        config.set_rng(self.random.clone());
        config.set_min_version(Version::Tls1_2)?;
        // The `mbedtls` crate does not use them.
        config.set_session_tickets(UseSessionTickets::Disabled);
        if let Some(configure) = &self.configure {
            configure(&mut config)?;
        }
        config.set_endpoint(Endpoint::Client);
        config.set_transport(Transport::Stream);
        config.set_authmode(AuthMode::Required);
        config.set_renegotiation(Renegotiation::Disabled);
        let (asked, shown) = (verifier.clone(), verifier.clone());
        config.set_ca_callback(move |child| asked.candidates(child));
        config.set_verify_callback(move |certificate, depth, flags| {
            shown.see(certificate, depth, flags);
            Ok(())
        });
        Ok(config)
    }

    /// Ends the handshake: registers the connection, if there is one, and returns the report of its verification.
    pub(crate) fn register<T>(
        &self,
        verifier: &Verifier,
        tls: &Context<T>,
        shaken: mbedtls::Result<()>,
        note: &Note,
        close: Option<Box<dyn Fn() + Send + Sync>>,
    ) -> io::Result<(TrackedConnection, Option<Box<VerificationReport>>)> {
        let broken = shaken.as_ref().err();
        let concluded = verifier.conclude(broken, tls.verify_result(), self.observer.as_deref());
        match concluded.result {
            Ok(binding) => {
                let host = verifier.host().to_owned();
                let tracked = TrackedConnection::register(&self.policy, host, binding, close)?;
                Ok((tracked, concluded.report))
            }
            Err(None) if note.is_set() => Err(note.take().unwrap_or_else(|| io::ErrorKind::Other.into())),
            Err(rejection) => {
                let error = shaken.err().unwrap_or(codes::X509CertVerifyFailed.into());
                let error = Error::new(error, rejection, concluded.report);
                Err(io::Error::new(io::ErrorKind::InvalidData, error))
            }
        }
    }
}

/// The host, which for mbedTLS has at most 255 bytes.
fn parse_host(host: &str) -> Result<Host, InvalidHost> {
    const MAX_NAME_LEN: usize = 255;
    Host::parse(host).and_then(|host| match host.as_str().len() <= MAX_NAME_LEN {
        true => Ok(host),
        false => Err(InvalidHost),
    })
}

/// A connection that is set up, but not made yet.
pub(crate) struct Prepared {
    pub(crate) verifier: Arc<Verifier>,
    pub(crate) config: Arc<Config>,
    /// The lookups ahead of the handshake, which holds them until it is over.
    pub(crate) asked: Prefetched,
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connector")
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}

/// A TLS connection whose server was verified. Dropping it sends close_notify.
#[derive(Debug)]
pub struct TlsStream {
    tls: TrackedStream<Tls<SharedTcp>>,
    under: SharedTcp,
}

impl TlsStream {
    /// The protocol that ALPN has selected, if any.
    pub fn alpn_protocol(&self) -> Option<&str> {
        self.tls.get_ref().context().get_alpn_protocol().ok()?
    }

    /// The TCP connection.
    pub fn tcp(&self) -> &TcpStream {
        self.under.get_ref()
    }
}

delegate_blocking_stream!(TlsStream);
