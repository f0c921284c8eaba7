//! A list of bytes for a C compiler.

use std::fmt::Write;

const BYTES_PER_LINE: usize = 16;

/// The bytes as the value of a C initialiser, 16 a line, for `uint8_t blob[] = {` + `#include` + `};`.
///
/// ```
/// assert_eq!(jit_trust_bundle::c_array(b"TBLB"), "0x54, 0x42, 0x4c, 0x42,\n");
/// ```
pub fn c_array(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * "0x00, ".len());
    for line in bytes.chunks(BYTES_PER_LINE) {
        for (at, byte) in line.iter().enumerate() {
            let separator = if at == 0 { "" } else { " " };
            // Writing to a String cannot fail.
            let _ = write!(text, "{separator}0x{byte:02x},");
        }
        text.push('\n');
    }
    text
}
