//! Which sites there are, and what they send.

use std::collections::HashSet;

use jit_trust_lab::internet::{Behaviour, ChainKind, Internet, LeafNames, Mark, REFERENCE, Site};
use jit_trust_lab::pki::now;
use x509_parser::prelude::*;

use crate::client::{Client, certificate_error};

/// What about each site the seed decides, its chain aside.
fn decided(internet: &Internet) -> Vec<String> {
    let sites = internet.sites().iter().map(|site| {
        let roots: Vec<&[u8]> = site.roots().iter().map(|root| root.subject().der()).collect();
        let (kind, names, behaviour) = (site.kind(), site.names(), site.behaviour());
        format!("{}: {behaviour:?} {kind:?} {names:?} {roots:?}", site.host())
    });
    sites.collect()
}

/// What a certificate says besides its signature.
fn said(certificate: &[u8]) -> Vec<u8> {
    let (_, certificate) = X509Certificate::from_der(certificate).unwrap();
    certificate.tbs_certificate.as_ref().to_vec()
}

#[test]
fn the_reference_has_156_sites_and_each_is_there() {
    let internet = Internet::builder().start();
    let hosts: HashSet<&str> = REFERENCE.iter().map(|row| row.host).collect();
    assert_eq!((REFERENCE.len(), hosts.len()), (156, 156));
    let sites: HashSet<&str> = internet.sites().iter().map(Site::host).collect();
    assert_eq!(sites.len(), internet.sites().len());
    assert!(hosts.is_subset(&sites));
    let with_row = internet.sites().iter().filter(|site| site.reference().is_some());
    assert_eq!(with_row.count(), 156);
    let failing = REFERENCE.iter().filter(|row| row.h1 == Mark::Fails);
    let failing: Vec<&str> = failing.map(|row| row.host).collect();
    assert_eq!(
        failing,
        [
            "bestbuy.com",
            "caixa.gov.br",
            "costco.com",
            "macys.com",
            "usnews.com"
        ]
    );
}

#[test]
fn every_kind_of_chain_names_key_and_behaviour_occurs_with_any_seed() {
    for seed in 0..20 {
        let internet = Internet::builder().seed(seed).start();
        let kinds: HashSet<ChainKind> = internet.sites().iter().map(Site::kind).collect();
        assert_eq!(kinds.len(), ChainKind::ALL.len(), "{seed}: {kinds:?}");
        let names: HashSet<LeafNames> = internet.sites().iter().map(Site::names).collect();
        assert_eq!(names.len(), LeafNames::ALL.len(), "{seed}: {names:?}");
        let behaviours = internet
            .sites()
            .iter()
            .map(|site| std::mem::discriminant(&site.behaviour()));
        assert_eq!(behaviours.collect::<HashSet<_>>().len(), 9, "{seed}");
        assert!(internet.sites().iter().any(|site| !site.speaks_http2()));
    }
}

#[test]
fn a_seed_decides_everything_but_signatures() {
    let [first, again, other] = [1, 1, 2].map(|seed| Internet::builder().seed(seed).start());
    assert_eq!(decided(&first), decided(&again));
    assert_ne!(decided(&first), decided(&other));
    for (site, same) in first.sites().iter().zip(again.sites()).take(60) {
        let [site, same] = [site, same].map(|site| {
            let certificates = site.certificates();
            certificates
                .iter()
                .map(|certificate| said(certificate))
                .collect::<Vec<_>>()
        });
        assert_eq!(site, same);
    }
    for (twin, same) in first.twins().iter().zip(again.twins()).take(20) {
        assert_eq!(twin.host(), same.host());
        assert_eq!(said(&twin.certificates()[0]), said(&same.certificates()[0]));
    }
}

#[test]
fn a_chain_is_of_the_kind_that_it_is_said_to_be() {
    let internet = Internet::builder().start();
    let mut lengths = HashSet::new();
    for site in internet.sites() {
        let sent = site.certificates();
        lengths.insert(sent.len());
        assert_eq!(sent.len(), site.kind().certificates(), "{}", site.host());
        assert_eq!(site.roots().len(), site.kind().roots(), "{}", site.host());
        let read: Vec<_> = sent
            .iter()
            .map(|der| X509Certificate::from_der(der).unwrap().1)
            .collect();
        let roots: Vec<_> = site
            .roots()
            .iter()
            .map(|root| root.subject().der().to_vec())
            .collect();
        let subject = |at: usize| read[at].subject().as_raw();
        let issuer = |at: usize| read[at].issuer().as_raw();
        let holds = match site.kind() {
            ChainKind::Straight => issuer(0) == subject(1) && issuer(1) == roots[0],
            ChainKind::TwoIntermediates => {
                issuer(0) == subject(1) && issuer(1) == subject(2) && issuer(2) == roots[0]
            }
            ChainKind::CrossSigned => subject(2) == roots[0] && issuer(2) == roots[1],
            ChainKind::CrossSignedTwice => {
                subject(2) == roots[0]
                    && subject(3) == roots[0]
                    && issuer(2) == roots[1]
                    && issuer(3) == roots[2]
            }
            ChainKind::CrossSignedByGone => {
                let all = internet.roots().iter();
                subject(2) == roots[0] && all.clone().all(|root| root.subject().der() != issuer(2))
            }
            ChainKind::TwoIssuers => {
                subject(1) == subject(2) && issuer(1) == roots[0] && issuer(2) == roots[1]
            }
            ChainKind::RootSent => sent[2] == site.roots()[0].der(),
            ChainKind::WrongOrder => {
                issuer(0) == subject(2) && issuer(2) == subject(1) && issuer(1) == roots[0]
            }
            ChainKind::Duplicates => sent[1] == sent[2] && issuer(0) == subject(1),
            ChainKind::Unrelated => {
                issuer(0) == subject(2) && issuer(1) != roots[0] && issuer(1) != subject(2)
            }
            ChainKind::Jumbled => {
                sent[1] == site.roots()[0].der() && sent[2] == sent[4] && issuer(0) == subject(3)
            }
        };
        assert!(holds, "{} is not {:?}", site.host(), site.kind());
        if let [first, others @ ..] = site.roots().as_slice() {
            // Cross-signed to older ones.
            assert!(others.iter().all(|root| root.validity().0 <= first.validity().0));
        }
    }
    assert_eq!(lengths, HashSet::from([2, 3, 4, 5]));
}

#[test]
fn leaves_have_the_names_that_they_are_said_to_have() {
    let internet = Internet::builder().start();
    let mut key_types = HashSet::new();
    for site in internet.sites() {
        let leaf = &site.certificates()[0];
        let (_, leaf) = X509Certificate::from_der(leaf).unwrap();
        key_types.insert(leaf.public_key().algorithm.algorithm.to_id_string());
        let names = leaf.subject_alternative_name().unwrap().unwrap();
        let names = &names.value.general_names;
        let holds = match site.names() {
            LeafNames::Plain => names.contains(&GeneralName::DNSName(site.host())) && names.len() <= 2,
            LeafNames::Wildcard => {
                matches!(names[1], GeneralName::DNSName(name) if name.starts_with("*."))
            }
            LeafNames::IpAddresses => names.contains(&GeneralName::IPAddress(&[127, 0, 0, 1])),
            LeafNames::Many => names.len() > 300,
        };
        assert!(holds, "{}: {names:?}", site.host());
    }
    assert_eq!(key_types.len(), 2, "{key_types:?}");
}

#[test]
fn roots_with_conditions_have_sites_that_keep_them() {
    let internet = Internet::builder().start();
    let conditioned = internet.sites().iter().filter_map(|site| {
        let root = site.roots()[0];
        (root.distrust_after().is_some() || root.name_constraints().is_some()).then_some((site, root))
    });
    let (mut dated, mut constrained) = (0, 0);
    for (site, root) in conditioned {
        let leaf = &site.certificates()[0];
        let (_, leaf) = X509Certificate::from_der(leaf).unwrap();
        if let Some(date) = root.distrust_after() {
            assert!(leaf.validity().not_before.timestamp() < i64::try_from(date).unwrap());
            assert!(now() > i64::try_from(date).unwrap());
            dated += 1;
        } else {
            assert!(site.host().ends_with(".tr"));
            constrained += 1;
        }
    }
    assert!(dated > 0 && constrained > 0, "{dated} {constrained}");
}

#[test]
fn a_redirect_to_another_owner_leads_under_another_root() {
    for seed in 0..10 {
        let internet = Internet::builder().seed(seed).start();
        let mut count = 0;
        for site in internet.sites() {
            if let Behaviour::RedirectsTo(other) = site.behaviour() {
                let [here, there] = [site, internet.site(other)].map(|site| site.roots()[0].subject());
                assert_ne!(here, there, "{seed}: {} and {other}", site.host());
                count += 1;
            }
        }
        assert_eq!(count, 2);
    }
}

#[tokio::test]
async fn a_client_that_trusts_all_stand_ins_reaches_every_site_but_two() {
    let internet = Internet::builder().start();
    let client = Client::new(&internet, &["h2", "http/1.1"]);
    for site in internet.sites().iter().filter(|site| site.is_reachable()) {
        if let Err(error) = client.connect(site.host()).await {
            panic!("{} ({:?}): {error}", site.host(), site.kind());
        }
        assert_eq!(internet.connections_to(site.host()), 1);
    }
    let others = internet.sites().iter().filter(|site| !site.is_reachable());
    let others: Vec<_> = others.map(|site| (site.host(), site.behaviour())).collect();
    assert_eq!(
        others,
        [
            ("foodnetwork.com", Behaviour::Expired),
            ("ikea.com", Behaviour::NeverShakesHands)
        ]
    );
    let error = client.connect("foodnetwork.com").await.unwrap_err();
    assert!(
        matches!(
            certificate_error(&*error),
            Some(rustls::CertificateError::ExpiredContext { .. })
        ),
        "{error}"
    );
    let half_a_second = std::time::Duration::from_millis(500);
    let silence = tokio::time::timeout(half_a_second, client.connect("ikea.com")).await;
    assert!(silence.is_err());
    internet
        .server()
        .wait_until(|server| server.connections_to("ikea.com") == 1);
}

#[test]
fn each_root_of_a_chain_suffices_alone() {
    let internet = Internet::builder().start();
    for site in internet.sites().iter().filter(|site| site.is_reachable()) {
        let sent = site.certificates();
        for root in site.roots() {
            let der = root.der();
            let anchors = [webpki::anchor_from_trusted_cert(&der).unwrap()];
            let leaf = webpki::EndEntityCert::try_from(&sent[0]).unwrap();
            let verdict = leaf.verify_for_usage(
                webpki::ALL_VERIFICATION_ALGS,
                &anchors,
                &sent[1..],
                rustls::pki_types::UnixTime::now(),
                webpki::KeyUsage::server_auth(),
                None,
                None,
            );
            assert!(
                verdict.is_ok(),
                "{} ({:?}): {:?}",
                site.host(),
                site.kind(),
                verdict.err()
            );
        }
    }
}
