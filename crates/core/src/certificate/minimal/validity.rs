//! The validity period (RFC 5280 section 4.1.2.5), written.

use core::time::Duration;

use der::Encode;
use der::asn1::{GeneralizedTime, UtcTime};

use super::writer::Writer;

/// 1970-01-01T00:00:00Z.
const FIRST: u64 = 0;

/// 9999-12-31T23:59:59Z, the last that a certificate can say.
const LAST: u64 = 253_402_300_799;

/// The validity period between these, in Unix time.
///
/// A library refuses a certificate of which it cannot read a date, whatever the time. So in the place of a date that
/// is not known, or that no certificate can say, stands one that is never met.
pub(super) fn write(not_before: Option<u64>, not_after: Option<u64>, writer: &mut Writer<'_>) {
    let sayable = |time: &u64| *time <= LAST;
    writer.prepend_sequence(|validity| {
        write_time(not_after.filter(sayable).unwrap_or(FIRST), validity);
        write_time(not_before.filter(sayable).unwrap_or(LAST), validity);
    });
}

/// UTCTime up to 2049, GeneralizedTime from 2050.
fn write_time(time: u64, writer: &mut Writer<'_>) {
    let time = Duration::from_secs(time);
    let mut buffer = [0; 17];
    let encoded = match UtcTime::from_unix_duration(time) {
        Ok(time) => time.encode_to_slice(&mut buffer),
        Err(_) => {
            GeneralizedTime::from_unix_duration(time).and_then(|time| time.encode_to_slice(&mut buffer))
        }
    };
    // Up to `LAST`, none fails; a certificate without a date is one that nobody reads.
    writer.prepend(encoded.unwrap_or_default());
}
