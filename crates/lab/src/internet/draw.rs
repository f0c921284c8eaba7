//! Random choices by the seed.

use sha2::{Digest, Sha256};

/// Random numbers that depend only on the seed and the purpose, not on other draws.
#[derive(Clone, Debug)]
pub(super) struct Draw {
    state: [u8; 32],
}

impl Draw {
    pub(super) fn new(seed: u64, purpose: &str) -> Self {
        let state = Sha256::new()
            .chain_update(seed.to_be_bytes())
            .chain_update(purpose);
        Self {
            state: state.finalize().into(),
        }
    }

    /// 32 random bytes.
    pub(super) fn bytes(&mut self) -> [u8; 32] {
        self.state = Sha256::digest(self.state).into();
        self.state
    }

    /// A number below `bound`.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        let [a, b, c, d, ..] = self.bytes();
        // The bounds here are so small that the bias is too.
        usize::try_from(u32::from_be_bytes([a, b, c, d])).expect("it is 32 bits long") % bound
    }

    /// The items in random order.
    pub(super) fn shuffled<T>(&mut self, mut items: Vec<T>) -> Vec<T> {
        for end in (1..items.len()).rev() {
            items.swap(end, self.below(end + 1));
        }
        items
    }

    /// As many items as asked for, in random order and each as often as any other, give or take one.
    pub(super) fn evenly<T: Clone>(&mut self, items: &[T], count: usize) -> Vec<T> {
        self.shuffled(items.iter().cycle().take(count).cloned().collect())
    }
}
