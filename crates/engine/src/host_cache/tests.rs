//! What needs a clock that is set, or looks at bytes: the cache beside a model of it, time, and the file's format.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jit_trust_core::NameHash;
use proptest::collection::vec;
use proptest::prelude::*;

use super::format::{Stored, decode, encode};
use super::*;
use crate::state_file::{StateFileKind, with_checksum};

const SECOND: Duration = Duration::from_secs(1);

/// The time to live of all caches here.
const LIFE: Duration = Duration::from_secs(3600);

/// A time of day, in milliseconds.
const NOON: u64 = 1_800_000_000_000;

/// Both clocks of a machine, in milliseconds.
#[derive(Default)]
struct SetClock {
    now: AtomicU64,
    unix: AtomicU64,
}

impl Clock {
    fn set(clock: &Arc<SetClock>) -> Self {
        let (now, unix) = (Arc::clone(clock), Arc::clone(clock));
        Self {
            now: Box::new(move || now.now.load(Ordering::Relaxed)),
            unix: Box::new(move || unix.unix.load(Ordering::Relaxed)),
        }
    }
}

fn clock(unix: u64) -> Arc<SetClock> {
    let clock = Arc::new(SetClock::default());
    clock.unix.store(unix, Ordering::Relaxed);
    clock
}

fn cache(clock: &Arc<SetClock>, max_footprint: usize) -> HostCache {
    let builder = HostCache::builder()
        .time_to_live(LIFE)
        .max_footprint(max_footprint);
    builder.build_with(Clock::set(clock)).unwrap()
}

fn cache_with_file(clock: &Arc<SetClock>, path: &Path) -> HostCache {
    let builder = HostCache::builder().time_to_live(LIFE).file(path);
    builder.build_with(Clock::set(clock)).unwrap()
}

fn pass(clock: &SetClock, time: Duration) {
    let time = time.as_millis().try_into().unwrap();
    clock.now.fetch_add(time, Ordering::Relaxed);
    clock.unix.fetch_add(time, Ordering::Relaxed);
}

/// One of as many keys as there are numbers, of all kinds and lengths.
fn key(number: u8) -> AnchorKey {
    let hash = NameHash::from_bytes([number; 32]);
    let bytes = vec![number; usize::from(number % 90) + 1];
    match number % 3 {
        0 => AnchorKey::Subject(hash),
        1 => AnchorKey::SubjectKeyId(bytes.into()),
        _ => AnchorKey::IssuerSerial {
            issuer: hash,
            serial: bytes.into(),
        },
    }
}

#[test]
fn a_host_is_forgotten_when_its_time_is_over() {
    let clock = clock(NOON);
    let cache = cache(&clock, 0);
    cache.served("a.test", &[key(1)]);
    pass(&clock, LIFE - SECOND);
    assert_eq!(cache.get("a.test"), Some(vec![key(1)]));
    assert_eq!(cache.hosts()[0].age, LIFE - SECOND);
    assert_eq!(cache.hosts()[0].time_left, SECOND);
    pass(&clock, SECOND);
    assert!(cache.is_empty() && cache.hosts().is_empty());
    assert_eq!(cache.get("a.test"), None);
}

#[test]
fn a_host_that_is_served_again_has_its_whole_time_again() {
    let clock = clock(NOON);
    let cache = cache(&clock, 0);
    cache.served("a.test", &[key(1)]);
    pass(&clock, LIFE - SECOND);
    cache.served("a.test", &[key(2)]);
    pass(&clock, LIFE - SECOND);
    assert_eq!(cache.get("a.test"), Some(vec![key(2), key(1)]));
}

#[test]
fn keys_of_a_time_that_is_over_do_not_come_back() {
    let clock = clock(NOON);
    let cache = cache(&clock, 0);
    cache.served("a.test", &[key(1)]);
    pass(&clock, LIFE);
    cache.served("a.test", &[key(2)]);
    assert_eq!(cache.get("a.test"), Some(vec![key(2)]));
}

#[test]
fn without_a_limit_hosts_that_nobody_asks_for_any_more_take_no_memory() {
    let clock = clock(NOON);
    let cache = cache(&clock, 0);
    let mut footprints = Vec::new();
    for round in 0..10 {
        for host in 0..1000 {
            cache.served(&format!("{host}.{round}.test"), &[key(1)]);
        }
        pass(&clock, LIFE);
        footprints.push(cache.footprint());
    }
    assert_eq!(footprints[1], footprints[9]);
}

#[test]
fn a_file_gives_no_host_more_time_than_it_had() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("hosts");
    let morning = clock(NOON);
    let first = cache_with_file(&morning, &path);
    first.served("a.test", &[key(1)]);
    pass(&morning, LIFE / 2);
    first.served("b.test", &[key(2)]);
    drop(first);

    let noon = clock(NOON + 3_000_000);
    let second = cache_with_file(&noon, &path);
    let ages: Vec<_> = second
        .hosts()
        .into_iter()
        .map(|cached| (cached.host, cached.age))
        .collect();
    let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
    assert_eq!(
        ages,
        [
            ("b.test".to_owned(), minutes(20)),
            ("a.test".to_owned(), minutes(50))
        ]
    );
    pass(&noon, minutes(10));
    assert_eq!(second.get("a.test"), None);
    assert_eq!(second.get("b.test"), Some(vec![key(2)]));
}

#[test]
fn hosts_of_the_future_and_of_long_ago_are_left_out() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("hosts");
    let noon = clock(NOON);
    let first = cache_with_file(&noon, &path);
    first.served("a.test", &[key(1)]);
    drop(first);
    for (unix, len) in [
        (0, 0),
        (NOON - 1, 0),
        (NOON, 1),
        (NOON + 3_599_999, 1),
        (NOON + 3_600_000, 0),
        (u64::MAX, 0),
    ] {
        let second = cache_with_file(&clock(unix), &path);
        assert_eq!(second.len(), len, "{unix}");
        assert!(second.last_error().is_none());
    }
}

#[test]
fn a_wall_clock_that_jumps_gives_no_host_more_than_its_time() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("hosts");
    let clock = clock(NOON);
    let first = cache_with_file(&clock, &path);
    first.served("a.test", &[key(1)]);
    clock.unix.store(0, Ordering::Relaxed);
    pass(&clock, LIFE / 2);
    first.served("b.test", &[key(1)]);
    clock.unix.store(u64::MAX, Ordering::Relaxed);
    first.flush().unwrap();
    drop(first);
    for cached in cache_with_file(&clock, &path).hosts() {
        assert!(cached.time_left <= LIFE);
    }
}

#[test]
fn the_file_is_written_for_a_host_again_when_its_time_is_half_over() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("hosts");
    let clock = clock(NOON);
    let cache = cache_with_file(&clock, &path);
    let is_written = || {
        std::fs::remove_file(&path).ok();
        cache.flush().unwrap();
        path.exists()
    };
    assert!(!is_written());
    cache.served("a.test", &[key(1)]);
    assert!(is_written());
    assert!(!is_written());
    pass(&clock, LIFE / 2);
    cache.served("a.test", &[key(1)]);
    assert!(!is_written());
    pass(&clock, LIFE / 2 + SECOND);
    cache.served("a.test", &[key(1)]);
    assert!(is_written());
    cache.get("a.test");
    cache.forget("b.test");
    assert!(!is_written());
    cache.served("a.test", &[key(2)]);
    assert!(is_written());
    cache.forget("a.test");
    assert!(is_written());
}

#[test]
fn a_time_to_live_without_end_or_of_nothing_is_one() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("hosts");
    for (life, len) in [(Duration::MAX, 1), (Duration::ZERO, 0)] {
        let clock = clock(NOON);
        for _ in 0..2 {
            let builder = HostCache::builder().time_to_live(life).file(&path);
            let cache = builder.build_with(Clock::set(&clock)).unwrap();
            pass(&clock, SECOND);
            cache.served("a.test", &[key(1)]);
            pass(&clock, 1000 * LIFE);
            assert_eq!(cache.len(), len);
            cache.flush().unwrap();
        }
    }
}

#[test]
fn what_does_not_fit_the_file_is_left_out_the_least_recently_used_first() {
    let clock = clock(NOON);
    let cache = cache(&clock, 0);
    let long = "x".repeat(240);
    for host in 0..40_000 {
        cache.served(&format!("{host}.{long}"), &[key(1)]);
    }
    let file = file_of(&cache);
    assert!(file.len() <= MAX_FILE_LEN && file.len() > MAX_FILE_LEN - 300);
    let hosts = decode(&file).unwrap();
    assert!(hosts.len() < 40_000);
    let newest = hosts.last().unwrap().host;
    assert_eq!(newest, format!("39999.{long}"));
}

const MAX_FILE_LEN: usize = 8 << 20;

/// What the cache would write.
fn file_of(cache: &HostCache) -> Vec<u8> {
    let hosts = cache.hosts_in_memory();
    let stored = hosts.iter(0).map(|(host, served)| Stored {
        host,
        served_at: NOON,
        keys: served.keys.as_slice().into(),
    });
    encode(stored).unwrap()
}

#[test]
fn a_key_that_fits_no_file_name_is_left_out() {
    let cache = cache(&clock(NOON), 0);
    cache.served("a.test", &[AnchorKey::SubjectKeyId(vec![7; 128].into())]);
    cache.served("a.test", &[AnchorKey::SubjectKeyId(Box::default())]);
    assert!(cache.is_empty());
    cache.served("a.test", &[AnchorKey::SubjectKeyId(vec![7; 128].into()), key(1)]);
    assert_eq!(cache.get("a.test"), Some(vec![key(1)]));
}

#[test]
fn every_number_of_a_key_is_used_in_a_file_and_hosts_with_others_are_left_out() {
    let cache = cache(&clock(NOON), 0);
    let key = |number: u32| AnchorKey::SubjectKeyId(number.to_be_bytes().into());
    for number in 0..70_000 {
        let host = format!("{number}.test");
        cache.served(&host, &[key(number)]);
        assert_eq!(cache.get(&host), Some(vec![key(number)]));
    }
    let file = file_of(&cache);
    let hosts = decode(&file).unwrap();
    assert_eq!(hosts.len(), usize::from(u16::MAX));
    assert_eq!(hosts.last().unwrap().host, "69999.test");
    assert_eq!(*hosts.last().unwrap().keys, [key(69_999)]);
}

#[test]
fn no_more_hosts_are_kept_than_wanted() {
    let cache = HostCache::builder().max_hosts(2).build().unwrap();
    for host in ["a.test", "b.test", "a.test", "c.test"] {
        cache.served(host, &[key(1)]);
        assert!(cache.len() <= 2);
    }
    let hosts: Vec<_> = cache.hosts().into_iter().map(|cached| cached.host).collect();
    assert_eq!(hosts, ["c.test", "a.test"]);
}

#[test]
fn a_new_host_makes_only_so_many_others_go_as_it_needs_room_for() {
    for limit in [5_000, 20_000, 50_000, 64 * 1024, 100_000, 200_000, 300_000] {
        let cache = cache(&clock(NOON), limit);
        let mut len = 0;
        for number in 0..15_000 {
            cache.served(&format!("{number:05}.test"), &[key(1)]);
            let before = std::mem::replace(&mut len, cache.len());
            assert!(len + 1 >= before, "{limit}: {before} hosts, then {len}");
        }
    }
}

/// A file with a key of each kind, and hosts.
fn some_file() -> (Vec<u8>, Vec<Stored<'static>>) {
    let hosts = vec![
        Stored {
            host: "a.test",
            served_at: NOON,
            keys: vec![key(5), key(3), key(4)].into(),
        },
        Stored {
            host: "b.test:443",
            served_at: 0,
            keys: vec![key(4)].into(),
        },
    ];
    let file = encode(hosts.iter().rev().cloned()).unwrap();
    (file, hosts)
}

#[test]
fn a_file_that_is_cut_or_has_any_other_byte_is_refused() {
    let (file, hosts) = some_file();
    assert_eq!(decode(&file), Ok(hosts));
    for len in 0..file.len() {
        assert!(decode(&file[..len]).is_err(), "{len} bytes");
    }
    for at in 0..file.len() {
        for change in 1..=u8::MAX {
            let mut damaged = file.clone();
            damaged[at] ^= change;
            assert!(decode(&damaged).is_err(), "byte {at}");
        }
    }
    let longer = [&file[..], &[0]].concat();
    assert!(decode(&longer).is_err());
}

/// A change of a file's bytes, under a good checksum.
fn resealed(mut file: Vec<u8>, change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    file.truncate(file.len() - 4);
    change(&mut file);
    let len = u32::try_from(file.len() + 4).unwrap();
    file[8..12].copy_from_slice(&len.to_be_bytes());
    with_checksum(file)
}

#[test]
fn a_file_under_a_good_checksum_is_refused_when_it_means_nothing() {
    let refused = |change: &dyn Fn(&mut Stored<'_>), expected: &str| {
        let (_, mut hosts) = some_file();
        change(&mut hosts[0]);
        let file = encode(hosts.into_iter()).unwrap();
        assert_eq!(decode(&file).unwrap_err(), expected);
    };
    refused(&|host| host.host = "A.test", "a host in lower case");
    refused(&|host| host.host = "", "a host in lower case");
    refused(&|host| host.host = "\x1b[2J", "a host in lower case");
    refused(&|host| host.keys = vec![].into(), "1 to 3 keys of a host");
    refused(
        &|host| host.keys = vec![key(1); 4].into(),
        "1 to 3 keys of a host",
    );
    refused(
        &|host| host.keys = vec![AnchorKey::SubjectKeyId(vec![7; 128].into())].into(),
        "a key that fits a file name",
    );

    let changed = |change: &dyn Fn(&mut Vec<u8>)| {
        let file = resealed(some_file().0, change);
        decode(&file).unwrap_err()
    };
    // The last two bytes are the index of a host's key.
    let last_index = |file: &mut Vec<u8>| *file.last_mut().unwrap() = 3;
    assert_eq!(changed(&last_index), "indexes of keys");
    assert_eq!(changed(&|file| file[4..6].fill(2)), "version 1");
    // More keys than there are, and a key and a name of more bytes than there are.
    assert_eq!(
        changed(&|file| file[6..8].fill(0xff)),
        "a key of a kind from 1 to 3"
    );
    let key_len = |file: &mut Vec<u8>| {
        let first_key = file.get(12).copied();
        assert_eq!(first_key, Some(2), "a subject key identifier");
        file[13] = 0xff;
    };
    assert_eq!(changed(&key_len), "more bytes");
    let host_len = |file: &mut Vec<u8>| {
        let at = file.windows(6).position(|bytes| bytes == b"a.test").unwrap();
        file[at - 1] = 0xff;
    };
    assert_eq!(changed(&host_len), "more bytes");
    let host = |file: &mut Vec<u8>| {
        let at = file.windows(6).position(|bytes| bytes == b"a.test").unwrap();
        file[at] = 0xff;
    };
    assert_eq!(changed(&host), "text in UTF-8");
    let beginning = with_checksum(StateFileKind::HostCache.begin());
    assert_eq!(decode(&beginning), Err("more bytes"));
}

/// What is done to a cache.
#[derive(Clone, Debug)]
enum Step {
    Get(String),
    Served(String, Vec<u8>),
    Forget(String),
    Clear,
    Pass(Duration),
}

fn host() -> impl Strategy<Value = String> {
    (0..40_usize).prop_map(|number| format!("{number}.{}test", "x".repeat(number * 5)))
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => host().prop_map(Step::Get),
        20 => (host(), vec(0..30_u8, 0..5)).prop_map(|(host, keys)| Step::Served(host, keys)),
        2 => host().prop_map(Step::Forget),
        1 => Just(Step::Clear),
        4 => (0..2000_u64).prop_map(|seconds| Step::Pass(Duration::from_secs(seconds))),
    ]
}

/// The cache without limit, as simply as it can be said.
#[derive(Default)]
struct Model {
    now: Duration,
    /// Host, keys, and when it is forgotten; the most recently used first.
    hosts: Vec<(String, Vec<AnchorKey>, Duration)>,
}

impl Model {
    fn take(&mut self, host: &str) -> Option<(String, Vec<AnchorKey>, Duration)> {
        let at = self.hosts.iter().position(|(known, ..)| known == host)?;
        Some(self.hosts.remove(at))
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Get(host) => {
                if let Some(known) = self.take(host) {
                    self.hosts.insert(0, known);
                }
            }
            Step::Served(host, numbers) => {
                let before = self.take(host);
                let mut keys: Vec<AnchorKey> = Vec::new();
                let older = before.iter().flat_map(|(_, keys, _)| keys.clone());
                for key in numbers.iter().map(|number| key(*number)).chain(older) {
                    if keys.len() < 3 && !keys.contains(&key) {
                        keys.push(key);
                    }
                }
                if !numbers.is_empty() {
                    self.hosts.insert(0, (host.clone(), keys, self.now + LIFE));
                } else if let Some(before) = before {
                    self.hosts.insert(0, before);
                }
            }
            Step::Forget(host) => drop(self.take(host)),
            Step::Clear => self.hosts.clear(),
            Step::Pass(time) => {
                self.now += *time;
                let now = self.now;
                self.hosts.retain(|(.., expires)| *expires > now);
            }
        }
    }
}

fn take_step(cache: &HostCache, clock: &SetClock, step: &Step) {
    match step {
        Step::Get(host) => drop(cache.get(host)),
        Step::Served(host, numbers) => {
            let keys: Vec<_> = numbers.iter().map(|number| key(*number)).collect();
            cache.served(host, &keys);
        }
        Step::Forget(host) => cache.forget(host),
        Step::Clear => cache.clear(),
        Step::Pass(time) => pass(clock, *time),
    }
}

/// Hosts, their keys and when they are forgotten.
fn listed(cache: &HostCache, now: Duration) -> Vec<(String, Vec<AnchorKey>, Duration)> {
    let hosts = cache.hosts().into_iter();
    hosts
        .map(|cached| (cached.host, cached.keys, now + cached.time_left))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn a_cache_without_a_limit_is_its_model(steps in vec(step(), 1..150)) {
        let clock = clock(NOON);
        let cache = cache(&clock, 0);
        let mut model = Model::default();
        for step in &steps {
            let known = model.hosts.iter().find(|(host, ..)| matches!(step, Step::Get(asked) if asked == host));
            if let Step::Get(host) = step {
                prop_assert_eq!(cache.get(host), known.map(|(_, keys, _)| keys.clone()));
            }
            take_step(&cache, &clock, step);
            model.step(step);
            prop_assert_eq!(listed(&cache, model.now), model.hosts.clone());
            prop_assert_eq!(cache.len(), model.hosts.len());
        }
    }

    #[test]
    fn within_its_limit_a_cache_knows_the_most_recently_used_hosts(
        limit in prop_oneof![1..2_000_usize, 2_000..20_000_usize],
        steps in vec(step(), 1..150),
    ) {
        let clock = clock(NOON);
        let cache = cache(&clock, limit);
        let mut model = Model::default();
        for step in &steps {
            take_step(&cache, &clock, step);
            model.step(step);
            prop_assert!(cache.footprint() <= limit, "{} > {}", cache.footprint(), limit);
            // Where there is next to no room, some keys of the host itself have gone, too.
            let known = listed(&cache, model.now);
            // One that is too large alone is not kept, and no other goes for it.
            if let Step::Served(host, _) = step {
                if let Some((.., keys, _)) = model.hosts.first().filter(|(first, ..)| first == host) {
                    if known.iter().all(|(known, ..)| known != host) {
                        prop_assert!(super::hosts::cost(host, &keys[..1]) > limit);
                        model.hosts.remove(0);
                    }
                }
            }
            model.hosts.truncate(known.len());
            for (known, modelled) in known.iter().zip(&mut model.hosts) {
                if matches!(step, Step::Served(host, _) if *host == known.0) {
                    prop_assert!(known.1.iter().all(|key| modelled.1.contains(key)));
                    modelled.1 = known.1.clone();
                }
                prop_assert_eq!(known, &*modelled);
            }
        }
    }

    #[test]
    fn a_cache_comes_out_of_its_file_as_it_went_in(steps in vec(step(), 1..80)) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("hosts");
        let clock = clock(NOON);
        let first = cache_with_file(&clock, &path);
        for step in &steps {
            take_step(&first, &clock, step);
        }
        first.file.note_change(true);
        first.flush().unwrap();
        let second = cache_with_file(&clock, &path);
        prop_assert!(second.last_error().is_none());
        prop_assert_eq!(second.hosts(), first.hosts());
    }

    #[test]
    fn any_contents_come_out_of_a_file_as_they_went_in(
        hosts in vec(("[a-z0-9.:\\[\\]-]{1,255}", any::<u64>(), vec(0..50_u8, 1..=3)), 0..50),
    ) {
        let stored = hosts.iter().map(|(host, served_at, keys)| Stored {
            host,
            served_at: *served_at,
            keys: keys.iter().map(|number| key(*number)).collect(),
        });
        let stored: Vec<_> = stored.collect();
        let file = encode(stored.iter().rev().cloned()).unwrap();
        prop_assert_eq!(decode(&file), Ok(stored));
    }

    #[test]
    fn any_bytes_are_contents_or_refused(mut bytes in vec(any::<u8>(), 0..200)) {
        let _ = decode(&bytes);
        // With a header, a length and a checksum that are good, too.
        let len = u32::try_from(bytes.len() + 16).unwrap();
        let header = [&b"JTHC\x00\x01\x00\x03"[..], &len.to_be_bytes()].concat();
        bytes.splice(0..0, header);
        bytes.extend(crc32c::crc32c(&bytes).to_be_bytes());
        let _ = decode(&bytes);
    }
}
