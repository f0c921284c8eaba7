//! Sorting what a peer sent into a path.

use super::PeerChain;
use crate::Certificate;

/// How well a certificate fits as the issuer of another, whose issuer name is its subject.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    /// The key identifiers contradict each other. webpki does not look at them, so it may be the issuer still.
    KeyIdsDiffer,
    NameOnly,
    NameAndKeyId,
}

impl Fit {
    fn of(candidate: &Certificate<'_>, issued: &Certificate<'_>) -> Option<Self> {
        if candidate.subject() != issued.issuer() {
            return None;
        }
        Some(match (candidate.subject_key_id(), issued.authority_key_id()) {
            (Some(subject), Some(authority)) if subject == authority => Self::NameAndKeyId,
            (Some(_), Some(_)) => Self::KeyIdsDiffer,
            _ => Self::NameOnly,
        })
    }
}

impl<'a> PeerChain<'a> {
    /// Finds the path and writes down the order in which issuers are asked for.
    ///
    /// From the end-entity certificate on, the best fitting issuer that is not on the path yet comes next; of
    /// two that fit alike, the one that was sent first. Each step takes one certificate out of the running, so
    /// that a loop ends.
    pub(super) fn sort(&mut self) {
        let mut is_on_path = 0_u64;
        let mut next = Some(0);
        let mut path_len = 0;
        while let Some(index) = next {
            is_on_path |= bit(index);
            if let Some(place) = self.topmost_first.get_mut(usize::from(path_len)) {
                *place = index;
                path_len += 1;
            }
            next = self.best_issuer(index, is_on_path);
        }
        self.path_len = path_len;

        let (path, others) = self.topmost_first.split_at_mut(usize::from(path_len));
        path.reverse();
        let not_on_path = (0..self.len).filter(|index| is_on_path & bit(*index) == 0);
        for (place, index) in others.iter_mut().zip(not_on_path) {
            *place = index;
        }
    }

    fn best_issuer(&self, issued: u8, is_on_path: u64) -> Option<u8> {
        let issued = self.get(issued)?;
        if issued.is_self_issued() {
            return None; // a root, or as good as one: nothing above it would make the path better
        }
        let free = (0..self.len).filter(|index| is_on_path & bit(*index) == 0);
        let fitting = free.filter_map(|index| Some((index, Fit::of(self.get(index)?, issued)?)));
        // `max_by_key` takes the last of equals; reversed, that is the first that was sent.
        fitting.rev().max_by_key(|(_, fit)| *fit).map(|(index, _)| index)
    }
}

fn bit(index: u8) -> u64 {
    1_u64.checked_shl(u32::from(index)).unwrap_or(0)
}
