//! Lines of text, with their numbers.

/// The lines, counted from 1, without white space at either end. Lines end with LF, CR LF or, where there is no LF
/// at all, CR. A byte order mark before the first is no part of it.
pub(super) fn lines(text: &[u8]) -> impl Iterator<Item = (u64, &[u8])> {
    let text = without_byte_order_mark(text);
    let end = if text.contains(&b'\n') { b'\n' } else { b'\r' };
    let lines = text.split(move |byte| *byte == end);
    (1..).zip(lines.map(<[u8]>::trim_ascii))
}

pub(super) fn without_byte_order_mark(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text)
}
