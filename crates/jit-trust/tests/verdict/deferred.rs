//! The roots behind a store that is asked for one name at a time, and answers at once or from another thread.

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

/// A store of these roots, which answers later, and a verifier that trusts it and no other.
pub(crate) struct Deferred {
    pub(crate) verifier: Verifier,
    made: Arc<Mutex<Vec<LookupRecord>>>,
    /// The subject of each root, and by what it is asked for.
    names: Vec<(Vec<u8>, AnchorKey)>,
}

/// Why the verdict may be another than with all roots loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Cause {
    /// There is an anchor that the seventh question, or a later one, would have brought.
    MoreThanSixQuestions,
    /// There are more than three anchors that could have issued something here, and three were imported.
    MoreThanThreeImports,
    /// webpki gave up after so much work, which depends on how many anchors there are to try.
    Budget,
}

/// webpki's words for having given up.
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
            queries: AtomicUsize::new(0),
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

    /// Why these may differ, the verdict that was just given and that of webpki with all roots loaded; none if they must not.
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
            return Some(Cause::MoreThanSixQuestions);
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
    queries: AtomicUsize,
}

impl DeferredStore for Store {
    fn name(&self) -> String {
        "deferred".to_owned()
    }

    fn look_up(&self, request: LookupRequest, reply: Responder) {
        let answer = match self.blobs.get(&request.key) {
            Some(blob) => LookupResponse::blob(blob.clone()),
            None => Ok(LookupResponse::not_found()),
        };
        match self.queries.fetch_add(1, Ordering::Relaxed) % 8 {
            0 => drop(std::thread::spawn(move || reply.send(answer))),
            _ => reply.send(answer),
        }
    }
}
