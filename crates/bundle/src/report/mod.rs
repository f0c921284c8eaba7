//! What is in a list, for people and programs.

mod record;
mod summary;

pub use record::Record;
pub use summary::{Expiry, Summary};
