//! What an accepted verification leaves behind in its policy: leases of the imported anchors, and what is remembered of the
//! host.

use std::sync::Arc;

use super::Verification;
use crate::binding::{Leases, TrustBinding};
use crate::policy::TrustPolicy;

impl TrustPolicy {
    /// What an accepted connection depends on from now on. Remembers the host, and keeps the imported anchors of its path
    /// cached for as long as the binding lives, and for their grace after that.
    ///
    /// `None` where nothing was accepted, or where no later check could find out whether an anchor is still there.
    pub fn accept(&self, verification: &Verification<'_>) -> Option<TrustBinding> {
        let leases = self.keep_imports(verification);
        let mut binding = verification.bind()?;
        binding.leases = leases;
        Some(binding)
    }

    /// The same for a connection whose end is not observed: the imported anchors are kept for the idle grace only.
    pub fn remember(&self, verification: &Verification<'_>) {
        drop(self.keep_imports(verification));
    }

    fn keep_imports(&self, verification: &Verification<'_>) -> Leases {
        let imports = verification.used_imports();
        let leases = imports.filter_map(|import| {
            if let Some(host_cache) = self.host_cache() {
                host_cache.served(verification.host(), std::slice::from_ref(&import.place.key));
            }
            let cache = self.deferred(import.place.store)?;
            cache
                .lease(&import.place.key, Some(&import.response))
                .map(Arc::new)
        });
        leases.collect()
    }
}
