//! The cache of hosts: looking one up among ten thousand, and what they take.

use jit_trust::{AnchorKey, HostCache};
use jit_trust_core::NameHash;

use crate::paired::measure;

const HOSTS: u32 = 10_000;

/// How many are looked up in turn, so that what they need is in the processor's caches.
const WARM: u32 = 1 << 8;

pub(crate) fn run() {
    let cache = filled();
    assert_eq!(cache.len(), HOSTS as usize);
    let in_random_order = |kind: &'static str| {
        let numbers = (0..HOSTS).map(|number| number.wrapping_mul(2_654_435_769) % HOSTS);
        numbers.map(|number| host(kind, number)).collect::<Vec<_>>()
    };
    for (what, kind, len, budget) in [
        ("present, warm", "test", WARM, "200 ns"),
        ("absent, warm", "example", WARM, "200 ns"),
        ("present, all in turn", "test", HOSTS, ""),
        ("absent, all in turn", "example", HOSTS, ""),
    ] {
        let mut hosts = in_random_order(kind);
        hosts.truncate(len as usize);
        let mut hosts = hosts.iter().cycle();
        measure(
            &format!("look a host up among 10,000, {what}"),
            || cache.get(hosts.next().expect("a cycle has no end")),
            budget,
        );
    }
    let hosts = in_random_order("test");
    let mut hosts = hosts.iter().cycle();
    let key = [key(7)];
    measure(
        "a host of 10,000 is served again",
        || cache.served(hosts.next().expect("a cycle has no end"), &key),
        "",
    );
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("hosts");
    let with_file = || HostCache::builder().file(&path).build().expect("a cache");
    let written = with_file();
    fill(&written);
    written.flush().expect("a file in the temporary directory");
    measure("read the file of 10,000 hosts", with_file, "");
}

/// A cache of ten thousand hosts: names of 10 to 30 bytes, one anchor for most, of 120.
pub(crate) fn filled() -> HostCache {
    let cache = HostCache::builder().build().expect("no file, no error");
    fill(&cache);
    cache
}

fn fill(cache: &HostCache) {
    for number in 0..HOSTS {
        let count = match number % 10 {
            0..8 => 1,
            8 => 2,
            _ => 3,
        };
        let keys: Vec<_> = (0..count).map(|other| key(number * 7 + other)).collect();
        cache.served(&host("test", number), &keys);
    }
}

fn host(kind: &str, number: u32) -> String {
    let name = &"abcdefghijklmnopqrst"[..number as usize % 18];
    format!("{number:05}{name}.{kind}")
}

fn key(number: u32) -> AnchorKey {
    let [.., low] = (number % 120).to_be_bytes();
    AnchorKey::Subject(NameHash::from_bytes([low; 32]))
}
