//! Writing a list in the forms that devices and programs read.

mod atomic;
mod blob;
mod c_array;
mod error;
mod webroot;

pub use atomic::write_file;
pub use blob::{EncodedBlob, encode_blob};
pub use c_array::c_array;
pub use error::{LostConditions, OutputError};
pub use webroot::{KeyEntries, WrittenWebroot, write_webroot};
