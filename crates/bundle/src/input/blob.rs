//! Trust blobs as inputs.

use jit_trust_core::TrustBlob;

use super::collector::Collector;
use crate::{BlobVersion, Form, InputError, Place, Problem, Root};

pub(super) fn read(place: &Place, bytes: &[u8], collector: &mut Collector) -> Result<(), InputError> {
    let blob = open(place, bytes)?;
    let version = BlobVersion::of(&blob);
    collector.store(place, Form::Blob, Some(version), Some(blob.generation()));
    for (ordinal, entry) in (1..).zip(blob.entries()) {
        collector.offer_root(place.certificate(ordinal), Root::from_entry(&entry))?;
    }
    Ok(())
}

pub(super) fn open<'a>(place: &Place, bytes: &'a [u8]) -> Result<TrustBlob<'a>, InputError> {
    TrustBlob::open(bytes).map_err(|error| Problem::Blob(error).at(place.clone()))
}
