//! Certificates between damaged boundaries.
//!
//! Text outside of sections is ignored. A boundary with too few dashes, typographic dashes, in lower case or with escaped line ends
//! is such text, so the certificate after it would be left out silently. The words of a boundary prove nothing, because
//! comments and names of CAs have them too; the Base64 of a certificate after them does.

/// Whether a byte is one of Base64's, padding included (RFC 4648 section 4).
pub(super) fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"+/=".contains(&byte)
}

/// The last line that may be a damaged boundary, until something else than a certificate follows.
#[derive(Default)]
pub(super) struct Suspicion(Option<Boundary>);

struct Boundary {
    line: u64,
    is_comment: bool,
}

/// A certificate that is in no section, by the line that was to begin it.
pub(super) enum Lost {
    /// The boundary is damaged.
    Damaged(u64),
    /// The boundary and the certificate are comments: that is meant to be.
    CommentedOut(u64),
}

impl Suspicion {
    /// Looks at the next line outside of any section.
    pub(super) fn look_at(&mut self, line: u64, text: &[u8]) -> Option<Lost> {
        if text.is_empty() {
            return None;
        }
        let before = self.0.take();
        if names_a_boundary(text) {
            if holds_certificate(text) {
                return Some(Lost::Damaged(line));
            }
            self.0 = Some(Boundary {
                line,
                is_comment: is_comment(text),
            });
            return None;
        }
        let before = before?;
        if !begins_certificate(text) {
            return None;
        }
        Some(match before.is_comment && is_comment(text) {
            true => Lost::CommentedOut(before.line),
            false => Lost::Damaged(before.line),
        })
    }
}

/// Whether a line has the word BEGIN and at most two words after it, as there may be in a label, the word
/// CERTIFICATE.
fn names_a_boundary(line: &[u8]) -> bool {
    let mut words = line
        .split(|byte| !byte.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty());
    while let Some(word) = words.next() {
        // `\nBEGIN`, escaped, has an n in front.
        let word = word.strip_prefix(b"n").unwrap_or(word);
        let is_certificate = |word: &[u8]| {
            [&b"CERTIFICATE"[..], b"PKCS7"]
                .iter()
                .any(|it| word.eq_ignore_ascii_case(it))
        };
        if word.eq_ignore_ascii_case(b"BEGIN") && words.clone().take(3).any(is_certificate) {
            return true;
        }
    }
    false
}

/// Every certificate begins so in Base64: a SEQUENCE with a length of more than one byte.
const MAGIC: &[u8] = b"MI";

/// Whether a line begins with the Base64 of a certificate, after quotation marks and the like.
fn begins_certificate(line: &[u8]) -> bool {
    let start = line.iter().position(u8::is_ascii_alphanumeric);
    let text = start.and_then(|start| line.get(start..)).unwrap_or_default();
    let len = text.iter().take_while(|byte| is_base64(**byte)).count();
    text.starts_with(MAGIC) && len >= 20
}

/// Whether a line that names a boundary has a certificate after it, as where line ends are escaped or missing: a run of
/// Base64 as long as a line of PEM.
fn holds_certificate(line: &[u8]) -> bool {
    let mut words = line.split(|byte| !is_base64(*byte));
    words.any(|word| {
        let word = word.strip_prefix(b"n").unwrap_or(word);
        word.starts_with(MAGIC) && word.len() >= 60
    })
}

fn is_comment(line: &[u8]) -> bool {
    [&b"#"[..], b";", b"//"].iter().any(|mark| line.starts_with(mark))
}
