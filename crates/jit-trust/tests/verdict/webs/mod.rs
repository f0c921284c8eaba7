//! Webs of trust that are generated: for each, a store, what a server sends, a name and a time.
//!
//! [`spec`] says what there is to a web and how likely it is, [`store`] and [`web`] make certificates of it, with
//! keys of the [`identity`] module, and [`run`] asks. A web is made again from the seed and its number, which a
//! failure prints: byte for byte, but for its signatures.

mod identity;
mod run;
mod signatures;
mod spec;
mod store;
mod web;

use std::io::Write;

/// As many as an ordinary run takes time for. `JIT_TRUST_WEBS` asks for others, `JIT_TRUST_SEED` for another
/// seed, and `JIT_TRUST_WEB` for a single one by its number.
const WEBS: u64 = 20_000;

#[test]
fn webs_of_trust_are_judged_as_with_every_root_loaded_and_a_third_or_more_are_accepted() {
    let seed = from_environment("JIT_TRUST_SEED").unwrap_or(1);
    let webs = match from_environment("JIT_TRUST_WEB") {
        Some(web) => web..web + 1,
        None => 0..from_environment("JIT_TRUST_WEBS").unwrap_or(WEBS),
    };
    let run::Outcome {
        verdicts,
        exceptions,
        libraries,
        seconds,
    } = run::all(seed, &webs).unwrap_or_else(|failure| panic!("{failure}"));

    let count: u64 = verdicts.values().sum();
    let accepted = verdicts.get(run::ACCEPTED).copied().unwrap_or(0);
    let share = 100 * accepted / count;
    // To the error stream itself: what a passing test prints is not shown.
    let report = format!(
        "{count} webs of seed {seed}, {share}% accepted, none judged differently, in {seconds:.1} s: {verdicts:?}; by a store \
         that answers later, with cause: {exceptions:?}; by other libraries, none differently than with all roots: {libraries:?}\n"
    );
    std::io::stderr().write_all(report.as_bytes()).unwrap();
    assert!(count < 1_000 || 3 * accepted >= count, "{report}");
    for (library, count) in libraries {
        let is_enough = 3 * count.accepted >= count.judged;
        assert!(count.judged < 100 || is_enough, "{library}: {report}");
    }
    // Roots of one name, and chains of many, are far more frequent here than anywhere else.
    let differing: u64 = exceptions.values().sum();
    assert!(count < 1_000 || 10 * differing <= count, "{report}");
}

fn from_environment(variable: &str) -> Option<u64> {
    let value = std::env::var(variable).ok()?;
    Some(
        value
            .parse()
            .unwrap_or_else(|_| panic!("{variable} is no number: {value}")),
    )
}
