//! The conditions that are stated for one name and key, and which anchors they bind.

use super::Imposed;

/// Where an anchor comes from, as far as that decides which anchors its conditions bind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// A local store of the policy. What it says binds the anchors of all local stores and of all answers.
    Policy,
    /// A local store that was added as it is, by its place. It follows its own statements, and they bind no other's.
    AsItIs(usize),
    /// The CAs that a host is pinned to. Each follows its own certificate.
    Pinned,
    /// The answer of a store that may answer later, by its number. It binds itself.
    Response(usize),
}

impl Scope {
    /// Whether what an anchor from here says binds one of the same name and key from there.
    pub(crate) fn binds(self, other: Self) -> bool {
        match (self, other) {
            (Self::Policy, Self::Policy | Self::Response(_)) => true,
            (Self::AsItIs(one), Self::AsItIs(other)) | (Self::Response(one), Self::Response(other)) => {
                one == other
            }
            _ => false,
        }
    }

    /// Whether an anchor from here says and allows nothing more than the same anchor from there.
    pub(crate) fn adds_nothing_to(self, other: Self) -> bool {
        self == other || matches!((self, other), (Self::Response(_), Self::Policy))
    }
}

/// What several entries say of one name and key together.
#[derive(Clone, Debug, Default)]
pub(crate) struct Conditions<'a> {
    /// The earliest date.
    pub(crate) distrust_after: Option<u64>,
    /// Each set of name constraints, once.
    pub(crate) name_constraints: Imposed<'a>,
}

impl<'a> Conditions<'a> {
    /// Takes over what one more entry says.
    pub(crate) fn hear(&mut self, distrust_after: Option<u64>, name_constraints: Option<&'a [u8]>) {
        let dates = [self.distrust_after, distrust_after];
        self.distrust_after = dates.into_iter().flatten().min();
        if let Some(set) = name_constraints.filter(|set| !self.name_constraints.contains(set)) {
            self.name_constraints.push(set);
        }
    }

    /// The sets of name constraints that are not this one, an anchor's own.
    pub(crate) fn beside(self, own: Option<&[u8]>) -> Imposed<'a> {
        let mut imposed = self.name_constraints;
        imposed.retain(|set| Some(&**set) != own);
        imposed
    }
}
