//! What a program trusts, as a whole: its stores in their order, hosts with CAs of their own, and what is remembered.

mod builder;
mod connection;
mod known;
mod patience;
mod pins;
mod search;
mod verification;

pub use builder::{InvalidPin, TrustBuilder};
pub use connection::Connection;
pub(crate) use connection::{Anchors, Attempt, Guard, Leaning};
pub(crate) use known::KnownAnchor;
pub(crate) use patience::{Deadline, Patience, later};
pub(crate) use search::{Import, Outcome, Place, Search, Suspended};
pub use search::{QueryMade, QueryOutcome};
pub(crate) use verification::{AnchorList, Panicked};
pub use verification::{Candidates, Verification};

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use connection::Connections;
use jit_trust_core::{PeerChain, TrustAnchor};
use pins::Pins;

use crate::host_cache::HostCache;
use crate::residency::{Asked, Lease, Presence, Residency, Waiting};
use crate::rollback_guard::RollbackGuard;
use crate::store::Scope;
use crate::{AnchorKey, Keys, Selection, StoreError, TrustStore};

/// A store at hand, and what its conditions bind.
#[derive(Clone, Debug)]
struct LocalStore {
    store: Arc<dyn TrustStore>,
    kind: LocalKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LocalKind {
    /// Its conditions bind the anchors of all stores, and theirs bind its.
    Policy,
    /// Its conditions bind its own anchors, and no others bind them.
    AsItIs,
    /// The CAs that a host is pinned to.
    Pinned,
}

impl LocalStore {
    fn of_policy(store: impl TrustStore + 'static) -> Self {
        Self {
            store: Arc::new(store),
            kind: LocalKind::Policy,
        }
    }

    /// Where its anchors come from; `place` is its own among the stores.
    fn scope(&self, place: usize) -> Scope {
        match self.kind {
            LocalKind::Policy => Scope::Policy,
            LocalKind::AsItIs => Scope::AsItIs(place),
            LocalKind::Pinned => Scope::Pinned,
        }
    }
}

/// What a program trusts: stores, which are asked in their order, and for some hosts CAs of their own.
///
/// A chain is validated against what the stores at hand hold. Only where that does not suffice are stores asked that
/// may answer later, for one issuer after the other, and no further than needed: at most six questions and three
/// imported anchors a connection.
///
/// It is one object however often it is cloned, and everything that a program connects with should be made of one, so
/// that an anchor that was fetched for one connection serves the next.
///
/// ```
/// use jit_trust::Trust;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let company_ca = jit_trust_lab::pki::Ca::root("Company").der().to_vec();
/// let trust = Trust::builder()
///     .pin("*.example.com", [company_ca])? // these hosts lean on this CA and on no other
///     .store(jit_trust::mozilla())
///     .build();
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Trust(Arc<Inner>);

struct Inner {
    pins: Pins,
    local: Arc<RwLock<Local>>,
    remote: Box<[Residency]>,
    host_cache: Option<HostCache>,
    rollback_guard: RollbackGuard,
    connections: Connections,
}

/// The stores at hand.
struct Local {
    stores: Arc<[LocalStore]>,
    /// The newest generation that was in force. A store that does not know its own does not make it forgotten.
    newest: Option<u32>,
}

impl Local {
    fn new(stores: Vec<LocalStore>) -> Self {
        Self {
            newest: newest_of(&stores),
            stores: stores.into(),
        }
    }
}

/// The newest generation of these stores that one says.
fn newest_of(stores: &[LocalStore]) -> Option<u32> {
    stores
        .iter()
        .filter_map(|local| local.store.store_generation())
        .max()
}

/// The newest generation of the local stores that is, or was, in force.
fn newest_in_force(local: &RwLock<Local>) -> Option<u32> {
    let local = local.read().unwrap_or_else(PoisonError::into_inner);
    let (stores, newest) = (Arc::clone(&local.stores), local.newest);
    // A store of the user's own may do anything when it is asked.
    drop(local);
    newest.max(newest_of(&stores))
}

/// The stores that one connection is trusted by, as they were when it began.
#[derive(Debug)]
pub(crate) struct Stores<'t> {
    local: Arc<[LocalStore]>,
    remote: &'t [Residency],
    host_cache: Option<&'t HostCache>,
    rollback_guard: &'t RollbackGuard,
}

impl Trust {
    /// Trusts what this store holds.
    pub fn new(store: impl TrustStore + 'static) -> Self {
        Self::builder().store(store).build()
    }

    /// Nothing is trusted yet.
    pub fn builder() -> TrustBuilder {
        TrustBuilder::default()
    }

    /// Puts `store` in the place of all stores at hand, from the next connection on; those that may answer later stay.
    /// Sessions that lean on an anchor that is gone are not resumed, and
    /// connections that do can be listed and closed.
    ///
    /// # Errors
    /// When `store` is of an older generation than one that was in force before.
    /// [`replace_even_by_older`](Self::replace_even_by_older) insists. A store that does not know its generation replaces
    /// any.
    pub fn replace_store(&self, store: impl TrustStore + 'static) -> Result<(), OlderGeneration> {
        let mut replacement = Local::new(vec![LocalStore::of_policy(store)]);
        // A store may be of a newer generation by now than when it was put there.
        let in_force = newest_of(&self.local());
        let mut local = self.0.local.write().unwrap_or_else(PoisonError::into_inner);
        local.newest = local.newest.max(in_force);
        if let (Some(newest), Some(given)) = (local.newest, replacement.newest) {
            if given < newest {
                drop(local);
                return Err(OlderGeneration { given, newest });
            }
        }
        replacement.newest = replacement.newest.max(local.newest);
        let replaced = std::mem::replace(&mut *local, replacement);
        // A store of the user's own may do anything when it is dropped, even ask what is trusted.
        drop(local);
        drop(replaced);
        Ok(())
    }

    /// As [`replace_store`](Self::replace_store), whatever its generation. What a newer generation took back is trusted
    /// again.
    pub fn replace_even_by_older(&self, store: impl TrustStore + 'static) {
        let replacement = Local::new(vec![LocalStore::of_policy(store)]);
        let mut local = self.0.local.write().unwrap_or_else(PoisonError::into_inner);
        let replaced = std::mem::replace(&mut *local, replacement);
        drop(local);
        drop(replaced);
    }

    /// What is remembered of hosts, if that was asked for.
    pub fn host_cache(&self) -> Option<&HostCache> {
        self.0.host_cache.as_ref()
    }

    /// The generations that are remembered of stores that may answer later.
    pub fn rollback_guard(&self) -> &RollbackGuard {
        &self.0.rollback_guard
    }

    /// The connections that were made with our connectors and live, the oldest first.
    pub fn connections(&self) -> Vec<Connection> {
        self.0.connections.list(self)
    }

    pub(crate) fn connections_of_all(&self) -> &Connections {
        &self.0.connections
    }

    /// The stores that decide about this host.
    pub(crate) fn stores_for(&self, host: &str) -> Stores<'_> {
        match self.0.pins.of(host) {
            Some(pinned) => Stores {
                local: Arc::new([pinned]),
                remote: &[],
                host_cache: None,
                rollback_guard: &self.0.rollback_guard,
            },
            None => Stores {
                local: self.local(),
                remote: &self.0.remote,
                host_cache: self.host_cache(),
                rollback_guard: &self.0.rollback_guard,
            },
        }
    }

    fn local(&self) -> Arc<[LocalStore]> {
        self.0
            .local
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .stores
            .clone()
    }

    /// Whether a connection may have to wait for a store.
    #[cfg(any(feature = "mbedtls-tokio", feature = "tokio"))]
    pub(crate) fn may_wait(&self) -> bool {
        !self.0.remote.is_empty()
    }

    /// Asks for the anchors that served this host before, if they are not at hand any more. Does not wait: the connection,
    /// which holds this until its handshake is over, finds them, or the question on its way.
    pub(crate) fn prefetch(&self, host: &str) -> Vec<Waiting> {
        let asked = self.ask_ahead(host);
        asked.into_iter().map(|(_, waiting)| waiting).collect()
    }

    /// The same for a connection that is to come. Says how many questions that were.
    pub(crate) fn prefetch_ahead(&self, host: &str) -> usize {
        let asked = self.ask_ahead(host);
        asked
            .iter()
            .for_each(|(remote, waiting)| remote.keep_ahead(waiting));
        asked.len()
    }

    fn ask_ahead(&self, host: &str) -> Vec<(&Residency, Waiting)> {
        let stores = self.stores_for(host);
        // One connection would import no more than these.
        let served = stores.served_before(host).into_iter().take(search::MAX_IMPORTS);
        let asked = served.filter_map(|key| {
            let mut remote = stores.remote.iter();
            let remote = remote.find(|remote| is_asked_by(remote.keys(), &key))?;
            match remote.ask(&key) {
                Asked::Later(waiting) => Some((remote, waiting)),
                Asked::Here(_) => None,
            }
        });
        asked.collect()
    }

    /// Keeps a question for the next connection, because this one does not wait.
    pub(crate) fn keep_for_the_next(&self, suspended: &Suspended) {
        if let Some(remote) = self.0.remote.get(suspended.place.store) {
            remote.keep_ahead(&suspended.waiting);
        }
    }

    /// Whether an anchor that vouched for this host is still there.
    pub(crate) fn presence(&self, host: &str, anchor: &KnownAnchor) -> Presence {
        let stores = self.stores_for(host);
        let Ok(chain) = PeerChain::read(anchor.naming()) else {
            return Presence::Gone;
        };
        let mut local = Selection::new(&chain);
        let asked = stores.ask_local(&mut local);
        if asked.is_ok() && anchor.is_held_in(&local) {
            return Presence::Here;
        }
        let origin = anchor
            .origin()
            .and_then(|place| Some((stores.remote.get(place.store)?, place)));
        match (origin, asked) {
            (Some((remote, place)), Ok(())) => {
                let conditions = anchor.conditions_in(&local);
                remote.presence(&place.key, |answer| anchor.is_held_by(answer, &conditions))
            }
            // What binds it cannot be said.
            (Some(_), Err(_)) => Presence::Unknown,
            (None, _) => Presence::Gone,
        }
    }

    /// Remembers that a path of this host's ended in an anchor, which the search found.
    pub(crate) fn accepts<'a>(
        &self,
        host: &str,
        anchor: &TrustAnchor<'_>,
        search: &'a Search<'_>,
    ) -> Accepted<'a> {
        self.accepts_import(host, search.import_of(anchor))
    }

    /// Remembers that a path of this host's ended in an anchor, and where that came from, if it was imported.
    pub(crate) fn accepts_import<'a>(&self, host: &str, import: Option<&'a Import>) -> Accepted<'a> {
        if let (Some(host_cache), Some(import)) = (&self.0.host_cache, import) {
            host_cache.served(host, std::slice::from_ref(&import.place.key));
        }
        let lease = import.and_then(|import| {
            let remote = self.0.remote.get(import.place.store)?;
            Some(Arc::new(remote.lease(&import.place.key, &import.answer)))
        });
        Accepted {
            import: import.map(|import| &import.place),
            lease,
        }
    }

    /// Keeps what is still there of what was imported before.
    pub(crate) fn lease_again(&self, place: &Place) -> Option<Lease> {
        self.0.remote.get(place.store)?.lease_again(&place.key)
    }

    /// Whether it is the same object.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// What comes of an anchor in which a path ended.
pub(crate) struct Accepted<'a> {
    /// Where it was imported from, if it was.
    pub(crate) import: Option<&'a Place>,
    /// Keeps it resident. Where nobody sees the connection close, it stays for its grace after this is dropped.
    pub(crate) lease: Option<Arc<Lease>>,
}

impl Stores<'_> {
    /// Hears every local store, so that what one says of a name and key binds what another holds.
    pub(crate) fn ask_local<'s>(&'s self, selection: &mut Selection<'s>) -> Result<(), StoreError> {
        for (place, local) in self.local.iter().enumerate() {
            selection.enter(local.scope(place));
            local.store.select(selection)?;
        }
        Ok(())
    }

    /// Remembers the newest generation that a store was seen to have.
    fn note_generation(&self, store: usize) {
        let Some(remote) = self.remote.get(store) else {
            return;
        };
        if let Some(generation) = remote.newest_generation() {
            self.rollback_guard
                .saw_generation(&remote.store().name(), generation);
        }
    }

    fn served_before(&self, host: &str) -> Vec<AnchorKey> {
        let keys = self.host_cache.and_then(|cache| cache.get(host));
        keys.map(|keys| keys.into_iter().collect()).unwrap_or_default()
    }

    /// How many anchors there are, where all stores know.
    pub(crate) fn anchor_count(&self) -> Option<usize> {
        if !self.remote.is_empty() {
            return None;
        }
        self.local.iter().map(|local| local.store.anchor_count()).sum()
    }
}

fn is_asked_by(keys: Keys, key: &AnchorKey) -> bool {
    match keys {
        Keys::Subjects => matches!(key, AnchorKey::Subject(_)),
        Keys::KeyIdentifiers => !matches!(key, AnchorKey::Subject(_)),
    }
}

/// Each store alone is enough to trust by.
impl<S: TrustStore + 'static> From<S> for Trust {
    fn from(store: S) -> Self {
        Self::new(store)
    }
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trust")
            .field("pins", &self.0.pins)
            .field("local", &self.local())
            .field("remote", &self.0.remote)
            .finish_non_exhaustive()
    }
}

/// A store is of an older generation than the one that it should replace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OlderGeneration {
    /// The generation of the store that was given, in Unix time.
    pub given: u32,
    /// The newest generation that was in force, in Unix time.
    pub newest: u32,
}

impl fmt::Display for OlderGeneration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the store is of generation {}, older than {}, which was in force: it may trust what was taken back since",
            self.given, self.newest
        )
    }
}

impl std::error::Error for OlderGeneration {}
