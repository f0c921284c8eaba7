//! What a local store says of a name and key binds every anchor of that name and key, with each TLS library.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod stores;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use jit_trust::{
    AnchorKey, BlobStore, DeferredStore, LookupKind, LookupRequest, LookupResponse, Rejection, Responder,
    TrustPolicy, Verifier, WebrootStore, rejection,
};
use jit_trust_core::{Entry, v2};
use jit_trust_lab::pki::{Ca, DAY, Leaf, dns_name_constraints, now};
use pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::aws_lc_rs;
use stores::Version;

/// Why a chain is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refused {
    ForDate,
    ForConstraints,
    Otherwise,
}

/// By what a chain is judged.
struct Judge {
    name: &'static str,
    verify: fn(&TrustPolicy, &[CertificateDer<'static>], &str) -> Result<(), Refused>,
}

/// Each TLS library that is built in.
const JUDGES: &[Judge] = &[
    Judge {
        name: "rustls",
        verify: with_rustls,
    },
    #[cfg(feature = "openssl")]
    Judge {
        name: "OpenSSL",
        verify: |trust, sent, host| with_openssl::verify(trust, &[], sent, host),
    },
    #[cfg(feature = "mbedtls")]
    Judge {
        name: "mbedTLS",
        verify: with_mbedtls::verify,
    },
];

fn why(rejection: &Rejection) -> Refused {
    match rejection {
        Rejection::DatedRoot(_) => Refused::ForDate,
        Rejection::NameConstraints { .. } => Refused::ForConstraints,
        _ => Refused::Otherwise,
    }
}

fn with_rustls(trust: &TrustPolicy, sent: &[CertificateDer<'static>], host: &str) -> Result<(), Refused> {
    let verifier = Verifier::with_provider(trust.clone(), &aws_lc_rs::default_provider());
    let host = ServerName::try_from(host).unwrap();
    let now = UnixTime::since_unix_epoch(Duration::from_secs(unix(now())));
    let verified = verifier.verify_server_cert(&sent[0], &sent[1..], &host, &[], now);
    match verified {
        Ok(_) => Ok(()),
        Err(error) => Err(why(&rejection(&error).unwrap())),
    }
}

#[cfg(feature = "openssl")]
mod with_openssl {
    use std::sync::{Arc, Mutex};

    use jit_trust::TrustPolicy;
    use jit_trust::openssl::Verifier;
    use jit_trust_lab::pki::Ca;
    use openssl::stack::Stack;
    use openssl::x509::store::X509StoreBuilder;
    use openssl::x509::verify::X509VerifyParam;
    use openssl::x509::{X509, X509StoreContext};
    use pki_types::CertificateDer;

    use super::{Refused, why};

    pub(super) fn verify(
        trust: &TrustPolicy,
        loaded: &[&Ca],
        sent: &[CertificateDer<'static>],
        host: &str,
    ) -> Result<(), Refused> {
        let mut store = X509StoreBuilder::new().unwrap();
        let mut param = X509VerifyParam::new().unwrap();
        param.set_host(host).unwrap();
        store.set_param(&param).unwrap();
        for ca in loaded {
            store.add_cert(X509::from_der(&ca.der()).unwrap()).unwrap();
        }
        let store = store.build();
        let mut others = Stack::new().unwrap();
        for der in &sent[1..] {
            others.push(X509::from_der(der).unwrap()).unwrap();
        }
        let refused = Arc::new(Mutex::new(None));
        let seen = refused.clone();
        let verifier = Verifier::new(trust.clone()).on_verification(move |verification| {
            *seen.lock().unwrap() = verification.result.as_ref().err().map(why);
        });
        let leaf = X509::from_der(&sent[0]).unwrap();
        let mut context = X509StoreContext::new().unwrap();
        let is_valid = context
            .init(&store, &leaf, &others, |context| verifier.verify(context))
            .unwrap();
        let refused = refused.lock().unwrap().take();
        assert_eq!(is_valid, refused.is_none());
        refused.map_or(Ok(()), Err)
    }
}

#[cfg(feature = "mbedtls")]
mod with_mbedtls {
    use jit_trust::TrustPolicy;
    use jit_trust::mbedtls::Connector;
    use mbedtls::alloc::List;
    use mbedtls::x509::Certificate;
    use pki_types::CertificateDer;

    use super::{Refused, why};

    pub(super) fn verify(
        trust: &TrustPolicy,
        sent: &[CertificateDer<'static>],
        host: &str,
    ) -> Result<(), Refused> {
        let mut list = List::new();
        for der in sent {
            list.push(Certificate::from_der(der).unwrap());
        }
        let connector = Connector::new(trust.clone()).unwrap();
        let verified = connector.verify(host, &list);
        match verified {
            Ok(_) => Ok(()),
            Err(error) => Err(error.rejection().map_or(Refused::Otherwise, why)),
        }
    }
}

fn unix(time: i64) -> u64 {
    time.try_into().unwrap()
}

/// Has every library judge, which must agree.
fn judge(trust: &TrustPolicy, sent: &[CertificateDer<'static>], host: &str) -> Result<(), Refused> {
    let mut verdicts = JUDGES
        .iter()
        .map(|judge| (judge.name, (judge.verify)(trust, sent, host)));
    let (_, verdict) = verdicts.next().unwrap();
    for (name, other) in verdicts {
        assert_eq!(other, verdict, "{name}");
    }
    verdict
}

/// What is said of a root in one store.
#[derive(Clone, Copy, Default)]
struct Said<'a> {
    distrust_after: Option<u64>,
    only_below: Option<&'a str>,
}

const NOTHING: Said<'_> = Said {
    distrust_after: None,
    only_below: None,
};

/// Trusted for certificates that were issued ten days ago or before.
fn dated() -> Said<'static> {
    Said {
        distrust_after: Some(unix(now() - 10 * DAY)),
        ..NOTHING
    }
}

fn only_below(domain: &str) -> Said<'_> {
    Said {
        only_below: Some(domain),
        ..NOTHING
    }
}

fn blob(roots: &[(&Ca, Said<'_>)]) -> Vec<u8> {
    let ders: Vec<_> = roots.iter().map(|(root, _)| root.der()).collect();
    let constraints: Vec<_> = roots
        .iter()
        .map(|(_, said)| {
            said.only_below
                .map(|domain| dns_name_constraints(&[domain], &[""; 0]))
        })
        .collect();
    let entries: Vec<Entry<'_>> = (0..roots.len())
        .map(|place| {
            let entry = stores::entry(&ders[place]).with_distrust_after(roots[place].1.distrust_after);
            match &constraints[place] {
                Some(constraints) => entry.with_name_constraints(Some(constraints)),
                None => entry,
            }
        })
        .collect();
    stores::encode(&entries, Version::V2)
}

fn store(roots: &[(&Ca, Said<'_>)]) -> BlobStore<Vec<u8>> {
    BlobStore::new(blob(roots)).unwrap()
}

/// A store that is asked by name, answers with one blob, and counts.
#[derive(Debug)]
struct Remote {
    name: &'static str,
    blob: Vec<u8>,
    asked: Arc<AtomicUsize>,
}

impl Remote {
    fn of(name: &'static str, roots: &[(&Ca, Said<'_>)]) -> (Self, Arc<AtomicUsize>) {
        let asked = Arc::new(AtomicUsize::new(0));
        let remote = Self {
            name,
            blob: blob(roots),
            asked: asked.clone(),
        };
        (remote, asked)
    }
}

impl DeferredStore for Remote {
    fn name(&self) -> String {
        self.name.to_owned()
    }

    fn look_up(&self, question: LookupRequest, reply: Responder) {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let all = jit_trust_core::TrustBlob::open(&self.blob).unwrap();
        let AnchorKey::Subject(hash) = &question.key else {
            panic!("asked by name");
        };
        let found: Vec<_> = all
            .entries()
            .filter(|entry| entry.name_hash() == hash.prefix())
            .collect();
        let blob = v2::to_vec(&found, v2::Options::default(), 7).unwrap();
        reply.send(match found.is_empty() {
            true => Ok(LookupResponse::not_found()),
            false => LookupResponse::blob(blob),
        });
    }
}

fn leaf_issued_at(not_before: i64, ca: &Ca) -> Leaf {
    Leaf::builder(&["a.test"])
        .validity(not_before, now() + DAY)
        .issued_by(ca)
}

/// Policies in which one store says this of a root and another holds it bare.
fn beside_a_bare_copy(root: &Ca, said: Said<'_>) -> Vec<(&'static str, TrustPolicy)> {
    let bare = || store(&[(root, NOTHING)]);
    let binding = || store(&[(root, said)]);
    let other = root.reissue().serial(&[0x55]).self_signed();
    vec![
        (
            "bare behind it",
            TrustPolicy::builder().store(binding()).store(bare()).build(),
        ),
        (
            "bare before it",
            TrustPolicy::builder().store(bare()).store(binding()).build(),
        ),
        (
            "re-issued, in another store",
            TrustPolicy::builder()
                .store(store(&[(&other, NOTHING)]))
                .store(binding())
                .build(),
        ),
        (
            "re-issued, in the same store",
            TrustPolicy::new(store(&[(&other, NOTHING), (root, said)])),
        ),
        (
            "bare in a store that answers later",
            TrustPolicy::builder()
                .store(binding())
                .deferred_store(Remote::of("remote", &[(root, NOTHING)]).0)
                .build(),
        ),
    ]
}

#[test]
fn a_date_in_one_local_store_binds_a_bare_copy_in_every_other() {
    let root = Ca::root("Root");
    let ca = root.intermediate("CA");
    let early = leaf_issued_at(now() - 11 * DAY, &ca).chain(&[&ca]);
    let late = leaf_issued_at(now() - DAY, &ca).chain(&[&ca]);
    for (way, trust) in beside_a_bare_copy(&root, dated()) {
        assert_eq!(judge(&trust, &early, "a.test"), Ok(()), "{way}");
        assert_eq!(judge(&trust, &late, "a.test"), Err(Refused::ForDate), "{way}");
    }
}

#[test]
fn name_constraints_in_one_local_store_bind_a_bare_copy_in_every_other() {
    let root = Ca::root("Root");
    let ca = root.intermediate("CA");
    let [inside, outside] = ["x.in.test", "x.out.test"].map(|name| ca.leaf(name).chain(&[&ca]));
    for (way, trust) in beside_a_bare_copy(&root, only_below("in.test")) {
        assert_eq!(judge(&trust, &inside, "x.in.test"), Ok(()), "{way}");
        let refused = judge(&trust, &outside, "x.out.test").unwrap_err();
        assert_eq!(refused, Refused::ForConstraints, "{way}");
    }
}

#[test]
fn of_several_dates_the_earliest_counts_and_each_set_of_constraints() {
    let root = Ca::root("Root");
    let later = Said {
        distrust_after: Some(unix(now() + DAY)),
        ..NOTHING
    };
    let trust = TrustPolicy::builder()
        .store(store(&[(&root, later)]))
        .store(store(&[(&root, dated())]))
        .build();
    let late = leaf_issued_at(now() - DAY, &root).chain(&[]);
    assert_eq!(judge(&trust, &late, "a.test"), Err(Refused::ForDate));

    let trust = TrustPolicy::builder()
        .store(store(&[(&root, only_below("test"))]))
        .store(store(&[(&root, only_below("a.test"))]))
        .store(store(&[(&root, only_below("b.a.test"))]))
        .build();
    for (name, verdict) in [
        ("x.b.a.test", Ok(())),
        ("x.a.test", Err(Refused::ForConstraints)),
        ("x.c.test", Err(Refused::ForConstraints)),
    ] {
        let sent = root.leaf(name).chain(&[]);
        assert_eq!(judge(&trust, &sent, name), verdict, "{name}");
    }
}

#[test]
fn a_store_that_answers_later_is_asked_after_a_refusal_and_lifts_nothing() {
    let root = Ca::root("Root");
    for (said, refused) in [
        (dated(), Refused::ForDate),
        (only_below("in.test"), Refused::ForConstraints),
    ] {
        let (remote, asked) = Remote::of("remote", &[(&root, NOTHING)]);
        let trust = TrustPolicy::builder()
            .store(store(&[(&root, said)]))
            .deferred_store(remote)
            .build();
        let late = leaf_issued_at(now() - DAY, &root).chain(&[]);
        assert_eq!(judge(&trust, &late, "a.test"), Err(refused));
        assert!(asked.load(Ordering::Relaxed) > 0);
    }
}

#[test]
fn what_an_answer_says_binds_its_own_anchors_alone() {
    let root = Ca::root("Root");
    let of_1970 = Said {
        distrust_after: Some(0),
        only_below: Some("nowhere.test"),
    };
    let sent = root.leaf("a.test").chain(&[]);
    // Neither what a local store holds,
    let trust = TrustPolicy::builder()
        .store(store(&[(&root, NOTHING)]))
        .deferred_store(Remote::of("remote", &[(&root, of_1970)]).0)
        .build();
    assert_eq!(judge(&trust, &sent, "a.test"), Ok(()));
    // nor what another answers, in either order,
    for is_first in [true, false] {
        let mut remotes = [
            Remote::of("one", &[(&root, of_1970)]).0,
            Remote::of("other", &[(&root, NOTHING)]).0,
        ];
        if !is_first {
            remotes.reverse();
        }
        let [one, other] = remotes;
        let trust = TrustPolicy::builder()
            .deferred_store(one)
            .deferred_store(other)
            .build();
        assert_eq!(judge(&trust, &sent, "a.test"), Ok(()), "{is_first}");
    }
    // but what the same answer holds.
    let renewed = root.reissue().serial(&[0x55]).self_signed();
    let (remote, _) = Remote::of("remote", &[(&renewed, NOTHING), (&root, of_1970)]);
    let trust = TrustPolicy::builder().deferred_store(remote).build();
    assert_eq!(judge(&trust, &sent, "a.test"), Err(Refused::ForDate));
}

/// A store that knows no names, answers with a bare certificate, and counts.
#[derive(Debug)]
struct ByKeyId {
    key: AnchorKey,
    der: Vec<u8>,
    asked: Arc<AtomicUsize>,
}

impl ByKeyId {
    fn of(root: &Ca) -> (Self, Arc<AtomicUsize>) {
        let asked = Arc::new(AtomicUsize::new(0));
        let store = Self {
            key: by_key_id(root),
            der: root.der().to_vec(),
            asked: asked.clone(),
        };
        (store, asked)
    }
}

fn by_key_id(root: &Ca) -> AnchorKey {
    AnchorKey::SubjectKeyId(root.subject_key_id().unwrap().into())
}

impl DeferredStore for ByKeyId {
    fn name(&self) -> String {
        "by key identifier".to_owned()
    }

    fn kind(&self) -> LookupKind {
        LookupKind::KeyIdentifier
    }

    fn look_up(&self, question: LookupRequest, reply: Responder) {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let (is_it, der) = (question.key == self.key, self.der.clone());
        std::thread::spawn(move || {
            reply.send(match is_it {
                true => LookupResponse::certificate(der),
                false => Ok(LookupResponse::not_found()),
            });
        });
    }
}

#[test]
fn a_store_that_is_asked_by_key_identifier_and_answers_later_lifts_nothing() {
    let root = Ca::root("Root");
    let sent = leaf_issued_at(now() - DAY, &root).chain(&[]);
    let (alone, _) = ByKeyId::of(&root);
    let alone = TrustPolicy::builder().deferred_store(alone).build();
    assert_eq!(judge(&alone, &sent, "a.test"), Ok(()));
    for (said, refused) in [
        (dated(), Refused::ForDate),
        (only_below("in.test"), Refused::ForConstraints),
    ] {
        let (remote, asked) = ByKeyId::of(&root);
        let trust = TrustPolicy::builder()
            .store(store(&[(&root, said)]))
            .deferred_store(remote)
            .build();
        assert_eq!(judge(&trust, &sent, "a.test"), Err(refused));
        assert!(asked.load(Ordering::Relaxed) > 0);
    }
}

#[test]
fn a_webroot_that_is_asked_by_key_identifier_lifts_nothing() {
    let root = Ca::root("Root");
    let sent = leaf_issued_at(now() - DAY, &root).chain(&[]);
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join(by_key_id(&root).webroot_path());
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, root.der()).unwrap();
    let webroot = || WebrootStore::open_by_key_id(directory.path()).unwrap();
    assert_eq!(judge(&TrustPolicy::new(webroot()), &sent, "a.test"), Ok(()));
    for (said, refused) in [
        (dated(), Refused::ForDate),
        (only_below("in.test"), Refused::ForConstraints),
    ] {
        let binding = || store(&[(&root, said)]);
        for trust in [
            TrustPolicy::builder().store(binding()).store(webroot()),
            TrustPolicy::builder().store(webroot()).store(binding()),
        ] {
            assert_eq!(judge(&trust.build(), &sent, "a.test"), Err(refused));
        }
    }
}

/// Also where it is cut because one connection imports no more than three anchors.
#[test]
fn what_an_answer_says_of_an_anchor_that_is_not_imported_binds_its_key() {
    let root = Ca::root("Root");
    let copies: Vec<Ca> = (1..=3)
        .map(|serial| root.reissue().serial(&[serial]).self_signed())
        .collect();
    let mut roots: Vec<_> = copies.iter().map(|copy| (copy, NOTHING)).collect();
    roots.push((&root, dated()));
    let (remote, _) = Remote::of("remote", &roots);
    let trust = TrustPolicy::builder().deferred_store(remote).build();
    let late = leaf_issued_at(now() - DAY, &root).chain(&[]);
    assert_eq!(judge(&trust, &late, "a.test"), Err(Refused::ForDate));
}

#[test]
fn a_path_that_leads_around_a_bound_root_stays_valid() {
    let (bound, other) = (Ca::root("Bound Root"), Ca::root("Other Root"));
    let (ca, cross) = (bound.intermediate("CA"), other.cross_sign(&bound));
    let leaf = leaf_issued_at(now() - DAY, &ca);
    for (said, refused) in [
        (dated(), Refused::ForDate),
        (only_below("in.test"), Refused::ForConstraints),
    ] {
        for (way, trust) in [
            (
                "the bound root first",
                TrustPolicy::builder()
                    .store(store(&[(&bound, NOTHING), (&other, NOTHING)]))
                    .store(store(&[(&bound, said)])),
            ),
            (
                "the other root first",
                TrustPolicy::builder()
                    .store(store(&[(&other, NOTHING), (&bound, NOTHING)]))
                    .store(store(&[(&bound, said)])),
            ),
        ] {
            let trust = trust.build();
            assert_eq!(
                judge(&trust, &leaf.chain(&[&ca, &cross]), "a.test"),
                Ok(()),
                "{way}"
            );
            assert_eq!(
                judge(&trust, &leaf.chain(&[&ca]), "a.test"),
                Err(refused),
                "{way}"
            );
        }
    }
}

/// OpenSSL and mbedTLS fold case when they look for an issuer. A server that sends a root under another spelling has that
/// one selected too.
#[test]
fn a_bare_copy_under_another_spelling_of_the_name_lifts_nothing() {
    let root = Ca::root("Root");
    let shouted = root.reissue().subject("ROOT").self_signed();
    let sent = leaf_issued_at(now() - DAY, &root).chain(&[&shouted]);
    for (said, refused) in [
        (dated(), Refused::ForDate),
        (only_below("in.test"), Refused::ForConstraints),
    ] {
        let [binding, bare] = [(&root, said), (&shouted, NOTHING)].map(|one| move || store(&[one]));
        for trust in [
            TrustPolicy::builder().store(bare()).store(binding()),
            TrustPolicy::builder().store(binding()).store(bare()),
        ] {
            assert_eq!(judge(&trust.build(), &sent, "a.test"), Err(refused));
        }
        #[cfg(feature = "openssl")]
        assert_eq!(
            with_openssl::verify(&TrustPolicy::new(binding()), &[&shouted], &sent, "a.test"),
            Err(refused)
        );
    }
}

#[test]
fn another_key_under_the_same_name_is_not_bound() {
    let (root, twin) = (Ca::root("Twin"), Ca::root("Twin"));
    let trust = TrustPolicy::builder()
        .store(store(&[(&twin, NOTHING)]))
        .store(store(&[(
            &root,
            Said {
                distrust_after: Some(0),
                only_below: Some("in.test"),
            },
        )]))
        .build();
    assert_eq!(judge(&trust, &twin.leaf("a.test").chain(&[]), "a.test"), Ok(()));
}

#[test]
fn a_store_that_is_added_as_it_is_follows_its_own_statements_and_binds_no_other() {
    let root = Ca::root("Root");
    let sent = leaf_issued_at(now() - DAY, &root).chain(&[]);
    let bare = || store(&[(&root, NOTHING)]);
    for said in [dated(), only_below("in.test")] {
        let binding = || store(&[(&root, said)]);
        for trust in [
            TrustPolicy::builder().store_as_is(bare()).store(binding()),
            TrustPolicy::builder().store(bare()).store_as_is(binding()),
            TrustPolicy::builder().store_as_is(bare()).store_as_is(binding()),
        ] {
            assert_eq!(judge(&trust.build(), &sent, "a.test"), Ok(()));
        }
        for trust in [
            TrustPolicy::builder().store(binding()).store_as_is(bare()),
            TrustPolicy::builder().store_as_is(binding()).store(bare()),
        ] {
            let trust = trust.build();
            // OpenSSL ends at the first root that fits, and finds that its constraints are not met.
            for judge in JUDGES {
                let expected = match (judge.name, said.only_below) {
                    ("OpenSSL", Some(_)) => Err(Refused::ForConstraints),
                    _ => Ok(()),
                };
                assert_eq!(
                    (judge.verify)(&trust, &sent, "a.test"),
                    expected,
                    "{}",
                    judge.name
                );
            }
        }
        let renewed = root.reissue().serial(&[0x55]).self_signed();
        let own = store(&[(&renewed, NOTHING), (&root, said)]);
        let trust = TrustPolicy::builder().store_as_is(own).build();
        assert!(judge(&trust, &sent, "a.test").is_err());
    }
}

#[test]
fn a_pinned_ca_is_bound_by_no_store() {
    let root = Ca::root("Root");
    let trust = TrustPolicy::builder()
        .pin("a.test", [root.der().to_vec()])
        .unwrap()
        .store(store(&[(
            &root,
            Said {
                distrust_after: Some(0),
                ..NOTHING
            },
        )]))
        .build();
    let [pinned, other] = ["a.test", "b.test"].map(|name| root.leaf(name).chain(&[]));
    assert_eq!(judge(&trust, &pinned, "a.test"), Ok(()));
    assert_eq!(judge(&trust, &other, "b.test"), Err(Refused::ForDate));
}

#[cfg(feature = "openssl")]
#[test]
fn a_ca_that_is_loaded_into_an_openssl_context_is_bound_too() {
    let (root, other) = (Ca::root("Root"), Ca::root("Other"));
    let (ca, cross) = (root.intermediate("CA"), other.cross_sign(&root));
    let late = leaf_issued_at(now() - DAY, &ca);
    let sent = late.chain(&[&ca]);
    for (said, refused) in [
        (dated(), Refused::ForDate),
        (only_below("in.test"), Refused::ForConstraints),
    ] {
        let trust = TrustPolicy::new(store(&[(&root, said)]));
        let judged = |loaded: &[&Ca], sent: &[CertificateDer<'static>]| {
            with_openssl::verify(&trust, loaded, sent, "a.test")
        };
        assert_eq!(judged(&[&root], &sent), Err(refused));
        // Its intermediate, which no server sent, is loaded as well.
        assert_eq!(judged(&[&root, &ca], &late.chain(&[])), Err(refused));
        // Around it there is a way.
        assert_eq!(judged(&[&root, &other], &late.chain(&[&ca, &cross])), Ok(()));
        // What no store speaks of is as it was.
        assert_eq!(judged(&[&other], &other.leaf("a.test").chain(&[])), Ok(()));
        let as_is = TrustPolicy::builder()
            .store_as_is(store(&[(&root, said)]))
            .build();
        assert_eq!(with_openssl::verify(&as_is, &[&root], &sent, "a.test"), Ok(()));
        let pinned = TrustPolicy::builder()
            .pin("a.test", [other.der().to_vec()])
            .unwrap()
            .store(store(&[(&root, said)]))
            .build();
        assert_eq!(with_openssl::verify(&pinned, &[&root], &sent, "a.test"), Ok(()));
    }
    let trust = TrustPolicy::new(store(&[(&root, dated())]));
    let early = leaf_issued_at(now() - 11 * DAY, &ca).chain(&[&ca]);
    assert_eq!(with_openssl::verify(&trust, &[&root], &early, "a.test"), Ok(()));
}
