//! All roots loaded, in webpki.

use std::sync::Arc;

use pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::aws_lc_rs;

use crate::exit::Failure;
use crate::shown::shown;

/// webpki with all roots of a list loaded.
pub(super) struct WebPki(Arc<WebPkiServerVerifier>);

impl WebPki {
    /// With the list that is compiled in.
    pub(super) fn with_webpki_roots() -> Result<Self, Failure> {
        let mut roots = RootCertStore::empty();
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        Self::with(roots)
    }

    /// With the system's, as Rust programs load it.
    pub(super) fn with_native_roots() -> Result<Self, Failure> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(native_roots("native")?);
        Self::with(roots)
    }

    fn with(roots: RootCertStore) -> Result<Self, Failure> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider);
        verifier.build().map(Self).map_err(Failure::failed)
    }

    pub(super) fn verify(&self, host: &ServerName<'_>, own: &[u8], others: &[&[u8]]) -> Result<(), String> {
        let own = CertificateDer::from(own);
        let others: Vec<_> = others.iter().map(|der| CertificateDer::from(*der)).collect();
        let judged = self
            .0
            .verify_server_cert(&own, &others, host, &[], UnixTime::now());
        judged.map(drop).map_err(|error| error.to_string())
    }
}

/// The system's root certificates, of which there are some.
pub(super) fn native_roots(option: &str) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let loaded = rustls_native_certs::load_native_certs();
    if loaded.certs.is_empty() {
        let why = loaded.errors.first().map(|error| format!(": {error}"));
        return Err(Failure::bad_input(format!(
            "--against {option}: the system has no root certificates{}",
            shown(why.unwrap_or_default())
        )));
    }
    Ok(loaded.certs)
}
