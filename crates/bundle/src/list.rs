//! The list of the roots of all inputs.

use crate::{BlobVersion, InputError, Note, Root};

/// The treatment of a certificate that cannot be read, states that it is not a CA's, or is distrusted elsewhere in the list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Policy {
    /// The input is refused at the first one: for making a list.
    #[default]
    Strict,
    /// Each one is left out, and listed in [`RootList::left_out`].
    SkipInvalid,
    /// For using an existing list: every certificate that can be read is an anchor, as with webpki. One that states that it is
    /// not a CA's gets a note. One that cannot be read, or that is distrusted elsewhere in the list, is left out and listed.
    /// Damage around a certificate, such as bad Base64, is an error.
    ///
    /// The conditions are those that bind a client of the store. A client of a webroot reads its blobs, and those of version 1
    /// have no conditions. The conditions in `index.json` are for making other lists, and are read only under the other
    /// policies.
    Store,
}

/// The detected form of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Form {
    /// PEM (RFC 7468).
    Pem,
    /// One certificate in DER.
    Der,
    /// A directory of PEM and DER files.
    Directory,
    /// NSS's `certdata.txt`.
    Certdata,
    /// One of CCADB's reports in CSV, with PEM.
    Ccadb,
    /// p11-kit's own form: PEM, with statements about each certificate.
    P11Kit,
    /// PKCS #7, or CMS: certificates without a signature.
    SignedData,
    /// A trust blob.
    Blob,
    /// A webroot.
    Webroot,
    /// A webroot of another tool, without an `index.json`: bare certificates.
    BareWebroot,
    /// Mozilla's list as it was compiled in.
    Mozilla,
}

/// One of the inputs that a list was read from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Source {
    /// The path as it was given, or `mozilla`.
    pub name: String,
    /// Its detected form.
    pub form: Form,
    /// The version of the trust blob, or of those of the webroot: the oldest, if there are several.
    pub blob_version: Option<BlobVersion>,
    /// The generation of the store, in Unix time, if it has one.
    pub generation: Option<u32>,
    pub(crate) carries_conditions: bool,
}

impl Source {
    /// Whether the source states the conditions of roots: `mozilla`, `certdata.txt`, CCADB's reports with such columns, p11-kit's
    /// list, a webroot with its `index.json`, and trust blobs of version 2, alone or in a webroot. Under [`Policy::Store`] a
    /// webroot with blobs of version 1 does not.
    pub fn carries_conditions(&self) -> bool {
        self.carries_conditions
    }
}

/// Roots in the order of the inputs, each once. There is at least one, except under [`Policy::Store`], where trust blobs may be
/// empty: the parts of a store are separate blobs.
#[derive(Debug, Default)]
pub struct RootList {
    pub(crate) roots: Vec<Root>,
    pub(crate) sources: Vec<Source>,
    pub(crate) left_out: Vec<InputError>,
    pub(crate) notes: Vec<Note>,
}

impl RootList {
    /// The roots.
    pub fn roots(&self) -> &[Root] {
        &self.roots
    }

    /// The inputs, in order.
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// The invalid certificates that were left out, with their places and the reasons.
    pub fn left_out(&self) -> &[InputError] {
        &self.left_out
    }

    /// Everything else that was noticed.
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// The newest generation among the inputs that have one.
    pub fn generation(&self) -> Option<u32> {
        self.sources.iter().filter_map(|source| source.generation).max()
    }
}
