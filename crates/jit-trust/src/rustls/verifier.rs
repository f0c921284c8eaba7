//! Verifying a server's certificate inside the handshake.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jit_trust_core::{NameConstraintsError, PeerChain};
use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
};
use rustls::pki_types::{CertificateDer, ServerName, TrustAnchor, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, OtherError, SignatureScheme};
use smallvec::SmallVec;
use webpki::{EndEntityCert, KeyUsage};

use super::AnswerPending;
use super::error::from_webpki;
use super::sessions::Sessions;
use crate::trust::{Accepted, Attempt, Candidates, KnownAnchor, Leaning, Patience, Search, Suspended};
use crate::{Distrusted, Trust, Verification};

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
/// Where a store answers later, the handshake waits, on the thread that drives it.
///
/// rustls asks no verifier about a session that it resumes: see [`resumption`](Self::resumption).
///
/// ```
/// use std::sync::Arc;
/// use jit_trust::ServerVerifier;
/// # rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
///
/// let mut verifier = ServerVerifier::new(jit_trust::mozilla()).on_verification(|verification| {
///     if let Some(anchor) = verification.anchor {
///         println!("{}: {}", verification.host, anchor.subject());
///     }
/// });
/// let resumption = verifier.resumption();
/// let mut config = rustls::ClientConfig::builder()
///     .dangerous() // means: with a verifier of one's own
///     .with_custom_certificate_verifier(Arc::new(verifier))
///     .with_no_client_auth();
/// config.resumption = resumption; // a session is resumed only while its anchor is there
/// ```
pub struct ServerVerifier {
    trust: Trust,
    algorithms: WebPkiSupportedAlgorithms,
    sessions: Option<Arc<Sessions>>,
    waits: bool,
    observer: Option<Box<Observer>>,
}

impl ServerVerifier {
    /// A verifier that trusts what `trust` does, a [`Trust`] or a single store, with the process-wide
    /// [`CryptoProvider`].
    ///
    /// # Panics
    /// As [`ClientConfig::builder`] does, when there is no such provider.
    pub fn new(trust: impl Into<Trust>) -> Self {
        Self::with_provider(trust, ClientConfig::builder().crypto_provider())
    }

    /// A verifier that trusts what `trust` does, with the signature algorithms of `provider`.
    pub fn with_provider(trust: impl Into<Trust>, provider: &CryptoProvider) -> Self {
        Self {
            trust: trust.into(),
            algorithms: provider.signature_verification_algorithms,
            sessions: None,
            waits: true,
            observer: None,
        }
    }

    /// Has sessions resumed, and returns what [`ClientConfig::resumption`] is to be set to. A session is offered only as
    /// long as the anchor that vouched for it is in the store unchanged.
    ///
    /// Without it, set [`ClientConfig::resumption`] to disabled: rustls asks no verifier about a session that it resumes.
    pub fn resumption(&mut self) -> Resumption {
        let sessions = Arc::new(Sessions::new(self.trust.clone()));
        self.sessions = Some(sessions.clone());
        Resumption::store(sessions)
    }

    /// Does not wait for stores that answer later: the handshake fails with an
    /// [`AnswerPending`](super::AnswerPending), by which the caller learns when it is worth connecting again. For callers
    /// on a thread that must not wait; our connectors, which can have it wait elsewhere, need one connection.
    pub fn without_waiting(mut self) -> Self {
        self.waits = false;
        self
    }

    /// Has `observer` told of each verification when it has ended, whatever its verdict. It runs inside the
    /// handshake, so it should be quick.
    pub fn on_verification(mut self, observer: impl Fn(&Verification<'_>) + Send + Sync + 'static) -> Self {
        self.observer = Some(Box::new(observer));
        self
    }

    /// What this verifier trusts.
    pub fn trust(&self) -> &Trust {
        &self.trust
    }

    /// Looks for anchors until there is a path to one, or nothing more to ask, and says to which of those selected.
    fn find_anchor(
        &self,
        request: &Request<'_>,
        search: &mut Search<'_>,
        attempt: Option<&Attempt>,
    ) -> Result<Option<usize>, Refusal> {
        let mut patience = Patience::new(self.waits, attempt);
        let mut refused = None;
        loop {
            let found = request.find_path(
                self.algorithms,
                || search.selection().anchors(),
                |place, below| search.selection().check_path(place, below),
            );
            let error = match found {
                Ok(Found::Anchor(place)) => return Ok(place),
                Ok(Found::Refused(place, error)) => {
                    // With the others there may be another path.
                    search.refuse(place);
                    refused.get_or_insert(error);
                    continue;
                }
                Err(error) => error,
            };
            let mut refusal = |error| refused.take().map_or(Refusal::Path(error), Refusal::Constraints);
            // webpki looks at this first, whatever the anchors: no other would make a difference.
            if search.is_out_of_date(request.now.as_secs()) {
                return Err(refusal(error));
            }
            let further = search.look_further(&request.host(), &mut patience);
            let pending = |suspended: Suspended| {
                self.trust.keep_for_the_next(&suspended);
                Refusal::Pending(AnswerPending(suspended.waiting))
            };
            if !further.map_err(pending)? {
                return Err(refusal(error));
            }
        }
    }

    /// The error for a chain that is refused.
    fn reason(&self, refusal: Refusal, request: &Request<'_>, search: &mut Search<'_>) -> Error {
        if let Refusal::Pending(pending) = refusal {
            return because(pending);
        }
        // What a store that did not answer may hold, nobody knows: that comes before what was found without it.
        if let Some(failure) = search.take_failure() {
            return because(failure);
        }
        let distrusted = Distrusted::because_of(search.selection(), |anchors| {
            let found = request.find_path(self.algorithms, || anchors.iter().copied(), |_, _| Ok(()));
            match found.ok()? {
                Found::Anchor(place) => place,
                Found::Refused(..) => None,
            }
        });
        match (distrusted, refusal) {
            (Some(distrusted), _) => because(distrusted),
            (None, Refusal::Path(error) | Refusal::Name(error)) => from_webpki(error),
            (None, Refusal::Constraints(error)) => because(error),
            (None, Refusal::Pending(pending)) => because(pending),
        }
    }

    /// Remembers, for as long as it matters, what an accepted connection leans on.
    fn accept(
        &self,
        request: &Request<'_>,
        (anchor, imposed): (&Anchor<'_>, &[&[u8]]),
        search: &Search<'_>,
        attempt: Option<&Attempt>,
    ) {
        let Accepted { import, lease } = self.trust.accepts(&request.host(), anchor, search);
        let chain = search.selection().chain();
        let sessions = self.sessions.as_ref();
        let known = sessions
            .and_then(|sessions| sessions.verified(request.server_name, (anchor, imposed), chain, import));
        if let Some(attempt) = attempt.filter(|attempt| attempt.connects_to(&request.host(), &self.trust)) {
            let known = known.or_else(|| KnownAnchor::new(anchor, imposed, chain, import).map(Arc::new));
            attempt.leans_on(Leaning {
                anchors: known.into_iter().collect(),
                leases: lease.into_iter().collect(),
            });
        }
    }

    /// Verifies what a server sent.
    fn verify(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        now: UnixTime,
        attempt: Option<&Attempt>,
    ) -> Result<(), Error> {
        // Reading the clock costs something, and nobody may want to know.
        let started = self.observer.as_ref().map(|_| Instant::now());
        let elapsed = || started.map_or(Duration::ZERO, |started| started.elapsed());
        let host = server_name.to_str();
        let stores = self.trust.stores_for(&host);
        let refuse = |error: Error, chain: Option<&PeerChain<'_>>| {
            self.tell(&Verification {
                host: &host,
                chain,
                store_len: stores.anchor_count(),
                selected: 0,
                candidates: Candidates::new(&()),
                queries: &[],
                anchor: None,
                selecting: elapsed(),
                validating: Duration::ZERO,
                result: Err(&error),
            });
            error
        };

        let certificate = EndEntityCert::try_from(end_entity);
        let request = Request {
            end_entity: certificate.map_err(|error| refuse(from_webpki(error), None))?,
            intermediates,
            server_name,
            now,
        };
        let sent = std::iter::once(end_entity).chain(intermediates);
        let chain = PeerChain::read(sent.map(AsRef::as_ref));
        let chain = chain.map_err(|error| refuse(because(error), None))?;
        let search = Search::new(&stores, &chain);
        let mut search = search.map_err(|error| refuse(because(error), Some(&chain)))?;
        let selecting = elapsed();

        let found = self.find_anchor(&request, &mut search, attempt);
        let found = found.and_then(|used| request.check_name().map(|()| used));
        let found = found.map_err(|refusal| self.reason(refusal, &request, &mut search));
        let used = found.as_ref().ok().copied().flatten();
        let anchor = used.and_then(|used| search.selection().anchors().nth(used));
        if let (Some(anchor), Some(place)) = (&anchor, used) {
            let imposed = search.selection().imposed_on(place);
            self.accept(&request, (anchor, &imposed), &search, attempt);
        }
        let waited: Duration = search.queries().iter().map(|query| query.waited).sum();
        self.tell(&Verification {
            host: &host,
            chain: Some(&chain),
            store_len: stores.anchor_count(),
            selected: search.selection().len(),
            candidates: Candidates::new(search.selection()),
            queries: search.queries(),
            anchor,
            selecting: selecting + waited,
            validating: elapsed().saturating_sub(selecting + waited),
            result: found.as_ref().map(|_| ()).map_err(|error| error as _),
        });
        found.map(|_| ())
    }

    fn tell(&self, verification: &Verification<'_>) {
        if let Some(observer) = &self.observer {
            observer(verification);
        }
    }
}

/// What a verifier is asked.
struct Request<'r> {
    end_entity: EndEntityCert<'r>,
    intermediates: &'r [CertificateDer<'r>],
    server_name: &'r ServerName<'r>,
    now: UnixTime,
}

/// Why a chain is refused.
enum Refusal {
    /// There is no valid path.
    Path(webpki::Error),
    /// There is a path, and it does not conform to name constraints that another entry of its anchor's name and key has.
    Constraints(NameConstraintsError),
    /// There is a path, and it is not that of this server.
    Name(webpki::Error),
    /// It is not known yet.
    Pending(AnswerPending),
}

/// Where a valid path ends.
enum Found {
    /// In this one of the anchors.
    Anchor(Option<usize>),
    /// In this one, to name constraints of which it does not conform.
    Refused(usize, NameConstraintsError),
}

impl Request<'_> {
    fn host(&self) -> Cow<'_, str> {
        self.server_name.to_str()
    }

    /// Which of these anchors a valid path ends in. `check` is asked about that path, with the anchor's place and the
    /// certificates below it, the end entity first.
    fn find_path<'a, A>(
        &self,
        algorithms: WebPkiSupportedAlgorithms,
        anchors: impl Fn() -> A,
        check: impl FnOnce(usize, &mut dyn Iterator<Item = &[u8]>) -> Result<(), NameConstraintsError>,
    ) -> Result<Found, webpki::Error>
    where
        A: Iterator<Item = Anchor<'a>>,
    {
        let anchors: SmallVec<[_; 4]> = anchors().map(|anchor| to_webpki(&anchor)).collect();
        let path = self.end_entity.verify_for_usage(
            algorithms.all,
            &anchors,
            self.intermediates,
            self.now,
            KeyUsage::server_auth(),
            None,
            None,
        )?;
        let place = anchors
            .iter()
            .position(|anchor| std::ptr::eq(anchor, path.anchor()));
        let Some(place) = place else {
            return Ok(Found::Anchor(None));
        };
        let below: SmallVec<[_; 4]> = path.intermediate_certificates().map(webpki::Cert::der).collect();
        let end_entity = path.end_entity().der();
        let mut below = std::iter::once(&end_entity).chain(&below).map(AsRef::as_ref);
        Ok(match check(place, &mut below) {
            Ok(()) => Found::Anchor(Some(place)),
            Err(error) => Found::Refused(place, error),
        })
    }

    fn check_name(&self) -> Result<(), Refusal> {
        let checked = self.end_entity.verify_is_valid_for_subject_name(self.server_name);
        checked.map_err(Refusal::Name)
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
        // Stores and the observer may make connections of their own.
        Attempt::aside(|attempt| {
            let attempt = attempt.map(AsRef::as_ref);
            self.verify(end_entity, intermediates, server_name, now, attempt)
        })?;
        Ok(ServerCertVerified::assertion())
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
            .field("trust", &self.trust)
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
