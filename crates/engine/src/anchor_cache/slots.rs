//! What is known of each key.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Weak};
use std::time::Instant;

use jit_trust_core::Entry;

use super::Times;
use super::pending::{Asker, Pending, Waiting};
use crate::binding::Presence;
use crate::lookup::Interest;
use crate::{AnchorKey, LookupError, LookupResponse};

/// How many keys are remembered that nobody leans on. A hostile server can name as many as it likes.
const MAX_IDLE: usize = 256;

/// How many questions are kept wanted that were asked ahead of a connection, so that none of them waits yet.
const MAX_AHEAD: usize = 32;

/// What is known of each key.
#[derive(Debug, Default)]
pub(super) struct Slots {
    slots: HashMap<AnchorKey, Slot>,
    /// The generation of the store by which answers are told to be out of date: what it said last.
    current: Option<u32>,
    /// The newest generation that is remembered of the store: no answer of an older one is taken. That is `current`, unless
    /// the store is ahead of the time.
    newest: Option<u32>,
    /// How many questions were put.
    questions: u64,
    /// Whether a newer generation came of a refresh, so that what connections lean on is to be refreshed once more.
    has_news: bool,
    /// Questions that were asked ahead of a connection, the oldest first.
    ahead: VecDeque<Waiting>,
    /// Whether a thread sees to it that what is idle is forgotten.
    pub(super) is_reaped: bool,
    /// Whether nobody will ask any more.
    pub(super) is_closed: bool,
}

#[derive(Debug)]
struct Slot {
    held: Option<Held>,
    asking: Option<Asking>,
    leases: usize,
    /// When it was last of use.
    used: Instant,
}

/// An answer that was taken.
#[derive(Debug)]
struct Held {
    answer: Arc<LookupResponse>,
    has_anchors: bool,
    /// What the store said last when it came, itself included.
    generation: Option<u32>,
    /// The number of the question that it answers.
    number: u64,
    since: Instant,
}

/// A question on its way, and those who wait for its answer.
#[derive(Debug)]
struct Asking {
    number: u64,
    pending: Arc<Pending>,
    /// Keeps it wanted while connections lean on the answer that it is to refresh.
    refresh: Option<Box<Waiting>>,
    /// When it counts as lost, so that the next who wants to know asks anew.
    deadline: Instant,
}

/// Why a question is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// A connection wants to know.
    Wanted,
    /// Connections lean on an answer that is out of date.
    Refresh,
}

/// A question as it was put to the store.
#[derive(Debug)]
pub(super) struct Put {
    why: Why,
    number: u64,
    /// The newest generation that was remembered then, and what the store had said last.
    pub(super) newest: Option<u32>,
    current: Option<u32>,
    /// Whether it was put before, and is not put a third time.
    is_repeated: bool,
    asker: Weak<Asker>,
    /// How often nobody wanted the answer any more, before it was put.
    losses: usize,
    /// Those who wait, if anybody does.
    pub(super) pending: Weak<Pending>,
    pub(super) interest: Arc<Interest>,
}

/// What comes of an answer.
#[derive(Debug)]
pub(super) enum Answered {
    /// Whom to tell what, and whose answers to refresh.
    Tell {
        pending: Option<Arc<Pending>>,
        outcome: Result<Arc<LookupResponse>, LookupError>,
        outdated: Vec<AnchorKey>,
        /// What wanted it beside connections that wait. It is to be dropped when no lock is held.
        refresh: Option<Box<Waiting>>,
    },
    /// It is to be asked once more.
    Repeat(Put),
}

/// An answer that was taken, and what else it means.
#[derive(Debug)]
struct Taken {
    answer: Arc<LookupResponse>,
    /// LookupKind that connections lean on and whose answers are of an older generation.
    outdated: Vec<AnchorKey>,
}

impl Slots {
    /// The newest generation that is remembered of the store.
    pub(super) fn newest(&self) -> Option<u32> {
        self.newest
    }

    /// Notes that this generation is remembered of the store from before the program ran. It counts whatever the clock
    /// says: that may have gone back.
    pub(super) fn remember(&mut self, generation: u32) {
        self.newest = self.newest.max(Some(generation));
        self.is_current(self.current.max(self.newest));
    }

    /// Notes that the store is of this generation.
    fn is_current(&mut self, generation: Option<u32>) {
        if self.current.is_none() {
            // What came before the first that said so is of it: nothing changed.
            for slot in self.slots.values_mut() {
                if let Some(held) = &mut slot.held {
                    held.generation = held.generation.or(generation);
                }
            }
        }
        self.current = generation;
    }

    /// The answer for a key, if it is there and may be used.
    pub(super) fn find(
        &mut self,
        key: &AnchorKey,
        now: Instant,
        times: &Times,
    ) -> Option<Arc<LookupResponse>> {
        let current = self.current;
        let slot = self.slots.get_mut(key)?;
        // It may be there still, because nobody has forgotten it yet.
        if slot.forgotten_at(times).is_some_and(|at| at <= now) {
            return None;
        }
        let held = slot
            .held
            .as_ref()
            .filter(|held| held.is_current(current, now, times))?;
        slot.used = now;
        Some(held.answer.clone())
    }

    /// A place among those who wait for the answer, and the question, if it is not on its way.
    pub(super) fn ask(
        &mut self,
        key: &AnchorKey,
        why: Why,
        now: Instant,
        times: &Times,
    ) -> (Waiting, Option<Put>) {
        let asking = self.slots.get_mut(key).and_then(|slot| slot.asking.as_mut());
        let (pending, refresh) = match asking {
            Some(asking) if now < asking.deadline => {
                return (Waiting::new(asking.pending.clone(), times.lookup), None);
            }
            // Whoever waits for the lost question may have the answer to this one.
            Some(lost) => (lost.pending.clone(), lost.refresh.take()),
            None => Default::default(),
        };
        let (waiting, asker) = Waiting::of_asker(pending.clone(), times.lookup);
        self.make_room(now, times);
        let put = Put {
            why,
            asker,
            is_repeated: false,
            ..self.put(key, pending, refresh, now, times)
        };
        (waiting, Some(put))
    }

    fn put(
        &mut self,
        key: &AnchorKey,
        pending: Arc<Pending>,
        refresh: Option<Box<Waiting>>,
        now: Instant,
        times: &Times,
    ) -> Put {
        self.questions = self.questions.saturating_add(1);
        let put = Put {
            why: Why::Wanted,
            number: self.questions,
            newest: self.newest,
            current: self.current,
            is_repeated: true,
            asker: Weak::new(),
            losses: pending.interest().losses(),
            pending: Arc::downgrade(&pending),
            interest: pending.interest().clone(),
        };
        self.slot(key, now).asking = Some(Asking {
            number: put.number,
            pending,
            refresh,
            deadline: now + times.lookup,
        });
        put
    }

    /// Keeps a question wanted as long as connections lean on the answer that it is to refresh. What comes back is to be
    /// dropped when no lock is held.
    pub(super) fn keep_refreshing(&mut self, key: &AnchorKey, waiting: Waiting) -> Option<Waiting> {
        let slot = self.slots.get_mut(key).filter(|slot| slot.leases > 0);
        let asking = slot.and_then(|slot| slot.asking.as_mut());
        match asking.filter(|asking| waiting.is_for(&asking.pending)) {
            Some(asking) => asking.refresh.replace(Box::new(waiting)).map(|before| *before),
            None => Some(waiting),
        }
    }

    /// Keeps a question wanted that was asked ahead of a connection, until there is an answer, or too many such questions. What
    /// comes back is to be dropped when no lock is held.
    pub(super) fn keep_ahead(&mut self, waiting: Waiting) -> VecDeque<Waiting> {
        let ahead = std::mem::take(&mut self.ahead);
        let (mut dropped, open): (VecDeque<_>, VecDeque<_>) =
            ahead.into_iter().partition(|waiting| waiting.now().is_some());
        self.ahead = open;
        self.ahead.push_back(waiting);
        if self.ahead.len() > MAX_AHEAD {
            dropped.extend(self.ahead.pop_front());
        }
        dropped
    }

    /// Takes what a store says to a question. It holds what was asked for. Of its generation no more is remembered than
    /// `ceiling`.
    pub(super) fn answered(
        &mut self,
        key: &AnchorKey,
        put: &Put,
        answer: Result<LookupResponse, LookupError>,
        ceiling: u32,
        now: Instant,
        times: &Times,
    ) -> Answered {
        let taken = answer.and_then(|answer| self.take(key, put, answer, ceiling, now));
        let asking = self.slots.get(key).and_then(|slot| slot.asking.as_ref());
        let same = asking.filter(|asking| std::ptr::eq(Arc::as_ptr(&asking.pending), put.pending.as_ptr()));
        let is_repeated_since = same.is_some_and(|asking| asking.number != put.number);
        let outcome = match taken {
            Ok(Taken { answer, outdated }) => {
                let (pending, refresh) = self.is_on_its_way_no_more(key, put);
                self.make_room(now, times);
                return Answered::Tell {
                    pending,
                    outcome: Ok(answer),
                    outdated,
                    refresh,
                };
            }
            Err(error) => error,
        };
        // Those who wait are waiting for the later question by now.
        if is_repeated_since {
            return Answered::Tell {
                pending: None,
                outcome: Err(outcome),
                outdated: Vec::new(),
                refresh: None,
            };
        }
        let is_worth_repeating = self.is_worth_repeating(put, &outcome);
        match self.is_on_its_way_no_more(key, put) {
            (Some(pending), refresh) if is_worth_repeating => {
                let why = put.why;
                Answered::Repeat(Put {
                    why,
                    ..self.put(key, pending, refresh, now, times)
                })
            }
            (pending, refresh) => Answered::Tell {
                pending,
                outcome: Err(outcome),
                outdated: Vec::new(),
                refresh,
            },
        }
    }

    /// Whether it is not the store's fault that a question came to nothing.
    fn is_worth_repeating(&self, put: &Put, error: &LookupError) -> bool {
        match error {
            // What was answered before an update says nothing about what is there since.
            LookupError::OlderGeneration { .. } => {
                !put.is_repeated && (put.newest < self.newest || put.current < self.current)
            }
            LookupError::Dropped | LookupError::Cancelled => {
                // The store was right to drop it, and somebody wants it again. Each time takes a connection that gave up and
                // one that came since.
                let was_unwanted = put.interest.losses() != put.losses;
                // The one who asked may have taken the question along.
                let was_taken_along = !put.is_repeated && put.asker.strong_count() == 0;
                put.interest.is_wanted() && (was_unwanted || was_taken_along)
            }
            _ => false,
        }
    }

    fn take(
        &mut self,
        key: &AnchorKey,
        put: &Put,
        answer: LookupResponse,
        ceiling: u32,
        now: Instant,
    ) -> Result<Taken, LookupError> {
        let said = answer.generation();
        // An answer that does not say is of what the store had said when it was asked.
        let (came, newest) = match said {
            Some(_) => (said, self.newest),
            None => (put.current, self.current),
        };
        if let (Some(came), Some(newest)) = (came, newest) {
            if came < newest {
                return Err(LookupError::OlderGeneration { came, newest });
            }
        }
        let is_newer = self.current.is_some() && came > self.current;
        if let Some(said) = said {
            self.newest = self.newest.max(Some(said.min(ceiling)));
            self.is_current(Some(said));
        }
        let current = self.current;
        let (number, has_anchors) = (put.number, !answer.is_empty());
        let slot = self.slot(key, now);
        let later = slot
            .held
            .as_ref()
            .filter(|held| held.generation == current && held.number > number);
        let answer = match later {
            // It took so long that the same was asked again, and answered.
            Some(later) => later.answer.clone(),
            None => Arc::new(answer),
        };
        if later.is_none() {
            slot.used = now;
            slot.held = Some(Held {
                answer: answer.clone(),
                has_anchors,
                generation: current,
                number,
                since: now,
            });
        }
        Ok(Taken {
            answer,
            outdated: self.outdated(put.why, is_newer),
        })
    }

    /// Which keys are to be asked for again, because connections lean on answers of an older generation. Of answers to such
    /// questions none are: a store that is of a newer generation with each answer would be asked without end.
    fn outdated(&mut self, why: Why, is_newer: bool) -> Vec<AnchorKey> {
        self.has_news |= is_newer;
        if why == Why::Refresh || !std::mem::take(&mut self.has_news) {
            return Vec::new();
        }
        let current = self.current;
        let leaned_on = self.slots.iter().filter(|(_, slot)| {
            slot.leases > 0 && slot.held.as_ref().is_some_and(|held| held.generation != current)
        });
        leaned_on.map(|(key, _)| key.clone()).collect()
    }

    /// Notes that this question is on its way no more, and says who waits for it, and what wanted it besides.
    fn is_on_its_way_no_more(
        &mut self,
        key: &AnchorKey,
        put: &Put,
    ) -> (Option<Arc<Pending>>, Option<Box<Waiting>>) {
        let pending = put.pending.upgrade();
        let mut answered = None;
        if let Some(slot) = self.slots.get_mut(key) {
            answered = slot
                .asking
                .take_if(|asking| std::ptr::eq(Arc::as_ptr(&asking.pending), put.pending.as_ptr()));
            if slot.is_empty() {
                self.slots.remove(key);
            }
        }
        (pending, answered.and_then(|asking| asking.refresh))
    }

    /// Notes that a connection leans on this answer.
    pub(super) fn lease(&mut self, key: &AnchorKey, answer: &Arc<LookupResponse>) {
        let now = Instant::now();
        let slot = self.slot(key, now);
        slot.leases += 1;
        // It may have been forgotten while the connection was made.
        slot.held.get_or_insert_with(|| Held {
            answer: answer.clone(),
            has_anchors: !answer.is_empty(),
            generation: answer.generation(),
            number: 0,
            since: now,
        });
    }

    /// Notes that one connection more leans on an answer, if it is there.
    pub(super) fn lease_again(&mut self, key: &AnchorKey) -> bool {
        let slot = self.slots.get_mut(key).filter(|slot| slot.held.is_some());
        slot.map(|slot| slot.leases += 1).is_some()
    }

    /// Notes that one connection less leans on it. With the last, a question that is to refresh it is wanted no more: what
    /// comes back is to be dropped when no lock is held.
    pub(super) fn release(&mut self, key: &AnchorKey, now: Instant) -> Option<Box<Waiting>> {
        let slot = self.slots.get_mut(key)?;
        slot.leases = slot.leases.saturating_sub(1);
        slot.used = now;
        let asking = slot.asking.as_mut().filter(|_| slot.leases == 0)?;
        asking.refresh.take()
    }

    pub(super) fn presence(
        &self,
        key: &AnchorKey,
        now: Instant,
        times: &Times,
        is_in: impl Fn(&[Entry<'_>]) -> bool,
    ) -> Presence {
        let held = self.slots.get(key).and_then(|slot| slot.held.as_ref());
        match held.filter(|held| held.is_current(self.current, now, times)) {
            None => Presence::Unknown,
            Some(held) if is_in(&held.answer.entries()) => Presence::Here,
            Some(_) => Presence::Gone,
        }
    }

    /// Forgets what nobody has leaned on, or waits for, for long enough.
    pub(super) fn forget_idle(&mut self, now: Instant, times: &Times) {
        self.slots.retain(|_, slot| {
            slot.forget(now, times);
            !slot.is_empty()
        });
        if self.slots.len() <= self.slots.capacity() / 4 {
            self.slots.shrink_to_fit();
        }
    }

    /// When the next anchors are to be forgotten.
    pub(super) fn next_to_forget(&self, times: &Times) -> Option<Instant> {
        let anchors = self.slots.values().filter(|slot| slot.holds_anchors());
        anchors.filter_map(|slot| slot.forgotten_at(times)).min()
    }

    /// Forgets what nobody leans on, as far as there is too much of it: what was of use longest ago first.
    fn make_room(&mut self, now: Instant, times: &Times) {
        self.forget_idle(now, times);
        while self.slots.values().filter(|slot| slot.is_idle()).count() >= MAX_IDLE {
            let idle = self.slots.iter().filter(|(_, slot)| slot.is_idle());
            let Some(key) = idle.min_by_key(|(_, slot)| slot.used).map(|(key, _)| key.clone()) else {
                return;
            };
            self.slots.remove(&key);
        }
    }

    fn slot(&mut self, key: &AnchorKey, now: Instant) -> &mut Slot {
        self.slots.entry(key.clone()).or_insert_with(|| Slot {
            held: None,
            asking: None,
            leases: 0,
            used: now,
        })
    }
}

impl Slot {
    /// Whether it is for nobody's present good.
    fn is_idle(&self) -> bool {
        self.leases == 0 && !self.asking.as_ref().is_some_and(Asking::is_waited_for)
    }

    fn is_empty(&self) -> bool {
        self.leases == 0 && self.held.is_none() && self.asking.is_none()
    }

    fn holds_anchors(&self) -> bool {
        self.held.as_ref().is_some_and(|held| held.has_anchors)
    }

    /// When what is held is forgotten, unless it is of use before.
    fn forgotten_at(&self, times: &Times) -> Option<Instant> {
        let held = self.held.as_ref().filter(|_| self.leases == 0)?;
        Some(match held.has_anchors {
            true => self.used + times.idle_grace,
            false => held.since + times.not_found,
        })
    }

    /// Forgets the answer and the question whose time has passed.
    fn forget(&mut self, now: Instant, times: &Times) {
        if self.forgotten_at(times).is_some_and(|at| at <= now) {
            self.held = None;
        }
        self.asking
            .take_if(|asking| asking.deadline <= now && !asking.is_waited_for());
    }
}

impl Held {
    /// Whether it may serve a new connection.
    fn is_current(&self, current: Option<u32>, now: Instant, times: &Times) -> bool {
        let life = if self.has_anchors {
            times.max_age
        } else {
            times.not_found
        };
        self.generation == current && now < self.since + life
    }
}

impl Asking {
    fn is_waited_for(&self) -> bool {
        // Whoever claims an answer that nobody wanted does so under the same lock.
        self.pending.interest().is_wanted()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// Later than all generations but those of one test.
    const CEILING: u32 = 1_000;

    const TIMES: Times = Times {
        idle_grace: Duration::from_secs(1),
        max_age: Duration::from_secs(60),
        not_found: Duration::from_secs(2),
        lookup: Duration::from_secs(3),
    };

    /// A key, of which there is this.
    fn answered(slots: &mut Slots, answer: LookupResponse, now: Instant) -> AnchorKey {
        let key = AnchorKey::SubjectKeyId([1].into());
        let (waiting, put) = slots.ask(&key, Why::Wanted, now, &TIMES);
        slots.answered(&key, &put.unwrap(), Ok(answer), CEILING, now, &TIMES);
        drop(waiting);
        key
    }

    #[test]
    fn what_is_forgotten_takes_no_memory_even_for_one_key() {
        let (mut slots, now) = (Slots::default(), Instant::now());
        let key = answered(&mut slots, LookupResponse::not_found(), now);
        assert!(slots.find(&key, now, &TIMES).is_some());
        slots.forget_idle(now + TIMES.not_found, &TIMES);
        assert_eq!(slots.slots.capacity(), 0);
    }

    #[test]
    fn what_should_be_forgotten_is_not_found_even_if_no_thread_has_seen_to_it() {
        let (mut slots, now) = (Slots::default(), Instant::now());
        let root = jit_trust_lab::pki::Ca::root("Root").der().to_vec();
        let key = answered(&mut slots, LookupResponse::certificate(root).unwrap(), now);
        assert!(slots.find(&key, now, &TIMES).is_some());
        assert!(slots.find(&key, now + TIMES.idle_grace, &TIMES).is_none());
    }

    #[test]
    fn questions_that_are_never_answered_and_that_nobody_waits_for_take_little() {
        let (mut slots, now) = (Slots::default(), Instant::now());
        for number in 0..1_000_u32 {
            let key = AnchorKey::SubjectKeyId(number.to_be_bytes().into());
            drop(slots.ask(&key, Why::Wanted, now, &TIMES));
            assert!(slots.slots.len() <= MAX_IDLE);
        }
        slots.forget_idle(now + TIMES.lookup, &TIMES);
        assert!(slots.slots.is_empty());
    }

    fn interest(slots: &Slots, key: &AnchorKey) -> Arc<Interest> {
        let asking = slots.slots.get(key).and_then(|slot| slot.asking.as_ref());
        asking.unwrap().pending.interest().clone()
    }

    #[test]
    fn a_question_is_wanted_as_long_as_somebody_waits() {
        let (mut slots, now) = (Slots::default(), Instant::now());
        let key = AnchorKey::SubjectKeyId([1].into());
        let (first, put) = slots.ask(&key, Why::Wanted, now, &TIMES);
        let interest = put.unwrap().interest;
        let (second, put) = slots.ask(&key, Why::Wanted, now, &TIMES);
        assert!(put.is_none());
        drop(first);
        assert!(interest.is_wanted());
        drop(second);
        assert!(!interest.is_wanted());
        let (_third, put) = slots.ask(&key, Why::Wanted, now, &TIMES);
        assert!(
            put.is_none() && interest.is_wanted(),
            "the store may not have dropped it"
        );
    }

    #[test]
    fn a_question_that_was_dropped_because_nobody_wanted_it_is_put_again_as_often_as_somebody_does() {
        let (mut slots, now) = (Slots::default(), Instant::now());
        let key = AnchorKey::SubjectKeyId([1].into());
        let (mut waiting, put) = slots.ask(&key, Why::Wanted, now, &TIMES);
        let mut put = put.unwrap();
        for _ in 0..4 {
            drop(waiting);
            waiting = slots.ask(&key, Why::Wanted, now, &TIMES).0;
            let answered = slots.answered(&key, &put, Err(LookupError::Dropped), CEILING, now, &TIMES);
            let Answered::Repeat(again) = answered else {
                panic!("{answered:?}");
            };
            put = again;
        }
        // It is the store's fault now.
        let answered = slots.answered(&key, &put, Err(LookupError::Dropped), CEILING, now, &TIMES);
        assert!(
            matches!(answered, Answered::Tell { pending: Some(_), .. }),
            "{answered:?}"
        );
    }

    #[test]
    fn a_refresh_is_wanted_as_long_as_a_connection_leans_on_the_answer() {
        let (mut slots, now) = (Slots::default(), Instant::now());
        let root = jit_trust_lab::pki::Ca::root("Root").der().to_vec();
        let answer = LookupResponse::certificate(root).unwrap();
        let key = answered(&mut slots, answer.clone(), now);
        let answer = Arc::new(answer);
        slots.lease(&key, &answer);
        slots.lease(&key, &answer);
        let (waiting, _) = slots.ask(&key, Why::Refresh, now, &TIMES);
        assert!(slots.keep_refreshing(&key, waiting).is_none());
        let interest = interest(&slots, &key);
        drop(slots.release(&key, now));
        assert!(interest.is_wanted());
        drop(slots.release(&key, now));
        assert!(!interest.is_wanted());
        // Nothing leans on it any more.
        let (waiting, _) = slots.ask(&key, Why::Refresh, now, &TIMES);
        assert!(slots.keep_refreshing(&key, waiting).is_some());
    }

    #[test]
    fn of_the_questions_that_were_asked_ahead_the_latest_are_wanted_until_they_are_answered() {
        let (mut slots, now) = (Slots::default(), Instant::now());
        let mut asked = Vec::new();
        for number in 0..MAX_AHEAD + 2 {
            let key = AnchorKey::SubjectKeyId(number.to_be_bytes().into());
            let (waiting, put) = slots.ask(&key, Why::Wanted, now, &TIMES);
            asked.push((key, put.unwrap()));
            drop(slots.keep_ahead(waiting));
        }
        let wanted: Vec<_> = asked.iter().map(|(_, put)| put.interest.is_wanted()).collect();
        assert_eq!(wanted[..2], [false, false]);
        assert!(wanted[2..].iter().all(|wanted| *wanted));
        let (key, put) = &asked[5];
        let told = slots.answered(key, put, Ok(LookupResponse::not_found()), CEILING, now, &TIMES);
        let Answered::Tell { pending, outcome, .. } = told else {
            panic!("{told:?}");
        };
        pending.unwrap().set(outcome);
        let (waiting, _) = slots.ask(&asked[0].0, Why::Wanted, now, &TIMES);
        drop(slots.keep_ahead(waiting));
        assert!(!put.interest.is_wanted(), "it has its answer");
        assert!(asked[0].1.interest.is_wanted() && asked[2].1.interest.is_wanted());
    }

    /// An answer of this generation, without anchors.
    fn of_generation(generation: u32) -> LookupResponse {
        let options = jit_trust_core::v2::Options::default();
        let mut blob = vec![0; jit_trust_core::v2::encoded_len(&[], options).unwrap()];
        jit_trust_core::v2::encode(&[], options, generation, &mut blob).unwrap();
        LookupResponse::blob(blob).unwrap()
    }

    fn key(number: u8) -> AnchorKey {
        AnchorKey::SubjectKeyId([number].into())
    }

    /// Asks, and has this answered, or says which generation came and which is remembered.
    fn says(
        slots: &mut Slots,
        key: &AnchorKey,
        answer: LookupResponse,
        ceiling: u32,
    ) -> Result<(), (u32, u32)> {
        let now = Instant::now();
        let (_waiting, put) = slots.ask(key, Why::Wanted, now, &TIMES);
        match slots.answered(key, &put.unwrap(), Ok(answer), ceiling, now, &TIMES) {
            Answered::Tell { outcome: Ok(_), .. } => Ok(()),
            Answered::Tell {
                outcome: Err(LookupError::OlderGeneration { came, newest }),
                ..
            } => Err((came, newest)),
            answered => panic!("{answered:?}"),
        }
    }

    #[test]
    fn what_is_remembered_is_the_lesser_of_the_generation_and_the_ceiling_and_never_lowered() {
        let mut slots = Slots::default();
        for (generation, ceiling, remembered) in [
            (5, 1_000, 5),
            (2_000, 1_000, 1_000),
            (3_000, 1_100, 1_100),
            // The clock goes back.
            (3_000, 10, 1_100),
            (1_100, 10, 1_100),
        ] {
            says(&mut slots, &key(1), of_generation(generation), ceiling).unwrap();
            assert_eq!(slots.newest(), Some(remembered));
            slots.forget_idle(Instant::now() + TIMES.max_age, &TIMES);
        }
        assert_eq!(
            says(&mut slots, &key(1), of_generation(1_099), 10),
            Err((1_099, 1_100))
        );
        slots.remember(5_000);
        slots.remember(7);
        assert_eq!(
            says(&mut slots, &key(1), of_generation(4_999), 10),
            Err((4_999, 5_000))
        );
    }

    #[test]
    fn a_ceiling_that_rises_puts_nothing_out_of_date() {
        let (mut slots, now) = (Slots::default(), Instant::now());
        says(&mut slots, &key(1), of_generation(5_000), 1_000).unwrap();
        let (_waiting, put) = slots.ask(&key(2), Why::Wanted, now, &TIMES);
        says(&mut slots, &key(3), of_generation(5_000), 1_001).unwrap();
        assert!(slots.find(&key(1), now, &TIMES).is_some());
        // Nor what does not say its generation, and was asked for before.
        let told = slots.answered(
            &key(2),
            &put.unwrap(),
            Ok(LookupResponse::not_found()),
            1_002,
            now,
            &TIMES,
        );
        assert!(matches!(told, Answered::Tell { outcome: Ok(_), .. }), "{told:?}");
    }

    #[test]
    fn the_successor_of_a_store_that_was_ahead_puts_its_answers_out_of_date() {
        let (mut slots, now) = (Slots::default(), Instant::now());
        says(&mut slots, &key(1), of_generation(5_000), 1_000).unwrap();
        says(&mut slots, &key(2), of_generation(1_000), 1_000).unwrap();
        assert!(slots.find(&key(1), now, &TIMES).is_none());
        assert!(slots.find(&key(2), now, &TIMES).is_some());
    }
}
