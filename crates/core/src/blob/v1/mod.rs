//! The trust blob, version 1: whole certificates, one after the other, and a table of key identifiers.
//!
//! All numbers are unsigned, most significant byte first.
//!
//! | at | size | what |
//! |---|---|---|
//! | `00` | 4 | the magic, `TBLB` |
//! | `04` | 2 | the version, 1 |
//! | `06` | 2 | the number of certificates, *n* |
//! | `08` | 4 | the generation: when the store was made, in Unix time |
//! | `0c` | 4 | where the table of certificate lengths is |
//! | `10` | 4 | where the table of SKID lengths is |
//! | `14` | 4 | where the SKIDs are |
//! | `18` | 4 | the length of the blob |
//! | `1c` | | the certificates in DER, in the order of the input |
//! | | 2*n* | their lengths |
//! | | *n* | the lengths of their SKIDs, 0 for a certificate that has none |
//! | | | the SKIDs |
//!
//! Offsets count from the start of the blob. There is nothing between the parts, and nothing after the last.
//!
//! **This form cannot carry Mozilla's conditions on a root that are not in its certificate**: the date up to which new
//! certificates are trusted, and imposed constraints.

mod fingerprint;
mod layout;
mod reader;
mod writer;

pub use layout::{MAX_LEN_OF_ONE_NAME, VERSION};
#[cfg(feature = "alloc")]
pub use writer::to_vec;
pub use writer::{encode, encoded_len};

pub(super) use fingerprint::Wanted;
pub(super) use reader::{Layout, Reader};
