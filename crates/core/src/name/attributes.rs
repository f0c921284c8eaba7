//! The attributes of a name, one after the other.

use crate::der::{Reader, Tlv, tag};

/// id-at-commonName (RFC 5280 appendix A.1), the content of an OBJECT IDENTIFIER.
pub(crate) const COMMON_NAME: &[u8] = b"\x55\x04\x03";
/// id-emailAddress (RFC 5280 appendix A.1), the content of an OBJECT IDENTIFIER.
pub(crate) const EMAIL_ADDRESS: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01";

/// `AttributeTypeAndValue ::= SEQUENCE { type OBJECT IDENTIFIER, value ANY }`.
pub(crate) struct Attribute<'a> {
    /// The content of the OBJECT IDENTIFIER.
    pub(crate) id: &'a [u8],
    pub(crate) value: Tlv<'a>,
    /// Whether it belongs to the same RelativeDistinguishedName as the attribute before it.
    pub(super) joins_the_one_before: bool,
}

/// All attributes of a name, given as its value; `None`, as the last item, where the rest cannot be read.
pub(crate) fn attributes(name: &[u8]) -> impl Iterator<Item = Option<Attribute<'_>>> {
    let mut name = Reader::new(name);
    let mut set = Reader::new(&[]);
    core::iter::from_fn(move || {
        let joins_the_one_before = !set.is_at_end();
        while set.is_at_end() {
            if name.is_at_end() {
                return None;
            }
            match name.expect(tag::SET) {
                Some(next) => set = Reader::new(next.value),
                None => {
                    name = Reader::new(&[]);
                    return Some(None);
                }
            }
        }
        let attribute = set.expect(tag::SEQUENCE).and_then(|sequence| {
            let mut fields = Reader::new(sequence.value);
            let id = fields.expect(tag::OBJECT_IDENTIFIER)?.value;
            let value = fields.read()?;
            fields.is_at_end().then_some(Attribute {
                id,
                value,
                joins_the_one_before,
            })
        });
        if attribute.is_none() {
            (name, set) = (Reader::new(&[]), Reader::new(&[]));
        }
        Some(attribute)
    })
}
