//! A list of roots in a file: CCADB's report.
#![no_main]

use jit_trust_fuzz::{list, mutation};
use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};

fuzz_target!(|bytes: &[u8]| list::read_with_each_policy(bytes));

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    if seed & 1 == 0 {
        return fuzzer_mutate(data, size, max_size);
    }
    let mutated = mutation::text::mutate(&data[..size], seed >> 1, fuzzer_mutate);
    mutation::put(&mutated, data, max_size)
});
