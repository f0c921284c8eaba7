//! The trust blob, version 2: trust anchors with their conditions, in indexes by name and by key identifier.
//!
//! `docs/trust-blob.md` describes it byte by byte. In short: a header lists sections; the anchors' records hold what
//! webpki needs of an anchor, Mozilla's conditions, and what a library that takes certificates checks; the
//! names of the anchors are there as the first 16 bytes of their hashes, because a caller that looks for an anchor has its
//! name. Names and whole certificates are optional. A CRC-32C detects damage to any of it.

mod by_key_id;
mod by_name;
mod checksum;
mod layout;
mod reader;
mod record;
mod sort;
mod table;
mod writer;

pub use layout::{MAX_LEN_OF_ONE_NAME, VERSION};
#[cfg(feature = "alloc")]
pub use writer::to_vec;
pub use writer::{Options, encode, encoded_len};

pub(crate) use reader::{Layout, Reader};
pub(crate) use record::Record;
