//! Replacing the local stores while the program runs.

use std::fmt;
use std::sync::PoisonError;

use super::local::{InForce, LocalStores, newest_of};
use super::{LocalStore, TrustPolicy};
use crate::TrustStore;

impl TrustPolicy {
    /// Replaces all local stores with `store`, from the next connection on; deferred stores stay. Sessions that depend on a
    /// removed anchor are not resumed, and connections that depend on it can be listed and closed.
    ///
    /// # Errors
    /// When `store` is of an older generation than one that was in force before;
    /// [`replace_allowing_rollback`](Self::replace_allowing_rollback) permits that. A store that does not know its generation
    /// replaces any.
    pub fn replace_store(&self, store: impl TrustStore + 'static) -> Result<(), OlderGeneration> {
        let mut replacement = InForce::new(vec![LocalStore::of_policy(store)]);
        // The generation of a store may have become newer since it was put there.
        let in_force = newest_of(&self.0.local.get());
        let mut local = self.0.local.0.write().unwrap_or_else(PoisonError::into_inner);
        local.newest = local.newest.max(in_force);
        if let (Some(newest), Some(given)) = (local.newest, replacement.newest) {
            if given < newest {
                drop(local);
                return Err(OlderGeneration { given, newest });
            }
        }
        replacement.newest = replacement.newest.max(local.newest);
        let replaced = std::mem::replace(&mut *local, replacement);
        // Without the lock: a program's own store may use the policy when it is dropped.
        drop(local);
        drop(replaced);
        Ok(())
    }

    /// As [`replace_store`](Self::replace_store), for a store of any generation. A root that a newer generation removed may be
    /// trusted again.
    pub fn replace_allowing_rollback(&self, store: impl TrustStore + 'static) {
        let replacement = InForce::new(vec![LocalStore::of_policy(store)]);
        let mut local = self.0.local.0.write().unwrap_or_else(PoisonError::into_inner);
        let replaced = std::mem::replace(&mut *local, replacement);
        drop(local);
        drop(replaced);
    }
}

impl LocalStores {
    /// The newest generation that is, or was, in force.
    pub(super) fn newest_in_force(&self) -> Option<u32> {
        let local = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let (stores, newest) = (local.stores.clone(), local.newest);
        // Without the lock: a program's own store may use the policy when it is asked.
        drop(local);
        newest.max(newest_of(&stores))
    }
}

/// The error that a store is of an older generation than the one that it should replace.
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
