//! The conditions that stores state for one name and key, and the anchors that they bind.

use super::Imposed;

/// The source of an anchor, which decides which other anchors its conditions bind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// A local store of the policy. Its conditions bind the anchors of all such stores and of all responses.
    Policy,
    /// A local store that was added as it is, by its index. Its conditions bind its own anchors only.
    AsItIs(usize),
    /// The CAs that a host is pinned to. Each is bound by its own certificate only.
    Pinned,
    /// The response of a deferred store, by its number. Its conditions bind its own anchors only.
    Response(usize),
}

impl Scope {
    /// Whether the conditions of an anchor of this scope bind one of the same name and key of the other.
    pub(crate) fn binds(self, other: Self) -> bool {
        match (self, other) {
            (Self::Policy, Self::Policy | Self::Response(_)) => true,
            (Self::AsItIs(one), Self::AsItIs(other)) | (Self::Response(one), Self::Response(other)) => {
                one == other
            }
            _ => false,
        }
    }

    /// Whether an anchor of this scope adds nothing to the same anchor of the other.
    pub(crate) fn adds_nothing_to(self, other: Self) -> bool {
        self == other || matches!((self, other), (Self::Response(_), Self::Policy))
    }
}

/// The conditions of all entries of one name and key together.
#[derive(Clone, Debug, Default)]
pub(crate) struct Conditions<'a> {
    /// The earliest date.
    pub(crate) distrust_after: Option<u64>,
    /// Each set of name constraints, once.
    pub(crate) name_constraints: Imposed<'a>,
}

impl<'a> Conditions<'a> {
    /// Adds the conditions of one more entry.
    pub(crate) fn add(&mut self, distrust_after: Option<u64>, name_constraints: Option<&'a [u8]>) {
        let dates = [self.distrust_after, distrust_after];
        self.distrust_after = dates.into_iter().flatten().min();
        if let Some(set) = name_constraints.filter(|set| !self.name_constraints.contains(set)) {
            self.name_constraints.push(set);
        }
    }

    /// The sets of name constraints without this one, which is the anchor's own.
    pub(crate) fn beside(self, own: Option<&[u8]>) -> Imposed<'a> {
        let mut imposed = self.name_constraints;
        imposed.retain(|set| Some(&**set) != own);
        imposed
    }
}
