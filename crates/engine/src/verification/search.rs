//! The lookups in deferred stores for one chain: their order, their limits and their results.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::{IntoIter, Vec};
use core::time::Duration;

use jit_trust_core::{Entry, HashedName, PeerChain, TrustAnchor};
use smallvec::SmallVec;

use crate::candidates::{Candidates, Scope};
use crate::lookup::{LookupOutcome, LookupRecord, MAX_IMPORTS, StoreKey};
use crate::policy::HostPolicy;
use crate::{AnchorKey, LookupError, LookupResponse, StoreError};

/// The largest number of lookups of one verification.
const MAX_LOOKUPS: usize = 6;

/// The response of a deferred store that has anchors, and the store and key that it came from.
#[derive(Clone, Debug)]
pub(crate) struct Import {
    pub(crate) place: StoreKey,
    pub(crate) response: Arc<LookupResponse>,
}

/// The lookups of one verification. It owns its data, so that it can be kept while the handshake is suspended.
#[derive(Debug, Default)]
pub(crate) struct AnchorSearch {
    plan: Option<IntoIter<StoreKey>>,
    imports: SmallVec<[Import; MAX_IMPORTS]>,
    imported: usize,
    made: Vec<LookupRecord>,
    /// The stores that failed.
    failed: SmallVec<[usize; 2]>,
    /// The error of the first of them.
    failure: Option<StoreError>,
}

impl AnchorSearch {
    /// The next lookup to make, if there is one.
    pub(crate) fn next_lookup(&mut self, policy: &HostPolicy, chain: &PeerChain<'_>) -> Option<StoreKey> {
        let plan = self.plan.get_or_insert_with(|| plan(policy, chain).into_iter());
        if self.imported >= MAX_IMPORTS {
            return None;
        }
        // A store that failed one lookup is not waited for a second time.
        plan.find(|place| !self.failed.contains(&place.store))
    }

    /// Takes the result of a lookup, and says whether there are more candidates than before.
    pub(crate) fn take(
        &mut self,
        place: StoreKey,
        response: Result<Arc<LookupResponse>, Arc<LookupError>>,
        is_cached: bool,
        waited: Duration,
        store_name: String,
        candidates: &mut Candidates<'_>,
    ) -> bool {
        let outcome = match response {
            Ok(response) => match (self.import(&place, &response, candidates), is_cached) {
                (0, _) => LookupOutcome::NotFound,
                (found, true) => LookupOutcome::Cached(found),
                (found, false) => LookupOutcome::Found(found),
            },
            Err(error) => {
                self.failed.push(place.store);
                self.failure.get_or_insert_with(|| StoreError::Lookup {
                    store: store_name.clone(),
                    key: place.key.clone(),
                    error: error.clone(),
                });
                LookupOutcome::Failed(error)
            }
        };
        let has_found = matches!(outcome, LookupOutcome::Cached(_) | LookupOutcome::Found(_));
        self.made.push(LookupRecord {
            store: store_name,
            key: place.key,
            outcome,
            waited,
        });
        has_found
    }

    /// The lookups that were made.
    pub(crate) fn lookups(&self) -> &[LookupRecord] {
        &self.made
    }

    /// The error of the first store that failed, if one did.
    pub(crate) fn take_failure(&mut self) -> Option<StoreError> {
        self.failure.take()
    }

    /// The import that this anchor came from, if it was imported.
    pub(crate) fn import_of(&self, anchor: &TrustAnchor<'_>) -> Option<&Import> {
        let is_it = |entry: &Entry<'_>| entry.encoded() == anchor.entry().encoded();
        self.imports
            .iter()
            .find(|import| import.response.entries().any(|entry| is_it(&entry)))
    }

    /// Adds the anchors of a response that are for the chain to the candidates, and returns their number.
    fn import(
        &mut self,
        place: &StoreKey,
        response: &Arc<LookupResponse>,
        candidates: &mut Candidates<'_>,
    ) -> usize {
        let chain = candidates.chain();
        let entries: SmallVec<[Entry<'_>; 2]> = response.entries().collect();
        let mut named: SmallVec<[(HashedName<'_>, &Entry<'_>); 2]> = entries
            .iter()
            .filter_map(|entry| Some((issuer(chain, &place.key, entry)?, entry)))
            .collect();
        candidates.enter(Scope::Response(self.imports.len()));
        let room = MAX_IMPORTS - self.imported;
        if named.len() > room {
            // Those whose SKID a certificate has as its AKID come first. An AKID may be wrong; then the right anchor is not
            // found.
            named.sort_by_key(|(_, entry)| !is_named_by_key(chain, entry));
            // The conditions of the others bind anchors of the same name and key nevertheless.
            let others = named.drain(room..);
            others.for_each(|(issuer, entry)| candidates.add_conditions_of(issuer, entry));
        }
        named
            .iter()
            .for_each(|(issuer, entry)| candidates.add_entry(*issuer, entry));
        let found = named.len();
        if found > 0 {
            self.imported += found;
            self.imports.push(Import {
                place: place.clone(),
                response: response.clone(),
            });
        }
        found
    }
}

/// The lookups to make, the most promising first: those whose responses served this host before, then those for the top of
/// the path. Each store is asked for an issuer before any store is asked for one further down.
fn plan(policy: &HostPolicy, chain: &PeerChain<'_>) -> Vec<StoreKey> {
    let served = policy.served_before();
    // Where no key served this host before, the order is that of the path, and later ones are not needed.
    let looked_at = if served.is_empty() {
        MAX_LOOKUPS
    } else {
        usize::MAX
    };
    let mut planned: Vec<(usize, StoreKey)> = Vec::new();
    for (store, kind) in policy.deferred_kinds().enumerate() {
        let keys = chain.queries().filter_map(|query| AnchorKey::of(&query));
        let keys = keys.filter(|key| kind.is_of(key));
        for (rank, key) in keys.take(looked_at).enumerate() {
            let place = StoreKey { store, key };
            if !planned.iter().any(|(_, known)| *known == place) {
                planned.push((rank, place));
            }
        }
    }
    let has_served = |place: &StoreKey| served.contains(&place.key);
    planned.sort_by_key(|(rank, place)| (!has_served(place), *rank));
    // The keys that served before may have been asked for ahead of the connection: they count even if they are not needed.
    let mut others = MAX_LOOKUPS - served.len().min(MAX_IMPORTS);
    let planned = planned.into_iter().map(|(_, place)| place);
    let planned = planned.filter(|place| {
        let is_asked = has_served(place) || others > 0;
        others -= usize::from(is_asked && !has_served(place));
        is_asked
    });
    planned.take(MAX_LOOKUPS).collect()
}

/// The issuer of the chain that an entry is, which was found by this key. A key identifier may find anchors of several
/// names.
fn issuer<'s>(chain: &PeerChain<'s>, key: &AnchorKey, entry: &Entry<'_>) -> Option<HashedName<'s>> {
    let mut issuers = chain.issuers().map(|issuer| issuer.hashed());
    issuers.find(|issuer| entry.named_as(*issuer).is_some() && key.may_find(*issuer))
}

fn is_named_by_key(chain: &PeerChain<'_>, entry: &Entry<'_>) -> bool {
    let Some(key_id) = entry.subject_key_id() else {
        return false;
    };
    let mut certificates = chain.certificates();
    certificates.any(|certificate| certificate.authority_key_id() == Some(key_id))
}
