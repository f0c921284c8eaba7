//! Whether a new list may replace the one in force.

use std::collections::HashSet;
use std::fmt;

use jit_trust_core::Entry;

use crate::label::label;

/// Refuses a new list that lost more than a fifth of the keys of the list in force: more likely half a download than
/// a decision of Mozilla's, which removes a few roots at a time.
///
/// Roots are told apart by their subject public key info: one that was renewed with its key is not lost, and keys are
/// what an attacker would have to be after.
///
/// # Errors
/// When too many are missing. A user who insists may ignore it.
pub fn check_update<'a, 'b>(
    in_force: impl IntoIterator<Item = Entry<'a>>,
    new: impl IntoIterator<Item = Entry<'b>>,
) -> Result<(), LostRoots> {
    let kept: HashSet<&[u8]> = new.into_iter().map(|entry| entry.spki_value()).collect();
    let mut seen = HashSet::new();
    let mut lost = Vec::new();
    for entry in in_force {
        if seen.insert(entry.spki_value()) && !kept.contains(entry.spki_value()) {
            lost.push(label(&entry));
        }
    }
    if lost.len() * 5 <= seen.len() {
        return Ok(());
    }
    Err(LostRoots {
        in_force: seen.len(),
        lost,
    })
}

/// A new list lacks too many roots of the one in force.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LostRoots {
    /// How many different keys the list in force has.
    pub in_force: usize,
    /// The roots that the new list lacks, as [`Root::label`](crate::Root::label) has them.
    pub lost: Vec<String>,
}

impl fmt::Display for LostRoots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the new list lacks {} of the {} roots in force: expected at most a fifth to be missing",
            self.lost.len(),
            self.in_force
        )
    }
}

impl std::error::Error for LostRoots {}
