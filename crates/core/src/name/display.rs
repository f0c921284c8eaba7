//! The text form of a name: `C=US, O=Example, CN=Example Root`.
//!
//! The bytes come from a peer, so all characters except printable ones are escaped: a name cannot move a terminal's cursor, hide
//! its end or imitate another attribute.

use core::fmt::{self, Write};

use super::Name;
use super::attributes::{COMMON_NAME, EMAIL_ADDRESS, attributes};
use crate::der::{ObjectIdentifier, Tlv, tag};

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for attribute in attributes(self.value()).map_while(|attribute| attribute) {
            f.write_str(if attribute.joins_the_one_before {
                " + "
            } else {
                separator
            })?;
            write_type(f, attribute.id)?;
            f.write_char('=')?;
            write_value(f, attribute.value)?;
            separator = ", ";
        }
        if separator.is_empty() {
            f.write_str("(empty name)")
        } else {
            Ok(())
        }
    }
}

impl fmt::Debug for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Name({self})")
    }
}

/// The short names of RFC 4514 section 3, and OpenSSL's for other attributes that CAs use.
fn write_type(f: &mut fmt::Formatter<'_>, oid: &[u8]) -> fmt::Result {
    f.write_str(match oid {
        COMMON_NAME => "CN",
        [0x55, 0x04, 0x05] => "serialNumber",
        [0x55, 0x04, 0x06] => "C",
        [0x55, 0x04, 0x07] => "L",
        [0x55, 0x04, 0x08] => "ST",
        [0x55, 0x04, 0x09] => "STREET",
        [0x55, 0x04, 0x0a] => "O",
        [0x55, 0x04, 0x0b] => "OU",
        [0x55, 0x04, 0x61] => "organizationIdentifier",
        [0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 0x01, 0x19] => "DC",
        EMAIL_ADDRESS => "emailAddress",
        _ => return write!(f, "{}", ObjectIdentifier(oid)),
    })
}

fn write_value(f: &mut fmt::Formatter<'_>, Tlv { tag, value, .. }: Tlv<'_>) -> fmt::Result {
    match tag {
        tag::BMP_STRING => {
            let units = value.chunks_exact(2).map(|pair| match *pair {
                [high, low] => u16::from_be_bytes([high, low]),
                _ => 0,
            });
            char::decode_utf16(units)
                .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
                .try_for_each(|character| write_escaped(f, character))
        }
        tag::UTF8_STRING => value.utf8_chunks().try_for_each(|chunk| {
            chunk
                .valid()
                .chars()
                .try_for_each(|character| write_escaped(f, character))?;
            chunk
                .invalid()
                .iter()
                .try_for_each(|byte| write!(f, "\\{byte:02X}"))
        }),
        // The other string types are ASCII or, in practice, Latin-1.
        _ => value
            .iter()
            .try_for_each(|byte| write_escaped(f, char::from(*byte))),
    }
}

/// Escapes by RFC 4514 section 2.4, and further characters that a terminal would not show as they are.
fn write_escaped(f: &mut fmt::Formatter<'_>, character: char) -> fmt::Result {
    match character {
        ',' | '+' | '"' | '\\' | '<' | '>' | ';' | '=' => write!(f, "\\{character}"),
        ' ' => f.write_char(' '),
        _ if is_shown_as_itself(character) => f.write_char(character),
        _ => {
            let mut utf8 = [0; 4];
            let encoded = character.encode_utf8(&mut utf8);
            encoded.bytes().try_for_each(|byte| write!(f, "\\{byte:02X}"))
        }
    }
}

/// Whether a character is shown as it is: not a control character, and not one that reorders, joins or hides the text around
/// it.
fn is_shown_as_itself(character: char) -> bool {
    let reorders_or_hides = matches!(
        u32::from(character),
        0xad | 0x34f | 0x61c | 0x115f..=0x1160 | 0x17b4..=0x17b5 | 0x180b..=0x180f | 0x200b..=0x200f | 0x2028..=0x202e
            | 0x2060..=0x206f | 0x2800 | 0x3164 | 0xfe00..=0xfe0f | 0xfeff | 0xffa0 | 0xfff0..=0xfffb
            | 0xe0000..=0xe0fff
    );
    !character.is_control() && !character.is_whitespace() && !reorders_or_hides
}

#[cfg(test)]
mod tests {
    use std::string::ToString;
    use std::vec::Vec;

    use super::*;

    fn tlv(tag: u8, value: &[u8]) -> Vec<u8> {
        let mut tlv = std::vec![tag, u8::try_from(value.len()).unwrap()];
        tlv.extend(value);
        tlv
    }

    fn name(attributes: &[(&[u8], u8, &[u8])]) -> Vec<u8> {
        let relative_names = attributes.iter().flat_map(|(oid, string_type, value)| {
            let attribute = [tlv(tag::OBJECT_IDENTIFIER, oid), tlv(*string_type, value)].concat();
            tlv(tag::SET, &tlv(tag::SEQUENCE, &attribute))
        });
        tlv(tag::SEQUENCE, &relative_names.collect::<Vec<_>>())
    }

    fn shown(der: &[u8]) -> std::string::String {
        Name::from_der(der).unwrap().to_string()
    }

    const CN: &[u8] = &[0x55, 0x04, 0x03];
    const PRINTABLE: u8 = 0x13;

    #[test]
    fn attributes_are_shown_in_the_order_of_the_encoding() {
        let der = name(&[
            (&[0x55, 0x04, 0x06], PRINTABLE, b"US"),
            (CN, tag::UTF8_STRING, "Bücher".as_bytes()),
        ]);
        assert_eq!(shown(&der), "C=US, CN=Bücher");
    }

    #[test]
    fn a_name_cannot_write_to_the_terminal_or_forge_an_attribute() {
        let der = name(&[(CN, tag::UTF8_STRING, "a\u{1b}[2J\u{202e}, O=b\n".as_bytes())]);
        assert_eq!(shown(&der), r"CN=a\1B[2J\E2\80\AE\, O\=b\0A");
        assert_eq!(shown(&name(&[(CN, tag::UTF8_STRING, &[b'a', 0xff])])), r"CN=a\FF");
    }

    #[test]
    fn attributes_of_one_relative_name_are_joined() {
        let attribute = |value: &[u8]| {
            let attribute = [tlv(tag::OBJECT_IDENTIFIER, CN), tlv(PRINTABLE, value)].concat();
            tlv(tag::SEQUENCE, &attribute)
        };
        let relative_name = tlv(tag::SET, &[attribute(b"a"), attribute(b"b")].concat());
        let der = tlv(
            tag::SEQUENCE,
            &[relative_name, tlv(tag::SET, &attribute(b"c"))].concat(),
        );
        assert_eq!(shown(&der), "CN=a + CN=b, CN=c");
    }

    #[test]
    fn wide_strings_and_unknown_attributes_are_shown() {
        assert_eq!(
            shown(&name(&[(CN, tag::BMP_STRING, &[0, b'R', 0x01, 0x52])])),
            "CN=RŒ"
        );
        assert_eq!(
            shown(&name(&[(&[0x2a, 0x03, 0x84, 0x09], PRINTABLE, b"x")])),
            "1.2.3.521=x"
        );
        assert_eq!(shown(&name(&[])), "(empty name)");
    }

    #[test]
    fn what_cannot_be_read_ends_the_text_and_nothing_else() {
        let mut der = name(&[(CN, PRINTABLE, b"first"), (CN, PRINTABLE, b"second")]);
        let second_set = der.iter().rposition(|byte| *byte == tag::SET).unwrap();
        der[second_set] = tag::SEQUENCE;
        assert_eq!(shown(&der), "CN=first");
    }
}
