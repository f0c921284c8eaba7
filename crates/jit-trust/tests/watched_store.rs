//! A file that is replaced serves the next selection, and one that cannot be used leaves the one before in force.
#![cfg(any(unix, windows))]
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod stores;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use jit_trust::{Candidates, FileStore, StoreError, StoreFileError, TrustStore, WatchedFileStore};
use jit_trust_core::{Certificate, PeerChain, v2};
use jit_trust_lab::pki::{Ca, garbage};
use pki_types::CertificateDer;
use stores::VERSIONS;
use tempfile::TempDir;

/// A trust blob in a temporary directory.
struct TrustFile {
    path: PathBuf,
    _directory: TempDir,
}

impl TrustFile {
    fn of(bytes: &[u8]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("trust.tblb");
        fs::write(&path, bytes).unwrap();
        Self {
            path,
            _directory: directory,
        }
    }

    fn open(&self) -> WatchedFileStore {
        WatchedFileStore::open(&self.path).unwrap()
    }

    /// Writes the new file beside this one and renames it over.
    fn replace(&self, bytes: &[u8]) {
        let new = self.path.with_extension("new");
        fs::write(&new, bytes).unwrap();
        fs::rename(&new, &self.path).unwrap();
    }

    /// The store, and what it has told since it was last asked.
    fn listen(&self, store: WatchedFileStore) -> (WatchedFileStore, impl Fn() -> Vec<String> + use<>) {
        let told = Arc::new(Mutex::new(Vec::new()));
        let path = self.path.display().to_string();
        let store = store.on_change({
            let told = Arc::clone(&told);
            move |change| {
                told.lock()
                    .unwrap()
                    .push(change.to_string().replace(&path, "FILE"));
            }
        });
        (store, move || std::mem::take(&mut *told.lock().unwrap()))
    }
}

fn blob(roots: &[&Ca], generation: u32) -> Vec<u8> {
    let ders: Vec<_> = roots.iter().map(|root| root.der()).collect();
    let entries: Vec<_> = ders.iter().map(|der| stores::entry(der)).collect();
    v2::to_vec(&entries, v2::Options::default(), generation).unwrap()
}

/// The keys of the anchors that the store hands out for this chain.
fn selected(store: &dyn TrustStore, sent: &[CertificateDer<'_>]) -> Result<Vec<Vec<u8>>, StoreError> {
    let chain = PeerChain::read(sent.iter().map(AsRef::as_ref)).unwrap();
    let mut selection = Candidates::new(&chain);
    store.select(&mut selection)?;
    let anchors = selection.anchors();
    Ok(anchors.map(|anchor| anchor.spki_value().to_vec()).collect())
}

fn is_served(store: &dyn TrustStore, root: &Ca) -> bool {
    let found = selected(store, &root.leaf("a.test").chain(&[])).unwrap();
    assert!(found.is_empty() || found == [key(root)]);
    !found.is_empty()
}

fn key(root: &Ca) -> Vec<u8> {
    stores::entry(&root.der()).spki_value().to_vec()
}

#[test]
fn a_file_that_replaces_it_serves_the_next_selection_with_what_it_adds_and_without_what_it_lacks() {
    let (root, added) = (Ca::root("Root"), Ca::root("Added"));
    let file = TrustFile::of(&blob(&[&root], 1));
    let (store, told) = file.listen(file.open());
    assert!(is_served(&store, &root) && !is_served(&store, &added));
    assert!(told().is_empty());

    file.replace(&blob(&[&root, &added], 2));
    assert!(is_served(&store, &added) && is_served(&store, &root));
    assert_eq!(told(), ["FILE: replaced, generation 1 by generation 2"]);
    assert_eq!(store.anchor_count(), Some(2));

    file.replace(&blob(&[&added], 3));
    assert!(!is_served(&store, &root) && is_served(&store, &added));
    assert_eq!(told(), ["FILE: replaced, generation 2 by generation 3"]);
    assert_eq!((store.current().generation(), store.current().len()), (3, 1));
}

#[test]
fn a_damaged_file_is_refused_once_and_leaves_the_one_before_in_force_until_a_good_one_comes() {
    let (root, other) = (Ca::root("Root"), Ca::root("Other"));
    let file = TrustFile::of(&blob(&[&root], 1));
    let (store, told) = file.listen(file.open());
    let good = blob(&[&other], 2);
    let mut flipped = good.clone();
    flipped[good.len() / 2] ^= 1;
    for damaged in [&b"hello"[..], &[], &good[..good.len() - 1], &flipped] {
        file.replace(damaged);
        for _ in 0..3 {
            assert!(is_served(&store, &root) && !is_served(&store, &other));
        }
        let told = told();
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(
            told[0].starts_with("refused, the one before stays in force: FILE: "),
            "{told:?}"
        );
    }
    file.replace(&good);
    assert!(is_served(&store, &other) && !is_served(&store, &root));
    assert_eq!(told(), ["FILE: replaced, generation 1 by generation 2"]);
}

#[test]
fn a_file_that_is_older_than_the_newest_that_was_in_force_is_refused_and_the_error_says_how_to_allow_it() {
    let (root, old) = (Ca::root("Root"), Ca::root("Old"));
    let file = TrustFile::of(&blob(&[&root], 5));
    let (store, told) = file.listen(file.open());
    file.replace(&blob(&[&root], 9));
    assert!(is_served(&store, &root));
    assert_eq!(told(), ["FILE: replaced, generation 5 by generation 9"]);
    // Back in two steps, each of which is refused.
    for generation in [8, 5] {
        file.replace(&blob(&[&old], generation));
        assert!(!is_served(&store, &old) && is_served(&store, &root));
        let refused = format!(
            "refused, the one before stays in force: FILE: generation {generation} is older than 9, which was in \
             force; put a newer one there, or allow this with WatchedFileStore::allow_older_generation"
        );
        assert_eq!(told(), [refused]);
    }
    // The same generation is not older.
    file.replace(&blob(&[&old], 9));
    assert!(is_served(&store, &old) && !is_served(&store, &root));
    assert_eq!(told(), ["FILE: replaced, generation 9 by generation 9"]);
}

#[test]
fn an_older_file_is_taken_by_a_store_that_allows_it() {
    let (root, old) = (Ca::root("Root"), Ca::root("Old"));
    let file = TrustFile::of(&blob(&[&root], 9));
    let (store, told) = file.listen(file.open().allow_older_generation());
    for generation in [5, 3, 7] {
        file.replace(&blob(&[&old], generation));
        assert!(is_served(&store, &old) && !is_served(&store, &root));
        assert_eq!(store.current().generation(), generation);
        assert_eq!(told().len(), 1);
    }
}

#[test]
fn a_file_that_is_deleted_is_reported_once_and_leaves_the_one_before_in_force_until_one_is_there_again() {
    let (root, other) = (Ca::root("Root"), Ca::root("Other"));
    let file = TrustFile::of(&blob(&[&root], 1));
    let (store, told) = file.listen(file.open());
    fs::remove_file(&file.path).unwrap();
    for _ in 0..3 {
        assert!(is_served(&store, &root));
    }
    let missing = told();
    assert_eq!(missing.len(), 1, "{missing:?}");
    assert!(missing[0].starts_with("refused, the one before stays in force: FILE: "));

    fs::create_dir(&file.path).unwrap();
    for _ in 0..3 {
        assert!(is_served(&store, &root));
    }
    assert_eq!(
        told(),
        ["refused, the one before stays in force: FILE: expected a regular file"]
    );

    fs::remove_dir(&file.path).unwrap();
    file.replace(&blob(&[&other], 2));
    assert!(is_served(&store, &other) && !is_served(&store, &root));
    assert_eq!(told(), ["FILE: replaced, generation 1 by generation 2"]);
}

#[cfg(unix)]
#[test]
fn another_file_of_the_same_length_and_date_is_seen() {
    let (root, other) = (Ca::root("Root"), Ca::root("Next"));
    let file = TrustFile::of(&blob(&[&root], 1));
    let store = file.open();
    let before = fs::metadata(&file.path).unwrap();
    let new = file.path.with_extension("new");
    fs::write(&new, blob(&[&other], 1)).unwrap();
    let date = before.modified().unwrap();
    let opened = fs::File::options().append(true).open(&new).unwrap();
    opened.set_modified(date).unwrap();
    fs::rename(&new, &file.path).unwrap();
    let after = fs::metadata(&file.path).unwrap();
    assert_eq!(
        (after.len(), after.modified().unwrap()),
        (before.len(), before.modified().unwrap())
    );
    assert!(is_served(&store, &other) && !is_served(&store, &root));
}

#[cfg(unix)]
#[test]
fn a_symbolic_link_that_is_pointed_elsewhere_is_a_change() {
    use std::os::unix::fs::symlink;

    let (root, other) = (Ca::root("Root"), Ca::root("Other"));
    let (first, second) = (
        TrustFile::of(&blob(&[&root], 1)),
        TrustFile::of(&blob(&[&other], 2)),
    );
    let link = first.path.with_extension("link");
    symlink(&first.path, &link).unwrap();
    let store = WatchedFileStore::open(&link).unwrap();
    assert!(is_served(&store, &root));
    let new = link.with_extension("new");
    symlink(&second.path, &new).unwrap();
    fs::rename(&new, &link).unwrap();
    assert!(is_served(&store, &other) && !is_served(&store, &root));
    assert_eq!(store.path(), link);
}

/// Two files have the same two names with other keys: a selection from both would have a key of each.
#[test]
fn each_of_many_threads_sees_one_of_two_files_whole_while_they_replace_each_other() {
    let roots = || [Ca::root("One"), Ca::root("Two")];
    let (first, second) = (roots(), roots());
    let sent = {
        let ca = first[0].intermediate("CA");
        ca.leaf("a.test").chain(&[&ca, &first[1].cross_sign(&first[0])])
    };
    let sorted = |mut keys: Vec<Vec<u8>>| {
        keys.sort();
        keys
    };
    let whole = [&first, &second].map(|[one, two]| sorted(vec![key(one), key(two)]));
    let blobs = [&first, &second].map(|[one, two]| blob(&[one, two], 7));
    let file = TrustFile::of(&blobs[0]);
    let (store, told) = file.listen(file.open());
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    let mut seen = [0, 0];
                    while !is_over.load(Ordering::Relaxed) {
                        let keys = sorted(selected(&store, &sent).unwrap());
                        let which = whole.iter().position(|whole| *whole == keys);
                        seen[which.expect("one of both, whole")] += 1;
                    }
                    seen
                })
            })
            .collect();
        for turn in 1..=300 {
            file.replace(&blobs[turn % 2]);
            // A selection that starts now uses the file that is there now, even if another thread opens it.
            let keys = sorted(selected(&store, &sent).unwrap());
            assert_eq!(keys, whole[turn % 2], "turn {turn}");
        }
        is_over.store(true, Ordering::Relaxed);
        let seen: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        assert!(seen.iter().map(|seen| seen[1]).sum::<u32>() > 0, "{seen:?}");
    });
    // Each change once, though all threads look. A rename that is seen half done, when the date of the old file has
    // changed and its name has not, is a change of its own.
    let told = told().len();
    assert!((300..=600).contains(&told), "{told}");
}

#[test]
fn a_file_that_is_written_to_in_place_gives_an_error_or_a_verdict_and_serves_when_it_is_whole() {
    let roots = ["One", "Two", "Three"].map(Ca::root);
    let [one, two, three] = &roots;
    let old = blob(&[one, two, three], 1);
    let new = blob(&[one, three], 2);
    for keep in (0..old.len()).step_by(7) {
        let file = TrustFile::of(&old);
        let store = file.open();
        assert!(is_served(&store, one));
        for damaged in [&old[..keep], &garbage::noise(keep), &garbage::noise(old.len())] {
            fs::write(&file.path, damaged).unwrap();
            for root in &roots {
                match selected(&store, &root.leaf("a.test").chain(&[])) {
                    Ok(keys) => assert_eq!(keys, [key(root)]),
                    Err(StoreError::File(StoreFileError::Changed { .. })) => {}
                    Err(error) => panic!("{error}"),
                }
            }
        }
        fs::write(&file.path, &new).unwrap();
        assert!(is_served(&store, one) && !is_served(&store, two), "{keep}");
    }
}

/// On a file system with a coarse clock, nothing that the system says of the file need be different.
#[cfg(unix)]
#[test]
fn a_file_that_was_found_to_be_written_to_in_place_is_opened_again_and_refused_once() {
    let (root, other) = (Ca::root("Root"), Ca::root("Next"));
    for _ in 0..50 {
        let file = TrustFile::of(&blob(&[&root], 1));
        let (store, told) = file.listen(file.open());
        fs::write(&file.path, blob(&[&other], 1)).unwrap();
        match selected(&store, &root.leaf("a.test").chain(&[])) {
            Ok(keys) => assert!(keys.is_empty()), // the change was seen
            Err(StoreError::File(StoreFileError::Changed { .. })) => assert!(told().is_empty()),
            Err(error) => panic!("{error}"),
        }
        assert!(is_served(&store, &other));

        let (store, told) = file.listen(file.open());
        fs::write(&file.path, garbage::noise(blob(&[&root], 1).len())).unwrap();
        for _ in 0..5 {
            let answer = selected(&store, &other.leaf("a.test").chain(&[]));
            assert!(matches!(
                answer,
                Err(StoreError::File(StoreFileError::Changed { .. }))
            ));
        }
        assert_eq!(told().len(), 1);
    }
}

#[test]
fn an_observer_may_use_the_store_that_tells_it_and_one_that_panics_spoils_nothing() {
    let (root, other) = (Ca::root("Root"), Ca::root("Other"));
    let file = TrustFile::of(&blob(&[&root], 1));
    let own = Arc::new(Mutex::new(None::<Arc<WatchedFileStore>>));
    let store = Arc::new(file.open().on_change({
        let own = Arc::clone(&own);
        let other = other.leaf("a.test").chain(&[]);
        move |_| {
            let store = own.lock().unwrap().clone().unwrap();
            assert_eq!(selected(&store, &other).unwrap().len(), 1);
            panic!("as an observer may");
        }
    }));
    *own.lock().unwrap() = Some(Arc::clone(&store));
    file.replace(&blob(&[&other], 2));
    let chain = other.leaf("a.test").chain(&[]);
    let panicked = thread::scope(|scope| scope.spawn(|| selected(&store, &chain)).join());
    assert_eq!(panicked.unwrap_err().downcast_ref(), Some(&"as an observer may"));
    assert!(is_served(&store, &other) && !is_served(&store, &root));
    own.lock().unwrap().take();
}

#[test]
fn what_is_no_store_is_not_opened() {
    let file = TrustFile::of(b"hello");
    let open = |path: &Path| WatchedFileStore::open(path).unwrap_err();
    assert!(matches!(
        open(&file.path),
        StoreError::File(StoreFileError::Blob { .. })
    ));
    assert!(matches!(
        open(&file.path.with_extension("missing")),
        StoreError::File(StoreFileError::Io { .. })
    ));
}

#[test]
fn looking_at_a_file_allocates_nothing_while_it_stays_the_same_be_it_good_refused_or_gone() {
    let root = Ca::root("Root");
    let file = TrustFile::of(&blob(&[&root], 1));
    let (store, plain) = (file.open(), FileStore::open(&file.path).unwrap());
    let (sent, stranger) = (
        root.leaf("a.test").chain(&[]),
        Ca::root("Stranger").leaf("a.test").chain(&[]),
    );
    let allocations = |store: &dyn TrustStore, sent: &[CertificateDer<'_>]| {
        let select = || {
            let chain = PeerChain::read(sent.iter().map(AsRef::as_ref)).unwrap();
            store.select(&mut Candidates::new(&chain)).unwrap();
        };
        select();
        allocation_counter::measure(select).count_total
    };
    let states: [(&str, &dyn Fn()); 3] = [
        ("good", &|| {}),
        ("refused", &|| file.replace(b"hello")),
        ("gone", &|| fs::remove_file(&file.path).unwrap()),
    ];
    for (state, bring_about) in states {
        bring_about();
        assert_eq!(allocations(&store, &stranger), 0, "{state}");
        assert_eq!(allocations(&store, &sent), allocations(&plain, &sent), "{state}");
    }
}

#[test]
fn a_store_of_150_anchors_keeps_at_most_6000_bytes_when_it_is_opened_and_when_the_file_was_replaced() {
    let roots = webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter();
    let renumbered = roots.cycle().take(150).enumerate();
    let roots: Vec<_> = renumbered
        .map(|(index, der)| with_own_serial(der, index))
        .collect();
    let stranger = Ca::root("Stranger");
    for version in VERSIONS {
        let blob = stores::blob_of(&roots, version);
        let file = TrustFile::of(&blob);
        let mut store = None;
        let kept = allocation_counter::measure(|| store = Some(file.open()));
        let store = store.unwrap();
        assert_eq!(store.current().len(), 150);
        assert!(kept.bytes_current <= 6_000, "{kept:?}");

        let before = store.current();
        file.replace(&blob);
        let sent = stranger.leaf("a.test").chain(&[]);
        let more = allocation_counter::measure(|| assert!(selected(&store, &sent).unwrap().is_empty()));
        assert!(!Arc::ptr_eq(&before, &store.current()));
        let freed = allocation_counter::measure(|| drop(before));
        assert!(
            kept.bytes_current + more.bytes_current + freed.bytes_current <= 6_000,
            "{more:?} {freed:?}"
        );
    }
}

/// The same certificate with another serial number, so that no two are the same.
fn with_own_serial(der: &[u8], index: usize) -> Vec<u8> {
    let serial = Certificate::from_der(der).unwrap().serial();
    let at = serial.as_ptr().addr() - der.as_ptr().addr() + serial.len() - 1;
    let mut own = der.to_vec();
    own[at] = own[at].wrapping_add(u8::try_from(index).unwrap());
    own
}
