//! The roots in a deferred store, which responds at once or from another thread.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use jit_trust::{
    AnchorKey, DeferredStore, LookupOutcome, LookupRecord, LookupRequest, LookupResponse, Responder,
    TrustPolicy, Verifier,
};
use rustls::crypto::CryptoProvider;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::all_loaded::AllLoaded;
use crate::question::{self, Verdict};
use crate::root::TrustedRoot;
use crate::stores::{self, Version};

/// A verifier with a deferred store of these roots and no other store.
pub(crate) struct Deferred {
    pub(crate) verifier: Verifier,
    made: Arc<Mutex<Vec<LookupRecord>>>,
    /// The subject of each root, and its key.
    names: Vec<(Vec<u8>, AnchorKey)>,
}

/// Why the verdict may differ from that with all roots loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Cause {
    /// The seventh lookup, or a later one, would have found an anchor.
    MoreThanSixLookups,
    /// There are more than three anchors that could have issued something here, and three were imported.
    MoreThanThreeImports,
    /// webpki reached a limit of its work, which depends on the number of anchors.
    Budget,
}

/// The errors of webpki's limits.
const BUDGETS: [&str; 3] = [
    "MaximumSignatureChecksExceeded",
    "MaximumPathBuildCallsExceeded",
    "MaximumNameConstraintComparisonsExceeded",
];

impl Deferred {
    pub(crate) fn new(roots: &[TrustedRoot], provider: &CryptoProvider) -> Self {
        let keys = roots.iter().map(|root| {
            let subject = root.entry().subject().unwrap();
            (subject.as_der().to_vec(), AnchorKey::Subject(subject.hash()))
        });
        let names: Vec<_> = keys.collect();
        let mut named: HashMap<AnchorKey, Vec<_>> = HashMap::new();
        for (root, (_, key)) in roots.iter().zip(&names) {
            named.entry(key.clone()).or_default().push(root.entry());
        }
        let blobs = named.into_iter();
        let store = Store {
            blobs: blobs
                .map(|(key, entries)| (key, stores::encode(&entries, Version::V2)))
                .collect(),
            lookups: AtomicUsize::new(0),
        };
        let trust = TrustPolicy::builder().deferred_store(store).build();
        let made = Arc::new(Mutex::new(Vec::new()));
        let tell = made.clone();
        let verifier = Verifier::with_provider(trust, provider).on_verification(move |verification| {
            *tell.lock().unwrap() = verification.lookups.to_vec();
        });
        Self {
            verifier,
            made,
            names,
        }
    }

    /// Why the verdict may differ from that of webpki with all roots loaded; `None` if it must not.
    pub(crate) fn cause(
        &self,
        question: &question::Request<'_>,
        just_in_time: &Verdict,
        all_loaded: &AllLoaded,
    ) -> Option<Cause> {
        let gave_up = |verdict: &Verdict| {
            let kind = verdict.as_ref().err().map(question::Reason::kind);
            kind.is_some_and(|kind| BUDGETS.contains(&kind.as_str()))
        };
        // That a date is the reason may be said where webpki gave up without the roots that were left out for it.
        if gave_up(&all_loaded.verdict_without_dropped(question)) || gave_up(just_in_time) {
            return Some(Cause::Budget);
        }
        // Fewer anchors are stricter, never the other way round.
        just_in_time.as_ref().err()?;
        let made = self.made.lock().unwrap();
        let certificates = question.sent.iter();
        let issuers: BTreeSet<Vec<u8>> = certificates
            .filter_map(|der| X509Certificate::from_der(der).ok())
            .map(|(_, certificate)| certificate.issuer().as_raw().to_vec())
            .collect();
        let wanted = || self.names.iter().filter(|(name, _)| issuers.contains(name));
        let was_asked = |key: &AnchorKey| made.iter().any(|made| made.key == *key);
        if made.len() == 6 && issuers.len() > 6 && wanted().any(|(_, key)| !was_asked(key)) {
            return Some(Cause::MoreThanSixLookups);
        }
        let imported: usize = made.iter().map(found).sum();
        if imported == 3 && wanted().count() > 3 {
            return Some(Cause::MoreThanThreeImports);
        }
        None
    }
}

fn found(made: &LookupRecord) -> usize {
    match made.outcome {
        LookupOutcome::Found(count) | LookupOutcome::Cached(count) => count,
        _ => 0,
    }
}

#[derive(Debug)]
struct Store {
    blobs: HashMap<AnchorKey, Vec<u8>>,
    lookups: AtomicUsize,
}

impl DeferredStore for Store {
    fn name(&self) -> String {
        "deferred".to_owned()
    }

    fn look_up(&self, request: LookupRequest, responder: Responder) {
        let response = match self.blobs.get(&request.key) {
            Some(blob) => LookupResponse::blob(blob.clone()),
            None => Ok(LookupResponse::not_found()),
        };
        match self.lookups.fetch_add(1, Ordering::Relaxed) % 8 {
            0 => drop(std::thread::spawn(move || responder.send(response))),
            _ => responder.send(response),
        }
    }
}
