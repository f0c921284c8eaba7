//! Verifying a server's certificate inside the handshake.

use std::fmt;
use std::iter;
use std::sync::Arc;

use jit_trust_core::PeerChain;
use jit_trust_engine::verification::Verification;
use jit_trust_engine::{Patience, Rejection, TrustPolicy, VerificationReport};
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

/// A verifier of server certificates that looks trust anchors up when a server has sent its certificates, inside
/// the handshake, and validates the whole path with webpki against just those.
///
/// Its verdict is that of [`rustls::client::WebPkiServerVerifier`] with every anchor of the store loaded that is trusted
/// for a certificate of this age, with one exception: a server that sends more than
/// [`MAX_CERTIFICATES`](jit_trust_core::MAX_CERTIFICATES) is rejected. Nothing is accepted before the validation has
/// ended.
///
/// Its errors are those of rustls where rustls has one that says as much, such as
/// [`ExpiredContext`](rustls::CertificateError::ExpiredContext). Others hold a [`Rejection`], where rustls would say
/// `UnknownIssuer` too: it names the root that is missing, and who asks for it. [`rejection`](crate::rejection) makes one of
/// either.
///
/// Where a store answers later, the handshake waits, on the thread that drives it.
///
/// rustls asks no verifier about a session that it resumes: see [`resumption`](Self::resumption).
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
///     .dangerous() // means: with a verifier of one's own
///     .with_custom_certificate_verifier(Arc::new(verifier))
///     .with_no_client_auth();
/// config.resumption = resumption; // a session is resumed only while its anchor is there
/// ```
pub struct Verifier {
    policy: TrustPolicy,
    algorithms: WebPkiSupportedAlgorithms,
    sessions: Option<Arc<Sessions>>,
    waits: bool,
    observer: Option<Box<Observer>>,
}

impl Verifier {
    /// A verifier that trusts what `policy` does, a [`TrustPolicy`] or a single store, with the process-wide
    /// [`CryptoProvider`].
    ///
    /// # Panics
    /// As [`ClientConfig::builder`] does, when there is no such provider.
    pub fn new(policy: impl Into<TrustPolicy>) -> Self {
        Self::with_provider(policy, ClientConfig::builder().crypto_provider())
    }

    /// A verifier that trusts what `policy` does, with the signature algorithms of `provider`.
    pub fn with_provider(policy: impl Into<TrustPolicy>, provider: &CryptoProvider) -> Self {
        Self {
            policy: policy.into(),
            algorithms: provider.signature_verification_algorithms,
            sessions: None,
            waits: true,
            observer: None,
        }
    }

    /// Has sessions resumed, and returns what [`ClientConfig::resumption`] is to be set to. A session is offered only as
    /// long as the anchor that it depends on is in the store unchanged.
    ///
    /// Without it, set [`ClientConfig::resumption`] to disabled: rustls asks no verifier about a session that it resumes.
    pub fn resumption(&mut self) -> Resumption {
        let sessions = Arc::new(Sessions::new(self.policy.clone()));
        self.sessions = Some(sessions.clone());
        Resumption::store(sessions)
    }

    /// Does not wait for stores that answer later: the handshake fails with a
    /// [`LookupPending`](jit_trust_engine::LookupPending), by which the caller learns when it is worth connecting again.
    /// For callers on a thread that must not wait; our connectors, which can have it wait elsewhere, need one connection.
    #[must_use]
    pub fn without_waiting(mut self) -> Self {
        self.waits = false;
        self
    }

    /// Has `observer` told of each verification when it has ended, whatever its verdict. It runs inside the
    /// handshake, so it should be quick.
    #[must_use]
    pub fn on_verification(mut self, observer: impl Fn(&VerificationReport) + Send + Sync + 'static) -> Self {
        self.observer = Some(Box::new(observer));
        self
    }

    /// What this verifier trusts.
    pub fn policy(&self) -> &TrustPolicy {
        &self.policy
    }

    /// Verifies what a server sent, and returns what happened.
    ///
    /// This is what rustls asks of the verifier, outside of a connection.
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

    /// Runs one verification, and returns what `ended` makes of it.
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
                let mut patience = match self.waits {
                    true => Patience::waiting(context.map(HandshakeContext::cancellation)),
                    false => Patience::none(),
                };
                if let Err(pending) = verification.drive(&mut edge, &mut patience) {
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
        // Stores and the observer may make connections of their own.
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
