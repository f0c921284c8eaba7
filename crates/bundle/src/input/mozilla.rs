//! Mozilla's list as it was compiled in.

use crate::list::Collector;
use crate::{Conditions, Form, InputError, Place};

pub(super) fn read(collector: &mut Collector) -> Result<(), InputError> {
    let place = Place::whole("mozilla");
    collector.source(&place, Form::Mozilla, None);
    for (ordinal, der) in (1..).zip(webpki_root_certs::TLS_SERVER_ROOT_CERTS) {
        collector.offer(place.certificate(ordinal), der.clone(), Conditions::default())?;
    }
    Ok(())
}
