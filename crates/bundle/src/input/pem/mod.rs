//! PEM (RFC 7468): certificates with any text between them.
//!
//! The sections are parsed here, because messages name the certificate and the line, and because a section that is skipped is
//! reported.

mod lost;
pub(super) mod sections;

use jit_trust_core::Certificate;

use super::collector::Collector;
use super::openssl_trust::Servers;
use super::other_form::OtherForm;
use super::{openssl_trust, signed_data};
use crate::distrust::Distrusted;
use crate::{Conditions, InputError, NoteKind, Place, Problem};
use sections::{Kind, Sections};

/// Whether there is a section, or the remains of one.
pub(super) fn is_one(bytes: &[u8]) -> bool {
    Sections::of(bytes).next().is_some()
}

pub(super) fn read(place: &Place, bytes: &[u8], collector: &mut Collector) -> Result<(), InputError> {
    let mut ordinal = 0;
    let mut others = Vec::new();
    for section in Sections::of(bytes) {
        let is_other = matches!(section.kind, Kind::Other | Kind::PublicKey | Kind::CommentedOut);
        let place = match is_other {
            true => place.line(section.line),
            false => {
                ordinal += 1;
                place.certificate(ordinal).line(section.line)
            }
        };
        let contents = match section.contents {
            Ok(contents) => contents,
            Err((line, problem)) => {
                collector.reject(problem.at(place.line(line)))?;
                continue;
            }
        };
        let label = section.label;
        match section.kind {
            Kind::Certificate => collector.offer(place, contents, Conditions::default())?,
            Kind::Trusted => match openssl_trust::read(&contents) {
                Some((certificate, Servers::Trusted)) => {
                    collector.offer(place, certificate, Conditions::default())?;
                }
                Some((_, Servers::NotTrusted)) => {
                    collector.note(place, NoteKind::SectionNotForServers { label });
                }
                Some((certificate, Servers::Rejected)) => {
                    collector.distrust(rejected(&certificate, &label, &place)?);
                    collector.note(place, NoteKind::SectionNotForServers { label });
                }
                None => collector.reject(Problem::TrustSettings.at(place))?,
            },
            Kind::SignedData => match signed_data::certificates(&contents) {
                Ok(certificates) => {
                    // Each counts as one of the file.
                    ordinal -= 1;
                    for certificate in certificates {
                        ordinal += 1;
                        let place = place.certificate(ordinal);
                        collector.offer(place, certificate.to_vec(), Conditions::default())?;
                    }
                }
                Err(problem) => collector.reject(problem.at(place))?,
            },
            Kind::Wrapped => collector.reject(Problem::PemSection { label }.at(place))?,
            Kind::CommentedOut => collector.note(place, NoteKind::CommentedOut),
            Kind::PublicKey | Kind::Other => {
                others.push(label.clone());
                collector.note(place, NoteKind::OtherSection { label });
            }
        }
    }
    if ordinal == 0 {
        return collector.reject(no_certificate(&others).at(place.clone()));
    }
    Ok(())
}

/// A certificate that its settings reject for servers. One that cannot be read refuses the text: a copy of it may be
/// trusted elsewhere.
fn rejected(der: &[u8], label: &str, place: &Place) -> Result<Distrusted, InputError> {
    let certificate = Certificate::from_der(der).map_err(|_| {
        let (label, what) = (label.to_owned(), "a certificate");
        Problem::UnreadableDistrust { label, what }.at(place.clone())
    })?;
    let mut distrusted = Distrusted::default();
    distrusted.add(&certificate, place);
    Ok(distrusted)
}

/// The certificates of a PEM text, as DER in the order of the text, such as a chain that a server has sent: not looked
/// into, never none. Sections that are not certificates, such as the private key beside a chain, are passed over.
/// `name` is what errors call the text.
///
/// # Errors
/// The line and what was expected there, for a damaged section, for one that has certificates in it in another
/// wrapping, and for a text of p11-kit's, which says beside each certificate whether it is trusted; and when there is
/// no certificate.
///
/// ```
/// let error = jit_trust_bundle::pem_certificates("chain.pem", b"-----BEGIN CERTIFICATE-----").unwrap_err();
/// assert!(error.to_string().starts_with("chain.pem: certificate 1, line 1: "));
/// ```
pub fn pem_certificates(name: impl Into<String>, text: &[u8]) -> Result<Vec<Vec<u8>>, InputError> {
    let place = Place::whole(name);
    if let Some(line) = super::p11_kit::first_line(text) {
        return Err(Problem::P11KitText.at(place.line(line)));
    }
    let mut certificates = Vec::new();
    let mut others = Vec::new();
    for section in Sections::of(text) {
        let place = place.certificate(certificates.len() + 1).line(section.line);
        match (section.kind, section.contents) {
            (_, Err((line, problem))) => return Err(problem.at(place.line(line))),
            (Kind::Certificate, Ok(der)) => certificates.push(der),
            (Kind::SignedData, Ok(der)) => {
                let read = signed_data::certificates(&der).map_err(|problem| problem.at(place))?;
                certificates.extend(read.into_iter().map(<[u8]>::to_vec));
            }
            (Kind::Trusted | Kind::Wrapped, Ok(_)) => {
                let label = section.label;
                return Err(Problem::PemSection { label }.at(place));
            }
            (Kind::CommentedOut, Ok(_)) => {}
            (Kind::PublicKey | Kind::Other, Ok(_)) => others.push(section.label),
        }
    }
    if certificates.is_empty() {
        return Err(no_certificate(&others).at(place));
    }
    Ok(certificates)
}

/// The certificate of a text that holds just one.
pub(super) fn read_one(text: &[u8]) -> Result<Vec<u8>, Problem> {
    let mut sections = Sections::of(text);
    let section = sections.next().ok_or(Problem::NoCertificate { instead: None })?;
    let certificate = match section.kind {
        Kind::Certificate => section.contents.map_err(|(_, problem)| problem)?,
        _ => return Err(Problem::PemSection { label: section.label }),
    };
    match sections.next() {
        None => Ok(certificate),
        Some(_) => Err(Problem::SecondCertificate),
    }
}

/// The problem that a text has no certificate, with what it has instead.
fn no_certificate(labels: &[String]) -> Problem {
    match labels {
        [] => Problem::NoCertificate { instead: None },
        [first, ..] => Problem::NoCertificate {
            instead: Some(OtherForm::of_label(first)),
        },
    }
}
