//! A whole verification, beside that of rustls given just the right anchor.

use std::sync::Arc;

use jit_trust::{BlobStore, Verifier};
use jit_trust_core::{Certificate, Entry, v2};
use jit_trust_lab::pki::{Ca, KeyKind, Leaf};
use pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::aws_lc_rs;
use webpki_root_certs::TLS_SERVER_ROOT_CERTS;

use crate::paired::compare;

pub(crate) fn run() {
    for (keys, peer) in [
        ("ECDSA P-256", Peer::new(KeyKind::EcdsaP256)),
        ("RSA 2048", Peer::new(KeyKind::Rsa2048)),
        ("RSA 2048, 3 certificates", Peer::with_three_certificates()),
    ] {
        let just_in_time = Verifier::with_provider(peer.store(), &aws_lc_rs::default_provider());
        let right_anchor = peer.verifier_with_the_right_anchor();
        let sent = peer.chain();
        let ours = || verify(&just_in_time, &sent);
        let theirs = || verify(right_anchor.as_ref(), &sent);
        let what = format!("verify a chain of {keys}");
        compare(&what, ours, ("webpki, just the right anchor", theirs), "1.05");
    }
}

pub(crate) fn verify(verifier: &dyn ServerCertVerifier, sent: &[CertificateDer<'_>]) {
    let name = ServerName::try_from("a.test").expect("a name");
    let verdict = verifier.verify_server_cert(&sent[0], &sent[1..], &name, &[], UnixTime::now());
    verdict.expect("a trusted chain");
}

/// A server with a chain under a root of its own.
pub(crate) struct Peer {
    root: Ca,
    sent: Vec<CertificateDer<'static>>,
}

impl Peer {
    fn new(keys: KeyKind) -> Self {
        let root = Ca::builder("Bench Root").key_kind(keys).self_signed();
        let ca = Ca::builder("Bench CA").key_kind(keys).issued_by(&root);
        let leaf = Leaf::builder(&["a.test"]).key_kind(keys).issued_by(&ca);
        Self {
            sent: leaf.chain(&[&ca]),
            root,
        }
    }

    pub(crate) fn with_three_certificates() -> Self {
        let root = Ca::builder("Bench Root").key_kind(KeyKind::Rsa2048).self_signed();
        let upper = Ca::builder("Upper Bench CA")
            .key_kind(KeyKind::Rsa2048)
            .issued_by(&root);
        let lower = Ca::builder("Lower Bench CA")
            .key_kind(KeyKind::Rsa2048)
            .issued_by(&upper);
        let leaf = Leaf::builder(&["a.test"])
            .key_kind(KeyKind::Rsa2048)
            .issued_by(&lower);
        Self {
            sent: leaf.chain(&[&lower, &upper]),
            root,
        }
    }

    pub(crate) fn root_der(&self) -> CertificateDer<'static> {
        self.root.der()
    }

    pub(crate) fn chain(&self) -> Vec<CertificateDer<'static>> {
        self.sent.clone()
    }

    /// The root in the middle of Mozilla's list, as a blob in memory.
    pub(crate) fn store(&self) -> BlobStore<Vec<u8>> {
        let root = self.root.der();
        let (before, behind) = TLS_SERVER_ROOT_CERTS.split_at(TLS_SERVER_ROOT_CERTS.len() / 2);
        let roots: Vec<_> = before.iter().chain([&root]).chain(behind).collect();
        let roots: Vec<_> = roots
            .iter()
            .map(|der| Certificate::from_der(der.as_ref()).expect("a readable root"))
            .map(Entry::from_certificate)
            .collect();
        let blob = v2::to_vec(&roots, v2::Options::default(), 7).expect("a list that fits");
        BlobStore::new(blob).expect("a good blob")
    }

    fn verifier_with_the_right_anchor(&self) -> Arc<WebPkiServerVerifier> {
        let mut roots = RootCertStore::empty();
        roots.add(self.root.der()).expect("a readable root");
        let provider = aws_lc_rs::default_provider().into();
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider);
        verifier.build().expect("a root")
    }
}
