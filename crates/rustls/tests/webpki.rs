//! webpki as the verification machine's library, without a handshake.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use jit_trust_core::{Certificate, Entry, PeerChain, v2};
use jit_trust_engine::verification::{Edge, LookupWait};
use jit_trust_engine::{BlobStore, Missing, Rejection, TrustPolicy};
use jit_trust_lab::pki::{Ca, now};
use jit_trust_rustls::Webpki;
use pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::crypto::ring::default_provider;

fn policy(root: &Ca) -> TrustPolicy {
    let der = root.der();
    let entries = [Entry::from_certificate(Certificate::from_der(&der).unwrap())];
    let blob = v2::to_vec(&entries, v2::Options::default(), 1).unwrap();
    TrustPolicy::new(BlobStore::new(blob).unwrap())
}

/// What comes of a server's certificates with those that complete the path: the machine reads them all, webpki is lent those
/// that were sent.
fn verify(
    root: &Ca,
    sent: &[CertificateDer<'_>],
    completing: &[CertificateDer<'_>],
) -> Result<(), Rejection> {
    let policy = policy(root);
    let host = policy.for_host("a.test");
    let chain = PeerChain::read(sent.iter().chain(completing).map(AsRef::as_ref));
    let (own, intermediates) = sent.split_first().unwrap();
    let name = ServerName::try_from("a.test").unwrap();
    let at = u64::try_from(now()).unwrap();
    let time = UnixTime::since_unix_epoch(std::time::Duration::from_secs(at));
    let algorithms = default_provider().signature_verification_algorithms.all;
    let mut verification = host.verification(&chain, Some(at), Webpki::LIBRARY);
    for der in completing {
        verification.add_untrusted(der.as_ref().into());
    }
    let mut webpki = Webpki::new(own, intermediates, Some(&name), time, algorithms)?;
    verification
        .drive(&mut webpki, &mut LookupWait::never())
        .expect("no store is asked");
    verification.result().unwrap().map_err(Clone::clone)
}

#[test]
fn an_intermediate_that_completes_the_path_is_validated_and_trusted_for_nothing() {
    let root = Ca::root("Lab Root");
    let ca = root.intermediate("Lab CA");
    let sent = ca.leaf("a.test").chain(&[]);
    verify(&root, &sent, &[ca.der()]).unwrap();

    let alone = verify(&root, &sent, &[]).unwrap_err();
    let Rejection::NoSuchRoot { missing, .. } = alone else {
        panic!("{alone}");
    };
    assert!(matches!(*missing, Missing::Root { sent_alone: true, .. }));
    // One of the same name, and what is no anchor because it signs itself.
    let other = Ca::root("Lab Root");
    let strange = other.intermediate("Lab CA");
    let strange_leaf = other.leaf("a.test").chain(&[]);
    for (sent, completing) in [(&sent, strange.der()), (&strange_leaf, other.der())] {
        let rejected = verify(&root, sent, &[completing]);
        assert!(
            matches!(rejected, Err(Rejection::BadSignature { .. })),
            "{rejected:?}"
        );
    }
}

#[test]
fn a_signature_is_verified_with_the_key_that_is_given_for_it() {
    let (root, other) = (Ca::root("Lab Root"), Ca::root("Lab Root"));
    let leaf = root.leaf("a.test").chain(&[]);
    let name = ServerName::try_from("a.test").unwrap();
    let algorithms = default_provider().signature_verification_algorithms.all;
    let webpki = Webpki::new(&leaf[0], &[], Some(&name), UnixTime::now(), algorithms).unwrap();
    let verify = |issuer: &Ca| {
        let der = issuer.der();
        webpki.verify_signature(&leaf[0], Certificate::from_der(&der).unwrap().spki_value())
    };
    verify(&root).unwrap();
    assert!(matches!(verify(&other), Err(Rejection::BadSignature { .. })));
}
