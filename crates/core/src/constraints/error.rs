//! The error of a path that does not conform to its name constraints.

use core::fmt;

use super::form::NameForm;

/// The reason why a path does not conform to the name constraints of its anchor or of a CA in it, or cannot be checked against
/// them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NameConstraintsError {
    /// A certificate has a name of this form that is in none of the permitted subtrees.
    NotPermitted(NameForm),
    /// A certificate has a name of this form that is, or could be, in an excluded subtree.
    Excluded(NameForm),
    /// A certificate has a name of this form, which is constrained, and the name or the constraint cannot be compared.
    NotUnderstood(NameForm),
    /// The constraints of a CA cannot be read, or have a minimum or a maximum.
    Malformed,
    /// A name in a certificate that is constrained cannot be read.
    MalformedName,
    /// There are too many names and constraints.
    TooMany,
}

impl fmt::Display for NameConstraintsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotPermitted(form) => write!(
                f,
                "a {form} in the path is not in the names that a CA above it is constrained to"
            ),
            Self::Excluded(form) => write!(
                f,
                "a {form} in the path is in the names that a CA above it is barred from"
            ),
            Self::NotUnderstood(form) => write!(
                f,
                "a CA is constrained in a {form}, a certificate below it has one, and the two cannot be compared"
            ),
            Self::Malformed => f.write_str("the name constraints of a CA cannot be read"),
            Self::MalformedName => {
                f.write_str("a certificate below a CA with name constraints has a name that cannot be read")
            }
            Self::TooMany => f.write_str("there are too many names and name constraints in the path"),
        }
    }
}

impl core::error::Error for NameConstraintsError {}
