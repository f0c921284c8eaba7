//! The files of a webroot, worked out before anything is written, and what a webroot that is read must have.

use std::collections::BTreeMap;

use jit_trust_core::{Certificate, Query, WebrootPath};

use super::index::{self, Collision, Index, IndexedBlob, IndexedRoot, NoKey, WithoutKey, path};
use crate::hex;
use crate::output::blob::{certificates, encode};
use crate::output::error::OutputError;
use crate::output::options::{BlobOptions, KeyEntries};
use crate::time::rfc3339;
use crate::{Fingerprint, Root};

/// The files of a webroot by path, which has at most one `/`.
pub(crate) struct Plan {
    pub(crate) files: BTreeMap<String, Content>,
    pub(crate) index: Index,
    pub(crate) unreachable: Vec<String>,
}

/// The content at a path.
pub(crate) enum Content {
    File(Vec<u8>),
    /// A link, from one folder of the webroot to a file in another.
    Link(String),
}

impl Plan {
    pub(crate) fn of(
        roots: &[&Root],
        generation: u32,
        options: BlobOptions,
        key_entries: KeyEntries,
    ) -> Result<Self, OutputError> {
        let certificates = certificates(roots)?;
        if roots.is_empty() {
            return Err(OutputError::NoRoots);
        }
        let bundle = encode(roots, generation, options)?;
        let listed = roots.iter().zip(&certificates);
        let mut index = Index {
            format: index::FORMAT.to_owned(),
            version: index::VERSION,
            generation,
            generated_at: rfc3339(generation.into()),
            bundle: IndexedBlob {
                path: path::BUNDLE.to_owned(),
                len: bundle.len(),
                sha256: Fingerprint::of(&bundle).to_string(),
                version: options.version.number(),
                names: options.names,
                certificates: options.certificates,
            },
            roots: listed
                .map(|(root, certificate)| indexed(root, certificate))
                .collect(),
            collisions: Vec::new(),
            without_key: Vec::new(),
        };
        let mut files = BTreeMap::from([(path::BUNDLE.to_owned(), Content::File(bundle))]);
        for (certificate, indexed) in certificates.iter().zip(&index.roots) {
            files.insert(indexed.der.clone(), Content::File(certificate.as_der().to_vec()));
        }
        for (path, group) in by_subject(roots, &index.roots) {
            files.insert(path, Content::File(encode(&group, generation, options)?));
        }
        let keys = IndexedKeys::of(&certificates, &mut index);
        for (key, der) in &keys.entries {
            let content = match (key_entries, files.get(der)) {
                (KeyEntries::Copies, Some(Content::File(certificate))) => Content::File(certificate.clone()),
                _ => Content::Link(format!("../{der}")),
            };
            files.insert(key.clone(), content);
        }
        let mut json = serde_json::to_vec_pretty(&index)
            .map_err(|error| OutputError::io(path::INDEX.as_ref(), "encode")(error.into()))?;
        json.push(b'\n');
        files.insert(path::INDEX.to_owned(), Content::File(json));
        Ok(Self {
            files,
            index,
            unreachable: keys.unreachable,
        })
    }
}

fn indexed(root: &Root, certificate: &Certificate<'_>) -> IndexedRoot {
    let date = |date: Option<u64>| date.and_then(rfc3339);
    let sha256 = Fingerprint::of(certificate.as_der()).to_string();
    let constraints = root.conditions().name_constraints.as_deref();
    IndexedRoot {
        der: Index::der_path(&sha256),
        by_subject: Query::Subject(certificate.subject()).webroot_path().to_string(),
        subject: certificate.subject().to_string(),
        sha256,
        spki_sha256: root.spki_fingerprint().to_string(),
        skid: certificate.subject_key_id().map(|key_id| key_id.to_string()),
        not_before: date(certificate.not_before()),
        not_after: date(certificate.not_after()),
        distrust_after: root.conditions().distrust_after,
        name_constraints: Some(constraints.map(hex::encode)),
        applied_constraints: None,
        keys: Vec::new(),
    }
}

fn by_subject<'a>(roots: &[&'a Root], indexed: &[IndexedRoot]) -> BTreeMap<String, Vec<&'a Root>> {
    let mut groups: BTreeMap<String, Vec<&Root>> = BTreeMap::new();
    for (root, indexed) in roots.iter().zip(indexed) {
        groups.entry(indexed.by_subject.clone()).or_default().push(root);
    }
    groups
}

/// The entries of `by-skid` and `by-iss`.
#[derive(Default)]
struct IndexedKeys {
    /// The certificate's path, by that of the entry.
    entries: BTreeMap<String, String>,
    unreachable: Vec<String>,
}

impl IndexedKeys {
    /// Gives each key to the first root that has it, and notes in the index which root has which.
    fn of(certificates: &[Certificate<'_>], index: &mut Index) -> Self {
        let mut keys = Self::default();
        let mut collisions: BTreeMap<String, Collision> = BTreeMap::new();
        for (certificate, indexed) in certificates.iter().zip(&mut index.roots) {
            for (folder, path) in key_paths(certificate) {
                let reason = match path {
                    None => NoKey::Absent,
                    Some(path) if !path.fits_a_file_name() => {
                        let key_len = path.to_string().len() - folder.len() - "/".len();
                        keys.unreachable.push(format!(
                            "{} has no entry in {folder}: its key has {key_len} characters, too many for a file name",
                            indexed.subject,
                        ));
                        NoKey::TooLong
                    }
                    Some(path) => {
                        keys.insert(path.to_string(), indexed, &mut collisions);
                        continue;
                    }
                };
                index.without_key.push(WithoutKey {
                    der: indexed.der.clone(),
                    folder: folder.to_owned(),
                    reason,
                });
            }
        }
        index.collisions = collisions.into_values().collect();
        keys
    }

    fn insert(&mut self, key: String, root: &mut IndexedRoot, collisions: &mut BTreeMap<String, Collision>) {
        if let Some(first) = self.entries.get(&key) {
            self.unreachable
                .push(format!("{} shares {key} with an earlier root", root.subject));
            let collision = collisions.entry(key.clone()).or_insert_with(|| Collision {
                key,
                der: first.clone(),
                hidden: Vec::new(),
            });
            collision.hidden.push(root.der.clone());
            return;
        }
        root.keys.push(key.clone());
        self.entries.insert(key, root.der.clone());
    }
}

/// The folders with entries by key, and the path that a certificate has in each.
fn key_paths<'a>(certificate: &Certificate<'a>) -> [(&'static str, Option<WebrootPath<'a>>); 2] {
    let subject = certificate.subject();
    let by_key_id = certificate
        .subject_key_id()
        .map(|key_id| Query::KeyId { key_id, subject }.webroot_path());
    let by_serial = Query::IssuerSerial {
        issuer: certificate.issuer(),
        serial: certificate.serial(),
        subject,
    };
    [
        (WebrootPath::BY_SUBJECT_KEY_ID, by_key_id),
        (WebrootPath::BY_ISSUER_SERIAL, Some(by_serial.webroot_path())),
    ]
}
