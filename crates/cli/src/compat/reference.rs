//! The sites that libwebsockets' JIT trust was tried with, and how they fared there. `reference.tsv` says where the table
//! is from.

use serde::Serialize;

const TABLE: &str = include_str!("reference.tsv");

/// How a site fared over one version of HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Mark {
    Works,
    Fails,
    /// Nothing is said.
    Blank,
}

impl Mark {
    fn named(name: &str) -> Option<Self> {
        match name {
            "works" => Some(Self::Works),
            "fails" => Some(Self::Fails),
            "blank" => Some(Self::Blank),
            _ => None,
        }
    }

    /// As the table shows it.
    pub(super) fn sign(self) -> &'static str {
        match self {
            Self::Works => "✓",
            Self::Fails => "✕",
            Self::Blank => "",
        }
    }
}

/// A row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Reference {
    #[serde(skip)]
    pub(super) host: &'static str,
    pub(super) h1: Mark,
    pub(super) h2: Mark,
    pub(super) comment: &'static str,
}

/// All rows, in the table's order.
pub(super) fn rows() -> impl Iterator<Item = Reference> {
    let lines = TABLE.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| {
        let mut fields = line.split('\t');
        Some(Reference {
            host: fields.next()?,
            h1: Mark::named(fields.next()?)?,
            h2: Mark::named(fields.next()?)?,
            comment: fields.next()?,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_table_is_a_row() {
        let lines = TABLE.lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!((lines, rows().count()), (156, 156));
    }
}
