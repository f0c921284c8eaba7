//! Writing a list in the forms that devices and programs read.

mod blob;
mod c_array;
mod error;
mod options;
pub(crate) mod webroot;

pub use blob::{EncodedBlob, certificates_of, encode_blob, fitting_version_2, write_blob};
pub use c_array::c_array;
pub use error::{LostConditions, OutputError};
pub use options::{BlobOptions, BlobVersion, KeyEntries, Replace};
pub use webroot::{WrittenWebroot, write_webroot};
