//! The sections of a PEM text, and the text between them (RFC 7468 section 2).

use pki_types::CertificateDer;
use pki_types::pem::PemObject;

use super::super::lines::{Located, lines};
use super::lost::{Lost, Suspicion, is_base64};
use crate::Problem;

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
const DASHES: &[u8] = b"-----";

/// The kind of a section, by its label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::input) enum Kind {
    Certificate,
    /// OpenSSL's `TRUSTED CERTIFICATE`, with its trust settings.
    Trusted,
    /// PKCS #7, or CMS.
    SignedData,
    /// Something that has certificates in it and must not be passed over.
    Wrapped,
    /// An object of p11-kit.
    PublicKey,
    /// A certificate, all of it a comment.
    CommentedOut,
    Other,
}

impl Kind {
    fn of(label: &str) -> Self {
        match label {
            // `X509 CERTIFICATE` is an old name (RFC 7468 section 5.1).
            "CERTIFICATE" | "X509 CERTIFICATE" => Self::Certificate,
            "TRUSTED CERTIFICATE" => Self::Trusted,
            "PKCS7" | "PKCS #7 SIGNED DATA" | "CMS" => Self::SignedData,
            "CERTIFICATE CHAIN" => Self::Wrapped,
            "PUBLIC KEY" => Self::PublicKey,
            _ => Self::Other,
        }
    }
}

/// A section, or the remains of one.
pub(in crate::input) struct Section {
    pub(in crate::input) kind: Kind,
    pub(in crate::input) label: String,
    /// The line that begins it.
    pub(in crate::input) line: u64,
    /// Its content, if it is of a kind that is read. A public key that cannot be read is empty.
    pub(in crate::input) contents: Result<Vec<u8>, Located>,
}

/// The sections of a text, in order. Text outside of them is ignored, with any words in it, unless a certificate would be lost
/// with it.
pub(super) struct Sections<I> {
    lines: I,
    /// The line that ended a broken section because it begins the next.
    begun: Option<(u64, String)>,
    suspicion: Suspicion,
}

impl<'a> Sections<()> {
    pub(super) fn of(text: &'a [u8]) -> Sections<impl Iterator<Item = (u64, &'a [u8])>> {
        Sections {
            lines: lines(text),
            begun: None,
            suspicion: Suspicion::default(),
        }
    }
}

impl<'a, I: Iterator<Item = (u64, &'a [u8])>> Iterator for Sections<I> {
    type Item = Section;

    fn next(&mut self) -> Option<Section> {
        loop {
            if let Some((line, label)) = self.begun.take() {
                let (section, begun) = section(&mut self.lines, line, label);
                self.begun = begun;
                match section {
                    Some(section) => return Some(section),
                    None => continue,
                }
            }
            let (line, text) = self.lines.next()?;
            self.begun = begins(text).map(|label| (line, label));
            if self.begun.is_some() {
                self.suspicion = Suspicion::default();
            } else if let Some(label) = label_of(text, END) {
                if Kind::of(&label) != Kind::Other {
                    return Some(broken(line, label, "-----BEGIN before -----END"));
                }
            } else {
                match self.suspicion.look_at(line, text) {
                    Some(Lost::Damaged(line)) => {
                        let expected = "-----BEGIN CERTIFICATE----- and nothing else in the line";
                        return Some(broken(line, String::new(), expected));
                    }
                    Some(Lost::CommentedOut(line)) => return Some(commented_out(line)),
                    None => {}
                }
            }
        }
    }
}

/// The label of the section that this line begins, if it begins one.
pub(in crate::input) fn begins(line: &[u8]) -> Option<String> {
    label_of(line, BEGIN)
}

/// Reads on to the end of the section that this line began. Beside it, the line that ended it early because it begins
/// another. A pair of boundaries with nothing between them that could be a section is text like any other.
pub(in crate::input) fn section<'a>(
    lines: &mut impl Iterator<Item = (u64, &'a [u8])>,
    line: u64,
    label: String,
) -> (Option<Section>, Option<(u64, String)>) {
    let kind = Kind::of(&label);
    let mut body = Body::begun_at(line);
    let mut begun = None;
    let ended = body.read(lines, &label, &mut begun);
    let is_text = kind == Kind::Other && ended.is_err() && !body.has_content;
    let contents = ended.and_then(|()| match kind {
        Kind::Certificate | Kind::Trusted | Kind::SignedData => body.decode(),
        Kind::PublicKey => Ok(body.decode().unwrap_or_default()),
        Kind::Wrapped | Kind::CommentedOut | Kind::Other => Ok(Vec::new()),
    });
    let section = Section {
        kind,
        label,
        line,
        contents,
    };
    ((!is_text).then_some(section), begun)
}

/// The lines of a section.
struct Body {
    base64: Vec<u8>,
    begin: u64,
    /// The first line that is not Base64; the line that began the section while there is none.
    doubtful: u64,
    /// Whether a line of it may be the content of a section, and no text.
    has_content: bool,
}

impl Body {
    fn begun_at(begin: u64) -> Self {
        Self {
            base64: Vec::new(),
            begin,
            doubtful: begin,
            has_content: false,
        }
    }

    fn read<'a>(
        &mut self,
        lines: &mut impl Iterator<Item = (u64, &'a [u8])>,
        label: &str,
        begun: &mut Option<(u64, String)>,
    ) -> Result<(), Located> {
        let unfinished = |line| {
            let expected = format!("-----END {label}-----");
            (line, Problem::PemBoundary { expected })
        };
        for (line, text) in lines {
            if !(text.starts_with(BEGIN) || text.starts_with(END)) {
                self.push(line, text);
            } else if label_of(text, END).is_some_and(|ended| ended == label) {
                return Ok(());
            } else {
                *begun = begins(text).map(|next| (line, next));
                return Err(unfinished(line));
            }
        }
        Err(unfinished(self.begin))
    }

    fn push(&mut self, line: u64, text: &[u8]) {
        let is_base64 = text.iter().all(|byte| is_base64(*byte));
        if self.doubtful == self.begin && !is_base64 {
            self.doubtful = line;
        }
        // No word of a text is as long.
        self.has_content |= is_base64 && text.len() >= 32;
        self.base64.extend_from_slice(text);
    }

    fn decode(&self) -> Result<Vec<u8>, Located> {
        let begin: &[u8] = b"-----BEGIN CERTIFICATE-----\n";
        let section = [begin, &self.base64, b"\n-----END CERTIFICATE-----\n"].concat();
        match CertificateDer::from_pem_slice(&section) {
            Ok(certificate) => Ok(certificate.as_ref().to_vec()),
            Err(_) => Err((self.doubtful, Problem::PemContent)),
        }
    }
}

fn broken(line: u64, label: String, expected: &str) -> Section {
    let expected = expected.to_owned();
    Section {
        kind: Kind::Certificate,
        label,
        line,
        contents: Err((line, Problem::PemBoundary { expected })),
    }
}

fn commented_out(line: u64) -> Section {
    Section {
        kind: Kind::CommentedOut,
        label: "CERTIFICATE".to_owned(),
        line,
        contents: Ok(Vec::new()),
    }
}

/// The label of a line that is a boundary of this sort and nothing else.
fn label_of(line: &[u8], sort: &[u8]) -> Option<String> {
    let label = line.strip_prefix(sort)?.strip_suffix(DASHES)?;
    let label = std::str::from_utf8(label).ok()?;
    (!label.contains('-')).then(|| label.to_owned())
}
