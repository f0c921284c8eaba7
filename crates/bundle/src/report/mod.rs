//! What is in a list, for people and programs.

mod diff;
mod record;
mod summary;

pub use diff::{Changed, Diff, Field};
pub use record::Record;
pub use summary::{Expiry, Summary};
