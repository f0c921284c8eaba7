//! `NameConstraints`: the permitted and the excluded subtrees, and whether a name conforms to them.

use super::error::NameConstraintsError;
use super::form::{NameForm, NotUnderstood, Subtrees, contains};
use crate::der::{Reader, Tlv, tag};

/// The two lists of subtrees, which were read.
pub(super) struct NameConstraints<'a> {
    permitted: &'a [u8],
    excluded: &'a [u8],
}

impl<'a> NameConstraints<'a> {
    /// Reads the value of `NameConstraints ::= SEQUENCE { permittedSubtrees [0] OPTIONAL, excludedSubtrees [1] OPTIONAL }`.
    pub(super) fn read(inside: &'a [u8]) -> Result<Self, NameConstraintsError> {
        let mut reader = Reader::new(inside);
        let mut list = |number| {
            let list = reader.expect(tag::context_constructed(number));
            list.map(|list| list.value).unwrap_or_default()
        };
        let (permitted, excluded) = (list(0), list(1));
        let are_read = |list| bases(list).all(|base| base.is_some());
        if !reader.is_at_end() || !are_read(permitted) || !are_read(excluded) {
            return Err(NameConstraintsError::Malformed);
        }
        Ok(Self { permitted, excluded })
    }

    /// Checks one name.
    pub(super) fn check(
        &self,
        form: NameForm,
        name: &[u8],
        steps: &mut Steps,
    ) -> Result<(), NameConstraintsError> {
        steps.take()?;
        let not_understood = |NotUnderstood| NameConstraintsError::NotUnderstood(form);
        let (mut is_constrained, mut is_permitted) = (false, false);
        for (of, base) in bases(self.permitted).flatten() {
            steps.take()?;
            if of != form {
                continue;
            }
            steps.take_for(form, base, name)?;
            is_constrained = true;
            is_permitted |= contains(Subtrees::Permitted, form, base, name).map_err(not_understood)?;
        }
        if is_constrained && !is_permitted {
            return Err(NameConstraintsError::NotPermitted(form));
        }
        for (of, base) in bases(self.excluded).flatten() {
            steps.take()?;
            if of != form {
                continue;
            }
            steps.take_for(form, base, name)?;
            if contains(Subtrees::Excluded, form, base, name).map_err(not_understood)? {
                return Err(NameConstraintsError::Excluded(form));
            }
        }
        Ok(())
    }
}

/// Each `GeneralSubtree ::= SEQUENCE { base GeneralName }`; `None`, once, where something else follows.
fn bases(list: &[u8]) -> impl Iterator<Item = Option<(NameForm, &[u8])>> {
    let mut list = Reader::new(list);
    core::iter::from_fn(move || {
        if list.is_at_end() {
            return None;
        }
        let base = list.expect(tag::SEQUENCE).and_then(base);
        if base.is_none() {
            list = Reader::new(&[]);
        }
        Some(base)
    })
}

fn base(subtree: Tlv<'_>) -> Option<(NameForm, &[u8])> {
    let mut fields = Reader::new(subtree.value);
    let base = fields.read()?;
    let form = NameForm::of_tag(base.tag)?;
    fields.is_at_end().then_some((form, base.value))
}

/// The largest number of steps, which are names and comparisons, of one check: that of webpki.
const MAX_STEPS: u32 = 250_000;

/// The rest of the steps that a check may take.
pub(super) struct Steps(u32);

impl Steps {
    pub(super) fn new() -> Self {
        Self(MAX_STEPS)
    }

    pub(super) fn take(&mut self) -> Result<(), NameConstraintsError> {
        self.take_several(1)
    }

    fn take_several(&mut self, several: u32) -> Result<(), NameConstraintsError> {
        self.0 = self.0.checked_sub(several).ok_or(NameConstraintsError::TooMany)?;
        Ok(())
    }

    /// The further steps of one comparison: a directory name is read part by part, and no part is shorter.
    fn take_for(&mut self, form: NameForm, base: &[u8], name: &[u8]) -> Result<(), NameConstraintsError> {
        const SHORTEST_PART: usize = 9;
        match form {
            NameForm::Directory => {
                let parts = base.len().saturating_add(name.len()) / SHORTEST_PART;
                self.take_several(u32::try_from(parts).map_err(|_| NameConstraintsError::TooMany)?)
            }
            _ => Ok(()),
        }
    }
}
