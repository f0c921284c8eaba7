//! The health of the server, by the results of earlier lookups.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::RemoteError;
use super::retry::MAX_RETRIES;
use jit_trust_engine::AnchorKey;

/// The longest time for which a `Retry-After` stops all lookups. It is shorter than a lookup can wait, because a hostile host
/// may have caused the `Retry-After`.
const LONGEST_FOR_ALL: Duration = Duration::from_secs(5);

/// The longest time for which a `Retry-After` stops the lookups of one key.
const LONGEST_FOR_ONE: Duration = Duration::from_secs(60);

/// The largest number of keys whose lookups are stopped.
const MAX_KEYS: usize = 256;

/// The health of the server, by the results of earlier lookups. Many devices use one server, so while it fails, each request is
/// retried once only. A `Retry-After` stops lookups for a limited time: those of one key, or, if the server itself fails, those
/// of all keys.
#[derive(Debug, Default)]
pub(super) struct Health(Mutex<Last>);

#[derive(Debug, Default)]
struct Last {
    is_failing: bool,
    all_not_before: Option<Instant>,
    not_before: HashMap<AnchorKey, Instant>,
}

impl Health {
    fn lock(&self) -> MutexGuard<'_, Last> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of retries of a request.
    pub(super) fn retries(&self) -> usize {
        match self.lock().is_failing {
            true => 1,
            false => MAX_RETRIES,
        }
    }

    /// The time from which this key may be requested, if that is later than `now`.
    pub(super) fn not_before(&self, key: &AnchorKey, now: Instant) -> Option<Instant> {
        let last = self.lock();
        let one = last.not_before.get(key).copied();
        one.max(last.all_not_before)
            .filter(|not_before| now < *not_before)
    }

    /// Notes that a lookup of this key succeeded.
    pub(super) fn is_well(&self, key: &AnchorKey) {
        let mut last = self.lock();
        last.is_failing = false;
        last.all_not_before = None;
        last.not_before.remove(key);
    }

    /// Notes that a lookup of this key failed, after all retries.
    pub(super) fn failed(&self, key: &AnchorKey, error: &RemoteError, now: Instant) {
        if !error.may_pass() {
            return;
        }
        let mut last = self.lock();
        last.is_failing = true;
        let Some(after) = error.retry_after() else {
            return;
        };
        if error.is_of_the_server() {
            last.all_not_before = Some(now + after.min(LONGEST_FOR_ALL));
        }
        last.not_before.retain(|_, not_before| now < *not_before);
        if last.not_before.len() < MAX_KEYS {
            let not_before = now + after.min(LONGEST_FOR_ONE);
            last.not_before.insert(key.clone(), not_before);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: usize) -> AnchorKey {
        AnchorKey::SubjectKeyId(number.to_be_bytes().into())
    }

    fn said(status: u16, retry_after: Option<Duration>) -> RemoteError {
        RemoteError::Status { status, retry_after }
    }

    /// For how long each of two keys is not asked for, when the first was answered so.
    fn left_alone(status: u16, retry_after: Option<Duration>) -> [Option<Duration>; 2] {
        let (health, now) = (Health::default(), Instant::now());
        health.failed(&key(0), &said(status, retry_after), now);
        [0, 1].map(|number| Some(health.not_before(&key(number), now)? - now))
    }

    #[test]
    fn a_server_is_left_alone_as_it_wants_within_bounds_and_for_one_key_where_it_was_asked_too_often() {
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        for (status, says, [one, all]) in [
            (429, seconds(600), [seconds(60), None]),
            (429, seconds(3), [seconds(3), None]),
            (503, seconds(600), [seconds(60), seconds(5)]),
            (503, seconds(3), [seconds(3), seconds(3)]),
            (500, Some(Duration::MAX), [seconds(60), seconds(5)]),
            (503, None, [None, None]),
            (503, seconds(0), [None, None]),
            // Asked again it would say the same.
            (403, seconds(600), [None, None]),
        ] {
            assert_eq!(left_alone(status, says), [one, all], "{status} {says:?}");
        }
    }

    #[test]
    fn an_answer_ends_it_for_its_key_and_for_those_that_were_not_asked_for() {
        let (health, now) = (Health::default(), Instant::now());
        let later = Some(Duration::from_secs(600));
        for number in 0..2 {
            health.failed(&key(number), &said(503, later), now);
        }
        assert_eq!(health.retries(), 1);
        health.is_well(&key(0));
        assert_eq!(health.retries(), MAX_RETRIES);
        let may_be_asked_for = [0, 1, 2].map(|number| health.not_before(&key(number), now).is_none());
        assert_eq!(may_be_asked_for, [true, false, true]);
        assert_eq!(health.not_before(&key(1), now + LONGEST_FOR_ONE), None);
    }

    #[test]
    fn keys_that_are_not_to_be_asked_for_take_little() {
        let (health, now) = (Health::default(), Instant::now());
        let failed = |number, now| {
            let later = Some(Duration::from_secs(600));
            health.failed(&key(number), &said(429, later), now);
            health.lock().not_before.len()
        };
        let most = (0..2 * MAX_KEYS).map(|number| failed(number, now)).max();
        assert_eq!(most, Some(MAX_KEYS));
        assert_eq!(failed(0, now + LONGEST_FOR_ONE), 1);
    }
}
