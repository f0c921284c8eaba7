//! How many file descriptors there may be, and so how many connections.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::connection::MAX_LONG_FILES;
use crate::terminal::warning;

/// A connection, and what it may have open.
const EACH: u64 = 1 + MAX_LONG_FILES as u64;
/// For the rest of the program, and for files that are open for a moment.
const REST: u64 = 128;

/// How many of the connections that are wanted the system allows. It is asked for as many as are needed.
pub(super) fn enough_for(wanted: u32) -> u32 {
    let needed = u64::from(wanted) * EACH + REST;
    let limit = getrlimit(Resource::Nofile);
    // `None` is no limit.
    if limit.current.is_none_or(|current| current >= needed) {
        return wanted;
    }
    let current = Some(limit.maximum.map_or(needed, |maximum| maximum.min(needed)));
    let raised = setrlimit(Resource::Nofile, Rlimit { current, ..limit });
    let granted = if raised.is_ok() { current } else { limit.current };
    let granted = granted.map_or(needed, |granted| granted.min(needed));
    let possible = (granted.saturating_sub(REST) / EACH).max(1);
    let possible = u32::try_from(possible).map_or(wanted, |possible| possible.min(wanted));
    if possible < wanted {
        warning(format_args!(
            "{possible} connections at a time instead of {wanted}: the system allows {granted} open files (ulimit -n)"
        ));
    }
    possible
}
