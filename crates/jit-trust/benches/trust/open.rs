//! From nothing to being ready to verify.

use std::path::Path;

use jit_trust::{FileStore, Verifier};
use openssl::ssl::{SslContext, SslMethod};
use rustls::RootCertStore;
use rustls::crypto::aws_lc_rs;

use crate::paired::{compare, measure};

/// Where Debian's package `ca-certificates` puts the list that OpenSSL loads.
const CA_CERTIFICATES: &str = "/etc/ssl/certs/ca-certificates.crt";

pub(crate) fn run() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("trust.tblb");
    std::fs::write(&path, jit_trust::mozilla().as_bytes()).expect("a file in the temporary directory");

    let open = || open_file(&path);
    let native = || native_certs();
    compare(
        "open a blob file, ready to verify",
        open,
        ("rustls-native-certs", native),
        "1/50",
    );
    if Path::new(CA_CERTIFICATES).exists() {
        compare(
            "open a blob file, ready to verify",
            open,
            ("OpenSSL, ca-certificates.crt", openssl),
            "1/500",
        );
    } else {
        eprintln!("OpenSSL is left out: {CA_CERTIFICATES} is missing; install ca-certificates");
    }
    compare(
        "open a blob file, ready to verify",
        open,
        ("webpki-roots", webpki_roots),
        "",
    );
    let blob = jit_trust::mozilla();
    measure(
        "check the blob of Mozilla's list in memory",
        || jit_trust_core::TrustBlob::open(blob.as_bytes()),
        "30 µs",
    );
}

fn open_file(path: &Path) -> Verifier {
    let store = FileStore::open(path).expect("a good blob");
    Verifier::with_provider(store, &aws_lc_rs::default_provider())
}

pub(crate) fn native_certs() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(found.certs);
    assert!(
        !roots.is_empty(),
        "the system has root certificates: {:?}",
        found.errors
    );
    roots
}

pub(crate) fn webpki_roots() -> RootCertStore {
    webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect()
}

fn openssl() -> SslContext {
    let mut context = SslContext::builder(SslMethod::tls_client()).expect("a context");
    context
        .set_ca_file(CA_CERTIFICATES)
        .expect("Debian's list can be read");
    context.build()
}
