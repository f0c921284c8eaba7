//! What a certificate may be used for, as lists beside certificates say it: object identifiers (RFC 5280 section
//! 4.2.1.12).

use super::der::{Elements, OBJECT_IDENTIFIER};

/// `id-kp-serverAuth`, 1.3.6.1.5.5.7.3.1.
const SERVER_AUTH: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 1];
/// `anyExtendedKeyUsage`, 2.5.29.37.0.
const ANY: &[u8] = &[0x55, 0x1d, 0x25, 0];

/// Whether the purposes, the value of a SEQUENCE of object identifiers, have servers among them; `None` where they are
/// something else.
pub(super) fn have_servers(purposes: Elements<'_>) -> Option<bool> {
    let mut rest = purposes;
    let mut found = false;
    while let Some(purpose) = rest.next_of(OBJECT_IDENTIFIER) {
        found |= purpose == SERVER_AUTH || purpose == ANY;
    }
    rest.is_at_end().then_some(found)
}
