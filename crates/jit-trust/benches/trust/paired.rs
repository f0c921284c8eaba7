//! Timing two things in turn.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// How long one sample should last, so that reading the clock does not count.
const SAMPLE: Duration = Duration::from_millis(2);
const ROUNDS: usize = 101;

/// Times `ours` and `theirs` in turn and prints a row of the table; returns the ratio.
pub(crate) fn compare<A, B>(
    what: &str,
    ours: impl FnMut() -> A,
    (peer, theirs): (&str, impl FnMut() -> B),
    budget: &str,
) {
    let (mut ours, mut theirs) = (Sampler::new(ours), Sampler::new(theirs));
    let rounds: Vec<_> = (0..ROUNDS).map(|_| (ours.sample(), theirs.sample())).collect();
    let median_ours = median(rounds.iter().map(|(ours, _)| *ours));
    let median_theirs = median(rounds.iter().map(|(_, theirs)| *theirs));
    let ratio = median(rounds.iter().map(|(ours, theirs)| ours / theirs));
    let ratio = if ratio < 0.5 {
        format!("1/{:.0}", 1.0 / ratio)
    } else {
        format!("{ratio:.3}")
    };
    println!(
        "| {what} | {} | {peer} | {} | {ratio} | {budget} |",
        time(median_ours),
        time(median_theirs)
    );
}

/// Times one thing and prints a row of the table.
pub(crate) fn measure<A>(what: &str, ours: impl FnMut() -> A, budget: &str) {
    let mut ours = Sampler::new(ours);
    let median = median((0..ROUNDS).map(|_| ours.sample()));
    println!("| {what} | {} | | | | {budget} |", time(median));
}

/// Something to time, and how often it has to run for a sample.
struct Sampler<F> {
    run: F,
    times: u32,
}

impl<A, F: FnMut() -> A> Sampler<F> {
    fn new(run: F) -> Self {
        let mut sampler = Self { run, times: 1 };
        while sampler.elapsed() < SAMPLE {
            sampler.times *= 2;
        }
        sampler
    }

    fn elapsed(&mut self) -> Duration {
        let started = Instant::now();
        for _ in 0..self.times {
            black_box((self.run)());
        }
        started.elapsed()
    }

    /// Nanoseconds for one run.
    fn sample(&mut self) -> f64 {
        self.elapsed().as_secs_f64() * 1e9 / f64::from(self.times)
    }
}

fn median(samples: impl Iterator<Item = f64>) -> f64 {
    let mut samples: Vec<_> = samples.collect();
    samples.sort_by(f64::total_cmp);
    samples[samples.len() / 2]
}

fn time(nanoseconds: f64) -> String {
    match nanoseconds {
        ..1e3 => format!("{nanoseconds:.0} ns"),
        ..1e6 => format!("{:.1} µs", nanoseconds / 1e3),
        _ => format!("{:.1} ms", nanoseconds / 1e6),
    }
}
