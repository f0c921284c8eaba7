//! Certificates that the user gives in a file, such as a server's chain.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use jit_trust::Certificate;
use jit_trust_bundle::NoteKind;
use pki_types::CertificateDer;

use crate::exit::Failure;
use crate::shown::shown;
use crate::terminal::warning;

/// The largest file that is read, in bytes. The longest chain that a peer may send has 4 MB in DER.
const MAX_LEN: u64 = 8 << 20;

/// The certificates of a file, PEM, DER or PKCS #7, in its order and never none; `-` is stdin. Whether they can be read as
/// certificates is not looked at.
pub(crate) fn read(path: &Path) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let bytes = read_limited(path, MAX_LEN)?;
    if bytes.is_empty() {
        let what = "nothing was read: expected certificates in PEM or DER";
        return Err(Failure::bad_file(path, what));
    }
    let certificates = jit_trust_bundle::certificates(path.to_string_lossy(), &bytes)?;
    Ok(certificates.into_iter().map(CertificateDer::from).collect())
}

/// The same, as a server sends them: the first, its own, can be read as a certificate.
pub(crate) fn read_chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let chain = read(path)?;
    match chain.first().map(|own| Certificate::from_der(own)) {
        Some(Err(error)) => Err(Failure::bad_file(
            path,
            format_args!("the first certificate is {error}"),
        )),
        _ => Ok(chain),
    }
}

/// The same, of CAs that are trusted for what the user says. One that says that it is no CA is taken, as in a store, with
/// a warning.
pub(crate) fn read_authorities(path: &Path) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let certificates = read(path)?;
    for (ordinal, der) in (1..).zip(&certificates) {
        let certificate = Certificate::from_der(der).ok();
        if let Some(certificate) = certificate.filter(Certificate::says_it_is_no_ca) {
            let subject = certificate.subject().to_string();
            warning(format_args!(
                "{}: certificate {ordinal}: {}",
                shown(path.to_string_lossy()),
                NoteKind::NotACa { subject }
            ));
        }
    }
    Ok(certificates)
}

/// Reads a file of at most so many bytes; `-` is stdin.
pub(crate) fn read_limited(path: &Path, max: u64) -> Result<Vec<u8>, Failure> {
    let reading = |error| Failure::reading(path, &error);
    let source: Box<dyn Read> = match path.as_os_str() == "-" {
        true => Box::new(io::stdin().lock()),
        false => Box::new(File::open(path).map_err(reading)?),
    };
    let mut bytes = Vec::new();
    let len = source.take(max + 1).read_to_end(&mut bytes).map_err(reading)?;
    if u64::try_from(len).is_ok_and(|len| len > max) {
        return Err(Failure::bad_file(
            path,
            format_args!("expected at most {max} bytes"),
        ));
    }
    Ok(bytes)
}
