//! The validity period (RFC 5280 section 4.1.2.5).

use der::asn1::{GeneralizedTime, UtcTime};
use der::{Decode, SliceReader, Tag};

/// `notBefore` and `notAfter` in Unix time, from the inside of the `Validity` SEQUENCE. What cannot be read is
/// `None`: the TLS library refuses such a certificate.
pub(super) fn read(validity: &[u8]) -> (Option<u64>, Option<u64>) {
    let Ok(mut reader) = SliceReader::new(validity) else {
        return (None, None);
    };
    let not_before = read_time(&mut reader);
    let not_after = not_before.and_then(|_| read_time(&mut reader));
    (not_before, not_after)
}

/// `Time ::= CHOICE { utcTime, generalTime }`.
fn read_time(reader: &mut SliceReader<'_>) -> Option<u64> {
    let since_1970 = match Tag::peek(reader).ok()? {
        Tag::UtcTime => UtcTime::decode(reader).ok()?.to_unix_duration(),
        Tag::GeneralizedTime => GeneralizedTime::decode(reader).ok()?.to_unix_duration(),
        _ => return None,
    };
    Some(since_1970.as_secs())
}
