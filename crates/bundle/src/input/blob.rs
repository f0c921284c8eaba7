//! Trust blobs as inputs.

use jit_trust_core::TrustBlob;

use crate::list::Collector;
use crate::{Conditions, Form, InputError, Place, Problem};

pub(super) fn read(place: &Place, bytes: &[u8], collector: &mut Collector) -> Result<(), InputError> {
    let blob = open(place, bytes)?;
    collector.source(place, Form::Blob, Some(blob.generation()));
    offer(place, &blob, collector)
}

/// Reads a blob that is a part of an input.
pub(super) fn read_certificates(
    place: &Place,
    bytes: &[u8],
    collector: &mut Collector,
) -> Result<(), InputError> {
    offer(place, &open(place, bytes)?, collector)
}

fn open<'a>(place: &Place, bytes: &'a [u8]) -> Result<TrustBlob<'a>, InputError> {
    TrustBlob::open(bytes).map_err(|error| Problem::Blob(error).at(place.clone()))
}

fn offer(place: &Place, blob: &TrustBlob<'_>, collector: &mut Collector) -> Result<(), InputError> {
    for (ordinal, certificate) in (1..).zip(blob.certificates()) {
        let der = certificate.as_der().to_vec();
        collector.offer(place.certificate(ordinal), der, Conditions::default())?;
    }
    Ok(())
}
