//! Notes about a list that are not errors.

use std::fmt;

use crate::shown::shown;
use crate::{Conditions, NameConstraints, PassedOver, Place, rfc3339};

/// Something that was noticed while reading, in one line.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Note {
    /// The place.
    pub place: Place,
    /// The note.
    pub kind: NoteKind,
}

/// The kind of a note.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NoteKind {
    /// A certificate of a store says that it is not a CA. It was taken.
    NotACa {
        /// Its subject.
        subject: String,
    },
    /// The same root was in the list before, and keeps its position. The stricter of both conditions applies; the name and the
    /// certificate come from the copy that has them.
    Duplicate {
        /// The place of the first copy.
        of: Place,
    },
    /// A PEM section that is not a certificate was skipped.
    OtherSection {
        /// Its label.
        label: String,
    },
    /// A PEM section was skipped whose certificate is trusted, by the section itself, but not for servers.
    SectionNotForServers {
        /// Its label.
        label: String,
    },
    /// A certificate in PEM was skipped because all of its lines are comments.
    CommentedOut,
    /// Something in a directory of certificates was skipped.
    PassedOver(PassedOver),
    /// Certificates that the input itself does not trust for servers were skipped.
    NotForServers {
        /// Their number.
        count: usize,
    },
    /// Rows of a report were skipped whose roots are no longer in the root program, or not yet.
    NotIncluded {
        /// Their number.
        count: usize,
        /// The program: that of Mozilla or Microsoft.
        program: &'static str,
    },
    /// A report lacks a column that would say what roots are trusted for, or under which conditions.
    MissingColumn {
        /// The name of the column.
        column: &'static str,
    },
    /// The input has no conditions: a root that Mozilla trusts up to a date, or only for some domains, is in the list without
    /// them.
    CarriesNoConditions,
    /// A root of the list has no distrust-after date, but another one with the same key has one: certificates that the date
    /// excludes are still trusted where a path leads to the root without a date.
    DatedElsewhere {
        /// The [label](crate::Root::label) of the root without a date.
        subject: String,
        /// The root with a date.
        dated: String,
        /// The place of that root.
        dated_at: Place,
    },
    /// A root of the list has no imposed name constraints, but another one with the same key has: names that these exclude are
    /// still trusted where a path leads to the root without them.
    ConstrainedElsewhere {
        /// The [label](crate::Root::label) of the root without name constraints.
        subject: String,
        /// The root with name constraints.
        constrained: String,
        /// The place of that root.
        constrained_at: Place,
    },
    /// Mozilla trusts a root only under these conditions, by the compiled-in list. The form of the input cannot hold them.
    ConditionsOfMozilla {
        /// The [label](crate::Root::label) of the root.
        subject: String,
        /// The conditions that are missing.
        conditions: Conditions,
    },
}

impl Note {
    /// Whether it says why a certificate, or what may have been meant for one, is not in the list.
    pub(crate) fn is_of_certificates(&self) -> bool {
        match &self.kind {
            NoteKind::OtherSection { .. }
            | NoteKind::SectionNotForServers { .. }
            | NoteKind::CommentedOut
            | NoteKind::PassedOver(_)
            | NoteKind::NotForServers { .. }
            | NoteKind::NotIncluded { .. } => true,
            NoteKind::NotACa { .. }
            | NoteKind::Duplicate { .. }
            | NoteKind::MissingColumn { .. }
            | NoteKind::CarriesNoConditions
            | NoteKind::DatedElsewhere { .. }
            | NoteKind::ConstrainedElsewhere { .. }
            | NoteKind::ConditionsOfMozilla { .. } => false,
        }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.kind)
    }
}

impl fmt::Display for NoteKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotACa { subject } => write!(f, "{subject} says that it is not a CA; taken anyway"),
            Self::Duplicate { of } => write!(f, "the same root as at {of}; merged"),
            Self::OtherSection { label } => {
                write!(f, "a section {} is not a certificate; passed over", shown(label))
            }
            Self::SectionNotForServers { label } => {
                write!(f, "a section {} is not trusted for servers; passed over", shown(label))
            }
            Self::CommentedOut => f.write_str("a certificate is commented out; passed over"),
            Self::PassedOver(passed_over) => passed_over.fmt(f),
            Self::NotForServers { count } => {
                write!(f, "{} not trusted for servers; passed over", certificates(*count))
            }
            Self::NotIncluded { count, program } => write!(
                f,
                "{} not included in {program}'s program; passed over",
                certificates(*count)
            ),
            Self::MissingColumn { column: "Trust Bits" } => f.write_str(
                "no column \"Trust Bits\": every root in it is taken for servers, as in a report that was fetched for \
                 such roots alone (?TrustBitsInclude=Websites)",
            ),
            Self::MissingColumn { column } => {
                write!(
                    f,
                    "no column \"{column}\": its conditions, if there are any, are not known"
                )
            }
            Self::CarriesNoConditions => f.write_str(
                "this form carries no distrust-after dates and no imposed name constraints, which Mozilla's list has \
                 for some roots; certdata.txt, CCADB's report and trust blobs of version 2 carry them",
            ),
            Self::DatedElsewhere {
                subject,
                dated,
                dated_at,
            } => write!(
                f,
                "{subject} has no distrust-after date, but {dated}, with the same key, has one at {dated_at}"
            ),
            Self::ConstrainedElsewhere {
                subject,
                constrained,
                constrained_at,
            } => write!(
                f,
                "{subject} has no imposed name constraints, but {constrained}, with the same key, has some at \
                 {constrained_at}"
            ),
            Self::ConditionsOfMozilla { subject, conditions } => {
                write!(f, "Mozilla trusts {subject} only for certificates")?;
                if let Some(date) = conditions.distrust_after {
                    let date = rfc3339(date).unwrap_or_else(|| date.to_string());
                    write!(f, " issued up to {date}")?;
                }
                if let Some(constraints) = &conditions.name_constraints {
                    write!(f, " for some names ({})", NameConstraints::of(constraints))?;
                }
                f.write_str(
                    "; this form cannot say so, and it is trusted for all: certdata.txt, CCADB's report and trust \
                     blobs of version 2 can",
                )
            }
        }
    }
}

/// So many certificates and the verb.
fn certificates(count: usize) -> String {
    match count {
        1 => "1 certificate is".to_owned(),
        count => format!("{count} certificates are"),
    }
}
