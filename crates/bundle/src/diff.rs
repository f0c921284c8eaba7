//! The differences between an old list and a new one.

use std::collections::{HashMap, VecDeque};

use serde::Serialize;

use crate::{Fingerprint, Record, Root, RootList};

/// The differences between an old list and a new one. Serialised with the names of these fields, in this order.
///
/// Roots are identified by their key, `spki_sha256`, so that lists of any form can be compared. A key may be in a list several
/// times: under two names, or renewed. Of the roots with one key, those that are equal in both lists are matched first, then
/// those with the same name, then the rest in the order of the lists. Roots without a match were added or removed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Diff {
    /// The roots that only the new list has, in its order.
    pub added: Vec<Record>,
    /// The roots that only the old list has, in its order.
    pub removed: Vec<Record>,
    /// The roots that both lists have with differences, in the order of the old list.
    pub changed: Vec<Changed>,
}

/// A root that has changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Changed {
    /// SHA-256 over its subject public key info, in lower-case hex.
    pub spki_sha256: String,
    /// The fields that have changed; at least one.
    pub fields: Vec<Field>,
    /// The root in the old list.
    pub old: Record,
    /// The root in the new list.
    pub new: Record,
}

/// A property of a root that can change while its key stays. Serialised, and named, as its field in a [`Record`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Field {
    /// The name. Names are compared by their hashes, so a name that a list does not hold has not changed.
    Subject,
    /// The subject key identifier.
    Skid,
    /// The certificate, where both lists have it; otherwise its other fields: the serial number, and the permitted uses of the
    /// key.
    Sha256,
    /// The first second of the validity period.
    NotBefore,
    /// The last second of the validity period.
    NotAfter,
    /// The date up to which certificates are trusted. In a form that cannot hold dates, there is none.
    DistrustAfter,
    /// The name constraints, those of the certificate or those imposed on it.
    NameConstraints,
}

impl Diff {
    /// Compares two lists.
    pub fn between(old: &RootList, new: &RootList) -> Self {
        let pairs = pairs(old.roots(), new.roots());
        let mut diff = Self::default();
        for (old, new) in old.roots().iter().zip(&pairs.of_old) {
            match new {
                Some(new) => diff.changed.extend(Changed::between(old, new)),
                None => diff.removed.push(Record::of(old)),
            }
        }
        diff.added = pairs.left_over.into_iter().map(Record::of).collect();
        diff
    }

    /// Whether there is no difference.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty()
    }
}

impl Changed {
    fn between(old: &Root, new: &Root) -> Option<Self> {
        let fields = changes(old, new);
        (!fields.is_empty()).then(|| Self {
            spki_sha256: old.spki_fingerprint().to_string(),
            fields,
            old: Record::of(old),
            new: Record::of(new),
        })
    }
}

impl Field {
    /// The name of the field of a [`Record`].
    pub fn name(self) -> &'static str {
        match self {
            Self::Subject => "subject",
            Self::Skid => "skid",
            Self::Sha256 => "sha256",
            Self::NotBefore => "not_before",
            Self::NotAfter => "not_after",
            Self::DistrustAfter => "distrust_after",
            Self::NameConstraints => "name_constraints",
        }
    }

    /// The value of that field of a record, as text.
    pub fn value_in(self, record: &Record) -> Option<String> {
        match self {
            Self::Subject => record.subject.clone(),
            Self::Skid => record.skid.clone(),
            Self::Sha256 => record.sha256.clone(),
            Self::NotBefore => record.not_before.clone(),
            Self::NotAfter => record.not_after.clone(),
            Self::DistrustAfter => record.distrust_after.clone(),
            Self::NameConstraints => record.name_constraints.as_ref().map(ToString::to_string),
        }
    }
}

fn changes(old: &Root, new: &Root) -> Vec<Field> {
    let certificates_differ = match (old.der(), new.der()) {
        (Some(old), Some(new)) => old != new,
        _ => false,
    };
    let (old, new) = (old.entry(), new.entry());
    let rest_differs = old.serial() != new.serial() || old.profile() != new.profile();
    let differ = [
        (Field::Subject, old.name_hash() != new.name_hash()),
        (Field::Skid, old.subject_key_id() != new.subject_key_id()),
        (Field::Sha256, certificates_differ || rest_differs),
        (Field::NotBefore, old.not_before() != new.not_before()),
        (Field::NotAfter, old.not_after() != new.not_after()),
        (Field::DistrustAfter, old.distrust_after() != new.distrust_after()),
        (
            Field::NameConstraints,
            old.name_constraints() != new.name_constraints(),
        ),
    ];
    differ
        .into_iter()
        .filter(|(_, differs)| *differs)
        .map(|(field, _)| field)
        .collect()
}

/// The matching of the roots of both lists.
struct Pairs<'n> {
    /// For each root of the old list, in order.
    of_old: Vec<Option<&'n Root>>,
    /// The rest of the new list, in order.
    left_over: Vec<&'n Root>,
}

fn pairs<'n>(old: &[Root], new: &'n [Root]) -> Pairs<'n> {
    let named = |root: &Root| (root.spki_fingerprint(), root.entry().name_hash());
    let mut of_name: HashMap<_, Vec<usize>> = HashMap::new();
    for (index, root) in new.iter().enumerate() {
        of_name.entry(named(root)).or_default().push(index);
    }
    let mut of_old: Vec<Option<usize>> = vec![None; old.len()];
    let belong_together: [fn(&Root, &Root) -> bool; 2] =
        [|old, new| changes(old, new).is_empty(), |_same_name, _| true];
    for belong_together in belong_together {
        for (old, pair) in old.iter().zip(&mut of_old).filter(|(_, pair)| pair.is_none()) {
            let Some(candidates) = of_name.get_mut(&named(old)) else {
                continue;
            };
            let is_it = |index: &usize| new.get(*index).is_some_and(|new| belong_together(old, new));
            let found = candidates.iter().position(is_it);
            *pair = found.map(|found| candidates.remove(found));
        }
    }
    let mut of_key: HashMap<Fingerprint, VecDeque<usize>> = HashMap::new();
    let mut rest: Vec<usize> = of_name.into_values().flatten().collect();
    rest.sort_unstable();
    for (index, root) in rest
        .into_iter()
        .filter_map(|index| Some((index, new.get(index)?)))
    {
        of_key
            .entry(root.spki_fingerprint())
            .or_default()
            .push_back(index);
    }
    for (old, pair) in old.iter().zip(&mut of_old).filter(|(_, pair)| pair.is_none()) {
        let candidates = of_key.get_mut(&old.spki_fingerprint());
        *pair = candidates.and_then(VecDeque::pop_front);
    }
    let mut left_over: Vec<usize> = of_key.into_values().flatten().collect();
    left_over.sort_unstable();
    Pairs {
        of_old: of_old.into_iter().map(|index| new.get(index?)).collect(),
        left_over: left_over.into_iter().filter_map(|index| new.get(index)).collect(),
    }
}
