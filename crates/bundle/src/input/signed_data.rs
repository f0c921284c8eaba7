//! PKCS #7 and CMS (RFC 5652 section 5): `SignedData` that consists of certificates only, as `.p7b` files do.

use super::der::{CONTEXT_0, Elements, INTEGER, OBJECT_IDENTIFIER, SEQUENCE, SET};
use crate::Problem;

/// `id-signedData`, 1.2.840.113549.1.7.2.
const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2];
/// `id-data`, 1.2.840.113549.1.7.1.
const DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1];
/// The tag `[1]` of the revocation lists.
const CONTEXT_1: u8 = 0xa1;

/// The most certificates that are read. No list of roots has a hundredth of it.
const MAX_CERTIFICATES: usize = 1 << 16;

/// Whether these bytes begin as `SignedData` does.
pub(super) fn is_one(bytes: &[u8]) -> bool {
    content(bytes).is_some()
}

/// The certificates, in their order and not parsed.
pub(super) fn certificates(der: &[u8]) -> Result<Vec<&[u8]>, Problem> {
    read(der).ok_or(Problem::SignedData)
}

/// `None` for signed data with content: its certificates are those of the signers, and not a list. Microsoft's lists of roots
/// (`authroot.stl`) are of that kind.
fn read(der: &[u8]) -> Option<Vec<&[u8]>> {
    let mut content = content(der)?;
    let mut signed_data = Elements::within(SEQUENCE, content.next_of(CONTEXT_0)?)?;
    signed_data.next_of(INTEGER)?;
    let algorithms = signed_data.next_of(SET)?;
    let mut encapsulated = Elements::of(signed_data.next_of(SEQUENCE)?);
    let is_empty = encapsulated.next_of(OBJECT_IDENTIFIER)? == DATA && encapsulated.is_at_end();
    let certificates = signed_data.next_of(CONTEXT_0).unwrap_or_default();
    signed_data.next_of(CONTEXT_1);
    let signers = signed_data.next_of(SET)?;
    let are_all = content.is_at_end() && signed_data.is_at_end();
    if !(is_empty && are_all && algorithms.is_empty() && signers.is_empty()) {
        return None;
    }
    let mut elements = Elements::of(certificates);
    let mut found = Vec::new();
    for element in elements.by_ref() {
        // Beside certificates, there may be older kinds of them, which all have other tags.
        if element.tag != SEQUENCE || found.len() == MAX_CERTIFICATES {
            return None;
        }
        found.push(element.whole);
    }
    (elements.is_at_end() && !found.is_empty()).then_some(found)
}

/// The part after the content type.
fn content(bytes: &[u8]) -> Option<Elements<'_>> {
    let mut content = Elements::within(SEQUENCE, bytes)?;
    (content.next_of(OBJECT_IDENTIFIER)? == SIGNED_DATA).then_some(content)
}
