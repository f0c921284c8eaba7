//! `NameConstraints`, and whether a name is within one of its subtrees.

use super::{NameConstraintsError, NameForm, Steps, directory, dns, ip};
use crate::der::{Reader, Tlv, tag};

/// The two lists of subtrees, which have been read.
pub(super) struct NameConstraints<'a> {
    permitted: &'a [u8],
    excluded: &'a [u8],
}

/// Which of the lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Subtrees {
    Permitted,
    Excluded,
}

/// A constraint or a name that is not of its form.
pub(super) struct NotUnderstood;

impl<'a> NameConstraints<'a> {
    /// `NameConstraints ::= SEQUENCE { permittedSubtrees [0] OPTIONAL, excludedSubtrees [1] OPTIONAL }`, its inside.
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
        let (mut is_constrained, mut is_permitted) = (false, false);
        for (of, base) in bases(self.permitted).flatten() {
            steps.take()?;
            if of != form {
                continue;
            }
            steps.take_for(form, base, name)?;
            is_constrained = true;
            is_permitted |= contains(Subtrees::Permitted, form, base, name)?;
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
            if contains(Subtrees::Excluded, form, base, name)? {
                return Err(NameConstraintsError::Excluded(form));
            }
        }
        Ok(())
    }
}

/// `GeneralSubtree ::= SEQUENCE { base GeneralName }`, one after the other; `None`, once, for what is not.
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

/// The Name in a directoryName, whose tag is explicit.
pub(super) fn directory_name(inside: &[u8]) -> Option<&[u8]> {
    let mut reader = Reader::new(inside);
    let name = reader.expect(tag::SEQUENCE)?;
    reader.is_at_end().then_some(name.whole)
}

/// Whether a name is within a subtree: surely if that permits it, possibly if that excludes it.
fn contains(
    subtrees: Subtrees,
    form: NameForm,
    base: &[u8],
    name: &[u8],
) -> Result<bool, NameConstraintsError> {
    let contains = match form {
        NameForm::Dns => dns::contains(subtrees, base, name),
        NameForm::IpAddress => ip::contains(base, name),
        NameForm::Directory => directory_name(base)
            .ok_or(NotUnderstood)
            .and_then(|base| directory::contains(subtrees, base, name)),
        _ => Err(NotUnderstood),
    };
    contains.map_err(|NotUnderstood| NameConstraintsError::NotUnderstood(form))
}
