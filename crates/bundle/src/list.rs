//! The list of roots that is made of all inputs.

use crate::{BlobVersion, InputError, Note, Root};

/// What happens to a certificate that cannot be read, says that it is not a CA, or is distrusted elsewhere in the list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Policy {
    /// The first one refuses the input: for making a list.
    #[default]
    Strict,
    /// Each one is left out, and listed in [`RootList::left_out`].
    SkipInvalid,
    /// For using a list that is there: every certificate that can be read is an anchor, as webpki has it. One that
    /// says that it is not a CA gets a note; one that cannot be read, or that is distrusted elsewhere in the list, is left
    /// out, and listed; damage around a certificate, such as bad Base64, refuses the input.
    ///
    /// Conditions are those that bind a client that looks roots up in the store. A webroot is asked for its blobs, and those
    /// of version 1 carry none: what its `index.json` says beside them is for making other lists, and is taken only
    /// under the other policies.
    Store,
}

/// The form an input was found to have.
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
    /// p11-kit's own form: PEM, and what it says of each certificate.
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
    /// The form it was found to have.
    pub form: Form,
    /// The version of the trust blob, or of those of the webroot: the oldest, if there are several.
    pub blob_version: Option<BlobVersion>,
    /// When the store was made, in Unix time, if it is one that says so.
    pub generation: Option<u32>,
    pub(crate) carries_conditions: bool,
}

impl Source {
    /// Whether the source says under which conditions a root is trusted: `mozilla`, `certdata.txt`, CCADB's reports with
    /// such columns, p11-kit's list, a webroot with its `index.json`, and whatever has trust blobs of version 2. Under [`Policy::Store`] a webroot with
    /// blobs of version 1 does not.
    pub fn carries_conditions(&self) -> bool {
        self.carries_conditions
    }
}

/// Roots in the order of the inputs, each once. There is at least one, but under [`Policy::Store`], where trust blobs may
/// hold none: parts of a store are blobs of their own.
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

    /// What was read, in order.
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// What was left out because it is invalid, where it stands, and why.
    pub fn left_out(&self) -> &[InputError] {
        &self.left_out
    }

    /// What else was noticed.
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// The newest generation among the inputs that have one.
    pub fn generation(&self) -> Option<u32> {
        self.sources.iter().filter_map(|source| source.generation).max()
    }
}
