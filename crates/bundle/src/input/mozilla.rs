//! Mozilla's list as it was compiled in.

use jit_trust_core::mozilla::with_conditions;
use jit_trust_core::{Certificate, Entry};

use crate::list::Collector;
use crate::{Form, InputError, Place, Problem, Root};

pub(super) fn read(collector: &mut Collector) -> Result<(), InputError> {
    let place = Place::whole("mozilla");
    collector.source(&place, Form::Mozilla);
    for (ordinal, der) in (1..).zip(webpki_root_certs::TLS_SERVER_ROOT_CERTS) {
        let place = place.certificate(ordinal);
        match Certificate::from_der(der) {
            Ok(certificate) => {
                let entry = with_conditions(Entry::from_certificate(certificate));
                collector.offer_root(place, Root::from_entry(&entry))?;
            }
            Err(error) => collector.reject(Problem::Certificate(error).at(place))?,
        }
    }
    Ok(())
}
