//! Whether a new list may replace the one in force.

use std::collections::{HashMap, HashSet};
use std::fmt;

use jit_trust_core::{Entry, NameHashPrefix};

use crate::constraints::is_imposed_on;
use crate::root::label;

/// Refuses a new list that is probably damaged: Mozilla removes only a few roots at a time and lifts no conditions. Refused is
///
/// - one that lost more than a fifth of the keys of the list in force;
/// - one in which a key that was trusted up to a date is trusted for longer;
/// - one in which a key had name constraints and now has none, or others than these with, at most, domains imposed on
///   them.
///
/// Roots are identified by their subject public key info: one that was renewed with the same key is not lost, and an attack would
/// have to change keys. With several roots of one key, the conditions are compared with those of the root of the same name;
/// under a new name, with those of all.
///
/// # Errors
/// When too many roots, or a condition, are missing. A user may explicitly ignore that.
pub fn check_update<'a, 'b>(
    in_force: impl IntoIterator<Item = Entry<'a>>,
    new: impl IntoIterator<Item = Entry<'b>>,
) -> Result<(), UpdateError> {
    let in_force: Vec<Entry<'_>> = in_force.into_iter().collect();
    let new: Vec<Entry<'_>> = new.into_iter().collect();
    // By key and name, and by key alone.
    let mut before: HashMap<(&[u8], Option<NameHashPrefix>), Vec<&Entry<'_>>> = HashMap::new();
    for entry in &in_force {
        for name in [None, Some(entry.name_hash())] {
            before.entry((entry.spki_value(), name)).or_default().push(entry);
        }
    }
    let lifted = |lifts: fn(&Entry<'_>, &Entry<'_>) -> bool| {
        let lifted = new.iter().filter(|new| {
            let of_name = before.get(&(new.spki_value(), Some(new.name_hash())));
            let of_key = || before.get(&(new.spki_value(), None));
            of_name
                .or_else(of_key)
                .is_some_and(|old| old.iter().all(|old| lifts(old, new)))
        });
        lifted.map(label).collect()
    };
    let error = UpdateError {
        lost: LostRoots::between(&in_force, &new),
        dates_lifted: lifted(lifts_date),
        constraints_lifted: lifted(lifts_constraints),
    };
    if error.lost.is_none() && error.dates_lifted.is_empty() && error.constraints_lifted.is_empty() {
        return Ok(());
    }
    Err(error)
}

fn lifts_date(old: &Entry<'_>, new: &Entry<'_>) -> bool {
    let lasts_longer = |old: u64| new.distrust_after().is_none_or(|new| new > old);
    old.distrust_after().is_some_and(lasts_longer)
}

fn lifts_constraints(old: &Entry<'_>, new: &Entry<'_>) -> bool {
    let still_hold = |old: &[u8]| new.name_constraints().is_some_and(|new| is_imposed_on(old, new));
    old.name_constraints().is_some_and(|old| !still_hold(old))
}

/// The reasons why a new list should not replace the one in force: at least one of these. Displayed as one line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct UpdateError {
    /// It lacks too many roots.
    pub lost: Option<LostRoots>,
    /// The [labels](crate::Root::label) of roots that were trusted up to a date, and now are for longer.
    pub dates_lifted: Vec<String>,
    /// The [labels](crate::Root::label) of roots whose name constraints were lifted.
    pub constraints_lifted: Vec<String>,
}

/// A new list lacks too many roots of the one in force.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LostRoots {
    /// The number of different keys in the list in force.
    pub in_force: usize,
    /// The [labels](crate::Root::label) of the roots that the new list lacks.
    pub lost: Vec<String>,
}

impl LostRoots {
    fn between(in_force: &[Entry<'_>], new: &[Entry<'_>]) -> Option<Self> {
        let kept: HashSet<&[u8]> = new.iter().map(Entry::spki_value).collect();
        let mut seen = HashSet::new();
        let first_of_key = in_force.iter().filter(|entry| seen.insert(entry.spki_value()));
        let lost: Vec<String> = first_of_key
            .filter(|entry| !kept.contains(entry.spki_value()))
            .map(label)
            .collect();
        let in_force = seen.len();
        (lost.len() * 5 > in_force).then_some(Self { in_force, lost })
    }
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

impl fmt::Display for UpdateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lost = self.lost.iter().map(ToString::to_string);
        let lifted = [
            ("distrust-after date", &self.dates_lifted),
            ("name constraints", &self.constraints_lifted),
        ];
        let lifted = lifted.into_iter().filter(|(_, roots)| !roots.is_empty());
        let lifted = lifted.map(|(what, roots)| {
            format!(
                "the new list lifts the {what} of {}: expected what is in force, or stricter",
                first_few(roots)
            )
        });
        f.write_str(&lost.chain(lifted).collect::<Vec<_>>().join("; "))
    }
}

fn first_few(roots: &[String]) -> String {
    const SHOWN: usize = 3;
    let first = roots.get(..SHOWN).unwrap_or(roots);
    match roots.len() - first.len() {
        0 => first.join(" and of "),
        more => format!("{} and of {more} more", first.join(", of ")),
    }
}

impl std::error::Error for UpdateError {}
