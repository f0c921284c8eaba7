//! A section with a value of any length for each anchor: the ends of all values, and then the values.

use super::super::bytes::{Cursor, usize_at};

/// The length of a place in the list of ends.
pub(super) const END_LEN: usize = 4;

/// The names, or the certificates, of all anchors, in the order of the index by name. An empty value means that there is none.
#[derive(Clone, Copy)]
pub(super) struct Table<'a> {
    ends: &'a [u8],
    values: &'a [u8],
}

impl<'a> Table<'a> {
    /// The table of these ends and values, which was checked before.
    pub(super) fn of([ends, values]: [&'a [u8]; 2]) -> Self {
        Self { ends, values }
    }

    /// The ends, and the values.
    pub(super) fn parts(&self) -> [&'a [u8]; 2] {
        [self.ends, self.values]
    }

    /// Checks that each value ends where the list says, none before the one before it, and the last with the section.
    pub(super) fn read(section: &'a [u8], count: usize) -> Option<Self> {
        let mut cursor = Cursor(section);
        let ends = cursor.take(count.checked_mul(END_LEN)?)?;
        let table = Self {
            ends,
            values: cursor.0,
        };
        let mut start = 0;
        for index in 0..count {
            let end = table.end(index)?;
            if end < start {
                return None;
            }
            start = end;
        }
        (start == table.values.len()).then_some(table)
    }

    /// The value of the anchor at this position of the index by name, if it has one.
    pub(super) fn get(&self, position: usize) -> Option<&'a [u8]> {
        let start = match position.checked_sub(1) {
            Some(before) => self.end(before)?,
            None => 0,
        };
        let value = self.values.get(start..self.end(position)?)?;
        (!value.is_empty()).then_some(value)
    }

    fn end(&self, index: usize) -> Option<usize> {
        usize_at(self.ends, index.checked_mul(END_LEN)?)
    }
}
