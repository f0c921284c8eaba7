//! Forgetting what nobody leans on.

use std::sync::{Arc, PoisonError};
use std::thread;
use std::time::Instant;

use super::Shared;
use super::slots::Slots;

/// What the thread needs: it calls nothing that is deep.
const STACK: usize = 128 << 10;

/// Sees to it that what is idle is forgotten when its time has come. There is a thread for that only while something
/// is idle.
pub(super) fn wake(shared: &Arc<Shared>, slots: &mut Slots) {
    if slots.is_reaped || slots.is_closed || slots.next_to_forget(&shared.times).is_none() {
        return;
    }
    let thread = thread::Builder::new()
        .name("jit-trust-idle".to_owned())
        .stack_size(STACK);
    let own = shared.clone();
    // Without a thread, what is idle is forgotten when the next question comes.
    slots.is_reaped = thread.spawn(move || reap(&own)).is_ok();
}

fn reap(shared: &Shared) {
    let mut slots = shared.lock();
    loop {
        let now = Instant::now();
        slots.forget_idle(now, &shared.times);
        let next = slots.next_to_forget(&shared.times).filter(|_| !slots.is_closed);
        let Some(next) = next else {
            slots.is_reaped = false;
            return;
        };
        let wait = next.saturating_duration_since(now);
        let woken = shared.closed.wait_timeout(slots, wait);
        slots = woken.unwrap_or_else(PoisonError::into_inner).0;
    }
}
