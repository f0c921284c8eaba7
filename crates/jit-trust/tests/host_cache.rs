//! The cache of hosts as its users see it: what it knows, how many bytes it takes, and its file.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use jit_trust_core::NameHash;
use std::fs;
use std::path::Path;

use jit_trust::{AnchorKey, FileError, HostCache, StateFileError, StateFileFault};

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

/// Whether something else than a file is in the place of the file.
#[cfg(target_os = "linux")]
fn is_no_file(error: &StateFileError) -> bool {
    let (StateFileFault::Read(cause) | StateFileFault::Write(cause)) = &error.fault else {
        return false;
    };
    matches!(&**cause, FileError::NotAFile { .. })
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
fn what_is_forgotten_is_gone() {
    let cache = in_memory();
    for number in 0..1000 {
        cache.served(&host(number), &[by_name(1)]);
    }
    cache.forget(&host(3));
    assert_eq!(cache.get(&host(3)), None);
    assert_eq!(cache.len(), 999);
    cache.clear();
    assert!(cache.is_empty());
    assert_eq!(cache.footprint(), 0);
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
    assert!(counted.bytes_current <= 1_000_000, "{counted:?}");
    assert!(counted.bytes_max <= 1_500_000, "{counted:?}");
    let summed: usize = hosts
        .iter()
        .map(|(host, keys)| host.len() + 32 * keys.len() + 80)
        .sum();
    assert_eq!(cache.footprint(), summed);
    assert!(
        hosts
            .iter()
            .all(|(host, keys)| cache.get(host).unwrap()[0] == keys[0])
    );
}

#[test]
fn the_limit_holds_at_every_moment_and_the_heap_takes_no_more_than_five_times_of_it() {
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
    for limit in [1, 100, 300, 700, 1_500, 5_000, 20_000, 100_000, 1_000_000] {
        let mut cache = None;
        let counted = allocation_counter::measure(|| {
            let filled = HostCache::builder().max_footprint(limit).build().unwrap();
            for (number, (host, keys)) in hosts.iter().enumerate() {
                filled.served(host, keys);
                assert!(filled.footprint() <= limit);
                match number % 1_000 {
                    500..600 => filled.forget(&hosts[number - 30].0),
                    998 if number == 15_998 => filled.clear(),
                    _ => {}
                }
            }
            cache = Some(filled);
        });
        let cache = cache.unwrap();
        println!("{limit}: {} {counted:?}", cache.footprint());
        // What a cache without hosts takes, and what a call does for a moment.
        assert!(
            counted.bytes_max <= 5 * limit as u64 + 1_000,
            "{limit}: {counted:?}"
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
    assert!(first.last_error().is_none());
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
    drop(first);

    let second = with_file(&path);
    assert!(second.last_error().is_none());
    assert_eq!(second.get("b.test").unwrap(), three[1..]);
    assert_eq!(second.get("a.test").unwrap(), three);
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
        let error = cache.last_error().unwrap();
        assert!(matches!(error.fault, StateFileFault::Damaged(_)), "{error:?}");
        assert!(
            error
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
fn a_file_that_is_not_a_host_cache_is_left_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("page.html");
    for bytes in [&b"<html>"[..], b"J", b"JTH", b"JTHX and more", &[b'x'; 9 << 20]] {
        fs::write(&path, bytes).unwrap();
        let cache = with_file(&path);
        cache.served("a.test", &[by_name(1)]);
        let is_cut = b"JTHC".starts_with(bytes);
        assert_eq!(cache.flush().is_ok(), is_cut, "{:?}", cache.last_error());
        assert_eq!(fs::read(&path).unwrap() == bytes, !is_cut);
        if !is_cut {
            assert!(matches!(
                cache.last_error().unwrap().fault,
                StateFileFault::NotOurs
            ));
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
    let error = with_file(&path).last_error().unwrap();
    assert!(
        matches!(error.fault, StateFileFault::Damaged("a shorter file")),
        "{error:?}"
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
    assert!(
        missing.contains("/missing: cannot create a file in it: No such file"),
        "{missing}"
    );
    assert!(missing.ends_with("create this directory for the host cache, or name another"));
    let in_place = error(directory.path());
    assert!(in_place.contains("a directory: expected a file"), "{in_place}");
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
        assert!(matches!(error.fault, StateFileFault::Write(_)));
        assert!(error.to_string().contains("No such file"), "{error}");
        assert!(error.to_string().contains("in memory only"));
        assert!(cache.last_error().is_some());
    }
    assert_eq!(cache.get("a.test"), Some(vec![by_name(1)]));
    fs::create_dir(&inner).unwrap();
    cache.flush().unwrap();
    assert!(cache.last_error().is_none());
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
fn of_two_caches_with_one_file_the_last_that_writes_wins() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("hosts");
    let (first, second) = (with_file(&path), with_file(&path));
    first.served("a.test", &[by_name(1)]);
    second.served("b.test", &[by_name(2)]);
    first.flush().unwrap();
    second.flush().unwrap();
    let third = with_file(&path);
    assert_eq!(third.hosts()[0].host, "b.test");
    assert_eq!(third.len(), 1);
}

#[test]
fn of_two_caches_that_write_one_file_at_once_neither_fails() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("hosts");
    std::thread::scope(|scope| {
        for name in ["first", "second"] {
            let path = &path;
            scope.spawn(move || {
                let cache = with_file(path);
                for number in 1..=20 {
                    cache.served(&format!("{number}.{name}.test"), &[by_name(number)]);
                    cache.flush().unwrap();
                }
            });
        }
    });
    assert_eq!(with_file(&path).len(), 20);
}

#[cfg(unix)]
#[test]
fn a_file_that_others_may_write_to_is_ignored_and_said_and_replaced() {
    use std::os::unix::fs::PermissionsExt;

    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("hosts");
    let first = with_file(&path);
    first.served("a.test", &[by_name(1)]);
    drop(first);
    for mode in [0o620, 0o602, 0o666] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let cache = with_file(&path);
        let error = cache.last_error().unwrap();
        assert!(matches!(error.fault, StateFileFault::OthersMayWrite), "{error:?}");
        assert_eq!(cache.get("a.test"), None);
        cache.served("a.test", &[by_name(1)]);
        cache.flush().unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(with_file(&path).get("a.test"), Some(vec![by_name(1)]));
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
        let (StateFileFault::Read(cause) | StateFileFault::Write(cause)) = &error.fault else {
            panic!("{error}");
        };
        assert!(
            matches!(&**cause, FileError::Foreign { owner: 65534, .. }),
            "{error}"
        );
        assert!(
            error.to_string().contains("remove it, or name a file in"),
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
                    if number % 100 == 0 {
                        cache.flush().unwrap();
                        assert!(with_file(path).last_error().is_none());
                    }
                }
            });
        }
    });
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
    let error = cache.flush().unwrap_err();
    assert!(is_no_file(&error), "{error:?}");
}
