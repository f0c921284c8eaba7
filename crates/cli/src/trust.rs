//! What was decided about a server, and in words why.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use jit_trust::{
    AnchorKey, Certificate, Distrusted, PeerChain, QueryError, QueryMade, ServerVerifier, StoreError,
    Verification,
};
use rustls::crypto::CryptoProvider;
use rustls::{CertificateError, Error, OtherError};

use crate::shown::shown;
use crate::store::Store;
use crate::time::moment;

/// What was decided about one server. All text is safe to show.
#[derive(Clone, Debug)]
pub(crate) struct Decision {
    /// What decided, as to be called.
    pub(crate) store: String,
    /// What the server sent, in its order.
    pub(crate) sent: Vec<SentCertificate>,
    /// How many certificates of it could not be read.
    pub(crate) unreadable: usize,
    /// How many anchors the store has, where it knows.
    pub(crate) store_len: Option<usize>,
    /// How many of them, and of those that were asked for, could have issued one of the certificates.
    pub(crate) selected: usize,
    /// What stores on servers were asked for.
    pub(crate) queries: Vec<QueryMade>,
    /// The one that the path ends in.
    pub(crate) root: Option<ChosenRoot>,
    pub(crate) selecting: Duration,
    pub(crate) validating: Duration,
    /// Why the server is not trusted; none if it is.
    pub(crate) refusal: Option<String>,
    /// The store could not answer: that says nothing about the server.
    pub(crate) store_failed: bool,
}

/// A certificate as a server sent it.
#[derive(Clone, Debug)]
pub(crate) struct SentCertificate {
    pub(crate) subject: String,
    pub(crate) issuer: String,
}

/// The root that a path ends in.
#[derive(Clone, Debug)]
pub(crate) struct ChosenRoot {
    pub(crate) subject: String,
    pub(crate) skid: Option<String>,
}

/// The latest decision of a verifier. Connections are made one after the other, so there is one at a time.
#[derive(Clone, Debug, Default)]
pub(crate) struct LastDecision(Arc<Mutex<Option<Decision>>>);

impl LastDecision {
    /// Takes it out; none when nothing was decided since.
    pub(crate) fn take(&self) -> Option<Decision> {
        self.0.lock().ok()?.take()
    }

    fn set(&self, decision: Decision) {
        if let Ok(mut last) = self.0.lock() {
            *last = Some(decision);
        }
    }
}

/// A verifier that trusts by this store, and where its latest decision is to be found.
pub(crate) fn verifier(store: &Store, provider: &CryptoProvider) -> (ServerVerifier, LastDecision) {
    let last = LastDecision::default();
    let verifier = ServerVerifier::with_provider(store.trust.clone(), provider);
    let (store, told) = (store.clone(), last.clone());
    let verifier = verifier.on_verification(move |verification| told.set(Decision::of(verification, &store)));
    (verifier, last)
}

impl Decision {
    fn of(verification: &Verification<'_>, store: &Store) -> Self {
        let host = verification.host;
        let name = store.name_for(host);
        let is_known_whole = !store.is_remote || store.is_pinned(host);
        let sent = verification.chain.into_iter().flat_map(PeerChain::certificates);
        Self {
            sent: sent.map(SentCertificate::of).collect(),
            unreadable: verification.chain.map_or(0, PeerChain::skipped),
            store_len: verification.store_len.filter(|_| is_known_whole),
            selected: verification.selected,
            queries: verification.queries.to_vec(),
            root: verification.anchor.map(|anchor| ChosenRoot {
                subject: anchor.subject().to_string(),
                skid: anchor.subject_key_id().map(|key_id| key_id.to_string()),
            }),
            selecting: verification.selecting,
            validating: verification.validating,
            refusal: verification
                .result
                .err()
                .map(|error| reason(error, verification, &name, store.cache.as_deref())),
            store_failed: verification
                .result
                .is_err_and(|error| of_ours::<StoreError>(error).is_some()),
            store: name,
        }
    }
}

impl SentCertificate {
    fn of(certificate: &Certificate<'_>) -> Self {
        Self {
            subject: certificate.subject().to_string(),
            issuer: certificate.issuer().to_string(),
        }
    }
}

/// Why a verification failed, as a verifier tells it.
type Refusal = dyn std::error::Error + Send + Sync + 'static;

/// The error of ours that this is or, being rustls', carries, if it is of this kind.
fn of_ours<E: std::error::Error + 'static>(error: &Refusal) -> Option<&E> {
    match error.downcast_ref() {
        Some(Error::InvalidCertificate(CertificateError::Other(OtherError(other)))) => other.downcast_ref(),
        _ => error.downcast_ref(),
    }
}

/// Why a server is not trusted: which certificate, what is wrong with it, what was looked for.
fn reason(error: &Refusal, verification: &Verification<'_>, store: &str, cache: Option<&str>) -> String {
    if let Some(error) = of_ours::<StoreError>(error) {
        return no_answer(error, cache);
    }
    if let Some(Distrusted {
        root,
        distrust_after,
        issued_at,
        ..
    }) = of_ours(error)
    {
        return trusted_up_to(root, store, *distrust_after, *issued_at);
    }
    let Some(Error::InvalidCertificate(error)) = error.downcast_ref() else {
        return shown(error.to_string()).to_string();
    };
    match error {
        CertificateError::UnknownIssuer => unknown_issuer(verification, store),
        CertificateError::ExpiredContext { time, not_after } => format!(
            "{} expired at {}; it is judged as of {}",
            whose(verification, |certificate| certificate.not_after()
                == Some(not_after.as_secs())),
            moment(not_after.as_secs()),
            moment(time.as_secs()),
        ),
        CertificateError::NotValidYetContext { time, not_before } => format!(
            "{} is not valid before {}; it is judged as of {}",
            whose(verification, |certificate| certificate.not_before()
                == Some(not_before.as_secs())),
            moment(not_before.as_secs()),
            moment(time.as_secs()),
        ),
        CertificateError::NotValidForNameContext { expected, presented } => format!(
            "the certificate is for {}, not for {}",
            names(presented),
            shown(expected.to_str())
        ),
        CertificateError::BadSignature => {
            "a signature in the chain does not fit the key of its issuer".to_owned()
        }
        CertificateError::Other(other) => other_reason(other),
        other => shown(Error::InvalidCertificate(other.clone()).to_string()).to_string(),
    }
}

/// Why a store cannot answer, and what the user may do about it.
fn no_answer(error: &StoreError, cache: Option<&str>) -> String {
    let why = shown(error.to_string());
    let is_older = matches!(error, StoreError::Query { error, .. } if matches!(**error, QueryError::OlderGeneration { .. }));
    match cache.filter(|_| is_older) {
        Some(cache) => format!(
            "the store cannot answer: {why}; if that is meant to be, `jit-trust cache clear --generations {cache}` has \
             the older one taken"
        ),
        None => format!("the store cannot answer: {why}"),
    }
}

/// Why a handshake failed after the certificates were looked at, where there are better words than the library's.
pub(crate) fn broken_handshake(error: &Error) -> Option<String> {
    match error {
        // The chain's own signatures were checked before.
        Error::InvalidCertificate(CertificateError::BadSignature) => {
            Some("the server does not hold the key of its certificate".to_owned())
        }
        Error::InvalidCertificate(CertificateError::Other(other)) => Some(other_reason(other)),
        _ => None,
    }
}

/// In words what rustls has no name for and hands on from webpki.
fn other_reason(OtherError(other): &OtherError) -> String {
    let in_words = match other.downcast_ref() {
        Some(webpki::Error::UnsupportedCertVersion) => {
            "a certificate is X.509 version 1 or 2, which TLS servers must not use"
        }
        Some(webpki::Error::CaUsedAsEndEntity) => "the certificate is that of a CA, not of a server",
        Some(webpki::Error::EndEntityUsedAsCa) => {
            "a certificate in the chain was issued by one that is no CA's"
        }
        Some(webpki::Error::PathLenConstraintViolated) => {
            "a CA in the chain has more CAs below it than its certificate allows"
        }
        Some(webpki::Error::NameConstraintViolation) => {
            "a CA in the chain is not allowed to issue for a name in the certificate"
        }
        Some(webpki::Error::UnsupportedCriticalExtension) => {
            "a certificate has a critical extension that is not understood"
        }
        Some(webpki::Error::InvalidSerialNumber) => "a certificate has an invalid serial number",
        _ => return shown(other.to_string()).to_string(),
    };
    in_words.to_owned()
}

/// A root does not vouch for a certificate because of its date.
pub(crate) fn trusted_up_to(root: &str, store: &str, distrust_after: u64, issued_at: Option<u64>) -> String {
    let issued_at = issued_at.map_or_else(|| "at a time that cannot be read".to_owned(), moment);
    format!(
        "the root \"{root}\" in {store} is trusted only for certificates issued up to {}; this one was issued {issued_at}",
        moment(distrust_after)
    )
}

fn unknown_issuer(verification: &Verification<'_>, store: &str) -> String {
    let top = verification.chain.and_then(|chain| chain.path().last());
    let Some(top) = top else {
        return format!("no certificate leads to a root in {store}");
    };
    if verification.selected > 0 {
        let roots = if verification.selected == 1 {
            "root"
        } else {
            "roots"
        };
        return format!(
            "{} {roots} in {store} of the names asked for, but no valid path leads there; the last certificate \
             asks for \"{}\"",
            verification.selected,
            top.issuer()
        );
    }
    let path_len = verification.chain.map_or(0, |chain| chain.path().count());
    if top.is_self_issued() && path_len == 1 {
        return format!(
            "\"{}\" is signed by itself, and {store} does not hold it",
            top.subject()
        );
    }
    if top.is_self_issued() {
        return format!(
            "no root in {store} named \"{}\", though the server sent one of that name",
            top.subject()
        );
    }
    let hint = if path_len == 1 {
        "; or the server has left an intermediate certificate out"
    } else {
        ""
    };
    format!(
        "no root in {store} named \"{}\" (asked for by the certificate of \"{}\"{}){hint}",
        top.issuer(),
        top.subject(),
        asked_under(verification, top)
    )
}

/// Where a store on a server was looked into for the issuer of this certificate, if one was.
fn asked_under(verification: &Verification<'_>, certificate: &Certificate<'_>) -> String {
    let key = AnchorKey::Subject(certificate.issuer().hash());
    let asked = verification.queries.iter().find(|query| query.key == key);
    asked.map_or_else(String::new, |query| format!(", under {}", query.key))
}

/// The first certificate of the path that this is true of.
fn whose(verification: &Verification<'_>, is_it: impl Fn(&Certificate<'_>) -> bool) -> String {
    let chain = verification.chain.into_iter();
    let found = chain
        .flat_map(PeerChain::path)
        .find(|certificate| is_it(certificate));
    found.map_or_else(
        || "a certificate".to_owned(),
        |certificate| format!("the certificate of \"{}\"", certificate.subject()),
    )
}

/// The names as webpki gives them, `DnsName("a.test")` and the like, in a readable form.
fn names(presented: &[String]) -> String {
    let bare = |name: &String| {
        let inside = name.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
        shown(inside.unwrap_or(name).trim_matches('"')).to_string()
    };
    match presented {
        [] => "no host at all".to_owned(),
        [many @ .., _] if many.len() >= 10 => {
            let first: Vec<String> = presented.iter().take(10).map(bare).collect();
            format!("{} and {} more", first.join(", "), presented.len() - 10)
        }
        few => few.iter().map(bare).collect::<Vec<_>>().join(", "),
    }
}
