//! The rules of the entries, at times of the test's choice.

use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::entries::{Effects, Entries, MAX_AHEAD, SentRequest, Times};
use super::eviction::MAX_IDLE;
use super::{AnchorCache, Lookup};
use crate::lookup::Waiter;
use crate::{AnchorKey, Certificate, DeferredStore, LookupError, LookupRequest, LookupResponse, Responder};

/// Later than all generations but those of one test.
const CEILING: u32 = 1_000;

const TIMES: Times = Times {
    idle_grace: Duration::from_secs(1),
    max_age: Duration::from_secs(60),
    negative_ttl: Duration::from_secs(2),
    lookup_timeout: Duration::from_secs(3),
};

fn key(number: u8) -> AnchorKey {
    AnchorKey::SubjectKeyId([number].into())
}

fn bare_root() -> LookupResponse {
    LookupResponse::certificate(jit_trust_lab::pki::Ca::root("Root").der().to_vec()).unwrap()
}

/// A waiter for a key, and the request that is to be sent, if one is.
fn send(entries: &mut Entries, key: &AnchorKey, now: Instant) -> (Waiter, Option<SentRequest>) {
    let waiter = entries.request(key, now);
    (waiter, entries.effects.request.take())
}

/// Has this response come to a request. Returns what that entails.
fn respond(
    entries: &mut Entries,
    request: &SentRequest,
    response: Result<LookupResponse, LookupError>,
    ceiling: u32,
    now: Instant,
) -> Effects {
    entries.responded(request, response, ceiling, now);
    mem::take(&mut entries.effects)
}

/// Requests a key, and has this response come.
fn fill(entries: &mut Entries, key: &AnchorKey, response: LookupResponse, now: Instant) {
    let (_waiter, request) = send(entries, key, now);
    respond(entries, &request.unwrap(), Ok(response), CEILING, now);
}

/// Whether the store is told that the response is wanted.
fn is_wanted(request: &SentRequest) -> bool {
    request.lookup.upgrade().is_some_and(|lookup| lookup.is_wanted())
}

#[test]
fn what_is_evicted_takes_no_memory_even_for_one_key() {
    let (mut entries, now) = (Entries::new(TIMES), Instant::now());
    fill(&mut entries, &key(1), LookupResponse::not_found(), now);
    assert!(entries.find(&key(1), now).is_some());
    entries.evict_expired(now + TIMES.negative_ttl);
    assert_eq!(entries.entries.capacity(), 0);
}

#[test]
fn what_has_expired_is_not_found_even_if_no_thread_has_evicted_it() {
    let (mut entries, now) = (Entries::new(TIMES), Instant::now());
    fill(&mut entries, &key(1), bare_root(), now);
    assert!(entries.find(&key(1), now).is_some());
    assert!(entries.find(&key(1), now + TIMES.idle_grace).is_none());
}

#[test]
fn requests_that_are_never_answered_and_that_nobody_waits_for_take_little() {
    let (mut entries, now) = (Entries::new(TIMES), Instant::now());
    for number in 0..1_000_u32 {
        let key = AnchorKey::SubjectKeyId(number.to_be_bytes().into());
        drop(send(&mut entries, &key, now));
        assert!(entries.entries.len() <= MAX_IDLE);
    }
    entries.evict_expired(now + TIMES.lookup_timeout);
    assert!(entries.entries.is_empty());
}

#[test]
fn a_lookup_is_wanted_while_somebody_waits() {
    let (mut entries, now) = (Entries::new(TIMES), Instant::now());
    let (first, request) = send(&mut entries, &key(1), now);
    let request = request.unwrap();
    let (second, another) = send(&mut entries, &key(1), now);
    assert!(another.is_none());
    drop(first);
    assert!(is_wanted(&request));
    drop(second);
    assert!(!is_wanted(&request));
    let (_third, another) = send(&mut entries, &key(1), now);
    assert!(
        another.is_none() && is_wanted(&request),
        "the store may not have dropped it"
    );
}

#[test]
fn a_request_that_was_dropped_because_nobody_wanted_it_is_resent_as_often_as_somebody_does() {
    let (mut entries, now) = (Entries::new(TIMES), Instant::now());
    let (mut waiter, request) = send(&mut entries, &key(1), now);
    let mut request = request.unwrap();
    for _ in 0..4 {
        drop(waiter);
        waiter = entries.request(&key(1), now);
        let effects = respond(&mut entries, &request, Err(LookupError::Dropped), CEILING, now);
        request = effects.request.unwrap();
    }
    // It is the store's fault now.
    let effects = respond(&mut entries, &request, Err(LookupError::Dropped), CEILING, now);
    assert!(
        effects.request.is_none() && effects.finished.is_some(),
        "{effects:?}"
    );
    drop(waiter);
}

#[test]
fn a_refresh_is_wanted_as_long_as_a_connection_uses_the_entry() {
    let (mut entries, now) = (Entries::new(TIMES), Instant::now());
    let response = bare_root();
    fill(&mut entries, &key(1), response.clone(), now);
    let response = Arc::new(response);
    entries.lease(&key(1), Some(&response), now);
    entries.lease(&key(1), Some(&response), now);
    entries.refresh(&key(1), now);
    assert!(entries.effects.request.is_none(), "it is not out of date");
    let later = now + TIMES.max_age;
    entries.refresh(&key(1), later);
    let request = entries.effects.request.take().unwrap();
    entries.release(&key(1), later);
    entries.effects.released.clear();
    assert!(is_wanted(&request));
    entries.release(&key(1), later);
    entries.effects.released.clear();
    assert!(!is_wanted(&request));
    // No connection uses it any more.
    entries.refresh(&key(1), later);
    assert!(entries.effects.released.is_empty() && !is_wanted(&request));
}

#[test]
fn of_the_lookups_that_were_made_ahead_the_latest_are_wanted_until_there_is_a_result() {
    let (mut entries, now) = (Entries::new(TIMES), Instant::now());
    let mut requests = Vec::new();
    for number in 0..MAX_AHEAD + 2 {
        let key = AnchorKey::SubjectKeyId(number.to_be_bytes().into());
        let (waiter, request) = send(&mut entries, &key, now);
        requests.push(request.unwrap());
        entries.keep_ahead(waiter);
        entries.effects.released.clear();
    }
    let wanted: Vec<_> = requests.iter().map(is_wanted).collect();
    assert_eq!(wanted[..2], [false, false]);
    assert!(wanted[2..].iter().all(|wanted| *wanted));
    let found = Ok(LookupResponse::not_found());
    let effects = respond(&mut entries, &requests[5], found, CEILING, now);
    let lookup = effects.finished.unwrap();
    lookup.finish(effects.result.unwrap());
    let (waiter, _) = send(&mut entries, &requests[0].key, now);
    entries.keep_ahead(waiter);
    entries.effects.released.clear();
    assert!(!lookup.is_wanted(), "it has its result");
    assert!(is_wanted(&requests[0]) && is_wanted(&requests[2]));
}

/// A response of this generation, without anchors.
fn of_generation(generation: u32) -> LookupResponse {
    let options = jit_trust_core::v2::Options::default();
    LookupResponse::blob(jit_trust_core::v2::to_vec(&[], options, generation).unwrap()).unwrap()
}

/// Requests a key and has this response come. Returns which generation came and which is remembered, where it is refused.
fn accepts(
    entries: &mut Entries,
    key: &AnchorKey,
    response: LookupResponse,
    ceiling: u32,
) -> Result<(), (u32, u32)> {
    let now = Instant::now();
    let (_waiter, request) = send(entries, key, now);
    let effects = respond(entries, &request.unwrap(), Ok(response), ceiling, now);
    let result = effects.result.unwrap();
    match result.as_deref().map_err(|error| &**error) {
        Ok(_) => Ok(()),
        Err(LookupError::OlderGeneration { came, newest }) => Err((*came, *newest)),
        Err(error) => panic!("{error:?}"),
    }
}

#[test]
fn what_is_remembered_is_the_lesser_of_the_generation_and_the_ceiling_and_never_lowered() {
    let mut entries = Entries::new(TIMES);
    for (generation, ceiling, remembered) in [
        (5, 1_000, 5),
        (2_000, 1_000, 1_000),
        (3_000, 1_100, 1_100),
        // The clock goes back.
        (3_000, 10, 1_100),
        (1_100, 10, 1_100),
    ] {
        accepts(&mut entries, &key(1), of_generation(generation), ceiling).unwrap();
        assert_eq!(entries.newest, Some(remembered));
        entries.evict_expired(Instant::now() + TIMES.max_age);
    }
    assert_eq!(
        accepts(&mut entries, &key(1), of_generation(1_099), 10),
        Err((1_099, 1_100))
    );
    entries.remember(5_000);
    entries.remember(7);
    assert_eq!(
        accepts(&mut entries, &key(1), of_generation(4_999), 10),
        Err((4_999, 5_000))
    );
}

#[test]
fn a_ceiling_that_rises_puts_nothing_out_of_date() {
    let (mut entries, now) = (Entries::new(TIMES), Instant::now());
    accepts(&mut entries, &key(1), of_generation(5_000), 1_000).unwrap();
    let (_waiter, request) = send(&mut entries, &key(2), now);
    accepts(&mut entries, &key(3), of_generation(5_000), 1_001).unwrap();
    assert!(entries.find(&key(1), now).is_some());
    // Nor a response that states no generation, and was requested before.
    let none = Ok(LookupResponse::not_found());
    let effects = respond(&mut entries, &request.unwrap(), none, 1_002, now);
    assert!(matches!(effects.result, Some(Ok(_))), "{effects:?}");
}

#[test]
fn the_successor_of_a_store_that_was_ahead_puts_its_responses_out_of_date() {
    let (mut entries, now) = (Entries::new(TIMES), Instant::now());
    accepts(&mut entries, &key(1), of_generation(5_000), 1_000).unwrap();
    accepts(&mut entries, &key(2), of_generation(1_000), 1_000).unwrap();
    assert!(entries.find(&key(1), now).is_none());
    assert!(entries.find(&key(2), now).is_some());
}

/// A store of one root, which responds at once.
#[derive(Debug)]
struct OneRoot(Vec<u8>);

impl DeferredStore for OneRoot {
    fn name(&self) -> String {
        "one root".to_owned()
    }

    fn look_up(&self, _: LookupRequest, responder: Responder) {
        responder.send(LookupResponse::certificate(self.0.clone()));
    }
}

#[test]
fn a_cache_goes_with_the_last_that_uses_it_though_an_anchor_is_idle() {
    let root = jit_trust_lab::pki::Ca::root("Root").der().to_vec();
    let key = AnchorKey::Subject(Certificate::from_der(&root).unwrap().subject().hash());
    let times = Times {
        idle_grace: Duration::from_secs(3_600),
        ..TIMES
    };
    let cache = Arc::new(AnchorCache::new(Box::new(OneRoot(root)), times, || CEILING));
    let Lookup::InFlight(_) = cache.look_up(&key) else {
        panic!("nothing is cached yet");
    };
    let lease = cache.lease(&key, None);
    let weak = Arc::downgrade(&cache);
    assert!(cache.lock().evictor.is_some());
    drop(cache);
    assert!(lease.as_ref().unwrap().cache.cached(&key).is_some());
    drop(lease);
    // The thread that evicts may be looking at it.
    let deadline = Instant::now() + Duration::from_secs(10);
    while weak.strong_count() > 0 {
        assert!(Instant::now() < deadline);
        std::thread::yield_now();
    }
}
