//! The verification machine, with a TLS library that the tests play.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use jit_trust_core::{Certificate, Entry, PeerChain, v2};
use jit_trust_engine::verification::{Edge, Library, Step, ValidPath, ValidationRequest, Verification};
use jit_trust_engine::{
    BlobStore, DeferredStore, LookupRequest, LookupResponse, LookupWait, Rejection, Responder, TrustPolicy,
};
use jit_trust_lab::pki::{Ca, dns_name_constraints, now};
use pki_types::CertificateDer;

const DAY: i64 = 24 * 60 * 60;

fn blob(entries: &[Entry<'_>]) -> Vec<u8> {
    v2::to_vec(entries, v2::Options::default(), 7).unwrap()
}

fn store(roots: &[&Ca]) -> BlobStore<Vec<u8>> {
    let ders: Vec<_> = roots.iter().map(|root| root.der()).collect();
    let entries: Vec<_> = ders.iter().map(|der| entry(der)).collect();
    BlobStore::new(blob(&entries)).unwrap()
}

fn entry(der: &[u8]) -> Entry<'_> {
    Entry::from_certificate(Certificate::from_der(der).unwrap())
}

fn unix_now() -> u64 {
    now().try_into().unwrap()
}

fn no_such_root() -> Rejection {
    Rejection::no_such_root(None)
}

fn wrong_host() -> Rejection {
    Rejection::wrong_host(None, None)
}

/// What the library says to one validation.
type Says = Box<dyn for<'p> Fn(Below<'p>) -> Result<ValidPath<'p>, Rejection>>;

/// The certificates that were sent, as those below an anchor.
type Below<'p> = Vec<Cow<'p, [u8]>>;

/// A library that says to each validation what it was told to.
struct Scripted {
    says: VecDeque<Says>,
    sent: Vec<Vec<u8>>,
    /// How many anchors there were in each validation, and whether it was the one that decides.
    asked: Vec<(usize, bool)>,
}

impl Scripted {
    fn new(sent: &[CertificateDer<'_>], says: impl IntoIterator<Item = Says>) -> Self {
        Self {
            says: says.into_iter().collect(),
            sent: sent.iter().map(|der| der.to_vec()).collect(),
            asked: Vec::new(),
        }
    }
}

impl Edge for Scripted {
    fn validate(&mut self, request: &ValidationRequest<'_, '_>) -> Result<ValidPath<'_>, Rejection> {
        self.asked.push((request.anchors().count(), request.is_final()));
        let says = self.says.pop_front().expect("no further validation is expected");
        says(
            self.sent
                .iter()
                .map(|der| Cow::Borrowed(der.as_slice()))
                .collect(),
        )
    }

    fn verify_signature(&self, _: &[u8], _: &[u8]) -> Result<(), Rejection> {
        Err(Rejection::NotVerified)
    }
}

/// A path to the anchor at this place.
fn path_to(place: usize) -> Says {
    Box::new(move |below| Ok(ValidPath::to_candidate(place, below)))
}

fn says(rejection: fn() -> Rejection) -> Says {
    Box::new(move |_| Err(rejection()))
}

fn leaf_and(ca: &Ca) -> Vec<CertificateDer<'static>> {
    ca.leaf("a.test").chain(&[])
}

/// Runs a verification, and hands it on when it has ended.
fn run<T>(
    policy: &TrustPolicy,
    edge: &mut Scripted,
    library: Library,
    ended: impl FnOnce(&Verification<'_>) -> T,
) -> T {
    let sent = edge.sent.clone();
    let chain = PeerChain::read(sent.iter().map(Vec::as_slice));
    let policy = policy.for_host("a.test");
    let mut verification = policy.verification(&chain, Some(unix_now()), library);
    verification.drive(edge, &mut LookupWait::block(None)).unwrap();
    ended(&verification)
}

fn verdict(policy: &TrustPolicy, edge: &mut Scripted, library: Library) -> Result<(), Rejection> {
    run(policy, edge, library, |verification| {
        verification.result().expect("a verdict").map_err(Clone::clone)
    })
}

/// A deferred store that answers as it is told, at once, and counts.
#[derive(Clone, Debug, Default)]
struct Remote {
    blobs: Arc<Mutex<Vec<Vec<u8>>>>,
    fails: bool,
    asked: Arc<Mutex<usize>>,
}

impl Remote {
    fn of(roots: &[&Ca]) -> Self {
        let remote = Self::default();
        let blobs = roots.iter().map(|root| blob(&[entry(&root.der())]));
        remote.blobs.lock().unwrap().extend(blobs);
        remote
    }

    fn asked(&self) -> usize {
        *self.asked.lock().unwrap()
    }
}

impl DeferredStore for Remote {
    fn name(&self) -> String {
        "remote".to_owned()
    }

    fn look_up(&self, request: LookupRequest, responder: Responder) {
        *self.asked.lock().unwrap() += 1;
        if self.fails {
            return drop(responder);
        }
        let blobs = self.blobs.lock().unwrap();
        let mut found = blobs
            .iter()
            .filter_map(|blob| LookupResponse::blob(blob.clone()).ok());
        let response = found.find(|response| !response.is_empty() && response.check(&request.key).is_ok());
        responder.send(Ok(response.unwrap_or_else(LookupResponse::not_found)));
    }
}

#[test]
fn what_the_library_accepts_is_accepted_in_one_validation() {
    let root = Ca::root("Root");
    let policy = TrustPolicy::new(store(&[&root, &Ca::root("Other")]));
    for library in [Library::REPEATABLE, Library::ONCE] {
        let mut edge = Scripted::new(&leaf_and(&root), [path_to(0)]);
        run(&policy, &mut edge, library, |verification| {
            let report = verification.report();
            assert!(report.result.is_ok());
            assert_eq!(report.anchor().unwrap().subject().to_string(), "CN=Root");
            assert_eq!((report.store_len, report.selected), (Some(2), 1));
            assert_eq!(verification.bind().unwrap().anchors.len(), 1);
        });
        assert_eq!(edge.asked, [(1, true)]);
    }
}

#[test]
fn a_rejection_says_which_root_is_missing_and_which_certificate_names_it() {
    let policy = TrustPolicy::new(store(&[&Ca::root("Other")]));
    let mut edge = Scripted::new(&leaf_and(&Ca::root("Root")), [says(no_such_root)]);
    let rejection = verdict(&policy, &mut edge, Library::REPEATABLE).unwrap_err();
    let text = rejection.to_string();
    assert!(
        text.contains("named \"CN=Root\" (asked for by the certificate of \"CN=a.test\")"),
        "{text}"
    );
    assert_eq!(format!("{rejection:?}"), text);
    assert!(
        rejection
            .in_store("x.tblb")
            .to_string()
            .starts_with("no root in x.tblb named")
    );
}

#[test]
fn an_anchor_whose_path_does_not_conform_is_dropped_and_the_rest_is_tried() {
    // Two roots of one name, one of which another entry constrains.
    let (first, second) = (Ca::root("Root"), Ca::root("Root"));
    let der = first.der();
    let constraints = dns_name_constraints(&["example"], &[""; 0]);
    let constrained = blob(&[entry(&der).with_name_constraints(Some(&constraints))]);
    let policy = TrustPolicy::builder()
        .store(store(&[&first, &second]))
        .store(BlobStore::new(constrained).unwrap())
        .build();
    let mut edge = Scripted::new(&leaf_and(&second), [path_to(0), path_to(0)]);
    verdict(&policy, &mut edge, Library::REPEATABLE).unwrap();
    assert_eq!(edge.asked, [(3, true), (1, true)], "both entries of the first go");
    // A library that decides once tries out before.
    let mut edge = Scripted::new(&leaf_and(&second), [path_to(0), path_to(0)]);
    verdict(&policy, &mut edge, Library::ONCE).unwrap();
    assert_eq!(edge.asked, [(3, false), (1, true)]);
    // Without another path, that is the reason.
    let mut edge = Scripted::new(&leaf_and(&first), [path_to(0), says(no_such_root)]);
    let rejection = verdict(&policy, &mut edge, Library::REPEATABLE).unwrap_err();
    assert!(
        matches!(rejection, Rejection::NameConstraints { .. }),
        "{rejection}"
    );
}

#[test]
fn a_root_that_is_left_out_for_its_date_is_the_reason_only_if_a_path_leads_to_it() {
    let root = Ca::root("Root");
    let der = root.der();
    let date = u64::try_from(now() - 400 * DAY).unwrap();
    let dated = blob(&[entry(&der).with_distrust_after(Some(date))]);
    let policy = TrustPolicy::new(BlobStore::new(dated).unwrap());
    let sent = leaf_and(&root);
    let mut edge = Scripted::new(&sent, [says(no_such_root), path_to(0)]);
    let rejection = verdict(&policy, &mut edge, Library::REPEATABLE).unwrap_err();
    assert!(matches!(&rejection, Rejection::DatedRoot(dated) if dated.distrust_after == date));
    assert_eq!(
        edge.asked,
        [(0, true), (1, false)],
        "the second has no consequences"
    );
    let mut edge = Scripted::new(&sent, [says(no_such_root), says(no_such_root)]);
    let rejection = verdict(&policy, &mut edge, Library::REPEATABLE).unwrap_err();
    assert!(matches!(rejection, Rejection::NoSuchRoot { .. }), "{rejection}");
    // With the wrong host there is a path, so that no date is the reason.
    let mut edge = Scripted::new(&sent, [says(wrong_host)]);
    let rejection = verdict(&policy, &mut edge, Library::REPEATABLE).unwrap_err();
    assert!(matches!(rejection, Rejection::WrongHost { host, .. } if host == "a.test"));
}

#[test]
fn a_deferred_store_is_asked_only_where_there_is_no_path_and_its_failure_outranks_the_library() {
    let root = Ca::root("Root");
    let sent = leaf_and(&root);
    let remote = Remote::of(&[&root]);
    let policy = TrustPolicy::builder().deferred_store(remote.clone()).build();
    let mut edge = Scripted::new(&sent, [says(no_such_root), path_to(0)]);
    verdict(&policy, &mut edge, Library::REPEATABLE).unwrap();
    assert_eq!(
        (edge.asked.as_slice(), remote.asked()),
        (&[(0, true), (1, true)][..], 1)
    );

    let failing = Remote {
        fails: true,
        ..Remote::default()
    };
    let policy = TrustPolicy::builder().deferred_store(failing).build();
    let mut edge = Scripted::new(&sent, [says(no_such_root)]);
    let rejection = verdict(&policy, &mut edge, Library::REPEATABLE).unwrap_err();
    assert!(rejection.is_store_failure(), "{rejection}");
    // A library that decides once has the last word, and the failure outranks it as well.
    let mut edge = Scripted::new(&sent, [says(no_such_root), says(no_such_root)]);
    let rejection = verdict(&policy, &mut edge, Library::ONCE).unwrap_err();
    assert!(rejection.is_store_failure(), "{rejection}");
    assert_eq!(edge.asked, [(0, false), (0, true)]);
}

#[test]
fn nothing_is_looked_up_for_a_certificate_that_is_out_of_date_or_for_another_host() {
    let root = Ca::root("Root");
    let expired = jit_trust_lab::pki::Leaf::builder(&["a.test"])
        .validity(now() - 20 * DAY, now() - 10 * DAY)
        .issued_by(&root);
    let remote = Remote::of(&[&root]);
    let policy = TrustPolicy::builder().deferred_store(remote.clone()).build();
    let mut edge = Scripted::new(&expired.chain(&[]), [says(no_such_root)]);
    verdict(&policy, &mut edge, Library::REPEATABLE).unwrap_err();
    let mut edge = Scripted::new(&leaf_and(&root), [says(wrong_host)]);
    verdict(&policy, &mut edge, Library::REPEATABLE).unwrap_err();
    assert_eq!(remote.asked(), 0);
}

#[test]
fn at_most_six_lookups_are_made_whatever_a_peer_sends() {
    let cas: Vec<_> = (0..20)
        .map(|number| Ca::root(format!("CA {number}").as_str()))
        .collect();
    let leaf = cas[0].leaf("a.test");
    let others: Vec<_> = cas
        .iter()
        .zip(&cas[1..])
        .map(|(one, other)| one.cross_sign(other))
        .collect();
    let sent = leaf.chain(&others.iter().collect::<Vec<_>>());
    let remote = Remote::default();
    let policy = TrustPolicy::builder().deferred_store(remote.clone()).build();
    let mut edge = Scripted::new(&sent, [says(no_such_root)]);
    run(&policy, &mut edge, Library::REPEATABLE, |verification| {
        assert_eq!(verification.report().lookups.len(), 6);
    });
    assert_eq!(remote.asked(), 6);
    assert_eq!(edge.asked.len(), 1, "nothing new came");
}

/// A deferred store that keeps the request.
#[derive(Clone, Debug, Default)]
struct Later(Arc<Mutex<Option<Responder>>>);

impl Later {
    fn respond(&self, root: &Ca) {
        self.take()
            .send(LookupResponse::blob(blob(&[entry(&root.der())])));
    }

    fn not_found(&self) {
        self.take().send(Ok(LookupResponse::not_found()));
    }

    fn take(&self) -> Responder {
        self.0.lock().unwrap().take().expect("it was asked")
    }
}

impl DeferredStore for Later {
    fn name(&self) -> String {
        "later".to_owned()
    }

    fn look_up(&self, _: LookupRequest, responder: Responder) {
        *self.0.lock().unwrap() = Some(responder);
    }
}

#[test]
fn a_verification_is_suspended_for_a_lookup_and_goes_on_with_its_response() {
    let root = Ca::root("Root");
    let sent = leaf_and(&root);
    let later = Later::default();
    let policy = TrustPolicy::builder().deferred_store(later.clone()).build();
    let host = policy.for_host("a.test");
    let chain = PeerChain::read(sent.iter().map(AsRef::as_ref));
    let mut edge = Scripted::new(&sent, [says(no_such_root), path_to(0)]);
    let mut verification = host.verification(&chain, Some(unix_now()), Library::REPEATABLE);
    // By hand, as an edge does that does not let the machine drive it.
    let Step::Validate(request) = verification.step() else {
        panic!("there is something to validate");
    };
    let found = edge.validate(&request);
    verification.validated(found);
    let Step::Lookup(lookup) = verification.step() else {
        panic!("there is something to look up");
    };
    let pending = verification
        .look_up(&lookup, &mut LookupWait::never())
        .unwrap_err();
    let mut suspended = verification.suspend();

    later.respond(&root);
    pending.block(Instant::now() + Duration::from_secs(10), &mut suspended);
    // The chain is read anew, as a library hands it over anew.
    let again = sent.clone();
    let chain = PeerChain::read(again.iter().map(AsRef::as_ref));
    let mut verification = suspended.resume(&host, &chain).expect("the same server");
    verification.drive(&mut edge, &mut LookupWait::never()).unwrap();
    assert!(verification.result().unwrap().is_ok());
    assert_eq!(verification.report().lookups.len(), 1);
    assert_eq!(edge.asked, [(0, true), (1, true)]);
    drop(verification);
    assert!(suspended.resume(&host, &chain).is_none(), "once is all");
}

#[test]
fn a_suspended_verification_does_not_go_on_with_another_server() {
    let root = Ca::root("Root");
    let ca = root.intermediate("CA");
    let sent = ca.leaf("a.test").chain(&[&ca]);
    let policy = TrustPolicy::new(store(&[&root]));
    let host = policy.for_host("a.test");
    let read =
        |sent: &[CertificateDer<'static>]| PeerChain::read(sent.to_vec().leak().iter().map(AsRef::as_ref));
    let (same, own_alone, other) = (read(&sent), read(&sent[..1]), read(&leaf_and(&root)));
    let (other_host, other_policy) = (policy.for_host("b.test"), TrustPolicy::new(store(&[&root])));
    let other_policy = other_policy.for_host("a.test");
    for (policy, chain, resumes) in [
        (&host, &same, true),
        (&host, &own_alone, false),
        (&host, &other, false),
        (&other_host, &same, false),
        (&other_policy, &same, false),
    ] {
        let mut verification = host.verification(&same, Some(unix_now()), Library::ONCE);
        assert!(matches!(verification.step(), Step::Validate(_)));
        assert_eq!(verification.suspend().resume(policy, chain).is_some(), resumes);
    }
}

#[test]
fn a_path_of_other_certificates_is_rejected_whatever_the_library_says() {
    let root = Ca::root("Root");
    let policy = TrustPolicy::new(store(&[&root]));
    let other = leaf_and(&root)[0].to_vec();
    let paths: [Says; 4] = [
        Box::new(|_| Ok(ValidPath::to_candidate(0, []))),
        Box::new(move |_| Ok(ValidPath::to_candidate(0, [Cow::Owned(other.clone())]))),
        Box::new(|_| Ok(ValidPath::overridden([]))),
        Box::new(|below| {
            let mut path = ValidPath::overridden(below);
            path.is_overridden = false;
            Ok(path)
        }),
    ];
    for path in paths {
        let mut edge = Scripted::new(&leaf_and(&root), [path]);
        let rejection = verdict(&policy, &mut edge, Library::REPEATABLE).unwrap_err();
        assert!(matches!(rejection, Rejection::NotVerified), "{rejection}");
    }
    // A verify callback of the program may accept a path to nowhere.
    let nowhere: Says = Box::new(|below| Ok(ValidPath::overridden(below)));
    let mut edge = Scripted::new(&leaf_and(&root), [nowhere]);
    verdict(&policy, &mut edge, Library::REPEATABLE).unwrap();
}

#[test]
fn own_name_constraints_count_alike_with_and_without_a_deferred_store() {
    let root = Ca::root("Root");
    let der = root.der();
    let constraints = dns_name_constraints(&["example"], &[""; 0]);
    let constrained =
        || BlobStore::new(blob(&[entry(&der).with_name_constraints(Some(&constraints))])).unwrap();
    let library = Library::ONCE.without_name_constraints();
    for remote in [None, Some(Remote::default())] {
        let mut builder = TrustPolicy::builder()
            .store(constrained())
            .store_as_is(store(&[&root]));
        if let Some(remote) = remote {
            builder = builder.deferred_store(remote);
        }
        let mut edge = Scripted::new(&leaf_and(&root), [path_to(0), path_to(0)]);
        let rejection = verdict(&builder.build(), &mut edge, library).unwrap_err();
        assert!(
            matches!(rejection, Rejection::NameConstraints { .. }),
            "{rejection}"
        );
    }
}

#[test]
fn a_wrong_host_is_the_reason_although_another_path_violated_a_condition() {
    let (first, second) = (Ca::root("Root"), Ca::root("Root"));
    let der = first.der();
    let constraints = dns_name_constraints(&["example"], &[""; 0]);
    let constrained = blob(&[entry(&der).with_name_constraints(Some(&constraints))]);
    let policy = TrustPolicy::builder()
        .store(store(&[&first, &second]))
        .store(BlobStore::new(constrained).unwrap())
        .build();
    let elsewhere: Says = Box::new(|below| {
        let mut path = ValidPath::to_candidate(0, below);
        path.wrong_host = Some(wrong_host());
        Ok(path)
    });
    let mut edge = Scripted::new(&leaf_and(&second), [path_to(0), elsewhere]);
    let rejection = verdict(&policy, &mut edge, Library::REPEATABLE).unwrap_err();
    assert!(matches!(rejection, Rejection::WrongHost { .. }), "{rejection}");
}

#[test]
fn a_report_names_no_anchor_where_the_path_ends_in_a_loaded_ca() {
    let (top, root) = (Ca::root("Top"), Ca::root("Root"));
    let policy = TrustPolicy::new(store(&[&root]));
    let host = policy.for_host("a.test");
    let sent = leaf_and(&root);
    let chain = PeerChain::read(sent.iter().map(AsRef::as_ref));
    let verification = host.verification(&chain, Some(unix_now()), Library::ONCE);
    let mut verification = verification.with_loaded(vec![top.der().to_vec().into()]);
    let through: Says = Box::new(|below| Ok(ValidPath::to_loaded(0, below).through([0])));
    let mut edge = Scripted::new(&sent, [through]);
    verification.drive(&mut edge, &mut LookupWait::never()).unwrap();
    let report = verification.report();
    assert!(report.result.is_ok() && report.anchor().is_none());
    assert_eq!(verification.bind().unwrap().anchors.len(), 2);
}

#[test]
fn a_loaded_ca_that_was_excluded_stays_so_when_the_verification_is_resumed() {
    let (root, loaded) = (Ca::root("Root"), Ca::root("Loaded"));
    let der = loaded.der();
    let constraints = dns_name_constraints(&["example"], &[""; 0]);
    let stated = blob(&[entry(&der).with_name_constraints(Some(&constraints))]);
    let later = Later::default();
    let policy = TrustPolicy::builder()
        .store(BlobStore::new(stated).unwrap())
        .deferred_store(later.clone())
        .build();
    let host = policy.for_host("a.test");
    let sent = leaf_and(&root);
    let chain = PeerChain::read(sent.iter().map(AsRef::as_ref));
    let ders = || vec![Box::from(&*der)];
    let verification = host.verification(&chain, Some(unix_now()), Library::ONCE);
    let mut verification = verification.with_loaded(ders());
    let to_loaded: Says = Box::new(|below| Ok(ValidPath::to_loaded(0, below)));
    let mut edge = Scripted::new(&sent, [to_loaded, says(no_such_root)]);
    let pending = verification
        .drive(&mut edge, &mut LookupWait::never())
        .unwrap_err();
    let mut suspended = verification.suspend();
    later.not_found();
    pending.block(Instant::now() + Duration::from_secs(10), &mut suspended);

    // By now the program has loaded another one before it.
    let verification = suspended.resume(&host, &chain).unwrap();
    let mut verification = verification.with_loaded(vec![root.der().to_vec().into(), ders().remove(0)]);
    let Step::Validate(request) = verification.step() else {
        panic!("the library decides");
    };
    assert!(request.is_final());
    assert_eq!(request.loaded().collect::<Vec<_>>(), [0]);
    // Or none at all.
    let mut verification = verification.with_loaded(Vec::new());
    let Step::Validate(request) = verification.step() else {
        panic!("the library decides");
    };
    assert_eq!(request.loaded().count(), 0);
}

#[test]
fn certificates_that_complete_the_path_are_handed_out_and_never_as_anchors() {
    let root = Ca::root("Root");
    let ca = root.intermediate("CA");
    let sent = ca.leaf("a.test").chain(&[]);
    let policy = TrustPolicy::new(store(&[&root]));
    let host = policy.for_host("a.test");
    let chain = PeerChain::read(sent.iter().map(AsRef::as_ref));
    let mut verification = host.verification(&chain, Some(unix_now()), Library::REPEATABLE);
    verification.add_untrusted(ca.der().to_vec().into());
    let Step::Validate(request) = verification.step() else {
        panic!("there is something to validate");
    };
    assert_eq!(request.untrusted().collect::<Vec<_>>(), [&*ca.der()]);
    assert_eq!(request.anchors().count(), 0);
}

#[test]
fn a_chain_that_cannot_be_read_ends_without_a_validation() {
    let policy = TrustPolicy::new(store(&[&Ca::root("Root")]));
    let mut edge = Scripted::new(&[], []);
    let rejection = verdict(&policy, &mut edge, Library::ONCE).unwrap_err();
    assert!(matches!(rejection, Rejection::NoCertificate), "{rejection}");
    edge.sent = vec![vec![0x30, 0x00]];
    let rejection = verdict(&policy, &mut edge, Library::ONCE).unwrap_err();
    assert!(
        matches!(rejection, Rejection::UnreadableCertificate { .. }),
        "{rejection}"
    );
    edge.sent = vec![leaf_and(&Ca::root("Root"))[0].to_vec(); 65];
    let rejection = verdict(&policy, &mut edge, Library::ONCE).unwrap_err();
    assert!(matches!(rejection, Rejection::TooManyCertificates), "{rejection}");
}

#[test]
fn a_path_that_ends_in_none_of_the_candidates_is_rejected() {
    let root = Ca::root("Root");
    let policy = TrustPolicy::new(store(&[&root]));
    for place in [1, 7, usize::MAX] {
        let mut edge = Scripted::new(&leaf_and(&root), [path_to(place)]);
        let rejection = verdict(&policy, &mut edge, Library::REPEATABLE).unwrap_err();
        assert!(matches!(rejection, Rejection::NotVerified), "{rejection}");
    }
}

#[test]
fn answers_that_were_not_asked_for_change_no_verdict() {
    let root = Ca::root("Root");
    let sent = leaf_and(&root);
    let policy = TrustPolicy::new(store(&[&root]));
    let host = policy.for_host("a.test");
    let chain = PeerChain::read(sent.iter().map(AsRef::as_ref));
    let mut verification = host.verification(&chain, Some(unix_now()), Library::REPEATABLE);
    // Before the first step nothing was asked for.
    verification.validated(Ok(ValidPath::to_candidate(0, [])));
    assert!(verification.result().is_none());
    verification.step();
    verification.validated(Err(no_such_root()));
    assert!(verification.result().unwrap().is_err());
    verification.validated(Ok(ValidPath::to_candidate(0, [])));
    assert!(verification.result().unwrap().is_err());
}

#[test]
fn the_debug_form_of_a_report_is_short_and_names_the_anchor() {
    let root = Ca::root("Root");
    let sent = leaf_and(&root);
    let policy = TrustPolicy::new(store(&[&root]));
    let mut edge = Scripted::new(&sent, [path_to(0)]);
    let report = run(&policy, &mut edge, Library::ONCE, |verification| {
        verification.report()
    });
    let text = format!("{report:?}");
    assert!(text.contains("a.test") && text.contains("CN=Root"), "{text}");
    assert!(text.len() < 400, "{text}");
}
