//! The entries of the cache, one a key, and the rules by which they change. Nothing here calls a store.

use std::collections::{HashMap, VecDeque};
use std::mem;
use std::sync::{Arc, Weak};
use std::thread::Thread;
use std::time::{Duration, Instant};

use crate::lookup::{LookupResult, SharedLookup, Waiter};
use crate::{AnchorKey, LookupError, LookupResponse};

/// The largest number of lookups that are kept for a later connection, while none waits for them.
pub(super) const MAX_AHEAD: usize = 32;

/// How long things are remembered and waited for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    /// How long an anchor stays after the last connection that used it.
    pub(crate) idle_grace: Duration,
    /// How long after it came an anchor serves new connections, before the store is asked again.
    pub(crate) max_age: Duration,
    /// How long it is remembered that a store has no such anchor.
    pub(crate) negative_ttl: Duration,
    /// How long a lookup may take, and how long a connection waits for all of its lookups.
    pub(crate) lookup_timeout: Duration,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            idle_grace: Duration::from_secs(5),
            max_age: Duration::from_secs(5 * 60),
            negative_ttl: Duration::from_secs(10 * 60),
            lookup_timeout: Duration::from_secs(10),
        }
    }
}

/// What the cache has for a key.
#[derive(Debug)]
pub(crate) enum Lookup {
    /// The response to an earlier request.
    Cached(Arc<LookupResponse>),
    /// A lookup in flight. Its result may be there already.
    InFlight(Waiter),
}

/// The entries, and what is known of the store.
#[derive(Debug, Default)]
pub(super) struct Entries {
    pub(super) entries: HashMap<AnchorKey, CacheEntry>,
    pub(super) times: Times,
    /// The generation that the store stated last. Entries of any other are out of date.
    current: Option<u32>,
    /// The newest generation that is remembered of the store: no response of an older one is taken. That is `current`,
    /// unless the store is ahead of the time.
    pub(super) newest: Option<u32>,
    /// How many requests were sent.
    requests: u64,
    /// Whether a newer generation came with a refresh, so that entries in use have to be refreshed once more.
    is_refresh_due: bool,
    /// Waiters for the lookups that were made ahead of a connection, the oldest first.
    ahead: VecDeque<Waiter>,
    /// What the change that is being made entails.
    pub(super) effects: Effects,
    /// The thread that evicts what is idle, if there is one.
    pub(super) evictor: Option<Thread>,
}

/// What is known of a key, and how many connections use it.
#[derive(Debug)]
pub(super) struct CacheEntry {
    pub(super) cached: Option<Cached>,
    /// Boxed, because most entries have none.
    pub(super) in_flight: Option<Box<InFlight>>,
    /// Keeps the lookup in flight wanted while connections use the response that it refreshes.
    refresh: Option<Waiter>,
    leases: usize,
    pub(super) last_used: Instant,
}

/// A response that was taken.
#[derive(Debug)]
pub(super) struct Cached {
    response: Arc<LookupResponse>,
    pub(super) has_anchors: bool,
    /// What the store had stated last when it came, itself included.
    generation: Option<u32>,
    /// The number of the request.
    number: u64,
    since: Instant,
}

/// A request that the store has not responded to.
#[derive(Debug)]
pub(super) struct InFlight {
    number: u64,
    pub(super) lookup: Arc<SharedLookup>,
    /// When it counts as lost, so that the next connection has the request sent anew.
    pub(super) deadline: Instant,
}

/// A request as it was sent to the store, and what was known then.
#[derive(Debug)]
pub(super) struct SentRequest {
    pub(super) key: AnchorKey,
    number: u64,
    /// The newest generation that was remembered.
    pub(super) newest: Option<u32>,
    /// The generation that the store had stated last.
    current: Option<u32>,
    /// Whether it refreshes an entry that connections use, and no connection waits for it.
    is_refresh: bool,
    /// Whether it was sent before, so that it is not sent a third time.
    is_repeated: bool,
    /// The waiter for which it was sent first.
    requester: Weak<()>,
    /// How often the lookup had been abandoned.
    abandonments: usize,
    /// Dead when nobody waits for it and it is no longer in an entry.
    pub(super) lookup: Weak<SharedLookup>,
}

/// What a change entails beyond the entries. Each of these can run code of others, so that it is done when the entries are
/// no longer locked.
#[derive(Debug, Default)]
pub(super) struct Effects {
    /// The result of a request, and the lookup that it ends, if somebody waits for it.
    pub(super) result: Option<LookupResult>,
    pub(super) finished: Option<Arc<SharedLookup>>,
    /// Waiters to drop.
    pub(super) released: Vec<Waiter>,
    /// A request to send.
    pub(super) request: Option<SentRequest>,
    /// Keys whose entries are to be refreshed after that.
    pub(super) outdated: Vec<AnchorKey>,
}

impl Entries {
    pub(super) fn new(times: Times) -> Self {
        Self {
            times,
            ..Self::default()
        }
    }

    /// Takes over the generation that was remembered of the store before the program ran. It counts whatever the clock says:
    /// that may have gone back.
    pub(super) fn remember(&mut self, generation: u32) {
        self.newest = self.newest.max(Some(generation));
        self.set_current(self.current.max(self.newest));
    }

    /// Notes the generation that the store is of.
    fn set_current(&mut self, generation: Option<u32>) {
        if self.current.is_none() {
            // What came before the first response that states one is of it: nothing changed.
            let entries = self.entries.values_mut();
            entries
                .filter_map(|entry| entry.cached.as_mut())
                .for_each(|cached| {
                    cached.generation = cached.generation.or(generation);
                });
        }
        self.current = generation;
    }

    /// The cached response to a key, or otherwise a lookup to wait for.
    pub(super) fn look_up(&mut self, key: &AnchorKey, now: Instant) -> Lookup {
        match self.find(key, now) {
            Some(response) => Lookup::Cached(response),
            None => Lookup::InFlight(self.request(key, now)),
        }
    }

    /// The cached response to a key, if it may serve a new connection.
    pub(super) fn find(&mut self, key: &AnchorKey, now: Instant) -> Option<Arc<LookupResponse>> {
        let response = self.current(key, now)?.clone();
        let entry = self.entries.get_mut(key)?;
        // It may have expired and not been evicted yet.
        if entry.expires_at(&self.times).is_some_and(|at| at <= now) {
            return None;
        }
        entry.last_used = now;
        Some(response)
    }

    /// The cached response to a key, if it is not out of date. Does not count as a use.
    pub(super) fn current(&self, key: &AnchorKey, now: Instant) -> Option<&Arc<LookupResponse>> {
        let cached = self.entries.get(key)?.cached.as_ref()?;
        let life = match cached.has_anchors {
            true => self.times.max_age,
            false => self.times.negative_ttl,
        };
        let is_current = cached.generation == self.current && now < cached.since + life;
        is_current.then_some(&cached.response)
    }

    /// A waiter for the response to a key. Has the request sent, if it is not in flight.
    pub(super) fn request(&mut self, key: &AnchorKey, now: Instant) -> Waiter {
        let entry = self.entries.get(key);
        let lookup = match entry.and_then(|entry| entry.in_flight.as_ref()) {
            Some(in_flight) if now < in_flight.deadline => return in_flight.lookup.waiter(),
            // Those who wait for the lost request get the response to this one.
            Some(lost) => lost.lookup.clone(),
            None => Arc::new(SharedLookup::new(self.times.lookup_timeout)),
        };
        let (waiter, requester) = lookup.requester();
        self.make_room(now);
        self.send(key, lookup, now).requester = requester;
        waiter
    }

    /// Has a request sent, and puts its lookup in flight.
    fn send(&mut self, key: &AnchorKey, lookup: Arc<SharedLookup>, now: Instant) -> &mut SentRequest {
        self.requests = self.requests.saturating_add(1);
        let request = SentRequest {
            key: key.clone(),
            number: self.requests,
            newest: self.newest,
            current: self.current,
            is_refresh: false,
            is_repeated: false,
            requester: Weak::new(),
            abandonments: lookup.abandonments(),
            lookup: Arc::downgrade(&lookup),
        };
        let in_flight = Box::new(InFlight {
            number: request.number,
            lookup,
            deadline: now + self.times.lookup_timeout,
        });
        self.entry(key, now).in_flight = Some(in_flight);
        self.effects.request.insert(request)
    }

    /// Refreshes an entry, if connections use it and it is out of date: the lookup is wanted as long as they do.
    pub(super) fn refresh(&mut self, key: &AnchorKey, now: Instant) {
        let is_used = self.entries.get(key).is_some_and(|entry| entry.leases > 0);
        if !is_used || self.find(key, now).is_some() {
            return;
        }
        let waiter = self.request(key, now);
        if let Some(request) = &mut self.effects.request {
            request.is_refresh = true;
        }
        let replaced = self.entry(key, now).refresh.replace(waiter);
        self.effects.released.extend(replaced);
    }

    /// Keeps a lookup wanted that was made ahead of a connection, until there is a result, or too many such lookups.
    pub(super) fn keep_ahead(&mut self, waiter: Waiter) {
        let ahead = mem::take(&mut self.ahead).into_iter();
        let (finished, open): (VecDeque<_>, VecDeque<_>) =
            ahead.partition(|waiter| waiter.result().is_some());
        self.effects.released.extend(finished);
        self.ahead = open;
        self.ahead.push_back(waiter);
        if self.ahead.len() > MAX_AHEAD {
            self.effects.released.extend(self.ahead.pop_front());
        }
    }

    /// Takes the response to a request, which holds what was asked for. Of its generation no more is remembered than
    /// `ceiling`.
    pub(super) fn responded(
        &mut self,
        request: &SentRequest,
        response: Result<LookupResponse, LookupError>,
        ceiling: u32,
        now: Instant,
    ) {
        let lookup = request.lookup.upgrade();
        let taken = response.and_then(|response| self.take(request, response, ceiling, now));
        if taken.is_err() && self.is_superseded(request) {
            // Those who wait are waiting for the later request.
            self.effects.result = Some(taken.map_err(Arc::new));
            return;
        }
        match (lookup, taken) {
            (Some(lookup), Err(error)) if self.is_worth_resending(request, &lookup, &error) => {
                let resent = self.send(&request.key, lookup, now);
                resent.is_refresh = request.is_refresh;
                resent.is_repeated = true;
            }
            (lookup, taken) => {
                self.end(request);
                if taken.is_ok() {
                    self.make_room(now);
                    self.effects.outdated = self.outdated(request.is_refresh);
                }
                self.effects.finished = lookup;
                self.effects.result = Some(taken.map_err(Arc::new));
            }
        }
    }

    /// Caches a response, unless it is out of date.
    fn take(
        &mut self,
        request: &SentRequest,
        response: LookupResponse,
        ceiling: u32,
        now: Instant,
    ) -> Result<Arc<LookupResponse>, LookupError> {
        let stated = response.generation();
        // A response that states none is of what the store had stated when the request was sent.
        let (came, newest) = match stated {
            Some(_) => (stated, self.newest),
            None => (request.current, self.current),
        };
        if let (Some(came), Some(newest)) = (came, newest) {
            if came < newest {
                return Err(LookupError::OlderGeneration { came, newest });
            }
        }
        self.is_refresh_due |= self.current.is_some() && came > self.current;
        if let Some(stated) = stated {
            self.newest = self.newest.max(Some(stated.min(ceiling)));
            self.set_current(Some(stated));
        }
        let (generation, number) = (self.current, request.number);
        let entry = self.entry(&request.key, now);
        let cached = entry.cached.as_ref();
        if let Some(later) = cached.filter(|cached| cached.generation == generation && cached.number > number)
        {
            // This one took so long that the same was requested again, and came.
            return Ok(later.response.clone());
        }
        let response = Arc::new(response);
        entry.last_used = now;
        entry.cached = Some(Cached {
            response: response.clone(),
            has_anchors: !response.is_empty(),
            generation,
            number,
            since: now,
        });
        Ok(response)
    }

    /// The keys to refresh, because connections use their entries and these are of an older generation. There are none after
    /// the response to a refresh: a store with a newer generation in each response would be asked without end.
    fn outdated(&mut self, is_refresh: bool) -> Vec<AnchorKey> {
        if is_refresh || !mem::take(&mut self.is_refresh_due) {
            return Vec::new();
        }
        let is_outdated = |entry: &CacheEntry| {
            let mut cached = entry.cached.iter();
            entry.leases > 0 && cached.any(|cached| cached.generation != self.current)
        };
        let outdated = self.entries.iter().filter(|(_, entry)| is_outdated(entry));
        outdated.map(|(key, _)| key.clone()).collect()
    }

    /// Whether the same lookup had a later request sent, because this one was taken for lost.
    fn is_superseded(&self, request: &SentRequest) -> bool {
        let entry = self.entries.get(&request.key);
        let in_flight = entry.and_then(|entry| entry.in_flight.as_ref());
        in_flight.is_some_and(|in_flight| in_flight.is_of(request) && in_flight.number != request.number)
    }

    /// Whether it is not the store's fault that a request failed.
    fn is_worth_resending(&self, request: &SentRequest, lookup: &SharedLookup, error: &LookupError) -> bool {
        match error {
            // What was answered before an update says nothing about what is there since.
            LookupError::OlderGeneration { .. } => {
                !request.is_repeated && (request.newest < self.newest || request.current < self.current)
            }
            LookupError::Dropped | LookupError::Cancelled => {
                // The store was right to drop it, and it is wanted again. Each time takes a connection that gave up and one
                // that came since.
                let was_abandoned = lookup.abandonments() != request.abandonments;
                // The connection that asked may have had the store drop it.
                let has_lost_requester = !request.is_repeated && request.requester.strong_count() == 0;
                lookup.is_wanted() && (was_abandoned || has_lost_requester)
            }
            _ => false,
        }
    }

    /// Notes that the lookup of this request is no longer in flight.
    fn end(&mut self, request: &SentRequest) {
        let Some(entry) = self.entries.get_mut(&request.key) else {
            return;
        };
        let in_flight = &mut entry.in_flight;
        if in_flight.take_if(|in_flight| in_flight.is_of(request)).is_some() {
            self.effects.released.extend(entry.refresh.take());
        }
        if entry.is_empty() {
            self.entries.remove(&request.key);
        }
    }

    /// Notes that one more connection uses what is cached under a key. Returns whether anything is: `response`, where the
    /// entry was evicted while the connection was made.
    pub(super) fn lease(
        &mut self,
        key: &AnchorKey,
        response: Option<&Arc<LookupResponse>>,
        now: Instant,
    ) -> bool {
        if let Some(response) = response {
            self.entry(key, now).cached.get_or_insert_with(|| Cached {
                response: response.clone(),
                has_anchors: !response.is_empty(),
                generation: response.generation(),
                number: 0,
                since: now,
            });
        }
        let entry = self.entries.get_mut(key).filter(|entry| entry.cached.is_some());
        entry.map(|entry| entry.leases += 1).is_some()
    }

    /// Notes that one connection fewer uses an entry. After the last, its refresh is no longer wanted.
    pub(super) fn release(&mut self, key: &AnchorKey, now: Instant) {
        let Some(entry) = self.entries.get_mut(key) else {
            return;
        };
        entry.leases = entry.leases.saturating_sub(1);
        entry.last_used = now;
        if entry.leases == 0 {
            self.effects.released.extend(entry.refresh.take());
        }
    }

    /// The entry of a key, which is made if there is none.
    fn entry(&mut self, key: &AnchorKey, now: Instant) -> &mut CacheEntry {
        self.entries.entry(key.clone()).or_insert_with(|| CacheEntry {
            cached: None,
            in_flight: None,
            refresh: None,
            leases: 0,
            last_used: now,
        })
    }
}

impl CacheEntry {
    /// Whether no connection uses it or waits for it.
    pub(super) fn is_idle(&self) -> bool {
        self.leases == 0
            && !self
                .in_flight
                .as_ref()
                .is_some_and(|in_flight| in_flight.is_wanted())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.leases == 0 && self.cached.is_none() && self.in_flight.is_none()
    }

    /// When the response expires, if no connection uses the entry before.
    pub(super) fn expires_at(&self, times: &Times) -> Option<Instant> {
        let cached = self.cached.as_ref().filter(|_| self.leases == 0)?;
        Some(match cached.has_anchors {
            true => self.last_used + times.idle_grace,
            false => cached.since + times.negative_ttl,
        })
    }
}

impl InFlight {
    pub(super) fn is_wanted(&self) -> bool {
        // The first waiter, and one after all others left, are added only while the entries are locked.
        self.lookup.is_wanted()
    }

    /// Whether this request was sent for the same lookup.
    fn is_of(&self, request: &SentRequest) -> bool {
        std::ptr::eq(Arc::as_ptr(&self.lookup), request.lookup.as_ptr())
    }
}
