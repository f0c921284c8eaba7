//! `index.json`, the description of a webroot.

use serde::{Deserialize, Deserializer, Serialize};

use crate::output::options::{BlobOptions, BlobVersion};

/// The names of the files and folders of a webroot. Those of the folders by key are core's, where they are looked up.
pub(crate) mod path {
    use jit_trust_core::WebrootPath;

    pub(crate) const INDEX: &str = "index.json";
    pub(crate) const BUNDLE: &str = "bundle.tblb";
    pub(crate) const DER: &str = "der";
    /// Every folder of a webroot.
    pub(crate) const FOLDERS: [&str; 4] = [
        DER,
        WebrootPath::BY_SUBJECT_KEY_ID,
        WebrootPath::BY_ISSUER_SERIAL,
        WebrootPath::BY_SUBJECT,
    ];
}

/// The identifier of our index, which other files of that name do not have.
pub(crate) const FORMAT: &str = "jit-trust webroot";

/// The version of the index and of the layout around it.
pub(crate) const VERSION: u32 = 2;

/// The version from the time of version 1 of the trust blob, which is still read.
const VERSION_1: u32 = 1;

/// A webroot's content. All paths are relative to the webroot, with `/` between their parts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Index {
    pub(crate) format: String,
    pub(crate) version: u32,
    /// When the store was made, in Unix time.
    pub(crate) generation: u32,
    /// The same in RFC 3339.
    pub(crate) generated_at: Option<String>,
    pub(crate) bundle: IndexedBlob,
    /// In the order of the list.
    pub(crate) roots: Vec<IndexedRoot>,
    /// The keys that several roots share, of which the first got it.
    pub(crate) collisions: Vec<Collision>,
    /// The roots that cannot be found by one of their keys.
    pub(crate) without_key: Vec<WithoutKey>,
}

/// The blob with all roots: its length and hash, and the form of it and all other blobs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct IndexedBlob {
    pub(crate) path: String,
    pub(crate) len: usize,
    pub(crate) sha256: String,
    /// The version of all blobs. An index of version 1 does not have this field, nor those after it.
    #[serde(default = "blob_version_1")]
    pub(crate) version: u16,
    #[serde(default)]
    pub(crate) names: bool,
    #[serde(default)]
    pub(crate) certificates: bool,
}

fn blob_version_1() -> u16 {
    jit_trust_core::v1::VERSION
}

impl IndexedBlob {
    /// The options of the blobs; `None` when they are not known.
    pub(crate) fn options(&self) -> Option<BlobOptions> {
        let versions = [BlobVersion::V1, BlobVersion::V2];
        let version = versions
            .into_iter()
            .find(|version| version.number() == self.version)?;
        let options = BlobOptions::default().with_version(version);
        Some(
            options
                .with_names(self.names)
                .with_certificates(self.certificates),
        )
    }
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
    /// Mozilla's conditions, which neither the certificate nor a blob of version 1 can hold. Neither may be missing: a
    /// condition that is not there would be one that is dropped.
    #[serde(deserialize_with = "required")]
    pub(crate) distrust_after: Option<u64>,
    /// The name constraints in lower-case hex, or null.
    #[serde(default, deserialize_with = "present")]
    pub(crate) name_constraints: Option<Option<String>>,
    /// In their place, in an index of version 1: domains as CCADB writes them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) applied_constraints: Option<Vec<String>>,
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
    pub(crate) reason: NoKey,
}

/// The reason why a root has no such key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum NoKey {
    /// The certificate does not have one.
    Absent,
    /// It would make too long a file name.
    TooLong,
}

impl Index {
    /// Reads an index.
    pub(crate) fn read(json: &[u8]) -> Result<Self, NotAnIndex> {
        #[derive(Deserialize)]
        struct Head {
            format: String,
            version: u32,
        }
        let head: Head = serde_json::from_slice(json).map_err(NotAnIndex::because)?;
        if head.format != FORMAT {
            return Err(NotAnIndex(format!("\"format\" is \"{}\"", head.format)));
        }
        if ![VERSION_1, VERSION].contains(&head.version) {
            let version = head.version;
            return Err(NotAnIndex(format!(
                "version {version}, this reader knows versions {VERSION_1} and {VERSION}"
            )));
        }
        let index: Self = serde_json::from_slice(json).map_err(NotAnIndex::because)?;
        for root in &index.roots {
            let applied = ("applied_constraints", root.applied_constraints.is_some());
            let imposed = ("name_constraints", root.name_constraints.is_some());
            let ((own, has_own), (other, has_other)) = match head.version {
                VERSION_1 => (applied, imposed),
                _ => (imposed, applied),
            };
            if !has_own {
                return Err(NotAnIndex(format!("missing field `{own}`")));
            }
            // Which of the two binds would not be known.
            if has_other {
                let version = head.version;
                return Err(NotAnIndex(format!(
                    "field `{other}`, which version {version} does not have"
                )));
            }
        }
        Ok(index)
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

/// The reason why a file is not an index that can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NotAnIndex(pub(crate) String);

impl NotAnIndex {
    #[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
    fn because(error: serde_json::Error) -> Self {
        Self(error.to_string())
    }
}

/// A member that may be null but not missing.
fn required<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    Option::deserialize(deserializer)
}

/// A member that may be null, told from one that is missing.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}
