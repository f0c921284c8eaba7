//! Trust blobs as inputs.

use jit_trust_core::TrustBlob;

use crate::list::Collector;
use crate::{Conditions, Form, InputError, Place, Problem};

pub(super) fn read(place: &Place, bytes: &[u8], collector: &mut Collector) -> Result<(), InputError> {
    let blob = TrustBlob::open(bytes).map_err(|error| Problem::Blob(error).at(place.clone()))?;
    collector.source(place, Form::Blob, Some(blob.generation()));
    for (ordinal, certificate) in (1..).zip(blob.certificates()) {
        let der = certificate.as_der().to_vec();
        collector.offer(place.certificate(ordinal), der, Conditions::default())?;
    }
    Ok(())
}
