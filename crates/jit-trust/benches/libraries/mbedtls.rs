//! Clients with mbedTLS.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use jit_trust::FileStore;
use jit_trust::mbedtls::Connector;
use mbedtls::alloc::List;
use mbedtls::rng::{CtrDrbg, OsEntropy};
use mbedtls::ssl::config::{AuthMode, Endpoint, Preset, Transport, Version};
use mbedtls::ssl::{Config, Context};
use mbedtls::x509::Certificate;
use pki_types::CertificateDer;
use pki_types::pem::PemObject;

use crate::client::Connect;

/// Makes connections, by this way to trust.
pub(crate) fn client(way: &str, file: &Path) -> Connect {
    if way == "just-in-time" {
        let store = FileStore::open(file).expect("a good blob");
        let connector = Connector::new(store).expect("random numbers");
        return Box::new(move |host, tcp| {
            let mut tls = connector.connect(host, tcp).expect("a trusted server");
            tls.flush().expect("a connection");
        });
    }
    let mut roots = List::<Certificate>::new();
    for root in CertificateDer::pem_file_iter(file).expect("a file of certificates") {
        // It cannot read every root that there is.
        if let Ok(root) = Certificate::from_der(&root.expect("a certificate")) {
            roots.push(root);
        }
    }
    let random = CtrDrbg::new(Arc::new(OsEntropy::new()), None).expect("random numbers");
    let mut config = Config::new(Endpoint::Client, Transport::Stream, Preset::Default);
    config.set_rng(Arc::new(random));
    config.set_authmode(AuthMode::Required);
    config.set_min_version(Version::Tls1_2).expect("a version");
    config.set_ca_list(Arc::new(roots), None);
    let config = Arc::new(config);
    Box::new(move |host, tcp| {
        let mut tls = Context::new(config.clone());
        tls.establish(tcp, Some(host)).expect("a trusted server");
        tls.flush().expect("a connection");
    })
}
