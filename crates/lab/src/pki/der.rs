//! Writing DER (ITU-T X.690): tag, length, contents. What the contents say is the caller's affair, so
//! malformed values are as easy to write as right ones.

/// `contents` under `tag`, with the shortest definite length.
pub fn tlv(tag: u8, contents: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    if contents.len() < 0x80 {
        out.push(contents.len() as u8);
    } else {
        let length = contents.len().to_be_bytes();
        let length = &length[length.iter().take_while(|byte| **byte == 0).count()..];
        out.push(0x80 | length.len() as u8);
        out.extend_from_slice(length);
    }
    out.extend_from_slice(contents);
    out
}

/// A SEQUENCE of `parts`.
pub fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    tlv(0x30, &parts.concat())
}

/// A SET of `parts`, in the order given: DER's sorting is left to the caller.
pub fn set(parts: &[&[u8]]) -> Vec<u8> {
    tlv(0x31, &parts.concat())
}

/// A constructed context-specific `[number]` around `contents`.
pub fn context(number: u8, contents: &[u8]) -> Vec<u8> {
    tlv(0xa0 | number, contents)
}

/// A primitive context-specific `[number]` with `contents`.
pub fn context_primitive(number: u8, contents: &[u8]) -> Vec<u8> {
    tlv(0x80 | number, contents)
}

/// An INTEGER of exactly these content bytes (two's complement, big-endian).
pub fn integer(contents: &[u8]) -> Vec<u8> {
    tlv(0x02, contents)
}

/// A BOOLEAN.
pub fn boolean(value: bool) -> Vec<u8> {
    tlv(0x01, &[if value { 0xff } else { 0 }])
}

/// An OCTET STRING.
pub fn octet_string(contents: &[u8]) -> Vec<u8> {
    tlv(0x04, contents)
}

/// A BIT STRING of whole bytes.
pub fn bit_string(contents: &[u8]) -> Vec<u8> {
    tlv(0x03, &[&[0], contents].concat())
}

/// An OBJECT IDENTIFIER from its dotted form.
///
/// # Panics
///
/// When `dotted` is not a list of at least two numbers.
pub fn object_identifier(dotted: &str) -> Vec<u8> {
    let arcs: Vec<u64> = dotted
        .split('.')
        .map(|arc| {
            arc.parse()
                .unwrap_or_else(|_| panic!("{dotted:?} is no dotted object identifier"))
        })
        .collect();
    let [first, second, rest @ ..] = arcs.as_slice() else {
        panic!("an object identifier has two numbers at least: {dotted:?}");
    };
    let mut contents = Vec::new();
    for arc in std::iter::once(first * 40 + second).chain(rest.iter().copied()) {
        let septets = (u64::BITS - arc.leading_zeros()).div_ceil(7).max(1);
        for place in (0..septets).rev() {
            let more = if place > 0 { 0x80 } else { 0 };
            contents.push((arc >> (7 * place) & 0x7f) as u8 | more);
        }
    }
    tlv(0x06, &contents)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_take_the_shortest_form() {
        assert_eq!(tlv(4, &[7; 0x7f])[..2], [4, 0x7f]);
        assert_eq!(tlv(4, &[7; 0x80])[..3], [4, 0x81, 0x80]);
        assert_eq!(tlv(4, &[7; 0x100])[..4], [4, 0x82, 1, 0]);
        assert_eq!(tlv(4, &[7; 0x1_0000])[..5], [4, 0x83, 1, 0, 0]);
    }

    #[test]
    fn object_identifiers_are_base_128() {
        assert_eq!(object_identifier("2.5.29.17"), [6, 3, 0x55, 29, 17]);
        assert_eq!(
            object_identifier("1.2.840.113549"),
            [6, 6, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d]
        );
        assert_eq!(object_identifier("2.999.0"), [6, 3, 0x88, 0x37, 0]);
    }
}
