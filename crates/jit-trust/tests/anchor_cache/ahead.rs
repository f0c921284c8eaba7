//! Stores that are ahead of the time: of the clock, of the list that the build comes with, and of the local stores.

use std::time::{SystemTime, UNIX_EPOCH};

use jit_trust::{BlobStore, RollbackGuard, TrustPolicy};
use jit_trust_lab::pki::Ca;

use crate::deferred::{self, Deferred};
use crate::verify::{ask, words};

const DAY: u32 = 24 * 60 * 60;

fn now() -> u32 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    u32::try_from(now.as_secs()).unwrap()
}

/// What is remembered of the store.
fn remembered(trust: &TrustPolicy) -> u32 {
    trust.rollback_guard().newest_generation("deferred").unwrap()
}

fn trust(deferred: &Deferred, guard: RollbackGuard) -> TrustPolicy {
    let builder = TrustPolicy::builder().deferred_store(deferred.clone());
    builder.rollback_guard(guard).build()
}

fn in_memory() -> RollbackGuard {
    RollbackGuard::in_memory()
}

#[test]
fn an_answer_of_a_generation_ahead_is_used_and_a_day_of_it_is_remembered() {
    for ahead in [2 * DAY, u32::MAX - now()] {
        let root = Ca::root("Root");
        let deferred = Deferred::default();
        deferred.has(&root, now().saturating_add(ahead));
        let trust = trust(&deferred, in_memory());
        let before = now();
        ask(&trust, &root.leaf("a.test").chain(&[])).unwrap();
        assert!((before + DAY..=now() + DAY).contains(&remembered(&trust)));
    }
    // Up to a day it is remembered as it is.
    let (root, deferred) = (Ca::root("Root"), Deferred::default());
    let generation = now() + DAY - 60;
    deferred.has(&root, generation);
    let trust = trust(&deferred, in_memory());
    ask(&trust, &root.leaf("a.test").chain(&[])).unwrap();
    assert_eq!(remembered(&trust), generation);
}

#[test]
fn a_store_that_was_ahead_locks_its_successor_out_for_a_day_at_most() {
    let (root, other, third) = (Ca::root("Root"), Ca::root("Other"), Ca::root("Third"));
    let deferred = Deferred::default();
    deferred.has(&root, u32::MAX);
    let trust = trust(&deferred, in_memory());
    ask(&trust, &root.leaf("a.test").chain(&[])).unwrap();
    let newest = remembered(&trust);
    assert!(newest <= now() + DAY);
    deferred.has(&other, newest - 1);
    let text = words(ask(&trust, &other.leaf("a.test").chain(&[])));
    let refused = format!("generation {}, older than {newest}", newest - 1);
    assert!(text.contains(&refused), "{text}");
    assert_eq!(deferred.last_told(), Some(newest));
    // What it will be in a day, and the same again.
    for root in [&other, &third] {
        deferred.has(root, newest);
        ask(&trust, &root.leaf("a.test").chain(&[])).unwrap();
    }
    assert_eq!(remembered(&trust), newest);
}

#[test]
fn a_store_that_is_ahead_is_asked_no_more_often_than_another() {
    let (root, other) = (Ca::root("Root"), Ca::root("Other"));
    let deferred = Deferred::default();
    deferred.has(&root, u32::MAX);
    deferred.has(&other, u32::MAX);
    let trust = trust(&deferred, in_memory());
    for _ in 0..3 {
        ask(&trust, &root.leaf("a.test").chain(&[])).unwrap();
        ask(&trust, &other.leaf("a.test").chain(&[])).unwrap();
        // A second makes what is remembered a second newer.
        std::thread::sleep(std::time::Duration::from_millis(600));
    }
    assert_eq!(deferred.queries(), 2);
}

#[test]
fn a_local_store_that_is_ahead_takes_what_is_remembered_along() {
    let (root, local) = (Ca::root("Root"), Ca::root("Local"));
    let deferred = Deferred::default();
    deferred.has(&root, u32::MAX);
    let of = now() + 100 * DAY;
    let blob = |generation| BlobStore::new(deferred::blob(&[&local], generation)).unwrap();
    let builder = TrustPolicy::builder()
        .store(blob(7))
        .deferred_store(deferred.clone());
    let trust = builder.rollback_guard(in_memory()).build();
    // Also one that is put there later.
    trust.replace_store(blob(of)).unwrap();
    ask(&trust, &root.leaf("a.test").chain(&[])).unwrap();
    assert_eq!(remembered(&trust), of + DAY);
}

/// The clock may have gone back since, as that of a device does which was without power: no mirror goes back with it.
#[test]
fn what_is_remembered_counts_however_far_ahead_it_is_and_is_never_lowered() {
    let (root, other) = (Ca::root("Root"), Ca::root("Other"));
    let directory = tempfile::tempdir().unwrap();
    let in_file = || RollbackGuard::open(directory.path().join("generations")).unwrap();
    let newest = now() + 10 * DAY;
    let before = in_file();
    before.saw_generation("deferred", newest);
    before.flush().unwrap();
    drop(before);

    let deferred = Deferred::default();
    let trust_of_file = || trust(&deferred, in_file());
    deferred.has(&root, newest - 1);
    let text = words(ask(&trust_of_file(), &root.leaf("a.test").chain(&[])));
    assert!(text.contains(&format!("older than {newest}")), "{text}");
    for generation in [newest, u32::MAX] {
        deferred.has(&other, generation);
        let trust = trust_of_file();
        ask(&trust, &other.leaf("a.test").chain(&[])).unwrap();
        assert_eq!(remembered(&trust), newest);
    }
}
