//! Certificates that the user gives in a file, such as a server's chain.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use pki_types::CertificateDer;

use crate::exit::Failure;
use crate::shown::shown;

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
