//! PEM as in RFC 7468.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

/// The certificates as PEM, one after the other, each ending in a newline.
pub fn pem(certificates: &[impl AsRef<[u8]>]) -> String {
    certificates
        .iter()
        .map(|certificate| encode("CERTIFICATE", certificate.as_ref()))
        .collect()
}

pub(super) fn encode(label: &str, contents: &[u8]) -> String {
    let mut text = format!("-----BEGIN {label}-----\n");
    // 48 bytes are 64 characters, the length of a line.
    for line in contents.chunks(48) {
        text.push_str(&BASE64_STANDARD.encode(line));
        text.push('\n');
    }
    text.push_str(&format!("-----END {label}-----\n"));
    text
}
