//! The local stores of a policy.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use super::LocalStore;

/// The local stores. With `std` they can be replaced.
#[cfg(feature = "std")]
pub(super) struct LocalStores(pub(super) std::sync::RwLock<InForce>);

/// The local stores. With `std` they can be replaced.
#[cfg(not(feature = "std"))]
pub(super) struct LocalStores(Arc<[LocalStore]>);

/// The stores that are in force.
#[cfg(feature = "std")]
pub(super) struct InForce {
    pub(super) stores: Arc<[LocalStore]>,
    /// The newest generation that was in force. It is kept when a store that does not know its own replaces them.
    pub(super) newest: Option<u32>,
}

impl LocalStores {
    #[cfg(feature = "std")]
    pub(super) fn new(stores: Vec<LocalStore>) -> Self {
        Self(std::sync::RwLock::new(InForce::new(stores)))
    }

    #[cfg(not(feature = "std"))]
    pub(super) fn new(stores: Vec<LocalStore>) -> Self {
        Self(stores.into())
    }

    /// The stores that are in force now.
    #[cfg(feature = "std")]
    pub(super) fn get(&self) -> Arc<[LocalStore]> {
        let in_force = self.0.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        in_force.stores.clone()
    }

    /// The stores that are in force now.
    #[cfg(not(feature = "std"))]
    pub(super) fn get(&self) -> Arc<[LocalStore]> {
        self.0.clone()
    }
}

#[cfg(feature = "std")]
impl InForce {
    pub(super) fn new(stores: Vec<LocalStore>) -> Self {
        Self {
            newest: newest_of(&stores),
            stores: stores.into(),
        }
    }
}

/// The newest generation of these stores, of those that know theirs.
#[cfg(feature = "std")]
pub(super) fn newest_of(stores: &[LocalStore]) -> Option<u32> {
    let generations = stores.iter().filter_map(|local| local.store.store_generation());
    generations.max()
}

impl fmt::Debug for LocalStores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.get().iter()).finish()
    }
}
