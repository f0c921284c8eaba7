//! Clients with OpenSSL.

use std::io::Write;
use std::path::Path;

use jit_trust::FileStore;
use jit_trust::openssl::Connector;
use jit_trust_lab::pki::pem;
use openssl::ssl::{Ssl, SslContext, SslMethod, SslVerifyMode, SslVersion};
use openssl::x509::X509;
use pki_types::CertificateDer;

use crate::client::Connect;

/// Makes connections, by this way to trust.
pub(crate) fn client(way: &str, file: &Path) -> Connect {
    if way == "just-in-time" {
        let store = FileStore::open(file).expect("a good blob");
        let connector = Connector::new(store).expect("a context");
        return Box::new(move |host, tcp| {
            let mut tls = connector.connect(host, tcp).expect("a trusted server");
            tls.flush().expect("a connection");
        });
    }
    let mut context = SslContext::builder(SslMethod::tls_client()).expect("a context");
    context
        .set_min_proto_version(Some(SslVersion::TLS1_2))
        .expect("a version");
    context.set_verify(SslVerifyMode::PEER);
    let loaded = match way {
        "directory" => context.load_verify_locations(None, Some(file)),
        _ => context.set_ca_file(file),
    };
    loaded.expect("certificates");
    let context = context.build();
    Box::new(move |host, tcp| {
        let mut ssl = Ssl::new(&context).expect("a connection");
        ssl.set_hostname(host).expect("a host");
        ssl.param_mut().set_host(host).expect("a host");
        let mut tls = ssl.connect(tcp).expect("a trusted server");
        tls.flush().expect("a connection");
    })
}

/// Writes certificates as `c_rehash` names them.
pub(crate) fn write_by_hash<'a>(directory: &Path, roots: impl Iterator<Item = &'a CertificateDer<'static>>) {
    for root in roots {
        let hash = X509::from_der(root).expect("a root").subject_name_hash();
        let names = (0..).map(|number| directory.join(format!("{hash:08x}.{number}")));
        let free = names.into_iter().find(|path| !path.exists());
        std::fs::write(free.expect("a name"), pem(&[root])).expect("a temporary file");
    }
}
