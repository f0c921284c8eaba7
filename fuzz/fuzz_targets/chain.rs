//! Whatever a peer sends becomes a path, and every issuer is asked for, once.
#![no_main]

use std::collections::HashSet;

use jit_trust_core::{Certificate, MAX_CERTIFICATES, PeerChain, Query};
use jit_trust_fuzz::{mutation, pieces};
use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};

fuzz_target!(|bytes: &[u8]| {
    let sent = pieces::split(bytes);
    let first_is_readable = sent
        .first()
        .is_some_and(|first| Certificate::from_der(first).is_ok());
    let chain = PeerChain::read(sent.iter().copied());
    assert_eq!(chain.is_ok(), first_is_readable && sent.len() <= MAX_CERTIFICATES);
    let Ok(chain) = chain else {
        return;
    };
    let readable: Vec<_> = sent
        .iter()
        .filter_map(|der| Certificate::from_der(der).ok())
        .collect();
    assert!(chain.certificates().eq(&readable));
    assert_eq!(chain.skipped(), sent.len() - readable.len());
    check_path(&chain);
    check_issuers(&chain);
    check_queries(&chain);
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let mut sent: Vec<Vec<u8>> = pieces::split(&data[..size])
        .into_iter()
        .map(<[u8]>::to_vec)
        .collect();
    if sent.is_empty() || seed & 3 == 0 {
        return fuzzer_mutate(data, size, max_size);
    }
    let at = (seed >> 8) as usize % sent.len();
    let other = (seed >> 16) as usize % sent.len();
    match seed >> 2 & 7 {
        0 => sent.swap(at, other),
        1 => sent.insert(other, sent[at].clone()),
        2 => drop(sent.remove(at)),
        _ => sent[at] = mutation::der::mutate(&sent[at], seed >> 5, fuzzer_mutate),
    }
    let mutated = pieces::join(&sent);
    mutation::put(&mutated, data, max_size)
});

/// From the first certificate up, each the issuer of the one before by name, and none twice.
fn check_path(chain: &PeerChain<'_>) {
    let path: Vec<_> = chain.path().collect();
    assert_eq!(path.first(), chain.certificates().next().as_ref());
    for pair in path.windows(2) {
        assert_eq!(pair[0].issuer(), pair[1].subject());
    }
    // One that was sent twice has two places, so places are what is compared.
    let places: HashSet<_> = path
        .iter()
        .map(|certificate| std::ptr::from_ref(*certificate))
        .collect();
    assert_eq!(places.len(), path.len());
    assert!(path.len() <= MAX_CERTIFICATES);
}

/// Each issuer once, none left out, none invented; that of the path's end first.
fn check_issuers(chain: &PeerChain<'_>) {
    let issuers: Vec<_> = chain.issuers().collect();
    let each: HashSet<_> = issuers.iter().copied().collect();
    assert_eq!(each.len(), issuers.len());
    assert_eq!(each, chain.certificates().map(Certificate::issuer).collect());
    assert_eq!(
        issuers.first().copied(),
        chain.path().last().map(Certificate::issuer)
    );
    assert!(issuers.iter().all(|issuer| chain.is_issued_by(*issuer)));
}

/// The names come first and are complete; no query asks for a name that is nobody's but a sent root's own.
fn check_queries(chain: &PeerChain<'_>) {
    let queries: Vec<_> = chain.queries().collect();
    let names = queries.iter().map_while(|query| match query {
        Query::Subject(name) => Some(*name),
        _ => None,
    });
    assert!(names.eq(chain.issuers()));
    for query in queries {
        assert!(chain.is_issued_by(query.subject()));
        let path = query.webroot_path();
        let (directory, file) = (path.directory(), path.to_string());
        let file = file
            .strip_prefix(directory)
            .and_then(|file| file.strip_prefix('/'));
        let file = file.expect("a file in the directory");
        assert_eq!(
            path.fits_a_file_name(),
            file.trim_end_matches(".tblb").len() <= 255
        );
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-".contains(&byte);
        assert!(file.bytes().all(is_plain) && !file.contains(".."));
    }
}
