//! The trust blob.

use jit_trust_core::{Certificate, v1};

use super::error::{LostConditions, OutputError};
use crate::Root;

/// A trust blob, and what it could not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodedBlob {
    /// The blob.
    pub bytes: Vec<u8>,
    /// The conditions of these roots that are not in it.
    pub lost: Vec<LostConditions>,
}

/// The trust blob, version 1, of these roots in this order. The same roots and generation give the same bytes.
///
/// # Errors
/// When there is no root, or one does not fit: see [`v1::encode`].
pub fn encode_blob(roots: &[Root], generation: u32) -> Result<EncodedBlob, OutputError> {
    let roots: Vec<&Root> = roots.iter().collect();
    Ok(EncodedBlob {
        bytes: encode(&roots, generation)?,
        lost: LostConditions::of(&roots),
    })
}

pub(super) fn encode(roots: &[&Root], generation: u32) -> Result<Vec<u8>, OutputError> {
    if roots.is_empty() {
        return Err(OutputError::NoRoots);
    }
    let certificates: Vec<Certificate<'_>> = roots.iter().map(|root| root.certificate()).collect();
    let does_not_fit = |error| OutputError::does_not_fit(error, roots);
    let mut blob = vec![0; v1::encoded_len(&certificates).map_err(does_not_fit)?];
    v1::encode(&certificates, generation, &mut blob).map_err(does_not_fit)?;
    Ok(blob)
}
