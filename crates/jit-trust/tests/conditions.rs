//! Mozilla's own conditions bind, through every store that carries them; other sources of trust know nothing of them.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod stores;

use std::sync::Arc;
use std::time::Duration;

use jit_trust::{
    BlobStore, DatedRoot, Entry, FileStore, Rejection, TrustStore, Verifier, WebrootStore, rejection,
};
use jit_trust_core::mozilla;
use jit_trust_lab::pki::{Ca, DAY, Leaf, now};
use openssl::stack::Stack;
use openssl::x509::store::X509StoreBuilder;
use openssl::x509::{X509, X509StoreContext};
use pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::aws_lc_rs;
use rustls::{Error, RootCertStore};
use stores::Version;

fn unix(time: i64) -> u64 {
    time.try_into().unwrap()
}

/// Has every store that carries conditions hold these entries, and verifies by each.
fn by_every_store(entries: &[Entry<'_>], check: impl Fn(&Verifier)) {
    let directory = tempfile::tempdir().unwrap();
    let blob = stores::encode(entries, Version::V2);
    let file = directory.path().join("trust.tblb");
    std::fs::write(&file, &blob).unwrap();
    stores::webroot_of(directory.path(), entries, Version::V2);
    let stores: [Box<dyn TrustStore>; 3] = [
        Box::new(BlobStore::new(blob).unwrap()),
        Box::new(FileStore::open(file).unwrap()),
        Box::new(WebrootStore::open(directory.path()).unwrap()),
    ];
    for store in stores {
        check(&Verifier::with_provider(store, &aws_lc_rs::default_provider()));
    }
}

fn verify(verifier: &dyn ServerCertVerifier, sent: &[CertificateDer<'_>], name: &str) -> Result<(), Error> {
    let name = ServerName::try_from(name).unwrap();
    let now = UnixTime::since_unix_epoch(Duration::from_secs(unix(now())));
    let verdict = verifier.verify_server_cert(&sent[0], &sent[1..], &name, &[], now);
    verdict.map(|_| ())
}

fn distrusted(error: &Error) -> Option<DatedRoot> {
    match rejection(error)? {
        Rejection::DatedRoot(dated) => Some(dated),
        _ => None,
    }
}

fn leaf_issued_at(not_before: i64) -> jit_trust_lab::pki::CertificateBuilder<Leaf> {
    Leaf::builder(&["a.test"]).validity(not_before, now() + DAY)
}

#[test]
fn a_leaf_issued_the_day_after_its_roots_date_is_refused_and_one_issued_the_day_before_accepted() {
    let (root, date) = (Ca::root("Dated Root"), now() - 10 * DAY);
    let ca = root.intermediate("CA");
    let der = root.der();
    let entry = stores::entry(&der).with_distrust_after(Some(unix(date)));
    by_every_store(&[entry], |verifier| {
        let before = leaf_issued_at(date - DAY).issued_by(&ca);
        verify(verifier, &before.chain(&[&ca]), "a.test").unwrap();
        let after = leaf_issued_at(date + DAY).issued_by(&ca);
        let error = verify(verifier, &after.chain(&[&ca]), "a.test").unwrap_err();
        let reason = distrusted(&error).unwrap();
        assert_eq!(
            (reason.root.as_str(), reason.distrust_after, reason.issued_at),
            ("CN=Dated Root", unix(date), Some(unix(date + DAY)))
        );
        // Another reason stays what it is.
        let wrong_host = verify(verifier, &before.chain(&[&ca]), "b.test").unwrap_err();
        assert!(distrusted(&wrong_host).is_none());
        let stranger = Ca::root("Stranger").leaf("a.test").chain(&[]);
        let stranger = verify(verifier, &stranger, "a.test").unwrap_err();
        assert!(matches!(rejection(&stranger), Some(Rejection::NoSuchRoot { .. })));
    });
}

/// The reason is a date only where everything else is right.
#[test]
fn a_server_that_only_names_a_dated_root_is_rejected_for_what_is_wrong() {
    let (root, other) = (Ca::root("Dated Root"), Ca::root("Other Root"));
    let der = root.der();
    let entry = stores::entry(&der).with_distrust_after(Some(unix(now() - 10 * DAY)));
    let late = || leaf_issued_at(now() - DAY);
    let forged = late().forged().issued_by(&root).chain(&[]);
    let impostor = late().issued_by(&Ca::root("Dated Root")).chain(&[]);
    let beside = [late().issued_by(&other).der(), late().issued_by(&root).der()];
    let expired = Leaf::builder(&["a.test"]).validity(now() - 2 * DAY, now() - DAY);
    let expired = expired.issued_by(&root).chain(&[]);
    by_every_store(&[entry], |verifier| {
        for sent in [&forged, &impostor, &beside[..], &expired] {
            let error = verify(verifier, sent, "a.test").unwrap_err();
            assert!(distrusted(&error).is_none(), "{error:?}");
        }
    });
}

#[test]
fn a_date_is_the_reason_also_where_another_root_has_the_name_and_another_key() {
    let (dated, twin) = (Ca::root("Twin"), Ca::root("Twin"));
    let ders = [dated.der(), twin.der()];
    let entries = [
        stores::entry(&ders[0]).with_distrust_after(Some(unix(now() - 10 * DAY))),
        stores::entry(&ders[1]),
    ];
    let sent = leaf_issued_at(now() - DAY).issued_by(&dated).chain(&[]);
    by_every_store(&entries, |verifier| {
        let error = verify(verifier, &sent, "a.test").unwrap_err();
        assert!(distrusted(&error).is_some(), "{error:?}");
    });
}

#[test]
fn a_path_through_a_dated_roots_cross_certificate_to_another_root_stays_valid() {
    let (dated, other) = (Ca::root("Dated Root"), Ca::root("Other Root"));
    let (ca, cross) = (dated.intermediate("CA"), other.cross_sign(&dated));
    let ders = [dated.der(), other.der()];
    let entries = [
        stores::entry(&ders[0]).with_distrust_after(Some(unix(now() - 10 * DAY))),
        stores::entry(&ders[1]),
    ];
    let leaf = leaf_issued_at(now() - DAY).issued_by(&ca);
    by_every_store(&entries, |verifier| {
        verify(verifier, &leaf.chain(&[&ca, &cross]), "a.test").unwrap();
        let error = verify(verifier, &leaf.chain(&[&ca]), "a.test").unwrap_err();
        assert!(distrusted(&error).is_some());
    });
}

#[test]
fn a_date_binds_every_anchor_of_its_name_and_key_in_the_store() {
    let root = Ca::root("Root");
    let renewed = root.reissue().self_signed();
    let ders = [root.der(), renewed.der()];
    let entries = [
        stores::entry(&ders[0]).with_distrust_after(Some(0)),
        stores::entry(&ders[1]),
    ];
    by_every_store(&entries, |verifier| {
        let error = verify(verifier, &root.leaf("a.test").chain(&[]), "a.test").unwrap_err();
        let reason = distrusted(&error).unwrap();
        assert_eq!((reason.root.as_str(), reason.distrust_after), ("CN=Root", 0));
    });
}

#[test]
fn imposed_name_constraints_bind_like_those_in_a_certificate() {
    let root = Ca::root("Constrained Root");
    let ca = root.intermediate("CA");
    let der = root.der();
    let only_tr = Some(&b"\xa0\x07\x30\x05\x82\x03.tr"[..]);
    let entry = stores::entry(&der).with_name_constraints(only_tr);
    by_every_store(&[entry], |verifier| {
        let inside = ca.leaf("www.a.tr").chain(&[&ca]);
        verify(verifier, &inside, "www.a.tr").unwrap();
        for name in ["a.test", "tr.a.test"] {
            let error = verify(verifier, &ca.leaf(name).chain(&[&ca]), name).unwrap_err();
            assert!(
                matches!(rejection(&error), Some(Rejection::NameConstraints { .. })),
                "{error:?}"
            );
        }
    });
}

/// The roots whose dates Mozilla has set are in every list, with their keys and nothing else.
#[test]
fn other_sources_of_trust_do_not_enforce_the_date() {
    let root = Ca::root("Dated Root");
    let sent = leaf_issued_at(now() - DAY).issued_by(&root).chain(&[]);
    let der = root.der();
    let dated = stores::entry(&der).with_distrust_after(Some(unix(now() - 10 * DAY)));
    by_every_store(&[dated], |verifier| {
        verify(verifier, &sent, "a.test").unwrap_err();
    });

    // What webpki-roots and rustls-native-certs hand to rustls has no place for a date.
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("roots.pem");
    std::fs::write(&file, root.pem()).unwrap();
    let mut roots = RootCertStore::empty();
    let native = rustls_native_certs::load_certs_from_paths(Some(&file), None);
    assert_eq!(roots.add_parsable_certificates(native.certs), (1, 0));
    let provider = aws_lc_rs::default_provider().into();
    let rustls = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider);
    verify(rustls.build().unwrap().as_ref(), &sent, "a.test").unwrap();

    // Nor has a file of certificates, such as Debian's, that OpenSSL loads.
    let mut store = X509StoreBuilder::new().unwrap();
    store.add_cert(X509::from_der(&root.der()).unwrap()).unwrap();
    let (store, others) = (store.build(), Stack::new().unwrap());
    let leaf = X509::from_der(&sent[0]).unwrap();
    let mut context = X509StoreContext::new().unwrap();
    let is_trusted = context.init(
        &store,
        &leaf,
        &others,
        openssl::x509::X509StoreContextRef::verify_cert,
    );
    assert!(is_trusted.unwrap());

    // Nor has the blob of libwebsockets, which is version 1.
    let blob = stores::encode(&[dated], Version::V1);
    let store = BlobStore::new(blob).unwrap();
    let reference = Verifier::with_provider(store, &aws_lc_rs::default_provider());
    verify(&reference, &sent, "a.test").unwrap();
}

/// With all roots or none: until 398 days after the date, when the last certificate from before has expired, the root is
/// in webpki-roots, for certificates of any age.
#[test]
fn a_root_past_its_date_is_still_in_webpki_roots_without_it() {
    let dated: Vec<_> = mozilla::CONDITIONS
        .iter()
        .filter(|conditions| conditions.distrust_after.is_some())
        .collect();
    let in_webpki_roots = webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().filter(|der| {
        let spki = stores::entry(der).spki_sha256();
        dated.iter().any(|conditions| conditions.spki_sha256 == spki)
    });
    let in_webpki_roots: Vec<_> = in_webpki_roots.collect();
    assert_eq!(in_webpki_roots.len(), 1, "Izenpe, since 2026-04-15");
    let key = stores::entry(in_webpki_roots[0]).spki_value();
    let anchors = webpki_roots::TLS_SERVER_ROOTS;
    assert!(
        anchors
            .iter()
            .any(|anchor| anchor.subject_public_key_info.as_ref() == key)
    );
    let ours = jit_trust::mozilla().blob().entries();
    assert!(
        ours.filter(|entry| entry.spki_value() == key)
            .all(|entry| entry.distrust_after() == Some(1_776_297_599))
    );
}

#[test]
fn the_compiled_in_list_constrains_the_root_that_webpki_roots_constrains() {
    let constrained: Vec<_> = webpki_roots::TLS_SERVER_ROOTS
        .iter()
        .filter_map(|anchor| {
            Some((
                anchor.subject_public_key_info.as_ref(),
                anchor.name_constraints.as_ref()?.as_ref(),
            ))
        })
        .collect();
    let ours = jit_trust::mozilla().blob().entries();
    let ours = ours.filter_map(|entry| Some((entry.spki_value(), entry.name_constraints()?)));
    assert_eq!(ours.collect::<Vec<_>>(), constrained);
    assert_eq!(constrained.len(), 1);
}
