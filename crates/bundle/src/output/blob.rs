//! The trust blob.

use std::collections::HashMap;
use std::fs::File;
use std::path::Path;

use jit_trust_core::{
    BlobError, Certificate, Entry, MAX_ANCHORS_PER_NAME, NameHashPrefix, TrustBlob, WriteError, v1, v2,
};
use jit_trust_file::StagedFile;

use super::error::{LostConditions, OutputError};
use super::options::{BlobOptions, BlobVersion, Replace};
use crate::file;
use crate::{Problem, Root};

/// A trust blob, and the conditions that it cannot hold.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EncodedBlob {
    /// The blob.
    pub bytes: Vec<u8>,
    /// Its version.
    pub version: BlobVersion,
    /// Its generation, in Unix time.
    pub generation: u32,
    /// The conditions of these roots that are not in it: only version 1 loses any.
    pub lost: Vec<LostConditions>,
}

/// The trust blob of these roots in this order. The same roots, generation and options give the same bytes. No roots
/// give a blob without anchors: a part of a store may be empty.
///
/// # Errors
/// When a root does not fit (see [`v1::encode`] and [`v2::encode`]), or when its certificate is not known and version 1 needs
/// it.
pub fn encode_blob(
    roots: &[Root],
    generation: u32,
    options: BlobOptions,
) -> Result<EncodedBlob, OutputError> {
    let roots: Vec<&Root> = roots.iter().collect();
    Ok(EncodedBlob {
        bytes: encode(&roots, generation, options)?,
        version: options.version,
        generation,
        lost: LostConditions::of(&roots, options.version),
    })
}

/// The roots that a trust blob of version 2 can hold together, and for each of the others the reason why it does not fit: a part
/// of it is too long, or [`MAX_ANCHORS_PER_NAME`] roots before it have its name.
///
/// A program that makes a store writes the list whole or not at all, with [`encode_blob`]. This function is for using an
/// existing list, whose other roots still count.
pub fn fitting_version_2(roots: &[Root]) -> (Vec<Root>, Vec<OutputError>) {
    let (mut fitting, mut left_out) = (Vec::new(), Vec::new());
    let mut under_one_name: HashMap<NameHashPrefix, usize> = HashMap::new();
    for (index, root) in roots.iter().enumerate() {
        let entry = root.entry();
        let count = under_one_name.entry(entry.name_hash()).or_default();
        let error = if v2::encoded_len(&[entry], v2::Options::default()).is_err() {
            WriteError::EntryTooLong { index }
        } else if *count == MAX_ANCHORS_PER_NAME {
            WriteError::TooManyUnderOneName { index }
        } else {
            *count += 1;
            fitting.push(root.clone());
            continue;
        };
        left_out.push(OutputError::DoesNotFit {
            error,
            subject: Some(root.label()),
        });
    }
    (fitting, left_out)
}

/// Writes a trust blob as [`jit_trust_file::write_file`] writes a file. Of a file that is there and no trust blob,
/// or a damaged one, or longer than [`MAX_INPUT_LEN`](crate::MAX_INPUT_LEN), nothing is known: it is replaced.
///
/// # Errors
/// When the system refuses something, the path is that of a directory, or there is a trust blob of a newer generation
/// or of a version that is not known, which may not be replaced.
pub fn write_blob(path: &Path, blob: &EncodedBlob, replace: Replace) -> Result<(), OutputError> {
    let staged = StagedFile::create(path)?;
    if replace == Replace::UnlessNewer {
        if let Some(existing) = staged.replaced()? {
            check_age(path, existing, blob.generation)?;
        }
    }
    Ok(staged.write(&blob.bytes)?)
}

fn check_age(path: &Path, existing: File, new: u32) -> Result<(), OutputError> {
    let existing = match file::read_open(existing) {
        Ok(existing) => existing,
        Err(Problem::Io { error, .. }) => {
            return Err(OutputError::io(path, "read what it would replace")(error));
        }
        Err(_) => return Ok(()),
    };
    match TrustBlob::open(&existing).map(|blob| blob.generation()) {
        Ok(found) if !Replace::UnlessNewer.allows(found, new) => Err(OutputError::Older {
            path: path.to_owned(),
            found,
            new,
        }),
        Err(BlobError::UnsupportedVersion(version)) => Err(OutputError::UnknownVersion {
            path: path.to_owned(),
            version,
        }),
        _ => Ok(()),
    }
}

pub(crate) fn encode(roots: &[&Root], generation: u32, options: BlobOptions) -> Result<Vec<u8>, OutputError> {
    let does_not_fit = |error| OutputError::does_not_fit(error, roots);
    match options.version {
        BlobVersion::V1 => {
            let certificates = certificates(roots)?;
            check_names(&certificates)
                .and_then(|()| v1::to_vec(&certificates, generation))
                .map_err(does_not_fit)
        }
        BlobVersion::V2 => {
            let entries: Vec<Entry<'_>> = roots.iter().map(|root| root.entry()).collect();
            let options = v2::Options::default()
                .with_names(options.names)
                .with_certificates(options.certificates);
            v2::to_vec(&entries, options, generation).map_err(does_not_fit)
        }
    }
}

/// Applies the rule of [`v1::encode`] on anchors of one name. That function has no memory to count in and compares each
/// name with each other name; here, a list that breaks the rule is refused at once.
fn check_names(certificates: &[Certificate<'_>]) -> Result<(), WriteError> {
    let mut under_one_name: HashMap<&[u8], usize> = HashMap::new();
    for (index, certificate) in certificates.iter().enumerate() {
        let count = under_one_name.entry(certificate.subject().as_der()).or_default();
        *count += 1;
        if *count > MAX_ANCHORS_PER_NAME {
            return Err(WriteError::TooManyUnderOneName { index });
        }
    }
    Ok(())
}

/// The certificates of these roots, in order, for a form that consists of them: PEM, for example.
///
/// # Errors
/// When the certificate of one is not known.
pub fn certificates_of(roots: &[Root]) -> Result<Vec<Certificate<'_>>, OutputError> {
    certificates(&roots.iter().collect::<Vec<_>>())
}

pub(crate) fn certificates<'a>(roots: &[&'a Root]) -> Result<Vec<Certificate<'a>>, OutputError> {
    let without = roots.iter().filter(|root| root.der().is_none());
    let without: Vec<String> = without.map(|root| root.label()).collect();
    if !without.is_empty() {
        return Err(OutputError::NoCertificate { roots: without });
    }
    Ok(roots.iter().filter_map(|root| root.certificate()).collect())
}
