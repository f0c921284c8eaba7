//! The trust blob, version 2: trust anchors with their conditions, in indexes by name and by key identifier.
//!
//! `docs/trust-blob.md` describes it byte by byte. In short: a header lists sections. The record of an anchor has the fields
//! that webpki needs, Mozilla's conditions, and the fields that a library which takes certificates checks. Of each name, the
//! blob has only the first 16 bytes of the hash, because a caller that looks up an anchor knows its name. Names and whole
//! certificates are optional. A CRC-32C detects damage to any part of it.

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
