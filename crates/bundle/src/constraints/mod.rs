//! Name constraints (RFC 5280 section 4.2.1.10): those that a list imposes on a root, and constraints as text.
//!
//! Everywhere in this crate, constraints are the value of the `NameConstraints` SEQUENCE, without its header.

mod domain;
mod impose;
mod subtrees;
mod view;

pub(crate) use domain::Domain;
pub(crate) use impose::{impose, is_imposed_on};
pub use view::NameConstraints;

/// Whether these bytes have the structure of constraints.
pub(crate) fn are_readable(constraints: &[u8]) -> bool {
    subtrees::Subtrees::read(constraints).is_some()
}
