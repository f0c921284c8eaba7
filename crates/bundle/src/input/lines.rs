//! Lines of text, with their numbers.

use crate::Problem;

/// The number of a line, and the problem with it.
pub(super) type Located = (u64, Problem);

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The lines, counted from 1, without white space at either end. Lines end with LF, CR LF or, in a text without LF, CR. A byte
/// order mark begins a line at any position, because the text may be several files, one after the other. It is not part of
/// the line.
pub(super) fn lines(text: &[u8]) -> impl Iterator<Item = (u64, &[u8])> {
    let end = if text.contains(&b'\n') { b'\n' } else { b'\r' };
    let lines = (1..).zip(text.split(move |byte| *byte == end));
    lines.flat_map(|(number, line)| Files(Some(line)).map(move |line| (number, line.trim_ascii())))
}

pub(super) fn without_byte_order_mark(text: &[u8]) -> &[u8] {
    text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text)
}

/// The parts of a line that byte order marks make of it.
struct Files<'a>(Option<&'a [u8]>);

impl<'a> Iterator for Files<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let rest = without_byte_order_mark(self.0.take()?);
        let mut windows = rest.windows(BYTE_ORDER_MARK.len());
        let Some(at) = windows.position(|window| window == BYTE_ORDER_MARK) else {
            return Some(rest);
        };
        let (line, rest) = rest.split_at_checked(at)?;
        self.0 = Some(rest);
        Some(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_order_mark_begins_a_line_wherever_it_stands() {
        let text = "\u{feff}a \n\u{feff} b\u{feff}c\r\n\n\u{feff}\u{feff}d\u{feff}";
        let found: Vec<_> = lines(text.as_bytes()).collect();
        let expected: [(u64, &[u8]); 7] = [
            (1, b"a"),
            (2, b"b"),
            (2, b"c"),
            (3, b""),
            (4, b""),
            (4, b"d"),
            (4, b""),
        ];
        assert_eq!(found, expected);
    }
}
