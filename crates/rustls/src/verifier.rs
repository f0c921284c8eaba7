//! The verifier of server certificates for rustls.

use std::fmt;
use std::iter;
use std::sync::Arc;

use jit_trust_core::PeerChain;
use jit_trust_engine::verification::Verification;
use jit_trust_engine::{LookupWait, Rejection, TrustPolicy, VerificationReport};
use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};

use crate::Webpki;
use crate::context::HandshakeContext;
use crate::error::to_rustls;
use crate::sessions::Sessions;

type Observer = dyn Fn(&VerificationReport) + Send + Sync;

/// A verifier of server certificates. When a server has sent its certificates, inside the handshake, it looks up the trust
/// anchors for them, and has webpki validate the whole path against exactly those.
///
/// Its verdict is that of [`rustls::client::WebPkiServerVerifier`] with every anchor of the store loaded that is trusted
/// for a certificate of this age, with one exception: a server that sends more than
/// [`MAX_CERTIFICATES`](jit_trust_core::MAX_CERTIFICATES) is rejected. Nothing is accepted before the validation has
/// ended.
///
/// Its errors are those of rustls where rustls has one with the same information, such as
/// [`ExpiredContext`](rustls::CertificateError::ExpiredContext). Other errors hold a [`Rejection`], also where rustls would
/// return `UnknownIssuer`: it names the root that is missing, and the certificate that it issued.
/// [`rejection`](crate::rejection) returns the rejection for both.
///
/// While a deferred store is asked, the handshake blocks the thread that drives it.
///
/// rustls calls no verifier when it resumes a session: see [`resumption`](Self::resumption).
///
/// ```
/// use std::sync::Arc;
/// use jit_trust::Verifier;
/// # rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
///
/// let mut verifier = Verifier::new(jit_trust::mozilla()).on_verification(|report| {
///     if let Some(anchor) = report.anchor() {
///         println!("{}: {}", report.host, anchor.subject());
///     }
/// });
/// let resumption = verifier.resumption();
/// let mut config = rustls::ClientConfig::builder()
///     .dangerous() // with a verifier of one's own
///     .with_custom_certificate_verifier(Arc::new(verifier))
///     .with_no_client_auth();
/// config.resumption = resumption; // a session is resumed only while its anchor is in the store
/// ```
pub struct Verifier {
    policy: TrustPolicy,
    algorithms: WebPkiSupportedAlgorithms,
    sessions: Option<Arc<Sessions>>,
    waits: bool,
    observer: Option<Box<Observer>>,
}

impl Verifier {
    /// A verifier by `policy`, a [`TrustPolicy`] or a single store, with the process-wide [`CryptoProvider`].
    ///
    /// # Panics
    /// Like [`ClientConfig::builder`], when there is no such provider.
    pub fn new(policy: impl Into<TrustPolicy>) -> Self {
        Self::with_provider(policy, ClientConfig::builder().crypto_provider())
    }

    /// A verifier by `policy`, with the signature algorithms of `provider`.
    pub fn with_provider(policy: impl Into<TrustPolicy>, provider: &CryptoProvider) -> Self {
        Self {
            policy: policy.into(),
            algorithms: provider.signature_verification_algorithms,
            sessions: None,
            waits: true,
            observer: None,
        }
    }

    /// Returns the value for [`ClientConfig::resumption`]. A session is then offered only while the anchor that it depends on
    /// is in a store unchanged.
    ///
    /// Without it, disable [`ClientConfig::resumption`]: rustls calls no verifier when it resumes a session.
    pub fn resumption(&mut self) -> Resumption {
        let sessions = Arc::new(Sessions::new(self.policy.clone()));
        self.sessions = Some(sessions.clone());
        Resumption::store(sessions)
    }

    /// Never waits for deferred stores. The handshake fails with a [`LookupPending`](jit_trust_engine::LookupPending) instead,
    /// with which the caller can wait and then connect again. It is for threads that must not block. Our async connectors need
    /// no second connection, because they wait on another thread.
    #[must_use]
    pub fn without_waiting(mut self) -> Self {
        self.waits = false;
        self
    }

    /// Sets an observer, which is called after each verification with its report. It runs inside the handshake, so it should be
    /// quick.
    #[must_use]
    pub fn on_verification(mut self, observer: impl Fn(&VerificationReport) + Send + Sync + 'static) -> Self {
        self.observer = Some(Box::new(observer));
        self
    }

    /// The policy.
    pub fn policy(&self) -> &TrustPolicy {
        &self.policy
    }

    /// Verifies the certificates of a server outside of a connection, as in a handshake, and returns the report.
    pub fn verify(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        now: UnixTime,
    ) -> VerificationReport {
        HandshakeContext::aside(|_| {
            self.run(
                end_entity,
                intermediates,
                server_name,
                now,
                None,
                |verification| {
                    let report = verification.report();
                    self.observe(&report);
                    report
                },
            )
        })
    }

    /// Runs one verification, and returns the result of `ended`.
    fn run<T>(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        now: UnixTime,
        context: Option<&HandshakeContext>,
        ended: impl FnOnce(&Verification<'_>) -> T,
    ) -> T {
        let host = server_name.to_str();
        let policy = self.policy.for_host(&host);
        let sent = iter::once(end_entity).chain(intermediates);
        let chain = PeerChain::read(sent.map(AsRef::as_ref));
        let mut verification = policy.verification(&chain, Some(now.as_secs()), Webpki::LIBRARY);
        match Webpki::new(
            end_entity,
            intermediates,
            Some(server_name),
            now,
            self.algorithms.all,
        ) {
            Ok(mut edge) => {
                let mut wait = match self.waits {
                    true => LookupWait::block(context.map(HandshakeContext::cancellation)),
                    false => LookupWait::never(),
                };
                if let Err(pending) = verification.drive(&mut edge, &mut wait) {
                    self.policy.keep_for_the_next(&pending);
                    verification.reject(Rejection::LookupPending(pending));
                }
            }
            Err(rejection) => verification.reject(rejection),
        }
        if let Some(Ok(())) = verification.result() {
            match (&self.sessions, context) {
                (None, None) => self.policy.remember(&verification),
                (sessions, context) => {
                    let mut binding = self.policy.accept(&verification);
                    if let Some(sessions) = sessions {
                        sessions.verified(server_name, binding.as_mut());
                    }
                    if let (Some(context), Some(binding)) = (context, binding) {
                        context.depends_on(binding);
                    }
                }
            }
        }
        ended(&verification)
    }

    fn observe(&self, report: &VerificationReport) {
        if let Some(observer) = &self.observer {
            observer(report);
        }
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        // Stores and the observer are code of the program, which may make connections of its own.
        HandshakeContext::aside(|context| {
            let context = context.map(AsRef::as_ref);
            let context = context.filter(|context| context.connects_to(&server_name.to_str(), &self.policy));
            self.run(
                end_entity,
                intermediates,
                server_name,
                now,
                context,
                |verification| {
                    if self.observer.is_some() || context.is_some() {
                        let report = verification.report();
                        self.observe(&report);
                        if let Some(context) = context {
                            context.report(Box::new(report));
                        }
                    }
                    match verification.result() {
                        Some(Ok(())) => Ok(ServerCertVerified::assertion()),
                        Some(Err(rejection)) => Err(to_rustls(rejection)),
                        None => Err(to_rustls(&Rejection::NotVerified)),
                    }
                },
            )
        })
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier")
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}
