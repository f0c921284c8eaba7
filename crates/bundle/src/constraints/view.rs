//! Name constraints, as text.

use std::fmt;
use std::net::IpAddr;

use jit_trust_core::Name;
use jit_trust_core::der::Tlv;
use serde::Serialize;

use super::subtrees::{Subtrees, base, general_name};
use crate::{Fingerprint, hex};

/// The most characters of a text in ASCII that are shown.
const MAX_SHOWN: usize = 256;

/// Name constraints for people and programs: each subtree as text, safe for a terminal.
///
/// | text | names |
/// |---|---|
/// | `dns:.tr` | all below `tr` |
/// | `dns:gov.tr` | `gov.tr` and all below it |
/// | `dns:` | all there are |
/// | `ip:192.0.2.0/24` | the addresses of a network; with a mask instead of the length where the mask is not a prefix |
/// | `email:example.com`, `uri:.example.com` | mail addresses, and the hosts of addresses of the web |
/// | `dirname:C=US, O=Example` | directory names that begin with this |
/// | `other:<lower-case hex>` | the encoding of another form, or of something that cannot be read; if the whole constraints cannot be read, it is in `permitted` |
///
/// After `dns:`, `email:` and `uri:`, a comma, semicolon, space, backslash or control character is escaped, as `\u{2c}` or `\\`.
/// A text of more than 256 characters is shown as its first 256, then `…sha256:` and the SHA-256 of all of it, in lower-case
/// hex.
///
/// Serialised with the names of these fields, in this order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct NameConstraints {
    /// The permitted subtrees: a name of a form that occurs here must be in one of them.
    pub permitted: Vec<String>,
    /// The excluded subtrees: no name may be in one of them.
    pub excluded: Vec<String>,
}

impl NameConstraints {
    /// Reads constraints: the value of the `NameConstraints` SEQUENCE, without its header. Any bytes give a result.
    ///
    /// ```
    /// let constraints = jit_trust_bundle::NameConstraints::of(b"\xa0\x07\x30\x05\x82\x03.tr");
    /// assert_eq!(constraints.permitted, ["dns:.tr"]);
    /// assert!(constraints.excluded.is_empty());
    /// ```
    pub fn of(constraints: &[u8]) -> Self {
        let texts = |subtrees: Vec<Tlv<'_>>| subtrees.iter().map(text).collect();
        match Subtrees::read(constraints) {
            Some(subtrees) => Self {
                permitted: texts(subtrees.permitted),
                excluded: texts(subtrees.excluded),
            },
            None => Self {
                permitted: vec![other(constraints)],
                excluded: Vec::new(),
            },
        }
    }
}

/// One line: `permitted dns:.tr; excluded dns:x.tr`.
impl fmt::Display for NameConstraints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kinds = [("permitted", &self.permitted), ("excluded", &self.excluded)];
        let kinds = kinds.into_iter().filter(|(_, subtrees)| !subtrees.is_empty());
        let kinds: Vec<_> = kinds
            .map(|(kind, subtrees)| format!("{kind} {}", subtrees.join(", ")))
            .collect();
        f.write_str(&kinds.join("; "))
    }
}

fn text(subtree: &Tlv<'_>) -> String {
    base(subtree)
        .and_then(|base| text_of_base(&base))
        .unwrap_or_else(|| other(subtree.whole))
}

fn text_of_base(base: &Tlv<'_>) -> Option<String> {
    let labelled = |label: &str| Some(format!("{label}:{}", value(ascii(base.value)?)));
    match base.tag {
        general_name::DNS => labelled("dns"),
        general_name::RFC822 => labelled("email"),
        general_name::URI => labelled("uri"),
        general_name::IP_ADDRESS => Some(format!("ip:{}", network(base.value)?)),
        general_name::DIRECTORY => Some(format!("dirname:{}", Name::from_der(base.value)?)),
        _ => None,
    }
}

/// A text in ASCII, without the characters that separate texts. Of two long texts with the same beginning, the shown forms
/// differ.
fn value(text: &str) -> String {
    let (beginning, is_all) = match text.get(..MAX_SHOWN) {
        Some(beginning) => (beginning, beginning.len() == text.len()),
        None => (text, true),
    };
    let mut value = String::new();
    for character in beginning.chars() {
        match character {
            ',' | ';' | ' ' => value.extend(character.escape_unicode()),
            '"' | '\'' => value.push(character),
            _ => value.extend(character.escape_debug()),
        }
    }
    if !is_all {
        value += &format!("…sha256:{}", Fingerprint::of(text.as_bytes()));
    }
    value
}

fn ascii(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok().filter(|text| text.is_ascii())
}

/// An address, followed by a mask.
fn network(bytes: &[u8]) -> Option<String> {
    let (address, mask) = bytes.split_at_checked(bytes.len() / 2)?;
    let (address, as_address) = (ip_address(address)?, ip_address(mask)?);
    let bits = mask
        .iter()
        .flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1 == 1));
    let len = bits.clone().take_while(|bit| *bit).count();
    match bits.filter(|bit| *bit).count() == len {
        true => Some(format!("{address}/{len}")),
        false => Some(format!("{address}/{as_address}")),
    }
}

fn ip_address(bytes: &[u8]) -> Option<IpAddr> {
    let version_4 = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    version_4
        .or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from))
        .ok()
}

fn other(bytes: &[u8]) -> String {
    format!("other:{}", hex::encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::super::subtrees::encode_subtrees;
    use super::*;
    use jit_trust_core::der::encode;

    fn permitted(tag: u8, value: &[u8]) -> String {
        let subtree = encode(0x30, &encode(tag, value));
        let constraints = NameConstraints::of(&encode_subtrees(&[subtree], &[]));
        assert_eq!((constraints.permitted.len(), constraints.excluded.len()), (1, 0));
        constraints.permitted[0].clone()
    }

    #[test]
    fn each_form_of_a_name_has_its_text() {
        let organisation = encode(
            0x30,
            &encode(0x31, &encode(0x30, b"\x06\x03\x55\x04\x0a\x0c\x02a\x1b")),
        );
        let ipv6 = [&[0x20, 1, 0x0d, 0xb8][..], &[0; 12], &[0xff; 4], &[0; 12]].concat();
        for (tag, value, expected) in [
            (0x82, &b".tr"[..], "dns:.tr"),
            (0x82, b"", "dns:"),
            (0x82, b"a\x1b[2J", r"dns:a\u{1b}[2J"),
            (0x82, b"a, dns:b", r"dns:a\u{2c}\u{20}dns:b"),
            (
                0x86,
                b"a; excluded uri:b",
                r"uri:a\u{3b}\u{20}excluded\u{20}uri:b",
            ),
            (0x86, br"a\u{2c}", r"uri:a\\u{2c}"),
            (0x81, b"a\n", r"email:a\n"),
            (0x82, b"\xff", "other:30038201ff"),
            (0x81, b"example.com", "email:example.com"),
            (0x86, b".example.com", "uri:.example.com"),
            (0x87, b"\xc0\x00\x02\x00\xff\xff\xff\x00", "ip:192.0.2.0/24"),
            (
                0x87,
                b"\xc0\x00\x02\x00\xff\x00\xff\x00",
                "ip:192.0.2.0/255.0.255.0",
            ),
            (0x87, b"\0\0\0\0\0\0\0\0", "ip:0.0.0.0/0"),
            (0x87, &ipv6, "ip:2001:db8::/32"),
            (0x87, b"\xc0\x00\x02", "other:30058703c00002"),
            (0xa4, &organisation, r"dirname:O=a\1B"),
            (0x88, b"\x2a", "other:300388012a"),
        ] {
            assert_eq!(permitted(tag, value), expected);
        }
    }

    #[test]
    fn what_is_too_long_to_be_shown_ends_in_a_hash_of_all_of_it() {
        let (longest, longer) = (vec![b'a'; 256], vec![b'a'; 257]);
        assert_eq!(permitted(0x82, &longest), format!("dns:{}", "a".repeat(256)));
        assert_eq!(
            permitted(0x82, &longer),
            format!(
                "dns:{}…sha256:e8d95cc2b4bc198c54b40bd214df958afb65f5e73d2c2eafe0593cf5c635c1f0",
                "a".repeat(256)
            )
        );
        let mut other = longer.clone();
        other[256] = b'b';
        assert_ne!(permitted(0x82, &longer), permitted(0x82, &other));
    }

    #[test]
    fn constraints_are_one_line() {
        let subtree = |domain: &[u8]| encode(0x30, &encode(0x82, domain));
        let constraints = encode_subtrees(&[subtree(b".tr"), subtree(b"a.example")], &[subtree(b"x.tr")]);
        let constraints = NameConstraints::of(&constraints);
        assert_eq!(
            constraints.to_string(),
            "permitted dns:.tr, dns:a.example; excluded dns:x.tr"
        );
    }

    #[test]
    fn bytes_that_are_no_constraints_are_shown_as_they_are() {
        for bytes in [&b"\xa0\x05\x30"[..], b"\xa1\x00\xa0\x00", b"\x00"] {
            assert!(
                NameConstraints::of(bytes).permitted[0].starts_with("other:"),
                "{bytes:?}"
            );
        }
        assert_eq!(NameConstraints::of(b""), NameConstraints::default());
    }

    proptest::proptest! {
        #[test]
        fn different_texts_look_different_and_end_where_they_end(one in "[ -~\n]{0,300}", other in "[ -~\n]{0,300}") {
            let of = |text: &str| permitted(0x86, text.as_bytes());
            proptest::prop_assert_eq!(of(&one) == of(&other), one == other);
            proptest::prop_assert!(!of(&one).contains([',', ';', ' ']));
        }

        #[test]
        fn whatever_the_bytes_are_there_is_an_answer(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..64)) {
            let _ = NameConstraints::of(&bytes).to_string();
            let _ = NameConstraints::of(&encode(0xa0, &encode(0x30, &bytes)));
        }
    }
}
