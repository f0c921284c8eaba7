//! Whether an answer is still wanted.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use event_listener::Event;

/// Who wants an answer: how many, and whether there was a time when nobody did.
#[derive(Default)]
pub struct Interest {
    claims: AtomicUsize,
    /// How often the last claim was dropped.
    losses: AtomicUsize,
    lost: Event,
}

/// One who wants the answer, for as long as this lives.
pub struct Claim(Arc<Interest>);

impl Interest {
    /// Wants the answer for as long as the claim lives.
    pub fn claim(self: &Arc<Self>) -> Claim {
        self.claims.fetch_add(1, SeqCst);
        Claim(self.clone())
    }

    /// Whether somebody wants the answer.
    pub fn is_wanted(&self) -> bool {
        self.claims.load(SeqCst) > 0
    }

    /// How often it was lost. It may have come back each time.
    pub fn losses(&self) -> usize {
        self.losses.load(SeqCst)
    }

    /// Waits until nobody wants the answer.
    pub async fn lost(self: Arc<Self>) {
        loop {
            let listener = self.lost.listen();
            if !self.is_wanted() {
                return;
            }
            listener.await;
        }
    }
}

impl Clone for Claim {
    fn clone(&self) -> Self {
        self.0.claim()
    }
}

/// Runs what waits for the loss, so that no lock may be held.
impl Drop for Claim {
    fn drop(&mut self) {
        if self.0.claims.fetch_sub(1, SeqCst) == 1 {
            self.0.losses.fetch_add(1, SeqCst);
            self.0.lost.notify(usize::MAX);
        }
    }
}

impl fmt::Debug for Interest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Interest")
            .field("claims", &self.claims)
            .field("losses", &self.losses)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claim").finish_non_exhaustive()
    }
}
