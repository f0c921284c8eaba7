//! What is asked of the deferred stores for one chain, in which order, and what came of it.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::{IntoIter, Vec};
use core::time::Duration;

use jit_trust_core::{Entry, HashedName, PeerChain, TrustAnchor};
use smallvec::SmallVec;

use crate::candidates::{Candidates, Scope};
use crate::policy::HostPolicy;
use crate::{AnchorKey, LookupError, LookupResponse, StoreError};

/// How many lookups one verification makes.
const MAX_LOOKUPS: usize = 6;

/// How many anchors are imported for one verification.
pub(crate) const MAX_IMPORTS: usize = 3;

/// Which of the deferred stores, and what it is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) store: usize,
    pub(crate) key: AnchorKey,
}

/// Anchors that came from a deferred store, and where from.
#[derive(Clone, Debug)]
pub(crate) struct Import {
    pub(crate) place: Place,
    pub(crate) response: Arc<LookupResponse>,
}

/// A lookup that was made for a verification, to show.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LookupRecord {
    /// What the store is called.
    pub store: String,
    /// What it was asked for.
    pub key: AnchorKey,
    /// What came of it.
    pub outcome: LookupOutcome,
    /// Why there was no response, if there was none.
    pub error: Option<Arc<LookupError>>,
    /// How long the verification waited for it.
    pub waited: Duration,
}

/// What came of a lookup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LookupOutcome {
    /// So many anchors were still cached, from an earlier lookup.
    Cached(usize),
    /// So many anchors came.
    Found(usize),
    /// There is no such anchor.
    NotFound,
    /// There was no response.
    Failed,
}

/// The lookups of one verification. It owns all that it has, so that it outlives a suspended handshake.
#[derive(Debug, Default)]
pub(crate) struct AnchorSearch {
    plan: Option<IntoIter<Place>>,
    imports: SmallVec<[Import; MAX_IMPORTS]>,
    imported: usize,
    made: Vec<LookupRecord>,
    /// The stores that could not answer.
    failed: SmallVec<[usize; 2]>,
    /// Why the first of them could not.
    failure: Option<StoreError>,
}

impl AnchorSearch {
    /// The next lookup that is worth making, if there is one.
    pub(crate) fn next_lookup(&mut self, policy: &HostPolicy, chain: &PeerChain<'_>) -> Option<Place> {
        let plan = self.plan.get_or_insert_with(|| plan(policy, chain).into_iter());
        if self.imported >= MAX_IMPORTS {
            return None;
        }
        // A store that did not answer one lookup is not waited for a second time.
        plan.find(|place| !self.failed.contains(&place.store))
    }

    /// Takes what came of a lookup, and says whether there are more candidates than before.
    pub(crate) fn take(
        &mut self,
        place: Place,
        response: Result<Arc<LookupResponse>, Arc<LookupError>>,
        is_cached: bool,
        waited: Duration,
        store_name: String,
        candidates: &mut Candidates<'_>,
    ) -> bool {
        let (outcome, error) = match response {
            Ok(response) => match (self.import(&place, &response, candidates), is_cached) {
                (0, _) => (LookupOutcome::NotFound, None),
                (found, true) => (LookupOutcome::Cached(found), None),
                (found, false) => (LookupOutcome::Found(found), None),
            },
            Err(error) => {
                self.failed.push(place.store);
                self.failure.get_or_insert_with(|| StoreError::Lookup {
                    store: store_name.clone(),
                    key: place.key.clone(),
                    error: error.clone(),
                });
                (LookupOutcome::Failed, Some(error))
            }
        };
        self.made.push(LookupRecord {
            store: store_name,
            key: place.key,
            outcome,
            error,
            waited,
        });
        matches!(outcome, LookupOutcome::Cached(_) | LookupOutcome::Found(_))
    }

    /// Which lookups were made.
    pub(crate) fn lookups(&self) -> &[LookupRecord] {
        &self.made
    }

    /// Why a store could not answer, if one could not.
    pub(crate) fn take_failure(&mut self) -> Option<StoreError> {
        self.failure.take()
    }

    /// Where this anchor came from, if it was imported.
    pub(crate) fn import_of(&self, anchor: &TrustAnchor<'_>) -> Option<&Import> {
        let is_it = |entry: &Entry<'_>| entry.encoded() == anchor.entry().encoded();
        self.imports
            .iter()
            .find(|import| import.response.entries().iter().any(is_it))
    }

    /// Adds to the candidates what a response holds for the chain, and says how many anchors that were.
    fn import(
        &mut self,
        place: &Place,
        response: &Arc<LookupResponse>,
        candidates: &mut Candidates<'_>,
    ) -> usize {
        let chain = candidates.chain();
        let entries = response.entries();
        let mut named: SmallVec<[(HashedName<'_>, &Entry<'_>); 2]> = entries
            .iter()
            .filter_map(|entry| Some((issuer(chain, &place.key, entry)?, entry)))
            .collect();
        candidates.enter(Scope::Response(self.imports.len()));
        let room = MAX_IMPORTS - self.imported;
        if named.len() > room {
            // Those that a certificate names by key come first; it may lie, and then they are not found.
            named.sort_by_key(|(_, entry)| !is_named_by_key(chain, entry));
            // What the others state of the same key binds nevertheless.
            let others = named.drain(room..);
            others.for_each(|(issuer, entry)| candidates.hear(issuer, entry));
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

/// The lookups that are worth making, the most promising first: those whose responses served this host before, then those
/// for the top of the path, to each store before any is asked for what is further down.
fn plan(policy: &HostPolicy, chain: &PeerChain<'_>) -> Vec<Place> {
    let served = policy.served_before();
    // Where none served this host before, no lookup after these comes before them.
    let looked_at = if served.is_empty() {
        MAX_LOOKUPS
    } else {
        usize::MAX
    };
    let mut planned: Vec<(usize, Place)> = Vec::new();
    for (store, kind) in policy.deferred_kinds().enumerate() {
        let keys = chain.queries().filter_map(|query| AnchorKey::of(&query));
        let keys = keys.filter(|key| kind.is_of(key));
        for (rank, key) in keys.take(looked_at).enumerate() {
            let place = Place { store, key };
            if !planned.iter().any(|(_, known)| *known == place) {
                planned.push((rank, place));
            }
        }
    }
    let has_served = |place: &Place| served.contains(&place.key);
    planned.sort_by_key(|(rank, place)| (!has_served(place), *rank));
    // Those that served before may have been asked for ahead of the connection, wanted or not.
    let mut others = MAX_LOOKUPS - served.len().min(MAX_IMPORTS);
    let planned = planned.into_iter().map(|(_, place)| place);
    let planned = planned.filter(|place| {
        let is_asked = has_served(place) || others > 0;
        others -= usize::from(is_asked && !has_served(place));
        is_asked
    });
    planned.take(MAX_LOOKUPS).collect()
}

/// Which issuer of the chain an entry is, that was found by this key. A key identifier may find anchors of several names.
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
