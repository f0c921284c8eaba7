//! PEM (RFC 7468): certificates with any text between them.
//!
//! The sections are told apart here, because messages must say which certificate and which line, and because a
//! section that is skipped is reported.

use pki_types::CertificateDer;
use pki_types::pem::PemObject;

use super::lines::lines;
use crate::list::Collector;
use crate::{Conditions, InputError, NoteKind, Place, Problem};

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
const DASHES: &[u8] = b"-----";

pub(super) fn is_one(bytes: &[u8]) -> bool {
    lines(bytes).any(|(_, line)| line.starts_with(BEGIN) || is_almost_boundary(line))
}

pub(super) fn read(place: &Place, bytes: &[u8], collector: &mut Collector) -> Result<(), InputError> {
    let mut ordinal = 0;
    for section in Sections::of(bytes) {
        let place = match section.kind {
            Kind::Other => place.line(section.line),
            _ => {
                ordinal += 1;
                place.certificate(ordinal).line(section.line)
            }
        };
        match (section.kind, section.contents) {
            (_, Err(Broken { line, problem })) => collector.reject(problem.at(place.line(line)))?,
            (Kind::Certificate, Ok(der)) => collector.offer(place, der, Conditions::default())?,
            (Kind::Wrapped, Ok(_)) => {
                let label = section.label;
                collector.reject(Problem::PemSection { label }.at(place))?;
            }
            (Kind::Other, Ok(_)) => {
                let label = section.label;
                collector.note(place, NoteKind::OtherSection { label });
            }
        }
    }
    if ordinal == 0 {
        return collector.reject(Problem::NoCertificate.at(place.clone()));
    }
    Ok(())
}

/// The certificates of a PEM text, as DER in the order of the text, such as a chain that a server has sent: not looked
/// into, never none. `name` is what errors call the text.
///
/// # Errors
/// The line and what was expected there, for what is no PEM, and when there is no certificate.
///
/// ```
/// let error = jit_trust_bundle::pem_certificates("chain.pem", b"-----BEGIN CERTIFICATE-----").unwrap_err();
/// assert!(error.to_string().starts_with("chain.pem: certificate 1, line 1: "));
/// ```
pub fn pem_certificates(name: impl Into<String>, text: &[u8]) -> Result<Vec<Vec<u8>>, InputError> {
    let place = Place::whole(name);
    let mut certificates = Vec::new();
    for section in
        Sections::of(text).filter(|section| section.kind != Kind::Other || section.contents.is_err())
    {
        let place = place.certificate(certificates.len() + 1).line(section.line);
        match (section.kind, section.contents) {
            (_, Err(Broken { line, problem })) => return Err(problem.at(place.line(line))),
            (Kind::Certificate, Ok(der)) => certificates.push(der),
            (Kind::Wrapped | Kind::Other, Ok(_)) => {
                let label = section.label;
                return Err(Problem::PemSection { label }.at(place));
            }
        }
    }
    if certificates.is_empty() {
        return Err(Problem::NoCertificate.at(place));
    }
    Ok(certificates)
}

/// The certificate of a text that holds just one.
pub(super) fn read_one(text: &[u8]) -> Result<Vec<u8>, Problem> {
    let mut sections = Sections::of(text);
    let section = sections.next().ok_or(Problem::NoCertificate)?;
    let certificate = match section.kind {
        Kind::Certificate => section.contents.map_err(|broken| broken.problem)?,
        _ => return Err(Problem::PemSection { label: section.label }),
    };
    match sections.next() {
        None => Ok(certificate),
        Some(_) => Err(Problem::SecondCertificate),
    }
}

/// What a section holds, as its label says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Certificate,
    /// Something that has certificates in it and must not be passed over: OpenSSL's `TRUSTED CERTIFICATE`, whose trust
    /// settings may restrict it, and PKCS #7.
    Wrapped,
    Other,
}

impl Kind {
    fn of(label: &str) -> Self {
        match label {
            // `X509 CERTIFICATE` is an old name (RFC 7468 section 5.1).
            "CERTIFICATE" | "X509 CERTIFICATE" => Self::Certificate,
            "TRUSTED CERTIFICATE" | "CERTIFICATE CHAIN" | "PKCS7" | "PKCS #7 SIGNED DATA" | "CMS" => {
                Self::Wrapped
            }
            _ => Self::Other,
        }
    }
}

struct Section {
    kind: Kind,
    label: String,
    /// The line that begins it.
    line: u64,
    contents: Result<Vec<u8>, Broken>,
}

/// What is wrong with a section, and in which line.
struct Broken {
    line: u64,
    problem: Problem,
}

/// The sections of a text, from first to last.
struct Sections<I> {
    lines: I,
    /// The line that ended a broken section because it begins the next.
    begun: Option<(u64, String)>,
}

impl<'a> Sections<()> {
    fn of(text: &'a [u8]) -> Sections<impl Iterator<Item = (u64, &'a [u8])>> {
        Sections {
            lines: lines(text),
            begun: None,
        }
    }
}

impl<'a, I: Iterator<Item = (u64, &'a [u8])>> Iterator for Sections<I> {
    type Item = Section;

    fn next(&mut self) -> Option<Section> {
        if let Some((line, label)) = self.begun.take() {
            return Some(self.section(line, label));
        }
        let (line, boundary) = self
            .lines
            .find(|(_, line)| is_boundary(line) || is_almost_boundary(line))?;
        match label_of(boundary, BEGIN) {
            Some(label) => Some(self.section(line, label)),
            None => Some(broken(line, boundary)),
        }
    }
}

impl<'a, I: Iterator<Item = (u64, &'a [u8])>> Sections<I> {
    /// Reads on to the end of the section that this line began.
    fn section(&mut self, line: u64, label: String) -> Section {
        let kind = Kind::of(&label);
        let contents = self.body(line, &label).and_then(|body| match kind {
            Kind::Certificate => body.decode(),
            Kind::Wrapped | Kind::Other => Ok(Vec::new()),
        });
        Section {
            kind,
            label,
            line,
            contents,
        }
    }

    fn body(&mut self, begin: u64, label: &str) -> Result<Body, Broken> {
        let mut body = Body {
            base64: Vec::new(),
            doubtful: begin,
        };
        let unfinished = |line| Broken {
            line,
            problem: Problem::PemBoundary {
                expected: format!("-----END {label}-----"),
            },
        };
        for (line, text) in self.lines.by_ref() {
            if !is_boundary(text) {
                body.push(line, begin, text);
            } else if label_of(text, END).is_some_and(|ended| ended == label) {
                return Ok(body);
            } else {
                self.begun = label_of(text, BEGIN).map(|next| (line, next));
                return Err(unfinished(line));
            }
        }
        Err(unfinished(begin))
    }
}

/// The lines of a section.
struct Body {
    base64: Vec<u8>,
    /// The first line that is not Base64; the line that began the section while there is none.
    doubtful: u64,
}

impl Body {
    fn push(&mut self, line: u64, begin: u64, text: &[u8]) {
        let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=".contains(byte);
        if self.doubtful == begin && !text.iter().all(is_base64) {
            self.doubtful = line;
        }
        self.base64.extend_from_slice(text);
    }

    fn decode(&self) -> Result<Vec<u8>, Broken> {
        let begin: &[u8] = b"-----BEGIN CERTIFICATE-----\n";
        let section = [begin, &self.base64, b"\n-----END CERTIFICATE-----\n"].concat();
        match CertificateDer::from_pem_slice(&section) {
            Ok(certificate) => Ok(certificate.as_ref().to_vec()),
            Err(_) => Err(Broken {
                line: self.doubtful,
                problem: Problem::PemContent,
            }),
        }
    }
}

/// A boundary that begins nothing: the end of no section, or malformed.
fn broken(line: u64, boundary: &[u8]) -> Section {
    let expected = if label_of(boundary, END).is_some() {
        "-----BEGIN before -----END".to_owned()
    } else {
        "-----BEGIN CERTIFICATE----- and nothing else in the line".to_owned()
    };
    Section {
        kind: Kind::Certificate,
        label: String::new(),
        line,
        contents: Err(Broken {
            line,
            problem: Problem::PemBoundary { expected },
        }),
    }
}

fn is_boundary(line: &[u8]) -> bool {
    line.starts_with(BEGIN) || line.starts_with(END)
}

/// Whether a line outside of any section looks as if it were to begin or end a certificate, and does not: with too few
/// dashes, typographic ones, in lower case, or with line ends that were escaped. Passing over it would leave a
/// certificate out without a word.
///
/// It has the word BEGIN or END and at most two words behind it, as there may be in a label, the word CERTIFICATE.
fn is_almost_boundary(line: &[u8]) -> bool {
    let mut words = line
        .split(|byte| !byte.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty());
    while let Some(word) = words.next() {
        // `\nBEGIN`, escaped, has an n in front.
        let word = word.strip_prefix(b"n").unwrap_or(word);
        let begins_or_ends = [&b"BEGIN"[..], b"END"]
            .iter()
            .any(|it| word.eq_ignore_ascii_case(it));
        let mut label = words.clone().take(3);
        if begins_or_ends && label.any(|word| word.eq_ignore_ascii_case(b"CERTIFICATE")) {
            return true;
        }
    }
    false
}

/// The label of a line that is a boundary of this sort and nothing else.
fn label_of(line: &[u8], sort: &[u8]) -> Option<String> {
    let label = line.strip_prefix(sort)?.strip_suffix(DASHES)?;
    let label = std::str::from_utf8(label).ok()?;
    (!label.contains('-')).then(|| label.to_owned())
}
