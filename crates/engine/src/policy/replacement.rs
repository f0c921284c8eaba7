//! Replacing the local stores while the program runs.

use std::fmt;
use std::sync::PoisonError;

use super::local::{InForce, LocalStores, newest_of};
use super::{LocalStore, TrustPolicy};
use crate::TrustStore;

impl TrustPolicy {
    /// Puts `store` in the place of all local stores, from the next connection on; deferred stores stay. Sessions that
    /// depend on an anchor that is gone are not resumed, and connections that do can be listed and closed.
    ///
    /// # Errors
    /// When `store` is of an older generation than one that was in force before.
    /// [`replace_allowing_rollback`](Self::replace_allowing_rollback) insists. A store that does not know its generation
    /// replaces any.
    pub fn replace_store(&self, store: impl TrustStore + 'static) -> Result<(), OlderGeneration> {
        let mut replacement = InForce::new(vec![LocalStore::of_policy(store)]);
        // A store may be of a newer generation by now than when it was put there.
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
        // A store of the user's own may do anything when it is dropped, even ask what is trusted.
        drop(local);
        drop(replaced);
        Ok(())
    }

    /// As [`replace_store`](Self::replace_store), whatever its generation. What a newer generation took back is trusted
    /// again.
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
        // A store of the user's own may do anything when it is asked.
        drop(local);
        newest.max(newest_of(&stores))
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
