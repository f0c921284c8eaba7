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
    let bytes = read_limited(path)?;
    if bytes.is_empty() {
        let name = shown(path.to_string_lossy());
        return Err(Failure::bad_input(format!(
            "{name}: nothing was read: expected certificates in PEM or DER"
        )));
    }
    let certificates = jit_trust_bundle::certificates(path.to_string_lossy(), &bytes)?;
    Ok(certificates.into_iter().map(CertificateDer::from).collect())
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

fn read_limited(path: &Path) -> Result<Vec<u8>, Failure> {
    let source: Box<dyn Read> = if path.as_os_str() == "-" {
        Box::new(io::stdin().lock())
    } else {
        Box::new(File::open(path).map_err(|error| Failure::reading(path, &error))?)
    };
    let mut bytes = Vec::new();
    let read = source.take(MAX_LEN + 1).read_to_end(&mut bytes);
    let len = read.map_err(|error| Failure::reading(path, &error))?;
    if u64::try_from(len).is_ok_and(|len| len > MAX_LEN) {
        let name = shown(path.to_string_lossy());
        return Err(Failure::bad_input(format!(
            "{name}: expected at most {MAX_LEN} bytes"
        )));
    }
    Ok(bytes)
}
