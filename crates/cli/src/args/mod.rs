//! Arguments that several commands have, and values of options, each checked where it is read.

mod trust_by;
pub(crate) mod value;

pub(crate) use trust_by::{Pin, TrustArgs, TrustBy};
