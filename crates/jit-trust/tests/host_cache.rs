//! The cache of hosts as its users see it: what it knows, how many bytes it takes, and its file.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::fs;
use std::path::Path;

use jit_trust::{AnchorKey, HostCache, HostCacheError, NameHash};

/// By the name of one of many CAs.
fn by_name(number: u8) -> AnchorKey {
    AnchorKey::Subject(NameHash::from_bytes([number; 32]))
}

/// By one of many key identifiers.
fn by_key_id(number: u32, len: usize) -> AnchorKey {
    let bytes = number.to_be_bytes().into_iter().cycle();
    AnchorKey::SubjectKeyId(bytes.take(len).collect())
}

fn in_memory() -> HostCache {
    HostCache::builder().build().unwrap()
}

fn with_file(path: &Path) -> HostCache {
    HostCache::builder().file(path).build().unwrap()
}

/// As many hosts as are asked for, with names of 10 to 30 bytes.
fn host(number: u32) -> String {
    let name = "abcdefghijklmnopqrst".get(..number as usize % 21).unwrap();
    format!("{number:05}{name}.test")
}

/// One anchor for most hosts, two or three for some, out of 120.
fn keys(number: u32) -> Vec<AnchorKey> {
    let count = match number % 10 {
        0..8 => 1,
        8 => 2,
        _ => 3,
    };
    (0..count)
        .map(|other| by_name(((number * 7 + other) % 120) as u8))
        .collect()
}

#[test]
fn a_host_is_known_by_the_keys_that_served_it_the_most_recent_first_at_most_three() {
    let cache = in_memory();
    let [a, b, c, d] = [1, 2, 3, 4].map(by_name);
    cache.served("a.test", std::slice::from_ref(&a));
    assert_eq!(cache.get("a.test"), Some(vec![a.clone()]));
    cache.served("a.test", &[b.clone(), a.clone()]);
    assert_eq!(cache.get("a.test"), Some(vec![b.clone(), a.clone()]));
    cache.served("a.test", &[a.clone(), a.clone()]);
    assert_eq!(cache.get("a.test"), Some(vec![a.clone(), b.clone()]));
    cache.served("a.test", &[c.clone(), d.clone()]);
    assert_eq!(cache.get("a.test"), Some(vec![c.clone(), d.clone(), a.clone()]));
    cache.served("a.test", &[b.clone(), a.clone(), d.clone(), c.clone()]);
    assert_eq!(cache.get("a.test"), Some(vec![b, a, d]));
    cache.served("a.test", &[]);
    cache.served("b.test", &[]);
    assert_eq!(cache.len(), 1);
}

#[test]
fn letters_case_does_not_matter_and_a_port_does() {
    let cache = in_memory();
    cache.served("WWW.Example.COM", &[by_name(1)]);
    cache.served("[2001:DB8::1]:443", &[by_name(2)]);
    assert_eq!(cache.get("www.example.com"), Some(vec![by_name(1)]));
    assert_eq!(cache.get("[2001:db8::1]:443"), Some(vec![by_name(2)]));
    assert_eq!(cache.get("www.example.com:443"), None);
    let hosts: Vec<_> = cache.hosts().into_iter().map(|cached| cached.host).collect();
    assert_eq!(hosts, ["[2001:db8::1]:443", "www.example.com"]);
    cache.forget("www.EXAMPLE.com");
    assert_eq!(cache.len(), 1);
}

#[test]
fn what_is_no_host_is_not_kept() {
    let cache = in_memory();
    let (longest, too_long) = ("x".repeat(255), "x".repeat(256));
    for host in ["", "a b", "a\nb", "\x1b[2J", "é.test", &too_long] {
        cache.served(host, &[by_name(1)]);
        assert_eq!(cache.get(host), None);
        cache.forget(host);
    }
    assert!(cache.is_empty());
    cache.served(&longest, &[by_name(1)]);
    assert_eq!(cache.get(&longest), Some(vec![by_name(1)]));
}

#[test]
fn what_is_forgotten_is_gone_and_generations_stay() {
    let cache = in_memory();
    for number in 0..1000 {
        cache.served(&host(number), &[by_name(1)]);
    }
    cache.saw_generation("https://trust.test/", 7);
    cache.forget(&host(3));
    assert_eq!(cache.get(&host(3)), None);
    assert_eq!(cache.len(), 999);
    cache.clear();
    assert!(cache.is_empty());
    assert!(cache.footprint() < 300, "{}", cache.footprint());
    assert_eq!(cache.newest_generation("https://trust.test/"), Some(7));
}

#[test]
fn a_generation_is_never_lowered_and_eight_stores_are_remembered() {
    let cache = in_memory();
    assert_eq!(cache.newest_generation("0"), None);
    for store in 0..8 {
        cache.saw_generation(&store.to_string(), 10 + store);
    }
    cache.saw_generation("0", 5);
    assert_eq!(cache.newest_generation("0"), Some(10));
    cache.saw_generation("0", 100);
    cache.saw_generation("8", 18);
    let known: Vec<_> = (0..9)
        .map(|store| cache.newest_generation(&store.to_string()))
        .collect();
    let expected =
        [100, 0, 12, 13, 14, 15, 16, 17, 18].map(|generation| (generation > 0).then_some(generation));
    assert_eq!(known, expected);
    for label in ["", &"x".repeat(1025)] {
        cache.saw_generation(label, 7);
        assert_eq!(cache.newest_generation(label), None);
    }
    cache.saw_generation(&"x".repeat(1024), 7);
    assert_eq!(cache.newest_generation(&"x".repeat(1024)), Some(7));
}

#[test]
fn ten_thousand_hosts_take_at_most_1_500_000_bytes_also_while_the_tables_grow() {
    let hosts: Vec<_> = (0..10_000).map(|number| (host(number), keys(number))).collect();
    assert!(hosts.iter().all(|(host, _)| (10..=30).contains(&host.len())));
    let mut cache = None;
    let counted = allocation_counter::measure(|| {
        let filled = in_memory();
        hosts.iter().for_each(|(host, keys)| filled.served(host, keys));
        cache = Some(filled);
    });
    let cache = cache.unwrap();
    assert_eq!(cache.len(), 10_000);
    assert_eq!(
        u64::try_from(counted.bytes_current).unwrap(),
        cache.footprint() as u64
    );
    assert!(cache.footprint() <= 1_000_000, "{counted:?}");
    assert!(counted.bytes_max <= 1_500_000, "{counted:?}");
    assert!(
        hosts
            .iter()
            .all(|(host, keys)| cache.get(host).unwrap()[0] == keys[0])
    );
}

#[test]
fn the_limit_holds_at_every_moment_and_the_footprint_is_what_the_allocator_counts() {
    let hosts: Vec<_> = (0..20_000_u32)
        .map(|number| {
            let long = "x".repeat(number as usize * 7 % 230);
            // Hosts come again, and so do keys, of which some are many.
            let host = format!("{}.{long}.test", number.wrapping_mul(2_654_435_769) % 9_000);
            let keys = match number % 4 {
                0 => vec![by_key_id(number, 1 + number as usize % 127)],
                1 => vec![by_key_id(number % 50, 20), by_name(number as u8)],
                _ => keys(number),
            };
            (host, keys)
        })
        .collect();
    let labels: Vec<_> = (0..20_usize).map(|label| "y".repeat(label * 5 + 1)).collect();
    for limit in [1, 100, 300, 700, 1_500, 5_000, 20_000, 100_000, 1_000_000] {
        let mut cache = None;
        let counted = allocation_counter::measure(|| {
            let filled = HostCache::builder().max_footprint(limit).build().unwrap();
            for (number, (host, keys)) in hosts.iter().enumerate() {
                filled.served(host, keys);
                assert!(filled.footprint() <= limit);
                match number % 1_000 {
                    3 => filled.saw_generation(&labels[number / 1_000], 7),
                    500..600 => filled.forget(&hosts[number - 30].0),
                    998 if number == 15_998 => filled.clear(),
                    _ => {}
                }
            }
            cache = Some(filled);
        });
        let cache = cache.unwrap();
        assert!(counted.bytes_max <= limit as u64, "{limit}: {counted:?}");
        assert_eq!(
            u64::try_from(counted.bytes_current).unwrap(),
            cache.footprint() as u64
        );
        assert!(cache.len() >= limit / 2_000, "{limit}: {} hosts", cache.len());
    }
}

#[test]
fn within_a_limit_of_a_megabyte_and_a_half_there_is_room_for_ten_thousand_hosts() {
    let cache = HostCache::builder().max_footprint(1_500_000).build().unwrap();
    for number in 0..90_000 {
        cache.served(&host(number), &keys(number));
        assert!(number < 10_000 || cache.footprint() > 700_000);
        if number > 10_000 && number % 1_000 == 0 {
            assert!(cache.len() >= 10_000, "{}", cache.len());
        }
    }
    let newest: Vec<_> = cache.hosts().into_iter().map(|cached| cached.host).collect();
    assert!(
        (0..90_000)
            .rev()
            .map(host)
            .zip(newest)
            .all(|(served, known)| served == known)
    );
}

#[test]
fn a_lookup_allocates_what_it_returns_and_nothing_else() {
    let cache = in_memory();
    cache.served("a.test", &[by_name(1)]);
    let missed = allocation_counter::measure(|| assert!(cache.get("B.test").is_none()));
    assert_eq!(missed.count_total, 0);
    let found = allocation_counter::measure(|| assert!(cache.get("A.test").is_some()));
    assert_eq!((found.count_total, found.bytes_current), (1, 0));
}

#[test]
fn a_cache_with_a_file_outlives_the_program() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("hosts");
    let first = with_file(&path);
    assert!(first.notes().is_empty());
    let three = [
        by_name(1),
        by_key_id(2, 20),
        AnchorKey::IssuerSerial {
            issuer: NameHash::from_bytes([3; 32]),
            serial: Box::new([0, 1]),
        },
    ];
    first.served("a.test", &three);
    first.served("b.test", &three[1..]);
    first.get("a.test");
    first.saw_generation("https://trust.test/", 7);
    drop(first);

    let second = with_file(&path);
    assert!(second.notes().is_empty());
    assert_eq!(second.get("b.test").unwrap(), three[1..]);
    assert_eq!(second.get("a.test").unwrap(), three);
    assert_eq!(second.newest_generation("https://trust.test/"), Some(7));
    second.clear();
    second.flush().unwrap();
    assert!(with_file(&path).is_empty());
    let files = fs::read_dir(directory.path()).unwrap().count();
    assert_eq!(files, 1, "nothing is left beside the file");
}

#[cfg(unix)]
#[test]
fn nobody_else_can_read_the_file() {
    use std::os::unix::fs::PermissionsExt;

    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("hosts");
    fs::write(&path, "").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
    with_file(&path).served("a.test", &[by_name(1)]);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_damaged_file_is_ignored_and_said_and_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("hosts");
    with_file(&path).served("a.test", &[by_name(1), by_key_id(2, 20)]);
    let good = fs::read(&path).unwrap();
    let cut = (0..good.len()).map(|len| good[..len].to_vec());
    let changed = (4..good.len()).map(|at| {
        let mut bytes = good.clone();
        bytes[at] ^= 0x20;
        bytes
    });
    for bytes in cut.chain(changed) {
        fs::write(&path, &bytes).unwrap();
        let cache = with_file(&path);
        assert!(cache.is_empty());
        let notes = cache.notes();
        assert!(
            matches!(&notes[..], [HostCacheError::Damaged { .. }]),
            "{notes:?}"
        );
        assert!(
            notes[0]
                .to_string()
                .contains("hosts: not a host cache, or a damaged one")
        );
    }
    let cache = with_file(&path);
    cache.served("b.test", &[by_name(1)]);
    drop(cache);
    assert_eq!(with_file(&path).len(), 1);
}

#[test]
fn a_file_that_is_none_of_a_cache_is_left_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("page.html");
    for bytes in [&b"<html>"[..], b"J", b"JTH", b"JTHX and more", &[b'x'; 9 << 20]] {
        fs::write(&path, bytes).unwrap();
        let cache = with_file(&path);
        cache.served("a.test", &[by_name(1)]);
        let is_cut = b"JTHC".starts_with(bytes);
        assert_eq!(cache.flush().is_ok(), is_cut, "{:?}", cache.notes());
        assert_eq!(fs::read(&path).unwrap() == bytes, !is_cut);
        if !is_cut {
            assert!(matches!(&cache.notes()[0], HostCacheError::NotACache { .. }));
        }
    }
}

#[test]
fn a_file_that_is_too_large_is_ignored() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("hosts");
    fs::write(&path, b"JTHC").unwrap();
    let file = fs::File::options().write(true).open(&path).unwrap();
    file.set_len(1 << 33).unwrap();
    let notes = with_file(&path).notes();
    assert!(
        matches!(&notes[..], [HostCacheError::TooLarge { .. }]),
        "{notes:?}"
    );
}

#[test]
fn a_file_is_read_within_the_limit_and_the_most_recently_used_stay() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("hosts");
    let first = with_file(&path);
    for number in 0..1_000 {
        first.served(&host(number), &keys(number));
    }
    drop(first);
    let limited = HostCache::builder()
        .max_footprint(30_000)
        .file(&path)
        .build()
        .unwrap();
    assert!(limited.footprint() <= 30_000 && limited.len() > 100);
    assert_eq!(limited.hosts()[0].host, host(999));
}

#[test]
fn where_no_file_can_be_is_an_error_that_says_what_to_do() {
    let directory = tempfile::tempdir().unwrap();
    let error = |path: &Path| HostCache::builder().file(path).build().unwrap_err().to_string();
    let missing = error(&directory.path().join("missing/hosts"));
    assert!(missing.contains("missing: No such file"), "{missing}");
    assert!(missing.ends_with("create this directory for the host cache, or name another"));
    let in_place = error(directory.path());
    assert!(in_place.contains("expected a regular file"), "{in_place}");
}

#[test]
fn a_file_that_cannot_be_written_disturbs_nobody_and_is_said() {
    let directory = tempfile::tempdir().unwrap();
    let inner = directory.path().join("inner");
    fs::create_dir(&inner).unwrap();
    let cache = with_file(&inner.join("hosts"));
    cache.served("a.test", &[by_name(1)]);
    fs::remove_dir(&inner).unwrap();
    for _ in 0..2 {
        let error = cache.flush().unwrap_err();
        assert!(matches!(error, HostCacheError::Write { .. }));
        assert!(error.to_string().contains("inner/hosts: No such file"), "{error}");
        assert!(error.to_string().contains("in memory only"));
        assert_eq!(cache.notes().len(), 1);
    }
    assert_eq!(cache.get("a.test"), Some(vec![by_name(1)]));
    fs::create_dir(&inner).unwrap();
    cache.flush().unwrap();
    assert!(cache.notes().is_empty());
    assert_eq!(with_file(&inner.join("hosts")).len(), 1);
}

#[cfg(target_os = "linux")]
#[test]
fn a_link_in_the_place_of_the_file_is_replaced_and_not_followed() {
    let directory = tempfile::tempdir().unwrap();
    let (path, other) = (directory.path().join("hosts"), directory.path().join("other"));
    fs::write(&other, "precious").unwrap();
    std::os::unix::fs::symlink(&other, &path).unwrap();
    with_file(&path).served("a.test", &[by_name(1)]);
    assert_eq!(fs::read_to_string(&other).unwrap(), "precious");
    assert!(!path.is_symlink());
    assert_eq!(with_file(&path).len(), 1);
}

#[test]
fn of_two_caches_with_one_file_the_last_that_writes_wins_and_no_generation_is_lowered() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("hosts");
    let (first, second) = (with_file(&path), with_file(&path));
    first.served("a.test", &[by_name(1)]);
    first.saw_generation("both", 9);
    first.saw_generation("first", 1);
    second.served("b.test", &[by_name(2)]);
    second.saw_generation("both", 8);
    second.saw_generation("second", 2);
    first.flush().unwrap();
    second.flush().unwrap();
    let third = with_file(&path);
    assert_eq!(third.hosts()[0].host, "b.test");
    assert_eq!(third.len(), 1);
    let generations = ["both", "first", "second"].map(|store| third.newest_generation(store));
    assert_eq!(generations, [Some(9), Some(1), Some(2)]);
}

#[test]
fn of_two_caches_that_write_one_file_at_once_neither_fails_and_no_generation_is_lost() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("hosts");
    std::thread::scope(|scope| {
        for store in ["first", "second"] {
            let path = &path;
            scope.spawn(move || {
                let cache = with_file(path);
                for generation in 1..=20 {
                    cache.saw_generation(store, generation);
                    cache.flush().unwrap();
                }
            });
        }
    });
    let both = ["first", "second"].map(|store| with_file(&path).newest_generation(store));
    assert_eq!(both, [Some(20), Some(20)]);
}

#[cfg(unix)]
#[test]
fn a_file_that_others_may_write_to_is_ignored_and_said_and_replaced() {
    use std::os::unix::fs::PermissionsExt;

    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("hosts");
    let first = with_file(&path);
    first.served("a.test", &[by_name(1)]);
    first.saw_generation("store", 7);
    drop(first);
    for mode in [0o620, 0o602, 0o666] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let cache = with_file(&path);
        let notes = cache.notes();
        assert!(
            matches!(&notes[..], [HostCacheError::OthersMayWrite { .. }]),
            "{notes:?}"
        );
        assert_eq!(
            (cache.get("a.test"), cache.newest_generation("store")),
            (None, None)
        );
        cache.served("a.test", &[by_name(1)]);
        cache.saw_generation("store", 7);
        cache.flush().unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(with_file(&path).newest_generation("store"), Some(7));
    }
}

#[cfg(unix)]
#[test]
fn a_file_of_another_user_is_neither_used_nor_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("hosts");
    with_file(&path).served("a.test", &[by_name(1)]);
    let theirs = fs::read(&path).unwrap();
    let cache = with_file(&path);
    if std::os::unix::fs::chown(&path, Some(65534), None).is_err() {
        return eprintln!("skipped: this user cannot give files away");
    }
    cache.served("b.test", &[by_name(2)]);
    let built = HostCache::builder().file(&path).build().map(drop);
    for error in [built.unwrap_err(), cache.flush().unwrap_err()] {
        assert!(
            matches!(error, HostCacheError::Foreign { owner: 65534, .. }),
            "{error}"
        );
        assert!(
            error.to_string().contains("remove it, or name another file"),
            "{error}"
        );
    }
    assert_eq!(fs::read(&path).unwrap(), theirs);
}

#[test]
fn many_threads_use_a_cache_and_its_file_at_once() {
    fn shared<T: Send + Sync>(_: &T) {}

    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("hosts");
    let cache = HostCache::builder()
        .max_footprint(30_000)
        .file(&path)
        .build()
        .unwrap();
    shared(&cache);
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let (cache, path) = (&cache, &path);
            scope.spawn(move || {
                for number in 0..2_000 {
                    cache.served(&host(number * 4 + thread), &keys(number));
                    cache.get(&host(number));
                    cache.saw_generation("store", number);
                    if number % 100 == 0 {
                        cache.flush().unwrap();
                        assert!(with_file(path).notes().is_empty());
                    }
                }
            });
        }
    });
    assert_eq!(cache.newest_generation("store"), Some(1_999));
    cache.flush().unwrap();
    assert_eq!(with_file(&path).hosts().len(), cache.len());
}

#[cfg(target_os = "linux")]
#[test]
fn a_named_pipe_that_takes_the_files_place_holds_nobody_up() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("hosts");
    let cache = with_file(&path);
    cache.served("a.test", &[by_name(1)]);
    let made = std::process::Command::new("mkfifo").arg(&path).status().unwrap();
    assert!(made.success());
    assert!(matches!(cache.flush(), Err(HostCacheError::NotAFile { .. })));
}
