//! `index.json`, what a webroot says of itself.

use serde::{Deserialize, Serialize};

/// The names of the files and folders of a webroot.
pub(crate) mod path {
    pub(crate) const INDEX: &str = "index.json";
    pub(crate) const BUNDLE: &str = "bundle.tblb";
    pub(crate) const DER: &str = "der";
    pub(crate) const BY_SKID: &str = "by-skid";
    pub(crate) const BY_ISSUER: &str = "by-iss";
    pub(crate) const BY_SUBJECT: &str = "by-subject";
}

/// What tells our index from any other file of that name.
pub(crate) const FORMAT: &str = "jit-trust webroot";

/// The version of the index and of the layout around it.
pub(crate) const VERSION: u32 = 1;

/// A webroot's content. All paths are relative to the webroot, with `/` between their parts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Index {
    pub(crate) format: String,
    pub(crate) version: u32,
    /// When the store was made, in Unix time.
    pub(crate) generation: u32,
    /// The same in RFC 3339.
    pub(crate) generated_at: Option<String>,
    pub(crate) bundle: IndexedFile,
    /// In the order of the list.
    pub(crate) roots: Vec<IndexedRoot>,
    /// The keys that several roots share, of which the first got it.
    pub(crate) collisions: Vec<Collision>,
    /// The roots that are not to be found under a key.
    pub(crate) without_key: Vec<WithoutKey>,
}

/// A file, and how to know that it is whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct IndexedFile {
    pub(crate) path: String,
    pub(crate) len: usize,
    pub(crate) sha256: String,
}

/// One root.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct IndexedRoot {
    pub(crate) subject: String,
    pub(crate) sha256: String,
    pub(crate) spki_sha256: String,
    pub(crate) skid: Option<String>,
    pub(crate) not_before: Option<String>,
    pub(crate) not_after: Option<String>,
    /// Mozilla's conditions, which neither the certificate nor a blob of version 1 can hold.
    pub(crate) distrust_after: Option<u64>,
    pub(crate) applied_constraints: Vec<String>,
    /// The certificate.
    pub(crate) der: String,
    /// The paths under which a client finds this root's certificate.
    pub(crate) keys: Vec<String>,
    /// The blob with every root of this one's name.
    pub(crate) by_subject: String,
}

/// A key that several roots share.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Collision {
    pub(crate) key: String,
    /// The certificate that is to be found under it.
    pub(crate) der: String,
    /// The certificates that are not.
    pub(crate) hidden: Vec<String>,
}

/// A root that has no such key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WithoutKey {
    pub(crate) der: String,
    /// The folder in which it has no entry.
    pub(crate) folder: String,
    pub(crate) reason: Reason,
}

/// Why a root has no such key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Reason {
    /// The certificate does not have one.
    Absent,
    /// It would make too long a file name.
    TooLong,
}

impl Index {
    /// Reads an index; `None` when it is none of ours.
    pub(crate) fn read(json: &[u8]) -> Option<Result<Self, serde_json::Error>> {
        #[derive(Deserialize)]
        struct Format {
            format: String,
        }
        let format: Format = serde_json::from_slice(json).ok()?;
        (format.format == FORMAT).then(|| serde_json::from_slice(json))
    }

    /// The path of a certificate: `der/` and its SHA-256 in lower-case hex.
    pub(crate) fn der_path(sha256: &str) -> String {
        format!("{}/{sha256}.der", path::DER)
    }

    /// Every file that belongs to the webroot, and no other.
    pub(crate) fn files(&self) -> impl Iterator<Item = &str> {
        let of_roots = self.roots.iter().flat_map(|root| {
            let keys = root.keys.iter().map(String::as_str);
            keys.chain([root.der.as_str(), root.by_subject.as_str()])
        });
        [path::INDEX, self.bundle.path.as_str()]
            .into_iter()
            .chain(of_roots)
    }
}
