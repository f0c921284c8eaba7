//! What has to be refused.

use std::collections::HashSet;

use jit_trust_lab::internet::{Diagnosis, Fault, Internet, Twin};
use rustls::{CertificateError, OtherError};

use crate::client::{Client, certificate_error};
use crate::verifier::Observes;

/// What rustls finds, in the lab's words.
fn diagnosis(error: &CertificateError) -> Option<Diagnosis> {
    Some(match error {
        CertificateError::UnknownIssuer => Diagnosis::UnknownIssuer,
        CertificateError::ExpiredContext { .. } => Diagnosis::Expired,
        CertificateError::NotValidForNameContext { .. } => Diagnosis::WrongHost,
        CertificateError::BadSignature => Diagnosis::BadSignature,
        CertificateError::Other(OtherError(error)) => match error.downcast_ref()? {
            webpki::Error::EndEntityUsedAsCa => Diagnosis::NotACa,
            webpki::Error::NameConstraintViolation => Diagnosis::OutsideConstraints,
            _ => return None,
        },
        _ => return None,
    })
}

fn with_fault(internet: &Internet, fault: Fault) -> Vec<&Twin> {
    let twins: Vec<_> = internet
        .twins()
        .iter()
        .filter(|twin| twin.fault() == fault)
        .collect();
    assert!(!twins.is_empty(), "{fault:?}");
    twins
}

#[test]
fn a_dozen_sites_have_a_twin_of_every_fault() {
    let internet = Internet::builder().start();
    let sites: HashSet<&str> = internet.twins().iter().map(Twin::of).collect();
    assert_eq!(sites.len(), 12);
    assert_eq!(internet.twins().len(), 12 * Fault::ALL.len());
    let hosts: HashSet<&str> = internet.twins().iter().map(Twin::host).collect();
    assert_eq!(hosts.len(), internet.twins().len());
    for twin in internet.twins() {
        assert!(twin.host().ends_with(&format!(".{}.twin.test", twin.of())));
        assert!(internet.site(twin.of()).is_reachable());
    }
}

#[tokio::test]
async fn a_client_that_trusts_all_stand_ins_refuses_every_twin_for_its_fault() {
    let internet = Internet::builder().start();
    let client = Client::new(&internet, &["h2", "http/1.1"]);
    for twin in internet.twins() {
        let error = client.connect(twin.host()).await.expect_err(twin.host());
        let found = certificate_error(&*error).and_then(diagnosis);
        let expected = match twin.fault().diagnosis() {
            // The root was dropped for the date, and then there is none.
            Diagnosis::IssuedAfterDistrust => Diagnosis::UnknownIssuer,
            other => other,
        };
        assert_eq!(found, Some(expected), "{}: {error}", twin.host());
        assert_eq!(internet.connections_to(twin.host()), 1);
        assert_eq!(internet.requests_to(twin.host()), 0);
    }
}

#[tokio::test]
async fn only_mozillas_conditions_stand_between_a_client_and_the_twins_that_break_them() {
    let internet = Internet::builder().start();
    for (fault, observes) in [
        (Fault::IssuedAfterDistrust, Observes::NoDates),
        (Fault::OutsideConstraints, Observes::NoConstraints),
    ] {
        let client = Client::observing(&internet, &["h2"], observes);
        for twin in with_fault(&internet, fault) {
            assert_eq!(client.get(twin.host(), None).await.unwrap().status, 200);
        }
    }
}

#[test]
fn a_copied_root_is_sent_and_differs_from_the_stand_in_in_its_key() {
    let internet = Internet::builder().start();
    for twin in with_fault(&internet, Fault::CopiedRoot) {
        let root = internet.site(twin.of()).roots()[0];
        let sent = twin.certificates();
        let [copy, genuine] = [&sent[2], &root.der()].map(|der| {
            let anchor = webpki::anchor_from_trusted_cert(der).unwrap();
            (anchor.subject.to_vec(), anchor.subject_public_key_info.to_vec())
        });
        assert_eq!(copy.0, genuine.0);
        assert_ne!(copy.1, genuine.1);
    }
}
