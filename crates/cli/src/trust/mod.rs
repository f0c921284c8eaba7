//! What was decided about a server, and in words why.
//!
//! The words are in `reason`, once. Beside it, each TLS library has a module that says which of its errors is which
//! [`Reason`].

mod algorithm;
mod cause;
pub(crate) mod key;
#[cfg(feature = "mbedtls")]
pub(crate) mod mbedtls;
#[cfg(feature = "openssl")]
pub(crate) mod openssl;
mod reason;
pub(crate) mod rustls;

use std::error::Error;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jit_trust::{
    Certificate, Distrusted, NameConstraintsError, PeerChain, QueryError, QueryMade, StoreError, Verification,
};

use crate::shown::shown;
use crate::store::Store;
pub(crate) use cause::Cause;
use reason::Reason;
pub(crate) use reason::trusted_up_to;

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
    /// Why its certificates are not accepted; none if they are, whatever became of the handshake.
    pub(crate) cause: Option<Cause>,
    /// The store could not answer: that says nothing about the server.
    pub(crate) store_failed: bool,
}

/// A certificate as a server sent it.
#[derive(Clone, Debug)]
pub(crate) struct SentCertificate {
    pub(crate) subject: String,
    pub(crate) issuer: String,
    pub(crate) der: Vec<u8>,
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

    /// What a verifier that trusts by this store is to tell its verifications, whatever its library.
    pub(crate) fn listener(&self, store: &Store) -> impl Fn(&Verification<'_>) + Send + Sync + 'static {
        let (last, store) = (self.clone(), store.clone());
        move |verification| last.set(Decision::of(verification, &store))
    }

    /// Has the server refused for this too, where it was not refused yet.
    #[cfg(feature = "mbedtls")]
    pub(crate) fn refuse(&self, why: &str) {
        let Ok(mut last) = self.0.lock() else { return };
        let trusted = last.as_mut().filter(|decision| decision.refusal.is_none());
        if let Some(decision) = trusted {
            decision.refusal = Some(why.to_owned());
            decision.cause = Some(Cause::Other);
            decision.root = None;
        }
    }

    fn set(&self, decision: Decision) {
        if let Ok(mut last) = self.0.lock() {
            *last = Some(decision);
        }
    }
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
            cause: verification
                .result
                .err()
                .map(|error| Cause::of(error, verification)),
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
            der: certificate.as_der().to_vec(),
        }
    }
}

/// Why a verification failed, as a verifier tells it.
type Refusal = dyn Error + Send + Sync + 'static;

/// The error of ours that this is or, being rustls', carries, if it is of this kind.
fn of_ours<E: Error + 'static>(error: &Refusal) -> Option<&E> {
    rustls::carried(error).unwrap_or(error).downcast_ref()
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
    of_library(error).in_words(verification, store)
}

/// Why the TLS library does not accept a path.
fn of_library(error: &Refusal) -> Reason {
    match of_ours::<NameConstraintsError>(error) {
        Some(NameConstraintsError::NotPermitted(_) | NameConstraintsError::Excluded(_)) => {
            return Reason::Plain(reason::NAME_NOT_PERMITTED);
        }
        Some(other) => return Reason::Other(other.to_string()),
        None => {}
    }
    if let Some(error) = error.downcast_ref() {
        return rustls::reason(error);
    }
    #[cfg(feature = "openssl")]
    if let Some(error) = error.downcast_ref() {
        return openssl::reason(*error);
    }
    #[cfg(feature = "mbedtls")]
    if let Some(reason) = mbedtls::reason(error) {
        return reason;
    }
    Reason::Other(error.to_string())
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
