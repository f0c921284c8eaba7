//! What a webroot consists of, below the reader and the writer of it.

pub(crate) mod index;
pub(crate) mod plan;
