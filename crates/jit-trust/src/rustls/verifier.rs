//! Verifying a server's certificate inside the handshake.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jit_trust_core::PeerChain;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
};
use rustls::pki_types::{CertificateDer, ServerName, TrustAnchor, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, OtherError, SignatureScheme};
use smallvec::SmallVec;
use webpki::{EndEntityCert, KeyUsage};

use super::Verification;
use super::error::from_webpki;
use crate::{Distrusted, Selection, TrustStore};

type Anchor<'a> = jit_trust_core::TrustAnchor<'a>;
type Observer = dyn Fn(&Verification<'_>) + Send + Sync;

/// A verifier of server certificates that looks trust anchors up when a server has sent its certificates, inside
/// the handshake, and validates the whole path with webpki against just those.
///
/// Its verdict is that of [`rustls::client::WebPkiServerVerifier`] with every anchor of the store loaded that may vouch
/// for a certificate of this age, with one exception: a server that sends more than
/// [`MAX_CERTIFICATES`](jit_trust_core::MAX_CERTIFICATES) is refused. Nothing is accepted before the validation has
/// ended. Where there would be a valid path if no root had been left out for its date, the error holds a
/// [`Distrusted`].
///
/// rustls asks no verifier about a session that it resumes. With a store that may change while it is open, set
/// [`ClientConfig::resumption`] to disabled, as [`client_config`](crate::client_config) does.
///
/// ```
/// use std::sync::Arc;
/// use jit_trust::ServerVerifier;
/// # rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
///
/// let verifier = ServerVerifier::new(jit_trust::mozilla()).on_verification(|verification| {
///     if let Some(anchor) = verification.anchor {
///         println!("{:?}: {}", verification.server_name, anchor.subject());
///     }
/// });
/// let config = rustls::ClientConfig::builder()
///     .dangerous() // means: with a verifier of one's own
///     .with_custom_certificate_verifier(Arc::new(verifier))
///     .with_no_client_auth();
/// ```
pub struct ServerVerifier {
    store: Box<dyn TrustStore>,
    algorithms: WebPkiSupportedAlgorithms,
    observer: Option<Box<Observer>>,
}

impl ServerVerifier {
    /// A verifier that trusts what `store` holds, with the process-wide [`CryptoProvider`].
    ///
    /// # Panics
    /// As [`ClientConfig::builder`] does, when there is no such provider.
    pub fn new(store: impl TrustStore + 'static) -> Self {
        Self::with_provider(store, ClientConfig::builder().crypto_provider())
    }

    /// A verifier that trusts what `store` holds, with the signature algorithms of `provider`.
    pub fn with_provider(store: impl TrustStore + 'static, provider: &CryptoProvider) -> Self {
        Self {
            store: Box::new(store),
            algorithms: provider.signature_verification_algorithms,
            observer: None,
        }
    }

    /// Has `observer` told of each verification when it has ended, whatever its verdict. It runs inside the
    /// handshake, so it should be quick.
    pub fn on_verification(mut self, observer: impl Fn(&Verification<'_>) + Send + Sync + 'static) -> Self {
        self.observer = Some(Box::new(observer));
        self
    }

    /// Validates with webpki, and says which anchor the path ends in.
    fn validate<'a>(
        &self,
        end_entity: &EndEntityCert<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        now: UnixTime,
        selection: &'a Selection<'_>,
    ) -> Result<Option<Anchor<'a>>, webpki::Error> {
        let used = self.find_path(end_entity, intermediates, now, || selection.anchors())?;
        end_entity.verify_is_valid_for_subject_name(server_name)?;
        Ok(used)
    }

    /// The reason for a refusal, if it is that anchors were left out for their date: if a path that is valid but for
    /// that leads to one of them, and none to another.
    fn distrusted(
        &self,
        end_entity: &EndEntityCert<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
        selection: &Selection<'_>,
    ) -> Option<Distrusted> {
        selection.dropped().next()?;
        let without = self.find_path(end_entity, intermediates, now, || selection.anchors());
        let with = self.find_path(end_entity, intermediates, now, || selection.undated());
        match (without, with) {
            (Err(_), Ok(Some(used))) if !selection.chain().may_lean_on(&used) => {
                Distrusted::of(&used, selection.chain())
            }
            _ => None,
        }
    }

    /// The anchor that a valid path to one of these ends in.
    fn find_path<'a, A>(
        &self,
        end_entity: &EndEntityCert<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
        anchors: impl Fn() -> A,
    ) -> Result<Option<Anchor<'a>>, webpki::Error>
    where
        A: Iterator<Item = Anchor<'a>>,
    {
        let for_webpki: SmallVec<[_; 4]> = anchors().map(|anchor| to_webpki(&anchor)).collect();
        let path = end_entity.verify_for_usage(
            self.algorithms.all,
            &for_webpki,
            intermediates,
            now,
            KeyUsage::server_auth(),
            None,
            None,
        )?;
        let used = for_webpki
            .iter()
            .position(|anchor| std::ptr::eq(anchor, path.anchor()));
        Ok(used.and_then(|used| anchors().nth(used)))
    }

    fn tell(&self, verification: &Verification<'_>) {
        if let Some(observer) = &self.observer {
            observer(verification);
        }
    }
}

impl ServerCertVerifier for ServerVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        // Reading the clock costs something, and nobody may want to know.
        let started = self.observer.as_ref().map(|_| Instant::now());
        let elapsed = || started.map_or(Duration::ZERO, |started| started.elapsed());
        let refuse = |error: Error, chain: Option<&PeerChain<'_>>| {
            self.tell(&Verification {
                server_name,
                chain,
                store_len: self.store.anchor_count(),
                selected: 0,
                anchor: None,
                selecting: elapsed(),
                validating: Duration::ZERO,
                result: Err(&error),
            });
            error
        };

        let certificate = EndEntityCert::try_from(end_entity);
        let certificate = certificate.map_err(|error| refuse(from_webpki(error), None))?;
        let sent = std::iter::once(end_entity).chain(intermediates);
        let chain = PeerChain::read(sent.map(AsRef::as_ref));
        let chain = chain.map_err(|error| refuse(because(error), None))?;
        let mut selection = Selection::new(&chain);
        let selected = self.store.select(&mut selection);
        selected.map_err(|error| refuse(because(error), Some(&chain)))?;
        let selecting = elapsed();

        let anchor = self.validate(&certificate, intermediates, server_name, now, &selection);
        let anchor =
            anchor.map_err(
                |error| match self.distrusted(&certificate, intermediates, now, &selection) {
                    Some(distrusted) => because(distrusted),
                    None => from_webpki(error),
                },
            );
        self.tell(&Verification {
            server_name,
            chain: Some(&chain),
            store_len: self.store.anchor_count(),
            selected: selection.len(),
            anchor: anchor.as_ref().ok().copied().flatten(),
            selecting,
            validating: elapsed().saturating_sub(selecting),
            result: anchor.as_ref().map(|_| ()),
        });
        anchor.map(|_| ServerCertVerified::assertion())
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

impl fmt::Debug for ServerVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerVerifier")
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
}

/// The form that webpki takes: the inside of each SEQUENCE, without its header.
fn to_webpki<'a>(anchor: &jit_trust_core::TrustAnchor<'a>) -> TrustAnchor<'a> {
    TrustAnchor {
        subject: anchor.subject().value().into(),
        subject_public_key_info: anchor.spki_value().into(),
        name_constraints: anchor.name_constraints().map(Into::into),
    }
}

/// An error of ours, as rustls carries those of verifiers.
fn because(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    CertificateError::Other(OtherError(Arc::new(error))).into()
}
