//! Revocation lists that the user loaded.

use std::fs;

use jit_trust::openssl::Connector;
use jit_trust_lab::pki::{Ca, Leaf, der};
use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::sign::Signer;
use openssl::ssl::SslFiletype;
use openssl::x509::store::X509Lookup;
use openssl::x509::verify::X509VerifyFlags;

use crate::support::{HOST, connect, connector, get, refused, server, store};

/// A list of this CA's, valid until 2049, that revokes these.
fn crl(ca: &Ca, revoked: &[&Leaf]) -> Vec<u8> {
    let algorithm = der::sequence(&[&der::object_identifier("1.2.840.10045.4.3.2")]);
    let time = der::tlv(0x17, b"200101000000Z");
    let until = der::tlv(0x17, b"491231235959Z");
    let version = der::integer(&[1]);
    let revoked: Vec<u8> = revoked
        .iter()
        .flat_map(|leaf| der::sequence(&[&der::integer(leaf.serial()), &time]))
        .collect();
    let revoked = if revoked.is_empty() {
        revoked
    } else {
        der::sequence(&[&revoked])
    };
    let list = [&version, &algorithm, ca.name().der(), &time, &until, &revoked];
    let list = der::sequence(&list);
    let key = PKey::private_key_from_der(ca.key().private_der().secret_der()).unwrap();
    let mut signer = Signer::new(MessageDigest::sha256(), &key).unwrap();
    let signature = signer.sign_oneshot_to_vec(&list).unwrap();
    der::sequence(&[&list, &algorithm, &der::bit_string(&signature)])
}

fn connector_with(root: &Ca, crl: Option<Vec<u8>>) -> Connector {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("crl");
    connector(store(&[root]), |context| {
        let param = context.verify_param_mut();
        param.set_flags(X509VerifyFlags::CRL_CHECK).unwrap();
        if let Some(crl) = crl {
            fs::write(&file, crl).unwrap();
            let lookup = context.cert_store_mut().add_lookup(X509Lookup::file());
            lookup.unwrap().load_crl_file(&file, SslFiletype::ASN1).unwrap();
        }
    })
}

#[test]
fn a_revoked_certificate_is_refused_and_one_of_which_nothing_is_known() {
    let root = Ca::root("Root");
    let (good, revoked) = (root.leaf(HOST), root.leaf(HOST));
    let (server, bad) = (
        server(&good, good.chain(&[])),
        server(&revoked, revoked.chain(&[])),
    );
    let list = crl(&root, &[&revoked]);
    get(&connector_with(&root, Some(list.clone())), &server).unwrap();
    assert_eq!(refused(connect(&connector_with(&root, Some(list)), &bad)), 23); // certificate revoked
    assert_eq!(refused(connect(&connector_with(&root, None), &server)), 3); // unable to get certificate CRL
}
