//! What is taken of what a store answers.

use std::time::Duration;

use jit_trust::{LookupError, LookupResponse, MAX_RESPONSE_LEN, TrustPolicy};
use jit_trust_lab::pki::{Ca, garbage};

use crate::deferred::{self, Deferred, What, by_key_id, by_subject};
use crate::verify::{ask, is_no_such_root, words};

fn trust(deferred: &Deferred) -> TrustPolicy {
    TrustPolicy::builder().deferred_store(deferred.clone()).build()
}

#[test]
fn an_answer_that_is_not_what_was_asked_for_is_refused_and_the_error_says_who_was_asked_what_and_what_came() {
    let (root, other) = (Ca::root("Root"), Ca::root("Other"));
    let sent = root.leaf("a.test").chain(&[]);
    let mut damaged = deferred::blob(&[&root], 7);
    let last = damaged.len() - 1;
    damaged[last] ^= 1;
    let answers = [
        (What::Blob(deferred::blob(&[&other], 7)), "was not asked for"),
        (
            What::Blob(deferred::blob(&[&root, &other], 7)),
            "was not asked for",
        ),
        (What::Certificate(other.der().to_vec()), "was not asked for"),
        (What::Blob(damaged), "not a valid trust blob"),
        (What::Blob(garbage::noise(100)), "not a valid trust blob"),
        (What::Blob(garbage::noise(MAX_RESPONSE_LEN + 1)), "is larger than"),
        (
            What::Certificate(garbage::noise(100)),
            "the response is not a certificate",
        ),
        (
            What::Certificate(garbage::noise(MAX_RESPONSE_LEN + 1)),
            "is larger than",
        ),
    ];
    for (answer, reason) in answers {
        let deferred = Deferred::default();
        deferred.says(by_subject(&root), answer);
        let text = words(ask(&trust(&deferred), &sent));
        assert!(
            text.contains(reason) && text.contains("deferred"),
            "{reason}: {text}"
        );
        assert!(text.contains(&by_subject(&root).to_string()), "{text}");
    }
}

#[test]
fn an_answer_by_key_identifier_must_have_it() {
    let (root, other) = (Ca::root("Root"), Ca::root("Other"));
    let deferred = Deferred::by_key_id(&[]);
    deferred.says(by_key_id(&root), What::Certificate(other.der().to_vec()));
    let text = words(ask(&trust(&deferred), &root.leaf("a.test").chain(&[])));
    assert!(text.contains("holds an anchor that was not asked for"), "{text}");
}

#[test]
fn a_blob_of_the_largest_size_is_taken_and_one_byte_more_is_not() {
    let largest = |padding: usize| {
        let root = Ca::builder("Large Root").padding(padding).self_signed();
        // Version 1 keeps certificates whole.
        crate::stores::blob(&[&root], crate::stores::Version::V1)
    };
    let overhead = largest(60_000).len() - 60_000;
    for padding in MAX_RESPONSE_LEN - overhead - 40..MAX_RESPONSE_LEN - overhead + 40 {
        if padding > 65_000 {
            break;
        }
        let blob = largest(padding);
        let fits = blob.len() <= MAX_RESPONSE_LEN;
        match LookupResponse::blob(blob) {
            Ok(_) => assert!(fits),
            Err(error) => assert!(!fits && matches!(error, LookupError::TooLarge)),
        }
    }
}

#[test]
fn an_answer_of_an_older_generation_than_the_newest_seen_is_refused() {
    let (root, other) = (Ca::root("Root"), Ca::root("Other"));
    let deferred = Deferred::default();
    deferred.has(&root, 8);
    deferred.has(&other, 7);
    let trust = trust(&deferred);
    ask(&trust, &root.leaf("a.test").chain(&[])).unwrap();
    let text = words(ask(&trust, &other.leaf("a.test").chain(&[])));
    assert!(text.contains("generation 7, older than 8"), "{text}");
    assert_eq!((deferred.queries(), deferred.last_told()), (2, Some(8)));
    deferred.has(&other, 9);
    ask(&trust, &other.leaf("a.test").chain(&[])).unwrap();
}

#[test]
fn a_newer_generation_has_what_is_cached_asked_for_anew() {
    let (root, other) = (Ca::root("Root"), Ca::root("Other"));
    let sent = root.leaf("a.test").chain(&[]);
    let deferred = Deferred::of(&[&root]);
    let trust = trust(&deferred);
    ask(&trust, &sent).unwrap();
    deferred.loses(&root);
    ask(&trust, &sent).unwrap();
    deferred.has(&other, 8);
    ask(&trust, &other.leaf("a.test").chain(&[])).unwrap();
    // An update has taken it back.
    let error = ask(&trust, &sent).unwrap_err();
    assert!(is_no_such_root(&error), "{error}");
    assert_eq!(deferred.queries(), 3);
}

/// What was answered before an update says nothing about what is there since. The store could not help it, so it is asked
/// once more.
#[test]
fn an_answer_that_an_update_overtook_is_asked_for_once_more() {
    let (root, other) = (Ca::root("Root"), Ca::root("Other"));
    let sent = root.leaf("a.test").chain(&[]);
    for (before, after, accepts) in [
        // A blob of before, which it is no more.
        (Some(7), Some(8), true),
        (Some(7), None, false),
        // No such anchor; there is one now.
        (None, Some(8), true),
        // A store that never catches up is asked no third time.
        (Some(7), Some(7), false),
    ] {
        let deferred = Deferred::of(&[&other]);
        let trust = trust(&deferred);
        ask(&trust, &other.leaf("a.test").chain(&[])).unwrap();
        let says = |generation: Option<u32>| match generation {
            Some(generation) => deferred.has(&root, generation),
            None => deferred.loses(&root),
        };
        says(before);
        deferred.hold_back();
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| ask(&trust, &sent));
            deferred.wait_for(1);
            let (reply, answer) = deferred.take_first();
            // The update.
            deferred.answer_at_once();
            let third = Ca::root("Third");
            deferred.has(&third, 8);
            ask(&trust, &third.leaf("a.test").chain(&[])).unwrap();
            says(after);
            reply.send(answer);
            assert_eq!(waiting.join().unwrap().is_ok(), accepts, "{before:?} {after:?}");
        });
        assert_eq!((deferred.queries(), deferred.last_told()), (4, Some(8)));
    }
}

#[test]
fn an_answer_that_was_taken_for_lost_does_not_replace_a_later_one() {
    let root = Ca::root("Root");
    let sent = root.leaf("a.test").chain(&[]);
    let deferred = Deferred::default();
    let trust = TrustPolicy::builder()
        .deferred_store(deferred.clone())
        .lookup_timeout(Duration::from_millis(100))
        .build();
    // No such anchor, it will say.
    deferred.hold_back();
    let text = words(ask(&trust, &sent));
    assert!(text.contains("no response within 100ms"), "{text}");
    let (late, says) = deferred.take_first();
    deferred.answer_at_once();
    deferred.has(&root, 7);
    ask(&trust, &sent).unwrap();
    late.send(says);
    ask(&trust, &sent).unwrap();
    assert_eq!(deferred.queries(), 2);
}

#[test]
fn an_answer_that_comes_when_nobody_waits_any_more_serves_the_next() {
    let root = Ca::root("Root");
    let sent = root.leaf("a.test").chain(&[]);
    let deferred = Deferred::of(&[&root]);
    let trust = TrustPolicy::builder()
        .deferred_store(deferred.clone())
        .lookup_timeout(Duration::from_millis(50))
        .build();
    deferred.hold_back();
    ask(&trust, &sent).unwrap_err();
    deferred.answer_first();
    ask(&trust, &sent).unwrap();
    assert_eq!(deferred.queries(), 1);
}

#[test]
fn an_answer_that_comes_when_the_trust_is_gone_is_of_no_harm() {
    let root = Ca::root("Root");
    let deferred = Deferred::of(&[&root]);
    let trust = TrustPolicy::builder()
        .deferred_store(deferred.clone())
        .lookup_timeout(Duration::from_millis(10))
        .build();
    deferred.hold_back();
    ask(&trust, &root.leaf("a.test").chain(&[])).unwrap_err();
    drop(trust);
    deferred.answer_first();
}
