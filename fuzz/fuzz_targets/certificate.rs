//! A certificate is read if and only if webpki reads it as a trust anchor, and as the same anchor.
#![no_main]

use jit_trust_core::{Certificate, Entry, MAX_CERTIFICATE_LEN, Name, TrustAnchor, TrustBlob, v2};
use jit_trust_fuzz::mutation;
use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use pki_types::CertificateDer;

fuzz_target!(|bytes: &[u8]| {
    let certificate = Certificate::from_der(bytes);
    let der = CertificateDer::from(bytes);
    let theirs = webpki::anchor_from_trusted_cert(&der);
    let is_too_long = bytes.len() > MAX_CERTIFICATE_LEN;
    assert_eq!(
        certificate.is_ok(),
        theirs.is_ok() && !is_too_long,
        "{certificate:?} {theirs:?}"
    );
    let (Ok(certificate), Ok(theirs)) = (certificate, theirs) else {
        let at = certificate.expect_err("not read").offset();
        assert!(at <= bytes.len());
        return;
    };
    let anchor = TrustAnchor::from_trusted_certificate(certificate);
    assert_eq!(anchor.subject().value(), theirs.subject.as_ref());
    assert_eq!(anchor.spki_value(), theirs.subject_public_key_info.as_ref());
    assert_eq!(anchor.name_constraints(), theirs.name_constraints.as_deref());
    look_at_everything(bytes, &certificate);
    write_and_read(certificate);
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    if seed & 1 == 0 {
        return fuzzer_mutate(data, size, max_size);
    }
    let mutated = mutation::der::mutate(&data[..size], seed >> 1, fuzzer_mutate);
    mutation::put(&mutated, data, max_size)
});

/// Whatever fits is in a blob of version 2 what it was.
fn write_and_read(certificate: Certificate<'_>) {
    let entry = Entry::from_certificate(certificate);
    let fits_a_byte = |part: &[u8]| part.len() < 256;
    let key_id = certificate.subject_key_id();
    let fits =
        fits_a_byte(certificate.serial()) && key_id.is_none_or(|key_id| fits_a_byte(key_id.as_bytes()));
    let options = v2::Options::default().with_names(true).with_certificates(true);
    let len = v2::encoded_len(&[entry], options);
    assert_eq!(len.is_ok(), fits, "{len:?}");
    let Ok(len) = len else {
        return;
    };
    let mut blob = vec![0; len];
    assert_eq!(v2::encode(&[entry], options, 0, &mut blob), Ok(len));
    let blob = TrustBlob::open(&blob).expect("it was written");
    assert!(blob.entries().eq([entry]));
}

/// Every statement lies in the certificate, and every text is one line.
fn look_at_everything(bytes: &[u8], certificate: &Certificate<'_>) {
    assert_eq!(certificate.as_der(), bytes);
    let mut parts = vec![certificate.serial(), certificate.spki()];
    parts.extend(certificate.name_constraints());
    parts.extend(certificate.profile().extended_key_usage);
    parts.extend(certificate.subject_key_id().map(|key_id| key_id.as_bytes()));
    parts.extend(certificate.authority_key_id().map(|key_id| key_id.as_bytes()));
    let mut names = vec![certificate.subject(), certificate.issuer()];
    if let Some((issuer, serial)) = certificate.authority_issuer_serial() {
        parts.push(serial);
        names.push(issuer);
    }
    for name in names {
        parts.push(name.as_der());
        parts.push(name.value());
        assert_eq!(Name::from_der(name.as_der()), Some(name));
        let (shown, _) = (name.to_string(), name.hash());
        assert!(
            !shown.contains(char::is_control) && !shown.contains('\u{202e}'),
            "{shown:?}"
        );
    }
    let place = bytes.as_ptr_range();
    for part in parts.into_iter().filter(|part| !part.is_empty()) {
        let part = part.as_ptr_range();
        assert!(place.start <= part.start && part.end <= place.end);
    }
    assert_eq!(
        certificate.is_self_issued(),
        certificate.subject() == certificate.issuer()
    );
    if certificate.begins_or_ends_before_1970() {
        let dates = [certificate.not_before(), certificate.not_after()];
        assert!(
            dates.contains(&Some(0)),
            "a date before 1970 counts as its beginning"
        );
    }
    let _ = (certificate.says_it_is_no_ca(), format!("{certificate:?}"));
}
