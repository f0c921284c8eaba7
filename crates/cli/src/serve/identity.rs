//! The server's identity: its certificates and its key.

use std::path::Path;
use std::sync::Arc;

use pki_types::PrivateKeyDer;
use pki_types::pem::PemObject;
use rustls::crypto::aws_lc_rs;
use rustls::{Error, ServerConfig};
use tokio_rustls::TlsAcceptor;

use crate::certificates;
use crate::exit::Failure;
use crate::http::{H2, HTTP_1_1};
use crate::shown::shown;

/// The largest file that may hold a key, in bytes. The largest RSA keys in use take 13 KB.
const MAX_KEY_FILE_LEN: u64 = 1 << 20;

/// What takes TLS connections as the subject of the first certificate.
pub(super) fn acceptor(cert: &Path, key: &Path) -> Result<TlsAcceptor, Failure> {
    let chain = certificates::read(cert)?;
    let private = private_key(key)?;
    let builder = ServerConfig::builder_with_provider(aws_lc_rs::default_provider().into());
    let builder = builder
        .with_safe_default_protocol_versions()
        .map_err(Failure::failed)?;
    let config = builder.with_no_client_auth().with_single_cert(chain, private);
    let mut config = config.map_err(|error| refused(cert, key, &error))?;
    config.alpn_protocols = vec![H2.to_vec(), HTTP_1_1.to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// What is wrong is said without any of the file's content, which may be secret.
fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, Failure> {
    let pem = certificates::read_limited(path, MAX_KEY_FILE_LEN)?;
    PrivateKeyDer::from_pem_slice(&pem).map_err(|_| {
        let expected = "expected a private key in PEM (PKCS #8, PKCS #1 or SEC 1), not encrypted";
        Failure::bad_file(path, expected)
    })
}

fn refused(cert: &Path, key: &Path, error: &Error) -> Failure {
    match error {
        Error::InconsistentKeys(_) => Failure::bad_file(
            cert,
            format_args!(
                "its first certificate is not for the key in {}: expected the server's own certificate first, then \
                 those above it",
                shown(key.to_string_lossy())
            ),
        ),
        Error::InvalidCertificate(_) => {
            let error = shown(error.to_string());
            Failure::bad_file(
                cert,
                format_args!("its first certificate cannot be read: {error}"),
            )
        }
        _ => Failure::bad_file(
            key,
            format_args!(
                "expected a key that TLS can sign with (ECDSA on P-256, P-384 or P-521, Ed25519, RSA): {}",
                shown(error.to_string())
            ),
        ),
    }
}
