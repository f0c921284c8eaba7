//! Writing a list in the forms that devices and programs read.

mod blob;
mod c_array;
mod error;
mod options;
mod webroot;

pub use blob::{EncodedBlob, certificates_of, encode_blob, fitting_version_2, write_blob};
pub(crate) use blob::{certificates, encode};
pub use c_array::c_array;
pub use error::{LostConditions, OutputError};
pub use options::{BlobOptions, BlobVersion};
pub use webroot::{KeyEntries, WrittenWebroot, write_webroot};

/// What a store may take the place of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Replace {
    /// Not of a store of a newer generation: trust that was taken back stays taken back.
    #[default]
    UnlessNewer,
    /// Of a store of any generation, because a user insists.
    Always,
}

impl Replace {
    /// Whether a store of the generation `new` may replace one of the generation `found`.
    fn allows(self, found: u32, new: u32) -> bool {
        self == Self::Always || found <= new
    }
}
