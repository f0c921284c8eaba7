//! The form of an input, detected by its content.

use super::collector::Collector;
use super::{ccadb, certdata, p11_kit, pem, signed_data};
use crate::{Conditions, Form, InputError, Place};

/// The form of a file's content; `None` when it is not known. Content of a known form may still be damaged.
pub(super) fn recognise(bytes: &[u8]) -> Option<Form> {
    // Some forms contain PEM and more than that: they must be tried first.
    if bytes.starts_with(b"TBLB") {
        Some(Form::Blob)
    } else if ccadb::is_one(bytes) {
        Some(Form::Ccadb)
    } else if certdata::is_one(bytes) {
        Some(Form::Certdata)
    } else if p11_kit::first_line(bytes).is_some() {
        Some(Form::P11Kit)
    } else if signed_data::is_one(bytes) {
        Some(Form::SignedData)
    } else if let [SEQUENCE, 0x81..=0x84, ..] = bytes {
        Some(Form::Der)
    } else if pem::is_one(bytes) {
        Some(Form::Pem)
    } else {
        None
    }
}

/// The first byte of a certificate in DER, which is also the digit 0. What follows is a length of more than one byte, as
/// every certificate has, and no ASCII text.
const SEQUENCE: u8 = 0x30;

/// Reads what a directory may hold too: PEM or DER.
pub(super) fn read_certificates(
    place: &Place,
    form: Form,
    bytes: &[u8],
    collector: &mut Collector,
) -> Result<(), InputError> {
    if form == Form::Pem {
        pem::read(place, bytes, collector)
    } else {
        collector.offer(place.certificate(1), bytes.to_vec(), Conditions::default())
    }
}
